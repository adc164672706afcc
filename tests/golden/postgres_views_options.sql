CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_mask(live.event_data ->> 'email', (SELECT inner_key FROM cdc_mask_key), (SELECT outer_key FROM cdc_mask_key)) AS "who",  -- a keyed hash
  cdc_numeric(live.event_data ->> 'total') AS "amount",
  cdc_json(live.event_data ->> 'items') AS "items",
  cdc_jsonb(live.event_data ->> 'Tags') AS "Tags"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "orders_as_of"(timestamptz)
RETURNS TABLE ("id" bigint, "who" text, "amount" numeric, "items" json, "Tags" jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_mask(live.event_data ->> 'email', (SELECT inner_key FROM cdc_mask_key), (SELECT outer_key FROM cdc_mask_key)) AS "who",  -- a keyed hash
  cdc_numeric(live.event_data ->> 'total') AS "amount",
  cdc_json(live.event_data ->> 'items') AS "items",
  cdc_jsonb(live.event_data ->> 'Tags') AS "Tags"
FROM cdc_live_rows('public', 'orders', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  cdc_mask(live.record_id, (SELECT inner_key FROM cdc_mask_key), (SELECT outer_key FROM cdc_mask_key)) AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'id') AS "id",
  cdc_mask(live.event_data ->> 'email', (SELECT inner_key FROM cdc_mask_key), (SELECT outer_key FROM cdc_mask_key)) AS "who",  -- a keyed hash
  cdc_numeric(live.event_data ->> 'total') AS "amount",
  cdc_json(live.event_data ->> 'items') AS "items",
  cdc_jsonb(live.event_data ->> 'Tags') AS "Tags"
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

CREATE OR REPLACE VIEW "orders_items_each" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  element.ordinality AS ordinal,
  element.value AS item
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live
CROSS JOIN LATERAL jsonb_array_elements(
  CASE jsonb_typeof(cdc_jsonb(live.event_data ->> 'items')) WHEN 'array' THEN cdc_jsonb(live.event_data ->> 'items') END) WITH ORDINALITY AS element (value, ordinality);

CREATE OR REPLACE VIEW "orders_Tags_each" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id",
  element.ordinality AS ordinal,
  element.value AS item
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live
CROSS JOIN LATERAL jsonb_array_elements(
  CASE jsonb_typeof(cdc_jsonb(live.event_data ->> 'Tags')) WHEN 'array' THEN cdc_jsonb(live.event_data ->> 'Tags') END) WITH ORDINALITY AS element (value, ordinality);

