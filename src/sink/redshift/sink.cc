#include "sink/redshift/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "sink/redshift/lander.h"
#include "sink/redshift/log_table.h"
#include "sink/redshift/log_views.h"
#include "sink/redshift/statement_runner.h"
#include "sql/redshift.h"

namespace sluice::sink::redshift {
namespace {

using change::Batch;
using change::Books;
using change::Piece;

class Sink final : public Store {
 public:
  Sink(SinkOptions options, std::unique_ptr<Store> state, std::unique_ptr<DataApi> api)
      : options_(std::move(options)),
        state_(std::move(state)),
        api_(std::move(api)),
        clock_(api_->clock()),
        runner_(api_->api(), options_.settings, clock_, api_->sleeper()),
        log_(runner_, options_.settings),
        log_views_(runner_, options_.settings),
        lander_(api_->api(), options_.settings, clock_, api_->sleeper(), &api_->s3()) {}

  Result<void> open() {
    TRY(log_.prepare(options_.create));
    Audit audit = TRY(state_->audit());
    int64_t landed = 0;
    int64_t kept = 0;
    for (const auto& [shard, books] : audit.ledger) landed += books.rows;
    for (const auto& [shard, books] : audit.counted) kept += books.rows;
    if (kept > 0)
      return refused(
          "the state file holds rows itself: it is the store of a run to DuckDB. Name another --state.");
    if (landed > 0 && TRY(log_.count()) == 0)
      return refused(
          fmt::format("the state file says that {} rows have landed, but {} is empty: it is another table, "
                      "or was made anew. "
                      "Name the right state, or a new one to read the source from its start.",
                      with_thousands(landed), log_table(options_.settings)));
    return {};
  }

  NameLimits name_limits() const override { return {.max_bytes = 128, .takes_nul = false}; }
  bool refuses_rows() const override { return true; }
  Result<SavedState> load() override { return state_->load(); }

  Result<Applied> apply(const Batch& batch) override {
    for (const change::Rekey& rekey : batch.rekeys) TRY(log_.rekey(rekey));
    Batch rest = without_rows(batch);
    Applied refused;
    if (!batch.rows.empty()) {
      const change::Position& first = batch.rows.front().position;
      const change::Position& last = batch.rows.back().position;
      const Intent intent{options_.state_name, first.shard, first.sequence, last.sequence};
      const Landing landing = lander_.land(batch.rows, batch.tables, intent,
                                           clock_.steady_ns() + options_.patience_ms * 1'000'000);
      if (landing.trouble) return *landing.trouble;
      for (const RefusedRow& row : landing.refused) quarantine(batch, row, rest, refused);
      for (const auto& [shard, books] : refused.refused_books) rest.books[shard].add(books);
    }
    Applied applied = TRY(state_->apply(rest));
    applied.refused_by_reason = std::move(refused.refused_by_reason);
    applied.refused_books = std::move(refused.refused_books);
    if (!batch.tables_changed.empty()) views_due_ = true;
    if (views_due_) renew_views();
    return applied;
  }

  Result<std::vector<Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    return state_->stored_pieces(chunk_id, arena);
  }
  Result<std::vector<Piece>> waiting_index(Arena& arena) override { return state_->waiting_index(arena); }
  Result<std::map<change::TableName, int64_t>> keyless_rows() override { return log_.keyless_rows(); }

  Result<Audit> audit() override {
    Audit audit = TRY(state_->audit());
    for (auto& [shard, books] : audit.counted) books.rows = 0;
    for (const auto& [shard, rows] : TRY(log_.rows_per_shard())) audit.counted[shard].rows = rows;
    return audit;
  }

  Result<std::vector<std::pair<std::string, int64_t>>> quarantine_counts() override {
    return state_->quarantine_counts();
  }
  Result<std::vector<QuarantineEntry>> quarantined(std::optional<int64_t> id, const std::string& reason,
                                                   int64_t limit, bool with_bytes) override {
    return state_->quarantined(id, reason, limit, with_bytes);
  }
  void release_with_next_apply(std::vector<QuarantineEntry> entries) override {
    state_->release_with_next_apply(std::move(entries));
  }
  Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns) override {
    return log_.count_repeats(from_ns, through_ns);
  }
  Result<RekeyEffect> try_rekey(const change::Rekey& rekey) override { return log_.try_rekey(rekey); }
  // None is maintained in Redshift: its views read the log.
  Result<std::vector<CurrentCheck>> check_current() override { return std::vector<CurrentCheck>(); }

