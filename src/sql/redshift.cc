#include "sql/redshift.h"

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

constexpr std::string_view kEventLog = R"(CREATE TABLE IF NOT EXISTS cdc_events (
  event_id BIGINT IDENTITY(1, 1),
  source_schema VARCHAR(128) NOT NULL,
  source_table VARCHAR(128) NOT NULL,
  operation VARCHAR(10) NOT NULL,
  record_id VARCHAR(2048) NOT NULL,
  event_data SUPER,
  commit_timestamp TIMESTAMP,
  commit_ts_ns BIGINT NOT NULL,
  tx_id VARCHAR(64),
  shard_id VARCHAR(128) NOT NULL,
  sequence_number VARCHAR(128) NOT NULL,
  ingested_at TIMESTAMP DEFAULT SYSDATE
)
DISTSTYLE KEY
DISTKEY(record_id)
COMPOUND SORTKEY(source_table, commit_timestamp))";

constexpr std::string_view kTransactions = R"(CREATE OR REPLACE VIEW cdc_transactions AS
SELECT
  tx_id,
  MIN(commit_timestamp) AS committed_at,
  MIN(commit_ts_ns) AS commit_ts_ns,
  COUNT(*) AS changes,
  COUNT(DISTINCT source_schema || '.' || source_table) AS tables,
  SUM(CASE WHEN operation = 'c' THEN 1 ELSE 0 END) AS inserts,
  SUM(CASE WHEN operation = 'd' THEN 1 ELSE 0 END) AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
) AS change
GROUP BY tx_id)";

// One row, for nobody but the owner of the views. Without it what is masked is NULL.
constexpr std::string_view kMaskKey =
    "CREATE TABLE IF NOT EXISTS cdc_mask_key (\n  inner_key VARCHAR(64) NOT NULL,\n  outer_key VARCHAR(64) "
    "NOT NULL\n)";

// The order of one row's events at one commit time: r, then d, then the rest, then the greater text. An image
// of which Redshift cannot make one text loses to one of which it can.
constexpr std::string_view kRank = "CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END";
constexpr std::string_view kImageText =
    "CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END";

std::string text_of(const std::string& value, int bytes = 65535) {
  return fmt::format("{}::VARCHAR({})", value, bytes);
}

// A string that may be longer than a VARCHAR is, where large strings are switched on: NULL then, which
// --check counts, because the cast alone would cut it. Two bytes of its JSON are quotes.
std::string whole_text_of(const std::string& value) {
  return fmt::format("CASE WHEN JSON_SIZE({}) <= 65537 THEN {} END", value, text_of(value));
}

// The moment that `us` microseconds after 1970 are. In three whole numbers that fit 32 bits, because DATEADD
// takes no wider ones.
std::string moment_of(const std::string& us) {
  return fmt::format(
      "DATEADD(microsecond, ({0} % 1000000)::INTEGER, DATEADD(second, ({0} / 1000000 % 86400)::INTEGER, "
      "DATEADD(day, ({0} / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00')))",
      us);
}

// NULL for what the stream sends as infinity and for what is before Redshift's calendar.
std::string timestamp_of(const std::string& value) {
  const std::string us = value + "::BIGINT";
  return fmt::format("CASE WHEN {0} >= -210866803200000000 AND {0} <> 9223372036825200000 THEN {1} END", us,
                     moment_of(us));
}

Shown show_floating(const std::string& value, std::string_view type) {
  return {fmt::format("CASE WHEN {0} IN ('NaN', 'Infinity', '-Infinity') THEN {0}::{1} ELSE {2}::{1} END",
                      text_of(value, 16), type, value),
          ""};
}

