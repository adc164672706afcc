#include "emulate/postgres.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "catalog/postgres_connection.h"
#include "emulate/dsql_encoding.h"
#include "emulate/pgoutput.h"
#include "emulate/postgres_setup.h"
#include "emulate/postgres_stream.h"
#include "emulate/postgres_tables.h"
#include "emulate/postgres_write_set.h"

namespace sluice::emulate {
namespace {

using catalog::Connection;

// Written lines reach the reader at least this often, and the slot's position moves at least this often.
constexpr int64_t kFlushEveryNs = 200'000'000;
constexpr int64_t kConfirmEveryNs = 1'000'000'000;
// Records that bad delivery may hold back before the slot's position waits no longer for a pause.
constexpr int64_t kMostUnconfirmed = 100'000;
// One transaction's rows in memory. DSQL itself takes 3,000 rows and 10 MiB.
constexpr size_t kMostTransactionBytes = size_t{1} << 30;
constexpr size_t kDsqlTransactionRows = 3000;

class Emulation {
 public:
  Emulation(const PostgresOptions& options, RecordOut& out, const std::atomic<bool>& stop,
            Connection connection)
      : options_(options),
        out_(out),
        stop_(stop),
        connection_(std::move(connection)),
        tables_(connection_, options.notice),
        delivery_(options.delivery, [this](std::string_view record) { return out_.write(record); }) {}

  Result<PostgresSummary> run();

 private:
  Result<void> follow(ReplicationStream& stream);
  Result<void> take(const pgoutput::Message& message);
  Result<void> take_change(const pgoutput::Message& message);
  Result<void> take_update(const pgoutput::Update& update);
  Result<void> finish_transaction(const pgoutput::Commit& commit);
  Result<void> deliver(const NetChange& change, int64_t commit_ns);
  Result<void> settle(ReplicationStream& stream, bool idle);
  Result<void> confirm(ReplicationStream& stream);
  void tell(const std::string& notice) const {
    if (options_.notice) options_.notice(notice);
  }

  const PostgresOptions& options_;
  RecordOut& out_;
  const std::atomic<bool>& stop_;
  Connection connection_;  // for everything but the stream itself
  SourceTables tables_;
  Delivery delivery_;
  WriteSet writes_;
  PostgresSummary summary_;
  uint64_t system_identifier_ = 0;

