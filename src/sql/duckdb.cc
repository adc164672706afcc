#include "sql/duckdb.h"

#include <fmt/format.h>

#include <array>

#include "sql/columns.h"
#include "sql/names.h"
#include "sql/quote.h"
#include "sql/view_tables.h"

namespace sluice::sql {
namespace {

using catalog::ColumnType;
using catalog::Type;

// A named compression spares DuckDB from trying all of them on every row group, which is most of what landing
// costs.
constexpr std::string_view kEventLog = R"(CREATE TABLE IF NOT EXISTS cdc_events (
  event_id BIGINT,
  source_schema VARCHAR USING COMPRESSION dictionary,
  source_table VARCHAR USING COMPRESSION dictionary,
  operation VARCHAR USING COMPRESSION dictionary,
  record_id VARCHAR USING COMPRESSION zstd,
  event_data JSON USING COMPRESSION zstd,
  commit_timestamp TIMESTAMP,
  commit_ts_ns BIGINT,
  tx_id VARCHAR USING COMPRESSION zstd,
  shard_id VARCHAR USING COMPRESSION dictionary,
  sequence_number VARCHAR USING COMPRESSION zstd,
  ingested_at TIMESTAMP
);
)";

// Last writer wins, in the form that DuckDB runs fastest: an aggregate over two small columns finds the place
// of each row's newest event, and only those places are read. A window over whole rows says the same in one
// line and takes two times as long with one change per row and fourteen times with a hundred. Only rows with
// several events at their newest commit time (`tied`) pay for the order among those: r, then d, then the
// rest, then the greater text.
constexpr std::string_view kLiveRows =
    R"(CREATE OR REPLACE MACRO cdc_live_rows(schema_name, table_name, through_ns) AS TABLE
SELECT record_id, event_data
FROM cdc_events
WHERE source_schema = schema_name AND source_table = table_name AND commit_ts_ns <= through_ns
  AND operation <> 'd'
  AND rowid IN (
    WITH log AS NOT MATERIALIZED (
      SELECT record_id, operation, event_data, commit_ts_ns, rowid AS place
      FROM cdc_events
      WHERE source_schema = schema_name AND source_table = table_name AND commit_ts_ns <= through_ns
    ), newest AS MATERIALIZED (
      SELECT record_id, max(commit_ts_ns) AS commit_ts_ns, arg_max(place, commit_ts_ns) AS place
      FROM log GROUP BY record_id
    ), tied AS MATERIALIZED (
      SELECT DISTINCT record_id, commit_ts_ns
      FROM log JOIN newest USING (record_id, commit_ts_ns)
      WHERE log.place <> newest.place
    ), settled AS (
      SELECT record_id, arg_max(place, row(
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, event_data::VARCHAR)) AS place
      FROM log SEMI JOIN tied USING (record_id, commit_ts_ns) GROUP BY record_id
    )
    SELECT coalesce(settled.place, newest.place)
    FROM newest LEFT JOIN settled USING (record_id));
)";

// Every version once, however often it was delivered, with the time of the one that follows it.
constexpr std::string_view kVersions =
    R"(CREATE OR REPLACE MACRO cdc_versions(schema_name, table_name) AS TABLE
SELECT record_id, operation, commit_timestamp AS valid_from,
  lead(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
    CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, event_data, operation) AS valid_to,
  commit_ts_ns, event_data
FROM (
  SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data::VARCHAR AS event_data
  FROM cdc_events
  WHERE source_schema = schema_name AND source_table = table_name);
)";

constexpr std::string_view kTransactions = R"(CREATE OR REPLACE VIEW cdc_transactions AS
SELECT tx_id, min(commit_timestamp) AS committed_at, min(commit_ts_ns) AS commit_ts_ns, count(*) AS changes,
  count(DISTINCT (source_schema, source_table)) AS tables,
  count(*) FILTER (operation = 'c') AS inserts, count(*) FILTER (operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r')
GROUP BY tx_id;
)";

// A hash of a keyed hash, as HMAC, in texts: each key fills a block of SHA-256. Without a row of keys it is
// NULL.
constexpr std::string_view kMask =
    R"(CREATE TABLE IF NOT EXISTS cdc_mask_key (inner_key VARCHAR, outer_key VARCHAR);
CREATE OR REPLACE MACRO cdc_mask(v) AS sha256(
  (SELECT outer_key FROM cdc_mask_key) || sha256((SELECT inner_key FROM cdc_mask_key) || v));
)";

