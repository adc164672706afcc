#!/usr/bin/env python3
"""The catalog and what is kept by it, against a real PostgreSQL on either side.

Run with: scripts/with-postgres -- PYTHON tests/live/catalog_test.py --sluice build/release/sluice
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import dsql_door

SERVER = os.environ.get("SLUICE_TEST_DSN", "")
T0 = 1790000000000000000


def change(table, ts, op, row):
    before, after = (row, None) if op == "d" else (None, row)
    return json.dumps({"type": "full", "op": op, "before": before, "after": after,
                       "source": {"version": "1.0", "ts_ns": T0 + ts, "txId": f"t{ts}", "schema": "public", "table": table}})


class Stage(unittest.TestCase):
    """A folder and a database of its own per story, and a second database for a store."""

    sluice_path = ""
    number = 0

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-catalog-")
        self.addCleanup(held.cleanup)
        self.folder = Path(held.name)
        Stage.number += 1
        self.source = self.database(f"source_{Stage.number}")
        self.store = self.database(f"store_{Stage.number}")

    def database(self, name):
        self.psql(SERVER, f"CREATE DATABASE {name}")
        self.addCleanup(self.psql, SERVER, f"DROP DATABASE {name} WITH (FORCE)")
        return SERVER.replace("dbname=postgres", f"dbname={name}")

    def psql(self, dsn, text):
        return subprocess.run(["psql", dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", text], capture_output=True,
                              text=True, check=True).stdout.strip()

    def sluice(self, *words, code=0, environment=None):
        done = subprocess.run([self.sluice_path, *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, **(environment or {})}, timeout=120, check=False)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def run_into(self, to, records, *more):
        """Feeds lines, or a file of them, to a store."""
        path = records
        if not isinstance(records, (str, Path)):
            path = self.folder / f"{len(list(self.folder.iterdir()))}.ndjson"
            path.write_text("".join(line + "\n" for line in records))
        return self.sluice("run", "--from", f"file:{path}", "--to", to, "--progress", "none", *more)

    def diff(self, *words):
        done = subprocess.run([self.sluice_path, "catalog", "diff", "--catalog", "shop.toml", "--json", *words],
                              capture_output=True, text=True, cwd=self.folder, check=False)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 4 if answer["needs_doing"] else 0, done.stderr)
        return [" ".join(filter(None, (one["what"], one["table"], one["column"] if one["what"] != "renamed-column" else "",
                                       one["was"], one["is"]))) for one in answer["differences"]]


class RekeyInPostgres(Stage):
    LINES = [("c", {"id": 7, "line": 1, "qty": 2}), ("c", {"id": 7, "line": 2, "qty": 5}), ("u", {"id": 7, "line": 1, "qty": 3}),
             ("c", {"id": 8, "line": 1, "qty": 1}), ("d", {"id": 7, "line": 2})]

    def rekey(self, *words):
        return json.loads(self.sluice("rekey", "--to", f"postgres:{self.store}", "--table", "lines", "--json", *words).stdout)

    def ids(self):
        return self.psql(self.store, "SELECT string_agg(record_id, ' ' ORDER BY commit_ts_ns) FROM cdc_events")

    def test_a_dry_run_tells_what_the_rekey_then_does(self):
        records = [change("lines", ts, op, row) for ts, (op, row) in enumerate(self.LINES)]
        self.run_into(f"postgres:{self.store}", records, "--key", "lines=id")
        before = self.ids()
        told = self.rekey("--key", "id,line", "--dry-run")
        self.assertEqual((told["rows"], told["changed"], told["ids_before"], told["ids_after"]), (5, 5, 2, 3))
        self.assertEqual(told["split_examples"], [{"ids": 2, "rows": 4, "event_ids": [1, 2, 3, 5]}])
        self.assertEqual(self.psql(self.store, "SELECT count(*) FROM lines_current WHERE id = 7"), "0")
        self.assertEqual(self.ids(), before)
        self.rekey("--key", "id,line")
        self.assertEqual(self.ids(), "[7,1] [7,2] [7,1] [8,1] [7,2]")
        self.assertEqual(self.psql(self.store, "SELECT id, line, qty FROM lines_current ORDER BY 1, 2"), "7|1|3\n8|1|1")
        self.assertEqual(self.rekey("--dry-run")["changed"], 0)
        # What the events now say and what a file says of the key agree.
        self.sluice("catalog", "learn", "--db", f"postgres:{self.store}", "--out", "shop.toml")
        self.assertIn('key = ["id", "line"]', (self.folder / "shop.toml").read_text())
        self.assertEqual(self.diff("--db", f"postgres:{self.store}"), [])


class FromDsql(Stage):
    """Against a real PostgreSQL behind a door as a cluster has it. What only a real cluster can show is not shown."""

    TABLES = ("CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2) NOT NULL, at timestamptz);"
              "CREATE SCHEMA depot; CREATE TABLE depot.slots (aisle integer, slot varchar(4), PRIMARY KEY (slot, aisle))")

    def setUp(self):
        super().setUp()
        self.psql(self.source, self.TABLES)

    def door(self, **how):
        parts = dict(part.split("=", 1) for part in self.source.split())
        door = dsql_door.Door(self.folder, (parts["host"], int(parts["port"])), parts["dbname"], **how)
        self.addCleanup(door.close)
        return door

    def read(self, door, *more, code=0, host=dsql_door.HOST, secret=dsql_door.SECRET, ca="ca.pem"):
        # The name leads nowhere; libpq is told the address beside it.
        environment = {"PGHOSTADDR": "127.0.0.1", "AWS_ACCESS_KEY_ID": dsql_door.KEY, "AWS_SECRET_ACCESS_KEY": secret,
                       "AWS_SESSION_TOKEN": "AQoEXAMPLE/+=", "AWS_EC2_METADATA_DISABLED": "true"}
        return self.sluice("catalog", "read", "--dsql", host, "--dsql-port", door.port, *(["--dsql-ca", ca] if ca else []), *more,
                           code=code, environment=environment)

    def test_what_is_read_is_what_the_same_database_says_without_the_door(self):
        door = self.door()
        told = self.read(door).stdout
        self.assertEqual(told, self.sluice("catalog", "read", "--postgres", self.source).stdout)
        self.assertIn('key = ["slot", "aisle"]', told)
        self.read(door, "--dsql-user", "reader")
        self.assertEqual(door.users, ["admin", "reader"])

    def test_a_cluster_that_is_busy_is_asked_again_with_a_new_connection(self):
        door = self.door(busy=2)
        self.read(door)
        self.assertEqual((door.busy, door.let_in), (0, 1))

    def test_a_wrong_token_certificate_or_name_is_refused_in_words(self):
        door = self.door()
        for how, said in (({"secret": "not the secret"}, "access denied"), ({"ca": None}, "certificate"),
                          ({"host": dsql_door.HOST.replace("abc", "xyz")}, "does not match host name"),
                          ({"host": "https://" + dsql_door.HOST}, "is not the endpoint of a cluster")):
            done = self.read(door, code=1, **how)
            self.assertIn(said, done.stderr)
            self.assertTrue(done.stderr.startswith("sluice: ") and done.stderr.count("\n") == 1, done.stderr)
            for secret in (dsql_door.SECRET, "X-Amz", "not the secret", "AQoEXAMPLE"):
                self.assertNotIn(secret, done.stdout + done.stderr)
        self.assertEqual(door.let_in, 0)

    def test_the_file_is_held_against_the_cluster(self):
        door = self.door()
        (self.folder / "shop.toml").write_text(self.read(door).stdout)
        self.psql(self.source, "ALTER TABLE orders ADD note text")
        environment = {"PGHOSTADDR": "127.0.0.1", "AWS_ACCESS_KEY_ID": dsql_door.KEY, "AWS_SECRET_ACCESS_KEY": dsql_door.SECRET}
        done = self.sluice("catalog", "diff", "--catalog", "shop.toml", "--dsql", dsql_door.HOST, "--dsql-port", door.port,
                           "--dsql-ca", "ca.pem", code=4, environment=environment)
        self.assertIn("new column     note text", done.stdout)


class Evolution(Stage):
    """The schema of a living table changes while its changes flow."""

    STEPS = [
        ("ALTER TABLE orders ADD note text", "INSERT INTO orders VALUES (10, 1, 'a', 'n')", ["new-column orders note text"]),
        ("ALTER TABLE orders DROP note", "UPDATE orders SET total = 2 WHERE id = 10", ["dropped-column orders note text"]),
        ("ALTER TABLE orders RENAME total TO amount", "INSERT INTO orders VALUES (11, 3, 'b')",
         ["renamed-column orders total amount"]),
        ("ALTER TABLE orders ALTER amount TYPE text", "INSERT INTO orders VALUES (12, 'four', 'c')",
         ["retyped-column orders amount integer text"]),
        ("ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id, kind)",
         "INSERT INTO orders VALUES (12, 'five', 'd')", ["nullability orders kind nullable not null", "key-changed orders (id) (id, kind)"]),
        ("ALTER TABLE orders RENAME TO purchases", "DELETE FROM purchases WHERE id = 11",
         ["renamed-table orders public.orders public.purchases"]),
        ("DROP TABLE purchases; CREATE TABLE purchases (code uuid PRIMARY KEY, price numeric(9,2), tags json)",
         "INSERT INTO purchases VALUES ('00000000-0000-0000-0000-000000000001', 9.5, '[1]')",
         ["remade-table purchases", "dropped-column purchases id bigint", "dropped-column purchases amount text",
          "dropped-column purchases kind varchar(8)", "new-column purchases code uuid", "new-column purchases price numeric(9,2)",
          "new-column purchases tags json", "key-changed purchases (id, kind) (code)"]),
    ]

    def read_catalog(self):
        self.sluice("catalog", "read", "--postgres", self.source, "--out", "shop.toml")

    def take(self, *more):
        """What has changed since goes into both stores."""
        self.sluice("emulate", "--postgres", self.source, "--slot", f"evolution_{Stage.number}", "--out", "changes.ndjson")
        for to in ("duckdb:shop.duckdb", f"postgres:{self.store}"):
            self.run_into(to, self.folder / "changes.ndjson", "--catalog", "shop.toml", *more)

    def shown(self, view, columns):
        """The view's rows in both stores, which must be the same."""
        sql = f"SELECT {columns} FROM {view} ORDER BY {columns}"
        done = self.sluice("query", "--db", "shop.duckdb", "--format", "ndjson", sql)
        duck = [["" if value is None else str(value) for value in json.loads(line).values()] for line in done.stdout.splitlines()]
        self.assertEqual(duck, [line.split("|") for line in self.psql(self.store, sql).splitlines()])
        return duck

    def test_each_step_is_named_and_old_and_new_rows_are_shown(self):
        self.addCleanup(self.sluice, "emulate", "--postgres", self.source, "--slot", f"evolution_{Stage.number}", "--drop")
        self.psql(self.source, "CREATE TABLE orders (id bigint PRIMARY KEY, total integer, kind varchar(8))")
        self.read_catalog()
        self.sluice("emulate", "--postgres", self.source, "--slot", f"evolution_{Stage.number}", "--out", "changes.ndjson")
        self.psql(self.source, "INSERT INTO orders VALUES (1, 7, 'old')")
        self.take()
        for ddl, change_after, named in self.STEPS:
            self.psql(self.source, ddl)
            self.assertEqual(self.diff("--postgres", self.source), named, ddl)
            self.psql(self.source, change_after)
            if "purchases (code" in ddl:
                # Under its old name the table had another key; the rows of before have none of the new one.
                self.assertIn(["10", "2"], self.shown("orders_current", "id, total"))
            self.take()  # as a run does whose catalog is still the old one
            self.read_catalog()
            self.assertEqual(self.diff("--postgres", self.source), [])
            self.take()  # and with the new one
        self.assertEqual(self.shown("orders_current", "id, total, amount, note, kind"),
                         [["1", "7", "", "", "old"], ["10", "2", "", "", "a"], ["11", "", "3", "", "b"],
                          ["12", "", "five", "", "d"], ["12", "", "four", "", "c"]])
        self.assertIn(["00000000-0000-0000-0000-000000000001", "9.50"], self.shown("purchases_current", "code, price"))


