#include "sql/maintained.h"

#include <fmt/format.h>

#include <string_view>

namespace sluice::sql {
namespace {

// Both dialects.
std::string rank(std::string_view of) {
  return fmt::format("CASE {}.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END", of);
}

constexpr std::string_view kForget = "DELETE FROM cdc_current WHERE source_schema = $1 AND source_table = $2";

// Of what is there and what comes the one that the views would show, in PostgreSQL.
std::string keep_newest() {
  return fmt::format(
      R"(  ON CONFLICT (source_schema, source_table, record_id) DO UPDATE SET operation = EXCLUDED.operation,
    commit_ts_ns = EXCLUDED.commit_ts_ns, event_data = EXCLUDED.event_data, event_text = EXCLUDED.event_text
  WHERE (EXCLUDED.commit_ts_ns, {}, EXCLUDED.event_text)
    > (kept.commit_ts_ns, {}, kept.event_text))",
      rank("EXCLUDED"), rank("kept"));
}

// Rows missing, rows too many, rows there.
std::string verify(std::string_view expected, std::string_view kept) {
  return fmt::format(
      "WITH expected AS ({0}), kept AS ({1})\n"
      "SELECT (SELECT count(*) FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM kept) AS missing),\n"
      "  (SELECT count(*) FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM expected) AS surplus),\n"
      "  (SELECT count(*) FROM kept)",
      expected, kept);
}

}  // namespace

std::string duckdb_maintained_schema() {
  return R"(CREATE TABLE IF NOT EXISTS cdc_current_tables (source_schema VARCHAR, source_table VARCHAR);
CREATE TABLE IF NOT EXISTS cdc_current (
  source_schema VARCHAR USING COMPRESSION dictionary,
  source_table VARCHAR USING COMPRESSION dictionary,
  record_id VARCHAR,
  operation VARCHAR USING COMPRESSION dictionary,
  commit_ts_ns BIGINT,
  event_data JSON
);
CREATE OR REPLACE MACRO cdc_current_rows(schema_name, table_name) AS TABLE
SELECT record_id, event_data
FROM cdc_current
WHERE source_schema = schema_name AND source_table = table_name AND operation <> 'd';
)";
}

std::string duckdb_keep_current(const std::string& rows) {
  return fmt::format(
      R"(MERGE INTO cdc_current AS kept USING (
  SELECT source_schema, source_table, record_id,
    unnest(arg_max(struct_pack(operation := arrived.operation, commit_ts_ns, event_data),
      row(commit_ts_ns, {1}, event_data::VARCHAR)))
  FROM {0} AS arrived SEMI JOIN cdc_current_tables USING (source_schema, source_table)
  GROUP BY source_schema, source_table, record_id
) AS arrived ON kept.source_schema = arrived.source_schema AND kept.source_table = arrived.source_table
  AND kept.record_id = arrived.record_id
WHEN MATCHED AND row(arrived.commit_ts_ns, {1}, arrived.event_data::VARCHAR)
    > row(kept.commit_ts_ns, {2}, kept.event_data::VARCHAR)
  THEN UPDATE SET operation = arrived.operation, commit_ts_ns = arrived.commit_ts_ns,
    event_data = arrived.event_data
WHEN NOT MATCHED THEN INSERT (source_schema, source_table, record_id, operation, commit_ts_ns, event_data)
  VALUES (arrived.source_schema, arrived.source_table, arrived.record_id, arrived.operation,
    arrived.commit_ts_ns, arrived.event_data))",
      rows, rank("arrived"), rank("kept"));
}

std::string duckdb_forget_current() { return std::string(kForget); }

// As cdc_live_rows() finds the places of the newest events, but deletes stay.
std::string duckdb_rebuild_current() {
  return fmt::format(
      R"(INSERT INTO cdc_current
SELECT source_schema, source_table, record_id, operation, commit_ts_ns, event_data
FROM cdc_events
WHERE source_schema = $1 AND source_table = $2 AND rowid IN (
  WITH log AS NOT MATERIALIZED (
    SELECT record_id, operation, event_data, commit_ts_ns, rowid AS place
    FROM cdc_events WHERE source_schema = $1 AND source_table = $2
  ), newest AS MATERIALIZED (
    SELECT record_id, max(commit_ts_ns) AS commit_ts_ns, arg_max(place, commit_ts_ns) AS place
    FROM log GROUP BY record_id
  ), tied AS MATERIALIZED (
    SELECT DISTINCT record_id, commit_ts_ns
    FROM log JOIN newest USING (record_id, commit_ts_ns)
    WHERE log.place <> newest.place
  ), settled AS (
    SELECT record_id, arg_max(place, row({}, event_data::VARCHAR)) AS place
    FROM log SEMI JOIN tied USING (record_id, commit_ts_ns) GROUP BY record_id
  )
  SELECT coalesce(settled.place, newest.place)
  FROM newest LEFT JOIN settled USING (record_id)))",
      rank("log"));
}

std::string duckdb_verify_current() {
  return verify(
      fmt::format(
          "SELECT record_id, operation = 'd' AS gone, commit_ts_ns, event_data::VARCHAR AS image FROM "
          "cdc_events "
          "AS event WHERE source_schema = $1 AND source_table = $2 QUALIFY row_number() OVER (PARTITION BY "
          "record_id ORDER BY commit_ts_ns DESC, {} DESC, event_data::VARCHAR DESC) = 1",
          rank("event")),
      "SELECT record_id, operation = 'd' AS gone, commit_ts_ns, event_data::VARCHAR AS image FROM "
      "cdc_current WHERE "
      "source_schema = $1 AND source_table = $2");
}

