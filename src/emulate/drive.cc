#include "emulate/drive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "catalog/postgres_connection.h"
#include "emulate/random.h"

namespace sluice::emulate {
namespace {

using catalog::Connection;
using catalog::Parameter;
using catalog::Rows;

constexpr const char* kSchema = R"sql(CREATE TABLE IF NOT EXISTS customers (
  customer_id bigint PRIMARY KEY,
  public_id uuid NOT NULL,
  name varchar(80) NOT NULL,
  email text,
  country char(4) NOT NULL,
  birthday date,
  member_until date,
  newsletter boolean NOT NULL,
  preferences json,
  avatar bytea,
  created_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS products (
  product_id uuid PRIMARY KEY,
  sku varchar(20) NOT NULL,
  title text NOT NULL,
  price numeric(12,2) NOT NULL,
  weight_kg double precision,
  rating real,
  stock integer NOT NULL,
  shelf_life interval,
  pickup_from time,
  changed_at timestamp NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
  order_id bigint PRIMARY KEY,
  customer_id bigint NOT NULL,
  status varchar(12) NOT NULL,
  total numeric(12,2) NOT NULL,
  note text,
  placed_at timestamptz NOT NULL,
  shipped_on date
);
CREATE TABLE IF NOT EXISTS order_items (
  order_id bigint,
  line_no integer,
  product_id uuid NOT NULL,
  quantity smallint NOT NULL,
  unit_price numeric(12,2) NOT NULL,
  discount numeric(5,4),
  PRIMARY KEY (order_id, line_no)
);
)sql";

// How many keys of each table the driver remembers to choose from; older rows are left alone.
constexpr size_t kRemembered = 5000;
// Tells this generator apart from others of the same seed.
constexpr uint64_t kDriveStream = 0x5409;

constexpr std::array<std::string_view, 12> kFirstNames = {
    "Ada", "Björn", "Chloé", "Dmitrij", "Ewa", "Fatıma", "Grace", "Hồng", "Iñaki", "Jörg", "美咲", "O'Neil"};
constexpr std::array<std::string_view, 8> kLastNames = {"Lovelace",     "Ångström", "Müller", "d\"Arc",
                                                        "Smith\\Jones", "Şahin",    "García", "Nguyễn"};
constexpr std::array<std::string_view, 6> kCountries = {"DE", "FR", "JP", "NZ", "US", "VN"};
constexpr std::array<std::string_view, 10> kThings = {"kettle", "lamp",    "chair", "notebook", "scarf",
                                                      "teapot", "bicycle", "clock", "mirror",   "basket"};
constexpr std::array<std::string_view, 8> kColours = {"red",   "blue",      "grün", "白い",
                                                      "amber", "sea-green", "🟣", "plain"};

constexpr std::array<std::string_view, 6> kNotes = {"please ring twice",
                                                    "gift 🎁",
                                                    "leave at the door,\nbehind the \"blue\" pot",
                                                    "",
                                                    "back\\slash and\ttab",
                                                    "Grüße an die Nachbarn"};

// The shop as the driver sees it: one connection, the keys it may choose, what it did.
class Shop {
 public:
  Shop(Connection& connection, uint64_t seed) : connection_(connection), seed_(seed) {}

  Result<void> remember_state();
  Result<void> change_something();
  const DriveSummary& summary() const { return summary_; }

 private:
  enum class Verb { Insert, Update, Delete };

  Result<int64_t> change(Verb verb, const std::string& sql, const std::vector<Parameter>& values);
  Result<void> load(const char* sql, std::vector<std::string>& keys);

  Result<void> add_customer();
  Result<void> edit_customer();
  Result<void> remove_customer();
  Result<void> add_product();
  Result<void> reprice_products();
  Result<void> place_order();
  Result<void> advance_order();
  Result<void> correct_order();
  Result<void> remove_order();
  Result<void> one_change();

  template <typename Array>
  std::string one_of(const Array& array) {
    return std::string(array[random_.index(array.size())]);
  }
  Parameter maybe(double probability, std::string value) {
    return random_.chance(probability) ? Parameter(std::move(value)) : std::nullopt;
  }
  std::string uuid();
  std::string money(int64_t most_cents);
  std::string date();
  std::string bytes_as_hex();
  std::string any(const std::vector<std::string>& keys) { return keys[random_.index(keys.size())]; }
  static void remember(std::vector<std::string>& keys, std::string key);

