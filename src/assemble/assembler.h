// Assembler: fragments and heads in, whole images out; bounded, crc-checked, and the same in any order.
//
// It never touches the world: what must be durable leaves in an Outcome, and pieces that no longer fit into
// memory are read back through FragmentStore. What it answers is only true once the batch that carries the
// Outcome is durable. Threads: one owner.
//
// The rules. A fragment is known by (chunk_id, index, crc32c of its data); the same again is a repeat.
// Differing fragments of one index are kept side by side, at most kMaxAlternatives, and the head's crc32c
// decides which was right; so does it between differing heads. What does not fit is quarantined when its
// image ends, not when it arrives, so the order of arrival does not matter. A head may await two images; both
// must be whole. A chunk that ended (landed or quarantined) is remembered: its pieces, delivered again, are
// repeats, and differing ones are quarantined beside the first.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "change/batch.h"
#include "change/change.h"

namespace sluice::assemble {

// The reason of the error when a piece that should be stored is not there. In a store that other writers
// share it means that one of them has ended the chunk; elsewhere the store was damaged.
inline constexpr std::string_view kPieceGone = "piece-gone";

// The durable home of waiting pieces; the pipeline adapts the sink's.
class FragmentStore {
 public:
  virtual ~FragmentStore() = default;
  // Every stored piece of one chunk with its bytes, in `arena`. Only what is durable.
  virtual Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) = 0;
};

// Reads the bytes of a piece again. `bytes` is followed by kReadableSlack readable bytes and lives as long as
// `arena`. The position of what it gives is ignored.
using DecodePiece = std::function<Result<std::variant<change::Fragment, change::ChunkedHead>>(
    std::string_view bytes, Arena& arena)>;

struct AssemblerOptions {
  // Bytes of waiting pieces kept in memory once they are durable. Pieces of batches that are not durable yet
  // come on top: they are nowhere else.
  uint64_t max_memory_bytes = uint64_t{64} << 20;
  // A longer image is quarantined as image-too-large.
  uint64_t max_image_bytes = uint64_t{256} << 20;
  // More waiting pieces than this is an error (Refused), never a drop. About 300 bytes of memory each.
  uint64_t max_waiting_pieces = 200'000;
  // Ended chunks remembered; past it the oldest are forgotten. About 100 bytes of memory each.
  uint64_t max_ended_chunks = change::kMostEndedChunks;
  // How long a chunk may wait for the rest of it: a week of source buffering plus a day.
  int64_t incomplete_after_ns = int64_t{8} * 86'400 * 1'000'000'000;
  // How long a chunk that has every piece but the wrong crc32c waits for a better piece. 0: it is quarantined
  // at once, and a right piece that comes later joins it there. With time, the outcome is the same in any
  // order.
  int64_t mismatch_after_ns = 0;
};

// A whole image with what its head says. `json` is in the arena given to add(), with kReadableSlack; it is
// the deciding image and not yet known to be valid JSON unless it came inline.
struct AssembledImage {
  change::Position position;  // of the head; the row's
  change::Origin origin;
  std::string_view json;
  bool has_image = true;  // false: a delete of a table without a key
};

// What became of the piece given to add().
enum class Fate : uint8_t {
  Waits,        // put `waiting_piece` into Batch::pieces_added
  Repeat,       // the same is there already
  Landed,       // it completed `image`
  Quarantined,  // it is in `quarantined`, perhaps with others
};

// What one call changed. Everything goes into the same batch. Views point into the arena given to the call,
// but the `bytes` of `made_from` and `quarantined` are only valid until the next call, and those of
// `waiting_piece` are the caller's own.
struct Outcome {
  Fate fate = Fate::Waits;
  std::optional<change::Piece> waiting_piece;
  std::optional<AssembledImage> image;
  // With `image`: every piece that it was put together from, for a destination that refuses the row. Without
  // reason and message.
  std::vector<change::QuarantinedRecord> made_from;
  std::vector<change::QuarantinedRecord> quarantined;
  // Their pieces leave the store, those added by this very batch included.
  std::vector<std::string> chunks_removed;
  // Every stored piece that ended here, those of `chunks_removed` included.
  std::vector<change::RemovedPiece> pieces_removed;
  std::vector<change::FinishedChunk> chunks_finished;  // replaces what is stored of the same chunk_id
  // What to add to Batch::books: everything but `read` and `bytes`. Pieces that waited before and ended now
  // count -1 in `waiting`. An image counts as one row and its pieces as landed.
  std::map<std::string, change::Books, std::less<>> books;
  bool more = false;  // of expire() and settle_stored(): there is more, call again
};