// The last nanosecond of the microsecond that `ts` names, clamped to what 64 bits hold. Text passes through
// three steps: a date gets a time, a time gets seconds, and what names no zone gets UTC.
constexpr std::string_view kThroughNs = R"(CREATE OR REPLACE MACRO cdc_through_ns(ts) AS
  CASE WHEN ts IS NOT NULL THEN epoch_us(greatest(least(
    regexp_replace(regexp_replace(regexp_replace(trim(ts::VARCHAR),
      '^([0-9]+-[0-9]+-[0-9]+)$', '\1 00:00:00'),
      '^([0-9]+-[0-9]+-[0-9]+[ T][0-9]+:[0-9]+)([^0-9:].*)?$', '\1:00\2'),
      '^([0-9]+-[0-9]+-[0-9]+[ T][0-9:.]+)$', '\1+00')::TIMESTAMPTZ,
    TIMESTAMPTZ '2262-04-11 23:47:16.854774+00'),
    TIMESTAMPTZ '1677-09-21 00:12:44+00')) * 1000 + 999 END;
)";

// From a value's text, as the image has it, to a type that a cast alone does not reach. The numbers are
// PostgreSQL's first and last day, its first microsecond, and the two that a DSQL stream sends for infinite
// timestamps.
constexpr std::string_view kConversions = R"(CREATE OR REPLACE MACRO cdc_date(days) AS
  CASE WHEN TRY_CAST(days AS BIGINT) > 2145042905 THEN DATE 'infinity'
       WHEN TRY_CAST(days AS BIGINT) < -2440588 THEN DATE '-infinity'
       ELSE make_date(TRY_CAST(days AS INTEGER)) END;
CREATE OR REPLACE MACRO cdc_time(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) BETWEEN 0 AND 86399999999
       THEN TIME '00:00:00' + to_microseconds(TRY_CAST(us AS BIGINT))
       WHEN TRY_CAST(us AS BIGINT) = 86400000000 THEN TIME '24:00:00' END;
CREATE OR REPLACE MACRO cdc_timestamp(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) = 9223372036825200000 THEN TIMESTAMP 'infinity'
       WHEN TRY_CAST(us AS BIGINT) = -9223372036832400000 THEN TIMESTAMP '-infinity'
       WHEN TRY_CAST(us AS BIGINT) >= -210866803200000000 THEN TRY(make_timestamp(TRY_CAST(us AS BIGINT))) END;
CREATE OR REPLACE MACRO cdc_timestamptz(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) = 9223372036825200000 THEN TIMESTAMPTZ 'infinity'
       WHEN TRY_CAST(us AS BIGINT) = -9223372036832400000 THEN TIMESTAMPTZ '-infinity'
       WHEN TRY_CAST(us AS BIGINT) >= -210866803200000000 THEN TRY(make_timestamptz(TRY_CAST(us AS BIGINT))) END;
CREATE OR REPLACE MACRO cdc_interval(us) AS TRY(to_microseconds(TRY_CAST(us AS BIGINT)));
CREATE OR REPLACE MACRO cdc_bytes(base64) AS TRY(from_base64(base64));
)";

std::string cast(const std::string& value, std::string_view type) {
  return "TRY_CAST(" + value + " AS " + std::string(type) + ")";
}

std::string call(std::string_view macro, const std::string& value) {
  return std::string(macro) + "(" + value + ")";
}

Shown show_numeric(const ColumnType& type, const std::string& value) {
  static constexpr int kMaxPrecision = 38;
  const int precision = type.precision.value_or(0);
  const int scale = type.scale.value_or(0);
  if (precision < 1 || precision > kMaxPrecision || scale < 0 || scale > precision) {
    return {value, "exact digits as text: no precision is declared that a DECIMAL holds"};
  }
  return {cast(value, "DECIMAL(" + std::to_string(precision) + "," + std::to_string(scale) + ")"),
          "NaN and infinities are NULL"};
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
      return {cast(value, "FLOAT"), ""};
    case Type::DoublePrecision:
      return {cast(value, "DOUBLE"), ""};
    case Type::Numeric:
      return show_numeric(type, value);
    case Type::Boolean:
      return {cast(value, "BOOLEAN"), ""};
    case Type::Text:
    case Type::Varchar:
    case Type::Name:
    case Type::QuotedChar:
      return {value, ""};
    case Type::Char:
      return {value, "the source drops trailing blanks"};
    case Type::Bytea:
      return {call("cdc_bytes", value), ""};
    case Type::Uuid:
      return {cast(value, "UUID"), ""};
    case Type::Date:
      return {call("cdc_date", value), ""};
    case Type::Time:
      return {call("cdc_time", value), ""};
    case Type::TimeTz:
      return {call("cdc_time", value), "UTC: the source drops the offset"};
    case Type::Timestamp:
      return {call("cdc_timestamp", value), ""};
    case Type::TimestampTz:
      return {call("cdc_timestamptz", value), ""};
    case Type::Interval:
      return {call("cdc_interval", value), "the source counts a month as 30.4375 days"};
    case Type::Json:
    case Type::Jsonb:
      return {cast(value, "JSON"), ""};
    case Type::OidVector:
      return {cast(value, "JSON"), "the source always sends []"};
  }
  return {value, ""};
}