  Connection& connection_;
  uint64_t seed_;
  Random random_{0};  // from the seed and the shop's state, so that a second run makes other products
  DriveSummary summary_;
  std::vector<std::string> customers_;
  std::vector<std::string> products_;
  std::vector<std::string> orders_;
  int64_t next_customer_ = 1;
  int64_t next_order_ = 1;
};

void Shop::remember(std::vector<std::string>& keys, std::string key) {
  if (keys.size() >= kRemembered) keys.erase(keys.begin(), keys.begin() + kRemembered / 2);
  keys.push_back(std::move(key));
}

Result<void> Shop::load(const char* sql, std::vector<std::string>& keys) {
  const Rows rows = TRY(connection_.run(sql));
  keys.clear();
  for (int row = rows.size() - 1; row >= 0; --row) keys.push_back(rows.text(row, 0));
  return {};
}

Result<void> Shop::remember_state() {
  TRY(load("SELECT customer_id FROM customers ORDER BY customer_id DESC LIMIT 2500", customers_));
  TRY(load("SELECT product_id FROM products ORDER BY product_id DESC LIMIT 2500", products_));
  TRY(load("SELECT order_id FROM orders ORDER BY order_id DESC LIMIT 2500", orders_));
  // Items may outlive their order's number; none is given out again.
  const Rows next =
      TRY(connection_.run("SELECT (SELECT coalesce(max(customer_id), 0) + 1 FROM customers), "
                          "greatest((SELECT coalesce(max(order_id), 0) "
                          "FROM orders), (SELECT coalesce(max(order_id), 0) FROM order_items)) + 1, (SELECT "
                          "count(*) FROM products)"));
  next_customer_ = parse_int64(next.text(0, 0)).value_or(1);
  next_order_ = parse_int64(next.text(0, 1)).value_or(1);
  uint64_t state = kDriveStream;
  for (int column = 0; column < 3; ++column) {
    state += parse_uint64(next.text(0, column)).value_or(0);
    split_mix(state);
  }
  random_ = Random(seed_, state);
  return {};
}

Result<int64_t> Shop::change(Verb verb, const std::string& sql, const std::vector<Parameter>& values) {
  const Rows rows = TRY(connection_.run(sql, values));
  const int64_t touched = rows.touched();
  (verb == Verb::Insert   ? summary_.inserts
   : verb == Verb::Update ? summary_.updates
                          : summary_.deletes) += touched;
  return touched;
}

std::string Shop::uuid() {
  const uint64_t high = random_.next();
  const uint64_t low = random_.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFF,
                     0x8000 | (low >> 50), low & 0xFFFF'FFFF'FFFF);
}

std::string Shop::money(int64_t most_cents) {
  const int64_t cents = random_.between(1, most_cents);
  return fmt::format("{}.{:02}", cents / 100, cents % 100);
}

std::string Shop::date() {
  return fmt::format("{:04}-{:02}-{:02}", random_.between(1930, 2030), random_.between(1, 12),
                     random_.between(1, 28));
}

std::string Shop::bytes_as_hex() {
  std::string text = "\\x";
  const int64_t count = random_.between(0, 40);
  for (int64_t i = 0; i < count; ++i) text += fmt::format("{:02x}", random_.below(256));
  return text;
}

Result<void> Shop::add_customer() {
  const std::string id = std::to_string(next_customer_++);
  const std::string first = one_of(kFirstNames);
  TRY(change(Verb::Insert,
             "INSERT INTO customers VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp())",
             {id, uuid(), first + " " + one_of(kLastNames), maybe(0.8, "customer" + id + "@example.org"),
              one_of(kCountries), maybe(0.7, date()), maybe(0.3, random_.one_in(3) ? "infinity" : date()),
              random_.one_in(2) ? "true" : "false",
              maybe(0.5, fmt::format("{{\"colour\": \"{}\",  \"sizes\": [{}, null]}}", one_of(kColours),
                                     random_.between(30, 50))),
              maybe(0.3, bytes_as_hex())}));
  remember(customers_, id);
  return {};
}

