"""sluice views and sluice schema: printed without a database, compared, made, checked and dropped, and shaped by a file."""

from harness import Case, change, lines, main

CATALOG = """[[table]]
name = "orders"
key = ["id"]
columns = [
  { name = "id", type = "bigint", nullable = false },
  { name = "email", type = "text" },
  { name = "total", type = "numeric(12,2)" },
  { name = "items", type = "json" },
]
"""
SHAPE = '[table."public.orders"]\nrename = { total = "amount" }\nmask = { email = "hash" }\nunnest = ["items"]\n'


class Views(Case):
    def setUp(self):
        super().setUp()
        self.write("catalog.toml", CATALOG)
        self.write("shape.toml", SHAPE)
        self.write("orders.ndjson", lines([
            change({"id": 1, "email": "a@example.com", "total": "1.50", "items": '["x","y"]'}, ts_ns=1790000000000000000),
            change({"id": 1, "email": "a@example.com", "total": "2.50", "items": '["x"]'}, op="u", ts_ns=1790000001000000000),
            change({"id": 2, "email": "b@example.com", "total": "NaN", "items": "{}"}, ts_ns=1790000002000000000)]))

    def land(self):
        self.sluice("run", "--from", "file:orders.ndjson", "--to", "duckdb:shop.duckdb", "--catalog", "catalog.toml")

    def ask(self, sql):
        return self.sluice("query", "--db", "shop.duckdb", "--format", "csv", sql).stdout.splitlines()[1:]

    def test_every_dialect_is_printed_from_the_catalog_alone(self):
        for dialect in ("duckdb", "postgres", "redshift", "athena"):
            printed = self.sluice("views", "--catalog", "catalog.toml", "--dialect", dialect).stdout
            for view in ("orders_current", "orders_history", "orders_changes"):
                self.assertIn(f'VIEW "{view}" AS', printed)
            self.assertIn("cdc_events", self.sluice("schema", "--dialect", dialect).stdout)
        self.assertIn("-- As of a moment:", printed)
        granted = self.sluice("views", "--catalog", "catalog.toml", "--dialect", "redshift", "--grant", "IAMR:analyst").stdout
        self.assertIn('GRANT SELECT ON "public"."orders_current" TO "IAMR:analyst";', granted)
        self.assertNotIn("PUBLIC", granted)
        everybody = self.sluice("views", "--catalog", "catalog.toml", "--dialect", "postgres", "--grant-public").stdout
        self.assertIn('GRANT SELECT ON "public"."orders_history" TO PUBLIC;', everybody)

    def test_a_run_makes_every_kind(self):
        self.land()
        self.assertEqual(self.ask("SELECT id, total FROM orders_current ORDER BY id"), ["1,2.50", "2,"])
        self.assertEqual(self.ask("SELECT id, operation, total FROM orders_history ORDER BY commit_ts_ns"), ["1,c,1.50", "1,u,2.50", "2,c,"])
        self.assertEqual(self.ask("SELECT operation, changes FROM orders_changes ORDER BY 1"), ["c,2", "u,1"])
        self.assertEqual(self.ask("SELECT changes FROM cdc_transactions"), ["3"])

    def test_a_difference_is_told_and_exits_with_4_until_it_is_made(self):
        self.land()
        self.assertEqual(self.sluice("views", "--db", "shop.duckdb", "--catalog", "catalog.toml", "--diff").stdout, "Nothing differs.\n")
        shaped = ("views", "--db", "shop.duckdb", "--catalog", "catalog.toml", "--config", "shape.toml")
        told = self.sluice(*shaped, "--diff", code=4).stdout
        self.assertIn("missing       orders_items_each\n", told)
        self.assertIn("different     orders_current\n", told)
        self.assertNotIn("orders_changes", told)
        self.sluice(*shaped, "--apply")
        self.sluice(*shaped, "--diff")
        self.assertEqual(self.ask("SELECT id, length(email), amount FROM orders_current ORDER BY id"), ["1,64,2.50", "2,64,"])
        self.assertEqual(self.ask("SELECT * FROM orders_items_each"), ['1,1,"""x"""'])
        self.assertEqual(self.sluice("schema", "--db", "shop.duckdb", "--diff").stdout, "Nothing differs.\n")
        self.sluice("schema", "--db", "nowhere.duckdb", "--diff", code=4)

    def test_what_does_not_convert_is_counted_with_its_record_and_not_its_value(self):
        self.land()
        told = self.sluice("views", "--db", "shop.duckdb", "--catalog", "catalog.toml", "--check", code=4).stdout
        self.assertEqual(told, "public.orders total: 1 value shown as NULL, for example of the record 2\n")

    def test_dropping_leaves_the_log(self):
        self.land()
        self.assertEqual(self.sluice("views", "--db", "shop.duckdb", "--drop").stdout, "3 views dropped from shop.duckdb.\n")
        self.assertEqual(self.ask("SELECT count(*) FROM cdc_events"), ["3"])
        self.assertEqual(self.ask("SELECT count(*) FROM duckdb_views() WHERE view_name LIKE 'orders%'"), ["0"])

    def test_a_mask_that_is_misspelt_is_refused(self):
        self.write("wrong.toml", '[table.orders]\nmask = { emial = "hash" }\n')
        for words in (("--db", "shop.duckdb", "--apply"), ("--catalog", "catalog.toml", "--dialect", "redshift")):
            self.land()
            done = self.sluice("views", *words, "--config", "wrong.toml", code=1)
            self.assertIn("public.orders: emial", done.stderr)

    def test_contradictions_are_usage_errors(self):
        for words, said in ((("--catalog", "catalog.toml"), "--dialect is missing"),
                            (("--dialect", "redshift"), "there is nothing to make views of"),
                            (("--catalog", "catalog.toml", "--dialect", "athena", "--apply"), "does not connect to Athena"),
                            (("--catalog", "catalog.toml", "--dialect", "duckdb", "--apply"), "--db is missing"),
                            (("--db", "shop.duckdb", "--dialect", "postgres", "--apply"), "Leave --dialect out"),
                            (("--db", "shop.duckdb", "--print", "--drop"), "contradict each other"),
                            (("--db", "shop.duckdb", "--check", "--grant", "x"), "go with --print or --apply"),
                            (("--catalog", "catalog.toml", "--dialect", "postgres", "--grant", "Public"), "say --grant-public")):
            self.assertIn(said, self.sluice("views", *words, code=2).stderr)


if __name__ == "__main__":
    main()
