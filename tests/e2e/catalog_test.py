#!/usr/bin/env python3
"""The catalog file against other files and against what a store's events have shown."""

import json

from harness import Case, change, lines, main

FILE = """
[[table]]
name = "orders"
key = ["id"]
columns = [
  { name = "id", type = "bigint", nullable = false },
  { name = "total", type = "numeric(12,2)" },
  { name = "placed_at", type = "timestamp" },
]
"""
ORDER = {"id": 1, "total": "9.50", "placed_at": 1790000000000000}


class Catalog(Case):
    def diff(self, *words, code=0):
        done = self.sluice("catalog", "diff", "--catalog", "shop.toml", "--json", *words, code=code)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["needs_doing"], sum(one["needs_doing"] for one in answer["differences"]))
        return [(one["what"], one["column"] or one["table"]) for one in answer["differences"]]

    def test_two_files_that_say_the_same_need_nothing(self):
        self.write("shop.toml", FILE)
        done = self.sluice("catalog", "diff", "--catalog", "shop.toml", "--against", "shop.toml")
        self.assertEqual(done.stdout, "shop.toml and shop.toml say the same.\n")

    def test_a_difference_is_told_with_exit_code_4(self):
        self.write("shop.toml", FILE)
        self.write("new.toml", FILE.replace("numeric(12,2)", "numeric(14,2)").replace('"placed_at"', '"ordered_at"'))
        done = self.sluice("catalog", "diff", "--catalog", "shop.toml", "--against", "new.toml", code=4)
        self.assertIn("retyped column total: numeric(12,2) -> numeric(14,2)", done.stdout)
        self.assertIn("looks renamed  placed_at -> ordered_at", done.stdout)
        self.assertIn("2 differences marked ! need doing", done.stdout)

    def test_an_error_names_the_file_and_the_line(self):
        self.write("shop.toml", FILE)
        self.write("new.toml", FILE.replace("timestamp", "datetime"))
        done = self.sluice("catalog", "diff", "--catalog", "shop.toml", "--against", "new.toml", code=1)
        self.assertIn("new.toml:8: 'datetime' is not a type that Aurora DSQL has", done.stderr)
        self.assert_one_sentence(done.stderr)

    def test_the_events_of_a_store_show_what_the_file_lacks(self):
        self.write("shop.toml", FILE)
        self.run_into("shop.duckdb", lines([change(ORDER), change({"id": 1}, op="d", ts_ns=1790000000000000001)]),
                      "--catalog", "shop.toml")
        self.assertEqual(self.diff("--db", "shop.duckdb"), [])
        newer = {"id": 2, "amount": "9.50", "placed_at": "2026-09-21", "note": None}
        self.run_into("shop.duckdb", lines([change(newer, ts_ns=1790000000000000002), change({"id": 1}, table="refunds")]))
        self.assertEqual(self.diff("--db", "shop.duckdb", code=4),
                         [("renamed-column", "total"), ("new-column", "note"), ("retyped-column", "placed_at"),
                          ("new-table", "refunds")])

    def test_a_learned_catalog_is_marked_and_gives_way_to_a_delete(self):
        self.run_into("shop.duckdb", lines([change(ORDER), change({"id": 1, "line": 2, "qty": 1.5}, table="lines"),
                                            change({"id": 1, "line": 2}, op="d", table="lines", ts_ns=1790000000000000001)]))
        self.sluice("catalog", "learn", "--db", "shop.duckdb", "--out", "shop.toml")
        text = (self.folder / "shop.toml").read_text()
        self.assertIn('name = "lines"\nlearned = true\nkey = ["id", "line"]', text)
        self.assertIn('name = "orders"\nlearned = true\nkey = []', text)
        self.assertIn('{ name = "qty", type = "double precision" }', text)
        self.assertEqual(self.diff("--db", "shop.duckdb"), [])
        # In another store its key counts from the first record on, until a delete knows better.
        self.run_into("other.duckdb", lines([change({"id": 1, "line": 2, "qty": 1}, table="lines")]), "--catalog", "shop.toml")
        self.assertEqual(self.value("other.duckdb", "SELECT record_id FROM cdc_events"), "[1,2]")
        self.run_into("other.duckdb", lines([change({"line": 2}, op="d", table="lines", ts_ns=1790000000000000001)]),
                      "--catalog", "shop.toml")
        self.assertEqual(self.rows("other.duckdb", "SELECT DISTINCT record_id FROM cdc_events"), [{"record_id": "2"}])
        self.assertEqual(self.value("other.duckdb", "SELECT count(*) FROM lines_current"), 0)
        # And it stays what the deletes say when the file is given again.
        self.run_into("other.duckdb", lines([change({"id": 9, "line": 3, "qty": 1}, table="lines")]), "--catalog", "shop.toml")
        self.assertEqual(self.value("other.duckdb", "SELECT record_id FROM cdc_events WHERE operation = 'c' ORDER BY 1 DESC"), "3")

    def test_what_a_learned_file_says_of_a_type_is_as_wide_as_the_values(self):
        self.write("shop.toml", FILE.replace('key = ["id"]', 'learned = true\nkey = ["id"]').replace("numeric(12,2)", "bigint"))
        self.run_into("shop.duckdb", lines([change(ORDER)]), "--catalog", "shop.toml")
        self.assertEqual(self.rows("shop.duckdb", "SELECT total, placed_at FROM orders_current"),
                         [{"total": "9.50", "placed_at": "2026-09-21 14:13:20"}])

    def test_it_takes_one_side_to_compare_with(self):
        self.write("shop.toml", FILE)
        for words in ((), ("--against", "a.toml", "--db", "shop.duckdb")):
            done = self.sluice("catalog", "diff", "--catalog", "shop.toml", *words, code=2)
            self.assert_one_sentence(done.stderr)


if __name__ == "__main__":
    main()
