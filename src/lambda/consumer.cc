#include "lambda/consumer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "keys/keys.h"
#include "lambda/event.h"

namespace sluice::lambda {

using change::Change;
using change::ChunkedHead;
using change::Fragment;
using change::QuarantinedRecord;
using sink::redshift::Fate;
using sink::redshift::Landing;

namespace {

constexpr size_t kNone = SIZE_MAX;
// Left after the rows for remembering images that were put together.
constexpr int64_t kPiecesReserveNs = 1'000'000'000;

QuarantinedRecord poison_of(const change::RawRecord& record, std::string reason, std::string message,
                            int64_t now_ns) {
  QuarantinedRecord kept;
  kept.position = record.position;
  kept.reason = std::move(reason);
  kept.message = std::move(message);
  kept.bytes = record.bytes;
  kept.first_seen_ns = now_ns;
  return kept;
}

}  // namespace

// One call of consume(). Everything points into the block or into `arena`.
struct Consumer::Work {
  struct RowFrom {
    size_t record = 0;
    size_t piece = kNone;  // into `pieces`: the row is an image that was put together
  };
  struct PieceWork {
    size_t record = 0;
    PieceOutcome outcome;
    bool is_landed = true;  // its image is, or it has none
  };

  Arena arena;
  Consumed result;
  std::vector<change::TableName> tables;
  std::vector<bool> table_is_known;
  std::map<change::TableName, uint32_t> table_index;
  std::vector<change::Row> rows;
  std::vector<RowFrom> rows_from;
  std::vector<size_t> piece_records;  // of the block, in its order
  std::vector<PieceWork> pieces;
  std::vector<QuarantinedRecord> poison;
  std::vector<size_t> poison_records;

