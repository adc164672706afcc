CREATE TABLE IF NOT EXISTS cdc_current_tables (source_schema text COLLATE "C" NOT NULL,
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
  SELECT DISTINCT ON (event.source_schema, event.source_table, event.record_id) event.source_schema,
    event.source_table, event.record_id, event.operation, event.commit_ts_ns, event.event_data, event.event_text
  FROM landed AS event JOIN cdc_current_tables USING (source_schema, source_table)
  ORDER BY event.source_schema, event.source_table, event.record_id, event.commit_ts_ns DESC,
    CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ON CONFLICT (source_schema, source_table, record_id) DO UPDATE SET operation = EXCLUDED.operation,
    commit_ts_ns = EXCLUDED.commit_ts_ns, event_data = EXCLUDED.event_data, event_text = EXCLUDED.event_text
  WHERE (EXCLUDED.commit_ts_ns, CASE EXCLUDED.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, EXCLUDED.event_text)
    > (kept.commit_ts_ns, CASE kept.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, kept.event_text);
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
  SELECT DISTINCT ON (event.source_schema, event.source_table, event.record_id) event.source_schema,
    event.source_table, event.record_id, event.operation, event.commit_ts_ns, event.event_data, event.event_text
  FROM (SELECT whole.* FROM cdc_events AS whole JOIN (SELECT DISTINCT source_schema, source_table FROM rekeyed)
    AS of_table USING (source_schema, source_table)) AS event JOIN cdc_current_tables USING (source_schema, source_table)
  ORDER BY event.source_schema, event.source_table, event.record_id, event.commit_ts_ns DESC,
    CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER cdc_keep_current AFTER INSERT ON cdc_events
  REFERENCING NEW TABLE AS landed FOR EACH STATEMENT EXECUTE FUNCTION cdc_keep_current();
CREATE OR REPLACE TRIGGER cdc_rebuild_current AFTER UPDATE ON cdc_events
  REFERENCING NEW TABLE AS rekeyed FOR EACH STATEMENT EXECUTE FUNCTION cdc_rebuild_current();

CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_numeric(live.event_data ->> 'total') AS "total"
FROM (
  SELECT event.record_id, event.event_data
  FROM cdc_current AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'orders'
    AND event.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "orders_as_of"(timestamptz)
RETURNS TABLE ("id" bigint, "total" numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_numeric(live.event_data ->> 'total') AS "total"
FROM cdc_live_rows('public', 'orders', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_numeric(live.event_data ->> 'total') AS "total"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "orders_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'orders'
) AS change
GROUP BY day, operation;

