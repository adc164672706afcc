#include "sql/postgres.h"

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

// Texts compare by their bytes, whatever the database's collation: faster, and the same order everywhere. The
// index gives the views each row's newest event first.
constexpr std::string_view kEventLog = R"(CREATE TABLE IF NOT EXISTS cdc_events (
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  source_schema text COLLATE "C" NOT NULL,
  source_table text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  event_data jsonb,
  commit_timestamp timestamptz,
  commit_ts_ns bigint NOT NULL,
  tx_id text COLLATE "C",
  shard_id text COLLATE "C" NOT NULL,
  sequence_number text COLLATE "C" NOT NULL,
  ingested_at timestamptz NOT NULL DEFAULT now(),
  event_text text COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS cdc_events_newest
  ON cdc_events (source_schema, source_table, record_id, commit_ts_ns DESC);
CREATE INDEX IF NOT EXISTS cdc_events_keyless
  ON cdc_events (source_schema, source_table) WHERE record_id LIKE 'image:%';
)";

// Last writer wins: the newest commit of each row; at one commit time r gives way to d and d to anything
// else, and of two such the greater text wins.
constexpr std::string_view kLiveRows =
    R"(CREATE OR REPLACE FUNCTION cdc_live_rows(schema_name text, table_name text, through_ns bigint)
RETURNS TABLE (record_id text, event_data jsonb) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = schema_name AND event.source_table = table_name
      AND event.commit_ts_ns <= through_ns
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd';
END;
)";

// The last nanosecond of the microsecond that `ts` names, clamped to what 64 bits hold.
constexpr std::string_view kThroughNs = R"(CREATE OR REPLACE FUNCTION cdc_through_ns(ts timestamptz)
RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN ts >= timestamptz '2262-04-11 23:47:16.854775+00' THEN 9223372036854775807
  WHEN ts <= timestamptz '1677-09-21 00:12:44+00' THEN -9223372036854775807
  ELSE (extract(epoch FROM ts) * 1000000)::bigint * 1000 + 999 END;
)";

// From a value's text, as `->>` gives it, to a type. Nothing here raises: a pattern decides before each cast,
// and only for JSON, which no pattern can decide, an exception is caught. The bounds of the floats are where
// PostgreSQL's own input starts to refuse. The days and microseconds are PostgreSQL's first and last, and the
// two that a DSQL stream sends for infinite timestamps. Microseconds go in two steps, because an interval is
// multiplied as a double.
constexpr std::string_view kConversions = R"(CREATE OR REPLACE FUNCTION cdc_boolean(v text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE v WHEN 'true' THEN true WHEN 'false' THEN false END;
CREATE OR REPLACE FUNCTION cdc_bigint(v text)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v ~ '^-?[0-9]{1,20}$'
  THEN CASE WHEN v::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN v::bigint END END;
CREATE OR REPLACE FUNCTION cdc_integer(v text)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) BETWEEN -2147483648 AND 2147483647 THEN cdc_bigint(v)::integer END;
CREATE OR REPLACE FUNCTION cdc_smallint(v text)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) BETWEEN -32768 AND 32767 THEN cdc_bigint(v)::smallint END;
CREATE OR REPLACE FUNCTION cdc_numeric(v text)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity') THEN v::numeric
  WHEN length(v) <= 2000 AND v ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$' THEN v::numeric END;
CREATE OR REPLACE FUNCTION cdc_double(v text)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity', '-0', '-0.0') THEN v::double precision
  WHEN abs(cdc_numeric(v)) < 2.5e-324 THEN 0
  WHEN abs(cdc_numeric(v)) < 1.797693134862315807e308 THEN v::double precision END;
CREATE OR REPLACE FUNCTION cdc_real(v text)
RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity', '-0', '-0.0') THEN v::real
  WHEN abs(cdc_numeric(v)) < 7.1e-46 THEN 0
  WHEN abs(cdc_numeric(v)) < 3.40282356779733e38 THEN v::real END;
CREATE OR REPLACE FUNCTION cdc_uuid(v text)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN v::uuid END;
CREATE OR REPLACE FUNCTION cdc_bytes(v text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(v) % 4 = 0 AND v ~ '^[A-Za-z0-9+/]*={0,2}$' THEN decode(v, 'base64') END;
CREATE OR REPLACE FUNCTION cdc_date(v text)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) > 2145042905 THEN date 'infinity'
  WHEN cdc_bigint(v) < -2440588 THEN date '-infinity'
  ELSE date '1970-01-01' + cdc_bigint(v)::integer END;
