CREATE OR REPLACE VIEW "a'b_täble_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('a''b', 'täble', 9223372036854775807));

CREATE OR REPLACE MACRO "a'b_täble_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('a''b', 'täble', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "a'b_täble_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_versions('a''b', 'täble'));

CREATE OR REPLACE VIEW "a'b_täble_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'a''b' AND source_table = 'täble')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "Sales_Orders_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('public', 'Sales_Orders', 9223372036854775807));

CREATE OR REPLACE MACRO "Sales_Orders_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('public', 'Sales_Orders', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "Sales_Orders_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_versions('public', 'Sales_Orders'));

CREATE OR REPLACE VIEW "Sales_Orders_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'Sales_Orders')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "cdc_events_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "Id_269cee64",
  TRY_CAST(v[2] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/Id',
    '/id'])) AS v
  FROM cdc_live_rows('public', 'cdc_events', 9223372036854775807));

CREATE OR REPLACE MACRO "cdc_events_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "Id_269cee64",
  TRY_CAST(v[2] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/Id',
    '/id'])) AS v
  FROM cdc_live_rows('public', 'cdc_events', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "cdc_events_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "Id_269cee64",
  TRY_CAST(v[2] AS BIGINT) AS "id"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/Id',
    '/id'])) AS v
  FROM cdc_versions('public', 'cdc_events'));

CREATE OR REPLACE VIEW "cdc_events_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'cdc_events')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "order""s; drop_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "select",
  TRY_CAST(v[2] AS BIGINT) AS "a/b~c",
  TRY_CAST(v[3] AS BIGINT) AS "it's ""so"" \",
  TRY_CAST(v[4] AS BIGINT) AS "_"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/select',
    '/a~1b~0c',
    '/it''s "so" \',
    '/'])) AS v
  FROM cdc_live_rows('public', 'order"s; drop', 9223372036854775807));

CREATE OR REPLACE MACRO "order""s; drop_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "select",
  TRY_CAST(v[2] AS BIGINT) AS "a/b~c",
  TRY_CAST(v[3] AS BIGINT) AS "it's ""so"" \",
  TRY_CAST(v[4] AS BIGINT) AS "_"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/select',
    '/a~1b~0c',
    '/it''s "so" \',
    '/'])) AS v
  FROM cdc_live_rows('public', 'order"s; drop', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "order""s; drop_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "select",
  TRY_CAST(v[2] AS BIGINT) AS "a/b~c",
  TRY_CAST(v[3] AS BIGINT) AS "it's ""so"" \",
  TRY_CAST(v[4] AS BIGINT) AS "_"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/select',
    '/a~1b~0c',
    '/it''s "so" \',
    '/'])) AS v
  FROM cdc_versions('public', 'order"s; drop'));

CREATE OR REPLACE VIEW "order""s; drop_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'order"s; drop')
GROUP BY day, operation;

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_current" AS
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('sales', 'orders', 9223372036854775807));

CREATE OR REPLACE MACRO "sales_orders_2fe54a71_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_live_rows('sales', 'orders', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS BIGINT) AS "id"
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/id'])) AS v
  FROM cdc_versions('sales', 'orders'));

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'sales' AND source_table = 'orders')
GROUP BY day, operation;