Shown show_numeric(const ColumnType& type, const std::string& value) {
  const int precision = type.precision.value_or(0);
  const int scale = type.scale.value_or(0);
  if (precision < 1 || precision > 38 || scale < 0 || scale > std::min(precision, 37)) {
    return {text_of(value), "exact digits as text: no precision is declared that a DECIMAL holds"};
  }
  const std::string text = text_of(value, 100);
  const std::string whole = precision == scale ? "0" : fmt::format("0*[0-9]{{1,{}}}", precision - scale);
  const std::string fraction = scale == 0 ? "" : fmt::format("([.][0-9]{{0,{}}})?", scale);
  return {fmt::format("CASE WHEN {0} ~ '^-?{1}{2}$' THEN {0}::DECIMAL({3}, {4}) END", text, whole, fraction,
                      precision, scale),
          "NaN, infinities and what has more digits than declared are NULL"};
}

// An object or array as it is; JSON's null as SQL's.
std::string nested(const std::string& value) {
  return fmt::format("CASE WHEN JSON_TYPEOF({0}) <> 'null' THEN {0} END", value);
}

// JSON that was sent as text, or as itself.
std::string parsed(const std::string& value) {
  return fmt::format(
      "CASE WHEN JSON_TYPEOF({0}) IN ('object', 'array') THEN {0} WHEN CAN_JSON_PARSE({1}) THEN "
      "JSON_PARSE({1}) END",
      value, text_of(value));
}

Shown show_declared(const ColumnType& type, const std::string& value) {
  switch (type.type) {
    case Type::SmallInt:
      return {value + "::SMALLINT", ""};
    case Type::Integer:
      return {value + "::INTEGER", ""};
    case Type::BigInt:
    case Type::Oid:
      return {value + "::BIGINT", ""};
    case Type::Real:
      return show_floating(value, "REAL");
    case Type::DoublePrecision:
      return show_floating(value, "DOUBLE PRECISION");
    case Type::Numeric:
      return show_numeric(type, value);
    case Type::Boolean:
      return {value + "::BOOLEAN", ""};
    case Type::Text:
    case Type::Varchar:
      return {whole_text_of(value), "what is longer than 65,535 bytes is NULL"};
    case Type::Name:
    case Type::QuotedChar:
      return {text_of(value, 256), ""};
    case Type::Char:
      return {text_of(value), "the source drops trailing blanks"};
    case Type::Bytea:
      return {fmt::format("CASE WHEN LEN({0}) % 4 = 0 AND {0} ~ '^[A-Za-z0-9+/]*={{0,2}}$' "
                          "THEN TO_VARBYTE({0}, 'base64') END",
                          text_of(value)),
              "what is longer than 49,149 bytes is NULL"};
    case Type::Uuid:
      return {text_of(value, 36), "text"};
    case Type::Date:
      return {fmt::format("CASE WHEN {0}::BIGINT BETWEEN -2440588 AND 106751990 "
                          "THEN DATEADD(day, {0}::INTEGER, DATE '1970-01-01')::DATE END",
                          value),
              "infinities and days after 294246 are NULL"};
    case Type::Time:
    case Type::TimeTz: {
      const std::string us = value + "::BIGINT";
      return {fmt::format("CASE WHEN {0} BETWEEN 0 AND 86399999999 THEN {1}::TIME END", us, moment_of(us)),
              type.type == Type::Time ? "24:00:00 is NULL"
                                      : "24:00:00 is NULL; UTC: the source drops the offset"};
    }
    case Type::Timestamp:
      return {timestamp_of(value), "infinities are NULL"};
    case Type::TimestampTz:
      return {"(" + timestamp_of(value) + ") AT TIME ZONE 'UTC'", "infinities are NULL"};
    case Type::Interval:
      return {value + "::BIGINT", "microseconds; the source counts a month as 30.4375 days"};
    case Type::Json:
    case Type::Jsonb:
      return {parsed(value), "a SUPER value: without the text's blanks and order"};
    case Type::OidVector:
      return {nested(value), "the source always sends []"};
  }
  return {text_of(value), ""};
}

