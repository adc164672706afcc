CREATE TABLE IF NOT EXISTS cdc_events (
  event_id bigint,
  source_schema string,
  source_table string,
  operation string,
  record_id string,
  event_data string,
  commit_timestamp timestamp,
  commit_ts_ns bigint,
  tx_id string,
  shard_id string,
  sequence_number string,
  ingested_at timestamp
)
PARTITIONED BY (source_table, day(commit_timestamp))
LOCATION 's3://bucket/prefix/cdc_events/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd');

CREATE TABLE IF NOT EXISTS cdc_mask_key (
  inner_key string,
  outer_key string
)
LOCATION 's3://bucket/prefix/cdc_mask_key/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet');

CREATE OR REPLACE VIEW cdc_transactions AS
SELECT
  tx_id,
  MIN(commit_timestamp) AS committed_at,
  MIN(commit_ts_ns) AS commit_ts_ns,
  COUNT(*) AS changes,
  COUNT(DISTINCT source_schema || '.' || source_table) AS tables,
  COUNT_IF(operation = 'c') AS inserts,
  COUNT_IF(operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
)
GROUP BY tx_id;