CREATE OR REPLACE FUNCTION cdc_time(v text)
RETURNS time LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) = 86400000000 THEN time '24:00:00'
  WHEN cdc_bigint(v) BETWEEN 0 AND 86399999999
  THEN time '00:00:00' + cdc_bigint(v)::double precision * interval '1 microsecond' END;
CREATE OR REPLACE FUNCTION cdc_timestamp(v text)
RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE cdc_bigint(v) WHEN 9223372036825200000 THEN timestamp 'infinity'
  WHEN -9223372036832400000 THEN timestamp '-infinity'
  ELSE CASE WHEN cdc_bigint(v) >= -210866803200000000
    THEN timestamp '1970-01-01' + (cdc_bigint(v) / 86400000000)::double precision * interval '1 day'
      + (cdc_bigint(v) % 86400000000)::double precision * interval '1 microsecond' END END;
CREATE OR REPLACE FUNCTION cdc_timestamptz(v text)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cdc_timestamp(v) AT TIME ZONE 'UTC';
CREATE OR REPLACE FUNCTION cdc_interval(v text)
RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (cdc_bigint(v) / 3600000000)::double precision * interval '1 hour'
  + (cdc_bigint(v) % 3600000000)::double precision * interval '1 microsecond';
CREATE OR REPLACE FUNCTION cdc_json(v text)
RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN v::json; EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION cdc_jsonb(v text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN v::jsonb; EXCEPTION WHEN others THEN RETURN NULL; END $$;
)";

constexpr std::string_view kTransactions = R"(CREATE OR REPLACE VIEW cdc_transactions AS
SELECT tx_id, min(commit_timestamp) AS committed_at, min(commit_ts_ns) AS commit_ts_ns, count(*) AS changes,
  count(DISTINCT (source_schema, source_table)) AS tables,
  count(*) FILTER (WHERE operation = 'c') AS inserts, count(*) FILTER (WHERE operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
) AS change
GROUP BY tx_id;
)";

// A hash of a keyed hash, as HMAC, in texts: each key fills a block of SHA-256. A view hands the keys over,
// because it may read them and its reader may not.
constexpr std::string_view kMask =
    R"(CREATE TABLE IF NOT EXISTS cdc_mask_key (inner_key text NOT NULL, outer_key text NOT NULL);
CREATE OR REPLACE FUNCTION cdc_mask(v text, inner_key text, outer_key text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(sha256(convert_to(outer_key || encode(sha256(convert_to(inner_key || v, 'UTF8')), 'hex'), 'UTF8')), 'hex');
)";

constexpr size_t kNameBytes = 63;  // NAMEDATALEN - 1
constexpr std::string_view kRank = "CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END";

// A column's type, how it is made from its value, and what is lost on the way, for the reader of the view.
struct Made {
  std::string_view type;
  std::string_view function;  // of the value's text; empty: the text itself
  std::string_view loss;
};

Made show_declared(const ColumnType& type) {
  switch (type.type) {
    case Type::SmallInt:
      return {"smallint", "cdc_smallint", ""};
    case Type::Integer:
      return {"integer", "cdc_integer", ""};
    case Type::BigInt:
    case Type::Oid:
      return {"bigint", "cdc_bigint", ""};
    case Type::Real:
      return {"real", "cdc_real", ""};
    case Type::DoublePrecision:
      return {"double precision", "cdc_double", ""};
    case Type::Numeric:
      return {"numeric", "cdc_numeric", ""};
    case Type::Boolean:
      return {"boolean", "cdc_boolean", ""};
    case Type::Text:
    case Type::Varchar:
    case Type::Name:
    case Type::QuotedChar:
      return {"text", "", ""};
    case Type::Char:
      return {"text", "", "the source drops trailing blanks"};
    case Type::Bytea:
      return {"bytea", "cdc_bytes", ""};
    case Type::Uuid:
      return {"uuid", "cdc_uuid", ""};
    case Type::Date:
      return {"date", "cdc_date", ""};
    case Type::Time:
      return {"time", "cdc_time", ""};
    case Type::TimeTz:
      return {"time", "cdc_time", "UTC: the source drops the offset"};
    case Type::Timestamp:
      return {"timestamp", "cdc_timestamp", ""};
    case Type::TimestampTz:
      return {"timestamptz", "cdc_timestamptz", ""};
    case Type::Interval:
      return {"interval", "cdc_interval", "the source counts a month as 30.4375 days"};
    case Type::Json:
      return {"json", "cdc_json", ""};
    case Type::Jsonb:
      return {"jsonb", "cdc_jsonb", ""};
    case Type::OidVector:
      return {"jsonb", "cdc_jsonb", "the source always sends []"};
  }
  return {"text", "", ""};
}

