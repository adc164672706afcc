-- The rows of a'b.täble, made by sluice.
CREATE OR REPLACE VIEW "a_b_t__ble_6e3d6960_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'a''b' AND source_table = 'täble'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "a_b_t__ble_6e3d6960_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of a'b.täble, made by sluice.
CREATE OR REPLACE VIEW "a_b_t__ble_6e3d6960_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'a''b' AND source_table = 'täble'
    )
  )
);

-- Changes per day of a'b.täble, made by sluice.
CREATE OR REPLACE VIEW "a_b_t__ble_6e3d6960_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'a''b' AND source_table = 'täble'
)
GROUP BY day, operation;

-- The rows of public.Sales_Orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'Sales_Orders'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "sales_orders_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.Sales_Orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'Sales_Orders'
    )
  )
);

-- Changes per day of public.Sales_Orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'Sales_Orders'
)
GROUP BY day, operation;

-- The rows of public.cdc_events, made by sluice.
CREATE OR REPLACE VIEW "cdc_events_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id_269cee64",
  TRY_CAST(v2 AS BIGINT) AS "id"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["Id"]') AS v1,
    json_extract_scalar(event_data, '$["id"]') AS v2
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'cdc_events'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "cdc_events_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.cdc_events, made by sluice.
CREATE OR REPLACE VIEW "cdc_events_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "id_269cee64",
  TRY_CAST(v2 AS BIGINT) AS "id"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["Id"]') AS v1,
    json_extract_scalar(event_data, '$["id"]') AS v2
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'cdc_events'
    )
  )
);

-- Changes per day of public.cdc_events, made by sluice.
CREATE OR REPLACE VIEW "cdc_events_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'cdc_events'
)
GROUP BY day, operation;

-- The rows of public.order"s; drop, made by sluice.
CREATE OR REPLACE VIEW "order_s__drop_82282aec_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "select",
  TRY_CAST(v2 AS BIGINT) AS "a_b_c_39a1069c",
  TRY_CAST(v3 AS BIGINT) AS "it_s__so____67ce2c15",
  TRY_CAST(v4 AS BIGINT) AS "_"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["select"]') AS v1,
    json_extract_scalar(event_data, '$["a/b~c"]') AS v2,
    json_extract_scalar(event_data, '$["it''s \"so\" \\"]') AS v3,
    json_extract_scalar(event_data, '$[""]') AS v4
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'public' AND source_table = 'order"s; drop'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "order_s__drop_82282aec_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.order"s; drop, made by sluice.
CREATE OR REPLACE VIEW "order_s__drop_82282aec_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "select",
  TRY_CAST(v2 AS BIGINT) AS "a_b_c_39a1069c",
  TRY_CAST(v3 AS BIGINT) AS "it_s__so____67ce2c15",
  TRY_CAST(v4 AS BIGINT) AS "_"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["select"]') AS v1,
    json_extract_scalar(event_data, '$["a/b~c"]') AS v2,
    json_extract_scalar(event_data, '$["it''s \"so\" \\"]') AS v3,
    json_extract_scalar(event_data, '$[""]') AS v4
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'public' AND source_table = 'order"s; drop'
    )
  )
);

-- Changes per day of public.order"s; drop, made by sluice.
CREATE OR REPLACE VIEW "order_s__drop_82282aec_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'public' AND source_table = 'order"s; drop'
)
GROUP BY day, operation;

-- The rows of sales.orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_current" AS
SELECT
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, event_data,
      ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY commit_ts_ns DESC,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
        event_data DESC) AS place
    FROM cdc_events
    WHERE source_schema = 'sales' AND source_table = 'orders'
  )
  WHERE place = 1 AND operation <> 'd'
);

SELECT *
FROM "sales_orders_2fe54a71_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of sales.orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_history" AS
SELECT
  record_id AS record_id,
  operation AS operation,
  valid_from AS valid_from,
  valid_to AS valid_to,
  commit_ts_ns AS commit_ts_ns,
  TRY_CAST(v1 AS BIGINT) AS "id"
FROM (
  SELECT
    record_id, operation, valid_from, valid_to, commit_ts_ns,
    json_extract_scalar(event_data, '$["id"]') AS v1
  FROM (
    SELECT record_id, operation, commit_timestamp AS valid_from, commit_ts_ns, event_data,
      LEAD(commit_timestamp) OVER (PARTITION BY record_id ORDER BY commit_ts_ns,
        CASE operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
        event_data, operation) AS valid_to
    FROM (
      SELECT DISTINCT record_id, operation, commit_timestamp, commit_ts_ns, event_data
      FROM cdc_events
      WHERE source_schema = 'sales' AND source_table = 'orders'
    )
  )
);

-- Changes per day of sales.orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT CAST(commit_timestamp AS DATE) AS day, operation, record_id, commit_ts_ns
  FROM cdc_events
  WHERE source_schema = 'sales' AND source_table = 'orders'
)
GROUP BY day, operation;

