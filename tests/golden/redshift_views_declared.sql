-- The rows of public.every_type, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "every_type_current" AS
SELECT
  r.v1::SMALLINT AS "small",
  r.v2::INTEGER AS "whole",
  r.v3::BIGINT AS "big",
  r.v4::BIGINT AS "object_id",
  CASE WHEN r.v5::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v5::VARCHAR(16)::REAL ELSE r.v5::REAL END AS "single_precision",
  CASE WHEN r.v6::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v6::VARCHAR(16)::DOUBLE PRECISION ELSE r.v6::DOUBLE PRECISION END AS "double_precision",
  CASE WHEN r.v7::VARCHAR(100) ~ '^-?0*[0-9]{1,10}([.][0-9]{0,2})?$' THEN r.v7::VARCHAR(100)::DECIMAL(12, 2) END AS "price",  -- NaN, infinities and what has more digits than declared are NULL
  CASE WHEN r.v8::VARCHAR(100) ~ '^-?0*[0-9]{1,38}$' THEN r.v8::VARCHAR(100)::DECIMAL(38, 0) END AS "count",  -- NaN, infinities and what has more digits than declared are NULL
  r.v9::VARCHAR(65535) AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v10::VARCHAR(65535) AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v11::VARCHAR(65535) AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v12::BOOLEAN AS "flag",
  CASE WHEN JSON_SIZE(r.v13) <= 65537 THEN r.v13::VARCHAR(65535) END AS "words",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v14) <= 65537 THEN r.v14::VARCHAR(65535) END AS "label",  -- what is longer than 65,535 bytes is NULL
  r.v15::VARCHAR(65535) AS "code",  -- the source drops trailing blanks
  r.v16::VARCHAR(256) AS "identifier",
  r.v17::VARCHAR(256) AS "letter",
  CASE WHEN LEN(r.v18::VARCHAR(65535)) % 4 = 0 AND r.v18::VARCHAR(65535) ~ '^[A-Za-z0-9+/]*={0,2}$' THEN TO_VARBYTE(r.v18::VARCHAR(65535), 'base64') END AS "photo",  -- what is longer than 49,149 bytes is NULL
  r.v19::VARCHAR(36) AS "token",  -- text
  CASE WHEN r.v20::BIGINT BETWEEN -2440588 AND 106751990 THEN DATEADD(day, r.v20::INTEGER, DATE '1970-01-01')::DATE END AS "day",  -- infinities and days after 294246 are NULL
  CASE WHEN r.v21::BIGINT BETWEEN 0 AND 86399999999 THEN DATEADD(microsecond, (r.v21::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v21::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v21::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00')))::TIME END AS "clock",  -- 24:00:00 is NULL
  CASE WHEN r.v22::BIGINT BETWEEN 0 AND 86399999999 THEN DATEADD(microsecond, (r.v22::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v22::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v22::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00')))::TIME END AS "zoned_clock",  -- 24:00:00 is NULL; UTC: the source drops the offset
  CASE WHEN r.v23::BIGINT >= -210866803200000000 AND r.v23::BIGINT <> 9223372036825200000 THEN DATEADD(microsecond, (r.v23::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v23::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v23::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00'))) END AS "moment",  -- infinities are NULL
  (CASE WHEN r.v24::BIGINT >= -210866803200000000 AND r.v24::BIGINT <> 9223372036825200000 THEN DATEADD(microsecond, (r.v24::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v24::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v24::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00'))) END) AT TIME ZONE 'UTC' AS "zoned_moment",  -- infinities are NULL
  r.v25::BIGINT AS "term",  -- microseconds; the source counts a month as 30.4375 days
  CASE WHEN JSON_TYPEOF(r.v26) IN ('object', 'array') THEN r.v26 WHEN CAN_JSON_PARSE(r.v26::VARCHAR(65535)) THEN JSON_PARSE(r.v26::VARCHAR(65535)) END AS "document",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v27) IN ('object', 'array') THEN r.v27 WHEN CAN_JSON_PARSE(r.v27::VARCHAR(65535)) THEN JSON_PARSE(r.v27::VARCHAR(65535)) END AS "binary_document",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v28) <> 'null' THEN r.v28 END AS "object_ids"  -- the source always sends []
FROM (
  SELECT
    e.event_data."small" AS v1,
    e.event_data."whole" AS v2,
    e.event_data."big" AS v3,
    e.event_data."object_id" AS v4,
    e.event_data."single_precision" AS v5,
    e.event_data."double_precision" AS v6,
    e.event_data."price" AS v7,
    e.event_data."count" AS v8,
    e.event_data."any_number" AS v9,
    e.event_data."wide_number" AS v10,
    e.event_data."odd_scale" AS v11,
    e.event_data."flag" AS v12,
    e.event_data."words" AS v13,
    e.event_data."label" AS v14,
    e.event_data."code" AS v15,
    e.event_data."identifier" AS v16,
    e.event_data."letter" AS v17,
    e.event_data."photo" AS v18,
    e.event_data."token" AS v19,
    e.event_data."day" AS v20,
    e.event_data."clock" AS v21,
    e.event_data."zoned_clock" AS v22,
    e.event_data."moment" AS v23,
    e.event_data."zoned_moment" AS v24,
    e.event_data."term" AS v25,
    e.event_data."document" AS v26,
    e.event_data."binary_document" AS v27,
    e.event_data."object_ids" AS v28
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'every_type'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "every_type_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.every_type, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "every_type_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::SMALLINT AS "small",
  r.v2::INTEGER AS "whole",
  r.v3::BIGINT AS "big",
  r.v4::BIGINT AS "object_id",
  CASE WHEN r.v5::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v5::VARCHAR(16)::REAL ELSE r.v5::REAL END AS "single_precision",
  CASE WHEN r.v6::VARCHAR(16) IN ('NaN', 'Infinity', '-Infinity') THEN r.v6::VARCHAR(16)::DOUBLE PRECISION ELSE r.v6::DOUBLE PRECISION END AS "double_precision",
  CASE WHEN r.v7::VARCHAR(100) ~ '^-?0*[0-9]{1,10}([.][0-9]{0,2})?$' THEN r.v7::VARCHAR(100)::DECIMAL(12, 2) END AS "price",  -- NaN, infinities and what has more digits than declared are NULL
  CASE WHEN r.v8::VARCHAR(100) ~ '^-?0*[0-9]{1,38}$' THEN r.v8::VARCHAR(100)::DECIMAL(38, 0) END AS "count",  -- NaN, infinities and what has more digits than declared are NULL
  r.v9::VARCHAR(65535) AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v10::VARCHAR(65535) AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v11::VARCHAR(65535) AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  r.v12::BOOLEAN AS "flag",
  CASE WHEN JSON_SIZE(r.v13) <= 65537 THEN r.v13::VARCHAR(65535) END AS "words",  -- what is longer than 65,535 bytes is NULL
  CASE WHEN JSON_SIZE(r.v14) <= 65537 THEN r.v14::VARCHAR(65535) END AS "label",  -- what is longer than 65,535 bytes is NULL
  r.v15::VARCHAR(65535) AS "code",  -- the source drops trailing blanks
  r.v16::VARCHAR(256) AS "identifier",
  r.v17::VARCHAR(256) AS "letter",
  CASE WHEN LEN(r.v18::VARCHAR(65535)) % 4 = 0 AND r.v18::VARCHAR(65535) ~ '^[A-Za-z0-9+/]*={0,2}$' THEN TO_VARBYTE(r.v18::VARCHAR(65535), 'base64') END AS "photo",  -- what is longer than 49,149 bytes is NULL
  r.v19::VARCHAR(36) AS "token",  -- text
  CASE WHEN r.v20::BIGINT BETWEEN -2440588 AND 106751990 THEN DATEADD(day, r.v20::INTEGER, DATE '1970-01-01')::DATE END AS "day",  -- infinities and days after 294246 are NULL
  CASE WHEN r.v21::BIGINT BETWEEN 0 AND 86399999999 THEN DATEADD(microsecond, (r.v21::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v21::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v21::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00')))::TIME END AS "clock",  -- 24:00:00 is NULL
  CASE WHEN r.v22::BIGINT BETWEEN 0 AND 86399999999 THEN DATEADD(microsecond, (r.v22::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v22::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v22::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00')))::TIME END AS "zoned_clock",  -- 24:00:00 is NULL; UTC: the source drops the offset
  CASE WHEN r.v23::BIGINT >= -210866803200000000 AND r.v23::BIGINT <> 9223372036825200000 THEN DATEADD(microsecond, (r.v23::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v23::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v23::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00'))) END AS "moment",  -- infinities are NULL
  (CASE WHEN r.v24::BIGINT >= -210866803200000000 AND r.v24::BIGINT <> 9223372036825200000 THEN DATEADD(microsecond, (r.v24::BIGINT % 1000000)::INTEGER, DATEADD(second, (r.v24::BIGINT / 1000000 % 86400)::INTEGER, DATEADD(day, (r.v24::BIGINT / 86400000000)::INTEGER, TIMESTAMP '1970-01-01 00:00:00'))) END) AT TIME ZONE 'UTC' AS "zoned_moment",  -- infinities are NULL
  r.v25::BIGINT AS "term",  -- microseconds; the source counts a month as 30.4375 days
  CASE WHEN JSON_TYPEOF(r.v26) IN ('object', 'array') THEN r.v26 WHEN CAN_JSON_PARSE(r.v26::VARCHAR(65535)) THEN JSON_PARSE(r.v26::VARCHAR(65535)) END AS "document",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v27) IN ('object', 'array') THEN r.v27 WHEN CAN_JSON_PARSE(r.v27::VARCHAR(65535)) THEN JSON_PARSE(r.v27::VARCHAR(65535)) END AS "binary_document",  -- a SUPER value: without the text's blanks and order
  CASE WHEN JSON_TYPEOF(r.v28) <> 'null' THEN r.v28 END AS "object_ids"  -- the source always sends []
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."small" AS v1,
    e.event_data."whole" AS v2,
    e.event_data."big" AS v3,
    e.event_data."object_id" AS v4,
    e.event_data."single_precision" AS v5,
    e.event_data."double_precision" AS v6,
    e.event_data."price" AS v7,
    e.event_data."count" AS v8,
    e.event_data."any_number" AS v9,
    e.event_data."wide_number" AS v10,
    e.event_data."odd_scale" AS v11,
    e.event_data."flag" AS v12,
    e.event_data."words" AS v13,
    e.event_data."label" AS v14,
    e.event_data."code" AS v15,
    e.event_data."identifier" AS v16,
    e.event_data."letter" AS v17,
    e.event_data."photo" AS v18,
    e.event_data."token" AS v19,
    e.event_data."day" AS v20,
    e.event_data."clock" AS v21,
    e.event_data."zoned_clock" AS v22,
    e.event_data."moment" AS v23,
    e.event_data."zoned_moment" AS v24,
    e.event_data."term" AS v25,
    e.event_data."document" AS v26,
    e.event_data."binary_document" AS v27,
    e.event_data."object_ids" AS v28
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
        WHERE e.source_schema = 'public' AND e.source_table = 'every_type'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.every_type, made by sluice.
CREATE OR REPLACE VIEW "every_type_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'every_type'
) AS change
GROUP BY day, operation;

