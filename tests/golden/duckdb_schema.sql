CREATE TABLE IF NOT EXISTS cdc_events (
  event_id BIGINT,
  source_schema VARCHAR USING COMPRESSION dictionary,
  source_table VARCHAR USING COMPRESSION dictionary,
  operation VARCHAR USING COMPRESSION dictionary,
  record_id VARCHAR USING COMPRESSION zstd,
  event_data JSON USING COMPRESSION zstd,
  commit_timestamp TIMESTAMP,
  commit_ts_ns BIGINT,
  tx_id VARCHAR USING COMPRESSION zstd,
  shard_id VARCHAR USING COMPRESSION dictionary,
  sequence_number VARCHAR USING COMPRESSION zstd,
  ingested_at TIMESTAMP
);
CREATE OR REPLACE MACRO cdc_live_rows(schema_name, table_name, through_ns) AS TABLE
SELECT record_id, event_data
FROM cdc_events
WHERE source_schema = schema_name AND source_table = table_name AND commit_ts_ns <= through_ns
  AND operation <> 'd'
  AND rowid IN (
    WITH log AS NOT MATERIALIZED (
      SELECT record_id, operation, event_data, commit_ts_ns, rowid AS place
      FROM cdc_events
      WHERE source_schema = schema_name AND source_table = table_name AND commit_ts_ns <= through_ns
    ), newest AS MATERIALIZED (
      SELECT record_id, max(commit_ts_ns) AS commit_ts_ns, arg_max(place, commit_ts_ns) AS place
      FROM log GROUP BY record_id
    ), tied AS MATERIALIZED (
      SELECT DISTINCT record_id, commit_ts_ns
      FROM log JOIN newest USING (record_id, commit_ts_ns)
      WHERE log.place <> newest.place
    ), settled AS (
      SELECT record_id, arg_max(place, row(
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, event_data::VARCHAR)) AS place
      FROM log SEMI JOIN tied USING (record_id, commit_ts_ns) GROUP BY record_id
    )
    SELECT coalesce(settled.place, newest.place)
    FROM newest LEFT JOIN settled USING (record_id));
CREATE OR REPLACE MACRO cdc_versions(schema_name, table_name) AS TABLE
SELECT record_id, operation, commit_timestamp AS valid_from,
  lead(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
    CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, event_data, operation) AS valid_to,
  commit_ts_ns, event_data
FROM (
  SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data::VARCHAR AS event_data
  FROM cdc_events
  WHERE source_schema = schema_name AND source_table = table_name);
CREATE OR REPLACE MACRO cdc_through_ns(ts) AS
  CASE WHEN ts IS NOT NULL THEN epoch_us(greatest(least(
    regexp_replace(regexp_replace(regexp_replace(trim(ts::VARCHAR),
      '^([0-9]+-[0-9]+-[0-9]+)$', '\1 00:00:00'),
      '^([0-9]+-[0-9]+-[0-9]+[ T][0-9]+:[0-9]+)([^0-9:].*)?$', '\1:00\2'),
      '^([0-9]+-[0-9]+-[0-9]+[ T][0-9:.]+)$', '\1+00')::TIMESTAMPTZ,
    TIMESTAMPTZ '2262-04-11 23:47:16.854774+00'),
    TIMESTAMPTZ '1677-09-21 00:12:44+00')) * 1000 + 999 END;
CREATE OR REPLACE MACRO cdc_date(days) AS
  CASE WHEN TRY_CAST(days AS BIGINT) > 2145042905 THEN DATE 'infinity'
       WHEN TRY_CAST(days AS BIGINT) < -2440588 THEN DATE '-infinity'
       ELSE make_date(TRY_CAST(days AS INTEGER)) END;
CREATE OR REPLACE MACRO cdc_time(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) BETWEEN 0 AND 86399999999
       THEN TIME '00:00:00' + to_microseconds(TRY_CAST(us AS BIGINT))
       WHEN TRY_CAST(us AS BIGINT) = 86400000000 THEN TIME '24:00:00' END;
CREATE OR REPLACE MACRO cdc_timestamp(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) = 9223372036825200000 THEN TIMESTAMP 'infinity'
       WHEN TRY_CAST(us AS BIGINT) = -9223372036832400000 THEN TIMESTAMP '-infinity'
       WHEN TRY_CAST(us AS BIGINT) >= -210866803200000000 THEN TRY(make_timestamp(TRY_CAST(us AS BIGINT))) END;
CREATE OR REPLACE MACRO cdc_timestamptz(us) AS
  CASE WHEN TRY_CAST(us AS BIGINT) = 9223372036825200000 THEN TIMESTAMPTZ 'infinity'
       WHEN TRY_CAST(us AS BIGINT) = -9223372036832400000 THEN TIMESTAMPTZ '-infinity'
       WHEN TRY_CAST(us AS BIGINT) >= -210866803200000000 THEN TRY(make_timestamptz(TRY_CAST(us AS BIGINT))) END;
CREATE OR REPLACE MACRO cdc_interval(us) AS TRY(to_microseconds(TRY_CAST(us AS BIGINT)));
CREATE OR REPLACE MACRO cdc_bytes(base64) AS TRY(from_base64(base64));
CREATE TABLE IF NOT EXISTS cdc_mask_key (inner_key VARCHAR, outer_key VARCHAR);
CREATE OR REPLACE MACRO cdc_mask(v) AS sha256(
  (SELECT outer_key FROM cdc_mask_key) || sha256((SELECT inner_key FROM cdc_mask_key) || v));
CREATE OR REPLACE VIEW cdc_transactions AS
SELECT tx_id, min(commit_timestamp) AS committed_at, min(commit_ts_ns) AS commit_ts_ns, count(*) AS changes,
  count(DISTINCT (source_schema, source_table)) AS tables,
  count(*) FILTER (operation = 'c') AS inserts, count(*) FILTER (operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r')
GROUP BY tx_id;
