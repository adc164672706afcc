CREATE TABLE IF NOT EXISTS cdc_events (
  event_id BIGINT IDENTITY(1, 1),
  source_schema VARCHAR(128) NOT NULL,
  source_table VARCHAR(128) NOT NULL,
  operation VARCHAR(10) NOT NULL,
  record_id VARCHAR(2048) NOT NULL,
  event_data SUPER,
  commit_timestamp TIMESTAMP,
  commit_ts_ns BIGINT NOT NULL,
  tx_id VARCHAR(64),
  shard_id VARCHAR(128) NOT NULL,
  sequence_number VARCHAR(128) NOT NULL,
  ingested_at TIMESTAMP DEFAULT SYSDATE
)
DISTSTYLE KEY
DISTKEY(record_id)
COMPOUND SORTKEY(source_table, commit_timestamp);

CREATE TABLE IF NOT EXISTS cdc_mask_key (
  inner_key VARCHAR(64) NOT NULL,
  outer_key VARCHAR(64) NOT NULL
);

CREATE OR REPLACE VIEW cdc_transactions AS
SELECT
  tx_id,
  MIN(commit_timestamp) AS committed_at,
  MIN(commit_ts_ns) AS commit_ts_ns,
  COUNT(*) AS changes,
  COUNT(DISTINCT source_schema || '.' || source_table) AS tables,
  SUM(CASE WHEN operation = 'c' THEN 1 ELSE 0 END) AS inserts,
  SUM(CASE WHEN operation = 'd' THEN 1 ELSE 0 END) AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
) AS change
GROUP BY tx_id;

