CREATE OR REPLACE VIEW "without_columns_current" AS
SELECT live.record_id, live.event_data
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'without_columns'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "without_columns_as_of"(timestamptz)
RETURNS TABLE (record_id text, event_data jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT live.record_id, live.event_data
FROM cdc_live_rows('public', 'without_columns', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "without_columns_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  live.event_data AS event_data
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'without_columns'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "without_columns_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'without_columns'
) AS change
GROUP BY day, operation;

CREATE OR REPLACE VIEW "sales_guessed_current" AS
SELECT
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_double(live.event_data ->> 'ratio') AS "ratio",
  live.event_data ->> 'huge' AS "huge",
  live.event_data ->> 'note' AS "note",
  cdc_jsonb(live.event_data ->> 'nested') AS "nested",
  live.event_data ->> 'mixed' AS "mixed",
  live.event_data ->> 'nothing_yet' AS "nothing_yet"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'sales' AND event.source_table = 'guessed'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "sales_guessed_as_of"(timestamptz)
RETURNS TABLE ("flag" boolean, "id" bigint, "ratio" double precision, "huge" text, "note" text, "nested" jsonb, "mixed" text, "nothing_yet" text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_double(live.event_data ->> 'ratio') AS "ratio",
  live.event_data ->> 'huge' AS "huge",
  live.event_data ->> 'note' AS "note",
  cdc_jsonb(live.event_data ->> 'nested') AS "nested",
  live.event_data ->> 'mixed' AS "mixed",
  live.event_data ->> 'nothing_yet' AS "nothing_yet"
FROM cdc_live_rows('sales', 'guessed', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "sales_guessed_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_double(live.event_data ->> 'ratio') AS "ratio",
  live.event_data ->> 'huge' AS "huge",
  live.event_data ->> 'note' AS "note",
  cdc_jsonb(live.event_data ->> 'nested') AS "nested",
  live.event_data ->> 'mixed' AS "mixed",
  live.event_data ->> 'nothing_yet' AS "nothing_yet"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'sales' AND event.source_table = 'guessed'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "sales_guessed_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'sales' AND event.source_table = 'guessed'
) AS change
GROUP BY day, operation;

