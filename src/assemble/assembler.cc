#include "assemble/assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "assemble/arrival.h"
#include "assemble/chunk_group.h"
#include "assemble/ended_chunks.h"
#include "assemble/group_ends.h"
#include "assemble/held_pieces.h"
#include "assemble/piece_loader.h"
#include "assemble/waiting_groups.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::assemble {
namespace {

// Under which chunk the store keeps a piece.
std::string store_chunk_of(const change::Fragment& fragment) { return std::string(fragment.chunk_id); }
std::string store_chunk_of(const change::ChunkedHead& head) {
  return head.awaited.empty() ? std::string() : std::string(head.awaited.front().chunk_id);
}

}  // namespace

class Assembler::State {
 public:
  State(const AssemblerOptions& options, FragmentStore& store, DecodePiece decode)
      : options_(options),
        groups_(options.max_memory_bytes),
        ended_(options.max_ended_chunks),
        loader_(store, std::move(decode), shards_),
        ends_(shards_, loader_, ended_) {}

  Result<void> restore(const std::vector<change::Piece>& index,
                       const std::vector<change::FinishedChunk>& ended);
  Result<Outcome> add(const change::Fragment& fragment, std::string_view bytes, int64_t now_ns, Arena& arena);
  Result<Outcome> add(const change::ChunkedHead& head, std::string_view bytes, int64_t now_ns, Arena& arena);
  Outcome reject(const Error& why, Arena& arena);
  Result<Outcome> expire(int64_t now_ns, Arena& arena);
  Result<Outcome> settle_stored(int64_t now_ns, Arena& arena);
  template <typename Decoded>
  Result<Outcome> found(const Decoded& decoded, std::string_view bytes, int64_t first_seen_ns, Arena& arena);
  void drop_ended(const change::FinishedChunk& chunk);
  uint64_t seal() { return groups_.memory().seal(); }
  void committed(uint64_t batch) { groups_.memory().committed(batch); }
  void forget(std::string_view chunk_id) { ended_.forget(chunk_id); }
  Waiting waiting(size_t max_chunks) const { return groups_.waiting(max_chunks); }

 private:
  void begin_call();
  Result<void> restore_head(const std::string& chunk_id, std::unique_ptr<HeldPiece> piece);
  Outcome add_to_ended(const EndedChunk& ended, const Arrival& arrival, const std::string& chunk_id);

  std::unique_ptr<HeldPiece> hold(const Arrival& arrival);
  Result<void> check_room(const Arrival& arrival) const;

  // What a new piece changes.
  Result<void> load(ChunkGroup& group);
  Result<Outcome> settle(ChunkGroup& group, const HeldPiece& current, const Arrival& arrival, Arena& arena);
  bool too_large(const ChunkGroup& group) const;
  std::optional<std::vector<Choice>> match(const ChunkGroup& group, const Head& head) const;
  Result<Outcome> land(ChunkGroup& group, const Head& head, const std::vector<Choice>& choices,
                       const HeldPiece* current, int64_t now_ns, Arena& arena);
  static Ending mismatch_of(const ChunkGroup& group);
  void fail(ChunkGroup& group, Ending ending, const HeldPiece* current, int64_t now_ns, Arena& arena,
            Outcome& out);

  const AssemblerOptions options_;
  ShardNames shards_;
  WaitingGroups groups_;
  EndedChunks ended_;
  PieceLoader loader_;
  GroupEnds ends_;
  std::vector<std::string> unsettled_;  // chunks that were whole in the store
  // The group that the last add() landed, until the next call, for reject().
  struct Landed {
    ChunkGroup* group = nullptr;
    const HeldPiece* current = nullptr;
    int64_t now_ns = 0;
  };
  std::optional<Landed> landed_;
  // The waiting piece that the last add() was a repeat of.
  const HeldPiece* repeated_ = nullptr;
};

void Assembler::State::begin_call() {
  loader_.clear();
  landed_.reset();
  repeated_ = nullptr;
  groups_.bury();
}