// A scalar's text, or an object's or array's JSON, which JSON_SERIALIZE gives only where a VARCHAR holds it.
std::string any_text(const std::string& value) {
  return fmt::format(
      "CASE WHEN JSON_SIZE({0}) > 65535 THEN NULL WHEN JSON_TYPEOF({0}) IN ('object', 'array') THEN "
      "JSON_SERIALIZE({0}) ELSE {1} END",
      value, text_of(value));
}

Shown show_inferred(Inferred inferred, const std::string& value) {
  switch (inferred) {
    case Inferred::Boolean:
      return {value + "::BOOLEAN", ""};
    case Inferred::Integer:
      return {value + "::BIGINT", ""};
    case Inferred::Double:
      return show_floating(value, "DOUBLE PRECISION");
    case Inferred::Json:
      return {nested(value), ""};
    case Inferred::Text:
      break;
  }
  return {any_text(value), "what is longer than 65,535 bytes is NULL"};
}

// The same hash in every dialect; NULL when there is no key.
std::string masked(const std::string& text) {
  return fmt::format(
      "SHA2((SELECT outer_key FROM cdc_mask_key) || SHA2((SELECT inner_key FROM cdc_mask_key) || {}, 256), "
      "256)",
      text);
}

Shown show(const ViewColumn& column, const std::string& value) {
  if (column.hashed) return {masked(any_text(value)), "a keyed hash"};
  return column.declared ? show_declared(*column.declared, value) : show_inferred(column.inferred, value);
}

std::string name_of(const std::string& stem, const std::string& suffix) {
  return fit_name(fold_case(stem), suffix, kRedshiftNameBytes);
}

std::string column_name(const ViewColumn& column) { return quote_identifier(name_of(column.name, "")); }

bool has_upper_case(const std::vector<ViewColumn>& columns) {
  return std::ranges::any_of(columns,
                             [](const ViewColumn& column) { return column.key != fold_case(column.key); });
}

// Whether a backslash in a literal escapes depends on the server, so none stands in one.
std::string literal(const std::string& text) {
  std::string out;
  for (size_t at = 0;;) {
    const size_t slash = text.find('\\', at);
    out += (at == 0 ? "" : " || CHR(92) || ") + quote_literal(text.substr(at, slash - at));
    if (slash == std::string::npos) return out;
    at = slash + 1;
  }
}

std::string where(const change::TableName& table) {
  return fmt::format("WHERE e.source_schema = {} AND e.source_table = {}", literal(table.schema),
                     literal(table.table));
}

// One of a view's own columns, in front of the table's.
struct OwnColumn {
  std::string_view name;
  std::string expression;
};

struct Body {
  std::vector<OwnColumn> own;
  const std::vector<ViewColumn>& columns;
  std::string rows;  // a SELECT that gives event_data and what `carried` names
  std::string_view carried;
  std::string_view filter;
};

std::string columns_text(const std::vector<Shown>& shown, const std::vector<std::string>& names) {
  std::string text;
  for (size_t at = 0; at < names.size(); ++at) text += names[at] + " " + shown[at].expression + "\n";
  return text;
}

// Each attribute is taken out of the image in an inner SELECT under a short name, so that the conversions can
// be read. `columns` is the view's afterwards.
std::string select_text(const Body& body, std::string& columns) {
  std::vector<Shown> shown;
  std::vector<std::string> names;
  for (const OwnColumn& own : body.own) {
    shown.push_back({own.expression, ""});
    names.emplace_back(own.name);
  }
  std::string attributes(body.carried);
  for (size_t at = 0; at < body.columns.size(); ++at) {
    shown.push_back(show(body.columns[at], fmt::format("r.v{}", at + 1)));
    names.push_back(column_name(body.columns[at]));
    attributes += fmt::format("{}\n    e.event_data.{} AS v{}", attributes.empty() ? "" : ",",
                              quote_identifier(body.columns[at].key), at + 1);
  }
  columns = columns_text(shown, names);
  return fmt::format("SELECT{}\nFROM (\n  SELECT{}\n  FROM (\n{}\n  ) AS e{}\n) AS r",
                     select_list(shown, names), attributes, body.rows, body.filter);
}

