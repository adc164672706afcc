#include "pipeline/batch_builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "keys/keys.h"
#include "pipeline/rekey.h"

namespace sluice::pipeline {

using assemble::Outcome;
using change::Books;
using change::Change;
using change::ChunkedHead;
using change::CommitTimeFrom;
using change::Fragment;
using change::Image;
using change::KeyOrigin;
using change::Origin;
using change::Position;
using change::RawRecord;
using change::TableState;

namespace {

// The assembler's store is the sink's own: fragments are committed with the rows.
class SinkFragmentStore final : public assemble::FragmentStore {
 public:
  explicit SinkFragmentStore(sink::Sink& sink) : sink_(sink) {}
  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    return sink_.stored_pieces(chunk_id, arena);
  }

 private:
  sink::Sink& sink_;
};

std::string display_name(const change::TableName& name) { return name.schema + "." + name.table; }

std::string display_key(const std::vector<std::string>& columns) {
  return fmt::format("({})", fmt::join(columns, ", "));
}

// Whether a text of the record's envelope can be kept as it is.
bool fits(std::string_view text, const sink::NameLimits& limits) {
  return text.size() <= limits.max_bytes && (limits.takes_nul || text.find('\0') == std::string_view::npos);
}

// Takes the pieces out of the index that came after another writer had ended their chunk, and whose own
// writer was stopped before it could settle them.
sink::Applied take_out_late(std::vector<change::Piece>& index,
                            const std::vector<change::FinishedChunk>& finished) {
  std::set<std::string_view> ended;
  for (const change::FinishedChunk& chunk : finished) ended.insert(chunk.chunk_id);
  sink::Applied late;
  std::erase_if(index, [&](const change::Piece& piece) {
    if (!ended.contains(piece.chunk_id)) return false;
    late.pieces_found.push_back(
        {piece.chunk_id, std::string(piece.position.shard), std::string(piece.position.sequence)});
    return true;
  });
  return late;
}

}  // namespace

void Tally::take_commit_times(int64_t oldest_ns, int64_t newest_ns) {
  if (newest_ns == 0) return;
  oldest_commit_ts_ns = newest_commit_ts_ns == 0 ? oldest_ns : std::min(oldest_commit_ts_ns, oldest_ns);
  newest_commit_ts_ns = std::max(newest_commit_ts_ns, newest_ns);
}

void Tally::add(const Tally& other) {
  take_commit_times(other.oldest_commit_ts_ns, other.newest_commit_ts_ns);
  for (const auto& [name, count] : other.curiosities) curiosities[name] += count;
  for (const auto& [reason, count] : other.quarantined_by_reason) quarantined_by_reason[reason] += count;
}

BatchBuilder::BatchBuilder(const PipelineOptions& options, const Clock& clock, const Hooks& hooks)
    : options_(options), clock_(clock), hooks_(hooks) {}

BatchBuilder::~BatchBuilder() = default;

Result<std::unique_ptr<BatchBuilder>> BatchBuilder::open(const PipelineOptions& options, sink::Sink& sink,
                                                         const Clock& clock, const Hooks& hooks) {
  std::unique_ptr<BatchBuilder> builder(new BatchBuilder(options, clock, hooks));
  builder->name_limits_ = sink.name_limits();
  builder->keeps_records_ = sink.refuses_rows();
  sink::SavedState saved = TRY(sink.load());
  const catalog::Catalog* catalog = options.catalog ? &*options.catalog : nullptr;
  for (TableState& state : saved.tables) {
    const change::TableName name = state.name;
    TableEntry& entry = builder->tables_.find_or_add(name.schema, name.table,
                                                     [&state](const auto&) { return std::move(state); });
    entry.stored_rows = true;
    // A key from the configuration or the catalog takes over what was learned; it is not forgotten for
    // nothing.
    change::TableKey given = keys::initial_key(name, options.keys, catalog);
    const KeyOrigin known = entry.state.key.origin;
    const bool better = (given.origin > known || (given.origin == known && known > KeyOrigin::Learned)) &&
                        !given.columns.empty();
    if (!better || given == entry.state.key) continue;
    entry.rekey_due = given.columns != entry.state.key.columns;
    entry.state.key = std::move(given);
    entry.changed = true;
  }
  builder->store_ = std::make_unique<SinkFragmentStore>(sink);
  Arena index_arena;
  std::vector<change::Piece> index = TRY(sink.waiting_index(index_arena));
  const sink::Applied late = sink.is_shared() ? take_out_late(index, saved.finished_chunks) : sink::Applied();
  assemble::AssemblerOptions assembler_options;
  assembler_options.max_memory_bytes = static_cast<uint64_t>(options.fragment_memory_bytes);
  assembler_options.incomplete_after_ns = options.incomplete_after_ms * 1'000'000;
  const auto decode_piece = [raw = builder.get()](
                                std::string_view bytes,
                                Arena& arena) -> Result<std::variant<Fragment, ChunkedHead>> {
    decode::Decoded decoded;
    TRY(raw->piece_decoder_.decode({{}, bytes}, arena, decoded));
    if (auto* fragment = std::get_if<Fragment>(&decoded))
      return std::variant<Fragment, ChunkedHead>(*fragment);
    if (auto* head = std::get_if<ChunkedHead>(&decoded))
      return std::variant<Fragment, ChunkedHead>(std::move(*head));
    return malformed("not-a-piece", "a stored fragment is no fragment");
  };
  builder->assembler_ = TRY(assemble::Assembler::open(assembler_options, *builder->store_, decode_piece,
                                                      index, saved.finished_chunks));
  for (const std::string& chunk_id : options.chunks_to_retry) builder->assembler_->forget(chunk_id);
  TRY(builder->settle_stored());
  TRY(builder->take_news(late));
  return builder;
}