// What waits, for people.
struct WaitingChunk {
  std::string chunk_id;
  uint32_t fragments = 0;     // different indexes present
  uint32_t total = 0;         // as the head says, 0 while there is no head
  bool crc_mismatch = false;  // whole, but the crc32c is wrong; waits for mismatch_after_ns
  int64_t first_seen_ns = 0;
};
struct Waiting {
  uint64_t pieces = 0;
  uint64_t bytes = 0;                // as delivered
  uint64_t memory_bytes = 0;         // of them, held in memory
  int64_t oldest_ns = 0;             // first_seen of the oldest, 0 when none waits
  std::vector<WaitingChunk> chunks;  // the oldest ones, as many as asked for
};

// At most so many differing fragments per index and differing heads per chunk wait for the crc32c to decide;
// one more is quarantined at once. At most kMaxCombinations of them are tried.
inline constexpr size_t kMaxAlternatives = 4;
inline constexpr size_t kMaxCombinations = 16;

class Assembler {
 public:
  // Continues where an earlier run left off: `index` are the store's waiting pieces (without bytes), `ended`
  // what add() gave in chunks_finished. Chunks that have a head are read back here, others when a piece of
  // them comes. `store` must outlive the assembler. Errors: the store's; Refused when a stored piece cannot
  // be read again.
  static Result<std::unique_ptr<Assembler>> open(const AssemblerOptions& options, FragmentStore& store,
                                                 DecodePiece decode, const std::vector<change::Piece>& index,
                                                 const std::vector<change::FinishedChunk>& ended);
  ~Assembler();

  // Takes one piece; `bytes` is its record as delivered. Malformed pieces are not errors but quarantined.
  // Errors: the store's, and Refused past max_waiting_pieces; the piece is then not taken and add() may be
  // called again with it.
  Result<Outcome> add(const change::Fragment& fragment, std::string_view bytes, int64_t now_ns, Arena& arena);
  Result<Outcome> add(const change::ChunkedHead& head, std::string_view bytes, int64_t now_ns, Arena& arena);

  // Instead of the Outcome that add() just gave: its image turned out to be no row (not JSON, no key ...).
  // All its pieces are quarantined with this reason and message. Only right after an add() that gave an
  // image, with the same arena.
  Outcome reject(const Error& why, Arena& arena);

  // Quarantines what has waited too long: incomplete-chunk, or crc-mismatch past mismatch_after_ns. Gives at
  // most about max_image_bytes at a time; call again while `more`. Cheap when nothing is due. Errors: the
  // store's; nothing is lost, call again later.
  Result<Outcome> expire(int64_t now_ns, Arena& arena);

  // Ends one of the chunks that were whole in the store when this was opened: whoever stored the last piece
  // was stopped before it could. Call after open() while `more`; errors as of expire().
  Result<Outcome> settle_stored(int64_t now_ns, Arena& arena);

  // For a store that several writers share. found() takes a piece that another writer has stored, as add()
  // would, except that the books count it as waiting already and the store has it. drop_ended() forgets what
  // waits of a chunk that another writer has ended; none of it is in the store any more.
  Result<Outcome> found(const change::Fragment& fragment, std::string_view bytes, int64_t first_seen_ns,
                        Arena& arena);
  Result<Outcome> found(const change::ChunkedHead& head, std::string_view bytes, int64_t first_seen_ns,
                        Arena& arena);
  void drop_ended(const change::FinishedChunk& chunk);

  // Says that the batch with everything given out since the last seal() is complete; its number.
  uint64_t seal();
  // Every batch up to this number is durable: its pieces may leave memory.
  void committed(uint64_t batch);

  // Forgets that the chunk ended, so that its pieces are assembled anew: for `quarantine retry`.
  void forget(std::string_view chunk_id);

  Waiting waiting(size_t max_chunks) const;

 private:
  class State;
  explicit Assembler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::assemble
