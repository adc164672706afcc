// SharedFragments: puts oversized images together from pieces that arrive in different processes, in any
// order, repeatedly. Decision 0018 says why it is right.
//
// Every piece is an object of its own, written before anybody looks; whoever looks last therefore sees all of
// them and finishes the image, and two that both see all of them land it twice, which is harmless. A finished
// chunk is remembered by an object of its own before its pieces go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "assemble/assembler.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/result.h"
#include "change/batch.h"
#include "change/change.h"
#include "decode/decoder.h"
#include "lambda/object_store.h"

namespace sluice::lambda {

using DecodedPiece = std::variant<change::Fragment, change::ChunkedHead>;

// What one piece has come to. Unless it Waits or is a Repeat nothing is settled before finish().
struct PieceOutcome {
  assemble::Fate fate = assemble::Fate::Waits;
  std::optional<assemble::AssembledImage> image;       // to be landed
  std::vector<change::QuarantinedRecord> quarantined;  // to be put into quarantine
  std::vector<change::FinishedChunk> finished;         // to be remembered then
  std::vector<std::string> to_remove;                  // keys, last of all
  std::vector<change::Piece> pieces;                   // everything that was read to get there
  std::vector<change::FinishedChunk> ended_before;     // of expire(): chunks of them that had ended
  bool is_expired = false;                             // expire() made it
};

// Chunks of which something has waited for long, as a list tells.
struct OldChunks {
  std::vector<std::string> places;
  std::string next;  // where to look on; empty: that was the end
};

// Threads: one owner. What it is given outlives it.
class SharedFragments {
 public:
  SharedFragments(ObjectStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Makes the piece durable in the store, or finds that it is a repeat, or that everything it belongs to is
  // there now. What the outcome points to is in `arena`. Errors: the store's; the piece is then nothing that
  // anybody may confirm, and take() may be called with it again, here or elsewhere.
  Result<PieceOutcome> take(const change::RawRecord& record, const DecodedPiece& piece, Arena& arena);
  // Anywhere in the lists of find_old(), as `seed` decides.
  static std::string place_in_list(uint64_t seed);
  // Looks through one list, from `from` on, for chunks with a piece that is there since before `before_ms`.
  Result<OldChunks> find_old(const std::string& from, int64_t before_ms);
  // Ends the chunk at such a place, and those that belong to it: what is incomplete goes into quarantine with
  // everything that arrived, what turns out to be whole is an image to be landed, what was left behind by a
  // chunk that had ended goes. Waits when somebody else has ended it, or is about to. Errors: as take().
  Result<PieceOutcome> expire(const std::string& place, int64_t before_ms, Arena& arena);
  // A chunk that ended in quarantine may be put together anew, by pieces that come from there.
  Result<void> forget(const DecodedPiece& piece);
  // The image of `outcome` turned out to be no row: all its pieces go into quarantine with this reason.
  Result<PieceOutcome> reject(const PieceOutcome& outcome, const Error& why, Arena& arena);
  // What the outcome has is durable now: remembers the chunks and removes their pieces. Until this succeeds
  // the piece is not to be confirmed.
  Result<void> finish(const PieceOutcome& outcome);

 private:
  struct Found;
  struct Look;

  Result<std::vector<change::FinishedChunk>> ended(const std::vector<std::string>& hashes);
  Result<PieceOutcome> take_ended(const change::RawRecord& record, const DecodedPiece& piece,
                                  const std::vector<change::FinishedChunk>& ended, Arena& arena);
  Result<std::vector<std::string>> left_behind(const std::vector<change::FinishedChunk>& ended, Arena& arena);
  Result<Look> look(std::vector<std::string> to_list);
  Result<std::optional<std::vector<change::Piece>>> load(const Look& look, Arena& arena);
  static std::vector<std::string> removable(const Look& look, const PieceOutcome& outcome);
  Result<PieceOutcome> replay(std::vector<change::Piece> pieces, const Error* rejected, Arena& arena);
  Result<PieceOutcome> replay_expired(std::vector<change::Piece> pieces,
                                      std::vector<change::FinishedChunk> ended, const Error* rejected,
                                      Arena& arena);
  Result<void> give(assemble::Assembler& assembler, std::vector<change::Piece>& pieces, const Error* rejected,
                    PieceOutcome& whole, Arena& arena);
  static void take(assemble::Outcome came, PieceOutcome& whole, Arena& arena);
  Result<DecodedPiece> read(std::string_view bytes, Arena& arena);

  ObjectStore& store_;
  const Clock& clock_;
  decode::Decoder decoder_;
};

// A finished chunk as its object has it, and back; Malformed for what is none. For tests and the fuzzer.
std::string finished_text(const change::FinishedChunk& chunk);
Result<change::FinishedChunk> parse_finished(std::string_view text);

}  // namespace sluice::lambda
