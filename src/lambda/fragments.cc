#include "lambda/fragments.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "aws/json_object.h"
#include "base/text.h"

namespace sluice::lambda {
namespace {

using assemble::Fate;
using change::ChunkedHead;
using change::FinishedChunk;
using change::Fragment;
using change::Piece;

// All that is read to put one image together. Beyond it the image is longer than what can be assembled.
constexpr uint64_t kMaxLoadBytes = uint64_t{256} << 20;
constexpr int64_t kForEverNs = INT64_MAX / 4;
constexpr std::string_view kNoOther = "-";
constexpr std::string_view kPieces = "pieces/";

// Chunk ids come from outside; what stands in a key is a fixed alphabet.
std::string hash_of(std::string_view chunk_id) { return sha256_hex(chunk_id).substr(0, 40); }
std::string done_key(const std::string& hash) { return "done/" + hash; }
std::string pieces_prefix(const std::string& hash) { return fmt::format("{}{}/", kPieces, hash); }

assemble::AssemblerOptions assembler_options() {
  assemble::AssemblerOptions options;
  options.max_image_bytes = kMaxLoadBytes;
  return options;
}

// Of the chunks that it belongs to.
std::vector<std::string> hashes_of(const DecodedPiece& piece) {
  if (const auto* fragment = std::get_if<Fragment>(&piece)) return {hash_of(fragment->chunk_id)};
  std::vector<std::string> hashes;
  for (const change::ChunkedImage& image : std::get<ChunkedHead>(piece).awaited)
    hashes.push_back(hash_of(image.chunk_id));
  return hashes;
}

// "shop-cdc/shardId-000000000003" without the slash, which some services take for a folder.
std::string place_of(const change::Position& position) {
  std::string shard(position.shard);
  std::replace(shard.begin(), shard.end(), '/', '~');
  return fmt::format("{}.{}", position.sequence, shard);
}

// pieces/HASH/f.INDEX.SEQUENCE.SHARD and pieces/HASH/h.TOTAL.OTHER-HASH.SEQUENCE.SHARD: all that is needed to
// know from a list alone whether a chunk is whole. A head stands under each chunk that it awaits.
std::vector<std::string> keys_of(const change::Position& position, const DecodedPiece& piece) {
  if (const auto* fragment = std::get_if<Fragment>(&piece))
    return {fmt::format("{}f.{:08}.{}", pieces_prefix(hash_of(fragment->chunk_id)), fragment->index,
                        place_of(position))};
  const auto& awaited = std::get<ChunkedHead>(piece).awaited;
  std::vector<std::string> keys;
  for (size_t i = 0; i < awaited.size(); ++i) {
    const std::string other = awaited.size() == 2 ? hash_of(awaited[1 - i].chunk_id) : std::string(kNoOther);
    keys.push_back(fmt::format("{}h.{:08}.{}.{}", pieces_prefix(hash_of(awaited[i].chunk_id)),
                               awaited[i].total_fragments, other, place_of(position)));
  }
  return keys;
}

// What is before the next dot, which goes with it.
std::string_view take_word(std::string_view& text) {
  const size_t dot = std::min(text.find('.'), text.size());
  const std::string_view word = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return word;
}

bool is_whole_head(const ChunkedHead& head) {
  return (head.awaited.size() == 1 ||
          (head.awaited.size() == 2 && head.awaited[0].chunk_id != head.awaited[1].chunk_id)) &&
         std::ranges::all_of(head.awaited, [](const change::ChunkedImage& image) {
           return !image.chunk_id.empty() && image.total_fragments > 0 &&
                  image.total_fragments <= change::kMaxFragments;
         });
}

bool is_quarantined(const PieceOutcome& outcome, std::string_view shard, std::string_view sequence) {
  return std::ranges::any_of(outcome.quarantined, [&](const change::QuarantinedRecord& kept) {
    return kept.position.sequence == sequence && kept.position.shard == shard;
  });
}

// Nothing is ever stored behind an assembler that lives for one look.
class NoStore final : public assemble::FragmentStore {
 public:
  Result<std::vector<Piece>> stored_pieces(const std::string&, Arena&) override {
    return std::vector<Piece>();
  }
};

Error bad_marker() { return malformed("bad-marker", "it is no finished chunk as this version writes it"); }

}  // namespace

// One object under pieces/, as its key tells.
struct SharedFragments::Found {
  std::string key;
  std::string hash;
  bool is_head = false;
  uint32_t number = 0;  // a fragment's index, a head's total
  std::string other;    // of a head: the other chunk's hash, or kNoOther
  std::string sequence;
  std::string shard;
  uint64_t bytes = 0;
  int64_t modified_ms = 0;

