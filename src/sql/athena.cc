#include "sql/athena.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "sql/columns.h"
#include "sql/names.h"
#include "sql/quote.h"
#include "sql/view_tables.h"

namespace sluice::sql {
namespace {

using catalog::ColumnType;
using catalog::Type;

constexpr size_t kNameBytes = 255;  // of the Glue catalog

constexpr std::string_view kTransactions = R"(CREATE OR REPLACE VIEW cdc_transactions AS
SELECT
  tx_id,
  MIN(commit_timestamp) AS committed_at,
  MIN(commit_ts_ns) AS commit_ts_ns,
  COUNT(*) AS changes,
  COUNT(DISTINCT source_schema || '.' || source_table) AS tables,
  COUNT_IF(operation = 'c') AS inserts,
  COUNT_IF(operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
)
GROUP BY tx_id)";

// r, then d, then the rest; the greater text decides between two of the same.
constexpr std::string_view kRank = "CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END";

std::string cast(const std::string& value, std::string_view type) {
  return fmt::format("TRY_CAST({} AS {})", value, type);
}

// from_unixtime_nanos of a DECIMAL is exact. It refuses neither the infinities nor what is after its
// calendar, whose last millisecond is 2^51 - 1; the first is PostgreSQL's.
std::string timestamp_of(const std::string& value) {
  const std::string us = cast(value, "BIGINT");
  return fmt::format(
      "CASE WHEN {0} BETWEEN -210866803200000000 AND 2251799813685247999 THEN "
      "CAST(from_unixtime_nanos(CAST({0} AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6)) END",
      us);
}

// HH:MM:SS.ffffff, with 24:00:00 as it is.
std::string time_of(const std::string& value) {
  const std::string us = cast(value, "BIGINT");
  const auto two_digits = [&us](std::string_view divisor, std::string_view modulus) {
    return fmt::format("LPAD(CAST({} / {} % {} AS VARCHAR), 2, '0')", us, divisor, modulus);
  };
  return fmt::format(
      "CASE WHEN {} BETWEEN 0 AND 86400000000 THEN {} || ':' || {} || ':' || {} || '.' || "
      "LPAD(CAST({} % 1000000 AS VARCHAR), 6, '0') END",
      us, two_digits("3600000000", "25"), two_digits("60000000", "60"), two_digits("1000000", "60"), us);
}

Shown show_numeric(const ColumnType& type, const std::string& value) {
  const int precision = type.precision.value_or(0);
  const int scale = type.scale.value_or(0);
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
    return {value, "exact digits as text: no precision is declared that a DECIMAL holds"};
  return {cast(value, fmt::format("DECIMAL({}, {})", precision, scale)), "NaN and infinities are NULL"};
}

Shown show_declared(const ColumnType& type, const std::string& value) {
  switch (type.type) {
    case Type::SmallInt:
      return {cast(value, "SMALLINT"), ""};
    case Type::Integer:
      return {cast(value, "INTEGER"), ""};
    case Type::BigInt:
    case Type::Oid:
      return {cast(value, "BIGINT"), ""};
    case Type::Real:
      return {cast(value, "REAL"), ""};
    case Type::DoublePrecision:
      return {cast(value, "DOUBLE"), ""};
    case Type::Numeric:
      return show_numeric(type, value);
    case Type::Boolean:
      return {fmt::format("CASE {} WHEN 'true' THEN true WHEN 'false' THEN false END", value), ""};
    case Type::Text:
    case Type::Varchar:
    case Type::Name:
    case Type::QuotedChar:
      return {value, ""};
    case Type::Char:
      return {value, "the source drops trailing blanks"};
    case Type::Bytea:
      return {fmt::format("try(from_base64({}))", value), ""};
    case Type::Uuid:
      return {value, "text"};
    case Type::Date:
      return {fmt::format("CASE WHEN {0} BETWEEN -2440588 AND 2145042905 "
                          "THEN date_add('day', {0}, DATE '1970-01-01') END",
                          cast(value, "BIGINT")),
              "infinities are NULL"};
    case Type::Time:
      return {time_of(value), "text"};
    case Type::TimeTz:
      return {time_of(value), "text, in UTC: the source drops the offset"};
    case Type::Timestamp:
      return {timestamp_of(value), "infinities and years after 73326 are NULL"};
    case Type::TimestampTz:
      return {timestamp_of(value), "in UTC; infinities and years after 73326 are NULL"};
    case Type::Interval:
      return {cast(value, "BIGINT"), "microseconds; the source counts a month as 30.4375 days"};
    case Type::Json:
    case Type::Jsonb:
      return {value, "text, for json_extract and its kind"};
    case Type::OidVector:
      return {value, "text; the source always sends []"};
  }
  return {value, ""};
}

Shown show_inferred(Inferred inferred, const std::string& value) {
  switch (inferred) {
    case Inferred::Boolean:
      return {fmt::format("CASE {} WHEN 'true' THEN true WHEN 'false' THEN false END", value), ""};
    case Inferred::Integer:
      return {cast(value, "BIGINT"), ""};
    case Inferred::Double:
      return {cast(value, "DOUBLE"), ""};
    case Inferred::Json:
      return {value, "text, for json_extract and its kind"};
    case Inferred::Text:
      break;
  }
  return {value, ""};
}

// A key within a JSON path, in brackets, where any key can stand.
std::string json_path(std::string_view key) {
  std::string path = "$[\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') path.push_back('\\');
    path.push_back(c);
  }
  return path + "\"]";
}

