-- The rows of public.without_columns, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "without_columns_current" AS
SELECT
  r.record_id AS record_id,
  r.event_data AS event_data
FROM (
  SELECT e.record_id, e.event_data
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'without_columns'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "without_columns_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.without_columns, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "without_columns_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.event_data AS event_data
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns, e.event_data
  FROM (
    SELECT e.record_id, e.operation, e.commit_timestamp AS valid_from, e.commit_ts_ns, e.event_data,
      LEAD(e.commit_timestamp) OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns,
        CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        e.image_text NULLS FIRST, e.operation) AS valid_to
    FROM (
      SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, e.image_text,
        ROW_NUMBER() OVER (PARTITION BY e.record_id, e.commit_ts_ns, e.operation, e.image_text
          ORDER BY e.sequence_number) AS delivery
      FROM (
        SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, e.sequence_number,
          CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END AS image_text
        FROM cdc_events AS e
        WHERE e.source_schema = 'public' AND e.source_table = 'without_columns'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.without_columns, made by sluice.
CREATE OR REPLACE VIEW "without_columns_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'without_columns'
) AS change
GROUP BY day, operation;

-- The rows of sales.guessed, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_guessed_current" AS
SELECT
  r.v1::BOOLEAN AS "flag",
  r.v2::BIGINT AS "id",
  CASE WHEN r.v3::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v3::VARCHAR(16)::DOUBLE PRECISION ELSE r.v3::DOUBLE PRECISION END AS "ratio",
  CASE WHEN JSON_SIZE(r.v4) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v4) IN ('object', 'array') THEN JSON_SERIALIZE(r.v4) ELSE r.v4::VARCHAR(65535) END AS "huge",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v5) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v5) IN ('object', 'array') THEN JSON_SERIALIZE(r.v5) ELSE r.v5::VARCHAR(65535) END AS "note",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_TYPEOF(r.v6) <> 'null' THEN r.v6 END AS "nested",
  CASE WHEN JSON_SIZE(r.v7) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v7) IN ('object', 'array') THEN JSON_SERIALIZE(r.v7) ELSE r.v7::VARCHAR(65535) END AS "mixed",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v8) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v8) IN ('object', 'array') THEN JSON_SERIALIZE(r.v8) ELSE r.v8::VARCHAR(65535) END AS "nothing_yet"  -- what is longer than 65,535 bytes is NULL
FROM (
  SELECT
    e.event_data."flag" AS v1,
    e.event_data."id" AS v2,
    e.event_data."ratio" AS v3,
    e.event_data."huge" AS v4,
    e.event_data."note" AS v5,
    e.event_data."nested" AS v6,
    e.event_data."mixed" AS v7,
    e.event_data."nothing_yet" AS v8
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'sales' AND e.source_table = 'guessed'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "sales_guessed_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of sales.guessed, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_guessed_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BOOLEAN AS "flag",
  r.v2::BIGINT AS "id",
  CASE WHEN r.v3::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v3::VARCHAR(16)::DOUBLE PRECISION ELSE r.v3::DOUBLE PRECISION END AS "ratio",
  CASE WHEN JSON_SIZE(r.v4) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v4) IN ('object', 'array') THEN JSON_SERIALIZE(r.v4) ELSE r.v4::VARCHAR(65535) END AS "huge",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v5) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v5) IN ('object', 'array') THEN JSON_SERIALIZE(r.v5) ELSE r.v5::VARCHAR(65535) END AS "note",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_TYPEOF(r.v6) <> 'null' THEN r.v6 END AS "nested",
  CASE WHEN JSON_SIZE(r.v7) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v7) IN ('object', 'array') THEN JSON_SERIALIZE(r.v7) ELSE r.v7::VARCHAR(65535) END AS "mixed",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v8) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v8) IN ('object', 'array') THEN JSON_SERIALIZE(r.v8) ELSE r.v8::VARCHAR(65535) END AS "nothing_yet"  -- what is longer than 65,535 bytes is NULL
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."flag" AS v1,
    e.event_data."id" AS v2,
    e.event_data."ratio" AS v3,
    e.event_data."huge" AS v4,
    e.event_data."note" AS v5,
    e.event_data."nested" AS v6,
    e.event_data."mixed" AS v7,
    e.event_data."nothing_yet" AS v8
  FROM (
    SELECT e.record_id, e.operation, e.commit_timestamp AS valid_from, e.commit_ts_ns, e.event_data,
      LEAD(e.commit_timestamp) OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns,
        CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        e.image_text NULLS FIRST, e.operation) AS valid_to
    FROM (
      SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, e.image_text,
        ROW_NUMBER() OVER (PARTITION BY e.record_id, e.commit_ts_ns, e.operation, e.image_text
          ORDER BY e.sequence_number) AS delivery
      FROM (
        SELECT e.record_id, e.operation, e.commit_timestamp, e.commit_ts_ns, e.event_data, e.sequence_number,
          CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END AS image_text
        FROM cdc_events AS e
        WHERE e.source_schema = 'sales' AND e.source_table = 'guessed'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of sales.guessed, made by sluice.
CREATE OR REPLACE VIEW "sales_guessed_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'sales' AND e.source_table = 'guessed'
) AS change
GROUP BY day, operation;

