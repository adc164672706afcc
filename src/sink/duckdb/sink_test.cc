#include "sink/duckdb/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sink/duckdb/duckdb.h"
#include "sink/duckdb/store.h"

namespace sluice::sink::duckdb {
namespace {

using change::Batch;
using change::Books;
using ::testing::HasSubstr;
using Cells = std::vector<std::optional<std::string>>;

class DuckDbSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-sink-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = (folder_ / "shop.duckdb").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Store> open(Repeats repeats = Repeats::Land) {
    Result<std::unique_ptr<Store>> sink =
        open_sink({.path = path_, .repeats = repeats, .catalog = std::nullopt});
    EXPECT_TRUE(sink.ok()) << (sink.ok() ? "" : sink.error().message);
    return sink.ok() ? std::move(sink).value() : nullptr;
  }

  // One change as a row of table `name`; the texts live in the batch.
  static void add_row(Batch& batch, const std::string& name, const std::string& record_id,
                      int64_t commit_ts_ns, const std::string& image, const std::string& op = "c",
                      const std::string& shard = "s0") {
    auto table = static_cast<uint32_t>(batch.tables.size());
    for (uint32_t i = 0; i < batch.tables.size(); ++i) {
      if (batch.tables[i].table == name) table = i;
    }
    if (table == batch.tables.size()) batch.tables.push_back({"public", name});
    change::Row row;
    row.position = {batch.arena.copy(shard), batch.arena.copy(std::to_string(batch.rows.size()))};
    row.table = table;
    row.operation = batch.arena.copy(op);
    row.record_id = batch.arena.copy(record_id);
    row.image = batch.arena.copy(image);
    row.tx_id = "t";
    row.commit_ts_ns = commit_ts_ns;
    batch.rows.push_back(row);
    Books& books = batch.books[shard];
    ++books.read;
    ++books.landed;
    ++books.rows;
  }

  static change::TableState table_state(const std::string& name, const std::vector<std::string>& columns) {
    change::TableState state;
    state.name = {"public", name};
    state.key.columns = {"id"};
    uint32_t ordinal = 0;
    for (const std::string& column : columns) {
      state.columns.push_back({column, change::kind_bit(change::ValueKind::Int), 1, ordinal++});
    }
    return state;
  }

  std::vector<Cells> query(const std::string& sql) {
    Result<std::unique_ptr<Database>> database = open_database({.path = path_, .access = Access::ReadOnly});
    EXPECT_TRUE(database.ok()) << (database.ok() ? "" : database.error().message);
    auto connection = std::move(database.value()->connect()).value();
    auto rows = connection->query(sql);
    EXPECT_TRUE(rows.ok()) << (rows.ok() ? "" : rows.error().message);
    std::vector<Cells> all;
    if (!rows.ok()) return all;
    while (const Cells* row = rows.value()->next().value()) all.push_back(*row);
    return all;
  }