Result<void> Shop::edit_customer() {
  TRY(change(
      Verb::Update,
      "UPDATE customers SET email = $2, newsletter = NOT newsletter, country = $3 WHERE customer_id = $1",
      {any(customers_), maybe(0.7, fmt::format("new{}@example.net", random_.below(100'000))),
       one_of(kCountries)}));
  return {};
}

Result<void> Shop::remove_customer() {
  const size_t which = random_.index(customers_.size());
  TRY(change(Verb::Delete, "DELETE FROM customers WHERE customer_id = $1", {customers_[which]}));
  customers_.erase(customers_.begin() + static_cast<std::ptrdiff_t>(which));
  return {};
}

Result<void> Shop::add_product() {
  const std::string id = uuid();
  const std::string rating =
      random_.one_in(10) ? "NaN" : fmt::format("{}.{}", random_.between(0, 4), random_.below(1000));
  TRY(change(Verb::Insert,
             "INSERT INTO products VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())",
             {id, fmt::format("{}-{:06}", one_of(kCountries), random_.below(1'000'000)),
              one_of(kColours) + " " + one_of(kThings), money(100'000),
              maybe(0.9, fmt::format("{}", random_.unit() * 40)), maybe(0.6, rating),
              std::to_string(random_.between(0, 500)),
              maybe(0.5, fmt::format("{} months {} days {}:30:00.25", random_.between(0, 30),
                                     random_.between(-3, 40), random_.between(0, 30))),
              maybe(0.5, fmt::format("{:02}:15:00.5", random_.between(6, 22)))}));
  remember(products_, id);
  return {};
}

Result<void> Shop::reprice_products() {
  const int64_t count = random_.between(1, 5);
  for (int64_t i = 0; i < count; ++i) {
    TRY(change(Verb::Update,
               "UPDATE products SET price = $2, stock = stock + $3, changed_at = clock_timestamp() WHERE "
               "product_id = $1",
               {any(products_), money(100'000), std::to_string(random_.between(0, 20))}));
  }
  return {};
}

// The order starts empty and gets its total last: several changes to one row in one transaction.
Result<void> Shop::place_order() {
  const std::string id = std::to_string(next_order_++);
  TRY(change(Verb::Insert, "INSERT INTO orders VALUES ($1, $2, 'new', 0, $3, clock_timestamp(), NULL)",
             {id, any(customers_), maybe(0.4, one_of(kNotes))}));
  const int64_t lines = random_.between(1, 5);
  for (int64_t line = 1; line <= lines; ++line) {
    const std::string product = any(products_);
    const std::string quantity = std::to_string(random_.between(1, 9));
    TRY(change(Verb::Insert,
               "INSERT INTO order_items SELECT $1, $2, product_id, $4, price, $5 FROM products WHERE "
               "product_id = $3",
               {id, std::to_string(line), product, quantity,
                maybe(0.3, fmt::format("0.{:04}", random_.below(5000)))}));
    TRY(change(Verb::Update, "UPDATE products SET stock = stock - $2 WHERE product_id = $1",
               {product, quantity}));
  }
  TRY(change(Verb::Update,
             "UPDATE orders SET total = (SELECT coalesce(sum(round(quantity * unit_price * (1 - "
             "coalesce(discount, 0)), "
             "2)), 0) FROM order_items WHERE order_id = $1) WHERE order_id = $1",
             {id}));
  remember(orders_, id);
  return {};
}

Result<void> Shop::advance_order() {
  const std::string id = any(orders_);
  if (random_.one_in(12)) {
    TRY(change(Verb::Update, "UPDATE orders SET status = 'cancelled', total = 0 WHERE order_id = $1", {id}));
    TRY(change(Verb::Delete, "DELETE FROM order_items WHERE order_id = $1", {id}));
    return {};
  }
  TRY(change(
      Verb::Update,
      "UPDATE orders SET shipped_on = CASE status WHEN 'paid' THEN current_date ELSE shipped_on END, status "
      "= "
      "CASE status WHEN 'new' THEN 'paid' WHEN 'paid' THEN 'shipped' WHEN 'shipped' THEN 'delivered' ELSE "
      "status END WHERE order_id = $1",
      {id}));
  return {};
}

// Changes a key, or takes a row away and puts another one with the same key in its place.
Result<void> Shop::correct_order() {
  const std::string id = any(orders_);
  if (random_.one_in(2)) {
    TRY(change(Verb::Update,
               "UPDATE order_items SET line_no = line_no + 10 WHERE order_id = $1 AND line_no = 1", {id}));
    return {};
  }
  const int64_t deleted =
      TRY(change(Verb::Delete, "DELETE FROM order_items WHERE order_id = $1 AND line_no = 2", {id}));
  if (deleted == 0) return {};
  TRY(change(Verb::Insert, "INSERT INTO order_items VALUES ($1, 2, $2, 1, $3, NULL)",
             {id, any(products_), money(5000)}));
  return {};
}

Result<void> Shop::remove_order() {
  const size_t which = random_.index(orders_.size());
  TRY(change(Verb::Delete, "DELETE FROM order_items WHERE order_id = $1", {orders_[which]}));
  TRY(change(Verb::Delete, "DELETE FROM orders WHERE order_id = $1", {orders_[which]}));
  orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(which));
  return {};
}

Result<void> Shop::one_change() {
  if (customers_.size() < 5) return add_customer();
  if (products_.size() < 10) return add_product();
  const uint64_t die = random_.below(100);
  if (die < 42 || orders_.size() < 20) return place_order();
  if (die < 68) return advance_order();
  if (die < 78) return add_customer();
  if (die < 82) return add_product();
  if (die < 88) return reprice_products();
  if (die < 93) return edit_customer();
  if (die < 96) return remove_order();
  if (die < 99) return correct_order();
  return remove_customer();
}

// One transaction in fifty changes its mind: nothing of it may ever be seen.
Result<void> Shop::change_something() {
  TRY(connection_.run("BEGIN"));
  if (random_.one_in(50) && !orders_.empty()) {
    const DriveSummary before = summary_;
    TRY(change(Verb::Update, "UPDATE orders SET note = 'never happened' WHERE order_id = $1",
               {any(orders_)}));
    TRY(connection_.run("ROLLBACK"));
    summary_ = before;
    return {};
  }
  TRY(one_change());
  TRY(connection_.run("COMMIT"));
  ++summary_.transactions;
  return {};
}

// Waits until `due_ns` or `stop`, in short pieces so that a signal is noticed.
void wait_until(int64_t due_ns, const std::atomic<bool>& stop) {
  constexpr int64_t kPiece = 50'000'000;
  for (int64_t left = due_ns - system_clock().steady_ns(); left > 0 && !stop.load();
       left = due_ns - system_clock().steady_ns()) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, kPiece)));
  }
}

}  // namespace

std::string shop_schema() { return kSchema; }

Result<DriveSummary> drive(const DriveOptions& options, const std::atomic<bool>& stop) {
  Connection connection = TRY(Connection::open(options.dsn));
  // One statement per transaction, as DSQL wants its DDL.
  const std::string schema = kSchema;
  for (size_t at = 0, end = 0; (end = schema.find(";\n", at)) != std::string::npos; at = end + 2) {
    TRY(connection.run(schema.substr(at, end - at)));
  }
  if (options.schema_only) return DriveSummary{};
  Shop shop(connection, options.seed);
  TRY(shop.remember_state());
  const int64_t start_ns = system_clock().steady_ns();
  const auto elapsed = [&] { return static_cast<double>(system_clock().steady_ns() - start_ns) * 1e-9; };
  for (int64_t turn = 0; !stop.load() && (options.seconds <= 0 || elapsed() < options.seconds); ++turn) {
    TRY(shop.change_something());
    if (options.rate > 0) {
      wait_until(start_ns + static_cast<int64_t>(static_cast<double>(turn + 1) / options.rate * 1e9), stop);
    }
  }
  DriveSummary summary = shop.summary();
  summary.seconds = elapsed();
  return summary;
}

}  // namespace sluice::emulate
