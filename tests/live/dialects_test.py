#!/usr/bin/env python3
"""One stream into DuckDB, PostgreSQL and the local Redshift: the views show the same rows, but for what docs/types.md says.

Run with: scripts/with-redshift -- .deps/python/bin/python tests/live/dialects_test.py --sluice build/release/sluice
"""

import decimal
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import duckdb
import psycopg

SERVER = os.environ.get("SLUICE_TEST_DSN", "")
SLUICE = "build/release/sluice"
# Redshift's last day here, and the times of day that only the others have.
LAST_DAY, MIDNIGHT = 106751990, 86_400_000_000
DUCKDB_TEXT = {"DATE": "CASE WHEN isinf({0}) THEN 'infinite' ELSE ({0} - DATE '1970-01-01')::VARCHAR END",
               "TIMESTAMP": "CASE WHEN isinf({0}) THEN 'infinite' ELSE epoch_us({0})::VARCHAR END",
               "TIMESTAMP WITH TIME ZONE": "CASE WHEN isinf({0}) THEN 'infinite' ELSE epoch_us({0})::VARCHAR END",
               "TIME": "CASE WHEN {0} = TIME '24:00:00' THEN '%d' ELSE epoch_us({0})::VARCHAR END" % MIDNIGHT,
               "INTERVAL": "epoch_us({0})::VARCHAR", "BLOB": "hex({0})", "JSON": "{0}::VARCHAR"}