std::string_view BatchBuilder::keep_shard(std::string_view shard) {
  const auto known = shards_.find(shard);
  if (known != shards_.end()) return known->second;
  return shards_.emplace(std::string(shard), batch_.arena.copy(shard)).first->second;
}

Position BatchBuilder::keep(const Position& position) {
  return {keep_shard(position.shard), batch_.arena.copy(position.sequence)};
}

TableEntry& BatchBuilder::table_of(const Origin& origin) {
  TableEntry& entry = tables_.find_or_add(origin.schema, origin.table, [this](const change::TableName& name) {
    TableState state;
    state.name = name;
    state.key = keys::initial_key(name, options_.keys, options_.catalog ? &*options_.catalog : nullptr);
    return state;
  });
  // Also a table of which only deletes have come is kept, so that everybody knows its key.
  if (!entry.stored_rows) entry.changed = true;
  if (entry.batch_index < 0) {
    entry.batch_index = static_cast<int>(batch_.tables.size());
    batch_.tables.push_back(entry.state.name);
  }
  return entry;
}

Result<void> BatchBuilder::add(const change::Block& block) {
  if (batch_started_ns_ == 0) batch_started_ns_ = clock_.steady_ns();
  Books* books = nullptr;
  std::string_view books_of;
  for (const RawRecord& record : block.records) {
    // Nearly always the shard of the record before; blocks out of the quarantine mix shards.
    if (books == nullptr || record.position.shard != books_of) {
      books_of = record.position.shard;
      books = &batch_.books[std::string(books_of)];
    }
    TRY(add_record(record, *books));
  }
  if (block.checkpoint.empty()) return {};
  const auto known = std::ranges::find(batch_.checkpoints, block.shard, &change::Checkpoint::shard);
  if (known != batch_.checkpoints.end()) {
    known->position = block.checkpoint;
  } else {
    batch_.checkpoints.push_back({block.shard, block.checkpoint});
  }
  return {};
}

Result<void> BatchBuilder::add_record(const RawRecord& record, Books& books) {
  if (!options_.is_retry) {
    ++books.read;
    books.bytes += static_cast<int64_t>(record.bytes.size());
  }
  const Result<void> decoded = decoder_.decode(record, batch_.arena, decoded_);
  if (!decoded.ok()) {
    quarantine(record, decoded.error());
    return {};
  }
  const auto* change = std::get_if<Change>(&decoded_);
  if (change == nullptr) return add_piece(record, decoded_);
  const Result<void> landed =
      land(record.position, change->origin, change->has_image ? &change->image : nullptr, record.bytes);
  if (!landed.ok()) {
    quarantine(record, landed.error());
    return {};
  }
  ++books.landed;
  ++books.rows;
  return {};
}