class RoundTrip(Stage):
    """A column of every DSQL type, at its edges: the database, its records, both stores, and equal again."""

    # A timestamp's microseconds since 1970 fit 64 bits until January of the year 294247; a date has no such end.
    BIG = "repeat('0123456789abcdef', 65536)"  # 1 MiB
    TYPES = {
        "smallint": ["-32768", "32767"],
        "integer": ["-2147483648", "2147483647"],
        "bigint": ["-9223372036854775808", "9223372036854775807", "9007199254740993"],
        "oid": ["0", "4294967295"],
        "real": ["'NaN'", "'Infinity'", "'-Infinity'", "3.4028235e38", "1e-45", "0.1"],
        "double precision": ["'NaN'", "'Infinity'", "'-Infinity'", "1.7976931348623157e308", "5e-324", "0.1"],
        "numeric(38,18)": ["99999999999999999999.999999999999999999", "-0.000000000000000001", "0"],
        "numeric(1000,20)": ["repeat('9', 900)::numeric", "-0.00000000000000000001"],
        "numeric": ["'NaN'", "1.50", "123456789012345678901234567890.123456789"],
        "boolean": ["true", "false"],
        "text": ["''", BIG, "'Köln 📦 👩‍👩‍👧'", "E'\\\\u0000 \\\\ud800 \\\\\\\\'", "E'a\\tb\\nc\\rd\\x01\"'", "'NaN'", "'null'"],
        "varchar(40)": ["''", "'  both ends  '", "'größe'"],
        "char(5)": ["'ab'", "'12345'"],
        "name": ["'a_name'"],
        '"char"': ["'x'"],
        "bytea": ["''::bytea", "'\\x00ff'::bytea", "decode(repeat('00ff', 2000), 'hex')"],
        "uuid": ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
        "date": ["'infinity'", "'-infinity'", "'0001-01-01'", "'4713-01-01 BC'", "'294275-12-31'", "'2026-02-28'"],
        "time": ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
        "timetz": ["'00:30:00+02'", "'23:59:59.999999-12'"],
        "timestamp": ["'infinity'", "'-infinity'", "'0001-01-01'", "'294246-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"],
        "timestamptz": ["'infinity'", "'-infinity'", "'0001-01-01 00:00:00+00'", "'294246-12-31 23:59:59.999999+00'"],
        "interval": ["'-1 day -00:00:00.000001'", "'0'", "'1 month'", "'-178000 years'", "'00:00:00.000001'"],
        "json": ["'{\"a\": [1, {\"b\": null}], \"a b\": 1e400}'", "'[]'", "'null'", "'\"\\u0000\"'"],
        "jsonb": ["'{\"z\": [1.10, {\"b\": \"📦\"}], \"a\": true}'", "'0'"],
    }
    US = "(extract(epoch FROM {c}) * 1000000)::numeric(30,0)::text"
    # What the stream itself gives less exactly, as docs/types.md says, on the source's side; then the store's.
    REDUCED = {
        "char(5)": ("rtrim({c}::text, ' ')", "{c}::text"),
        "timetz": ("mod(" + US.removesuffix("::text") + " + 86400000000, 86400000000)::text", US),
        "interval": ("(((extract(year FROM {c}) * 12 + extract(month FROM {c})) * 2629800 + extract(day FROM {c}) * 86400 + "
                     "extract(hour FROM {c}) * 3600 + extract(minute FROM {c}) * 60) * 1000000 + extract(microseconds FROM {c}))"
                     "::numeric(30,0)::text", US),
    }

    def setUp(self):
        super().setUp()
        self.names = {kind: f"c{at}" for at, kind in enumerate(self.TYPES)}
        self.psql(self.source, "CREATE TABLE edges (id integer PRIMARY KEY, " +
                  ", ".join(f"{name} {kind}" for kind, name in self.names.items()) + ")")
        self.slot = f"round_{Stage.number}"
        self.addCleanup(self.sluice, "emulate", "--postgres", self.source, "--slot", self.slot, "--drop")
        self.sluice("emulate", "--postgres", self.source, "--slot", self.slot, "--out", "changes.ndjson")
        for at in range(max(map(len, self.TYPES.values())) + 1):  # the last row is NULL throughout
            values = ", ".join(edges[at] if at < len(edges) else "NULL" for edges in self.TYPES.values())
            self.psql(self.source, f"INSERT INTO edges VALUES ({at}, {values})")
        self.psql(self.source, f"UPDATE edges SET {self.names['boolean']} = NOT {self.names['boolean']}")
        self.sluice("emulate", "--postgres", self.source, "--slot", self.slot, "--oversize-bytes", "300000", "--out", "changes.ndjson")
        self.sluice("catalog", "read", "--postgres", self.source, "--out", "shop.toml")

    def read(self, dsn, table, side):
        columns = ["id::text"]
        for kind, name in self.names.items():
            columns.append(self.REDUCED.get(kind, ("{c}::text", "{c}::text"))[side].format(c=name))
        rows = self.psql(dsn, "SET timezone = 'UTC'; SET extra_float_digits = 3; SELECT json_build_array(" +
                         ", ".join(columns) + f") FROM {table} ORDER BY id")
        return [json.loads(line) for line in rows.splitlines()]

    def test_every_value_comes_back_in_postgres(self):
        for config in ("view", "table"):
            (self.folder / "bench.toml").write_text(f'[table.edges]\ncurrent = "{config}"\n')
            self.run_into(f"postgres:{self.store}", self.folder / "changes.ndjson", "--catalog", "shop.toml", "--config", "bench.toml")
            self.assertEqual(self.psql(self.store, "SELECT count(*) FROM cdc_quarantine"), "0")
            expected, there = self.read(self.source, "edges", 0), self.read(self.store, "edges_current", 1)
            self.assertEqual(len(expected), len(there))
            for was, now in zip(expected, there):
                for kind, left, right in zip(["id", *self.TYPES], was, now):
                    self.assertEqual((left or "")[:200], (right or "")[:200], f"{kind} of row {was[0]} as a {config}")
                    self.assertEqual(left, right, f"{kind} of row {was[0]} as a {config}")

    def test_every_value_comes_back_in_duckdb(self):
        self.run_into("duckdb:shop.duckdb", self.folder / "changes.ndjson", "--catalog", "shop.toml")
        compare = Path(__file__).parent / "compare.py"
        done = subprocess.run([sys.executable, compare, "--postgres", self.source, "--duckdb", self.folder / "shop.duckdb", "edges"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("8 rows: equal", done.stdout)


class KeptInPostgres(Stage):
    """`current = "table"`: triggers keep it for every writer."""

    def setUp(self):
        super().setUp()
        self.records = self.folder / "records.ndjson"
        subprocess.run([self.sluice_path, "generate", "--seed", "11", "--changes", "3000", "--tables", "orders,order_items",
                        "--rows", "60", "--duplicates", "0.2", "--reorder", "all", "--oversize", "0.02", "--oversize-bytes", "2500",
                        "--out", self.records, "--truth", self.folder / "truth.ndjson", "--summary", self.folder / "summary.json"],
                       check=True, capture_output=True)
        lines = self.records.read_bytes().split(b"\n")[:-1]
        self.parts = []
        for at in range(4):
            path = self.folder / f"part{at}.ndjson"
            path.write_bytes(b"".join(line + b"\n" for line in lines[at::4]))
            self.parts.append(path)
        names = sorted({(line["source"]["schema"], line["source"]["table"]) for line in map(json.loads, lines) if "source" in line})
        (self.folder / "table.toml").write_text("".join(
            f'[table.{json.dumps(schema, ensure_ascii=False)}.{json.dumps(table, ensure_ascii=False)}]\ncurrent = "table"\n'
            for schema, table in names))
        (self.folder / "view.toml").write_text((self.folder / "table.toml").read_text().replace('"table"\n', '"view"\n'))

    def verify(self, code=0):
        done = self.sluice("verify-current", "--db", f"postgres:{self.store}", "--json", code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, part, *more):
        return subprocess.Popen([self.sluice_path, "run", "--from", f"file:{part}", "--to", f"postgres:{self.store}", "--progress",
                                 "none", "--batch-rows", "40", *more], cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def test_several_writers_and_a_kill_keep_what_the_log_says(self):
        self.run_into(f"postgres:{self.store}", self.parts[0])
        self.run_into(f"postgres:{self.store}", self.parts[1], "--config", "table.toml", "--batch-rows", "97")
        self.assertTrue(all((one["missing"], one["surplus"]) == (0, 0) for one in self.verify()))
        # Two writers at once, neither of which was told of it; one is killed and starts again.
        both = [self.start(part) for part in self.parts[2:]]
        time.sleep(0.4)
        both[0].kill()
        for child in both:
            child.wait()
        self.run_into(f"postgres:{self.store}", self.parts[2])
        self.run_into(f"postgres:{self.store}", self.parts[3])
        checks = self.verify()
        self.assertTrue(checks and all(one["rows"] > 0 and (one["missing"], one["surplus"]) == (0, 0) for one in checks), checks)
        present = {view: self.psql(self.store, f'SELECT count(*), md5(string_agg(v::text, \'\' ORDER BY v::text COLLATE "C")) FROM "{view}" v')
                   for view in self.psql(self.store, "SELECT view_name FROM cdc_views WHERE view_name LIKE '%\\_current'").splitlines()}
        self.assertEqual(int(self.psql(self.store, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'cdc\\_%'")), 2)
        # Ended, the same views read the log, and show the same.
        self.run_into(f"postgres:{self.store}", self.parts[3], "--config", "view.toml")
        self.assertEqual(self.verify(), [])
        self.assertEqual(self.psql(self.store, "SELECT count(*) FROM cdc_current"), "0")
        for view, was in present.items():
            self.assertEqual(self.psql(self.store, f'SELECT count(*), md5(string_agg(v::text, \'\' ORDER BY v::text COLLATE "C")) FROM "{view}" v'), was)

    def test_writers_go_on_while_a_table_is_begun_and_what_was_interrupted_is_begun_again(self):
        self.run_into(f"postgres:{self.store}", self.parts[0])
        first, second = sorted(set((self.folder / "table.toml").read_text().split("\n\n")[0].splitlines()[::2]))
        (self.folder / "one.toml").write_text(first + '\ncurrent = "table"\n')
        self.run_into(f"postgres:{self.store}", self.parts[0], "--config", "one.toml")
        schema, table = json.loads("[" + second.removeprefix("[table.").removesuffix("]").replace('"."', '","') + "]")
        view = self.psql(self.store, f"SELECT view_name FROM cdc_views WHERE source_table = '{table}' AND view_name LIKE '%_current'")
        # As a run leaves it that was killed while it filled the second; and somebody fills it for as long as we like.
        self.psql(self.store, f"INSERT INTO cdc_current_tables VALUES ('{schema}', '{table}', false)")
        holder = subprocess.Popen(["psql", self.store, "--no-psqlrc", "-qAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN; SELECT 'held' FROM cdc_current_tables WHERE NOT filled FOR UPDATE;\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), "held\n")
        beginner = self.start(self.parts[1], "--config", "table.toml")
        self.addCleanup(beginner.wait)
        self.addCleanup(beginner.kill)
        waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%FOR UPDATE'"
        while self.psql(self.store, waiting) == "0":
            self.assertIsNone(beginner.poll())
            time.sleep(0.05)
        self.run_into(f"postgres:{self.store}", self.parts[2])
        self.assertIsNone(beginner.poll())
        self.assertEqual(len(self.verify()), 1)
        reads = f"SELECT pg_get_viewdef('{view}'::regclass) LIKE '%cdc_current%'"
        self.assertEqual(self.psql(self.store, reads), "f")
        holder.communicate("COMMIT;\n")
        self.assertIn(beginner.wait(), (0, 4))
        self.run_into(f"postgres:{self.store}", self.parts[3])
        self.assertEqual(self.psql(self.store, reads), "t")
        self.assertEqual([(one["missing"], one["surplus"]) for one in self.verify()], [(0, 0)] * 2)

    def test_a_trigger_that_takes_what_comes_last_is_caught(self):
        self.run_into(f"postgres:{self.store}", self.parts[0], "--config", "table.toml")
        text = self.psql(self.store, "SELECT pg_get_functiondef('cdc_keep_current'::regproc)")
        self.assertIn("WHERE (EXCLUDED.commit_ts_ns", text)
        begin, end = text.index("  WHERE (EXCLUDED.commit_ts_ns"), text.index("  RETURN NULL;")
        self.psql(self.store, text[:begin].rstrip() + ";\n" + text[end:])
        self.run_into(f"postgres:{self.store}", self.parts[1])
        self.run_into(f"postgres:{self.store}", self.parts[2])
        self.assertTrue(any(one["surplus"] > 0 for one in self.verify(code=4)))


def main():
    at = sys.argv.index("--sluice")
    Stage.sluice_path = str(Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()


if __name__ == "__main__":
    main()