// A piece of a chunk that landed or was quarantined before.
Outcome Assembler::State::add_to_ended(const EndedChunk& ended, const Arrival& arrival,
                                       const std::string& chunk_id) {
  if (ended.has(arrival.index, arrival.crc32c)) return repeat_of(arrival);
  const std::string id = shown(chunk_id);
  if (ended.ending == Ending::Landed) {
    if (arrival.is_head()) {
      return quarantined_alone(
          arrival, "conflicting-head",
          fmt::format("chunk {}: it has landed already, by a head that says something else", id));
    }
    if (arrival.index >= ended.total_fragments) {
      return quarantined_alone(arrival, "fragment-out-of-range",
                               fmt::format("chunk {}: fragment {} of {}; it has landed already without it",
                                           id, arrival.index, ended.total_fragments));
    }
    return quarantined_alone(
        arrival, "conflicting-fragment",
        fmt::format("chunk {}: it has landed already, with another fragment {}", id, arrival.index));
  }
  Outcome out =
      quarantined_alone(arrival, reason_of(ended.ending),
                        fmt::format("chunk {}: it is in quarantine already, {} was put beside it; {}", id,
                                    arrival.name(), kRetryHint));
  change::FinishedChunk finished{chunk_id, static_cast<uint32_t>(ended.ending), 0, ended.pieces,
                                 arrival.now_ns};
  append_u32(finished.piece_crcs, arrival.index);
  append_u32(finished.piece_crcs, arrival.crc32c);
  ends_.remember(std::move(finished), out);
  return out;
}

std::unique_ptr<HeldPiece> Assembler::State::hold(const Arrival& arrival) {
  auto piece = std::make_unique<HeldPiece>();
  piece->shard = shards_.number_of(arrival.position.shard);
  piece->sequence = arrival.position.sequence;
  piece->first_seen_ns = arrival.now_ns;
  piece->is_head = arrival.is_head();
  piece->index = arrival.index;
  piece->crc32c = arrival.crc32c;
  piece->data_bytes = arrival.data_bytes;
  groups_.hold(*piece, arrival.bytes);
  return piece;
}

Result<void> Assembler::State::check_room(const Arrival& arrival) const {
  if (groups_.pieces() < options_.max_waiting_pieces) return {};
  return refused(fmt::format(
      "{} fragments and heads of oversized records wait for the rest of their images, and no "
      "more can be kept; that of chunk {} is one too many. Lower --incomplete-after, so that what "
      "is never completed goes into quarantine sooner.",
      groups_.pieces(), shown(arrival.chunk_id)));
}

Result<void> Assembler::State::load(ChunkGroup& group) {
  for (Chunk& chunk : group.chunks) {
    const bool was_known = chunk.known;
    TRY(loader_.load(group, chunk));
    if (!was_known) groups_.count_bytes_of(chunk);
  }
  return {};
}

Result<Outcome> Assembler::State::add(const change::Fragment& fragment, std::string_view bytes,
                                      int64_t now_ns, Arena& arena) {
  begin_call();
  const Arrival arrival{
      fragment.position,    bytes, std::string(fragment.chunk_id), fragment.index, crc32c(fragment.data),
      fragment.data.size(), now_ns};
  const std::string id = shown(arrival.chunk_id);
  if (fragment.index >= change::kMaxFragments) {
    return quarantined_alone(arrival, "fragment-out-of-range",
                             fmt::format("chunk {}: index {}, but no image has more than {} fragments", id,
                                         fragment.index, change::kMaxFragments));
  }
  if (const EndedChunk* ended = ended_.find(arrival.chunk_id))
    return add_to_ended(*ended, arrival, arrival.chunk_id);
  ChunkGroup* group = groups_.find(arrival.chunk_id);
  if (group != nullptr) {
    if (!group->chunk(arrival.chunk_id).known) TRY(load(*group));
    const Chunk& chunk = group->chunk(arrival.chunk_id);
    const auto found = chunk.fragments.find(fragment.index);
    if (found != chunk.fragments.end()) {
      for (const auto& piece : found->second) {
        if (piece->crc32c != arrival.crc32c || piece->data_bytes != arrival.data_bytes) continue;
        repeated_ = piece.get();
        return repeat_of(arrival);
      }
      if (found->second.size() >= kMaxAlternatives) {
        return quarantined_alone(arrival, "conflicting-fragment",
                                 fmt::format("chunk {}: {} different fragments {} wait already", id,
                                             kMaxAlternatives, fragment.index));
      }
    }
  }
  TRY(check_room(arrival));
  if (group == nullptr) group = &groups_.add(arrival.chunk_id, now_ns);
  std::unique_ptr<HeldPiece> piece = hold(arrival);
  HeldPiece& current = *piece;
  group->chunk(arrival.chunk_id).add(std::move(piece));
  Result<Outcome> outcome = settle(*group, current, arrival, arena);
  if (!outcome.ok()) {
    groups_.let_go(current);
    group->chunk(arrival.chunk_id).take_back(arrival.index);
    groups_.split(*group);
  }
  return outcome;
}

