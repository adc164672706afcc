#!/usr/bin/env python3
"""The catalog and what is kept by it, against a real PostgreSQL on either side.

Run with: scripts/with-postgres -- PYTHON tests/live/catalog_test.py --sluice build/release/sluice
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

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


def main():
    at = sys.argv.index("--sluice")
    Stage.sluice_path = str(Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()


if __name__ == "__main__":
    main()
