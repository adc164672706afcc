CREATE OR REPLACE VIEW "without_columns_current" AS
SELECT record_id, event_data
FROM cdc_live_rows('public', 'without_columns', 9223372036854775807);

CREATE OR REPLACE MACRO "without_columns_as_of"(ts) AS TABLE
SELECT record_id, event_data
FROM cdc_live_rows('public', 'without_columns', cdc_through_ns(ts));

CREATE OR REPLACE VIEW "without_columns_history" AS
SELECT record_id AS record_id, operation, valid_from, valid_to, commit_ts_ns, event_data
FROM cdc_versions('public', 'without_columns');

CREATE OR REPLACE VIEW "without_columns_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'without_columns')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "sales_guessed_current" AS
SELECT
  TRY_CAST(v[1] AS BOOLEAN) AS "flag",
  TRY_CAST(v[2] AS BIGINT) AS "id",
  TRY_CAST(v[3] AS DOUBLE) AS "ratio",
  v[4] AS "huge",
  v[5] AS "note",
  TRY_CAST(v[6] AS JSON) AS "nested",
  v[7] AS "mixed",
  v[8] AS "nothing_yet"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/flag',
    '/id',
    '/ratio',
    '/huge',
    '/note',
    '/nested',
    '/mixed',
    '/nothing_yet'])) AS v
  FROM cdc_live_rows('sales', 'guessed', 9223372036854775807));

CREATE OR REPLACE MACRO "sales_guessed_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BOOLEAN) AS "flag",
  TRY_CAST(v[2] AS BIGINT) AS "id",
  TRY_CAST(v[3] AS DOUBLE) AS "ratio",
  v[4] AS "huge",
  v[5] AS "note",
  TRY_CAST(v[6] AS JSON) AS "nested",
  v[7] AS "mixed",
  v[8] AS "nothing_yet"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/flag',
    '/id',
    '/ratio',
    '/huge',
    '/note',
    '/nested',
    '/mixed',
    '/nothing_yet'])) AS v
  FROM cdc_live_rows('sales', 'guessed', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "sales_guessed_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BOOLEAN) AS "flag",
  TRY_CAST(v[2] AS BIGINT) AS "id",
  TRY_CAST(v[3] AS DOUBLE) AS "ratio",
  v[4] AS "huge",
  v[5] AS "note",
  TRY_CAST(v[6] AS JSON) AS "nested",
  v[7] AS "mixed",
  v[8] AS "nothing_yet"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/flag',
    '/id',
    '/ratio',
    '/huge',
    '/note',
    '/nested',
    '/mixed',
    '/nothing_yet'])) AS v
  FROM cdc_versions('sales', 'guessed'));

CREATE OR REPLACE VIEW "sales_guessed_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'sales' AND source_table = 'guessed')
GROUP BY day, operation;