// A malformed error is returned when the change is no row; nothing was added then. `record` is what the row
// came from, empty where it was put together.
Result<void> BatchBuilder::land(const Position& position, const Origin& origin, const Image* image,
                                std::string_view record) {
  if (image == nullptr) {
    return malformed(
        "keyless-delete",
        fmt::format("a delete on {}.{} without a key: the table has none, so which row went is unknown",
                    origin.schema, origin.table));
  }
  for (const std::string_view text : {origin.schema, origin.table, origin.op, origin.tx_id}) {
    if (!fits(text, name_limits_)) [[unlikely]] {
      return malformed("bad-name",
                       "the schema, table, operation or transaction id is too long or holds a NUL character, "
                       "which the destination cannot keep");
    }
  }
  TableEntry& table = table_of(origin);
  if (origin.is_delete()) {
    take_lesson(table, origin, *image);
  } else if (table.seen.note(*image, origin.commit_ts_ns)) {
    table.changed = true;
  }
  note_curiosities(origin);
  tally_.take_commit_times(origin.commit_ts_ns, origin.commit_ts_ns);
  keys::make_record_id(record_id_, table.state.key.columns, origin.is_delete(), *image);
  change::Row& row = batch_.rows.emplace_back();
  row.position = keep(position);
  row.table = static_cast<uint32_t>(table.batch_index);
  row.operation = batch_.arena.copy(origin.op);
  row.record_id = batch_.arena.copy(record_id_);
  if (keeps_records_) {
    const std::string_view kept = batch_.records.emplace_back(batch_.arena.copy(record));
    row.image = record.empty() ? batch_.arena.copy(image->json)
                               : kept.substr(static_cast<size_t>(image->json.data() - record.data()),
                                             image->json.size());
    batch_bytes_ += static_cast<int64_t>(record.size());
  } else {
    row.image = batch_.arena.copy(image->json);
  }
  row.tx_id = batch_.arena.copy(origin.tx_id);
  row.commit_ts_ns = origin.commit_ts_ns;
  batch_bytes_ += static_cast<int64_t>(image->json.size() + record_id_.size() + origin.tx_id.size() +
                                       sizeof(change::Row));
  return {};
}

void BatchBuilder::note_curiosities(const Origin& origin) {
  if (origin.is_unknown_op()) [[unlikely]]
    ++tally_.curiosities["unknown-op"];
  if (origin.unknown_version) [[unlikely]]
    ++tally_.curiosities["unknown-version"];
  if (origin.commit_time_from == CommitTimeFrom::Milliseconds) [[unlikely]]
    ++tally_.curiosities["commit-time-in-ms"];
  if (origin.commit_time_from == CommitTimeFrom::Envelope) [[unlikely]]
    ++tally_.curiosities["commit-time-from-envelope"];
}

void BatchBuilder::take_lesson(TableEntry& table, const Origin& origin, const Image& before) {
  const std::vector<std::string> old_columns = table.state.key.columns;
  const bool first_lesson = table.state.key.origin != KeyOrigin::Learned;
  switch (keys::learn(table.state.key, before, origin.commit_ts_ns)) {
    case keys::Lesson::Agrees:
      return;
    case keys::Lesson::Confirmed:
      table.changed = true;
      return;
    case keys::Lesson::Taught:
      table.changed = true;
      table.rekey_due = true;
      if (hooks_.notice) {
        hooks_.notice(
            fmt::format("{}: its deletes name {} as the key{}; earlier rows are keyed anew.",
                        display_name(table.state.name), display_key(table.state.key.columns),
                        first_lesson ? "" : fmt::format(" instead of {}", display_key(old_columns))));
      }
      return;
    case keys::Lesson::Disagrees:
      break;
  }
  table.changed = true;
  ++table.state.key_mismatches;
  if (table.mismatch_said) return;
  table.mismatch_said = true;
  if (hooks_.notice) {
    std::vector<std::string_view> named;
    for (const change::ImageField& field : before.fields) named.push_back(field.key);
    hooks_.notice(fmt::format(
        "{}: a delete names ({}) as the key, but {} is in use. Such deletes are landed and counted; check "
        "the key.",
        display_name(table.state.name), fmt::join(named, ", "), display_key(table.state.key.columns)));
  }
}