  Result<std::vector<NewestImage>> newest_images() override { return log_.newest_images(); }

  Result<int64_t> refresh_views(const std::vector<std::string>& grantees) override {
    const std::vector<sql::View> wanted = TRY(views());
    TRY(log_views_.make_all(wanted, grantees));
    return static_cast<int64_t>(wanted.size());
  }

  Result<std::vector<ViewDifference>> view_differences() override {
    return log_views_.differences(TRY(views()));
  }

  Result<int64_t> drop_views() override {
    made_views_.clear();
    return log_views_.drop_all();
  }

  Result<std::vector<UnconvertedColumn>> unconverted_values() override {
    const SavedState state = TRY(state_->load());
    std::vector<UnconvertedColumn> found;
    for (const sql::Check& check :
         sql::checks_of(sql::Dialect::Redshift, state.tables, catalog(), options_.views))
      add_unconverted(check, TRY(log_views_.answer_to(check)), found);
    return found;
  }

 private:
  // What the state keeps of a batch; its texts stay in the batch's arena.
  static Batch without_rows(const Batch& batch) {
    Batch rest;
    rest.tables = batch.tables;
    rest.quarantined = batch.quarantined;
    rest.pieces_added = batch.pieces_added;
    rest.chunks_removed = batch.chunks_removed;
    rest.pieces_removed = batch.pieces_removed;
    rest.chunks_finished = batch.chunks_finished;
    rest.tables_changed = batch.tables_changed;
    rest.checkpoints = batch.checkpoints;
    rest.books = batch.books;
    return rest;
  }

  // Puts what the row came from into `rest`, as it was delivered.
  void quarantine(const Batch& batch, const RefusedRow& refused, Batch& rest, Applied& told) const {
    const change::Row& row = batch.rows[refused.row];
    const auto made_from = batch.made_from.find(refused.row);
    std::vector<change::QuarantinedRecord> records;
    if (made_from != batch.made_from.end()) {
      records = made_from->second;
    } else {
      records.push_back({row.position, {}, {}, {}, batch.records.at(refused.row), clock_.wall_ns()});
    }
    for (change::QuarantinedRecord& record : records) {
      record.reason = refused.reason;
      record.message = refused.message;
      Books& books = told.refused_books[std::string(record.position.shard)];
      --books.landed;
      ++books.quarantined;
      ++told.refused_by_reason[record.reason];
      rest.quarantined.push_back(std::move(record));
    }
    --told.refused_books[std::string(row.position.shard)].rows;
  }

  Result<std::vector<sql::View>> views() {
    const SavedState state = TRY(state_->load());
    return sql::redshift_views(state.tables, catalog(), options_.views);
  }

  const catalog::Catalog* catalog() const { return options_.catalog ? &*options_.catalog : nullptr; }

  // Beside the batch, which is durable: a view that cannot be made now is made with the next change of a
  // table, or by `sluice views --apply`.
  void renew_views() {
    const auto wanted = views();
    if (!wanted.ok()) return log_warn(wanted.error().message);
    std::vector<const sql::View*> due;
    for (const sql::View& view : wanted.value())
      if (std::find(made_views_.begin(), made_views_.end(), view) == made_views_.end()) due.push_back(&view);
    if (const auto made = log_views_.make_each(due); !made.ok()) {
      if (std::exchange(said_, made.error().message) != made.error().message) log_warn(made.error().message);
      return;
    }
    made_views_ = wanted.value();
    views_due_ = false;
  }

  SinkOptions options_;
  std::unique_ptr<Store> state_;
  std::unique_ptr<DataApi> api_;
  const Clock& clock_;
  StatementRunner runner_;
  LogTable log_;
  LogViews log_views_;
  Lander lander_;
  std::vector<sql::View> made_views_;
  std::string said_;
  bool views_due_ = false;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sink(SinkOptions options, std::unique_ptr<Store> state,
                                         std::unique_ptr<DataApi> api) {
  auto sink = std::make_unique<Sink>(std::move(options), std::move(state), std::move(api));
  TRY(sink->open());
  return std::unique_ptr<Store>(std::move(sink));
}

}  // namespace sluice::sink::redshift
