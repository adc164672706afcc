#!/usr/bin/env python3
"""`current = "table"`: the present kept beside the log, begun late, ended again, and held against the log."""

import json
import random

from harness import Case, change, lines, main

T0 = 1790000000000000000


def story(count, seed):
    """Inserts, updates and deletes of few rows, delivered out of order and some of them twice."""
    draw = random.Random(seed)
    records = []
    for at in range(count):
        row = draw.randrange(20)
        op = draw.choice("cuud")
        records.append(change({"id": row} if op == "d" else {"id": row, "v": at}, op=op, ts_ns=T0 + at * 1000))
    records += draw.sample(records, count // 5)
    draw.shuffle(records)
    return records


class Current(Case):
    def setUp(self):
        super().setUp()
        self.write("table.toml", '[table."public.orders"]\ncurrent = "table"\n')
        self.write("view.toml", '[table."public.orders"]\ncurrent = "view"\n')

    def verify(self, code=0):
        done = self.sluice("verify-current", "--db", "shop.duckdb", "--json", code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def present(self):
        return self.rows("shop.duckdb", "FROM orders_current ORDER BY id")

    def from_the_log(self):
        return self.rows("shop.duckdb", "FROM orders_as_of('2200-01-01') ORDER BY id")

    def kept(self):
        return self.value("shop.duckdb", "SELECT count(*) FROM cdc_current")

    def test_begun_over_history_it_is_kept_by_every_later_run_and_ended_again(self):
        records = story(600, 1)
        self.run_into("shop.duckdb", lines(records[:200]))
        self.run_into("shop.duckdb", lines(records[200:400]), "--config", "table.toml", "--batch-rows", "37")
        self.assertEqual(self.present(), self.from_the_log())
        self.assertEqual([(one["rows"], one["missing"], one["surplus"]) for one in self.verify()], [(20, 0, 0)])
        # A run that knows nothing of it keeps it all the same.
        self.run_into("shop.duckdb", lines(records[400:]))
        self.assertEqual(self.present(), self.from_the_log())
        self.assertEqual([(one["missing"], one["surplus"]) for one in self.verify()], [(0, 0)])
        self.assertEqual(self.value("shop.duckdb", "SELECT value FROM cdc_meta WHERE name = 'store_version'"), "2")
        self.run_into("shop.duckdb", "", "--config", "view.toml")
        self.assertEqual((self.kept(), self.verify()), (0, []))
        self.assertEqual(self.present(), self.from_the_log())
        self.assertEqual(self.value("shop.duckdb", "SELECT value FROM cdc_meta WHERE name = 'store_version'"), "1")

    def test_a_late_update_of_a_row_deleted_since_stays_hidden(self):
        self.run_into("shop.duckdb", lines([change({"id": 1}, op="d", ts_ns=T0 + 9)]), "--config", "table.toml")
        self.run_into("shop.duckdb", lines([change({"id": 1, "v": 1}, ts_ns=T0)]))
        self.assertEqual((self.present(), self.kept()), ([], 1))

    def test_a_key_that_is_learned_late_moves_the_kept_rows_too(self):
        def line(number, at, op="c"):
            row = {"order_id": 7, "line": number}
            return change(row if op == "d" else {**row, "id": 1, "qty": at}, op=op, ts_ns=T0 + at)

        self.run_into("shop.duckdb", lines([line(1, 1), line(2, 2), line(1, 3)]), "--config", "table.toml")
        self.assertEqual(self.value("shop.duckdb", "SELECT count(*) FROM orders_current"), 1)
        self.run_into("shop.duckdb", lines([line(2, 4, "d")]))
        self.assertEqual(self.rows("shop.duckdb", "SELECT line, qty FROM orders_current"), [{"line": 1, "qty": 3}])
        self.sluice("rekey", "--to", "duckdb:shop.duckdb", "--table", "orders", "--key", "qty")
        self.assertEqual([(one["missing"], one["surplus"]) for one in self.verify()], [(0, 0)])

    def test_what_differs_from_the_log_is_told_with_exit_code_4(self):
        self.run_into("shop.duckdb", lines(story(100, 2)), "--config", "table.toml")
        done = self.sluice("verify-current", "--db", "shop.duckdb")
        self.assertIn("as the log says", done.stdout)
        # As if something had landed behind its back.
        done = self.sluice("run", "--from", "file:-", "--to", "duckdb:shop.duckdb", "--config", "view.toml", stdin="")
        self.assertIn("No table", self.sluice("verify-current", "--db", "shop.duckdb").stdout)


if __name__ == "__main__":
    main()