Result<Outcome> Assembler::State::add(const change::ChunkedHead& head, std::string_view bytes, int64_t now_ns,
                                      Arena& arena) {
  begin_call();
  Arrival arrival{head.position, bytes, {}, kHeadIndex, identity_of(head), 0, now_ns};
  if (!head.awaited.empty()) arrival.chunk_id = head.awaited.front().chunk_id;
  if (auto fault = fault_of(head)) return quarantined_alone(arrival, "bad-chunk", std::move(*fault));
  std::vector<Awaited> awaited = awaited_by(head);
  for (const Awaited& image : awaited) {
    if (const EndedChunk* ended = ended_.find(image.chunk_id))
      return add_to_ended(*ended, arrival, image.chunk_id);
  }
  for (const Awaited& image : awaited) {
    const ChunkGroup* group = groups_.find(image.chunk_id);
    if (group == nullptr) continue;
    const auto same = std::ranges::find(group->heads, arrival.crc32c,
                                        [](const Head& other) { return other.piece->crc32c; });
    if (same != group->heads.end()) {
      repeated_ = same->piece.get();
      return repeat_of(arrival);
    }
    if (group->heads.size() >= kMaxAlternatives || groups_.clash(awaited)) {
      return quarantined_alone(
          arrival, "conflicting-head",
          fmt::format("chunk {}: another head, which waits already, contradicts this one",
                      shown(image.chunk_id)));
    }
  }
  TRY(check_room(arrival));
  ChunkGroup& group = groups_.find_or_merge(awaited, now_ns);
  std::unique_ptr<HeldPiece> piece = hold(arrival);
  HeldPiece& current = *piece;
  group.add({std::move(piece), std::move(awaited)});
  Result<Outcome> outcome = settle(group, current, arrival, arena);
  if (!outcome.ok()) {
    groups_.let_go(current);
    std::erase_if(group.heads, [&](const Head& each) { return each.piece.get() == &current; });
    groups_.split(group);
  }
  return outcome;
}

bool Assembler::State::too_large(const ChunkGroup& group) const {
  return std::ranges::any_of(
      group.chunks, [this](const Chunk& chunk) { return chunk.least_bytes() > options_.max_image_bytes; });
}

std::optional<std::vector<Choice>> Assembler::State::match(const ChunkGroup& group, const Head& head) const {
  std::vector<Choice> choices;
  for (const Awaited& awaited : head.awaited) {
    std::optional<Choice> choice = find_match(group.chunk(awaited.chunk_id), awaited,
                                              [this](const HeldPiece& piece) { return loader_.data(piece); });
    if (!choice) return std::nullopt;
    choices.push_back(std::move(*choice));
  }
  return choices;
}

Ending Assembler::State::mismatch_of(const ChunkGroup& group) {
  if (group.has_alternatives()) return Ending::ConflictingFragment;
  return group.heads.size() > 1 ? Ending::ConflictingHead : Ending::CrcMismatch;
}

// Looks what the new piece made of its group. On an error the group is as it was, with the piece.
Result<Outcome> Assembler::State::settle(ChunkGroup& group, const HeldPiece& current, const Arrival& arrival,
                                         Arena& arena) {
  const auto is_whole = [&](const Head& head) { return group.whole(head); };
  const bool any_whole = std::ranges::any_of(group.heads, is_whole);
  if (any_whole || too_large(group)) TRY(load(group));
  Outcome out;
  if (too_large(group)) {
    fail(group, Ending::ImageTooLarge, &current, arrival.now_ns, arena, out);
    return out;
  }
  if (any_whole) {
    for (const Head& head : group.heads) {
      if (!is_whole(head)) continue;
      const auto choices = match(group, head);
      if (choices) return land(group, head, *choices, &current, arrival.now_ns, arena);
    }
    if (group.all_whole()) {
      if (options_.mismatch_after_ns == 0) {
        fail(group, mismatch_of(group), &current, arrival.now_ns, arena, out);
        return out;
      }
      groups_.mark_mismatched(group, arrival.now_ns);
    }
  }
  out.fate = Fate::Waits;
  out.waiting_piece = change::Piece{arrival.position,  arrival.chunk_id,
                                    arrival.is_head(), arrival.is_head() ? 0 : arrival.index,
                                    arrival.bytes,     arrival.now_ns};
  out.books[std::string(arrival.position.shard)].waiting = 1;
  return out;
}

// Lands the image that `head` describes with the chosen fragments.
Result<Outcome> Assembler::State::land(ChunkGroup& group, const Head& head,
                                       const std::vector<Choice>& choices, const HeldPiece* current,
                                       int64_t now_ns, Arena& arena) {
  Outcome out;
  out.image = TRY(ends_.assemble(head, choices, arena));
  ChunkGroup& removed = groups_.remove(group);
  landed_ = Landed{&removed, current, now_ns};
  ends_.land(removed, head, choices, {current, now_ns, arena}, out);
  return out;
}

