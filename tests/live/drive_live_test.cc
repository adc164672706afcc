// `sluice drive` against a real PostgreSQL, and its changes seen through `sluice emulate`.
#include <map>

#include "catalog/catalog.h"
#include "emulate/drive.h"
#include "live_database.h"

namespace sluice::live {
namespace {

using Drive = LiveDatabase;

emulate::DriveSummary driven(const std::string& dsn, double seconds, bool schema_only = false) {
  emulate::DriveOptions options;
  options.dsn = dsn;
  options.rate = 0;
  options.seconds = seconds;
  options.schema_only = schema_only;
  const std::atomic<bool> stop{false};
  Result<emulate::DriveSummary> done = emulate::drive(options, stop);
  EXPECT_TRUE(done.ok()) << done.error().message;
  return done.ok() ? done.value() : emulate::DriveSummary{};
}

TEST_F(Drive, TheSchemaAloneIsEmptyAndLegalInDsql) {
  driven(dsn(), 0, true);
  driven(dsn(), 0, true);
  const catalog::Catalog catalog = catalog::read_postgres(dsn()).value();
  EXPECT_EQ(catalog.tables.size(), 4U);
  EXPECT_EQ(catalog.find({"public", "order_items"})->key, (std::vector<std::string>{"order_id", "line_no"}));
  EXPECT_EQ(value_of("SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), "0");
  EXPECT_EQ(value_of("SELECT count(*) FROM pg_class WHERE relkind = 'S'"), "0");
  EXPECT_EQ(value_of("SELECT count(*) FROM orders"), "0");
}

TEST_F(Drive, ASecondRunContinuesTheShop) {
  const emulate::DriveSummary first = driven(dsn(), 0.5);
  EXPECT_GT(first.transactions, 0);
  const int64_t orders = std::stoll(value_of("SELECT coalesce(max(order_id), 0) FROM orders"));
  driven(dsn(), 0.5);
  EXPECT_GT(std::stoll(value_of("SELECT max(order_id) FROM orders")), orders);
}

// The newest record of each row, whatever the order, is the row.
TEST_F(Drive, TheShopCanBeRebuiltFromItsRecordsInAnyOrder) {
  driven(dsn(), 0, true);
  watch();
  const emulate::DriveSummary done = driven(dsn(), 1.5);
  EXPECT_GT(done.inserts, 0);
  EXPECT_GT(done.updates, 0);
  EXPECT_GT(done.deletes, 0);
  options.delivery.duplicates = 0.1;
  options.delivery.reorder = emulate::kShuffleAll;
  struct Newest {
    int64_t commit_ts_ns = -1;
    std::string image;
  };
  std::map<std::string, Newest> rows;
  for (const Record& record : written_now()) {
    if (record.table != "order_items") continue;
    const std::string& image = record.op == "d" ? record.before : record.after;
    // Both images start with the key: {"order_id":1,"line_no":2
    const std::string key = image.substr(0, image.find_first_of(",}", image.find("line_no")));
    Newest& newest = rows[key];
    if (record.commit_ts_ns <= newest.commit_ts_ns) continue;
    newest = {record.commit_ts_ns, record.op == "d" ? "" : record.after};
  }
  std::map<std::string, std::string> rebuilt;
  for (const auto& [key, newest] : rows) {
    if (!newest.image.empty()) rebuilt[key] = newest.image;
  }
  std::map<std::string, std::string> expected;
  catalog::Connection connection = catalog::Connection::open(dsn()).value();
  const catalog::Rows items =
      connection.run("SELECT order_id, line_no, product_id, quantity, unit_price, discount FROM order_items")
          .value();
  for (int row = 0; row < items.size(); ++row) {
    const std::string key = "{\"order_id\":" + items.text(row, 0) + ",\"line_no\":" + items.text(row, 1);
    const std::string discount = items.value(row, 5) ? "\"" + items.text(row, 5) + "\"" : "null";
    expected[key] = key + ",\"product_id\":\"" + items.text(row, 2) +
                    "\",\"quantity\":" + items.text(row, 3) + ",\"unit_price\":\"" + items.text(row, 4) +
                    "\",\"discount\":" + discount + "}";
  }
  EXPECT_GT(expected.size(), 100U);
  EXPECT_EQ(rebuilt, expected);
}

}  // namespace
}  // namespace sluice::live