  bool in_transaction_ = false;
  pgoutput::Begin begin_;
  pgoutput::Lsn committed_end_ = 0;
  int64_t last_commit_ns_ = 0;
  int64_t saved_commit_ns_ = 0;
  int64_t unconfirmed_ = 0;  // changes since the last confirm()
  int64_t flushed_at_ns_ = 0;
  int64_t confirmed_at_ns_ = 0;
  int64_t active_at_ns_ = 0;
  bool told_large_ = false;
};

Result<PostgresSummary> Emulation::run() {
  TRY(prepare_database(connection_, options_));
  saved_commit_ns_ = last_commit_ns_ = TRY(saved_commit_ns(connection_, options_));
  ReplicationStream stream = TRY(ReplicationStream::open(options_.dsn, options_.slot, options_.publication));
  system_identifier_ = stream.system_identifier();
  TRY(follow(stream));
  TRY(confirm(stream));
  TRY(stream.close());
  summary_.delivery = delivery_.counts();
  return summary_;
}

Result<void> Emulation::follow(ReplicationStream& stream) {
  std::optional<pgoutput::Lsn> target;
  for (;;) {
    if (!target && (!options_.follow || stop_.load())) target = TRY(current_position(connection_));
    const std::optional<std::string> message = TRY(stream.next());
    if (message) {
      const pgoutput::Message parsed = TRY(pgoutput::parse(*message));
      TRY(take(parsed));
    }
    if (in_transaction_) continue;
    if (target && std::max(stream.reached(), committed_end_) >= *target) return {};
    TRY(settle(stream, !message));
  }
}

Result<void> Emulation::take(const pgoutput::Message& message) {
  if (const auto* begin = std::get_if<pgoutput::Begin>(&message)) {
    begin_ = *begin;
    in_transaction_ = true;
    return {};
  }
  if (const auto* commit = std::get_if<pgoutput::Commit>(&message)) return finish_transaction(*commit);
  if (const auto* relation = std::get_if<pgoutput::Relation>(&message)) return tables_.learn(*relation);
  if (const auto* type = std::get_if<pgoutput::TypeName>(&message)) {
    tables_.learn(*type);
    return {};
  }
  TRY(take_change(message));
  if (writes_.bytes() > kMostTransactionBytes) {
    return refused(
        "a transaction of more than " + human_bytes(kMostTransactionBytes) +
        " cannot be emulated; DSQL takes 10 MiB. Drop the replication slot and start again behind it.");
  }
  return {};
}

Result<void> Emulation::take_change(const pgoutput::Message& message) {
  if (const auto* insert = std::get_if<pgoutput::Insert>(&message)) {
    const SourceTable* table = TRY(tables_.find(insert->relation));
    RowImage row = TRY(tables_.image(*table, insert->row, nullptr));
    writes_.insert(table->written, std::move(row));
  } else if (const auto* update = std::get_if<pgoutput::Update>(&message)) {
    return take_update(*update);
  } else if (const auto* gone = std::get_if<pgoutput::Delete>(&message)) {
    const SourceTable* table = TRY(tables_.find(gone->relation));
    const RowImage old = TRY(tables_.key_image(*table, gone->old));
    writes_.remove(table->written, old);
  } else if (const auto* truncate = std::get_if<pgoutput::Truncate>(&message)) {
    for (const uint32_t oid : truncate->relations) {
      const SourceTable* table = TRY(tables_.find(oid));
      tell("TRUNCATE of " + table->written.schema + "." + table->written.table +
           " is not told: DSQL has no TRUNCATE. Its rows stay at the destination.");
    }
  }
  return {};
}

Result<void> Emulation::take_update(const pgoutput::Update& update) {
  const SourceTable* table = TRY(tables_.find(update.relation));
  const pgoutput::Tuple* whole_old = update.old && !update.old_is_key ? &*update.old : nullptr;
  RowImage row = TRY(tables_.image(*table, update.row, whole_old));
  // Without an old row the key is as it was.
  RowImage old{row.identity, row.key_json, {}};
  if (update.old) old = TRY(tables_.key_image(*table, *update.old));
  writes_.update(table->written, old, std::move(row));
  return {};
}

Result<void> Emulation::finish_transaction(const pgoutput::Commit& commit) {
  // Two commits may share a microsecond, and clocks step back; order must not.
  const int64_t commit_ns = std::max(begin_.commit_microseconds * 1000, last_commit_ns_ + 1);
  const std::vector<NetChange> changes = writes_.net_changes();
  if (changes.size() > kDsqlTransactionRows && !told_large_) {
    told_large_ = true;
    tell("a transaction changed " + with_thousands(static_cast<int64_t>(changes.size())) +
         " rows; DSQL takes at most 3,000 and would have refused it");
  }
  for (const NetChange& change : changes) TRY(deliver(change, commit_ns));
  if (!changes.empty()) {
    last_commit_ns_ = commit_ns;
    ++summary_.transactions;
    summary_.changes += static_cast<int64_t>(changes.size());
    unconfirmed_ += static_cast<int64_t>(changes.size());
    active_at_ns_ = system_clock().steady_ns();
  }
  writes_.clear();
  tables_.forget_replaced();
  committed_end_ = commit.end;
  in_transaction_ = false;
  return {};
}

Result<void> Emulation::deliver(const NetChange& change, int64_t commit_ns) {
  const std::string tx_id = transaction_id(system_identifier_, begin_.transaction);
  EnvelopeFields fields;
  fields.op = std::string_view(&change.op, 1);
  fields.before = change.before;
  fields.after = change.after;
  fields.schema = change.table->schema;
  fields.table = change.table->table;
  fields.tx_id = tx_id;
  fields.commit_ts_ns = commit_ns;
  EncodingOptions encoding;
  encoding.oversize_bytes = options_.oversize_bytes;
  encoding.fragment_bytes = options_.oversize_bytes;
  const auto encode_now = [&] {
    fields.processed_ts_ns = system_clock().wall_ns();
    std::vector<std::string> texts;
    for (EncodedRecord& record : encode_record(fields, encoding)) texts.push_back(std::move(record.text));
    return texts;
  };
  const std::vector<std::string> set = encode_now();
  return delivery_.add(set, encode_now);
}

// Between transactions: lets the reader have what is written, and now and then moves the slot's position.
Result<void> Emulation::settle(ReplicationStream& stream, bool idle) {
  const int64_t now_ns = system_clock().steady_ns();
  if (unconfirmed_ > 0 && (idle || now_ns - flushed_at_ns_ >= kFlushEveryNs)) {
    flushed_at_ns_ = now_ns;
    TRY(out_.flush());
  }
  if (now_ns - confirmed_at_ns_ < kConfirmEveryNs) return {};
  const bool holds_back = options_.delivery.reorder > 0 || options_.delivery.duplicates > 0;
  const bool paused = now_ns - active_at_ns_ >= kConfirmEveryNs;
  if (holds_back && unconfirmed_ > 0 && !paused && unconfirmed_ < kMostUnconfirmed) return {};
  return confirm(stream);
}

Result<void> Emulation::confirm(ReplicationStream& stream) {
  confirmed_at_ns_ = system_clock().steady_ns();
  if (unconfirmed_ > 0) {
    TRY(delivery_.flush());
    TRY(out_.flush());
    unconfirmed_ = 0;
  }
  if (last_commit_ns_ != saved_commit_ns_) {
    TRY(save_commit_ns(connection_, options_, last_commit_ns_));
    saved_commit_ns_ = last_commit_ns_;
  }
  return stream.confirm(std::max(stream.reached(), committed_end_));
}

}  // namespace

Result<PostgresSummary> emulate_postgres(const PostgresOptions& options, RecordOut& out,
                                         const std::atomic<bool>& stop) {
  Connection connection = TRY(Connection::open(options.dsn));
  Emulation emulation(options, out, stop, std::move(connection));
  return emulation.run();
}

}  // namespace sluice::emulate
