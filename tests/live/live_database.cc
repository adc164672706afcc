#include "live_database.h"

#include <chrono>
#include <cstdlib>

#include "base/text.h"

namespace sluice::live {
namespace {

std::string server_dsn() {
  const char* dsn = std::getenv("SLUICE_TEST_DSN");
  if (dsn == nullptr) {
    std::fprintf(stderr, "SLUICE_TEST_DSN is not set; run this with scripts/with-postgres -- PROGRAM\n");
    std::exit(2);
  }
  return dsn;
}

}  // namespace

// PostgreSQL's json type keeps a member's text as it stands.
Record parse_record(const std::string& line) {
  static catalog::Connection parser = catalog::Connection::open(server_dsn()).value();
  Result<catalog::Rows> parsed = parser.run(
      "SELECT j->>'type', j->>'op', j->'before', j->'after', j#>>'{source,schema}', j#>>'{source,table}', "
      "j#>>'{source,txId}', j#>>'{source,ts_ns}', j->>'ts_ns', coalesce(j->>'chunk_id', "
      "j#>>'{chunked,after,chunk_id}'), "
      "coalesce(j->>'index', '0'), coalesce(j#>>'{chunked,after,total_fragments}', '0'), j->>'data', "
      "j#>>'{chunked,after,crc32c}' FROM (SELECT $1::json AS j) record",
      {line});
  EXPECT_TRUE(parsed.ok()) << line;
  if (!parsed.ok()) return {};
  const catalog::Rows& row = parsed.value();
  Record record;
  record.type = row.text(0, 0);
  record.op = row.text(0, 1);
  record.before = row.text(0, 2);
  record.after = row.text(0, 3);
  record.schema = row.text(0, 4);
  record.table = row.text(0, 5);
  record.tx_id = row.text(0, 6);
  record.commit_ts_ns = parse_int64(row.text(0, 7)).value_or(-1);
  record.processed_ts_ns = parse_int64(row.text(0, 8)).value_or(-1);
  record.chunk_id = row.text(0, 9);
  record.index = parse_uint64(row.text(0, 10)).value_or(~0ULL);
  record.total_fragments = parse_uint64(row.text(0, 11)).value_or(~0ULL);
  record.data = row.text(0, 12);
  record.crc32c = row.text(0, 13);
  return record;
}

std::vector<std::string> stories(const std::vector<Record>& records) {
  std::vector<std::string> told;
  for (const Record& record : records) told.push_back(record.story());
  return told;
}

Result<void> KeepingOut::write(std::string_view record) {
  const std::scoped_lock lock(mutex_);
  if (fail_after >= 0 && lines_.size() >= static_cast<size_t>(fail_after)) return refused("the disk is full");
  lines_.emplace_back(record);
  return {};
}

std::vector<std::string> KeepingOut::lines() const {
  const std::scoped_lock lock(mutex_);
  return lines_;
}

size_t KeepingOut::size() const {
  const std::scoped_lock lock(mutex_);
  return lines_.size();
}

LiveDatabase::LiveDatabase() {
  static int number = 0;
  name_ = "live_" + std::to_string(++number);
  const std::string server = server_dsn();
  catalog::Connection maker = catalog::Connection::open(server).value();
  maker.run("CREATE DATABASE " + name_).value();
  dsn_ = server + " dbname=" + name_;
  connection_ = std::make_unique<catalog::Connection>(catalog::Connection::open(dsn_).value());
  options.dsn = dsn_;
  options.slot = "slot_of_" + name_;
  options.notice = [this](const std::string& notice) { notices.push_back(notice); };
}

LiveDatabase::~LiveDatabase() {
  EXPECT_TRUE(emulate::drop_emulation(options).ok());
  connection_.reset();
  catalog::Connection maker = catalog::Connection::open(server_dsn()).value();
  EXPECT_TRUE(maker.run("DROP DATABASE " + name_ + " WITH (FORCE)").ok());
}

void LiveDatabase::sql(const std::string& statements) {
  Result<catalog::Rows> rows = connection_->run(statements);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
}

std::string LiveDatabase::value_of(const std::string& query) {
  Result<catalog::Rows> rows = connection_->run(query);
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  return rows.ok() && rows.value().size() > 0 ? rows.value().text(0, 0) : "";
}

std::string LiveDatabase::failure_of(const std::string& statement) {
  const Result<catalog::Rows> rows = connection_->run(statement);
  EXPECT_FALSE(rows.ok()) << statement;
  return rows.ok() ? "" : rows.error().message;
}

std::vector<Record> LiveDatabase::written_now() {
  KeepingOut out;
  const std::atomic<bool> stop{false};
  Result<emulate::PostgresSummary> done = emulate::emulate_postgres(options, out, stop);
  EXPECT_TRUE(done.ok()) << done.error().message;
  if (done.ok()) summary = done.value();
  std::vector<Record> records;
  for (const std::string& line : out.lines()) records.push_back(parse_record(line));
  return records;
}

Following::Following(const emulate::PostgresOptions& options) {
  emulate::PostgresOptions following = options;
  following.follow = true;
  thread_ = std::thread([this, following] {
    Result<emulate::PostgresSummary> done = emulate::emulate_postgres(following, out, stop_);
    EXPECT_TRUE(done.ok()) << done.error().message;
  });
}

Following::~Following() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Following::wait_for(size_t count) {
  for (int turn = 0; turn < 600 && out.size() < count; ++turn) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_GE(out.size(), count);
}

std::vector<Record> Following::stop() {
  stop_ = true;
  thread_.join();
  std::vector<Record> records;
  for (const std::string& line : out.lines()) records.push_back(parse_record(line));
  return records;
}

}  // namespace sluice::live

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
