CREATE OR REPLACE VIEW "every_type_current" AS
SELECT
  TRY_CAST(v[1] AS SMALLINT) AS "small",
  TRY_CAST(v[2] AS INTEGER) AS "whole",
  TRY_CAST(v[3] AS BIGINT) AS "big",
  TRY_CAST(v[4] AS BIGINT) AS "object_id",
  TRY_CAST(v[5] AS FLOAT) AS "single_precision",
  TRY_CAST(v[6] AS DOUBLE) AS "double_precision",
  TRY_CAST(v[7] AS DECIMAL(12,2)) AS "price",  -- NaN and infinities are NULL
  TRY_CAST(v[8] AS DECIMAL(38,0)) AS "count",  -- NaN and infinities are NULL
  v[9] AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[10] AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[11] AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  TRY_CAST(v[12] AS BOOLEAN) AS "flag",
  v[13] AS "words",
  v[14] AS "label",
  v[15] AS "code",  -- the source drops trailing blanks
  v[16] AS "identifier",
  v[17] AS "letter",
  cdc_bytes(v[18]) AS "photo",
  TRY_CAST(v[19] AS UUID) AS "token",
  cdc_date(v[20]) AS "day",
  cdc_time(v[21]) AS "clock",
  cdc_time(v[22]) AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(v[23]) AS "moment",
  cdc_timestamptz(v[24]) AS "zoned_moment",
  cdc_interval(v[25]) AS "term",  -- the source counts a month as 30.4375 days
  TRY_CAST(v[26] AS JSON) AS "document",
  TRY_CAST(v[27] AS JSON) AS "binary_document",
  TRY_CAST(v[28] AS JSON) AS "object_ids"  -- the source always sends []
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/small',
    '/whole',
    '/big',
    '/object_id',
    '/single_precision',
    '/double_precision',
    '/price',
    '/count',
    '/any_number',
    '/wide_number',
    '/odd_scale',
    '/flag',
    '/words',
    '/label',
    '/code',
    '/identifier',
    '/letter',
    '/photo',
    '/token',
    '/day',
    '/clock',
    '/zoned_clock',
    '/moment',
    '/zoned_moment',
    '/term',
    '/document',
    '/binary_document',
    '/object_ids'])) AS v
  FROM cdc_live_rows('public', 'every_type', 9223372036854775807));

CREATE OR REPLACE MACRO "every_type_as_of"(ts) AS TABLE
SELECT
  TRY_CAST(v[1] AS SMALLINT) AS "small",
  TRY_CAST(v[2] AS INTEGER) AS "whole",
  TRY_CAST(v[3] AS BIGINT) AS "big",
  TRY_CAST(v[4] AS BIGINT) AS "object_id",
  TRY_CAST(v[5] AS FLOAT) AS "single_precision",
  TRY_CAST(v[6] AS DOUBLE) AS "double_precision",
  TRY_CAST(v[7] AS DECIMAL(12,2)) AS "price",  -- NaN and infinities are NULL
  TRY_CAST(v[8] AS DECIMAL(38,0)) AS "count",  -- NaN and infinities are NULL
  v[9] AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[10] AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[11] AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  TRY_CAST(v[12] AS BOOLEAN) AS "flag",
  v[13] AS "words",
  v[14] AS "label",
  v[15] AS "code",  -- the source drops trailing blanks
  v[16] AS "identifier",
  v[17] AS "letter",
  cdc_bytes(v[18]) AS "photo",
  TRY_CAST(v[19] AS UUID) AS "token",
  cdc_date(v[20]) AS "day",
  cdc_time(v[21]) AS "clock",
  cdc_time(v[22]) AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(v[23]) AS "moment",
  cdc_timestamptz(v[24]) AS "zoned_moment",
  cdc_interval(v[25]) AS "term",  -- the source counts a month as 30.4375 days
  TRY_CAST(v[26] AS JSON) AS "document",
  TRY_CAST(v[27] AS JSON) AS "binary_document",
  TRY_CAST(v[28] AS JSON) AS "object_ids"  -- the source always sends []
FROM (
  SELECT TRY(json_extract_string(event_data, [
    '/small',
    '/whole',
    '/big',
    '/object_id',
    '/single_precision',
    '/double_precision',
    '/price',
    '/count',
    '/any_number',
    '/wide_number',
    '/odd_scale',
    '/flag',
    '/words',
    '/label',
    '/code',
    '/identifier',
    '/letter',
    '/photo',
    '/token',
    '/day',
    '/clock',
    '/zoned_clock',
    '/moment',
    '/zoned_moment',
    '/term',
    '/document',
    '/binary_document',
    '/object_ids'])) AS v
  FROM cdc_live_rows('public', 'every_type', cdc_through_ns(ts)));

CREATE OR REPLACE VIEW "every_type_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v[1] AS SMALLINT) AS "small",
  TRY_CAST(v[2] AS INTEGER) AS "whole",
  TRY_CAST(v[3] AS BIGINT) AS "big",
  TRY_CAST(v[4] AS BIGINT) AS "object_id",
  TRY_CAST(v[5] AS FLOAT) AS "single_precision",
  TRY_CAST(v[6] AS DOUBLE) AS "double_precision",
  TRY_CAST(v[7] AS DECIMAL(12,2)) AS "price",  -- NaN and infinities are NULL
  TRY_CAST(v[8] AS DECIMAL(38,0)) AS "count",  -- NaN and infinities are NULL
  v[9] AS "any_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[10] AS "wide_number",  -- exact digits as text: no precision is declared that a DECIMAL holds
  v[11] AS "odd_scale",  -- exact digits as text: no precision is declared that a DECIMAL holds
  TRY_CAST(v[12] AS BOOLEAN) AS "flag",
  v[13] AS "words",
  v[14] AS "label",
  v[15] AS "code",  -- the source drops trailing blanks
  v[16] AS "identifier",
  v[17] AS "letter",
  cdc_bytes(v[18]) AS "photo",
  TRY_CAST(v[19] AS UUID) AS "token",
  cdc_date(v[20]) AS "day",
  cdc_time(v[21]) AS "clock",
  cdc_time(v[22]) AS "zoned_clock",  -- UTC: the source drops the offset
  cdc_timestamp(v[23]) AS "moment",
  cdc_timestamptz(v[24]) AS "zoned_moment",
  cdc_interval(v[25]) AS "term",  -- the source counts a month as 30.4375 days
  TRY_CAST(v[26] AS JSON) AS "document",
  TRY_CAST(v[27] AS JSON) AS "binary_document",
  TRY_CAST(v[28] AS JSON) AS "object_ids"  -- the source always sends []
FROM (
  SELECT record_id, operation, valid_from, valid_to, commit_ts_ns, TRY(json_extract_string(event_data, [
    '/small',
    '/whole',
    '/big',
    '/object_id',
    '/single_precision',
    '/double_precision',
    '/price',
    '/count',
    '/any_number',
    '/wide_number',
    '/odd_scale',
    '/flag',
    '/words',
    '/label',
    '/code',
    '/identifier',
    '/letter',
    '/photo',
    '/token',
    '/day',
    '/clock',
    '/zoned_clock',
    '/moment',
    '/zoned_moment',
    '/term',
    '/document',
    '/binary_document',
    '/object_ids'])) AS v
  FROM cdc_versions('public', 'every_type'));

CREATE OR REPLACE VIEW "every_type_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT commit_timestamp::DATE AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'every_type')
GROUP BY day, operation;

