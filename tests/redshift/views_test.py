#!/usr/bin/env python3
"""The texts of Redshift's schema and views (tests/golden) run on the stand-in and show what they should."""

import json
import os
import pathlib
import unittest

import sqlglot

import engine
import server

DSN = os.environ["SLUICE_TEST_DSN"]
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


def statements(path):
    """The file's statements as they stand, cut where sqlglot's tokens say that one ends."""
    text, start, found = path.read_text(encoding="utf-8"), 0, []
    for token in sqlglot.tokenize(text, read="redshift"):
        if token.text == ";":
            found.append(text[start:token.start].strip())
            start = token.end + 1
    return [one for one in found + [text[start:].strip()] if sqlglot.tokenize(one, read="redshift")]


class ViewsTest(unittest.TestCase):
    def setUp(self):
        self.engine = engine.Engine(DSN, dict(server.SETTINGS), None)
        self.session = engine.Session(self.engine)
        self.session.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for sql in statements(GOLDEN / "redshift_schema.sql"):
            self.run_sql(sql)

    def tearDown(self):
        self.session.connection.close()

    def run_sql(self, sql, parameters=None):
        statement = engine.Statement(id="x", sqls=[sql], parameters={})
        self.engine.one(statement, self.session, sql, parameters or {})
        return statement

    def land(self, table, op, key, ts, image, schema="public"):
        self.run_sql("INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, commit_timestamp, "
                     "commit_ts_ns, tx_id, shard_id, sequence_number) VALUES (:s::varchar(128), :t::varchar(128), "
                     ":o::varchar(10), :k::varchar(2048), JSON_PARSE(:d), '2026-01-02 03:04:05.000006', :n::bigint, 'tx', 's', "
                     ":q::varchar(128))",
                     {"s": schema, "t": table, "o": op, "k": key, "n": str(ts), "q": str(ts), "d": json.dumps(image)})

    def test_every_text_runs(self):
        for path in sorted(GOLDEN.glob("redshift_views_*.sql")):
            found = statements(path)
            self.assertGreater(len(found), 3, path.name)
            # The queries of the past stand beside the views that they read.
            for sql in sorted(found, key=lambda one: not one.startswith("--")):
                with self.subTest(file=path.name, sql=sql[:80]):
                    self.run_sql(sql)

    def test_a_view_shows_the_newest_row_of_each_key_and_no_deleted_one(self):
        self.land("every_type", "c", "1", 10, {"small": 1, "price": "12.50", "words": "a", "flag": True, "day": 20454})
        self.land("every_type", "u", "1", 30, {"small": 2, "price": "12345678901234", "words": "b", "flag": False})
        self.land("every_type", "u", "1", 20, {"small": 3})
        self.land("every_type", "c", "2", 10, {"small": 7})
        self.land("every_type", "d", "2", 11, {"small": 7})
        self.land("every_type", "c", "3", 10, {"small": 70_000, "photo": "aGk=", "moment": 1_790_000_000_123_456, "day": 20454})
        for sql in statements(GOLDEN / "redshift_views_declared.sql"):
            if '"every_type_current"' in sql:
                self.run_sql(sql)
        rows = self.run_sql("SELECT small, price, words, flag, moment FROM every_type_current ORDER BY words").result
        shown = [[str(value) for value in row] for row in rows]
        self.assertEqual(shown, [["2", "None", "b", "False", "None"],
                                 ["None", "None", "None", "None", "2026-09-21 14:13:20.123456"]])

    def test_the_elements_of_an_array_come_with_their_places(self):
        self.land("orders", "c", "1", 10, {"id": 1, "items": ["a", "b"]})
        with self.assertRaisesRegex(engine.Failed, "arrays only"):
            self.run_sql("SELECT item::varchar(9) AS item, place FROM cdc_events AS r, r.event_data AS item AT place")
        found = self.run_sql("SELECT item::varchar(9) AS item, place FROM (SELECT e.event_data.items AS items FROM cdc_events e) "
                             "AS r, r.items AS item AT place ORDER BY place")
        self.assertEqual(found.result, [("a", 0), ("b", 1)])


if __name__ == "__main__":
    unittest.main(verbosity=1)