// The value's text; an object's or array's JSON only where such a value can stand.
std::string value_text(const ViewColumn& column) {
  const std::string path = quote_literal(json_path(column.key));
  const bool may_nest = !column.declared.has_value()
                            ? column.inferred == Inferred::Json || column.inferred == Inferred::Text
                            : column.declared->type == Type::OidVector;
  std::string scalar = fmt::format("json_extract_scalar(event_data, {})", path);
  if (!may_nest) return scalar;
  return fmt::format("COALESCE({}, NULLIF(json_format(json_extract(event_data, {})), 'null'))", scalar, path);
}

// The same hash in every dialect; NULL when there is no key.
std::string masked(const std::string& text) {
  return fmt::format(
      "lower(to_hex(sha256(to_utf8((SELECT outer_key FROM cdc_mask_key) || lower(to_hex(sha256(to_utf8("
      "(SELECT inner_key FROM cdc_mask_key) || {}))))))))",
      text);
}

Shown show(const ViewColumn& column, const std::string& value) {
  if (column.hashed) return {masked(value), "a keyed hash"};
  return column.declared ? show_declared(*column.declared, value) : show_inferred(column.inferred, value);
}

// Lower case, and an underscore for what Athena does not take; with the checksum of the name where that
// changed it beyond its case.
std::string athena_word(const std::string& name) {
  std::string word = fold_case(name);
  const auto is_taken = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (std::ranges::all_of(word, is_taken)) return word;
  std::ranges::replace_if(
      word, [&](char c) { return !is_taken(c); }, '_');
  return with_checksum(word, name);
}

std::string name_of(const std::string& stem, const std::string& suffix) {
  return fit_name(athena_word(stem), suffix, kNameBytes);
}

std::string column_name(const ViewColumn& column) { return quote_identifier(name_of(column.name, "")); }

std::string where(const change::TableName& table) {
  return fmt::format("WHERE source_schema = {} AND source_table = {}", quote_literal(table.schema),
                     quote_literal(table.table));
}

std::string record_id_text(const ViewTable& table) {
  return table.hides_columns ? masked("record_id") : std::string("record_id");
}

// Each row's events, the newest in place 1. The table filter stands before the window.
std::string placed_events(const change::TableName& table) {
  return fmt::format(
      "    SELECT record_id, operation, event_data,\n"
      "      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,\n        {} DESC,\n"
      "        event_data DESC) AS place\n    FROM cdc_events\n    {}",
      kRank, where(table));
}

// Every version once, however often it was delivered, with the time of the one that follows it.
std::string versions(const change::TableName& table) {
  return fmt::format(
      "    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,\n"
      "      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,\n        {},\n"
      "        event_data, operation) AS valid_to\n"
      "    FROM (\n      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data\n"
      "      FROM cdc_events\n      {}\n    )",
      kRank, where(table));
}

struct Body {
  std::vector<Shown> shown;  // of the view's own columns, at first
  std::vector<std::string> names;
  std::string carried;  // to the outer SELECT, beside the values
};

void add_columns(Body& body, const std::vector<ViewColumn>& columns) {
  for (size_t at = 0; at < columns.size(); ++at) {
    body.shown.push_back(show(columns[at], fmt::format("v{}", at + 1)));
    body.names.push_back(column_name(columns[at]));
    body.carried +=
        fmt::format("{}\n    {} AS v{}", body.carried.empty() ? "" : ",", value_text(columns[at]), at + 1);
  }
}

std::string create(const View& view, const ViewTable& table, std::string_view what) {
  return fmt::format("-- {} of {}.{}, made by sluice.\nCREATE OR REPLACE VIEW {} AS\n", what,
                     one_line(table.name.schema), one_line(table.name.table),
                     quote_identifier(view.view_name));
}