Made show_inferred(Inferred inferred) {
  switch (inferred) {
    case Inferred::Boolean:
      return {"boolean", "cdc_boolean", ""};
    case Inferred::Integer:
      return {"bigint", "cdc_bigint", ""};
    case Inferred::Double:
      return {"double precision", "cdc_double", ""};
    case Inferred::Json:
      return {"jsonb", "cdc_jsonb", ""};
    case Inferred::Text:
      break;
  }
  return {"text", "", ""};
}

Made made_of(const ViewColumn& column) {
  if (column.hashed) return {"text", "", "a keyed hash"};
  return column.declared ? show_declared(*column.declared) : show_inferred(column.inferred);
}

std::string masked(const std::string& text) {
  return fmt::format(
      "cdc_mask({}, (SELECT inner_key FROM cdc_mask_key), (SELECT outer_key FROM cdc_mask_key))", text);
}

std::string record_id_text(const ViewTable& table) {
  return table.hides_columns ? masked("live.record_id") : "live.record_id";
}

Shown show(const ViewColumn& column) {
  const std::string value = "live.event_data ->> " + quote_literal(column.key);
  if (column.hashed) return {masked(value), "a keyed hash"};
  const Made made = made_of(column);
  return {made.function.empty() ? value : fmt::format("{}({})", made.function, value), made.loss};
}

std::string column_name(const ViewColumn& column) {
  return quote_identifier(fit_name(column.name, "", kNameBytes));
}

std::string where(const change::TableName& table) {
  return fmt::format("WHERE event.source_schema = {} AND event.source_table = {}",
                     quote_literal(table.schema), quote_literal(table.table));
}

// What cdc_live_rows() gives, in words of its own: a view reads the log with the rights of its owner, a
// function in it would read it with those of the reader.
std::string live_rows(const ViewTable& of) {
  const change::TableName& table = of.name;
  if (of.current_table) {
    return fmt::format(
        "(\n  SELECT event.record_id, event.event_data\n  FROM cdc_current AS event\n  {}\n    AND "
        "event.operation <> 'd'\n) AS live",
        where(table));
  }
  return fmt::format(
      "(\n  SELECT newest.record_id, newest.event_data\n  FROM (\n"
      "    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data\n"
      "    FROM cdc_events AS event\n    {}\n"
      "    ORDER BY event.record_id, event.commit_ts_ns DESC,\n      {} DESC, event.event_text DESC\n"
      "  ) AS newest\n  WHERE newest.operation <> 'd'\n) AS live",
      where(table), kRank);
}

// Every version once, however often it was delivered, with the time of the one that follows it.
std::string versions(const change::TableName& table) {
  return fmt::format(
      "(\n  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,\n"
      "    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,\n    "
      "  {},\n"
      "      event.event_text, event.operation) AS valid_to,\n    event.commit_ts_ns, event.event_data\n  "
      "FROM (\n"
      "    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) "
      "event.*\n"
      "    FROM cdc_events AS event\n    {}\n"
      "    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text\n  ) AS event\n) "
      "AS live",
      kRank, where(table));
}

// The SELECT over one table's rows, and the columns that it gives.
struct Selected {
  std::string text;
  std::string columns;  // "a" bigint, "b" text
};

Selected select_text(const ViewTable& table, const std::string& rows) {
  if (table.columns.empty()) {
    if (table.hides_columns)
      return {fmt::format("SELECT {} AS record_id\nFROM {}", record_id_text(table), rows), "record_id text"};
    return {"SELECT live.record_id, live.event_data\nFROM " + rows, "record_id text, event_data jsonb"};
  }
  Selected out;
  std::vector<Shown> shown;
  std::vector<std::string> names;
  for (const ViewColumn& column : table.columns) {
    shown.push_back(show(column));
    names.push_back(column_name(column));
    out.columns +=
        fmt::format("{}{} {}", out.columns.empty() ? "" : ", ", names.back(), made_of(column).type);
  }
  out.text = "SELECT" + select_list(shown, names) + "\nFROM " + rows;
  return out;
}

std::string create(const View& view) {
  return "CREATE OR REPLACE VIEW " + quote_identifier(view.view_name) + " AS\n";
}

View current_view(const ViewTable& table) {
  View view;
  view.table = table.name;
  view.view_name = fit_name(table.stem, "_current", kNameBytes);
  view.function_name = fit_name(table.stem, "_as_of", kNameBytes);
  view.create_view = create(view) + select_text(table, live_rows(table)).text;
  const Selected past =
      select_text(table, fmt::format("cdc_live_rows({}, {}, cdc_through_ns($1)) AS live",
                                     quote_literal(table.name.schema), quote_literal(table.name.table)));
  view.create_function = fmt::format(
      "CREATE OR REPLACE FUNCTION {}(timestamptz)\nRETURNS TABLE ({})\nLANGUAGE sql STABLE\n"
      "BEGIN ATOMIC\n{};\nEND",
      quote_identifier(view.function_name), past.columns, past.text);
  return view;
}