Result<Outcome> Assembler::State::settle_stored(int64_t now_ns, Arena& arena) {
  begin_call();
  Outcome out;
  while (!unsettled_.empty()) {
    ChunkGroup* group = groups_.find(unsettled_.back());
    if (group != nullptr) TRY(load(*group));
    unsettled_.pop_back();
    if (group == nullptr || group->heads.empty()) continue;
    for (const Head& head : group->heads) {
      if (!group->whole(head)) continue;
      const auto choices = match(*group, head);
      if (!choices) continue;
      out = TRY(land(*group, head, *choices, nullptr, now_ns, arena));
      out.more = !unsettled_.empty();
      return out;
    }
    if (!group->all_whole()) continue;
    if (options_.mismatch_after_ns > 0) {
      groups_.mark_mismatched(*group, group->first_seen_ns);
      continue;
    }
    fail(*group, mismatch_of(*group), nullptr, now_ns, arena, out);
    out.more = !unsettled_.empty();
    return out;
  }
  return out;
}

// The books have this piece as waiting, and the store has it: what add() says is put right by one of both.
template <typename Decoded>
Result<Outcome> Assembler::State::found(const Decoded& decoded, std::string_view bytes, int64_t first_seen_ns,
                                        Arena& arena) {
  Outcome out = TRY(add(decoded, bytes, first_seen_ns, arena));
  if (landed_) landed_->current = nullptr;
  --out.books[std::string(decoded.position.shard)].waiting;
  if (out.fate == Fate::Waits) {
    out.waiting_piece.reset();
    return out;
  }
  change::RemovedPiece removed{store_chunk_of(decoded), std::string(decoded.position.shard),
                               std::string(decoded.position.sequence)};
  if (repeated_ != nullptr) {
    removed.kept_shard = shards_.name_of(repeated_->shard);
    removed.kept_sequence = repeated_->sequence;
  }
  out.pieces_removed.push_back(std::move(removed));
  return out;
}

void Assembler::State::drop_ended(const change::FinishedChunk& chunk) {
  begin_call();
  if (ChunkGroup* group = groups_.find(chunk.chunk_id)) groups_.remove(*group);
  ended_.remember(chunk);
}

void Assembler::State::fail(ChunkGroup& group, Ending ending, const HeldPiece* current, int64_t now_ns,
                            Arena& arena, Outcome& out) {
  ends_.fail(groups_.remove(group), ending, reason_of(ending), {}, {current, now_ns, arena}, out);
}

Outcome Assembler::State::reject(const Error& why, Arena& arena) {
  CHECK(landed_.has_value());
  const Landed landed = *std::exchange(landed_, std::nullopt);
  Outcome out;
  const std::string_view reason = why.reason.empty() ? reason_of(Ending::RejectedImage) : why.reason;
  ends_.fail(*landed.group, Ending::RejectedImage, reason, why.message,
             {landed.current, landed.now_ns, arena}, out);
  return out;
}

Result<Outcome> Assembler::State::expire(int64_t now_ns, Arena& arena) {
  begin_call();
  Outcome out;
  uint64_t bytes = 0;
  while (ChunkGroup* group = groups_.due(now_ns, options_.incomplete_after_ns, options_.mismatch_after_ns)) {
    if (bytes > options_.max_image_bytes) {
      out.more = true;
      return out;
    }
    if (const Result<void> loaded = load(*group); !loaded.ok()) {
      if (out.chunks_removed.empty()) return loaded.error();
      out.more = true;  // what was taken out already must be told first
      return out;
    }
    const bool whole = !group->heads.empty() && group->all_whole();
    const size_t before = out.quarantined.size();
    fail(*group, whole ? mismatch_of(*group) : Ending::IncompleteChunk, nullptr, now_ns, arena, out);
    for (size_t i = before; i < out.quarantined.size(); ++i) bytes += out.quarantined[i].bytes.size();
  }
  return out;
}