View current_view(const ViewTable& table) {
  View view;
  view.table = table.name;
  view.view_name = name_of(table.stem, "_current");
  Body body;
  if (table.columns.empty()) {
    body = {{{record_id_text(table), ""}}, {"record_id"}, "\n    record_id"};
    if (!table.hides_columns)
      body = {{{"record_id", ""}, {"event_data", ""}},
              {"record_id", "event_data"},
              "\n    record_id, event_data"};
  }
  add_columns(body, table.columns);
  view.create_view =
      create(view, table, "The rows") +
      fmt::format(
          "SELECT{}\nFROM (\n  SELECT{}\n  FROM (\n{}\n  )\n  WHERE place = 1 AND operation <> 'd'\n)",
          select_list(body.shown, body.names), body.carried, placed_events(table.name));
  view.as_of_query = fmt::format(
      "SELECT *\nFROM {}\nWHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'\n"
      "  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)\n  AND operation <> 'd'",
      quote_identifier(name_of(table.stem, "_history")));
  return view;
}

View history_view(const ViewTable& table) {
  static constexpr std::array<std::string_view, 5> kOwn = {"record_id", "operation", "valid_from", "valid_to",
                                                           "commit_ts_ns"};
  const std::vector<ViewColumn> columns = beside(table.columns, kOwn);
  View view;
  view.kind = ViewKind::History;
  view.table = table.name;
  view.view_name = name_of(table.stem, "_history");
  Body body{{{record_id_text(table), ""}},
            {"record_id"},
            "\n    record_id, operation, valid_from, valid_to, commit_ts_ns"};
  for (size_t at = 1; at < kOwn.size(); ++at) {
    body.shown.push_back({std::string(kOwn[at]), ""});
    body.names.emplace_back(kOwn[at]);
  }
  if (columns.empty() && !table.hides_columns) {
    body.shown.push_back({"event_data", ""});
    body.names.emplace_back("event_data");
    body.carried += ", event_data";
  }
  add_columns(body, columns);
  view.create_view = create(view, table, "Every version of the rows") +
                     fmt::format("SELECT{}\nFROM (\n  SELECT{}\n  FROM (\n{}\n  )\n)",
                                 select_list(body.shown, body.names), body.carried, versions(table.name));
  return view;
}

View changes_view(const ViewTable& table) {
  View view;
  view.kind = ViewKind::Changes;
  view.table = table.name;
  view.view_name = name_of(table.stem, "_changes");
  view.create_view = create(view, table, "Changes per day") +
                     fmt::format(
                         "SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records\n"
                         "FROM (\n  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, "
                         "record_id, commit_ts_ns\n"
                         "  FROM cdc_events\n  {}\n)\nGROUP BY day, operation",
                         where(table.name));
  return view;
}

// A row per element; what is no array has none.
View each_view(const ViewTable& table, const ViewTable::Array& array) {
  static constexpr std::array<std::string_view, 3> kOwn = {"record_id", "ordinal", "item"};
  View view;
  view.kind = ViewKind::Each;
  view.table = table.name;
  view.view_name = name_of(array.stem, "_each");
  Body body;
  if (table.key.empty()) body = {{{record_id_text(table), ""}}, {"record_id"}, "\n    record_id"};
  add_columns(body, beside(table.key, kOwn));
  body.shown.push_back({"ordinal", ""});
  body.shown.push_back({"json_format(element)", ""});
  body.names.emplace_back("ordinal");
  body.names.emplace_back("item");
  view.create_view = create(view, table, "The elements of " + one_line(array.column.key)) +
                     fmt::format(
                         "SELECT{}\nFROM (\n  SELECT{},\n    try(CAST(json_parse({}) AS ARRAY(JSON))) AS "
                         "items\n  FROM (\n{}\n  )\n"
                         "  WHERE place = 1 AND operation <> 'd'\n)\nCROSS JOIN UNNEST(items) WITH "
                         "ORDINALITY AS e(element, ordinal)",
                         select_list(body.shown, body.names), body.carried, value_text(array.column),
                         placed_events(table.name));
  return view;
}

}  // namespace

std::vector<std::string> athena_schema(const std::string& location) {
  return {fmt::format(R"(CREATE TABLE IF NOT EXISTS cdc_events (
  event_id bigint,
  source_schema string,
  source_table string,
  operation string,
  record_id string,
  event_data string,
  commit_timestamp timestamp,
  commit_ts_ns bigint,
  tx_id string,
  shard_id string,
  sequence_number string,
  ingested_at timestamp
)
PARTITIONED BY (source_table, day(commit_timestamp))
LOCATION {}
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd'))",
                      quote_literal(location + "cdc_events/")),
          fmt::format(R"(CREATE TABLE IF NOT EXISTS cdc_mask_key (
  inner_key string,
  outer_key string
)
LOCATION {}
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet'))",
                      quote_literal(location + "cdc_mask_key/")),
          std::string(kTransactions)};
}

std::vector<View> athena_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                               const ViewOptions& options) {
  return every_view(tables, catalog, options, {current_view, history_view, changes_view, each_view});
}

}  // namespace sluice::sql
