CREATE TABLE IF NOT EXISTS cdc_current_tables (source_schema VARCHAR, source_table VARCHAR);
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

CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id",
  TRY_CAST(v[2] AS DECIMAL(12,2)) AS "total"  -- NaN and infinities are NULL
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id',
    '/total'])) AS v
  FROM cdc_current_rows('public', 'orders'));

CREATE OR REPLACE MACRO "orders_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id",
  TRY_CAST(v[2] AS DECIMAL(12,2)) AS "total"  -- NaN and infinities are NULL
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id',
    '/total'])) AS v
  FROM cdc_live_rows('public', 'orders', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "id",
  TRY_CAST(v[2] AS DECIMAL(12,2)) AS "total"  -- NaN and infinities are NULL
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/id',
    '/total'])) AS v
  FROM cdc_versions('public', 'orders'));

CREATE OR REPLACE VIEW "orders_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'orders')
GROUP BY day, operation;