std::string record_id_text(const ViewTable& table, const std::string& record_id) {
  return table.hides_columns ? masked(record_id) : record_id;
}

// Each row's newest event. The table filter stands before the window.
std::string newest_events(const change::TableName& table) {
  return fmt::format(
      "    SELECT e.record_id, e.operation, e.event_data\n    FROM cdc_events AS e\n    {}\n"
      "    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,\n      {} "
      "DESC,\n"
      "      {} DESC NULLS LAST) = 1",
      where(table), kRank, kImageText);
}

// Every version once, however often it was delivered, with the time of the one that follows it.
std::string versions(const change::TableName& table) {
  return fmt::format(
      "    SELECT e.record_id, e.operation, e.commit_timestamp AS valid_from, e.commit_ts_ns, e.event_data,\n"
      "      LEAD(e.commit_timestamp) OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns,\n        {},\n"
      "        e.image_text NULLS FIRST, e.operation) AS valid_to\n"
      "    FROM (\n"
      "      SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, "
      "e.image_text,\n"
      "        ROW_NUMBER() OVER (PARTITION BY e.record_id, e.commit_ts_ns, e.operation, e.image_text\n"
      "          ORDER BY e.sequence_number) AS delivery\n"
      "      FROM (\n"
      "        SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, "
      "e.sequence_number,\n"
      "          {} AS image_text\n"
      "        FROM cdc_events AS e\n        {}\n      ) AS e\n    ) AS e\n    WHERE e.delivery = 1",
      kRank, kImageText, where(table));
}

std::string title(const ViewTable& table, std::string_view what) {
  return fmt::format("-- {} of {}.{}, made by sluice.\n", what, one_line(table.name.schema),
                     one_line(table.name.table));
}

std::string_view case_note(const View& view) {
  return view.case_sensitive
             ? "-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute "
               "is on.\n"
               "-- The view keeps that setting; who reads it needs none.\n"
             : "-- All attributes are in lower case: no setting of case sensitivity matters.\n";
}

std::string create(const View& view) {
  return fmt::format("CREATE OR REPLACE VIEW {} AS\n", quote_identifier(view.view_name));
}

View current_view(const ViewTable& table) {
  View view;
  view.table = table.name;
  view.view_name = name_of(table.stem, "_current");
  view.case_sensitive = has_upper_case(table.columns);
  Body body{{}, table.columns, newest_events(table.name), "", "\n  WHERE e.operation <> 'd'"};
  if (table.columns.empty()) {
    body.own = {{"record_id", record_id_text(table, "r.record_id")}};
    body.carried = " e.record_id";
    if (!table.hides_columns) {
      body.own.push_back({"event_data", "r.event_data"});
      body.carried = " e.record_id, e.event_data";
    }
  }
  view.create_view = fmt::format("{}{}{}{}", title(table, "The rows"), case_note(view), create(view),
                                 select_text(body, view.columns));
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
  view.case_sensitive = has_upper_case(columns);
  Body body{{{kOwn[0], record_id_text(table, "r.record_id")}},
            columns,
            versions(table.name),
            " e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns",
            ""};
  for (size_t at = 1; at < kOwn.size(); ++at) body.own.push_back({kOwn[at], "r." + std::string(kOwn[at])});
  if (columns.empty() && !table.hides_columns) {
    body.own.push_back({"event_data", "r.event_data"});
    body.carried = " e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns, e.event_data";
  }
  view.create_view = fmt::format("{}{}{}{}", title(table, "Every version of the rows"), case_note(view),
                                 create(view), select_text(body, view.columns));
  return view;
}

View changes_view(const ViewTable& table) {
  View view;
  view.kind = ViewKind::Changes;
  view.table = table.name;
  view.view_name = name_of(table.stem, "_changes");
  view.create_view = title(table, "Changes per day") + create(view) +
                     fmt::format(
                         "SELECT day, operation, COUNT(*) AS changes, "
                         "COUNT(DISTINCT record_id) AS records\n"
                         "FROM (\n  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, "
                         "e.record_id, e.commit_ts_ns\n"
                         "  FROM cdc_events AS e\n  {}\n) AS change\nGROUP BY day, operation",
                         where(table.name));
  return view;
}

