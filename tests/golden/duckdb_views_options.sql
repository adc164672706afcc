CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id",
  cdc_mask(v[2]) AS "who",  -- a keyed hash
  TRY_CAST(v[3] AS DECIMAL(12,2)) AS "amount",  -- NaN and infinities are NULL
  TRY_CAST(v[4] AS JSON) AS "items",
  TRY_CAST(v[5] AS JSON) AS "Tags"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id',
    '/email',
    '/total',
    '/items',
    '/Tags'])) AS v
  FROM cdc_live_rows('public', 'orders', 9223372036854775807));

CREATE OR REPLACE MACRO "orders_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id",
  cdc_mask(v[2]) AS "who",  -- a keyed hash
  TRY_CAST(v[3] AS DECIMAL(12,2)) AS "amount",  -- NaN and infinities are NULL
  TRY_CAST(v[4] AS JSON) AS "items",
  TRY_CAST(v[5] AS JSON) AS "Tags"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id',
    '/email',
    '/total',
    '/items',
    '/Tags'])) AS v
  FROM cdc_live_rows('public', 'orders', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  cdc_mask(record_id) AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "id",
  cdc_mask(v[2]) AS "who",  -- a keyed hash
  TRY_CAST(v[3] AS DECIMAL(12,2)) AS "amount",  -- NaN and infinities are NULL
  TRY_CAST(v[4] AS JSON) AS "items",
  TRY_CAST(v[5] AS JSON) AS "Tags"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/id',
    '/email',
    '/total',
    '/items',
    '/Tags'])) AS v
  FROM cdc_versions('public', 'orders'));

CREATE OR REPLACE VIEW "orders_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'orders')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "orders_items_each" AS
SELECT
  k1 AS "id",
  generate_subscripts(items, 1) AS ordinal,
  unnest(items) AS item
FROM (
  SELECT record_id, TRY_CAST(v[1] AS BIGINT) AS k1, TRY(json_extract(v[2]::JSON, '$[*]')) AS items
  FROM (
    SELECT record_id, TRY(json_extract_string(event_data, ['/id', '/items'])) AS v
    FROM cdc_live_rows('public', 'orders', 9223372036854775807)));

CREATE OR REPLACE VIEW "orders_Tags_each" AS
SELECT
  k1 AS "id",
  generate_subscripts(items, 1) AS ordinal,
  unnest(items) AS item
FROM (
  SELECT record_id, TRY_CAST(v[1] AS BIGINT) AS k1, TRY(json_extract(v[2]::JSON, '$[*]')) AS items
  FROM (
    SELECT record_id, TRY(json_extract_string(event_data, ['/id', '/Tags'])) AS v
    FROM cdc_live_rows('public', 'orders', 9223372036854775807)));

