CREATE TABLE IF NOT EXISTS cdc_events (
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  source_schema text COLLATE "C" NOT NULL,
  source_table text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  event_data jsonb,
  commit_timestamp timestamptz,
  commit_ts_ns bigint NOT NULL,
  tx_id text COLLATE "C",
  shard_id text COLLATE "C" NOT NULL,
  sequence_number text COLLATE "C" NOT NULL,
  ingested_at timestamptz NOT NULL DEFAULT now(),
  event_text text COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS cdc_events_newest
  ON cdc_events (source_schema, source_table, record_id, commit_ts_ns DESC);
CREATE INDEX IF NOT EXISTS cdc_events_keyless
  ON cdc_events (source_schema, source_table) WHERE record_id LIKE 'image:%';
CREATE OR REPLACE FUNCTION cdc_live_rows(schema_name text, table_name text, through_ns bigint)
RETURNS TABLE (record_id text, event_data jsonb) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT newest.record_id, newest.event_data
  FROM (
    SELECT DISTINCT ON (event.record_id) event.record_id, event.operation, event.event_data
    FROM cdc_events AS event
    WHERE event.source_schema = schema_name AND event.source_table = table_name
      AND event.commit_ts_ns <= through_ns
    ORDER BY event.record_id, event.commit_ts_ns DESC,
      CASE event.operation WHEN 'r' THEN 0 WHEN 'd' THEN 1 ELSE 2 END DESC, event.event_text DESC
  ) AS newest
  WHERE newest.operation <> 'd';
END;
CREATE OR REPLACE FUNCTION cdc_through_ns(ts timestamptz)
RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN ts >= timestamptz '2262-04-11 23:47:16.854775+00' THEN 9223372036854775807
  WHEN ts <= timestamptz '1677-09-21 00:12:44+00' THEN -9223372036854775807
  ELSE (extract(epoch FROM ts) * 1000000)::bigint * 1000 + 999 END;
CREATE OR REPLACE FUNCTION cdc_boolean(v text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE v WHEN 'true' THEN true WHEN 'false' THEN false END;
CREATE OR REPLACE FUNCTION cdc_bigint(v text)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v ~ '^-?[0-9]{1,20}$'
  THEN CASE WHEN v::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN v::bigint END END;
CREATE OR REPLACE FUNCTION cdc_integer(v text)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) BETWEEN -2147483648 AND 2147483647 THEN cdc_bigint(v)::integer END;
CREATE OR REPLACE FUNCTION cdc_smallint(v text)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) BETWEEN -32768 AND 32767 THEN cdc_bigint(v)::smallint END;
CREATE OR REPLACE FUNCTION cdc_numeric(v text)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity') THEN v::numeric
  WHEN length(v) <= 2000 AND v ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$' THEN v::numeric END;
CREATE OR REPLACE FUNCTION cdc_double(v text)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity', '-0', '-0.0') THEN v::double precision
  WHEN abs(cdc_numeric(v)) < 2.5e-324 THEN 0
  WHEN abs(cdc_numeric(v)) < 1.797693134862315807e308 THEN v::double precision END;
CREATE OR REPLACE FUNCTION cdc_real(v text)
RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IN ('NaN', 'Infinity', '-Infinity', '-0', '-0.0') THEN v::real
  WHEN abs(cdc_numeric(v)) < 7.1e-46 THEN 0
  WHEN abs(cdc_numeric(v)) < 3.40282356779733e38 THEN v::real END;
CREATE OR REPLACE FUNCTION cdc_uuid(v text)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN v::uuid END;
CREATE OR REPLACE FUNCTION cdc_bytes(v text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(v) % 4 = 0 AND v ~ '^[A-Za-z0-9+/]*={0,2}$' THEN decode(v, 'base64') END;
CREATE OR REPLACE FUNCTION cdc_date(v text)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) > 2145042905 THEN date 'infinity'
  WHEN cdc_bigint(v) < -2440588 THEN date '-infinity'
  ELSE date '1970-01-01' + cdc_bigint(v)::integer END;
CREATE OR REPLACE FUNCTION cdc_time(v text)
RETURNS time LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cdc_bigint(v) = 86400000000 THEN time '24:00:00'
  WHEN cdc_bigint(v) BETWEEN 0 AND 86399999999
  THEN time '00:00:00' + cdc_bigint(v)::double precision * interval '1 microsecond' END;
CREATE OR REPLACE FUNCTION cdc_timestamp(v text)
RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE cdc_bigint(v) WHEN 9223372036825200000 THEN timestamp 'infinity'
  WHEN -9223372036832400000 THEN timestamp '-infinity'
  ELSE CASE WHEN cdc_bigint(v) >= -210866803200000000
    THEN timestamp '1970-01-01' + (cdc_bigint(v) / 86400000000)::double precision * interval '1 day'
      + (cdc_bigint(v) % 86400000000)::double precision * interval '1 microsecond' END END;
CREATE OR REPLACE FUNCTION cdc_timestamptz(v text)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cdc_timestamp(v) AT TIME ZONE 'UTC';
CREATE OR REPLACE FUNCTION cdc_interval(v text)
RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (cdc_bigint(v) / 3600000000)::double precision * interval '1 hour'
  + (cdc_bigint(v) % 3600000000)::double precision * interval '1 microsecond';
CREATE OR REPLACE FUNCTION cdc_json(v text)
RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN v::json; EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION cdc_jsonb(v text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN v::jsonb; EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE TABLE IF NOT EXISTS cdc_mask_key (inner_key text NOT NULL, outer_key text NOT NULL);
CREATE OR REPLACE FUNCTION cdc_mask(v text, inner_key text, outer_key text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(sha256(convert_to(outer_key || encode(sha256(convert_to(inner_key || v, 'UTF8')), 'hex'), 'UTF8')), 'hex');
CREATE OR REPLACE VIEW cdc_transactions AS
SELECT tx_id, min(commit_timestamp) AS committed_at, min(commit_ts_ns) AS commit_ts_ns, count(*) AS changes,
  count(DISTINCT (source_schema, source_table)) AS tables,
  count(*) FILTER (WHERE operation = 'c') AS inserts, count(*) FILTER (WHERE operation = 'd') AS deletes
FROM (
  SELECT DISTINCT tx_id, source_schema, source_table, record_id, operation, commit_ts_ns, commit_timestamp
  FROM cdc_events
  WHERE tx_id IS NOT NULL AND operation <> 'r'
) AS change
GROUP BY tx_id;
