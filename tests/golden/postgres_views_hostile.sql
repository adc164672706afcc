CREATE OR REPLACE VIEW "a'b_täble_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'a''b' AND event.source_table = 'täble'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "a'b_täble_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('a''b', 'täble', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "a'b_täble_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'a''b' AND event.source_table = 'täble'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "a'b_täble_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'a''b' AND event.source_table = 'täble'
) AS change
GROUP BY day, operation;

CREATE OR REPLACE VIEW "Sales_Orders_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'Sales_Orders'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "Sales_Orders_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'Sales_Orders', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "Sales_Orders_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'Sales_Orders'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "Sales_Orders_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'Sales_Orders'
) AS change
GROUP BY day, operation;

CREATE OR REPLACE VIEW "cdc_events_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'Id') AS "Id_269cee64",
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'cdc_events'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "cdc_events_as_of"(timestamptz)
RETURNS TABLE ("Id_269cee64" bigint, "id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'Id') AS "Id_269cee64",
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'cdc_events', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "cdc_events_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'Id') AS "Id_269cee64",
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'cdc_events'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "cdc_events_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'cdc_events'
) AS change
GROUP BY day, operation;

CREATE OR REPLACE VIEW "order""s; drop_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'select') AS "select",
  cdc_bigint(live.event_data ->> 'a/b~c') AS "a/b~c",
  cdc_bigint(live.event_data ->> 'it''s "so" \') AS "it's ""so"" \",
  cdc_bigint(live.event_data ->> '') AS "_"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'order"s; drop'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "order""s; drop_as_of"(timestamptz)
RETURNS TABLE ("select" bigint, "a/b~c" bigint, "it's ""so"" \" bigint, "_" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'select') AS "select",
  cdc_bigint(live.event_data ->> 'a/b~c') AS "a/b~c",
  cdc_bigint(live.event_data ->> 'it''s "so" \') AS "it's ""so"" \",
  cdc_bigint(live.event_data ->> '') AS "_"
FROM cdc_live_rows('public', 'order"s; drop', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "order""s; drop_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'select') AS "select",
  cdc_bigint(live.event_data ->> 'a/b~c') AS "a/b~c",
  cdc_bigint(live.event_data ->> 'it''s "so" \') AS "it's ""so"" \",
  cdc_bigint(live.event_data ->> '') AS "_"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'public' AND event.source_table = 'order"s; drop'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "order""s; drop_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'public' AND event.source_table = 'order"s; drop'
) AS change
GROUP BY day, operation;

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = 'sales' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd'
) AS live;

CREATE OR REPLACE FUNCTION "sales_orders_2fe54a71_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('sales', 'orders', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_history" AS
SELECT
  live.record_id AS record_id,
  live.operation AS operation,
  live.valid_from AS valid_from,
  live.valid_to AS valid_to,
  live.commit_ts_ns AS commit_ts_ns,
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM (
  SELECT event.record_id, event.operation, event.commit_timestamp AS valid_from,
    lead(event.commit_timestamp) OVER (PARTITION BY event.record_id ORDER BY event.commit_ts_ns,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END,
      event.event_text, event.operation) AS valid_to,
    event.commit_ts_ns, event.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id, event.commit_ts_ns, event.operation, event.event_text) event.*
    FROM cdc_events AS event
    WHERE event.source_schema = 'sales' AND event.source_table = 'orders'
    ORDER BY event.record_id, event.commit_ts_ns, event.operation, event.event_text
  ) AS event
) AS live;

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_changes" AS
SELECT day, operation, count(*) AS changes, count(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT (event.commit_timestamp AT TIME ZONE 'UTC')::date AS day, event.operation,
    event.record_id, event.commit_ts_ns
  FROM cdc_events AS event
  WHERE event.source_schema = 'sales' AND event.source_table = 'orders'
) AS change
GROUP BY day, operation;

