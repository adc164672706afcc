#include "sink/redshift/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/json_text.h"
#include "sql/quote.h"

namespace sluice::sink::redshift {
namespace {

constexpr std::string_view kColumns =
    "(source_schema, source_table, operation, record_id, event_data, commit_timestamp, commit_ts_ns, tx_id, "
    "shard_id, sequence_number, ingested_at)";

// Every member is cast, but for the image: it stays the SUPER that it is. A failed cast would give NULL,
// which the columns of the key refuse.
constexpr std::string_view kPackedSelect =
    " SELECT r.s::varchar(128), r.t::varchar(128), r.o::varchar(10), r.k::varchar(2048), r.d, "
    "r.c::varchar(32)::timestamp, r.n::bigint, r.x::varchar(64), r.h::varchar(128), r.q::varchar(128), "
    "SYSDATE "
    "FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r";

void append_member(std::string& to, std::string_view name, std::string_view value) {
  to += name;
  append_json_string(to, value);
}

}  // namespace

size_t Statement::bytes() const {
  size_t sum = sql.size();
  for (const auto& [name, value] : parameters) sum += name.size() + value.size();
  return sum;
}

std::string log_table(const Settings& settings) {
  return sql::quote_identifier(settings.schema) + ".cdc_events";
}

std::string timestamp_text(int64_t commit_ts_ns) {
  constexpr int64_t kDayUs = 86'400'000'000;
  const auto floor_div = [](int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); };
  const int64_t us = floor_div(commit_ts_ns, 1000);
  const int64_t day = floor_div(us, kDayUs);
  const int64_t of_day = us - day * kDayUs;
  // Days since 1970 to the calendar, after the public-domain formula of the proleptic Gregorian era.
  const int64_t z = day + 719'468;
  const int64_t era = floor_div(z, 146'097);
  const int64_t doe = z - era * 146'097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  std::string text = "0000-00-00 00:00:00.000000";
  // Writes the digits that end before `end`.
  const auto put = [&text](size_t end, size_t digits, int64_t value) {
    for (; digits > 0; --digits, value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, 4, year);
  put(7, 2, month);
  put(10, 2, doy - (153 * mp + 2) / 5 + 1);
  put(13, 2, of_day / 3'600'000'000);
  put(16, 2, of_day / 60'000'000 % 60);
  put(19, 2, of_day / 1'000'000 % 60);
  put(26, 6, of_day % 1'000'000);
  return text;
}

void append_packed_row(std::string& to, const change::Row& row, const change::TableName& table) {
  append_member(to, R"({"s":)", table.schema);
  append_member(to, R"(,"t":)", table.table);
  append_member(to, R"(,"o":)", row.operation);
  append_member(to, R"(,"k":)", row.record_id);
  if (!row.image.empty()) {
    to += R"(,"d":)";
    to += row.image;
  }
  append_member(to, R"(,"c":)", timestamp_text(row.commit_ts_ns));
  to += R"(,"n":)";
  to += std::to_string(row.commit_ts_ns);
  if (!row.tx_id.empty()) append_member(to, R"(,"x":)", row.tx_id);
  append_member(to, R"(,"h":)", row.position.shard);
  append_member(to, R"(,"q":)", row.position.sequence);
  to += '}';
}

StatementBuilder::StatementBuilder(const Settings& settings, size_t max_bytes, size_t max_parameters)
    : settings_(settings), max_bytes_(max_bytes), max_parameters_(max_parameters) {}

bool StatementBuilder::add(const change::Row& row, const change::TableName& table) {
  const bool taken = settings_.shape == Shape::Values ? add_values(row, table) : add_packed(row, table);
  if (taken) ++rows_;
  return taken;
}

bool StatementBuilder::add_packed(const change::Row& row, const change::TableName& table) {
  if (rows_ == 0) {
    statement_.sql = fmt::format("INSERT INTO {} {}{}", log_table(settings_), kColumns, kPackedSelect);
    statement_.parameters = {{"p", "["}};
  }
  std::string& list = statement_.parameters[0].second;
  const size_t before = list.size();
  if (rows_ == 0) {
    list.reserve(max_bytes_);
  } else {
    list += ',';
  }
  append_packed_row(list, row, table);
  if (statement_.sql.size() + list.size() + 2 <= max_bytes_) return true;
  list.resize(before);
  return false;
}

std::string StatementBuilder::bound(std::string_view value, std::string_view type) {
  if (value.empty()) return fmt::format("''::{}", type);
  auto& all = statement_.parameters;
  auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.second == value; });
  if (found == all.end()) {
    std::string name = fmt::format("v{}", all.size());
    parameter_bytes_ += name.size() + value.size();
    found = all.insert(all.end(), {std::move(name), std::string(value)});
  }
  return type.empty() ? ":" + found->first : fmt::format(":{}::{}", found->first, type);
}

bool StatementBuilder::add_values(const change::Row& row, const change::TableName& table) {
  const Statement before{
      rows_ == 0 ? fmt::format("INSERT INTO {} {} VALUES ", log_table(settings_), kColumns) : statement_.sql,
      {}};
  const size_t parameters_before = statement_.parameters.size();
  const size_t bytes_before = parameter_bytes_;
  statement_.sql = before.sql + (rows_ == 0 ? "(" : ", (");
  // A text of up to 65,535 bytes may be cast; beyond that the cast itself would cut it.
  const std::string_view image_type = row.image.size() <= 65'535 ? "varchar(65535)" : "";
  // One after another: the numbers of the parameters, and with them the token, must not be the compiler's
  // choice.
  std::string& sql = statement_.sql;
  sql += bound(table.schema, "varchar(128)");
  sql += ", " + bound(table.table, "varchar(128)");
  sql += ", " + bound(row.operation, "varchar(10)");
  sql += ", " + bound(row.record_id, "varchar(2048)");
  sql += ", " + (row.image.empty() ? "NULL" : "JSON_PARSE(" + bound(row.image, image_type) + ")");
  sql += ", " + bound(timestamp_text(row.commit_ts_ns), "timestamp");
  sql += ", " + bound(std::to_string(row.commit_ts_ns), "bigint");
  sql += ", " + (row.tx_id.empty() ? "NULL::varchar(64)" : bound(row.tx_id, "varchar(64)"));
  sql += ", " + bound(row.position.shard, "varchar(128)");
  sql += ", " + bound(row.position.sequence, "varchar(128)");
  sql += ", SYSDATE)";
  if (statement_.sql.size() + parameter_bytes_ <= max_bytes_ &&
      statement_.parameters.size() <= max_parameters_)
    return true;
  statement_.sql = before.sql;
  statement_.parameters.resize(parameters_before);
  parameter_bytes_ = bytes_before;
  return false;
}

Statement StatementBuilder::take() {
  CHECK(rows_ > 0);
  if (settings_.shape != Shape::Values) statement_.parameters[0].second += ']';
  rows_ = 0;
  parameter_bytes_ = 0;
  return std::exchange(statement_, {});
}

Statement count_sample_row() {
  std::string list = "[";
  append_packed_row(list,
                    {.position = {"shard", "1"},
                     .table = 0,
                     .operation = "c",
                     .record_id = "1",
                     .image = R"({"id":1})",
                     .tx_id = "t",
                     .commit_ts_ns = 1'790'000'000'000'000'000},
                    {"public", "sample"});
  list += ']';
  return {fmt::format("SELECT COUNT(*) FROM ({}) sample", kPackedSelect.substr(1)), {{"p", std::move(list)}}};
}

Statement count_positions(const Settings& settings, const std::vector<const change::Row*>& rows) {
  std::string list = "[";
  for (const change::Row* row : rows) {
    if (list.size() > 1) list += ',';
    append_json_string(list, fmt::format("{} {}", row->position.shard, row->position.sequence));
  }
  list += ']';
  return {fmt::format("SELECT COUNT(DISTINCT e.shard_id || ' ' || e.sequence_number) FROM {} e "
                      "WHERE e.shard_id || ' ' || e.sequence_number IN "
                      "(SELECT r::varchar(257) FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r)",
                      log_table(settings)),
          {{"p", std::move(list)}}};
}

}  // namespace sluice::sink::redshift
