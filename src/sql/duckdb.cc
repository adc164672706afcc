#include "sql/duckdb.h"

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

// How a column is made from its value's text, and what is lost on the way, for the reader of the view.
struct Shown {
  std::string expression;
  std::string_view loss;
};

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

// The SELECT over one table's rows as they stood at `through`. Each image is parsed once, for all columns.
std::string select_text(const change::TableName& table, const std::vector<ViewColumn>& columns,
                        std::string_view through) {
  const std::string rows = "cdc_live_rows(" + quote_literal(table.schema) + ", " +
                           quote_literal(table.table) + ", " + std::string(through) + ")";
  if (columns.empty()) return "SELECT record_id, event_data\nFROM " + rows;
  std::string shown_columns;
  std::string pointers;
  for (size_t at = 0; at < columns.size(); ++at) {
    const ViewColumn& column = columns[at];
    const std::string value = "v[" + std::to_string(at + 1) + "]";
    const Shown shown = column.declared.has_value() ? show_declared(*column.declared, value)
                                                    : show_inferred(column.inferred, value);
    const bool last = at + 1 == columns.size();
    shown_columns += "\n  " + shown.expression + " AS " + quote_identifier(column.name) + (last ? "" : ",");
    if (!shown.loss.empty()) shown_columns += "  -- " + std::string(shown.loss);
    pointers += "\n    " + quote_literal(json_pointer(column.key)) + (last ? "" : ",");
  }
  return "SELECT" + shown_columns + "\nFROM (\n  SELECT TRY(json_extract_string(event_data, [" + pointers +
         "])) AS v\n  FROM " + rows + ")";
}

View view_of(const change::TableName& table, const std::string& stem,
             const std::vector<ViewColumn>& columns) {
  View view;
  view.table = table;
  view.view_name = stem + "_current";
  view.macro_name = stem + "_as_of";
  view.create_view = "CREATE OR REPLACE VIEW " + quote_identifier(view.view_name) + " AS\n" +
                     select_text(table, columns, "9223372036854775807");
  view.create_macro = "CREATE OR REPLACE MACRO " + quote_identifier(view.macro_name) + "(ts) AS TABLE\n" +
                      select_text(table, columns, "cdc_through_ns(ts)");
  return view;
}

}  // namespace

std::string duckdb_schema() {
  std::string text;
  for (const std::string_view part : {kEventLog, kLiveRows, kThroughNs, kConversions}) text += part;
  return text;
}

std::vector<View> duckdb_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog) {
  std::vector<View> views;
  for (const ViewTable& table : view_tables(tables, catalog))
    views.push_back(view_of(table.name, table.stem, table.columns));
  return views;
}

}  // namespace sluice::sql