Result<void> Assembler::State::restore(const std::vector<change::Piece>& index,
                                       const std::vector<change::FinishedChunk>& ended) {
  for (const change::FinishedChunk& chunk : ended) ended_.remember(chunk);
  std::vector<std::pair<std::string, std::unique_ptr<HeldPiece>>> heads;
  for (const change::Piece& stored : index) {
    auto piece = std::make_unique<HeldPiece>();
    piece->shard = shards_.number_of(stored.position.shard);
    piece->sequence = stored.position.sequence;
    piece->first_seen_ns = stored.first_seen_ns;
    piece->is_head = stored.is_head;
    piece->index = stored.is_head ? kHeadIndex : stored.index;
    groups_.count_stored(*piece);
    if (stored.is_head) {
      heads.emplace_back(stored.chunk_id, std::move(piece));
      continue;
    }
    ChunkGroup* found = groups_.find(stored.chunk_id);
    ChunkGroup& group = found != nullptr ? *found : groups_.add(stored.chunk_id, stored.first_seen_ns);
    Chunk& chunk = group.chunk(stored.chunk_id);
    chunk.known = false;
    chunk.add(std::move(piece));
    groups_.seen(group, stored.first_seen_ns);
  }
  for (auto& [chunk_id, piece] : heads) TRY(restore_head(chunk_id, std::move(piece)));
  return {};
}

// A stored head is read at once, because only it knows which chunks belong together.
Result<void> Assembler::State::restore_head(const std::string& chunk_id, std::unique_ptr<HeldPiece> piece) {
  begin_call();
  const auto [said, record_bytes] = TRY(loader_.read_stored_head(chunk_id, *piece));
  if (const auto fault = fault_of(said)) {
    return refused(fmt::format(
        "a stored head cannot be used: {}. The destination was changed by another program.", *fault));
  }
  piece->crc32c = identity_of(said);
  groups_.count_bytes_of(*piece, record_bytes);
  std::vector<Awaited> awaited = awaited_by(said);
  if (groups_.clash(awaited)) {
    return refused(
        fmt::format("the stored heads of chunk {} contradict each other. The destination was changed by "
                    "another program.",
                    shown(chunk_id)));
  }
  const int64_t first_seen_ns = piece->first_seen_ns;
  ChunkGroup& group = groups_.find_or_merge(awaited, first_seen_ns);
  group.add({std::move(piece), std::move(awaited)});
  groups_.seen(group, first_seen_ns);
  if (std::ranges::any_of(group.heads, [&](const Head& head) { return group.whole(head); }))
    unsettled_.push_back(chunk_id);
  if (group.all_whole() && options_.mismatch_after_ns > 0)
    groups_.mark_mismatched(group, group.first_seen_ns);
  return {};
}

Assembler::Assembler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Assembler::~Assembler() = default;

Result<std::unique_ptr<Assembler>> Assembler::open(const AssemblerOptions& options, FragmentStore& store,
                                                   DecodePiece decode,
                                                   const std::vector<change::Piece>& index,
                                                   const std::vector<change::FinishedChunk>& ended) {
  auto state = std::make_unique<State>(options, store, std::move(decode));
  TRY(state->restore(index, ended));
  return std::unique_ptr<Assembler>(new Assembler(std::move(state)));
}

Result<Outcome> Assembler::add(const change::Fragment& fragment, std::string_view bytes, int64_t now_ns,
                               Arena& arena) {
  return state_->add(fragment, bytes, now_ns, arena);
}
Result<Outcome> Assembler::add(const change::ChunkedHead& head, std::string_view bytes, int64_t now_ns,
                               Arena& arena) {
  return state_->add(head, bytes, now_ns, arena);
}
Outcome Assembler::reject(const Error& why, Arena& arena) { return state_->reject(why, arena); }
Result<Outcome> Assembler::expire(int64_t now_ns, Arena& arena) { return state_->expire(now_ns, arena); }
Result<Outcome> Assembler::settle_stored(int64_t now_ns, Arena& arena) {
  return state_->settle_stored(now_ns, arena);
}
Result<Outcome> Assembler::found(const change::Fragment& fragment, std::string_view bytes,
                                 int64_t first_seen_ns, Arena& arena) {
  return state_->found(fragment, bytes, first_seen_ns, arena);
}
Result<Outcome> Assembler::found(const change::ChunkedHead& head, std::string_view bytes,
                                 int64_t first_seen_ns, Arena& arena) {
  return state_->found(head, bytes, first_seen_ns, arena);
}
void Assembler::drop_ended(const change::FinishedChunk& chunk) { state_->drop_ended(chunk); }
uint64_t Assembler::seal() { return state_->seal(); }
void Assembler::committed(uint64_t batch) { state_->committed(batch); }
void Assembler::forget(std::string_view chunk_id) { state_->forget(chunk_id); }
Waiting Assembler::waiting(size_t max_chunks) const { return state_->waiting(max_chunks); }

}  // namespace sluice::assemble
