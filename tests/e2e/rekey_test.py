#!/usr/bin/env python3
"""`sluice rekey`: a key that came late, seen first and then given to the rows that are there."""

import json

from harness import Case, change, lines, main

T0 = 1790000000000000000


def line(order, number, qty, at, op="c"):
    row = {"order_id": order, "line": number} if op == "d" else {"id": order, "order_id": order, "line": number, "qty": qty}
    return change(row, op=op, table="lines", ts_ns=T0 + at)


class Rekey(Case):
    def setUp(self):
        super().setUp()
        # `id` is the same for all lines of an order, so the wrong key folds them; it was given and not learned.
        self.run_into("shop.duckdb", lines([line(7, 1, 2, 0), line(7, 2, 5, 1), line(7, 1, 3, 2, "u"), line(8, 1, 1, 3),
                                            line(7, 2, None, 4, "d")]), "--key", "lines=id")

    def rekey(self, *words, code=0):
        done = self.sluice("rekey", "--to", "duckdb:shop.duckdb", "--table", "public.lines", "--json", *words, code=code)
        return json.loads(done.stdout)

    def current(self):
        return [tuple(row.values()) for row in
                self.rows("shop.duckdb", "SELECT order_id, line, qty FROM lines_current ORDER BY ALL")]

    def ids(self):
        return [row["record_id"] for row in self.rows("shop.duckdb", "SELECT record_id FROM cdc_events ORDER BY commit_ts_ns")]

    def test_a_dry_run_tells_and_changes_nothing(self):
        before = self.ids()
        told = self.rekey("--key", "order_id,line", "--dry-run")
        self.assertEqual(told["key_after"], ["order_id", "line"])
        self.assertEqual((told["rows"], told["changed"], told["ids_before"], told["ids_after"]), (5, 4, 3, 3))
        self.assertEqual((told["split"], told["split_examples"]),
                         (1, [{"ids": 2, "rows": 3, "event_ids": [1, 2, 3]}]))
        self.assertEqual((told["folded"], told["deletes"], told["lone_deletes_before"], told["lone_deletes_after"]), (1, 1, 1, 0))
        self.assertEqual(self.ids(), before)
        self.assertEqual(self.current(), [(7, 1, 3), (8, 1, 1)])

    def test_afterwards_the_views_are_right_and_later_runs_keep_the_key(self):
        self.rekey("--key", "order_id,line")
        self.assertEqual(self.ids(), ["[7,1]", "[7,2]", "[7,1]", "[8,1]", "[7,2]"])
        self.assertEqual(self.current(), [(7, 1, 3), (8, 1, 1)])
        # A late update of a line that was deleted later stays hidden; a new line is another row.
        self.run_into("shop.duckdb", lines([change({"id": 7, "order_id": 7, "line": 2, "qty": 9}, table="lines", ts_ns=T0 + 2),
                                            line(7, 3, 4, 9)]))
        self.assertEqual(self.current(), [(7, 1, 3), (7, 3, 4), (8, 1, 1)])
        self.assertEqual(self.rekey("--dry-run")["changed"], 0)

    def test_a_wrong_key_is_seen_before_it_does_harm(self):
        told = self.rekey("--key", "line", "--dry-run")
        self.assertEqual(told["ids_after"], 2)
        self.assertEqual(told["fold_examples"][0]["event_ids"], [1, 3, 4])
        told = self.rekey("--key", "nothing", "--dry-run")
        self.assertEqual((told["keyless"], told["ids_after"]), (4, 5))

    def test_the_catalog_tells_the_key(self):
        self.write("shop.toml", '[[table]]\nname = "lines"\nkey = ["order_id", "line"]\ncolumns = [{name = "order_id", '
                   'type = "bigint"}, {name = "line", type = "bigint"}]\n')
        # What was given by --key is stronger than a catalog, so the store keeps it.
        self.assertEqual(self.rekey("--catalog", "shop.toml", "--dry-run")["key_after"], ["id"])
        self.run_into("other.duckdb", lines([line(7, 1, 2, 0)]))
        done = self.sluice("rekey", "--to", "duckdb:other.duckdb", "--table", "lines", "--catalog", "shop.toml")
        self.assertIn("public.lines: key (id) -> (order_id, line)", done.stdout)
        self.assertIn("Done, in one transaction.", done.stdout)

    def test_a_table_that_is_not_there_is_named(self):
        done = self.sluice("rekey", "--to", "duckdb:shop.duckdb", "--table", "public.line", code=1)
        self.assertIn("Do you mean public.lines?", done.stderr)
        self.assert_one_sentence(done.stderr)
        done = self.sluice("rekey", "--to", "duckdb:shop.duckdb", "--table", "lines", "--key", "a,,b", code=2)
        self.assert_one_sentence(done.stderr)


if __name__ == "__main__":
    main()
