"""Holds a PostgreSQL store against the truth that `sluice generate --truth` wrote, through psql.

Twice, independently, as tests/e2e/truth.py does for DuckDB: the log's newest row of each record id must be the truth's
image byte for byte, and every `*_current` view must show the truth's rows column by column.
"""

import collections
import csv
import decimal
import io
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import truth  # noqa: E402  (it imports duckdb, which the live tests' Python has)

NEWEST = """
  SELECT source_schema, source_table, record_id, event_text FROM (
    SELECT *, row_number() OVER (PARTITION BY source_schema, source_table, record_id
                                 ORDER BY commit_ts_ns DESC, operation = 'd', event_text DESC) AS nth FROM cdc_events) AS e
  WHERE nth = 1 AND operation <> 'd'"""
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
# What jsonb refuses is U+FFFD in the views: docs/types.md.
REFUSED = re.compile("\0|[\ud800-\udfff]")
csv.field_size_limit(1 << 30)


def query(dsn, sql):
    """The rows as lists of text; NULL is None (psql's CSV quotes an empty text and not a NULL)."""
    done = subprocess.run(["psql", dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAt", "-c", "SET bytea_output = hex", "-c",
                           f"COPY ({sql}) TO STDOUT (FORMAT csv, NULL '\\N')"], capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr.decode(errors='replace')}\n{sql}")
    rows = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
    return [[None if cell == "\\N" else cell for cell in row] for row in rows]


def value(dsn, sql):
    return query(dsn, sql)[0][0]


def respelled(text):
    """jsonb keeps a number's value, not its spelling."""
    return str(decimal.Decimal(text).normalize() + 0) if NUMBER.fullmatch(text) else text


def plain(found):
    """A JSON value in one spelling."""
    if isinstance(found, dict):
        return {REFUSED.sub("\ufffd", key): plain(inner) for key, inner in found.items()}
    if isinstance(found, list):
        return [plain(inner) for inner in found]
    if isinstance(found, truth.Number):
        return respelled(found)
    return REFUSED.sub("\ufffd", found) if isinstance(found, str) else found


def text_value(text):
    """A text column holds strings as they are, and numbers and nested JSON as jsonb spells them."""
    if text[:1] in "{[":
        try:
            return json.dumps(plain(json.loads(text, parse_int=truth.Number, parse_float=truth.Number)), sort_keys=True)
        except ValueError:
            pass
    return respelled(REFUSED.sub("\ufffd", text))


def wanted_value(found, column_type):
    if found is None:
        return None
    if column_type == "bigint":
        return int(found)
    if column_type == "double precision":
        return repr(float(found) + 0.0)
    if column_type == "boolean":
        return found
    if isinstance(found, (dict, list)):
        return json.dumps(plain(found), sort_keys=True)
    if isinstance(found, bool):
        return "true" if found else "false"
    return text_value(str(found))


def seen_value(text, column_type):
    if text is None:
        return None
    if column_type == "bigint":
        return int(text)
    if column_type == "double precision":
        return repr(float(text) + 0.0)
    if column_type == "boolean":
        return text == "true"
    return text_value(text)


def compare_log(dsn, rows):
    found = {(schema, table, key): text for schema, table, key, text in query(dsn, NEWEST)}
    return [f"log {key}: truth {rows.get(key)!r:.200}, store {found.get(key)!r:.200}"
            for key in rows.keys() | found.keys() if rows.get(key) != found.get(key)]


def view_rows(dsn, view):
    columns = query(dsn, f"SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
                         f"quote_ident({literal(view)})::regclass AND attnum > 0 ORDER BY attnum")
    cells = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"::text' for name, _ in columns)
    name = view.replace('"', '""')
    rows = [json.loads(row[0]) for row in query(dsn, f'SELECT to_json(ARRAY[{cells}]) FROM "{name}"')]
    return columns, rows


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def compare_views(dsn, tables):
    differences = []
    views = {(schema, table): view for view, schema, table in
             query(dsn, "SELECT view_name, source_schema, source_table FROM cdc_views WHERE function_name <> ''")}
    for table, rows in tables.items():
        if table not in views:
            differences.append(f"table {table} has no view")
            continue
        columns, found = view_rows(dsn, views[table])
        seen = collections.Counter(tuple(seen_value(cell, kind) for cell, (_, kind) in zip(row, columns)) for row in found)
        known = {name for row in rows for name in row}
        names = [column if column in known else column.rsplit("_", 1)[0] for column, _ in columns]
        wanted = collections.Counter(
            tuple(wanted_value(row.get(name), kind) for name, (_, kind) in zip(names, columns)) for row in rows)
        for row in list((wanted - seen))[:2]:
            differences.append(f"view {views[table]}: misses {row!r:.600}")
        for row in list((seen - wanted))[:2]:
            differences.append(f"view {views[table]}: has too much {row!r:.600}")
    return differences


def compare(dsn, truth_path):
    rows, tables = truth.read_truth(truth_path)
    return compare_log(dsn, rows) + compare_views(dsn, tables), len(tables), len(rows)


if __name__ == "__main__":
    found, table_count, row_count = compare(sys.argv[1], sys.argv[2])
    print("\n".join(found[:10]))
    print(f"{table_count} tables, {row_count:,} rows: {'equal' if not found else f'{len(found)} differences'}")
    sys.exit(1 if found else 0)
