-- The rows of public.without_columns, made by sluice.
CREATE OR REPLACE VIEW "without_columns_current" AS
SELECT
  record_id AS record_id,
  event_data AS event_data
FROM (
  SELECT
    record_id, event_data
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'without_columns'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "without_columns_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.without_columns, made by sluice.
CREATE OR REPLACE VIEW "without_columns_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  event_data AS event_data
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns, event_data
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'without_columns'
    )
  )
);

-- Changes per day of public.without_columns, made by sluice.
CREATE OR REPLACE VIEW "without_columns_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'without_columns'
)
GROUP BY day, operation;

-- The rows of sales.guessed, made by sluice.
CREATE OR REPLACE VIEW "sales_guessed_current" AS
SELECT
  CASE v1 WHEN 'true' THEN true WHEN 'false' THEN false END AS "flag",
  TRY_CAST(v2 AS BIGINT) AS "id",
  TRY_CAST(v3 AS DOUBLE) AS "ratio",
  v4 AS "huge",
  v5 AS "note",
  v6 AS "nested",  -- text, for json_extract and its kind
  v7 AS "mixed",
  v8 AS "nothing_yet"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["flag"]') AS v1,
    json_extract_scalar(event_data, '$["id"]') AS v2,
    json_extract_scalar(event_data, '$["ratio"]') AS v3,
    COALESCE(json_extract_scalar(event_data, '$["huge"]'), NULLIF(json_format(json_extract(event_data, '$["huge"]')), 'null')) AS v4,
    COALESCE(json_extract_scalar(event_data, '$["note"]'), NULLIF(json_format(json_extract(event_data, '$["note"]')), 'null')) AS v5,
    COALESCE(json_extract_scalar(event_data, '$["nested"]'), NULLIF(json_format(json_extract(event_data, '$["nested"]')), 'null')) AS v6,
    COALESCE(json_extract_scalar(event_data, '$["mixed"]'), NULLIF(json_format(json_extract(event_data, '$["mixed"]')), 'null')) AS v7,
    COALESCE(json_extract_scalar(event_data, '$["nothing_yet"]'), NULLIF(json_format(json_extract(event_data, '$["nothing_yet"]')), 'null')) AS v8
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'sales' AND source_table = 'guessed'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "sales_guessed_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of sales.guessed, made by sluice.
CREATE OR REPLACE VIEW "sales_guessed_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  CASE v1 WHEN 'true' THEN true WHEN 'false' THEN false END AS "flag",
  TRY_CAST(v2 AS BIGINT) AS "id",
  TRY_CAST(v3 AS DOUBLE) AS "ratio",
  v4 AS "huge",
  v5 AS "note",
  v6 AS "nested",  -- text, for json_extract and its kind
  v7 AS "mixed",
  v8 AS "nothing_yet"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["flag"]') AS v1,
    json_extract_scalar(event_data, '$["id"]') AS v2,
    json_extract_scalar(event_data, '$["ratio"]') AS v3,
    COALESCE(json_extract_scalar(event_data, '$["huge"]'), NULLIF(json_format(json_extract(event_data, '$["huge"]')), 'null')) AS v4,
    COALESCE(json_extract_scalar(event_data, '$["note"]'), NULLIF(json_format(json_extract(event_data, '$["note"]')), 'null')) AS v5,
    COALESCE(json_extract_scalar(event_data, '$["nested"]'), NULLIF(json_format(json_extract(event_data, '$["nested"]')), 'null')) AS v6,
    COALESCE(json_extract_scalar(event_data, '$["mixed"]'), NULLIF(json_format(json_extract(event_data, '$["mixed"]')), 'null')) AS v7,
    COALESCE(json_extract_scalar(event_data, '$["nothing_yet"]'), NULLIF(json_format(json_extract(event_data, '$["nothing_yet"]')), 'null')) AS v8
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'sales' AND source_table = 'guessed'
    )
  )
);

-- Changes per day of sales.guessed, made by sluice.
CREATE OR REPLACE VIEW "sales_guessed_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'sales' AND source_table = 'guessed'
)
GROUP BY day, operation;