  std::filesystem::path folder_;
  std::string path_;
};

std::string error_of(const std::string& path) {
  const auto sink = open_sink({.path = path, .catalog = std::nullopt});
  return sink.ok() ? "" : sink.error().message;
}

TEST_F(DuckDbSinkTest, RowsLandWithEveryColumnAndTheImageByteForByte) {
  const std::string image = R"({ "id":9007199254740993, "note":"Gr\u00f6\u00dfe" , "big":1.10})";
  {
    auto sink = open();
    Batch batch;
    add_row(batch, "orders", "9007199254740993", 1790000123456789017, image);
    batch.tables_changed.push_back(table_state("orders", {"id"}));
    ASSERT_TRUE(sink->apply(batch).ok());
  }
  EXPECT_THAT(
      query("SELECT source_schema, source_table, operation, record_id, CAST(event_data AS VARCHAR), "
            "commit_timestamp, "
            "commit_ts_ns, tx_id, shard_id, sequence_number FROM cdc_events"),
      ::testing::ElementsAre(Cells{"public", "orders", "c", "9007199254740993", image,
                                   "2026-09-21 14:15:23.456789", "1790000123456789017", "t", "s0", "0"}));
  EXPECT_THAT(query("SELECT id FROM orders_current"), ::testing::ElementsAre(Cells{"9007199254740993"}));
}

TEST_F(DuckDbSinkTest, ABatchIsWrittenInSmallRowGroupsSoThatThreadsShareIt) {
  {
    auto sink = open();
    Batch batch;
    for (int64_t i = 1; i <= 45'000; ++i) add_row(batch, "orders", std::to_string(i), i, R"({"id":1})");
    ASSERT_TRUE(sink->apply(batch).ok());
  }
  EXPECT_THAT(
      query("SELECT sum(count) AS rows FROM pragma_storage_info('cdc_events') WHERE column_name = 'event_id' "
            "AND segment_type <> 'VALIDITY' GROUP BY row_group_id ORDER BY rows"),
      ::testing::ElementsAre(Cells{"4040"}, Cells{"20480"}, Cells{"20480"}));
  EXPECT_THAT(query("SELECT count(DISTINCT event_id), min(event_id), max(event_id) FROM cdc_events"),
              ::testing::ElementsAre(Cells{"45000", "1", "45000"}));
}

TEST_F(DuckDbSinkTest, OnlyTheNewestEndedChunksAreKept) {
  {
    auto sink = open();
    Batch batch;
    for (const int64_t at : {3, 1, 4, 2})
      batch.chunks_finished.push_back({"c-" + std::to_string(at), 0, 1, "", at});
    ASSERT_TRUE(sink->apply(batch).ok());
  }
  {
    auto database = open_database({.path = path_});
    auto connection = std::move(database.value()->connect()).value();
    ASSERT_TRUE(forget_ended_chunks(*connection, 4).ok());
    ASSERT_TRUE(forget_ended_chunks(*connection, 2).ok());
  }
  EXPECT_THAT(query("SELECT chunk_id FROM cdc_finished_chunks ORDER BY ALL"),
              ::testing::ElementsAre(Cells{"c-3"}, Cells{"c-4"}));
}

TEST_F(DuckDbSinkTest, ARunContinuesWithWhatAnEarlierOneStored) {
  {
    auto sink = open();
    Batch batch;
    add_row(batch, "orders", "1", 5, R"({"id":1})");
    batch.checkpoints.push_back({"s0", "42:abc"});
    change::TableState table = table_state("orders", {"id", "total"});
    table.key = {{"tenant \"x\"", "id"}, change::KeyOrigin::Learned, 77};
    table.key_mismatches = 3;
    batch.tables_changed.push_back(table);
    batch.chunks_finished.push_back(
        {"c-1", 4'000'000'000U, 2, std::string("\0\1\2\3\377\376\375\374", 8), 9});
    ASSERT_TRUE(sink->apply(batch).ok());
  }
  const SavedState saved = open()->load().value();
  ASSERT_EQ(saved.checkpoints.size(), 1U);
  EXPECT_EQ(saved.checkpoints[0].position, "42:abc");
  EXPECT_EQ(saved.books.at("s0").read, 1);
  ASSERT_EQ(saved.tables.size(), 1U);
  EXPECT_EQ(saved.tables[0].key.columns, (std::vector<std::string>{"tenant \"x\"", "id"}));
  EXPECT_EQ(saved.tables[0].key.origin, change::KeyOrigin::Learned);
  EXPECT_EQ(saved.tables[0].key.learned_at_ns, 77);
  EXPECT_EQ(saved.tables[0].key_mismatches, 3);
  ASSERT_EQ(saved.tables[0].columns.size(), 2U);
  EXPECT_EQ(saved.tables[0].columns[1].name, "total");
  ASSERT_EQ(saved.finished_chunks.size(), 1U);
  EXPECT_EQ(saved.finished_chunks[0].crc32c, 4'000'000'000U);
  EXPECT_EQ(saved.finished_chunks[0].piece_crcs, std::string("\0\1\2\3\377\376\375\374", 8));
}

TEST_F(DuckDbSinkTest, MoreRowsThanOneRowGroupLandOnceEach) {
  {
    auto sink = open();
    Batch batch;
    for (int i = 0; i < 300'000; ++i)
      add_row(batch, "orders", std::to_string(i), i, R"({"id":)" + std::to_string(i) + "}");
    ASSERT_TRUE(sink->apply(batch).ok());
    EXPECT_EQ(sink->audit().value().counted.at("s0").rows, 300'000);
  }
  EXPECT_THAT(query("SELECT count(*), count(DISTINCT record_id), count(DISTINCT event_id), sum(commit_ts_ns) "
                    "FROM cdc_events"),
              ::testing::ElementsAre(Cells{"300000", "300000", "300000", "44999850000"}));
}

TEST_F(DuckDbSinkTest, RepeatsAreCountedWhenLandedAndBookedWhenSkipped) {
  for (const Repeats repeats : {Repeats::Land, Repeats::Skip}) {
    std::filesystem::remove(path_);
    auto sink = open(repeats);
    Batch first;
    add_row(first, "orders", "1", 5, R"({"id":1})");
    add_row(first, "orders", "1", 5, R"({"id":1})");
    add_row(first, "orders", "1", 6, R"({"id":1})");
    ASSERT_TRUE(sink->apply(first).ok());
    Batch second;
    add_row(second, "orders", "1", 5, R"({"id":1})", "c", "s1");
    add_row(second, "orders", "1", 5, R"({"id":1,"v":2})", "c", "s1");
    ASSERT_TRUE(sink->apply(second).ok());
    const auto books = sink->load().value().books;
    const bool skip = repeats == Repeats::Skip;
    // The change with another image under the same key and time is counted, but never skipped.
    EXPECT_EQ(sink->count_repeats(0, 100).value(), skip ? 1 : 3);
    EXPECT_EQ(books.at("s0").repeats, skip ? 1 : 0);
    EXPECT_EQ(books.at("s1").repeats, skip ? 1 : 0);
    EXPECT_EQ(books.at("s1").rows, skip ? 1 : 2);
    EXPECT_EQ(sink->audit().value().counted.at("s1").rows, books.at("s1").rows);
    EXPECT_TRUE(books.at("s0").balanced() && books.at("s1").balanced());
  }
}

TEST_F(DuckDbSinkTest, ARekeyCorrectsStoredRowsInTheSameTransaction) {
  auto sink = open();
  Batch first;
  add_row(first, "lines", "image:x", 1, R"({"a":1,"b":2})");
  add_row(first, "other", "keep", 1, R"({"a":1,"b":2})");
  ASSERT_TRUE(sink->apply(first).ok());
  Batch second;
  add_row(second, "lines", "[1,2]", 2, R"({"a":1,"b":2})", "d");
  second.rekeys.push_back({{"public", "lines"}, [](std::string_view op, std::string_view image) {
                             return std::string(op) + "|" + std::string(image.substr(0, 6));
                           }});
  ASSERT_TRUE(sink->apply(second).ok());
  sink.reset();
  EXPECT_THAT(
      query("SELECT source_table, record_id FROM cdc_events ORDER BY event_id"),
      ::testing::ElementsAre(Cells{"lines", R"(c|{"a":1)"}, Cells{"other", "keep"}, Cells{"lines", "[1,2]"}));
}

TEST_F(DuckDbSinkTest, PiecesWaitInTheStoreAndLeaveIt) {
  auto sink = open();
  const std::string bytes("{\"type\":\"fragment\"}\0\xFF", 21);
  Batch batch;
  batch.pieces_added.push_back({{"s0", "1"}, "c-1", false, 7, bytes, 123});
  batch.pieces_added.push_back({{"s1", "2"}, "c-2", true, 0, bytes, 124});
  ASSERT_TRUE(sink->apply(batch).ok());
  Arena arena;
  const auto pieces = sink->stored_pieces("c-1", arena).value();
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].bytes, bytes);
  EXPECT_EQ(pieces[0].index, 7U);
  EXPECT_EQ(pieces[0].first_seen_ns, 123);
  EXPECT_EQ(pieces[0].position.shard, "s0");
  EXPECT_EQ(sink->waiting_index(arena).value().size(), 2U);
  Batch next;
  next.chunks_removed.push_back("c-1");
  next.pieces_added.push_back({{"s0", "9"}, "c-1", false, 8, bytes, 125});
  ASSERT_TRUE(sink->apply(next).ok());
  EXPECT_EQ(sink->stored_pieces("c-1", arena).value()[0].index, 8U)
      << "what is removed goes before what is added";
}

TEST_F(DuckDbSinkTest, QuarantineKeepsTheBytesAndGivesThemBack) {
  auto sink = open();
  const std::string bytes("\x00\xFF not json", 11);
  Batch batch;
  batch.quarantined.push_back({{"s0", "17"}, "not-json", "record at byte 0: not JSON", "", bytes, 5});
  batch.books["s0"] = {.read = 1, .quarantined = 1};
  ASSERT_TRUE(sink->apply(batch).ok());
  auto entries = sink->quarantined(std::nullopt, "", 10, true).value();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].bytes, bytes);
  EXPECT_EQ(entries[0].sequence, "17");
  EXPECT_TRUE(sink->quarantined(99, "", 10, true).value().empty());
  EXPECT_TRUE(sink->quarantined(std::nullopt, "other", 10, true).value().empty());

  sink->release_with_next_apply(entries);
  Batch retried;
  add_row(retried, "orders", "1", 5, R"({"id":1})");
  retried.books["s0"].read = 0;
  ASSERT_TRUE(sink->apply(retried).ok());
  EXPECT_TRUE(sink->quarantined(std::nullopt, "", 10, true).value().empty());
  const Books books = sink->load().value().books.at("s0");
  EXPECT_TRUE(books.balanced());
  EXPECT_EQ(books.landed, 1);
}

TEST_F(DuckDbSinkTest, ViewsFollowTheTablesAndStaleOnesGo) {
  {
    auto sink = open();
    Batch batch;
    add_row(batch, "orders", "1", 5, R"({"id":1,"total":7})");
    batch.tables_changed.push_back(table_state("orders", {"id"}));
    ASSERT_TRUE(sink->apply(batch).ok());
    Batch wider;
    wider.tables_changed.push_back(table_state("orders", {"id", "total"}));
    ASSERT_TRUE(sink->apply(wider).ok());
    Batch more;
    more.tables_changed.push_back(table_state("customers", {"id"}));
    ASSERT_TRUE(sink->apply(more).ok());
  }
  EXPECT_THAT(query("SELECT id, total FROM orders_current"), ::testing::ElementsAre(Cells{"1", "7"}));
  EXPECT_TRUE(query("SELECT id FROM customers_current").empty());
  EXPECT_EQ(query("SELECT * FROM orders_as_of(TIMESTAMP '2020-01-01')").size(), 1U);
}

TEST_F(DuckDbSinkTest, ASecondWriterIsRefusedWithTheHoldersProcess) {
  const auto sink = open();
  // The lock is per process, so the second writer must be another one.
  const pid_t child = fork();
  if (child == 0) {
    const std::string message = error_of(path_);
    _exit(message.find("has it open") != std::string::npos &&
                  message.find("another process (id ") != std::string::npos
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DuckDbSinkTest, WhatIsNotOursIsRefusedInWords) {
  EXPECT_THAT(error_of(folder_.string()), HasSubstr("it is a directory. Name a file"));
  EXPECT_THAT(error_of((folder_ / "no" / "folder.duckdb").string()), HasSubstr("its folder does not exist"));
  std::ofstream(path_) << "SQLite format 3 and more bytes than a header needs to be taken for something of "
                          "ours ................";
  EXPECT_THAT(error_of(path_), HasSubstr("it is not a DuckDB file"));
  std::filesystem::remove(path_);
  {
    auto database = open_database({.path = path_, .access = Access::CreateOrReadWrite});
    auto connection = std::move(database.value()->connect()).value();
    ASSERT_TRUE(connection->execute("CREATE TABLE cdc_events (x INTEGER)").ok());
  }
  EXPECT_THAT(error_of(path_), HasSubstr("tables named cdc_... that sluice did not make"));
}

TEST_F(DuckDbSinkTest, ANewerStoreIsRefusedAndLeftAlone) {
  open();
  {
    auto database = open_database({.path = path_});
    auto connection = std::move(database.value()->connect()).value();
    ASSERT_TRUE(connection->execute("UPDATE cdc_meta SET value = '99' WHERE name = 'store_version'").ok());
  }
  EXPECT_THAT(error_of(path_), HasSubstr("a newer sluice wrote it (store version 99"));
  EXPECT_EQ(query("SELECT value FROM cdc_meta WHERE name = 'store_version'")[0][0], "99");
}

TEST_F(DuckDbSinkTest, AQueryOfAnyKindGivesTextsAndTypes) {
  open();
  auto database = open_database({.path = path_});
  auto connection = std::move(database.value()->connect()).value();
  auto rows = std::move(connection->query("SELECT 1::DECIMAL(12,2) AS a, NULL AS a, "
                                          "170141183460469231731687303715884105727::HUGEINT AS \"x y\";"))
                  .value();
  ASSERT_EQ(rows->columns().size(), 3U);
  EXPECT_EQ(rows->columns()[0].type, "DECIMAL(12,2)");
  EXPECT_TRUE(rows->columns()[2].numeric);
  EXPECT_EQ(*rows->next().value(), (Cells{"1.00", std::nullopt, "170141183460469231731687303715884105727"}));
  EXPECT_EQ(rows->next().value(), nullptr);
  EXPECT_NE(std::move(connection->query("EXPLAIN SELECT 1")).value()->next().value(), nullptr);
  EXPECT_EQ(std::move(connection->query("CREATE TEMP TABLE t (x INTEGER)")).value()->next().value(), nullptr);
  EXPECT_FALSE(connection->query("SELECT 1; SELECT 2").ok());
  EXPECT_EQ(connection->query_value("SELECT $1::BIGINT", {int64_t{INT64_MIN}}).value(),
            "-9223372036854775808");
}

}  // namespace
}  // namespace sluice::sink::duckdb
