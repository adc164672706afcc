// A database of its own per test on the server of scripts/with-postgres, and what its emulation wrote.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catalog/postgres_connection.h"
#include "emulate/postgres.h"

namespace sluice::live {

// A record taken apart by PostgreSQL, a parser that is not ours. Images are the record's own bytes.
struct Record {
  std::string type;
  std::string op;
  std::string before;
  std::string after;
  std::string schema;
  std::string table;
  std::string tx_id;
  int64_t commit_ts_ns = 0;
  int64_t processed_ts_ns = 0;
  std::string chunk_id;  // of a fragment, or of a head's `after`
  uint64_t index = 0;
  uint64_t total_fragments = 0;
  std::string data;
  std::string crc32c;

  // "u orders null -> {...}"
  std::string story() const { return op + " " + table + " " + before + " -> " + after; }
};
Record parse_record(const std::string& line);
std::vector<std::string> stories(const std::vector<Record>& records);

// Keeps lines; can be told to fail, as a full disk would.
class KeepingOut final : public emulate::RecordOut {
 public:
  Result<void> write(std::string_view record) override;
  Result<void> flush() override { return {}; }
  std::vector<std::string> lines() const;
  size_t size() const;

  std::atomic<int> fail_after{-1};  // records; -1 never

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class LiveDatabase : public ::testing::Test {
 protected:
  LiveDatabase();
  ~LiveDatabase() override;

  void sql(const std::string& statements);
  std::string value_of(const std::string& query);
  // The error of a statement that must fail.
  std::string failure_of(const std::string& statement);
  std::string dsn() const { return dsn_; }

  // Makes the slot, so that what follows is seen.
  void watch() { EXPECT_TRUE(written_now().empty()); }
  // What was written since, by a run that stops at the newest change.
  std::vector<Record> written_now();
  std::vector<std::string> told_now() { return stories(written_now()); }

  emulate::PostgresOptions options;
  std::vector<std::string> notices;
  emulate::PostgresSummary summary;

 private:
  std::string name_;
  std::string dsn_;
  std::unique_ptr<catalog::Connection> connection_;
};

// An emulation with --follow on a thread of its own.
class Following {
 public:
  explicit Following(const emulate::PostgresOptions& options);
  ~Following();
  // Until `count` records were written; fails the test after half a minute.
  void wait_for(size_t count);
  // Stops it; everything committed before was written.
  std::vector<Record> stop();
  KeepingOut out;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace sluice::live