Result<void> BatchBuilder::add_piece(const RawRecord& record, const decode::Decoded& decoded) {
  const int64_t now_ns = clock_.wall_ns();
  const auto* fragment = std::get_if<Fragment>(&decoded);
  const std::string_view chunk_id = fragment != nullptr ? fragment->chunk_id
                                    : std::get<ChunkedHead>(decoded).awaited.empty()
                                        ? std::string_view()
                                        : std::get<ChunkedHead>(decoded).awaited.front().chunk_id;
  if (!name_limits_.takes_nul && chunk_id.find('\0') != std::string_view::npos) [[unlikely]] {
    quarantine(record, malformed("bad-name",
                                 "the chunk_id holds a NUL character, which the destination cannot keep"));
    return {};
  }
  conclude(TRY(fragment != nullptr
                   ? assembler_->add(*fragment, record.bytes, now_ns, batch_.arena)
                   : assembler_->add(std::get<ChunkedHead>(decoded), record.bytes, now_ns, batch_.arena)));
  return {};
}

void BatchBuilder::conclude(Outcome outcome) {
  if (outcome.image) {
    const Result<void> landed = land_assembled(*outcome.image);
    if (!landed.ok()) {
      outcome = assembler_->reject(landed.error(), batch_.arena);
    } else if (keeps_records_) {
      keep_made_from(std::move(outcome.made_from));
    }
  }
  take_outcome(std::move(outcome));
}

Result<void> BatchBuilder::settle_stored() {
  bool more = true;
  while (more) {
    Outcome outcome = TRY(assembler_->settle_stored(clock_.wall_ns(), batch_.arena));
    more = outcome.more;
    if (!outcome.chunks_removed.empty() && batch_started_ns_ == 0) batch_started_ns_ = clock_.steady_ns();
    conclude(std::move(outcome));
  }
  return {};
}

Result<void> BatchBuilder::add_found(const change::Piece& piece) {
  decode::Decoded decoded;
  TRY(piece_decoder_.decode({piece.position, piece.bytes}, batch_.arena, decoded));
  const auto* fragment = std::get_if<Fragment>(&decoded);
  conclude(TRY(fragment != nullptr
                   ? assembler_->found(*fragment, piece.bytes, piece.first_seen_ns, batch_.arena)
                   : assembler_->found(std::get<ChunkedHead>(decoded), piece.bytes, piece.first_seen_ns,
                                       batch_.arena)));
  return {};
}

Result<void> BatchBuilder::take_news(const sink::Applied& applied) {
  for (const change::FinishedChunk& chunk : applied.chunks_ended) assembler_->drop_ended(chunk);
  std::map<std::string, std::vector<const sink::FoundPiece*>> found_of;
  for (const sink::FoundPiece& found : applied.pieces_found) found_of[found.chunk_id].push_back(&found);
  for (const auto& [chunk_id, wanted] : found_of) {
    if (batch_started_ns_ == 0) batch_started_ns_ = clock_.steady_ns();
    for (const change::Piece& piece : TRY(store_->stored_pieces(chunk_id, batch_.arena))) {
      const bool is_wanted = std::ranges::any_of(wanted, [&piece](const sink::FoundPiece* found) {
        return found->shard == piece.position.shard && found->sequence == piece.position.sequence;
      });
      if (is_wanted) TRY(add_found(piece));
    }
  }
  return {};
}

Result<void> BatchBuilder::land_assembled(const assemble::AssembledImage& assembled) {
  if (!assembled.has_image) return land(assembled.position, assembled.origin, nullptr, {});
  const Image image = TRY(decoder_.scan_image(assembled.json));
  return land(assembled.position, assembled.origin, &image, {});
}

// Of the row that was landed last.
void BatchBuilder::keep_made_from(std::vector<change::QuarantinedRecord> pieces) {
  for (change::QuarantinedRecord& piece : pieces) {
    piece.position = keep(piece.position);
    piece.bytes = batch_.arena.copy(piece.bytes);
    batch_bytes_ += static_cast<int64_t>(piece.bytes.size());
  }
  batch_.made_from.emplace(batch_.rows.size() - 1, std::move(pieces));
}

