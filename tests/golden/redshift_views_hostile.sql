-- The rows of a'b.täble, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "a'b_täble_current" AS
SELECT
  r.v1::BIGINT AS "id"
FROM (
  SELECT
    e.event_data."id" AS v1
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'a''b' AND e.source_table = 'täble'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "a'b_täble_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of a'b.täble, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "a'b_täble_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "id"
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."id" AS v1
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
        WHERE e.source_schema = 'a''b' AND e.source_table = 'täble'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of a'b.täble, made by sluice.
CREATE OR REPLACE VIEW "a'b_täble_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'a''b' AND e.source_table = 'täble'
) AS change
GROUP BY day, operation;

-- The rows of public.Sales_Orders, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_orders_current" AS
SELECT
  r.v1::BIGINT AS "id"
FROM (
  SELECT
    e.event_data."id" AS v1
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'Sales_Orders'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "sales_orders_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.Sales_Orders, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_orders_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "id"
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."id" AS v1
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
        WHERE e.source_schema = 'public' AND e.source_table = 'Sales_Orders'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.Sales_Orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'Sales_Orders'
) AS change
GROUP BY day, operation;

-- The rows of public.cdc_events, made by sluice.
-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute is on.
-- The view keeps that setting; who reads it needs none.
CREATE OR REPLACE VIEW "cdc_events_current" AS
SELECT
  r.v1::BIGINT AS "id_269cee64",
  r.v2::BIGINT AS "id"
FROM (
  SELECT
    e.event_data."Id" AS v1,
    e.event_data."id" AS v2
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'cdc_events'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "cdc_events_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.cdc_events, made by sluice.
-- Attributes with upper-case letters: make it while enable_case_sensitive_super_attribute is on.
-- The view keeps that setting; who reads it needs none.
CREATE OR REPLACE VIEW "cdc_events_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "id_269cee64",
  r.v2::BIGINT AS "id"
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."Id" AS v1,
    e.event_data."id" AS v2
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
        WHERE e.source_schema = 'public' AND e.source_table = 'cdc_events'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.cdc_events, made by sluice.
CREATE OR REPLACE VIEW "cdc_events_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'cdc_events'
) AS change
GROUP BY day, operation;

-- The rows of public.order"s; drop, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "order""s; drop_current" AS
SELECT
  r.v1::BIGINT AS "select",
  r.v2::BIGINT AS "a/b~c",
  r.v3::BIGINT AS "it's ""so"" \",
  r.v4::BIGINT AS "_"
FROM (
  SELECT
    e.event_data."select" AS v1,
    e.event_data."a/b~c" AS v2,
    e.event_data."it's ""so"" \" AS v3,
    e.event_data."" AS v4
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'public' AND e.source_table = 'order"s; drop'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "order""s; drop_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of public.order"s; drop, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "order""s; drop_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "select",
  r.v2::BIGINT AS "a/b~c",
  r.v3::BIGINT AS "it's ""so"" \",
  r.v4::BIGINT AS "_"
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."select" AS v1,
    e.event_data."a/b~c" AS v2,
    e.event_data."it's ""so"" \" AS v3,
    e.event_data."" AS v4
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
        WHERE e.source_schema = 'public' AND e.source_table = 'order"s; drop'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of public.order"s; drop, made by sluice.
CREATE OR REPLACE VIEW "order""s; drop_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'public' AND e.source_table = 'order"s; drop'
) AS change
GROUP BY day, operation;

-- The rows of sales.orders, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_current" AS
SELECT
  r.v1::BIGINT AS "id"
FROM (
  SELECT
    e.event_data."id" AS v1
  FROM (
    SELECT e.record_id, e.operation, e.event_data
    FROM cdc_events AS e
    WHERE e.source_schema = 'sales' AND e.source_table = 'orders'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY e.record_id ORDER BY e.commit_ts_ns DESC,
      CASE e.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC,
      CASE WHEN JSON_SIZE(e.event_data) <= 65535 THEN JSON_SERIALIZE(e.event_data) END DESC NULLS LAST) = 1
  ) AS e
  WHERE e.operation <> 'd'
) AS r;

SELECT *
FROM "sales_orders_2fe54a71_history"
WHERE valid_from <= TIMESTAMP '2026-01-01 12:00:00'
  AND (valid_to > TIMESTAMP '2026-01-01 12:00:00' OR valid_to IS NULL)
  AND operation <> 'd';

-- Every version of the rows of sales.orders, made by sluice.
-- All attributes are in lower case: no setting of case sensitivity matters.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_history" AS
SELECT
  r.record_id AS record_id,
  r.operation AS operation,
  r.valid_from AS valid_from,
  r.valid_to AS valid_to,
  r.commit_ts_ns AS commit_ts_ns,
  r.v1::BIGINT AS "id"
FROM (
  SELECT e.record_id, e.operation, e.valid_from, e.valid_to, e.commit_ts_ns,
    e.event_data."id" AS v1
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
        WHERE e.source_schema = 'sales' AND e.source_table = 'orders'
      ) AS e
    ) AS e
    WHERE e.delivery = 1
  ) AS e
) AS r;

-- Changes per day of sales.orders, made by sluice.
CREATE OR REPLACE VIEW "sales_orders_2fe54a71_changes" AS
SELECT day, operation, COUNT(*) AS changes, COUNT(DISTINCT record_id) AS records
FROM (
  SELECT DISTINCT e.commit_timestamp::DATE AS day, e.operation, e.record_id, e.commit_ts_ns
  FROM cdc_events AS e
  WHERE e.source_schema = 'sales' AND e.source_table = 'orders'
) AS change
GROUP BY day, operation;

