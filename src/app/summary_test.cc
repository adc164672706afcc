#include "app/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kDayNs = 86'400'000'000'000;

change::Books books(int64_t read, int64_t landed, int64_t repeats = 0, int64_t quarantined = 0,
                    int64_t waiting = 0) {
  return {.read = read,
          .landed = landed,
          .rows = landed,
          .repeats = repeats,
          .quarantined = quarantined,
          .waiting = waiting,
          .bytes = read * 512};
}

RunReport quiet_run() {
  RunReport report;
  report.summary.shards = {{"file-1", books(1'204'881, 1'204'881)}};
  report.summary.shards_ever = report.summary.shards;
  report.from = "file:orders.ndjson";
  report.to = "duckdb:shop.duckdb";
  report.db = "shop.duckdb";
  report.seconds = 29.25;
  report.incomplete_after_ms = int64_t{8} * 86'400'000;
  return report;
}

TEST(Summary, of_a_quiet_run_is_short) {
  EXPECT_EQ(summary_text(quiet_run(), false),
            "Done. Everything in file:orders.ndjson is durable in duckdb:shop.duckdb.\n"
            "  1,204,881 records, 588.3 MiB in 29.2 s, 41,192/s\n"
            "\n"
            "                 read     landed  repeats  quarantined  waiting\n"
            "  this run  1,204,881  1,204,881        0            0        0\n"
            "  The books balance: read = landed + repeats + quarantined + waiting.\n");
  EXPECT_EQ(exit_code_of(quiet_run()), kOk);
}

TEST(Summary, says_what_is_in_quarantine_and_the_next_command) {
  RunReport report = quiet_run();
  report.summary.shards = {{"file-1", books(10, 2, 0, 8)}};
  report.summary.quarantined_by_reason = {{"no-commit-time", 7}, {"crc-mismatch", 1}};
  report.quarantine = {{"no-commit-time", 7}, {"crc-mismatch", 1}};
  report.db = "my shop.duckdb";
  EXPECT_THAT(summary_text(report, false),
              HasSubstr("\n  8 records are in quarantine: 7 no-commit-time, 1 crc-mismatch.\n"
                        "    sluice quarantine list --db 'my shop.duckdb'\n"));
}

TEST(Summary, shows_each_shard_and_the_whole_life_of_the_file) {
  RunReport report = quiet_run();
  report.summary.shards = {{"shard-a", books(5, 5)}, {"shard-b", books(7, 4, 1, 1, 1)}};
  report.summary.shards_ever = {{"shard-a", books(1005, 1005)}, {"shard-b", books(7, 4, 1, 1, 1)}};
  EXPECT_THAT(summary_text(report, false),
              HasSubstr("                            read  landed  repeats  quarantined  waiting\n"
                        "  shard-a                      5       5        0            0        0\n"
                        "  shard-b                      7       4        1            1        1\n"
                        "  this run                    12       9        1            1        1\n"
                        "  since the file was made  1,012   1,009        1            1        1\n"));
}

TEST(Summary, of_many_shards_shows_them_only_on_request) {
  RunReport report = quiet_run();
  report.summary.shards.clear();
  for (int i = 0; i < 40; ++i) report.summary.shards.emplace("shard-" + std::to_string(i), books(1, 1));
  EXPECT_THAT(summary_text(report, false), HasSubstr("  40 shards; --verbose shows each.\n"));
  report.verbose = true;
  EXPECT_THAT(summary_text(report, false), HasSubstr("  shard-39  "));
}

TEST(Summary, says_what_waits_for_how_long_and_what_becomes_of_it) {
  RunReport report = quiet_run();
  report.summary.waiting = 3;
  report.summary.oldest_waiting_ns = kDayNs;
  report.now_ns = 3 * kDayNs + 3 * kDayNs / 24;
  report.summary.waiting_chunks = {"c-7f3a"};
  EXPECT_THAT(
      summary_text(report, false),
      HasSubstr(
          "  3 pieces of oversized records wait for the rest, the oldest for 2 d 3 h. What is not complete\n"
          "  after 8d goes to quarantine.\n    chunks: c-7f3a\n"));
}

TEST(Summary, names_tables_without_a_key_and_how_to_give_one) {
  RunReport report = quiet_run();
  report.summary.tables_to_mention = {
      {.table = {"public", "scratch\x1b"}, .key = {}, .keyless_rows = 12, .key_mismatches = 0}};
  const std::string text = summary_text(report, false);
  EXPECT_THAT(text, HasSubstr("    scratch\\x1b  12 rows have no key\n"));
  EXPECT_THAT(text, HasSubstr("--key schema.table=column,column"));
}

