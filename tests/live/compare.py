#!/usr/bin/env python3
"""Compares tables of PostgreSQL with their <table>_current views in a DuckDB file, in real types.

    compare.py --postgres DSN --duckdb FILE [--schema public] [TABLE...]

An independent reader: PostgreSQL is read with psql, DuckDB with its own Python package; nothing of Sluice is
used. Every row of every column is compared. What DSQL's stream itself gives less exactly is reduced on the
PostgreSQL side as the stream documents it: an interval's month counts 30.4375 days, char(n) has no trailing
blanks, a time with zone is in UTC. Prints "4 tables, N rows: equal", or the first differences and exits 1.
"""

import argparse
import decimal
import json
import pathlib
import struct
import subprocess
import sys

SHOWN = 10  # differences in detail per table

# PostgreSQL's type -> the expression that is read there, the DuckDB type that the view must have, and the
# expression that gives the same text there. {c} is the quoted column.
INSTANT = ("CASE WHEN isfinite({c}) THEN (extract(epoch FROM {c}) * 1000000)::numeric(30,0)::text ELSE {c}::text END",
           "CASE WHEN isfinite({c}) THEN epoch_us({c})::VARCHAR ELSE {c}::VARCHAR END")
MICROSECONDS = "(extract(epoch FROM {c}) * 1000000)::numeric(30,0)::text"
PLAIN = ("{c}::text", "{c}::VARCHAR")
TYPES = {
    "boolean": (PLAIN[0], "BOOLEAN", PLAIN[1]),
    "smallint": (PLAIN[0], "SMALLINT", PLAIN[1]),
    "integer": (PLAIN[0], "INTEGER", PLAIN[1]),
    "bigint": (PLAIN[0], "BIGINT", PLAIN[1]),
    "oid": (PLAIN[0], "BIGINT", PLAIN[1]),
    "real": (PLAIN[0], "FLOAT", "{c}::DOUBLE::VARCHAR"),
    "double precision": (PLAIN[0], "DOUBLE", PLAIN[1]),
    "numeric": (PLAIN[0], None, PLAIN[1]),
    "text": (PLAIN[0], "VARCHAR", PLAIN[1]),
    "name": (PLAIN[0], "VARCHAR", PLAIN[1]),
    '"char"': (PLAIN[0], "VARCHAR", PLAIN[1]),
    "character varying": (PLAIN[0], "VARCHAR", PLAIN[1]),
    "character": ("rtrim({c}::text, ' ')", "VARCHAR", PLAIN[1]),
    "bytea": ("encode({c}, 'hex')", "BLOB", "lower(hex({c}))"),
    "uuid": (PLAIN[0], "UUID", PLAIN[1]),
    "date": ("CASE WHEN isfinite({c}) THEN ({c} - date '1970-01-01')::text ELSE {c}::text END", "DATE",
             "CASE WHEN isfinite({c}) THEN ({c} - DATE '1970-01-01')::VARCHAR ELSE {c}::VARCHAR END"),
    "time without time zone": (MICROSECONDS, "TIME", "epoch_us({c})::VARCHAR"),
    "time with time zone": (
        "mod((extract(epoch FROM {c}) * 1000000)::numeric(30,0) + 86400000000, 86400000000)::text", "TIME",
        "epoch_us({c})::VARCHAR"),
    "timestamp without time zone": (INSTANT[0], "TIMESTAMP", INSTANT[1]),
    "timestamp with time zone": (INSTANT[0], "TIMESTAMP WITH TIME ZONE", INSTANT[1]),
    "interval": ("(((extract(year FROM {c}) * 12 + extract(month FROM {c})) * 2629800 + extract(day FROM {c}) * 86400"
                 " + extract(hour FROM {c}) * 3600 + extract(minute FROM {c}) * 60) * 1000000"
                 " + extract(microseconds FROM {c}))::numeric(30,0)::text",
                 "INTERVAL", "epoch_us({c})::VARCHAR"),
    "json": (PLAIN[0], "JSON", PLAIN[1]),
    "jsonb": (PLAIN[0], "JSON", PLAIN[1]),
}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def fail(message):
    sys.exit(f"compare: {message}")


def psql(dsn, sql):
    """The rows of a statement; NULL is None. COPY's text format tells NULL and '' apart."""
    settings = "SET timezone = 'UTC'; SET extra_float_digits = 3; SET intervalstyle = 'postgres'; "
    run = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", settings,
                          "-c", f"COPY ({sql}) TO STDOUT"],
                         capture_output=True, check=False, env=None)
    if run.returncode != 0:
        fail("psql failed: " + run.stderr.decode(errors="replace").strip())
    escapes = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}

    def value(text):
        if text == "\\N":
            return None
        if "\\" not in text:
            return text
        parts, at = [], 0
        while at < len(text):
            if text[at] == "\\":
                at += 1
                parts.append(escapes[text[at]])
            else:
                parts.append(text[at])
            at += 1
        return "".join(parts)

    lines = run.stdout.decode().split("\n")
    return [[value(cell) for cell in line.split("\t")] for line in lines[:-1]]


def columns_of(dsn, schema, table):
    literal = "'" + quoted(schema).replace("'", "''") + "." + quoted(table).replace("'", "''") + "'"
    return psql(dsn, f"""
        SELECT a.attname, format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod),
               array_position(k.conkey, a.attnum)
        FROM pg_attribute a LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
        WHERE a.attrelid = {literal}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""")