  static std::optional<Found> parse(const std::string& hash, const aws::S3Object& object) {
    Found found;
    found.key = object.key;
    found.hash = hash;
    found.bytes = object.bytes;
    found.modified_ms = object.modified_ms;
    std::string_view rest = std::string_view(object.key).substr(pieces_prefix(hash).size());
    const std::string_view kind = take_word(rest);
    found.is_head = kind == "h";
    const auto number = parse_uint64(std::string(take_word(rest)));
    if (found.is_head) found.other = take_word(rest);
    found.sequence = take_word(rest);
    found.shard = rest;
    std::replace(found.shard.begin(), found.shard.end(), '~', '/');
    if ((kind != "h" && kind != "f") || !number || *number > change::kMaxFragments || found.shard.empty())
      return std::nullopt;
    found.number = static_cast<uint32_t>(*number);
    return found;
  }
};

// What is stored of the chunks that belong together.
struct SharedFragments::Look {
  std::map<std::string, std::vector<Found>> chunks;  // by hash

  bool is_whole(const std::string& hash, uint32_t total) const {
    std::set<uint32_t> indexes;
    for (const Found& found : chunks.at(hash))
      if (!found.is_head && found.number < total) indexes.insert(found.number);
    return indexes.size() == total;
  }
  // The other chunk of a head, as the head's copy there tells.
  bool is_other_whole(const Found& head) const {
    if (head.other == kNoOther) return true;
    return std::ranges::any_of(chunks.at(head.other), [&](const Found& copy) {
      return copy.is_head && copy.other == head.hash && copy.sequence == head.sequence &&
             copy.shard == head.shard && is_whole(head.other, copy.number);
    });
  }
  bool has_image() const {
    for (const auto& [hash, pieces] : chunks)
      for (const Found& found : pieces)
        if (found.is_head && is_whole(hash, found.number) && is_other_whole(found)) return true;
    return false;
  }
};

Result<DecodedPiece> SharedFragments::read(std::string_view bytes, Arena& arena) {
  decode::Decoded decoded;
  TRY(decoder_.decode({{}, bytes}, arena, decoded));
  if (const auto* fragment = std::get_if<Fragment>(&decoded)) return DecodedPiece(*fragment);
  if (auto* head = std::get_if<ChunkedHead>(&decoded)) return DecodedPiece(std::move(*head));
  return malformed("not-a-piece", "a stored fragment is no fragment");
}

Result<std::vector<FinishedChunk>> SharedFragments::ended(const std::vector<std::string>& hashes) {
  std::vector<FinishedChunk> found;
  for (const std::string& hash : hashes) {
    const std::optional<std::string> text = TRY(store_.get(done_key(hash)));
    if (!text) continue;
    Result<FinishedChunk> chunk = parse_finished(*text);
    if (!chunk.ok())
      return refused(
          fmt::format("the object {} in the fragments' place is damaged: {}. Remove it: the chunk "
                      "is then put together anew.",
                      done_key(hash), chunk.error().message));
    found.push_back(std::move(chunk).value());
  }
  return found;
}

Result<PieceOutcome> SharedFragments::take_ended(const change::RawRecord& record, const DecodedPiece& piece,
                                                 const std::vector<FinishedChunk>& ended, Arena& arena) {
  NoStore nothing;
  const auto decode = [this](std::string_view bytes, Arena& into) { return read(bytes, into); };
  const auto assembler = TRY(assemble::Assembler::open({}, nothing, decode, {}, ended));
  const auto* fragment = std::get_if<Fragment>(&piece);
  assemble::Outcome came =
      TRY(fragment != nullptr
              ? assembler->add(*fragment, record.bytes, clock_.wall_ns(), arena)
              : assembler->add(std::get<ChunkedHead>(piece), record.bytes, clock_.wall_ns(), arena));
  PieceOutcome outcome;
  outcome.fate = came.fate;
  outcome.finished = std::move(came.chunks_finished);
  outcome.quarantined = std::move(came.quarantined);
  for (change::QuarantinedRecord& kept : outcome.quarantined) kept.bytes = record.bytes;
  outcome.to_remove = keys_of(record.position, piece);
  if (outcome.fate != Fate::Repeat) return outcome;
  for (std::string& key : TRY(left_behind(ended, arena))) outcome.to_remove.push_back(std::move(key));
  TRY(finish(outcome));
  return outcome;
}

// Whoever was stopped between remembering the chunks and removing their pieces has left these behind. Only
// what the chunks ended with is meant: another piece may have come too late to be seen, and waits to be
// expired.
Result<std::vector<std::string>> SharedFragments::left_behind(const std::vector<FinishedChunk>& ended,
                                                              Arena& arena) {
  std::vector<std::string> hashes;
  for (const FinishedChunk& chunk : ended) hashes.push_back(hash_of(chunk.chunk_id));
  const Look seen = TRY(look(hashes));
  std::optional<std::vector<Piece>> loaded = TRY(load(seen, arena));
  std::vector<std::string> keys;
  if (!loaded || loaded->empty()) return keys;
  NoStore nothing;
  const auto decode = [this](std::string_view bytes, Arena& into) { return read(bytes, into); };
  const auto assembler = TRY(assemble::Assembler::open(assembler_options(), nothing, decode, {}, ended));
  PieceOutcome again;
  TRY(give(*assembler, *loaded, nullptr, again, arena));
  for (const std::string& hash : hashes)
    for (const Found& found : seen.chunks.at(hash))
      if (!is_quarantined(again, found.shard, found.sequence)) keys.push_back(found.key);
  return keys;
}

Result<SharedFragments::Look> SharedFragments::look(std::vector<std::string> to_list) {
  // A head names one other chunk; more than this is no work of the source.
  constexpr size_t kMaxChunks = 16;
  Look look;
  for (size_t i = 0; i < to_list.size(); ++i) {
    const std::string hash = to_list[i];
    std::vector<Found>& pieces = look.chunks[hash];
    for (const aws::S3Object& object : TRY(store_.list(pieces_prefix(hash)))) {
      std::optional<Found> found = Found::parse(hash, object);
      if (!found) continue;
      const bool is_new = found->is_head && found->other != kNoOther &&
                          std::ranges::find(to_list, found->other) == to_list.end();
      if (is_new) {
        if (to_list.size() == kMaxChunks)
          return refused("heads of more chunks than belong together stand in the fragments' place");
        to_list.push_back(found->other);
      }
      pieces.push_back(*std::move(found));
    }
  }
  return look;
}

// Nothing when one of them is gone: somebody has finished the chunk.
Result<std::optional<std::vector<Piece>>> SharedFragments::load(const Look& look, Arena& arena) {
  std::vector<Piece> pieces;
  std::set<std::pair<std::string, std::string>> heads;
  uint64_t bytes = 0;
  for (const auto& [hash, found_there] : look.chunks) {
    for (const Found& found : found_there) {
      // A head's copy under its other chunk is the same head.
      if (found.is_head && !heads.emplace(found.shard, found.sequence).second) continue;
      bytes += found.bytes;
      if (bytes > kMaxLoadBytes)
        return refused(
            fmt::format("an oversized record's pieces are more than {}, which is not put together "
                        "in a function",
                        human_bytes(kMaxLoadBytes)));
      const std::optional<std::string> body = TRY(store_.get(found.key));
      if (!body) return std::optional<std::vector<Piece>>();
      Piece piece;
      piece.position = {arena.copy(found.shard), arena.copy(found.sequence)};
      piece.is_head = found.is_head;
      piece.index = found.is_head ? 0 : found.number;
      piece.bytes = arena.copy(*body);
      piece.first_seen_ns = found.modified_ms * 1'000'000;
      pieces.push_back(std::move(piece));
    }
  }
  return std::optional(std::move(pieces));
}

Result<PieceOutcome> SharedFragments::replay(std::vector<Piece> pieces, const Error* rejected, Arena& arena) {
  NoStore nothing;
  const auto decode = [this](std::string_view bytes, Arena& into) { return read(bytes, into); };
  const auto assembler = TRY(assemble::Assembler::open(assembler_options(), nothing, decode, {}, {}));
  PieceOutcome whole;
  TRY(give(*assembler, pieces, rejected, whole, arena));
  whole.fate = whole.image ? Fate::Landed : whole.quarantined.empty() ? Fate::Waits : Fate::Quarantined;
  whole.pieces = std::move(pieces);
  return whole;
}

// As replay(), and then the time is over.
Result<PieceOutcome> SharedFragments::replay_expired(std::vector<Piece> pieces,
                                                     std::vector<FinishedChunk> ended, const Error* rejected,
                                                     Arena& arena) {
  NoStore nothing;
  const auto decode = [this](std::string_view bytes, Arena& into) { return read(bytes, into); };
  assemble::AssemblerOptions options = assembler_options();
  options.incomplete_after_ns = -kForEverNs;
  const auto assembler = TRY(assemble::Assembler::open(options, nothing, decode, {}, ended));
  PieceOutcome whole;
  TRY(give(*assembler, pieces, rejected, whole, arena));
  for (bool more = true; more;) {
    assemble::Outcome came = TRY(assembler->expire(clock_.wall_ns(), arena));
    more = came.more;
    take(std::move(came), whole, arena);
  }
  whole.fate = whole.image ? Fate::Landed : whole.quarantined.empty() ? Fate::Repeat : Fate::Quarantined;
  whole.pieces = std::move(pieces);
  whole.ended_before = std::move(ended);
  whole.is_expired = true;
  return whole;
}

void SharedFragments::take(assemble::Outcome came, PieceOutcome& whole, Arena& arena) {
  for (change::QuarantinedRecord& kept : came.quarantined) {
    kept.bytes = arena.copy(kept.bytes);
    whole.quarantined.push_back(std::move(kept));
  }
  std::ranges::move(came.chunks_finished, std::back_inserter(whole.finished));
}

// The fragments first, so that a head finds every alternative and the order of arrival plays no part.
Result<void> SharedFragments::give(assemble::Assembler& assembler, std::vector<Piece>& pieces,
                                   const Error* rejected, PieceOutcome& whole, Arena& arena) {
  std::ranges::stable_sort(pieces, {}, &Piece::is_head);
  for (const Piece& piece : pieces) {
    DecodedPiece decoded = TRY(read(piece.bytes, arena));
    std::visit([&piece](auto& one) { one.position = piece.position; }, decoded);
    const auto* fragment = std::get_if<Fragment>(&decoded);
    assemble::Outcome came =
        TRY(fragment != nullptr
                ? assembler.add(*fragment, piece.bytes, piece.first_seen_ns, arena)
                : assembler.add(std::get<ChunkedHead>(decoded), piece.bytes, piece.first_seen_ns, arena));
    if (came.image && rejected != nullptr) came = assembler.reject(*rejected, arena);
    if (came.image) whole.image = came.image;
    take(std::move(came), whole, arena);
  }
  return {};
}

// The objects of chunks that ended, and of pieces that ended alone.
std::vector<std::string> SharedFragments::removable(const Look& look, const PieceOutcome& outcome) {
  std::set<std::string> ended;
  for (const FinishedChunk& chunk : outcome.finished) ended.insert(hash_of(chunk.chunk_id));
  for (const FinishedChunk& chunk : outcome.ended_before) ended.insert(hash_of(chunk.chunk_id));
  std::vector<std::string> keys;
  for (const auto& [hash, pieces] : look.chunks)
    for (const Found& found : pieces)
      if (ended.contains(hash) || is_quarantined(outcome, found.shard, found.sequence))
        keys.push_back(found.key);
  return keys;
}

Result<PieceOutcome> SharedFragments::take(const change::RawRecord& record, const DecodedPiece& piece,
                                           Arena& arena) {
  if (const auto* head = std::get_if<ChunkedHead>(&piece); head != nullptr && !is_whole_head(*head)) {
    Piece alone;
    alone.position = record.position;
    alone.is_head = true;
    alone.bytes = record.bytes;
    alone.first_seen_ns = clock_.wall_ns();
    return replay({alone}, nullptr, arena);
  }
  const std::vector<std::string> hashes = hashes_of(piece);
  std::vector<FinishedChunk> ended_before = TRY(ended(hashes));
  if (ended_before.size() == hashes.size()) return take_ended(record, piece, ended_before, arena);
  for (const std::string& key : keys_of(record.position, piece))
    TRY(store_.put(key, std::string(record.bytes)));
  // From here on everybody who looks sees this piece.
  const Look seen = TRY(look(hashes));
  const bool has_image = seen.has_image();
  std::optional<std::vector<Piece>> loaded;
  if (has_image) loaded = TRY(load(seen, arena));
  if (loaded) {
    PieceOutcome outcome = TRY(replay(*std::move(loaded), nullptr, arena));
    outcome.to_remove = removable(seen, outcome);
    if (is_quarantined(outcome, record.position.shard, record.position.sequence))
      outcome.fate = Fate::Quarantined;
    return outcome;
  }
  // Somebody may have finished it between the first look for its end and the piece's being written.
  std::vector<FinishedChunk> ended_since = TRY(ended(hashes));
  if (ended_since.size() == hashes.size()) return take_ended(record, piece, ended_since, arena);
  if (has_image) return unavailable("pieces of an oversized record went away while they were read");
  return PieceOutcome();
}

std::string SharedFragments::place_in_list(uint64_t seed) {
  return pieces_prefix(hash_of(std::to_string(seed)));
}

Result<OldChunks> SharedFragments::find_old(const std::string& from, int64_t before_ms) {
  const ObjectStore::Page page = TRY(store_.page(std::string(kPieces), from));
  OldChunks old;
  for (const aws::S3Object& object : page.objects) {
    const std::string_view rest = std::string_view(object.key).substr(kPieces.size());
    const std::string_view hash = rest.substr(0, rest.find('/'));
    if (object.modified_ms < before_ms && (old.places.empty() || old.places.back() != hash))
      old.places.emplace_back(hash);
  }
  if (!page.is_last && !page.objects.empty()) old.next = page.objects.back().key;
  return old;
}

Result<PieceOutcome> SharedFragments::expire(const std::string& place, int64_t before_ms, Arena& arena) {
  const Look seen = TRY(look({place}));
  std::vector<std::string> hashes;
  bool is_due = false;
  for (const auto& [hash, pieces] : seen.chunks) {
    hashes.push_back(hash);
    for (const Found& found : pieces) is_due = is_due || found.modified_ms < before_ms;
  }
  if (!is_due) return PieceOutcome();
  std::vector<FinishedChunk> ended_before = TRY(ended(hashes));
  std::optional<std::vector<Piece>> loaded = TRY(load(seen, arena));
  if (!loaded) return PieceOutcome();
  PieceOutcome outcome = TRY(replay_expired(*std::move(loaded), std::move(ended_before), nullptr, arena));
  outcome.to_remove = removable(seen, outcome);
  return outcome;
}

Result<void> SharedFragments::forget(const DecodedPiece& piece) {
  for (const std::string& hash : hashes_of(piece))
    for (const FinishedChunk& chunk : TRY(ended({hash})))
      if (chunk.total_fragments == 0) TRY(store_.remove(done_key(hash)));
  return {};
}

Result<PieceOutcome> SharedFragments::reject(const PieceOutcome& outcome, const Error& why, Arena& arena) {
  PieceOutcome rejected =
      TRY(outcome.is_expired ? replay_expired(outcome.pieces, outcome.ended_before, &why, arena)
                             : replay(outcome.pieces, &why, arena));
  rejected.to_remove = outcome.to_remove;
  rejected.fate = Fate::Quarantined;
  return rejected;
}

Result<void> SharedFragments::finish(const PieceOutcome& outcome) {
  for (const FinishedChunk& chunk : outcome.finished)
    TRY(store_.put(done_key(hash_of(chunk.chunk_id)), finished_text(chunk)));
  for (const std::string& key : outcome.to_remove) TRY(store_.remove(key));
  return {};
}

std::string finished_text(const FinishedChunk& chunk) {
  return aws::JsonObject()
      .number("version", 1)
      .text("chunk_id", chunk.chunk_id)
      .number("crc32c", chunk.crc32c)
      .number("total_fragments", chunk.total_fragments)
      .text("piece_crcs", base64_encode(chunk.piece_crcs))
      .number("finished_ns", chunk.finished_ns)
      .done();
}

Result<FinishedChunk> parse_finished(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  int64_t version = 0;
  uint64_t crc32c = 0;
  uint64_t total = 0;
  std::string_view chunk_id;
  std::string_view crcs;
  FinishedChunk chunk;
  if (parser.parse(simdjson::padded_string(text)).get(object) != simdjson::SUCCESS ||
      object["version"].get(version) != simdjson::SUCCESS || version != 1 ||
      object["chunk_id"].get(chunk_id) != simdjson::SUCCESS ||
      object["crc32c"].get(crc32c) != simdjson::SUCCESS || crc32c > UINT32_MAX ||
      object["total_fragments"].get(total) != simdjson::SUCCESS || total > change::kMaxFragments ||
      object["piece_crcs"].get(crcs) != simdjson::SUCCESS ||
      object["finished_ns"].get(chunk.finished_ns) != simdjson::SUCCESS)
    return bad_marker();
  std::optional<std::string> decoded = base64_decode(crcs);
  if (!decoded || decoded->size() % 4 != 0) return bad_marker();
  chunk.chunk_id = chunk_id;
  chunk.crc32c = static_cast<uint32_t>(crc32c);
  chunk.total_fragments = static_cast<uint32_t>(total);
  chunk.piece_crcs = *std::move(decoded);
  return chunk;
}

}  // namespace sluice::lambda