  void note(const std::string& trouble) {
    if (result.trouble.empty()) result.trouble = trouble;
  }
  void add_poison(size_t record, QuarantinedRecord kept) {
    poison.push_back(std::move(kept));
    poison_records.push_back(record);
  }
};

void Account::add(const Account& other) {
  received += other.received;
  landed += other.landed;
  repeats += other.repeats;
  quarantined += other.quarantined;
  waiting += other.waiting;
  failed += other.failed;
  rows += other.rows;
  rows_without_key += other.rows_without_key;
  statements += other.statements;
  retries += other.retries;
  throttles += other.throttles;
  expired += other.expired;
  for (const auto& [reason, count] : other.quarantined_by_reason) quarantined_by_reason[reason] += count;
  commit_to_landed_ms.insert(commit_to_landed_ms.end(), other.commit_to_landed_ms.begin(),
                             other.commit_to_landed_ms.end());
}

const Consumer::KnownTable& Consumer::table_of(const change::TableName& name) {
  const auto found = known_.find(name);
  if (found != known_.end()) return found->second;
  KnownTable table;
  table.key = keys::initial_key(name, keys_.configured, keys_.catalog ? &*keys_.catalog : nullptr);
  table.is_known = table.key.origin != change::KeyOrigin::IdColumn;
  return known_.emplace(name, std::move(table)).first->second;
}

// A Malformed error is returned when the change is no row; nothing was added then.
Result<void> Consumer::add_row(Work& work, const change::Position& position, const change::Origin& origin,
                               const change::Image* image) {
  if (image == nullptr) {
    return malformed(
        "keyless-delete",
        fmt::format("a delete on {}.{} without a key: the table has none, so which row went is unknown",
                    origin.schema, origin.table));
  }
  change::TableName name{std::string(origin.schema), std::string(origin.table)};
  const KnownTable& table = table_of(name);
  const auto [entry, is_new] = work.table_index.try_emplace(name, static_cast<uint32_t>(work.tables.size()));
  if (is_new) {
    work.tables.push_back(std::move(name));
    work.table_is_known.push_back(table.is_known);
  }
  std::string record_id;
  keys::make_record_id(record_id, table.key.columns, origin.is_delete(), *image);
  change::Row& row = work.rows.emplace_back();
  row.position = position;
  row.table = entry->second;
  row.operation = origin.op;
  row.record_id = work.arena.copy(record_id);
  row.image = image->json;
  row.tx_id = origin.tx_id;
  row.commit_ts_ns = origin.commit_ts_ns;
  return {};
}

void Consumer::decode(const change::Block& block, Work& work) {
  const int64_t now_ns = clock_.wall_ns();
  work.rows.reserve(block.records.size());
  work.rows_from.reserve(block.records.size());
  decode::Decoded decoded;
  for (size_t i = 0; i < block.records.size(); ++i) {
    const change::RawRecord& record = block.records[i];
    Result<void> taken = decoder_.decode(record, work.arena, decoded);
    if (taken.ok()) {
      const auto* change = std::get_if<Change>(&decoded);
      if (change == nullptr) {
        work.piece_records.push_back(i);
        continue;
      }
      taken = add_row(work, record.position, change->origin, change->has_image ? &change->image : nullptr);
    }
    if (taken.ok()) {
      work.rows_from.push_back({i, kNone});
    } else {
      work.add_poison(i, poison_of(record, taken.error().reason, taken.error().message, now_ns));
    }
  }
}

void Consumer::take_piece_outcome(Work& work, size_t record, PieceOutcome outcome) {
  using assemble::Fate;
  if (record != kNone && (outcome.fate == Fate::Waits || outcome.fate == Fate::Repeat)) {
    work.result.fates[record] = outcome.fate == Fate::Waits ? RecordFate::Waiting : RecordFate::Repeat;
    return;
  }
  bool is_landed = true;
  if (outcome.image) {
    const assemble::AssembledImage& made = *outcome.image;
    Result<void> added;
    if (made.has_image) {
      const Result<change::Image> image = decoder_.scan_image(made.json);
      added = image.ok() ? add_row(work, made.position, made.origin, &image.value()) : image.error();
    } else {
      added = add_row(work, made.position, made.origin, nullptr);
    }
    if (added.ok()) {
      work.rows_from.push_back({record, work.pieces.size()});
      is_landed = false;
    } else {
      Result<PieceOutcome> rejected = fragments_->reject(outcome, added.error(), work.arena);
      if (!rejected.ok()) {
        work.note(rejected.error().message);
        return;
      }
      outcome = std::move(rejected).value();
    }
  }
  work.pieces.push_back({record, std::move(outcome), is_landed});
}

void Consumer::take_pieces(const change::Block& block, Work& work, int64_t deadline_ns) {
  for (const size_t i : work.piece_records) {
    if (fragments_ == nullptr) {
      work.note(
          "it is a piece of an oversized record, and there is no place for pieces: set SLUICE_FRAGMENTS to "
          "s3://BUCKET/PREFIX");
      return;
    }
    if (clock_.steady_ns() >= deadline_ns) {
      work.note("the time was over before all pieces of oversized records were stored");
      return;
    }
    decode::Decoded decoded;
    const Result<void> again = decoder_.decode(block.records[i], work.arena, decoded);
    CHECK(again.ok());  // it was read a moment ago
    auto* fragment = std::get_if<Fragment>(&decoded);
    const DecodedPiece piece =
        fragment != nullptr ? DecodedPiece(*fragment) : DecodedPiece(std::get<ChunkedHead>(decoded));
    Result<PieceOutcome> outcome = fragments_->take(block.records[i], piece, work.arena);
    if (outcome.ok()) {
      take_piece_outcome(work, i, std::move(outcome).value());
    } else {
      work.note(outcome.error().message);
    }
  }
}

void Consumer::land(const change::Block& block, const sink::redshift::Intent& intent, Work& work,
                    int64_t deadline_ns) {
  if (work.rows.empty()) return;
  const int64_t rows_deadline_ns = work.pieces.empty() ? deadline_ns : deadline_ns - kPiecesReserveNs;
  const Landing landing = rows_.land(work.rows, work.tables, intent, rows_deadline_ns);
  CHECK(landing.fates.size() == work.rows.size());
  work.result.account.statements = landing.counters.statements;
  work.result.account.retries = landing.counters.retries;
  work.result.account.throttles = landing.counters.throttles;
  settle_rows(block, work, landing);
}

void Consumer::settle_rows(const change::Block& block, Work& work, const Landing& landing) {
  const int64_t now_ns = clock_.wall_ns();
  Account& account = work.result.account;
  for (size_t r = 0; r < work.rows.size(); ++r) {
    const Work::RowFrom& from = work.rows_from[r];
    if (landing.fates[r] == Fate::NotLanded) {
      work.note(landing.trouble ? landing.trouble->message : "Redshift did not say that its row is stored");
      continue;
    }
    if (landing.fates[r] != Fate::Durable) continue;
    ++account.rows;
    account.rows_without_key += work.table_is_known[work.rows[r].table] ? 0 : 1;
    account.commit_to_landed_ms.push_back(
        std::max<int64_t>((now_ns - work.rows[r].commit_ts_ns) / 1'000'000, 0));
    if (from.piece == kNone) {
      work.result.fates[from.record] = RecordFate::Landed;
    } else {
      work.pieces[from.piece].is_landed = true;
    }
  }
  for (const sink::redshift::RefusedRow& refused : landing.refused) {
    const Work::RowFrom& from = work.rows_from[refused.row];
    if (from.piece == kNone) {
      work.add_poison(from.record,
                      poison_of(block.records[from.record], refused.reason, refused.message, now_ns));
      continue;
    }
    Work::PieceWork& piece = work.pieces[from.piece];
    Result<PieceOutcome> rejected =
        fragments_->reject(piece.outcome, malformed(refused.reason, refused.message), work.arena);
    if (!rejected.ok()) {
      work.note(rejected.error().message);
      continue;
    }
    piece.outcome = std::move(rejected).value();
    piece.is_landed = true;
  }
}

// What ended chunks have brought is durable first, then the chunks are remembered, then the record may be
// confirmed.
void Consumer::settle_pieces(Work& work) {
  for (Work::PieceWork& piece : work.pieces) {
    if (!piece.is_landed) continue;
    const Quarantine::Kept kept = quarantine_.keep(piece.outcome.quarantined);
    if (!kept.trouble.empty()) {
      work.note(kept.trouble);
      continue;
    }
    for (const QuarantinedRecord& record : piece.outcome.quarantined)
      ++work.result.account.quarantined_by_reason[record.reason];
    if (piece.outcome.is_expired)
      work.result.account.expired += static_cast<int64_t>(piece.outcome.quarantined.size());
    const Result<void> finished = fragments_->finish(piece.outcome);
    if (!finished.ok()) {
      work.note(finished.error().message);
      continue;
    }
    if (piece.record == kNone) continue;
    work.result.fates[piece.record] =
        piece.outcome.fate == assemble::Fate::Quarantined ? RecordFate::Quarantined : RecordFate::Landed;
  }
}

void Consumer::keep_poison(Work& work) {
  const Quarantine::Kept kept = quarantine_.keep(work.poison);
  if (!kept.trouble.empty()) work.note(kept.trouble);
  for (size_t i = 0; i < work.poison.size(); ++i) {
    if (!kept.durable[i]) continue;
    work.result.fates[work.poison_records[i]] = RecordFate::Quarantined;
    ++work.result.account.quarantined_by_reason[work.poison[i].reason];
  }
  work.poison.clear();
  work.poison_records.clear();
}

void Consumer::count(const change::Block& block, Work& work) {
  Account& account = work.result.account;
  account.received = static_cast<int64_t>(block.records.size());
  std::optional<size_t>& first = work.result.first_failed;
  for (size_t i = 0; i < block.records.size(); ++i) {
    switch (work.result.fates[i]) {
      case RecordFate::Landed:
        ++account.landed;
        break;
      case RecordFate::Repeat:
        ++account.repeats;
        break;
      case RecordFate::Quarantined:
        ++account.quarantined;
        break;
      case RecordFate::Waiting:
        ++account.waiting;
        break;
      case RecordFate::Failed:
        ++account.failed;
        if (!first || compare_sequences(block.records[i].position.sequence,
                                        block.records[*first].position.sequence) < 0)
          first = i;
        break;
    }
  }
  if (!first) work.result.trouble.clear();
  CHECK(account.balanced());
}

Consumed Consumer::consume(const change::Block& block, std::string_view stream, int64_t deadline_ns) {
  Work work;
  work.result.fates.assign(block.records.size(), RecordFate::Failed);
  if (clock_.steady_ns() < deadline_ns) {
    decode(block, work);
    keep_poison(work);
    take_pieces(block, work, deadline_ns);
    if (!block.records.empty())
      land(block,
           {stream, block.shard, block.records.front().position.sequence,
            block.records.back().position.sequence},
           work, deadline_ns);
    settle_pieces(work);
    keep_poison(work);
  } else {
    work.note("there was no time left to begin");
  }
  count(block, work);
  return std::move(work.result);
}

Consumer::Settled Consumer::settle(PieceOutcome outcome, std::string_view stream, int64_t deadline_ns) {
  Work work;
  take_piece_outcome(work, kNone, std::move(outcome));
  if (!work.rows.empty()) {
    const change::Position& position = work.rows.front().position;
    land({}, {stream, position.shard, position.sequence, position.sequence}, work, deadline_ns);
  }
  settle_pieces(work);
  return {std::move(work.result.account), std::move(work.result.trouble)};
}

}  // namespace sluice::lambda
