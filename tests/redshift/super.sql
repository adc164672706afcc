-- SUPER for PostgreSQL: JSON text that keeps its digits, with Redshift's strictness on the way in and its laxness
-- on the way out. Everything is in the schema redshift; translate.py writes SQL that uses it.
CREATE SCHEMA IF NOT EXISTS redshift;
CREATE TYPE redshift.super AS (j json);

-- Raises for what SUPER cannot hold. A string with a NUL or half a surrogate pair is refused by #>>.
CREATE FUNCTION redshift.check_super(j json, depth int) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  kind text := json_typeof(j);
  plain text;
  members record;
  most int := current_setting('redshift.string_bytes')::int;
BEGIN
  IF depth > 1000 THEN
    RAISE EXCEPTION 'SUPER value is nested too deep';
  END IF;
  -- Most values are short and plain: only what may be wrong is looked into.
  IF kind = 'object' THEN
    SELECT count(*) <> count(DISTINCT key) AS twice, bool_or(octet_length(key) > most) AS long INTO members
      FROM json_each(j);
    IF members.twice THEN
      RAISE EXCEPTION 'Invalid JSON: duplicate attribute names in an object';
    ELSIF members.long THEN
      RAISE EXCEPTION 'String length exceeds the limit of % bytes in SUPER', most;
    END IF;
    PERFORM redshift.check_super(value, depth + 1) FROM json_each(j)
      WHERE left(value::text, 1) IN ('{', '[') OR octet_length(value::text) > 38 OR position('\' IN value::text) > 0;
  ELSIF kind = 'array' THEN
    PERFORM redshift.check_super(value, depth + 1) FROM json_array_elements(j)
      WHERE left(value::text, 1) IN ('{', '[') OR octet_length(value::text) > 38 OR position('\' IN value::text) > 0;
  ELSIF kind = 'string' THEN
    plain := j #>> '{}';
    IF octet_length(plain) > most THEN
      RAISE EXCEPTION 'String length exceeds the limit of % bytes in SUPER', most;
    END IF;
  ELSIF kind = 'number' AND length(regexp_replace(j::text, '[^0-9]', '', 'g')) > 38 THEN
    RAISE EXCEPTION 'Numeric data overflow in SUPER';
  END IF;
END $$;

CREATE FUNCTION redshift.json_parse(t text) RETURNS redshift.super LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  parsed json;
BEGIN
  IF octet_length(t) > current_setting('redshift.super_bytes')::int THEN
    RAISE EXCEPTION 'SUPER value exceeds the limit of % bytes', current_setting('redshift.super_bytes');
  END IF;
  BEGIN
    parsed := t::json;
    PERFORM redshift.check_super(parsed, 0);
  EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
    RAISE EXCEPTION 'Invalid JSON in JSON_PARSE. Value: %', t;
  END;
  RETURN ROW(parsed);
END $$;

CREATE FUNCTION redshift.can_json_parse(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  PERFORM redshift.json_parse(t);
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  RETURN false;
END $$;

-- A VARCHAR, whose longest is that of a string; of NULL the JSON null.
CREATE FUNCTION redshift.json_serialize(s redshift.super) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF octet_length((s).j::text) > coalesce(current_setting('redshift.string_bytes', true)::int, 65535) THEN
    RAISE EXCEPTION 'JSON_SERIALIZE: the result exceeds the limit of VARCHAR of % bytes', current_setting('redshift.string_bytes', true);
  END IF;
  RETURN coalesce((s).j::text, 'null');
END $$;
CREATE FUNCTION redshift.json_size(s redshift.super) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT octet_length((s).j::text) $$;
CREATE FUNCTION redshift.json_typeof(s redshift.super) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_typeof((s).j) $$;
CREATE FUNCTION redshift.is_large_string_enabled() RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT current_setting('redshift.string_bytes')::int > 65535 $$;

-- Navigation: a path that is not there is NULL.
CREATE FUNCTION redshift.super_get(s redshift.super, attribute text) RETURNS redshift.super LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN json_typeof((s).j) = 'object' AND ((s).j -> attribute) IS NOT NULL
         THEN ROW((s).j -> attribute)::redshift.super END
$$;
CREATE FUNCTION redshift.super_at(s redshift.super, place int) RETURNS redshift.super LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN json_typeof((s).j) = 'array' AND ((s).j -> place) IS NOT NULL
         THEN ROW((s).j -> place)::redshift.super END
$$;
CREATE FUNCTION redshift.super_unnest(s redshift.super) RETURNS TABLE (v redshift.super, i bigint) LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF (s).j IS NULL THEN
    RETURN;
  END IF;
  IF json_typeof((s).j) <> 'array' THEN
    RAISE EXCEPTION 'the stand-in unnests arrays only';
  END IF;
  RETURN QUERY SELECT ROW(value)::redshift.super, place - 1 FROM json_array_elements((s).j) WITH ORDINALITY AS e(value, place);
END $$;

-- Casts: what does not fit is NULL, not an error. The text of a number is its own digits.
CREATE FUNCTION redshift.to_varchar(s redshift.super) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE json_typeof((s).j) WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE (s).j #>> '{}' END::varchar
$$;
CREATE FUNCTION redshift.to_numeric(s redshift.super) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN json_typeof((s).j) = 'number' THEN ((s).j #>> '{}')::numeric END
$$;
CREATE FUNCTION redshift.whole(s redshift.super, lowest numeric, highest numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT n FROM redshift.to_numeric(s) AS n WHERE n = trunc(n) AND n BETWEEN lowest AND highest
$$;
CREATE FUNCTION redshift.to_int2(s redshift.super) RETURNS smallint LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.whole(s, -32768, 32767)::smallint $$;
CREATE FUNCTION redshift.to_int4(s redshift.super) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.whole(s, -2147483648, 2147483647)::integer $$;
CREATE FUNCTION redshift.to_int8(s redshift.super) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.whole(s, -9223372036854775808, 9223372036854775807)::bigint $$;
CREATE FUNCTION redshift.to_float8(s redshift.super) RETURNS double precision LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.to_numeric(s)::double precision $$;
CREATE FUNCTION redshift.to_float4(s redshift.super) RETURNS real LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.to_numeric(s)::real $$;
CREATE FUNCTION redshift.to_bool(s redshift.super) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN json_typeof((s).j) = 'boolean' THEN ((s).j #>> '{}')::boolean END
$$;
CREATE CAST (redshift.super AS varchar) WITH FUNCTION redshift.to_varchar(redshift.super);
CREATE CAST (redshift.super AS numeric) WITH FUNCTION redshift.to_numeric(redshift.super);
CREATE CAST (redshift.super AS smallint) WITH FUNCTION redshift.to_int2(redshift.super);
CREATE CAST (redshift.super AS integer) WITH FUNCTION redshift.to_int4(redshift.super);
CREATE CAST (redshift.super AS bigint) WITH FUNCTION redshift.to_int8(redshift.super);
CREATE CAST (redshift.super AS double precision) WITH FUNCTION redshift.to_float8(redshift.super);
CREATE CAST (redshift.super AS real) WITH FUNCTION redshift.to_float4(redshift.super);
CREATE CAST (redshift.super AS boolean) WITH FUNCTION redshift.to_bool(redshift.super);

CREATE FUNCTION redshift.to_varbyte(t text, how text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(t, how) $$;
CREATE FUNCTION redshift.sha2(t text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex') $$;