# As the stand-in sets it for its own sessions.
SESSION = "-c timezone=UTC -c redshift.string_bytes=65535 -c redshift.super_bytes=1000000"
MOMENT = "CASE WHEN NOT isfinite({0}) THEN 'infinite' ELSE trunc(extract(epoch FROM {0}) * 1000000)::text END"
POSTGRES_TEXT = {"date": "CASE WHEN NOT isfinite({0}) THEN 'infinite' ELSE ({0} - DATE '1970-01-01')::text END",
                 "timestamp without time zone": MOMENT,
                 "timestamp with time zone": MOMENT,
                 "time without time zone": "trunc(extract(epoch FROM {0}) * 1000000)::text",
                 "interval": "trunc(extract(epoch FROM {0}) * 1000000)::text", "bytea": "upper(encode({0}, 'hex'))",
                 # Of NULL it gives the JSON null.
                 "redshift.super": "CASE WHEN {0} IS NOT NULL THEN redshift.json_serialize({0}) END"}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def sluice(*words):
    done = subprocess.run([SLUICE, *map(str, words)], capture_output=True, text=True, check=False, timeout=200)
    if done.returncode not in (0, 4):
        raise AssertionError(f"sluice {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def one_spelling(text):
    """A number by its value, JSON by its content, anything else as it is."""
    if text is None:
        return None
    if text.lower() in ("nan", "inf", "-inf", "infinity", "-infinity"):
        return text.lower().replace("inity", "")
    if text[:1] in '{["':
        try:
            return json.dumps(json.loads(text, parse_int=one_spelling, parse_float=one_spelling), sort_keys=True)
        except ValueError:
            return text
    try:
        return str(decimal.Decimal(text).normalize() + 0)
    except decimal.InvalidOperation:
        return text


def is_refused_by_redshift(text):
    """JSON with NUL, half of a surrogate pair or a repeated key."""
    def pairs(members):
        if len(dict(members)) < len(members):
            raise ValueError("repeated")
        return dict(members)
    try:
        spelled = json.dumps(json.loads(text, object_pairs_hook=pairs), ensure_ascii=False)
    except ValueError:
        return True
    return "\\u0000" in spelled or any("\ud800" <= char <= "\udfff" for char in spelled)


def as_rows(names, rows):
    """Rows as texts by the columns' names in lower case, in an order of their own."""
    found = [{name.lower(): one_spelling(cell) for name, cell in zip(names, row)} for row in rows]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


class Dialects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        here = Path(cls.folder.name)
        sluice("generate", "--seed", 11, "--changes", 1500, "--duplicates", "0.1", "--reorder", "all", "--unusual", 0, "--out",
               here / "changes.ndjson", "--truth", here / "truth.ndjson", "--catalog-out", here / "catalog.toml")
        cls.databases = {}
        with psycopg.connect(SERVER, autocommit=True) as maker:
            maker.execute("CREATE DATABASE dialects")
        cls.postgres = SERVER.replace("dbname=postgres", "dbname=dialects")
        cls.duckdb = here / "shop.duckdb"
        common = ["--from", f"file:{here / 'changes.ndjson'}", "--catalog", here / "catalog.toml"]
        sluice("run", *common, "--to", f"duckdb:{cls.duckdb}")
        sluice("run", *common, "--to", f"postgres:{cls.postgres}")
        sluice("run", *common, "--to", "redshift:shop/dev", "--state", here / "state.duckdb")
        sluice("views", "--db", "redshift:shop/dev", "--state", here / "state.duckdb", "--catalog", here / "catalog.toml",
               "--apply")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def duckdb_rows(self, view):
        with duckdb.connect(str(self.duckdb), read_only=True) as connection:
            columns = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(view)})").fetchall()
            texts = [DUCKDB_TEXT.get(kind, "{0}::VARCHAR").format(quoted(name)) for name, kind in columns]
            rows = connection.execute(f"SELECT {', '.join(texts)} FROM {quoted(view)}").fetchall()
        return [(name, kind) for name, kind in columns], rows

    def postgres_rows(self, dsn, view):
        with psycopg.connect(dsn, options=SESSION) as connection:
            columns = connection.execute("SELECT attname, format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = "
                                         "%s::regclass AND attnum > 0 ORDER BY attnum", (quoted(view),)).fetchall()
            texts = [POSTGRES_TEXT.get(kind, "{0}::text").format(quoted(name)).replace("%", "%%") for name, kind in columns]
            return columns, connection.execute(f"SELECT {', '.join(texts)} FROM {quoted(view)}").fetchall()

    def views(self):
        with duckdb.connect(str(self.duckdb), read_only=True) as connection:
            return [row[0] for row in connection.execute(
                "SELECT view_name FROM cdc_views WHERE view_name LIKE '%\\_current' ESCAPE '\\' OR view_name LIKE "
                "'%\\_history' ESCAPE '\\' OR view_name LIKE '%\\_changes' ESCAPE '\\' ORDER BY 1").fetchall()
                # PostgreSQL takes 63 bytes, and gives a longer name another one.
                if len(row[0].encode()) <= 63]

    def landed(self, connection):
        """How many changes of each table are in the log."""
        return dict(connection.execute("SELECT source_schema || '.' || source_table, count(DISTINCT sequence_number) FROM "
                                       "cdc_events GROUP BY 1").fetchall())

    def views_without_refused_rows(self):
        """Redshift's JSON_PARSE refuses NUL and halves of surrogate pairs: such rows are in quarantine and not in the views."""
        with duckdb.connect(str(self.duckdb), read_only=True) as ours, psycopg.connect(SERVER) as theirs:
            wanted, found = self.landed(ours), self.landed(theirs)
            whole = {table for table, count in wanted.items() if found.get(table) == count}
            tables = dict(ours.execute("SELECT view_name, source_schema || '.' || source_table FROM cdc_views").fetchall())
        return [view for view in self.views() if tables[view] in whole]

    def test_redshift_shows_what_duckdb_shows(self):
        compared = 0
        for view in self.views_without_refused_rows():
            columns, rows = self.duckdb_rows(view)
            wanted = []
            for row in rows:
                wanted.append([self.in_redshift(kind, cell) for (_, kind), cell in zip(columns, row)])
            names, found = self.postgres_rows(SERVER, view.lower())
            with self.subTest(view=view):
                self.assertEqual(as_rows([name for name, _ in names], found), as_rows([name for name, _ in columns], wanted))
            compared += len(rows)
        self.assertGreater(compared, 500)

    @staticmethod
    def in_redshift(kind, cell):
        """What docs/types.md says is lost."""
        if cell is None or cell == "infinite":
            return None
        if kind == "DATE" and int(cell) > LAST_DAY:
            return None
        if kind == "TIME" and int(cell) == MIDNIGHT:
            return None
        if kind == "JSON" and is_refused_by_redshift(cell):
            return None
        return cell

    def test_postgres_shows_what_duckdb_shows(self):
        for view in self.views():
            columns, rows = self.duckdb_rows(view)
            names, found = self.postgres_rows(self.postgres, view)
            # What a DECIMAL of DuckDB cannot hold is NULL there, and a numeric of PostgreSQL can.
            decimals = {name.lower() for name, kind in columns if kind.startswith("DECIMAL")}
            found = as_rows([name for name, _ in names], found)
            for row in found:
                for name in decimals:
                    row[name] = None if row[name] in ("nan", "inf", "-inf") else row[name]
            with self.subTest(view=view):
                self.assertEqual(sorted(found, key=lambda row: json.dumps(row, sort_keys=True)),
                                 as_rows([name for name, _ in columns], rows))

    def test_transactions_are_the_same_everywhere(self):
        with duckdb.connect(str(self.duckdb), read_only=True) as connection:
            wanted = connection.execute("SELECT tx_id, commit_ts_ns, changes, tables, inserts, deletes FROM cdc_transactions "
                                        "ORDER BY tx_id").fetchall()
        self.assertGreater(len(wanted), 50)
        for dsn in (SERVER, self.postgres):
            with psycopg.connect(dsn) as connection:
                found = connection.execute("SELECT tx_id, commit_ts_ns, changes, tables, inserts, deletes FROM cdc_transactions "
                                           'ORDER BY tx_id COLLATE "C"').fetchall()
            self.assertEqual([tuple(map(str, row)) for row in found], [tuple(map(str, row)) for row in wanted])


if __name__ == "__main__":
    if "--sluice" in sys.argv:
        at = sys.argv.index("--sluice")
        SLUICE = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    unittest.main(verbosity=1)
