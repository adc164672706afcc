-- The rows of public.orders, made by sluice.
-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute is on.
-- The view keeps that setting; who reads it needs none.
CREATE OR REPLACE VIEW "orders_current" AS
SELECT
  r.v1::BIGINT AS "id",
  SHA2((SELECT outer_key FROM cdc_mask_key) || SHA2((SELECT inner_key FROM cdc_mask_key) || CASE WHEN JSON_SIZE(r.v2) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v2) IN ('object', 'array') THEN JSON_SERIALIZE(r.v2) ELSE r.v2::VARCHAR(65535) END, 256), 256) AS "who",  -- a keyed hash
  CASE WHEN r.v3::VARCHAR(100) ~ '^-?0*[0-9]{1,10}([.][0-9]{0,2})?$' THEN r.v3::VARCHAR(100)::DECIMAL(12, 2) END AS "amount",  -- NaN, infinities and what has more digits than declared are NULL
  CASE WHEN JSON_TYPEOF(r.v4) IN ('object', 'array') THEN r.v4 WHEN CAN_JSON_PARSE(r.v4::VARCHAR(65535)) THEN JSON_PARSE(r.v4::VARCHAR(65535)) END AS "items",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v5) IN ('object', 'array') THEN r.v5 WHEN CAN_JSON_PARSE(r.v5::VARCHAR(65535)) THEN JSON_PARSE(r.v5::VARCHAR(65535)) END AS "tags"  -- a SUPER value: without the text's blanks and order
FROM (
  SELECT
    e.event_data."id" AS v1,
    e.event_data."email" AS v2,
    e.event_data."total" AS v3,
    e.event_data."items" AS v4,
    e.event_data."Tags" AS v5
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'orders'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "orders_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.orders, made by sluice.
-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute is on.
-- The view keeps that setting; who reads it needs none.
CREATE OR REPLACE VIEW "orders_history" AS
SELECT
  SHA2((SELECT outer_key FROM cdc_mask_key) || SHA2((SELECT inner_key FROM cdc_mask_key) || r.record_id, 256), 256) AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "id",
  SHA2((SELECT outer_key FROM cdc_mask_key) || SHA2((SELECT inner_key FROM cdc_mask_key) || CASE WHEN JSON_SIZE(r.v2) > 65535 THEN NULL WHEN JSON_TYPEOF(r.v2) IN ('object', 'array') THEN JSON_SERIALIZE(r.v2) ELSE r.v2::VARCHAR(65535) END, 256), 256) AS "who",  -- a keyed hash
  CASE WHEN r.v3::VARCHAR(100) ~ '^-?0*[0-9]{1,10}([.][0-9]{0,2})?$' THEN r.v3::VARCHAR(100)::DECIMAL(12, 2) END AS "amount",  -- NaN, infinities and what has more digits than declared are NULL
  CASE WHEN JSON_TYPEOF(r.v4) IN ('object', 'array') THEN r.v4 WHEN CAN_JSON_PARSE(r.v4::VARCHAR(65535)) THEN JSON_PARSE(r.v4::VARCHAR(65535)) END AS "items",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v5) IN ('object', 'array') THEN r.v5 WHEN CAN_JSON_PARSE(r.v5::VARCHAR(65535)) THEN JSON_PARSE(r.v5::VARCHAR(65535)) END AS "tags"  -- a SUPER value: without the text's blanks and order
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."id" AS v1,
    e.event_data."email" AS v2,
    e.event_data."total" AS v3,
    e.event_data."items" AS v4,
    e.event_data."Tags" AS v5
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
        WHERE e.source_schema = 'public' AND e.source_table = 'orders'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.orders, made by sluice.
CREATE OR REPLACE VIEW "orders_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'orders'
) AS change
GROUP BY day, operation;

-- The elements of items of public.orders, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "orders_items_each" AS
SELECT
  r.v1::BIGINT AS "id",
  ordinal + 1 AS ordinal,
  item AS item
FROM (
  SELECT
    e.event_data."id" AS v1,
    CASE WHEN JSON_TYPEOF(e.event_data."items") IN ('object', 'array') THEN e.event_data."items" WHEN CAN_JSON_PARSE(e.event_data."items"::VARCHAR(65535)) THEN JSON_PARSE(e.event_data."items"::VARCHAR(65535)) END AS items
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'orders'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r, r.items AS item AT ordinal;

-- The elements of Tags of public.orders, made by sluice.
-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute is on.
-- The view keeps that setting; who reads it needs none.
CREATE OR REPLACE VIEW "orders_tags_each" AS
SELECT
  r.v1::BIGINT AS "id",
  ordinal + 1 AS ordinal,
  item AS item
FROM (
  SELECT
    e.event_data."id" AS v1,
    CASE WHEN JSON_TYPEOF(e.event_data."Tags") IN ('object', 'array') THEN e.event_data."Tags" WHEN CAN_JSON_PARSE(e.event_data."Tags"::VARCHAR(65535)) THEN JSON_PARSE(e.event_data."Tags"::VARCHAR(65535)) END AS items
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'orders'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r, r.items AS item AT ordinal;