void BatchBuilder::take_outcome(Outcome outcome) {
  for (change::RemovedPiece& removed : outcome.pieces_removed) {
    const bool was_stored = !added_.holds(removed.shard, removed.sequence);
    if (was_stored) batch_.pieces_removed.push_back(std::move(removed));
  }
  for (const std::string& chunk_id : outcome.chunks_removed) {
    added_.remove_chunk(chunk_id);
    batch_.chunks_removed.push_back(chunk_id);
  }
  if (outcome.waiting_piece) {
    change::Piece piece = std::move(*outcome.waiting_piece);
    piece.position = keep(piece.position);
    piece.bytes = batch_.arena.copy(piece.bytes);
    batch_bytes_ += static_cast<int64_t>(piece.bytes.size() + sizeof(change::Piece));
    added_.add(std::move(piece));
  }
  for (change::QuarantinedRecord& record : outcome.quarantined) {
    record.position = keep(record.position);
    record.bytes = batch_.arena.copy(record.bytes);
    batch_bytes_ += static_cast<int64_t>(record.bytes.size());
    ++tally_.quarantined_by_reason[record.reason];
    batch_.quarantined.push_back(std::move(record));
  }
  std::ranges::move(outcome.chunks_finished, std::back_inserter(batch_.chunks_finished));
  for (const auto& [shard, books] : outcome.books) batch_.books[shard].add(books);
}

void BatchBuilder::quarantine(const RawRecord& record, const Error& error) {
  CHECK(error.kind == ErrorKind::Malformed);
  change::QuarantinedRecord kept;
  kept.position = keep(record.position);
  kept.reason = error.reason;
  kept.message = error.message;
  kept.bytes = batch_.arena.copy(record.bytes);
  kept.first_seen_ns = clock_.wall_ns();
  batch_bytes_ += static_cast<int64_t>(record.bytes.size());
  ++batch_.books[std::string(record.position.shard)].quarantined;
  ++tally_.quarantined_by_reason[error.reason];
  batch_.quarantined.push_back(std::move(kept));
}

Result<void> BatchBuilder::expire() {
  bool more = true;
  while (more) {
    Outcome outcome = TRY(assembler_->expire(clock_.wall_ns(), batch_.arena));
    more = outcome.more && !full();
    if (!outcome.quarantined.empty() && batch_started_ns_ == 0) batch_started_ns_ = clock_.steady_ns();
    take_outcome(std::move(outcome));
  }
  return {};
}

bool BatchBuilder::full() const {
  return static_cast<int64_t>(batch_.rows.size()) >= options_.batch_rows ||
         batch_bytes_ >= options_.batch_bytes;
}

bool BatchBuilder::has_room_for(const change::Block& block) const {
  return empty() || static_cast<int64_t>(batch_.rows.size() + block.records.size()) <= options_.batch_rows;
}

bool BatchBuilder::due() const {
  return !empty() && clock_.steady_ns() - batch_started_ns_ >= options_.batch_ms * 1'000'000;
}

bool BatchBuilder::empty() const { return batch_started_ns_ == 0; }

// The rows of this batch that came before the key was known.
void BatchBuilder::rekey_batch_rows(TableEntry& table) {
  for (change::Row& row : batch_.rows) {
    if (static_cast<int>(row.table) != table.batch_index) continue;
    const Result<Image> image = decoder_.scan_image(row.image);
    CHECK(image.ok());  // it was scanned when it landed
    keys::make_record_id(record_id_, table.state.key.columns, row.operation == "d", image.value());
    row.record_id = batch_.arena.copy(record_id_);
  }
}

BatchBuilder::Sealed BatchBuilder::seal() {
  tables_.each([this](TableEntry& table) {
    if (table.rekey_due) {
      rekey_batch_rows(table);
      if (table.stored_rows) {
        batch_.rekeys.push_back(rekey_by(table.state.name, table.state.key.columns));
      }
      table.rekey_due = false;
    }
    if (table.changed) batch_.tables_changed.push_back(table.state);
    table.changed = false;
    if (table.batch_index >= 0) table.stored_rows = true;
    table.batch_index = -1;
  });
  batch_.pieces_added = added_.take();
  const size_t rows = batch_.rows.size();
  Sealed sealed{std::move(batch_), assembler_->seal(), std::exchange(tally_, {})};
  batch_ = change::Batch();
  // The next is likely as large, and growing step by step would move all of them.
  batch_.rows.reserve(rows);
  shards_.clear();
  batch_started_ns_ = 0;
  batch_bytes_ = 0;
  return sealed;
}

void BatchBuilder::committed(uint64_t number) { assembler_->committed(number); }

std::vector<TableState> BatchBuilder::tables() {
  std::vector<TableState> states;
  tables_.each([&states](const TableEntry& table) { states.push_back(table.state); });
  return states;
}

}  // namespace sluice::pipeline