View history_view(const ViewTable& table) {
  static constexpr std::array<std::string_view, 5> kOwn = {"record_id", "operation", "valid_from", "valid_to",
                                                           "commit_ts_ns"};
  View view;
  view.kind = ViewKind::History;
  view.table = table.name;
  view.view_name = fit_name(table.stem, "_history", kNameBytes);
  std::vector<Shown> shown = {{record_id_text(table), ""}};
  std::vector<std::string> names(kOwn.begin(), kOwn.end());
  for (size_t at = 1; at < kOwn.size(); ++at) shown.push_back({"live." + std::string(kOwn[at]), ""});
  if (table.columns.empty() && !table.hides_columns) {
    shown.push_back({"live.event_data", ""});
    names.emplace_back("event_data");
  }
  for (const ViewColumn& column : beside(table.columns, kOwn)) {
    shown.push_back(show(column));
    names.push_back(column_name(column));
  }
  view.create_view = create(view) + "SELECT" + select_list(shown, names) + "\nFROM " + versions(table.name);
  return view;
}

// Days are UTC, whatever the session's TimeZone.
View changes_view(const ViewTable& table) {
  View view;
  view.kind = ViewKind::Changes;
  view.table = table.name;
  view.view_name = fit_name(table.stem, "_changes", kNameBytes);
  view.create_view =
      create(view) +
      fmt::format(
          "SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records\nFROM (\n"
          "  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,\n"
          "    event.record_id, event.commit_ts_ns\n  FROM cdc_events AS event\n  {}\n) AS change\n"
          "GROUP BY day, operation",
          where(table.name));
  return view;
}

// A row per element; what is no array has none.
View each_view(const ViewTable& table, const ViewTable::Array& array) {
  static constexpr std::array<std::string_view, 3> kOwn = {"record_id", "ordinal", "item"};
  View view;
  view.kind = ViewKind::Each;
  view.table = table.name;
  view.view_name = fit_name(array.stem, "_each", kNameBytes);
  std::vector<Shown> shown;
  std::vector<std::string> names;
  if (table.key.empty()) {
    shown.push_back({record_id_text(table), ""});
    names.emplace_back("record_id");
  }
  for (const ViewColumn& column : beside(table.key, kOwn)) {
    shown.push_back(show(column));
    names.push_back(column_name(column));
  }
  shown.push_back({"element.ordinality", ""});
  shown.push_back({"element.value", ""});
  names.emplace_back("ordinal");
  names.emplace_back("item");
  const std::string items = fmt::format("cdc_jsonb(live.event_data ->> {})", quote_literal(array.column.key));
  view.create_view = create(view) + "SELECT" + select_list(shown, names) + "\nFROM " + live_rows(table) +
                     fmt::format(
                         "\nCROSS JOIN LATERAL jsonb_array_elements(\n"
                         "  CASE jsonb_typeof({0}) WHEN 'array' THEN {0} END) WITH ORDINALITY AS element "
                         "(value, ordinality)",
                         items);
  return view;
}

}  // namespace

std::string postgres_functions() {
  std::string text;
  for (const std::string_view part : {kLiveRows, kThroughNs, kConversions, kMask, kTransactions})
    text += part;
  return text;
}

std::string postgres_schema() { return std::string(kEventLog) + postgres_functions(); }

Check postgres_check(const ViewTable& table) {
  Check check{table.name, {}, {}, false};
  std::string counts;
  for (const ViewColumn& column : table.columns) {
    const Made made = made_of(column);
    if (made.function.empty()) continue;
    const std::string lost = fmt::format("FILTER (WHERE live.event_data ->> {} IS NOT NULL AND {} IS NULL)",
                                         quote_literal(column.key), show(column).expression);
    counts += fmt::format("{0}count(*) {1}, min(live.record_id) {1}, max(live.record_id) {1}",
                          counts.empty() ? "" : ",\n  ", lost);
    check.columns.push_back(fit_name(column.name, "", kNameBytes));
  }
  check.query = fmt::format("SELECT {}\nFROM {}", counts, live_rows(table));
  return check;
}

std::vector<View> postgres_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                                 const ViewOptions& options) {
  return every_view(tables, catalog, options, {current_view, history_view, changes_view, each_view});
}

}  // namespace sluice::sql
