#!/usr/bin/env python3
"""The stories of tests/live/catalog_test.py with Redshift beside the other stores: every type at its edges, and a schema that
changes while its changes flow.

Usage: round_trip_test.py --sluice PROGRAM. Started by scripts/with-redshift.
"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))
# pylint: disable=wrong-import-position
import catalog_test

from on_stand_in import DSN, control

# What docs/types.md says that Redshift's views lose, by type and by the value's text in the source.
LOST = {
    "date": {"infinity", "-infinity", "294275-12-31"},
    "time": {"86400000000"},
    "timestamp": {"infinity", "-infinity"},
    "timestamptz": {"infinity", "-infinity"},
    "json": {'"\\u0000"'},
}
LONGEST = 65_535


def in_redshift(dsn, sql):
    """What the PostgreSQL below the stand-in says in a session as the stand-in makes it."""
    options = "-c timezone=UTC -c extra_float_digits=3 -c redshift.string_bytes=16000000 -c redshift.super_bytes=16000000"
    return subprocess.run(["psql", dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", sql], capture_output=True, text=True,
                          check=True, env={**os.environ, "PGOPTIONS": options}).stdout.strip()


class WithRedshift:
    """A store in Redshift beside those of the story."""

    def setUp(self):
        in_redshift(DSN, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        control(rules=[], random=None, forget=True, settings={"string_bytes": 16_000_000})
        self.addCleanup(control, settings={"string_bytes": 65_535})
        super().setUp()

    def run_into_redshift(self, *more):
        self.run_into("redshift:shop/dev", self.folder / "changes.ndjson", "--state", "state.duckdb", "--catalog", "shop.toml",
                      "--redshift-string-bytes", "16000000", "--redshift-copy", "s3://files/sluice", *more)


class RoundTrip(WithRedshift, catalog_test.RoundTrip):
    test_every_value_comes_back_in_postgres = None
    test_every_value_comes_back_in_duckdb = None

    def expected(self, kind, text):
        if text is None or text in LOST.get(kind, ()):
            return None
        if kind in ("json", "jsonb"):
            return json.loads(text, parse_int=str, parse_float=str)
        return None if kind == "text" and len(text.encode()) > LONGEST else text

    def test_every_value_comes_back_in_redshift(self):
        self.run_into_redshift()
        self.assertIn("Nothing is in quarantine", self.sluice("quarantine", "list", "--db", "state.duckdb").stdout)
        columns = ["id::text"]
        source = ["id::text"]
        for kind, name in self.names.items():
            as_json = "CASE WHEN {c} IS NOT NULL THEN redshift.json_serialize({c}) END"
            shown = {"json": as_json, "jsonb": as_json, "time": self.US, "timetz": self.US}.get(kind, "{c}::text")
            columns.append(shown.format(c=name))
            was = self.US if kind == "time" else self.REDUCED.get(kind, ("{c}::text",))[0]
            source.append(was.format(c=name))
        question = "SELECT json_build_array({}) FROM {} ORDER BY id"
        there = [json.loads(line) for line in in_redshift(DSN, question.format(", ".join(columns), "edges_current")).splitlines()]
        was = [json.loads(line) for line in in_redshift(self.source, question.format(", ".join(source), "edges")).splitlines()]
        self.assertEqual(len(was), len(there))
        lost = 0
        for left, right in zip(was, there):
            for kind, before, now in zip(["id", *self.TYPES], left, right):
                wanted = self.expected(kind, before)
                lost += before is not None and now is None
                if kind in ("json", "jsonb") and now is not None:
                    now = json.loads(now, parse_int=str, parse_float=str)
                self.assertEqual(str(wanted)[:200], str(now)[:200], f"{kind} of row {left[0]}")
                self.assertEqual(wanted, now, f"{kind} of row {left[0]}")
        # Nothing is in the table of losses that is not lost; of the texts one is too long.
        self.assertEqual(lost, sum(map(len, LOST.values())) + 1)


class Evolution(WithRedshift, catalog_test.Evolution):
    def take(self, *more):
        super().take(*more)
        self.run_into_redshift(*more)

    def shown(self, view, columns):
        """Over there the same as in the other two, which are the same."""
        rows = super().shown(view, columns)
        found = in_redshift(DSN, f"SELECT {columns} FROM {view} ORDER BY {columns}")
        self.assertEqual([line.split("|") for line in found.splitlines()], rows)
        return rows


if __name__ == "__main__":
    catalog_test.main()
