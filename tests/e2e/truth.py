#!/usr/bin/env python3
"""Holds a store against the truth that `sluice generate --truth` wrote, through a reader that nobody here wrote.

Twice, independently: the log's newest row of each record id must be the truth's image byte for byte, and every
`*_current` view must show the truth's rows column by column. Prints the first differences and exits with 1.
"""

import argparse
import collections
import json
import re
import sys

import duckdb

NEWEST = """
  SELECT source_schema, source_table, record_id, CAST(event_data AS VARCHAR) FROM (
    SELECT *, row_number() OVER (PARTITION BY source_schema, source_table, record_id
                                 ORDER BY commit_ts_ns DESC, operation = 'd', event_data DESC) AS nth FROM cdc_events)
  WHERE nth = 1 AND operation <> 'd'"""


class Number(str):
    """A JSON number as it is spelled."""


def read_truth(path):
    rows = {}
    tables = collections.defaultdict(list)
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            # The row's own text is the rest of the line behind "row":, so that bytes can be compared.
            record = json.loads(line, parse_int=Number, parse_float=Number)
            text = line[line.index('"row":') + len('"row":'):].rstrip("\n")[:-1]
            rows[(record["schema"], record["table"], record["record_id"])] = text
            tables[(record["schema"], record["table"])].append(record["row"])
    return rows, tables


SPELLED = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def respelled(text):
    """DuckDB's JSON spells a fraction in its own way (1e+300 for 1e300): as text, compare what it means."""
    if text == "-0":
        return "0"
    return repr(float(text)) if SPELLED.fullmatch(text) and not text.lstrip("-").isdigit() else text


def view_value(value, column_type):
    """What a JSON value must look like in a column of that type."""
    if value is None:
        return None
    if column_type in ("BIGINT", "HUGEINT"):
        return int(value)
    if column_type == "DOUBLE":
        return repr(float(value) + 0.0)  # DuckDB's JSON reads -0 as 0: docs/types.md
    if column_type == "BOOLEAN":
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return respelled(str(value))


def seen_value(value, column_type):
    if column_type == "DOUBLE" and value is not None:
        return repr(value + 0.0)
    if column_type == "JSON" and value is not None:
        parsed = json.loads(value)
        return json.dumps(parsed) if isinstance(parsed, (dict, list)) else str(parsed)
    return respelled(value) if isinstance(value, str) else value


def compare_log(store, truth):
    found = {(schema, table, key): text for schema, table, key, text in store.execute(NEWEST).fetchall()}
    differences = []
    for key in truth.keys() | found.keys():
        if truth.get(key) != found.get(key):
            differences.append(f"log {key}: truth {truth.get(key)!r:.200}, store {found.get(key)!r:.200}")
    return differences


def compare_views(store, tables):
    differences = []
    # The current view is the one with a macro beside it.
    views = {(schema, table): view
             for view, schema, table in store.execute("SELECT view_name, source_schema, source_table FROM cdc_views "
                                                      "WHERE macro_name <> ''").fetchall()}
    for table, rows in tables.items():
        if table not in views:
            differences.append(f"table {table} has no view")
            continue
        name = views[table].replace('"', '""')
        answer = store.execute(f'SELECT * FROM "{name}"')
        columns = [(column[0], str(column[1])) for column in answer.description]
        seen = collections.Counter(
            tuple(seen_value(value, kind) for value, (_, kind) in zip(row, columns)) for row in answer.fetchall())
        # A view's column that differs from another only by case has a suffix: then match by position of the name.
        lower = collections.Counter()
        wanted_names = []
        known = sorted({name for row in rows for name in row})
        for column, _ in columns:
            wanted_names.append(column if column in known else column.rsplit("_", 1)[0])
            lower[column.lower()] += 1
        wanted = collections.Counter(
            tuple(view_value(row.get(name), kind) for name, (_, kind) in zip(wanted_names, columns)) for row in rows)
        for row in list((wanted - seen))[:2]:
            differences.append(f"view {views[table]}: misses {row!r:.300}")
        for row in list((seen - wanted))[:2]:
            differences.append(f"view {views[table]}: has too much {row!r:.300}")
    return differences


def compare(store_path, truth_path):
    truth, tables = read_truth(truth_path)
    with duckdb.connect(str(store_path), read_only=True) as store:
        return compare_log(store, truth) + compare_views(store, tables), len(tables), len(truth)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("truth")
    arguments = parser.parse_args()
    differences, tables, rows = compare(arguments.store, arguments.truth)
    for difference in differences[:10]:
        print(difference)
    print(f"{tables} tables, {rows:,} rows: {'equal' if not differences else f'{len(differences)} differences'}")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
