CREATE OR REPLACE VIEW "without_columns_current" AS
SELECT live.record_id, live.event_data
FROM cdc_live_rows('public', 'without_columns', 9223372036854775807) AS live;

CREATE OR REPLACE FUNCTION "without_columns_as_of"(timestamptz)
RETURNS TABLE (record_id text, event_data jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT live.record_id, live.event_data
FROM cdc_live_rows('public', 'without_columns', cdc_through_ns($1)) AS live;
END;

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
FROM cdc_live_rows('sales', 'guessed', 9223372036854775807) AS live;

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

