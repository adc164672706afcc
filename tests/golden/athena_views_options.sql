-- The rows of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id",
  lower(to_hex(sha256(to_utf8((SELECT outer_key FROM cdc_mask_key) || lower(to_hex(sha256(to_utf8((SELECT inner_key FROM cdc_mask_key) || v2)))))))) AS "who",  -- a keyed hash
  TRY_CAST(v3 AS DECIMAL(12, 2)) AS "amount",  -- NaN and infinities are NULL
  v4 AS "items",  -- text, for json_extract and its kind
  v5 AS "tags"  -- text, for json_extract and its kind
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1,
    json_extract_scalar(event_data, '$["email"]') AS v2,
    json_extract_scalar(event_data, '$["total"]') AS v3,
    json_extract_scalar(event_data, '$["items"]') AS v4,
    json_extract_scalar(event_data, '$["Tags"]') AS v5
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'orders'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "orders_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  lower(to_hex(sha256(to_utf8((SELECT outer_key FROM cdc_mask_key) || lower(to_hex(sha256(to_utf8((SELECT inner_key FROM cdc_mask_key) || record_id)))))))) AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "id",
  lower(to_hex(sha256(to_utf8((SELECT outer_key FROM cdc_mask_key) || lower(to_hex(sha256(to_utf8((SELECT inner_key FROM cdc_mask_key) || v2)))))))) AS "who",  -- a keyed hash
  TRY_CAST(v3 AS DECIMAL(12, 2)) AS "amount",  -- NaN and infinities are NULL
  v4 AS "items",  -- text, for json_extract and its kind
  v5 AS "tags"  -- text, for json_extract and its kind
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["id"]') AS v1,
    json_extract_scalar(event_data, '$["email"]') AS v2,
    json_extract_scalar(event_data, '$["total"]') AS v3,
    json_extract_scalar(event_data, '$["items"]') AS v4,
    json_extract_scalar(event_data, '$["Tags"]') AS v5
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'orders'
    )
  )
);

-- Changes per day of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'orders'
)
GROUP BY day, operation;

-- The elements of items of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_items_each" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id",
  ordinal AS ordinal,
  json_format(element) AS item
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1,
    try(CAST(json_parse(json_extract_scalar(event_data, '$["items"]')) AS ARRAY(JSON))) AS items
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'orders'
  )
  WHERE place = 1 AND operation <> 'd'
)
CROSS JOIN UNNEST(items) WITH ORDINALITY AS e(element, ordinal);

-- The elements of Tags of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_tags_each" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id",
  ordinal AS ordinal,
  json_format(element) AS item
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1,
    try(CAST(json_parse(json_extract_scalar(event_data, '$["Tags"]')) AS ARRAY(JSON))) AS items
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'orders'
  )
  WHERE place = 1 AND operation <> 'd'
)
CROSS JOIN UNNEST(items) WITH ORDINALITY AS e(element, ordinal);

