"""Queries: every format, read-only, exact numbers."""

import csv
import io
import json

from harness import Case, change, lines, main


class Query(Case):
    def setUp(self):
        super().setUp()
        self.run_into("shop.duckdb", lines([
            change({"id": 1, "name": "Köln 📦", "big": 9007199254740993, "note": None}),
            change({"id": 2, "name": 'a "quoted", one\nof two lines', "big": -9223372036854775808, "note": ""}),
        ]))

    def query(self, sql, *flags, **how):
        return self.sluice("query", "--db", "shop.duckdb", sql, *flags, **how)

    def test_table(self):
        done = self.query("SELECT id, name, note FROM orders_current ORDER BY id")
        self.assertEqual(done.stdout,
                         " id  name                           note\n"
                         " ──  ─────────────────────────────  ────\n"
                         "  1  Köln 📦                        NULL\n"
                         '  2  a "quoted", one\\nof two lines  \n'
                         "(2 rows)\n")

    def test_csv_reads_back(self):
        done = self.query("SELECT id, name, note FROM orders_current ORDER BY id", "--format", "csv")
        rows = list(csv.reader(io.StringIO(done.stdout)))
        self.assertEqual(rows, [["id", "name", "note"], ["1", "Köln 📦", ""],
                                ["2", 'a "quoted", one\nof two lines', ""]])
        self.assertTrue(done.stdout.endswith(',""\n'), "an empty text is not an absent one")

    def test_json_and_ndjson_keep_every_digit(self):
        sql = ("SELECT big, 0.10::DECIMAL(4,2) AS d, 'nan'::DOUBLE AS n, 1.5::DOUBLE AS f, true AS t, "
               "event_data AS doc, TIMESTAMP '2026-01-02 03:04:05' AS at, NULL AS nothing "
               "FROM cdc_events JOIN orders_current ON record_id = id::VARCHAR ORDER BY id LIMIT 1")
        row = json.loads(self.query(sql, "--format", "ndjson").stdout)
        self.assertEqual(row["big"], 9007199254740993)
        self.assertEqual((row["d"], row["n"], row["f"], row["t"]), ("0.10", "nan", 1.5, True))
        self.assertEqual(row["doc"]["name"], "Köln 📦")
        self.assertEqual((row["at"], row["nothing"]), ("2026-01-02 03:04:05", None))
        self.assertEqual(json.loads(self.query(sql, "--format", "json").stdout), [row])

    def test_texts_and_bigints_alone(self):
        sql = "SELECT (-9223372036854775807 - 1)::BIGINT AS low, NULL::BIGINT AS b, 'ä' AS t, NULL::VARCHAR AS n"
        self.assertEqual(json.loads(self.query(sql, "--format", "ndjson").stdout),
                         {"low": -9223372036854775808, "b": None, "t": "ä", "n": None})

    def test_statements_that_show_something_are_shown(self):
        self.assertIn("orders_current", self.query("SHOW TABLES", "--format", "csv").stdout)
        self.assertIn("event_data,JSON", self.query("DESCRIBE cdc_events", "--format", "csv").stdout)
        done = self.query("PRAGMA table_info('cdc_events')", code=1)
        self.assertIn("SELECT * FROM pragma_name(...)", done.stderr)

    def test_no_rows_are_still_a_right_document(self):
        sql = "SELECT id FROM orders_current WHERE false"
        self.assertEqual(json.loads(self.query(sql, "--format", "json").stdout), [])
        self.assertEqual(self.query(sql, "--format", "ndjson").stdout, "")
        self.assertEqual(self.query(sql, "--format", "csv").stdout, "id\n")

    def test_the_statement_may_come_from_standard_input(self):
        self.assertEqual(self.query("-", "--format", "csv", stdin="SELECT 42 AS a").stdout, "a\n42\n")

    def test_it_cannot_change_the_file(self):
        done = self.query("DELETE FROM cdc_events", code=1)
        self.assertTrue(done.stderr.startswith("sluice: "))
        self.assertEqual(self.value("shop.duckdb", "SELECT count(*) FROM cdc_events"), 2)

    def test_a_wrong_statement_says_where(self):
        self.assertIn("SELEC", self.query("SELEC 1", code=1).stderr)

    def test_a_file_that_is_not_there_is_not_made(self):
        done = self.sluice("query", "--db", "nowhere.duckdb", "SELECT 1", code=1)
        self.assertIn("nowhere.duckdb", done.stderr)
        self.assertFalse((self.folder / "nowhere.duckdb").exists())

    def test_the_past_can_be_asked(self):
        moment = "make_timestamp(1790000000000000)"
        self.assertEqual(self.value("shop.duckdb", f"SELECT count(*) FROM orders_as_of({moment})"), 2)
        self.assertEqual(self.value("shop.duckdb", f"SELECT count(*) FROM orders_as_of({moment} - INTERVAL 1 SECOND)"), 0)

    def test_views_can_be_printed_and_renewed_with_a_catalog(self):
        printed = self.sluice("views", "--db", "shop.duckdb").stdout
        self.assertIn('"orders_current"', printed)
        self.assertIn("as_of", printed)
        self.write("catalog.toml", '[[table]]\nschema = "public"\nname = "orders"\nkey = ["id"]\n'
                                   'columns = [{ name = "id", type = "bigint" }, { name = "name", type = "text" }]\n')
        done = self.sluice("views", "--db", "shop.duckdb", "--catalog", "catalog.toml", "--apply")
        self.assertIn("made anew", done.stdout)


if __name__ == "__main__":
    main()
