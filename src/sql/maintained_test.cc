// Maintained tables in DuckDB: whatever the order and the batches, they hold what the log says.
#include "sql/maintained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sql/log_for_test.h"

namespace sluice::sql {
namespace {

using ::testing::ElementsAre;

// Two rows with late, tied and backfilled changes; the delete at 30 ties with a backfilled row.
const std::vector<Event> kStory = {
    {"1", R"({"id":1,"v":"a"})", "c", 10}, {"1", R"({"id":1,"v":"b"})", "u", 20},
    {"1", R"({"id":1})", "d", 30},         {"1", R"({"id":1,"v":"r"})", "r", 30},
    {"2", R"({"id":2,"v":"x"})", "u", 20}, {"2", R"({"id":2,"v":"y"})", "c", 20},
};

class Kept : public ::testing::Test {
 protected:
  Kept() {
    log.run(duckdb_maintained_schema());
    log.run("INSERT INTO cdc_current_tables VALUES ('public', 't')");
  }
  // Lands the events and keeps them, `portion` at a time.
  void land(const std::vector<Event>& events, size_t portion) {
    for (size_t at = 0; at < events.size(); at += portion) {
      const std::string before = log.value("SELECT coalesce(max(event_id), 0) FROM cdc_events");
      const auto end = events.begin() + static_cast<ptrdiff_t>(std::min(events.size(), at + portion));
      log.land({events.begin() + static_cast<ptrdiff_t>(at), end});
      log.run("CREATE OR REPLACE TEMP TABLE arrived_rows AS SELECT * FROM cdc_events WHERE event_id > " +
              before);
      log.run(duckdb_keep_current("arrived_rows"));
    }
  }
  Texts kept() { return log.lines("SELECT record_id, operation, commit_ts_ns, event_data FROM cdc_current"); }
  // Missing, too many, rows.
  std::string verdict() {
    std::string sql = duckdb_verify_current();
    for (const auto& [parameter, value] : {std::pair("$1", "'public'"), {"$2", "'t'"}}) {
      for (size_t at = 0; (at = sql.find(parameter, at)) != std::string::npos;) sql.replace(at, 2, value);
    }
    return log.lines(sql).at(0);
  }
  LogForTest log;
};

TEST_F(Kept, EveryOrderInEveryPortionEndsAtTheSameRows) {
  std::vector<size_t> order(kStory.size());
  std::iota(order.begin(), order.end(), 0);
  size_t turn = 0;
  do {
    // Some of the 720 orders, each in another portion, with the first event delivered once more at the
    // end.
    if (++turn % 17 != 0) continue;
    std::vector<Event> events;
    for (const size_t at : order) events.push_back(kStory[at]);
    events.push_back(events.front());
    log.run("DELETE FROM cdc_events; DELETE FROM cdc_current");
    land(events, 1 + turn % 4);
    ASSERT_THAT(kept(), ElementsAre(R"(1|d|30|{"id":1})", R"(2|c|20|{"id":2,"v":"y"})"))
        << ::testing::PrintToString(order);
    ASSERT_EQ(verdict(), "0|0|2");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Kept, OtherTablesAreLeftAlone) {
  land({{"1", R"({"id":1})", "c", 10, {"public", "other"}}, {"1", R"({"id":1})", "c", 10, {"sales", "t"}}},
       1);
  EXPECT_THAT(kept(), ElementsAre());
}

TEST_F(Kept, TheCheckSeesARowThatIsMissingOrOld) {
  land(kStory, 3);
  log.run("UPDATE cdc_current SET commit_ts_ns = 19 WHERE record_id = '2'");
  EXPECT_EQ(verdict(), "1|1|2");
  log.run("DELETE FROM cdc_current WHERE operation = 'd'");
  EXPECT_EQ(verdict(), "2|1|1");
}

TEST_F(Kept, TheCurrentViewReadsThemAndTheMacroTheLog) {
  land(kStory, 2);
  log.run("DELETE FROM cdc_current WHERE record_id = '2'");
  ViewOptions options;
  options[{"public", "t"}].current_table = true;
  log.make(duckdb_views({}, nullptr, options));
  const change::TableState table =
      seen_table({"public", "t"}, {{"id", change::kind_bit(change::ValueKind::Int)}});
  log.make(duckdb_views({&table, 1}, nullptr, options));
  EXPECT_EQ(log.value("SELECT count(*) FROM t_current"), "0");
  EXPECT_EQ(log.value("SELECT count(*) FROM t_as_of('2200-01-01')"), "1");
}

}  // namespace
}  // namespace sluice::sql
