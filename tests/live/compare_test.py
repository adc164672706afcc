#!/usr/bin/env python3
"""compare.py must see every difference: each column of each type is made wrong once. Needs scripts/with-postgres."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import compare  # noqa: E402

DSN = os.environ["SLUICE_TEST_DSN"]

# PostgreSQL type, value there, DuckDB type, the same value there, another value there.
CASES = [
    ("boolean", "true", "BOOLEAN", "true", "false"),
    ("smallint", "-7", "SMALLINT", "-7", "7"),
    ("integer", "70000", "INTEGER", "70000", "70001"),
    ("bigint", "9007199254740993", "BIGINT", "9007199254740993", "9007199254740992"),
    ("oid", "4294967295", "BIGINT", "4294967295", "1"),
    ("real", "0.1", "FLOAT", "0.1", "0.10000002"),
    ("double precision", "0.1", "DOUBLE", "0.1", "0.10000000000000002"),
    ("double precision", "'NaN'", "DOUBLE", "'NaN'", "'Infinity'"),
    ("numeric(12,2)", "1.10", "DECIMAL(12,2)", "1.1", "1.11"),
    ("numeric", "1.5000000000000000000000000000000000000001", "VARCHAR", "'1.5000000000000000000000000000000000000001'",
     "'1.5'"),
    ("text", "E'a\\tb\\\\nü\\n'", "VARCHAR", "E'a\\tb\\\\nü\\n'", "E'a\\tb\\nü\\n'"),
    ("varchar(9)", "''", "VARCHAR", "''", "NULL"),
    ("text", "NULL", "VARCHAR", "NULL", "''"),
    ("text", "E'\\\\N'", "VARCHAR", "'\\N'", "NULL"),
    ("char(4)", "'ab'", "VARCHAR", "'ab'", "'ab  '"),
    ("bytea", "'\\x00ff'", "BLOB", "'\\x00\\xFF'::BLOB", "'\\x00\\xFE'::BLOB"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
     "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
    ("date", "'1900-02-28'", "DATE", "'1900-02-28'", "'1900-03-01'"),
    ("date", "'infinity'", "DATE", "'infinity'", "'-infinity'"),
    ("time", "'23:59:59.999999'", "TIME", "'23:59:59.999999'", "'23:59:59.999998'"),
    ("timetz", "'01:00+05'", "TIME", "'20:00'", "'01:00'"),
    ("timestamp", "'1969-12-31 23:59:59.999999'", "TIMESTAMP", "'1969-12-31 23:59:59.999999'", "'1970-01-01'"),
    ("timestamptz", "'2026-01-01 01:00:00.000001+01'", "TIMESTAMPTZ", "'2026-01-01 00:00:00.000001+00'",
     "'2026-01-01 01:00:00.000001+00'"),
    ("timestamptz", "'infinity'", "TIMESTAMPTZ", "'infinity'", "'2026-01-01 00:00:00+00'"),
    ("interval", "'1 mon -1 day 00:00:00.5'", "INTERVAL", "to_microseconds(2543400500000)", "to_microseconds(2543400500001)"),
    ("json", "'{\"a\":  1}'", "JSON", "'{\"a\":  1}'", "'{\"a\": 1}'"),
    ("jsonb", "'{\"b\": 1, \"a\": 2}'", "JSON", "'{\"a\":2,\"b\":1}'", "'{\"a\":2,\"b\":2}'"),
]


class CompareTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = str(pathlib.Path(cls.folder.name) / "t.duckdb")
        columns = ", ".join(f"c{at} {case[0]}" for at, case in enumerate(CASES))
        values = ", ".join(case[1] for case in CASES)
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", DSN, "-c",
                        f"CREATE TABLE everything (id bigint PRIMARY KEY, {columns});"
                        f"INSERT INTO everything VALUES (1, {values}), (2{', NULL' * len(CASES)})"], check=True)
        with duckdb.connect(cls.file) as duck:
            duck.execute("SET TimeZone = 'UTC'")
            columns = ", ".join(f"c{at} {case[2]}" for at, case in enumerate(CASES))
            values = ", ".join(case[3] for case in CASES)
            duck.execute(f"CREATE TABLE good (id BIGINT, {columns})")
            duck.execute(f"INSERT INTO good VALUES (1, {values}), (2{', NULL' * len(CASES)})")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.duck = duckdb.connect(self.file)
        self.duck.execute("SET TimeZone = 'UTC'")
        self.duck.execute("CREATE OR REPLACE TABLE everything_current AS FROM good")

    def tearDown(self):
        self.duck.close()

    def differences(self):
        return compare.compare(DSN, self.duck, "public", "everything")[1]

    def test_equal_is_equal(self):
        self.assertEqual(self.differences(), [])

    def test_each_wrong_value_is_seen_and_named(self):
        for at, case in enumerate(CASES):
            with self.subTest(type=case[0], wrong=case[4]):
                self.duck.execute("CREATE OR REPLACE TABLE everything_current AS FROM good")
                self.duck.execute(f"UPDATE everything_current SET c{at} = {case[4]} WHERE id = 1")
                found = self.differences()
                self.assertEqual(len(found), 1, found)
                self.assertIn(f"row (1), column c{at}:", found[0])

    def test_a_null_instead_of_a_value_is_seen(self):
        self.duck.execute("UPDATE everything_current SET c3 = 5 WHERE id = 2")
        self.assertEqual(len(self.differences()), 1)

    def test_missing_extra_and_repeated_rows_are_seen(self):
        for change in ("DELETE FROM everything_current WHERE id = 2", "INSERT INTO everything_current (id) VALUES (3)",
                       "INSERT INTO everything_current FROM everything_current WHERE id = 1"):
            with self.subTest(change=change):
                self.duck.execute("CREATE OR REPLACE TABLE everything_current AS FROM good")
                self.duck.execute(change)
                self.assertEqual(len(self.differences()), 1)

    def test_a_wrong_type_or_column_is_seen(self):
        for change in ("ALTER c3 TYPE VARCHAR", "ALTER c8 TYPE DOUBLE", "DROP c0", "ADD extra INTEGER"):
            with self.subTest(change=change):
                self.duck.execute("CREATE OR REPLACE TABLE everything_current AS FROM good")
                self.duck.execute(f"ALTER TABLE everything_current {change}")
                self.assertEqual(len(self.differences()), 1)

    def test_the_program_fails_on_a_difference_and_says_equal_otherwise(self):
        for change, status, words in ((None, 0, "1 tables, 2 rows: equal"),
                                      ("UPDATE everything_current SET c0 = false", 1, "2 differences")):
            if change:
                self.duck.execute(change)
            self.duck.close()
            run = subprocess.run([sys.executable, str(pathlib.Path(compare.__file__)), "--postgres", DSN, "--duckdb",
                                  self.file, "everything"], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
            self.assertIn(words, run.stdout)
            self.duck = duckdb.connect(self.file)


if __name__ == "__main__":
    unittest.main(verbosity=1)
