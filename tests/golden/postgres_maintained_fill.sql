WITH RECURSIVE ids AS (
  (SELECT record_id, commit_ts_ns FROM cdc_events
   WHERE source_schema = $1 AND source_table = $2 AND record_id >= $3 ORDER BY record_id, commit_ts_ns DESC LIMIT 1)
  UNION ALL
  SELECT next.record_id, next.commit_ts_ns FROM ids, LATERAL (
    SELECT record_id, commit_ts_ns FROM cdc_events
    WHERE source_schema = $1 AND source_table = $2 AND record_id > ids.record_id
    ORDER BY record_id, commit_ts_ns DESC LIMIT 1) AS next
), taken AS MATERIALIZED (SELECT * FROM ids LIMIT $4::bigint
), filled AS (
  INSERT INTO cdc_current AS kept
  SELECT $1, $2, taken.record_id, newest.operation, taken.commit_ts_ns, newest.event_data, newest.event_text
  FROM taken, LATERAL (
    SELECT event.operation, event.event_data, event.event_text FROM cdc_events AS event
    WHERE event.source_schema = $1 AND event.source_table = $2 AND event.record_id = taken.record_id
      AND event.commit_ts_ns = taken.commit_ts_ns
    ORDER BY CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC LIMIT 1) AS newest
  ON CONFLICT (source_schema, source_table, record_id) DO UPDATE SET operation = EXCLUDED.operation,
    commit_ts_ns = EXCLUDED.commit_ts_ns, event_data = EXCLUDED.event_data, event_text = EXCLUDED.event_text
  WHERE (EXCLUDED.commit_ts_ns, CASE EXCLUDED.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, EXCLUDED.event_text)
    > (kept.commit_ts_ns, CASE kept.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END, kept.event_text)
)
SELECT max(record_id), count(*) FROM taken;