std::string postgres_maintained_schema() {
  // In the order of the key, so that writers who meet wait for each other in one direction only.
  const auto newest_of = [](std::string_view rows) {
    return fmt::format(
        "  SELECT DISTINCT ON (event.source_schema, event.source_table, event.record_id) "
        "event.source_schema,\n"
        "    event.source_table, event.record_id, event.operation, event.commit_ts_ns, event.event_data, "
        "event.event_text\n"
        "  FROM {} AS event JOIN cdc_current_tables USING (source_schema, source_table)\n"
        "  ORDER BY event.source_schema, event.source_table, event.record_id, event.commit_ts_ns DESC,\n"
        "    {} DESC, event.event_text DESC",
        rows, rank("event"));
  };
  return fmt::format(
      R"(CREATE TABLE IF NOT EXISTS cdc_current_tables (source_schema text COLLATE "C" NOT NULL,
  source_table text COLLATE "C" NOT NULL, filled boolean NOT NULL DEFAULT true,
  PRIMARY KEY (source_schema, source_table));
DO $$ BEGIN
  -- Of a store from before; asked first, because ALTER TABLE waits for everybody.
  IF NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'cdc_current_tables'::regclass AND attname = 'filled') THEN
    ALTER TABLE cdc_current_tables ADD COLUMN filled boolean NOT NULL DEFAULT true;
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS cdc_current (
  source_schema text COLLATE "C" NOT NULL,
  source_table text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  commit_ts_ns bigint NOT NULL,
  event_data jsonb,
  event_text text COLLATE "C" NOT NULL,
  PRIMARY KEY (source_schema, source_table, record_id)
);
CREATE OR REPLACE FUNCTION cdc_keep_current() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO cdc_current AS kept
{0}
{1};
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION cdc_rebuild_current() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- Whoever fills a table from its history meanwhile would bring back ids that are gone.
  PERFORM 1 FROM cdc_current_tables AS begun JOIN (SELECT DISTINCT source_schema, source_table FROM rekeyed) AS of_table
    USING (source_schema, source_table) FOR UPDATE OF begun;
  DELETE FROM cdc_current AS kept USING (SELECT DISTINCT source_schema, source_table FROM rekeyed) AS of_table
  WHERE kept.source_schema = of_table.source_schema AND kept.source_table = of_table.source_table;
  INSERT INTO cdc_current
{2};
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER cdc_keep_current AFTER INSERT ON cdc_events
  REFERENCING NEW TABLE AS landed FOR EACH STATEMENT EXECUTE FUNCTION cdc_keep_current();
CREATE OR REPLACE TRIGGER cdc_rebuild_current AFTER UPDATE ON cdc_events
  REFERENCING NEW TABLE AS rekeyed FOR EACH STATEMENT EXECUTE FUNCTION cdc_rebuild_current();
)",
      newest_of("landed"), keep_newest(),
      newest_of(
          "(SELECT whole.* FROM cdc_events AS whole JOIN (SELECT DISTINCT source_schema, source_table FROM "
          "rekeyed)\n    AS of_table USING (source_schema, source_table))"));
}

std::string postgres_forget_current() { return std::string(kForget); }

// From one id to the next through the index, so that it costs as the ids are many and not as the events are.
std::string postgres_fill_current(bool from_the_start) {
  return fmt::format(
      R"(WITH RECURSIVE ids AS (
  (SELECT record_id, commit_ts_ns FROM cdc_events
   WHERE source_schema = $1 AND source_table = $2 AND record_id {0} $3 ORDER BY record_id, commit_ts_ns DESC LIMIT 1)
  UNION ALL
  SELECT next.record_id, next.commit_ts_ns FROM ids, LATERAL (
    SELECT record_id, commit_ts_ns FROM cdc_events
    WHERE source_schema = $1 AND source_table = $2 AND record_id > ids.record_id
    ORDER BY record_id, commit_ts_ns DESC LIMIT 1) AS next
), taken AS MATERIALIZED (SELECT * FROM ids LIMIT $4::bigint
), filled AS (
  INSERT INTO cdc_current AS kept
  SELECT $1, $2, taken.record_id, newest.operation, taken.commit_ts_ns, newest.event_data, newest.event_text
  FROM taken, LATERAL (
    SELECT event.operation, event.event_data, event.event_text FROM cdc_events AS event
    WHERE event.source_schema = $1 AND event.source_table = $2 AND event.record_id = taken.record_id
      AND event.commit_ts_ns = taken.commit_ts_ns
    ORDER BY {1} DESC, event.event_text DESC LIMIT 1) AS newest
{2}
)
SELECT max(record_id), count(*) FROM taken)",
      from_the_start ? ">=" : ">", rank("event"), keep_newest());
}

std::string postgres_verify_current() {
  return verify(
      fmt::format(
          "SELECT record_id, gone, commit_ts_ns, event_text, event_data FROM (SELECT event.record_id, "
          "event.operation = 'd' AS gone, event.commit_ts_ns, event.event_text, event.event_data, "
          "row_number() "
          "OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns DESC, {} DESC, event.event_text "
          "DESC) "
          "AS place FROM cdc_events AS event WHERE event.source_schema = $1 AND event.source_table = $2) AS "
          "newest WHERE place = 1",
          rank("event")),
      "SELECT record_id, operation = 'd' AS gone, commit_ts_ns, event_text, event_data FROM cdc_current "
      "WHERE "
      "source_schema = $1 AND source_table = $2");
}

}  // namespace sluice::sql
