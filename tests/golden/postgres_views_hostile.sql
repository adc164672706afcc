CREATE OR REPLACE VIEW "a'b_täble_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('a''b', 'täble', 9223372036854775807) AS live;

CREATE OR REPLACE FUNCTION "a'b_täble_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('a''b', 'täble', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "Sales_Orders_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'Sales_Orders', 9223372036854775807) AS live;

CREATE OR REPLACE FUNCTION "Sales_Orders_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'Sales_Orders', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "cdc_events_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'Id') AS "Id_269cee64",
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'cdc_events', 9223372036854775807) AS live;

CREATE OR REPLACE FUNCTION "cdc_events_as_of"(timestamptz)
RETURNS TABLE ("Id_269cee64" bigint, "id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'Id') AS "Id_269cee64",
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('public', 'cdc_events', cdc_through_ns($1)) AS live;
END;

CREATE OR REPLACE VIEW "order""s; drop_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'select') AS "select",
  cdc_bigint(live.event_data ->> 'a/b~c') AS "a/b~c",
  cdc_bigint(live.event_data ->> 'it''s "so" \') AS "it's ""so"" \",
  cdc_bigint(live.event_data ->> '') AS "_"
FROM cdc_live_rows('public', 'order"s; drop', 9223372036854775807) AS live;

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

CREATE OR REPLACE VIEW "sales_orders_2fe54a71_current" AS
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('sales', 'orders', 9223372036854775807) AS live;

CREATE OR REPLACE FUNCTION "sales_orders_2fe54a71_as_of"(timestamptz)
RETURNS TABLE ("id" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT
  cdc_bigint(live.event_data ->> 'id') AS "id"
FROM cdc_live_rows('sales', 'orders', cdc_through_ns($1)) AS live;
END;