Shown show_inferred(Inferred inferred, const std::string& value) {
  switch (inferred) {
    case Inferred::Boolean:
      return {cast(value, "BOOLEAN"), ""};
    case Inferred::Integer:
      return {cast(value, "BIGINT"), ""};
    case Inferred::Double:
      return {cast(value, "DOUBLE"), ""};
    case Inferred::Json:
      return {cast(value, "JSON"), ""};
    case Inferred::Text:
      break;
  }
  return {value, ""};
}

// A JSON pointer takes any key whatever, where a JSON path has keys that it cannot say ("" and "*").
std::string json_pointer(std::string_view key) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer.append("~0");
    } else if (c == '/') {
      pointer.append("~1");
    } else {
      pointer.push_back(c);
    }
  }
  return pointer;
}

Shown show(const ViewColumn& column, const std::string& value) {
  if (column.hashed) return {call("cdc_mask", value), "a keyed hash"};
  return column.declared ? show_declared(*column.declared, value) : show_inferred(column.inferred, value);
}

std::string of_table(std::string_view macro, const change::TableName& table, std::string_view more = {}) {
  return fmt::format("{}({}, {}{}{})", macro, quote_literal(table.schema), quote_literal(table.table),
                     more.empty() ? "" : ", ", more);
}

std::string record_id_text(const ViewTable& table) {
  return table.hides_columns ? "cdc_mask(record_id)" : "record_id";
}

// Some of a view's own columns, by their names in `rows`, and then the table's. Each image is parsed once,
// for all columns.
std::string select_text(std::span<const Shown> own, std::span<const std::string_view> own_names,
                        std::string_view carried, const std::vector<ViewColumn>& columns,
                        const std::string& rows) {
  std::vector<Shown> shown(own.begin(), own.end());
  std::vector<std::string> names(own_names.begin(), own_names.end());
  std::string pointers;
  for (size_t at = 0; at < columns.size(); ++at) {
    shown.push_back(show(columns[at], fmt::format("v[{}]", at + 1)));
    names.push_back(quote_identifier(columns[at].name));
    pointers +=
        "\n    " + quote_literal(json_pointer(columns[at].key)) + (at + 1 == columns.size() ? "" : ",");
  }
  return fmt::format(
      "SELECT{}\nFROM (\n  SELECT {}{}TRY(json_extract_string(event_data, [{}])) AS v\n  FROM {})",
      select_list(shown, names), carried, carried.empty() ? "" : ", ", pointers, rows);
}

// The rows as they stand.
std::string present(const ViewTable& table) {
  if (table.current_table) return of_table("cdc_current_rows", table.name);
  return of_table("cdc_live_rows", table.name, "9223372036854775807");
}

std::string rows_text(const ViewTable& table, const std::string& rows) {
  if (!table.columns.empty()) return select_text({}, {}, "", table.columns, rows);
  return fmt::format("SELECT {}\nFROM {}",
                     table.hides_columns ? "cdc_mask(record_id) AS record_id" : "record_id, event_data",
                     rows);
}

std::string create(const View& view) {
  return "CREATE OR REPLACE VIEW " + quote_identifier(view.view_name) + " AS\n";
}

View current_view(const ViewTable& table) {
  View view;
  view.table = table.name;
  view.view_name = table.stem + "_current";
  view.function_name = table.stem + "_as_of";
  view.create_view = create(view) + rows_text(table, present(table));
  view.create_function = "CREATE OR REPLACE MACRO " + quote_identifier(view.function_name) +
                         "(ts) AS TABLE\n" +
                         rows_text(table, of_table("cdc_live_rows", table.name, "cdc_through_ns(ts)"));
  return view;
}

