CREATE OR REPLACE VIEW "every_type_current" AS
SELECT
  cdc_smallint(live.event_data ->> 'small') AS "small",
  cdc_integer(live.event_data ->> 'whole') AS "whole",
  cdc_bigint(live.event_data ->> 'big') AS "big",
  cdc_bigint(live.event_data ->> 'object_id') AS "object_id",
  cdc_real(live.event_data ->> 'single_precision') AS "single_precision",
  cdc_double(live.event_data ->> 'double_precision') AS "double_precision",
  cdc_numeric(live.event_data ->> 'price') AS "price",
  cdc_numeric(live.event_data ->> 'count') AS "count",
  cdc_numeric(live.event_data ->> 'any_number') AS "any_number",
  cdc_numeric(live.event_data ->> 'wide_number') AS "wide_number",
  cdc_numeric(live.event_data ->> 'odd_scale') AS "odd_scale",
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  live.event_data ->> 'words' AS "words",
  live.event_data ->> 'label' AS "label",
  live.event_data ->> 'code' AS "code",  -- the source drops trailing blanks
  live.event_data ->> 'identifier' AS "identifier",
  live.event_data ->> 'letter' AS "letter",
  cdc_bytes(live.event_data ->> 'photo') AS "photo",
  cdc_uuid(live.event_data ->> 'token') AS "token",
  cdc_date(live.event_data ->> 'day') AS "day",
  cdc_time(live.event_data ->> 'clock') AS "clock",
  cdc_time(live.event_data ->> 'zoned_clock') AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(live.event_data ->> 'moment') AS "moment",
  cdc_timestamptz(live.event_data ->> 'zoned_moment') AS "zoned_moment",
  cdc_interval(live.event_data ->> 'term') AS "term",  -- the source counts a month as 30.4375 days
  cdc_json(live.event_data ->> 'document') AS "document",
  cdc_jsonb(live.event_data ->> 'binary_document') AS "binary_document",
  cdc_jsonb(live.event_data ->> 'object_ids') AS "object_ids"  -- the source always sends []
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'every_type'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "every_type_as_of"(timestamptz)
RETURNS TABLE ("small" smallint, "whole" integer, "big" bigint, "object_id" bigint, "single_precision" real, "double_precision" double precision, "price" numeric, "count" numeric, "any_number" numeric, "wide_number" numeric, "odd_scale" numeric, "flag" boolean, "words" text, "label" text, "code" text, "identifier" text, "letter" text, "photo" bytea, "token" uuid, "day" date, "clock" time, "zoned_clock" time, "moment" timestamp, "zoned_moment" timestamptz, "term" interval, "document" json, "binary_document" jsonb, "object_ids" jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_smallint(live.event_data ->> 'small') AS "small",
  cdc_integer(live.event_data ->> 'whole') AS "whole",
  cdc_bigint(live.event_data ->> 'big') AS "big",
  cdc_bigint(live.event_data ->> 'object_id') AS "object_id",
  cdc_real(live.event_data ->> 'single_precision') AS "single_precision",
  cdc_double(live.event_data ->> 'double_precision') AS "double_precision",
  cdc_numeric(live.event_data ->> 'price') AS "price",
  cdc_numeric(live.event_data ->> 'count') AS "count",
  cdc_numeric(live.event_data ->> 'any_number') AS "any_number",
  cdc_numeric(live.event_data ->> 'wide_number') AS "wide_number",
  cdc_numeric(live.event_data ->> 'odd_scale') AS "odd_scale",
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  live.event_data ->> 'words' AS "words",
  live.event_data ->> 'label' AS "label",
  live.event_data ->> 'code' AS "code",  -- the source drops trailing blanks
  live.event_data ->> 'identifier' AS "identifier",
  live.event_data ->> 'letter' AS "letter",
  cdc_bytes(live.event_data ->> 'photo') AS "photo",
  cdc_uuid(live.event_data ->> 'token') AS "token",
  cdc_date(live.event_data ->> 'day') AS "day",
  cdc_time(live.event_data ->> 'clock') AS "clock",
  cdc_time(live.event_data ->> 'zoned_clock') AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(live.event_data ->> 'moment') AS "moment",
  cdc_timestamptz(live.event_data ->> 'zoned_moment') AS "zoned_moment",
  cdc_interval(live.event_data ->> 'term') AS "term",  -- the source counts a month as 30.4375 days
  cdc_json(live.event_data ->> 'document') AS "document",
  cdc_jsonb(live.event_data ->> 'binary_document') AS "binary_document",
  cdc_jsonb(live.event_data ->> 'object_ids') AS "object_ids"  -- the source always sends []
FROM cdc_live_rows('public', 'every_type', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "every_type_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_smallint(live.event_data ->> 'small') AS "small",
  cdc_integer(live.event_data ->> 'whole') AS "whole",
  cdc_bigint(live.event_data ->> 'big') AS "big",
  cdc_bigint(live.event_data ->> 'object_id') AS "object_id",
  cdc_real(live.event_data ->> 'single_precision') AS "single_precision",
  cdc_double(live.event_data ->> 'double_precision') AS "double_precision",
  cdc_numeric(live.event_data ->> 'price') AS "price",
  cdc_numeric(live.event_data ->> 'count') AS "count",
  cdc_numeric(live.event_data ->> 'any_number') AS "any_number",
  cdc_numeric(live.event_data ->> 'wide_number') AS "wide_number",
  cdc_numeric(live.event_data ->> 'odd_scale') AS "odd_scale",
  cdc_boolean(live.event_data ->> 'flag') AS "flag",
  live.event_data ->> 'words' AS "words",
  live.event_data ->> 'label' AS "label",
  live.event_data ->> 'code' AS "code",  -- the source drops trailing blanks
  live.event_data ->> 'identifier' AS "identifier",
  live.event_data ->> 'letter' AS "letter",
  cdc_bytes(live.event_data ->> 'photo') AS "photo",
  cdc_uuid(live.event_data ->> 'token') AS "token",
  cdc_date(live.event_data ->> 'day') AS "day",
  cdc_time(live.event_data ->> 'clock') AS "clock",
  cdc_time(live.event_data ->> 'zoned_clock') AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(live.event_data ->> 'moment') AS "moment",
  cdc_timestamptz(live.event_data ->> 'zoned_moment') AS "zoned_moment",
  cdc_interval(live.event_data ->> 'term') AS "term",  -- the source counts a month as 30.4375 days
  cdc_json(live.event_data ->> 'document') AS "document",
  cdc_jsonb(live.event_data ->> 'binary_document') AS "binary_document",
  cdc_jsonb(live.event_data ->> 'object_ids') AS "object_ids"  -- the source always sends []
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'every_type'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "every_type_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'every_type'
) AS change
GROUP BY day, operation;