def expected_type(base, declared):
    if base != "numeric":
        return TYPES[base][1]
    if declared == "numeric":
        return "VARCHAR"
    precision, scale = declared.removeprefix("numeric(").removesuffix(")").split(",")
    fits = int(precision) <= 38 and 0 <= int(scale) <= int(precision)
    return f"DECIMAL({precision},{scale})" if fits else "VARCHAR"


def normal(base, declared, value):
    """One value in a form in which equal means equal. Both sides come as text."""
    if value is None:
        return None
    if base == "numeric":
        if value in ("NaN", "Infinity", "-Infinity"):
            # A DECIMAL holds digits only: the view gives NULL, the event log the text.
            return None if expected_type(base, declared).startswith("DECIMAL") else value
        return decimal.Decimal(value)
    if base == "real":
        return repr(struct.unpack("f", struct.pack("f", float(value)))[0])
    if base == "double precision":
        return repr(float(value))
    if base == "boolean":
        return value in ("t", "true")
    if base in ("smallint", "integer", "bigint", "oid"):
        return int(value)
    if base == "jsonb":
        return json.dumps(json.loads(value), sort_keys=True)
    return value


def view_name(schema, table):
    return f"{table}_current" if schema == "public" else f"{schema}_{table}_current"


def key_text(key):
    return "(" + ", ".join(str(part) for part in key) + ")"


def read_duckdb(duck, schema, table, columns):
    """The view's rows as text, or a list of differences in the columns themselves."""
    view = quoted(view_name(schema, table))
    shown = {name: kind for name, kind, *_ in duck.execute(f"DESCRIBE {view}").fetchall()}
    differences = []
    for name, base, declared, _ in columns:
        if name not in shown:
            differences.append(f"column {name} is missing in {view}")
        elif shown[name] != expected_type(base, declared):
            differences.append(f"column {name} is {declared} in PostgreSQL, {shown[name]} in {view}; "
                               f"expected {expected_type(base, declared)}")
    for name in shown.keys() - {column[0] for column in columns}:
        differences.append(f"column {name} of {view} is not in PostgreSQL")
    if differences:
        return None, differences
    select = ", ".join(TYPES[base][2].format(c=quoted(name)) for name, base, *_ in columns)
    return duck.execute(f"SELECT {select} FROM {view}").fetchall(), []


def compare(dsn, duck, schema, table):
    """(rows, differences) of one table."""
    columns = columns_of(dsn, schema, table)
    for name, base, *_ in columns:
        if base not in TYPES:
            fail(f"{schema}.{table}.{name} is of type {base}, which DSQL does not have")
    select = ", ".join(TYPES[base][0].format(c=quoted(name)) for name, base, *_ in columns)
    source = psql(dsn, f"SELECT {select} FROM {quoted(schema)}.{quoted(table)}")
    target, differences = read_duckdb(duck, schema, table, columns)
    if differences:
        return len(source), differences
    key = [at for _, at in sorted((int(column[3]), at) for at, column in enumerate(columns) if column[3])]
    if not key:
        key = list(range(len(columns)))

    def by_key(rows):
        found = {}
        for row in rows:
            values = tuple(normal(column[1], column[2], cell) for column, cell in zip(columns, row))
            found.setdefault(tuple(values[at] for at in key), []).append(values)
        return found

    wanted, got = by_key(source), by_key(target)
    for where in sorted(wanted.keys() | got.keys(), key=str):
        left, right = wanted.get(where, []), got.get(where, [])
        if len(left) != len(right):
            differences.append(f"row {key_text(where)}: {len(left)} in PostgreSQL, {len(right)} in DuckDB")
            continue
        for a, b in zip(sorted(left, key=str), sorted(right, key=str)):
            for column, x, y in zip(columns, a, b):
                if x != y:
                    differences.append(f"row {key_text(where)}, column {column[0]}: {x!r} in PostgreSQL, {y!r} in DuckDB")
    return len(source), differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", required=True, metavar="DSN")
    parser.add_argument("--duckdb", required=True, metavar="FILE")
    parser.add_argument("--schema", default="public")
    parser.add_argument("tables", nargs="*", metavar="TABLE")
    options = parser.parse_args()
    try:
        import duckdb
    except ImportError:
        fail("Python's duckdb package is missing. Run scripts/setup --for demo and use .deps/python/bin/python.")
    if not pathlib.Path(options.duckdb).is_file():
        fail(f"there is no file {options.duckdb}")
    duck = duckdb.connect(options.duckdb, read_only=True)
    duck.execute("SET TimeZone = 'UTC'")
    tables = options.tables or [row[0] for row in psql(options.postgres, f"""
        SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = '{quoted(options.schema).replace("'", "''")}'::regnamespace ORDER BY relname""")]
    if not tables:
        fail(f"PostgreSQL has no table in the schema {options.schema}")
    total, wrong = 0, 0
    for table in tables:
        rows, differences = compare(options.postgres, duck, options.schema, table)
        total += rows
        wrong += len(differences)
        for line in differences[:SHOWN]:
            print(f"{table}: {line}")
        if len(differences) > SHOWN:
            print(f"{table}: ... and {len(differences) - SHOWN:,} more")
    if wrong:
        print(f"{len(tables)} tables, {total:,} rows: {wrong:,} differences")
        sys.exit(1)
    print(f"{len(tables)} tables, {total:,} rows: equal")


if __name__ == "__main__":
    main()