// A row per element; what is no array has none.
View each_view(const ViewTable& table, const ViewTable::Array& array) {
  static constexpr std::array<std::string_view, 3> kOwn = {"record_id", "ordinal", "item"};
  const std::vector<ViewColumn> keys = beside(table.key, kOwn);
  View view;
  view.kind = ViewKind::Each;
  view.table = table.name;
  view.view_name = name_of(array.stem, "_each");
  std::vector<ViewColumn> read = table.key;
  read.push_back(array.column);
  view.case_sensitive = has_upper_case(read);
  std::vector<Shown> shown;
  std::vector<std::string> names;
  std::string attributes;
  for (size_t at = 0; at < keys.size(); ++at) {
    shown.push_back(show(keys[at], fmt::format("r.v{}", at + 1)));
    names.push_back(column_name(keys[at]));
    attributes += fmt::format("\n    e.event_data.{} AS v{},", quote_identifier(keys[at].key), at + 1);
  }
  if (keys.empty()) {
    shown.push_back({record_id_text(table, "r.record_id"), ""});
    names.emplace_back("record_id");
    attributes = "\n    e.record_id,";
  }
  shown.push_back({"ordinal + 1", ""});
  shown.push_back({"item", ""});
  names.emplace_back("ordinal");
  names.emplace_back("item");
  view.columns = columns_text(shown, names);
  const std::string items = parsed("e.event_data." + quote_identifier(array.column.key));
  view.create_view = title(table, "The elements of " + one_line(array.column.key)) +
                     std::string(case_note(view)) + create(view) +
                     fmt::format(
                         "SELECT{}\nFROM (\n  SELECT{}\n    {} AS items\n  FROM (\n"
                         "{}\n  ) AS e\n  WHERE e.operation <> 'd'\n) AS r, r.items AS item AT ordinal",
                         select_list(shown, names), attributes, items, newest_events(table.name));
  return view;
}

}  // namespace

Check redshift_check(const ViewTable& table) {
  Check check{table.name, {}, {}, false};
  std::string counts;
  std::string attributes;
  for (const ViewColumn& column : table.columns) {
    const std::string value = fmt::format("r.v{}", check.columns.size() + 1);
    const std::string shown = show(column, value).expression;
    if (column.hashed || shown == value) continue;
    check.case_sensitive = check.case_sensitive || column.key != fold_case(column.key);
    const std::string lost =
        fmt::format("CASE WHEN JSON_TYPEOF({}) <> 'null' AND ({}) IS NULL", value, shown);
    counts += fmt::format(
        "{0}SUM({1} THEN 1 ELSE 0 END), MIN({1} THEN r.record_id END), MAX({1} THEN r.record_id END)",
        counts.empty() ? "" : ",\n  ", lost);
    attributes += fmt::format(",\n    e.event_data.{} AS {}", quote_identifier(column.key), value.substr(2));
    check.columns.push_back(name_of(column.name, ""));
  }
  check.query = fmt::format(
      "SELECT {}\nFROM (\n  SELECT e.record_id{}\n  FROM (\n{}\n  ) AS e\n  WHERE e.operation <> 'd'\n) AS r",
      counts, attributes, newest_events(table.name));
  return check;
}

View redshift_transactions() {
  View view;
  view.kind = ViewKind::Changes;
  view.view_name = "cdc_transactions";
  view.create_view = kTransactions;
  return view;
}

std::vector<std::string> redshift_schema() {
  return {std::string(kEventLog), std::string(kMaskKey), std::string(kTransactions)};
}

std::vector<View> redshift_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                                 const ViewOptions& options) {
  return every_view(tables, catalog, options, {current_view, history_view, changes_view, each_view});
}

}  // namespace sluice::sql