TEST(Summary, names_tables_whose_deletes_disagree_with_the_key) {
  RunReport report = quiet_run();
  report.summary.tables_to_mention = {{.table = {"depot", "bin"},
                                       .key = {.columns = {"aisle", "slot"}},
                                       .keyless_rows = 0,
                                       .key_mismatches = 4}};
  EXPECT_THAT(summary_text(report, false),
              HasSubstr("    depot.bin  4 deletes name other columns than its key (aisle, slot)\n"));
}

TEST(Summary, of_an_interrupted_run_says_that_nothing_is_lost) {
  RunReport report = quiet_run();
  report.summary.interrupted = true;
  EXPECT_THAT(summary_text(report, false),
              testing::StartsWith(
                  "Stopped. Everything read is durable; the next run continues at the same place.\n"));
  EXPECT_EQ(exit_code_of(report), kOk);
}

TEST(Summary, of_a_run_without_records_says_so) {
  RunReport report = quiet_run();
  report.summary.shards.clear();
  EXPECT_THAT(summary_text(report, false), testing::StartsWith("Nothing new in file:orders.ndjson.\n"));
}

TEST(Summary, that_does_not_balance_says_so_and_exits_with_3) {
  RunReport report = quiet_run();
  report.summary.imbalances = {"file-1: the ledger has 5 rows, cdc_events 4"};
  const std::string text = summary_text(report, false);
  EXPECT_THAT(text,
              HasSubstr("  THE BOOKS DO NOT BALANCE.\n    file-1: the ledger has 5 rows, cdc_events 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("The books balance")));
  EXPECT_EQ(exit_code_of(report), kImbalance);
}

TEST(Summary, strict_exits_with_4_on_quarantine_or_a_missing_key) {
  RunReport report = quiet_run();
  report.strict = true;
  EXPECT_EQ(exit_code_of(report), kOk);
  report.summary.quarantined_by_reason = {{"not-json", 1}};
  EXPECT_EQ(exit_code_of(report), kNeedsAPerson);
  report.strict = false;
  EXPECT_EQ(exit_code_of(report), kOk);
  RunReport keyless = quiet_run();
  keyless.strict = true;
  keyless.summary.tables_to_mention = {
      {.table = {"public", "t"}, .key = {}, .keyless_rows = 1, .key_mismatches = 0}};
  EXPECT_EQ(exit_code_of(keyless), kNeedsAPerson);
}

TEST(Summary, as_json_has_every_number) {
  RunReport report = quiet_run();
  report.summary.shards = {{"file \"1\"", books(3, 2, 0, 1)}};
  report.summary.shards_ever = report.summary.shards;
  report.summary.quarantined_by_reason = {{"not-json", 1}};
  report.quarantine = {{"not-json", 5}};
  report.summary.curiosities = {{"unknown-op", 2}};
  EXPECT_EQ(
      summary_json(report),
      R"({"interrupted":false,"balanced":true,"exit_code":0,"seconds":29.250,"this_run":{"read":3,"landed":2,"rows":2,"repeats":0,"quarantined":1,"waiting":0,"bytes":1536},)"
      R"("ever":{"read":3,"landed":2,"rows":2,"repeats":0,"quarantined":1,"waiting":0,"bytes":1536},)"
      R"("shards":{"file \"1\"":{"read":3,"landed":2,"rows":2,"repeats":0,"quarantined":1,"waiting":0,"bytes":1536}},)"
      R"("quarantined_by_reason":{"not-json":1},"quarantine":{"not-json":5},"waiting":{"pieces":0,"oldest_seconds":0,"chunks":[]},)"
      R"("tables":[],"unusual":{"unknown-op":2},"imbalances":[],"repeats_in_log":0,"expired_unread":0})"
      "\n");
}

TEST(Summary, proposes_to_skip_repeats_only_where_that_can_be_done) {
  RunReport report = quiet_run();
  report.repeats_in_log = 3;
  EXPECT_THAT(summary_text(report, false), HasSubstr("--repeats"));
  report.can_skip_repeats = false;
  EXPECT_THAT(summary_text(report, false), HasSubstr("3 rows of the log"));
  EXPECT_THAT(summary_text(report, false), Not(HasSubstr("--repeats")));
}

}  // namespace
}  // namespace sluice::app
