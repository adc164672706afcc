-- The rows of public.every_type, made by sluice.
CREATE OR REPLACE VIEW "every_type_current" AS
SELECT
  TRY_CAST(v1 AS SMALLINT) AS "small",
  TRY_CAST(v2 AS INTEGER) AS "whole",
  TRY_CAST(v3 AS BIGINT) AS "big",
  TRY_CAST(v4 AS BIGINT) AS "object_id",
  TRY_CAST(v5 AS REAL) AS "single_precision",
  TRY_CAST(v6 AS DOUBLE) AS "double_precision",
  TRY_CAST(v7 AS DECIMAL(12, 2)) AS "price",  -- NaN and infinities are NULL
  TRY_CAST(v8 AS DECIMAL(38, 0)) AS "count",  -- NaN and infinities are NULL
  v9 AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v10 AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v11 AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  CASE v12 WHEN 'true' THEN true WHEN 'false' THEN false END AS "flag",
  v13 AS "words",
  v14 AS "label",
  v15 AS "code",  -- the source drops trailing blanks
  v16 AS "identifier",
  v17 AS "letter",
  try(from_base64(v18)) AS "photo",
  v19 AS "token",  -- text
  CASE WHEN TRY_CAST(v20 AS BIGINT) BETWEEN -2440588 AND 2145042905 THEN date_add('day', TRY_CAST(v20 AS BIGINT), DATE '1970-01-01') END AS "day",  -- infinities are NULL
  CASE WHEN TRY_CAST(v21 AS BIGINT) BETWEEN 0 AND 86400000000 THEN LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 3600000000 % 25 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 60000000 % 60 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 1000000 % 60 AS VARCHAR), 2, '0') || '.' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) % 1000000 AS VARCHAR), 6, '0') END AS "clock",  -- text
  CASE WHEN TRY_CAST(v22 AS BIGINT) BETWEEN 0 AND 86400000000 THEN LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 3600000000 % 25 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 60000000 % 60 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 1000000 % 60 AS VARCHAR), 2, '0') || '.' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) % 1000000 AS VARCHAR), 6, '0') END AS "zoned_clock",  -- text, in UTC: the source drops the offset
  CASE WHEN TRY_CAST(v23 AS BIGINT) BETWEEN -210866803200000000 AND 2251799813685247999 THEN CAST(from_unixtime_nanos(CAST(TRY_CAST(v23 AS BIGINT) AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6)) END AS "moment",  -- infinities and years after 73326 are NULL
  CASE WHEN TRY_CAST(v24 AS BIGINT) BETWEEN -210866803200000000 AND 2251799813685247999 THEN CAST(from_unixtime_nanos(CAST(TRY_CAST(v24 AS BIGINT) AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6)) END AS "zoned_moment",  -- in UTC; infinities and years after 73326 are NULL
  TRY_CAST(v25 AS BIGINT) AS "term",  -- microseconds; the source counts a month as 30.4375 days
  v26 AS "document",  -- text, for json_extract and its kind
  v27 AS "binary_document",  -- text, for json_extract and its kind
  v28 AS "object_ids"  -- text; the source always sends []
FROM (
  SELECT
    json_extract_scalar(event_data, '$["small"]') AS v1,
    json_extract_scalar(event_data, '$["whole"]') AS v2,
    json_extract_scalar(event_data, '$["big"]') AS v3,
    json_extract_scalar(event_data, '$["object_id"]') AS v4,
    json_extract_scalar(event_data, '$["single_precision"]') AS v5,
    json_extract_scalar(event_data, '$["double_precision"]') AS v6,
    json_extract_scalar(event_data, '$["price"]') AS v7,
    json_extract_scalar(event_data, '$["count"]') AS v8,
    json_extract_scalar(event_data, '$["any_number"]') AS v9,
    json_extract_scalar(event_data, '$["wide_number"]') AS v10,
    json_extract_scalar(event_data, '$["odd_scale"]') AS v11,
    json_extract_scalar(event_data, '$["flag"]') AS v12,
    json_extract_scalar(event_data, '$["words"]') AS v13,
    json_extract_scalar(event_data, '$["label"]') AS v14,
    json_extract_scalar(event_data, '$["code"]') AS v15,
    json_extract_scalar(event_data, '$["identifier"]') AS v16,
    json_extract_scalar(event_data, '$["letter"]') AS v17,
    json_extract_scalar(event_data, '$["photo"]') AS v18,
    json_extract_scalar(event_data, '$["token"]') AS v19,
    json_extract_scalar(event_data, '$["day"]') AS v20,
    json_extract_scalar(event_data, '$["clock"]') AS v21,
    json_extract_scalar(event_data, '$["zoned_clock"]') AS v22,
    json_extract_scalar(event_data, '$["moment"]') AS v23,
    json_extract_scalar(event_data, '$["zoned_moment"]') AS v24,
    json_extract_scalar(event_data, '$["term"]') AS v25,
    json_extract_scalar(event_data, '$["document"]') AS v26,
    json_extract_scalar(event_data, '$["binary_document"]') AS v27,
    COALESCE(json_extract_scalar(event_data, '$["object_ids"]'), NULLIF(json_format(json_extract(event_data, '$["object_ids"]')), 'null')) AS v28
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'every_type'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "every_type_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.every_type, made by sluice.
CREATE OR REPLACE VIEW "every_type_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS SMALLINT) AS "small",
  TRY_CAST(v2 AS INTEGER) AS "whole",
  TRY_CAST(v3 AS BIGINT) AS "big",
  TRY_CAST(v4 AS BIGINT) AS "object_id",
  TRY_CAST(v5 AS REAL) AS "single_precision",
  TRY_CAST(v6 AS DOUBLE) AS "double_precision",
  TRY_CAST(v7 AS DECIMAL(12, 2)) AS "price",  -- NaN and infinities are NULL
  TRY_CAST(v8 AS DECIMAL(38, 0)) AS "count",  -- NaN and infinities are NULL
  v9 AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v10 AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v11 AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  CASE v12 WHEN 'true' THEN true WHEN 'false' THEN false END AS "flag",
  v13 AS "words",
  v14 AS "label",
  v15 AS "code",  -- the source drops trailing blanks
  v16 AS "identifier",
  v17 AS "letter",
  try(from_base64(v18)) AS "photo",
  v19 AS "token",  -- text
  CASE WHEN TRY_CAST(v20 AS BIGINT) BETWEEN -2440588 AND 2145042905 THEN date_add('day', TRY_CAST(v20 AS BIGINT), DATE '1970-01-01') END AS "day",  -- infinities are NULL
  CASE WHEN TRY_CAST(v21 AS BIGINT) BETWEEN 0 AND 86400000000 THEN LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 3600000000 % 25 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 60000000 % 60 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) / 1000000 % 60 AS VARCHAR), 2, '0') || '.' || LPAD(CAST(TRY_CAST(v21 AS BIGINT) % 1000000 AS VARCHAR), 6, '0') END AS "clock",  -- text
  CASE WHEN TRY_CAST(v22 AS BIGINT) BETWEEN 0 AND 86400000000 THEN LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 3600000000 % 25 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 60000000 % 60 AS VARCHAR), 2, '0') || ':' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) / 1000000 % 60 AS VARCHAR), 2, '0') || '.' || LPAD(CAST(TRY_CAST(v22 AS BIGINT) % 1000000 AS VARCHAR), 6, '0') END AS "zoned_clock",  -- text, in UTC: the source drops the offset
  CASE WHEN TRY_CAST(v23 AS BIGINT) BETWEEN -210866803200000000 AND 2251799813685247999 THEN CAST(from_unixtime_nanos(CAST(TRY_CAST(v23 AS BIGINT) AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6)) END AS "moment",  -- infinities and years after 73326 are NULL
  CASE WHEN TRY_CAST(v24 AS BIGINT) BETWEEN -210866803200000000 AND 2251799813685247999 THEN CAST(from_unixtime_nanos(CAST(TRY_CAST(v24 AS BIGINT) AS DECIMAL(38, 0)) * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6)) END AS "zoned_moment",  -- in UTC; infinities and years after 73326 are NULL
  TRY_CAST(v25 AS BIGINT) AS "term",  -- microseconds; the source counts a month as 30.4375 days
  v26 AS "document",  -- text, for json_extract and its kind
  v27 AS "binary_document",  -- text, for json_extract and its kind
  v28 AS "object_ids"  -- text; the source always sends []
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["small"]') AS v1,
    json_extract_scalar(event_data, '$["whole"]') AS v2,
    json_extract_scalar(event_data, '$["big"]') AS v3,
    json_extract_scalar(event_data, '$["object_id"]') AS v4,
    json_extract_scalar(event_data, '$["single_precision"]') AS v5,
    json_extract_scalar(event_data, '$["double_precision"]') AS v6,
    json_extract_scalar(event_data, '$["price"]') AS v7,
    json_extract_scalar(event_data, '$["count"]') AS v8,
    json_extract_scalar(event_data, '$["any_number"]') AS v9,
    json_extract_scalar(event_data, '$["wide_number"]') AS v10,
    json_extract_scalar(event_data, '$["odd_scale"]') AS v11,
    json_extract_scalar(event_data, '$["flag"]') AS v12,
    json_extract_scalar(event_data, '$["words"]') AS v13,
    json_extract_scalar(event_data, '$["label"]') AS v14,
    json_extract_scalar(event_data, '$["code"]') AS v15,
    json_extract_scalar(event_data, '$["identifier"]') AS v16,
    json_extract_scalar(event_data, '$["letter"]') AS v17,
    json_extract_scalar(event_data, '$["photo"]') AS v18,
    json_extract_scalar(event_data, '$["token"]') AS v19,
    json_extract_scalar(event_data, '$["day"]') AS v20,
    json_extract_scalar(event_data, '$["clock"]') AS v21,
    json_extract_scalar(event_data, '$["zoned_clock"]') AS v22,
    json_extract_scalar(event_data, '$["moment"]') AS v23,
    json_extract_scalar(event_data, '$["zoned_moment"]') AS v24,
    json_extract_scalar(event_data, '$["term"]') AS v25,
    json_extract_scalar(event_data, '$["document"]') AS v26,
    json_extract_scalar(event_data, '$["binary_document"]') AS v27,
    COALESCE(json_extract_scalar(event_data, '$["object_ids"]'), NULLIF(json_format(json_extract(event_data, '$["object_ids"]')), 'null')) AS v28
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'every_type'
    )
  )
);

-- Changes per day of public.every_type, made by sluice.
CREATE OR REPLACE VIEW "every_type_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'every_type'
)
GROUP BY day, operation;