View history_view(const ViewTable& table) {
  static constexpr std::array<std::string_view, 5> kOwn = {"record_id", "operation", "valid_from", "valid_to",
                                                           "commit_ts_ns"};
  View view;
  view.kind = ViewKind::History;
  view.table = table.name;
  view.view_name = table.stem + "_history";
  std::vector<Shown> own = {{record_id_text(table), ""}};
  for (size_t at = 1; at < kOwn.size(); ++at) own.push_back({std::string(kOwn[at]), ""});
  const std::string rows = of_table("cdc_versions", table.name);
  if (table.columns.empty()) {
    view.create_view =
        create(view) +
        fmt::format("SELECT {} AS record_id, operation, valid_from, valid_to, commit_ts_ns{}\nFROM {}",
                    own[0].expression, table.hides_columns ? "" : ", event_data", rows);
  } else {
    view.create_view =
        create(view) + select_text(own, kOwn, "record_id, operation, valid_from, valid_to, commit_ts_ns",
                                   beside(table.columns, kOwn), rows);
  }
  return view;
}

View changes_view(const ViewTable& table) {
  View view;
  view.kind = ViewKind::Changes;
  view.table = table.name;
  view.view_name = table.stem + "_changes";
  view.create_view =
      create(view) +
      fmt::format(
          "SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records\nFROM (\n"
          "  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns\n"
          "  FROM cdc_events\n  WHERE source_schema = {} AND source_table = {})\nGROUP BY day, operation",
          quote_literal(table.name.schema), quote_literal(table.name.table));
  return view;
}

// A row per element; what is no array has none.
View each_view(const ViewTable& table, const ViewTable::Array& array) {
  static constexpr std::array<std::string_view, 3> kOwn = {"record_id", "ordinal", "item"};
  View view;
  view.kind = ViewKind::Each;
  view.table = table.name;
  view.view_name = array.stem + "_each";
  std::vector<ViewColumn> read = beside(table.key, kOwn);
  std::vector<Shown> shown;
  std::vector<std::string> names;
  if (read.empty()) {
    shown.push_back({record_id_text(table), ""});
    names.emplace_back("record_id");
  }
  for (size_t at = 0; at < read.size(); ++at) {
    shown.push_back({fmt::format("k{}", at + 1), ""});
    names.push_back(quote_identifier(read[at].name));
  }
  std::string keys;
  std::string pointers;
  for (size_t at = 0; at < read.size(); ++at) {
    keys += fmt::format("{} AS k{}, ", show(read[at], fmt::format("v[{}]", at + 1)).expression, at + 1);
    pointers += quote_literal(json_pointer(read[at].key)) + ", ";
  }
  shown.push_back({"generate_subscripts(items, 1)", ""});
  shown.push_back({"unnest(items)", ""});
  names.emplace_back("ordinal");
  names.emplace_back("item");
  view.create_view =
      create(view) +
      fmt::format(
          "SELECT{}\nFROM (\n  SELECT record_id, {}TRY(json_extract(v[{}]::JSON, '$[*]')) AS items\n  FROM "
          "(\n"
          "    SELECT record_id, TRY(json_extract_string(event_data, [{}{}])) AS v\n    FROM {}))",
          select_list(shown, names), keys, read.size() + 1, pointers,
          quote_literal(json_pointer(array.column.key)), present(table));
  return view;
}

}  // namespace

std::string duckdb_schema() {
  std::string text;
  for (const std::string_view part :
       {kEventLog, kLiveRows, kVersions, kThroughNs, kConversions, kMask, kTransactions})
    text += part;
  return text;
}

Check duckdb_check(const ViewTable& table) {
  Check check{table.name, {}, {}, false};
  std::string counts;
  std::string pointers;
  for (const ViewColumn& column : table.columns) {
    const std::string value = fmt::format("v[{}]", check.columns.size() + 1);
    const std::string shown = show(column, value).expression;
    if (column.hashed || shown == value) continue;
    const std::string lost = fmt::format("FILTER ({} IS NOT NULL AND {} IS NULL)", value, shown);
    counts += fmt::format("{0}count(*) {1}, min(record_id) {1}, max(record_id) {1}",
                          counts.empty() ? "" : ",\n  ", lost);
    pointers += (pointers.empty() ? "" : ", ") + quote_literal(json_pointer(column.key));
    check.columns.push_back(column.name);
  }
  check.query = fmt::format(
      "SELECT {}\nFROM (\n  SELECT record_id, TRY(json_extract_string(event_data, [{}])) AS v\n  FROM {})",
      counts, pointers, present(table));
  return check;
}

std::vector<View> duckdb_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                               const ViewOptions& options) {
  return every_view(tables, catalog, options, {current_view, history_view, changes_view, each_view});
}

}  // namespace sluice::sql
