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

