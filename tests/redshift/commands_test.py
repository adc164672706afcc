#!/usr/bin/env python3
"""What people ask of a store in Redshift, on the stand-in: views made at once or not at all, compared, granted, checked; a
key that is changed.

Usage: commands_test.py --sluice PROGRAM. Started by scripts/with-redshift.
"""

import json

import psycopg

from on_stand_in import Case, control, main

STORE = ("--db", "redshift:shop/dev", "--state", "state.duckdb")
# Three changes of a table whose columns have upper-case letters and whose prices do not all fit.
SHOUTING = (("Id", "bigint"), ("Price", "numeric(4,1)"), ("note", "text"))


def record(table, op, image, ns):
    side = {"before": image, "after": None} if op == "d" else {"before": None, "after": image}
    return json.dumps({"type": "full", "op": op, **side,
                       "source": {"version": "1.0", "ts_ms": ns // 1_000_000, "ts_ns": ns, "txId": "t", "schema": "public",
                                  "table": table}, "ts_ms": 1, "ts_ns": 1}) + "\n"


def catalog(table, *columns):
    """A catalog file of one table; its first column is the key."""
    rows = "".join(f'  {{ name = "{name}", type = "{kind}" }},\n' for name, kind in columns)
    return f'[[table]]\nschema = "public"\nname = "{table}"\nkey = ["{columns[0][0]}"]\ncolumns = [\n{rows}]\n'


class CommandsTest(Case):
    def land(self, *records, tables=()):
        """Three changes of each table, then these."""
        ns = 1_790_000_000_000_000_000
        lines = [record(table, "c", {"id": n, "words": "w"}, ns + n) for table in tables for n in range(3)]
        with open(self.path / "changes.ndjson", "a", encoding="utf-8") as file:
            file.writelines(lines + list(records))
        self.sluice("run", "--from", "file:changes.ndjson", "--to", "redshift:shop/dev", "--state", "state.duckdb")

    def views(self, *more, status=0):
        return self.sluice("views", *STORE, *more, status=status)

    def standing(self):
        return {name: (comment, text) for name, comment, text in self.database(
            "SELECT relname, obj_description(oid, 'pg_class'), pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND "
            "relnamespace = 'public'::regnamespace")}

    def test_a_run_leaves_nothing_to_differ_and_what_is_changed_by_hand_is_told(self):
        self.land(tables=("orders", "notes"))
        self.assertEqual(self.views("--diff"), "Nothing differs.\n")
        self.assertEqual(self.sluice("schema", *STORE, "--diff"), "Nothing differs.\n")
        self.database("DROP VIEW orders_history; DROP VIEW notes_current; CREATE VIEW notes_current AS SELECT 1 AS n; "
                      "DROP VIEW cdc_transactions")
        told = self.views("--diff", status=4)
        self.assertEqual([line.split() for line in told.splitlines()], [["different", "notes_current"],
                                                                        ["missing", "orders_history"]])
        self.assertEqual(self.sluice("schema", *STORE, "--diff", status=4).split(), ["missing", "cdc_transactions"])
        # The one that somebody else made is left to him.
        self.assertIn("notes_current was not made: something of that name", self.views("--apply", status=1))
        self.assertNotIn("orders_history", self.standing())
        self.database("DROP VIEW notes_current")
        self.views("--apply")
        self.assertEqual(self.views("--diff"), "Nothing differs.\n")
        self.assertEqual(self.sluice("schema", *STORE, "--diff"), "Nothing differs.\n")

    def test_options_and_types_that_change_are_different_and_an_empty_choice_is_no_longer_due(self):
        self.land(record("orders", "c", {"id": 1, "total": "1.5", "items": ["a"]}, 10))
        (self.path / "shop.conf").write_text('[table."public.orders"]\nunnest = ["items"]\n', encoding="utf-8")
        self.assertEqual(self.views("--diff", "--config", "shop.conf", status=4).split(), ["missing", "orders_items_each"])
        self.views("--apply", "--config", "shop.conf")
        self.assertEqual(self.views("--diff", status=4).split(), ["no", "longer", "due", "orders_items_each"])
        self.views("--apply")
        self.assertNotIn("orders_items_each", self.standing())
        # A column more: what Redshift does not replace is made anew.
        (self.path / "shop.toml").write_text(catalog("orders", ("id", "bigint"), ("total", "numeric(9,2)"), ("items", "json")),
                                             encoding="utf-8")
        told = self.views("--diff", "--catalog", "shop.toml", status=4)
        self.assertEqual([line.split() for line in told.splitlines()],
                         [["different", "orders_current"], ["different", "orders_history"]])
        self.views("--apply", "--catalog", "shop.toml")
        self.assertEqual(self.views("--diff", "--catalog", "shop.toml"), "Nothing differs.\n")
        self.assertEqual([str(cell) for cell in self.database("SELECT total FROM orders_current")[0]], ["1.50"])

    def test_a_fault_in_the_middle_leaves_the_views_as_they_were(self):
        for tables, statements in ((("a", "b"), "a batch"), ([f"t{n}" for n in range(12)], "a session")):
            with self.subTest(statements):
                self.tearDown()
                self.setUp()
                self.land(tables=tables)
                before = self.standing()
                # The masks change every text and the one in the middle cannot be made: another view needs its columns.
                last = sorted(tables)[-1]
                self.database(f"CREATE VIEW mine AS SELECT words FROM {last}_current")
                (self.path / "shop.conf").write_text("".join(
                    f'[table."public.{table}"]\nexclude = ["words"]\n' for table in tables), encoding="utf-8")
                control(forget=True)
                told = self.views("--apply", "--config", "shop.conf", status=1)
                self.assertIn(f"the view {last}_current was not made", told)
                after = self.standing()
                after.pop("mine")
                self.assertEqual(after, before)
                calls = control()["calls"]
                self.assertEqual(statements == "a batch", "BatchExecuteStatement" in calls)
                self.database("DROP VIEW mine")
                self.views("--apply", "--config", "shop.conf")
                self.assertEqual(self.views("--diff", "--config", "shop.conf"), "Nothing differs.\n")
                self.assertTrue(all("words" not in text for _, text in self.standing().values()))

    def test_a_session_that_is_lost_commits_nothing(self):
        self.land(tables=[f"t{n}" for n in range(12)])
        before = self.standing()
        (self.path / "shop.conf").write_text("".join(
            f'[table."public.t{n}"]\nrename = {{ words = "text" }}\n' for n in range(12)), encoding="utf-8")
        control(rules=[{"operation": "ExecuteStatement", "match": "t7_current", "error": "ValidationException",
                        "message": "Session is not available"}])
        self.views("--apply", "--config", "shop.conf", status=1)
        self.assertEqual(self.standing(), before)

    def test_grants_are_there_and_let_read_the_views_alone(self):
        control(principals=["user:IAMR:analyst", "role:reader", "group:people"])
        self.land(tables=("orders",))
        self.views("--apply", "--grant", "IAMR:analyst")
        self.views("--apply", "--grant", "role:reader")
        self.views("--apply", "--grant", "group:people")
        for name in ("user:IAMR:analyst", "role:reader", "group:people"):
            may = dict(self.database("SELECT relname, has_table_privilege(%s, oid, 'SELECT') FROM pg_class WHERE relkind IN "
                                     "('r', 'v') AND relnamespace = 'public'::regnamespace", name))
            self.assertEqual({relation for relation, yes in may.items() if yes},
                             {"orders_current", "orders_history", "orders_changes", "cdc_transactions"}, name)
            self.assertEqual(self.database("SELECT has_table_privilege(%s, 'orders_current', 'INSERT, UPDATE, DELETE')", name),
                             [(False,)])
            self.assertEqual(self.database(f'SET ROLE "{name}"; SELECT count(*) FROM orders_current'), [(3,)])
            with self.assertRaises(psycopg.errors.InsufficientPrivilege):
                self.database(f'SET ROLE "{name}"; SELECT count(*) FROM cdc_events')
        # A view that is replaced keeps them.
        self.views("--apply")
        self.assertEqual(self.database("SET ROLE \"user:IAMR:analyst\"; SELECT count(*) FROM orders_current"), [(3,)])

    def test_public_is_granted_only_when_asked(self):
        self.land(tables=("orders",))
        everybody = "SELECT count(*) FROM pg_class, aclexplode(relacl) AS acl WHERE acl.grantee = 0 AND relname LIKE 'orders%'"
        self.assertEqual(self.database(everybody), [(0,)])
        self.views("--apply", "--grant-public")
        self.assertEqual(self.database(everybody), [(3,)])

    def test_a_grant_to_nobody_makes_nothing(self):
        self.land(tables=("orders",))
        self.database("DROP VIEW orders_changes")
        told = self.views("--apply", "--grant", "IAMR:nobody", status=1)
        self.assertIn("does not exist", told)
        self.assertNotIn("orders_changes", self.standing())

    def test_the_check_reads_columns_with_capitals(self):
        (self.path / "shop.toml").write_text(catalog("shouting", *SHOUTING), encoding="utf-8")
        self.land(*(record("shouting", "c", {"Id": n, "Price": price, "note": "n"}, 10 + n)
                    for n, price in enumerate(("1.5", "12345.6", "NaN"))))
        told = self.views("--check", "--catalog", "shop.toml", status=4)
        self.assertIn("public.shouting price: 2 values shown as NULL", told)

    def test_a_key_is_changed_in_one_transaction_after_a_dry_run_that_changes_nothing(self):
        ns = 1_790_000_000_000_000_000
        lines = [record("bins", "c", {"id": n % 400, "aisle": n // 400, "words": "w" * 90}, ns + n) for n in range(1200)]
        self.land(*lines)

        def ids():
            return self.database("SELECT count(DISTINCT record_id), count(*) FROM cdc_events")[0]

        rekey = ("rekey", "--to", "redshift:shop/dev", "--state", "state.duckdb", "--table", "bins", "--key", "id,aisle")
        self.assertEqual(ids(), (400, 1200))
        dry = json.loads(self.sluice(*rekey, "--dry-run", "--json"))
        self.assertEqual([dry[name] for name in ("rows", "changed", "ids_before", "ids_after", "split", "folded")],
                         [1200, 1200, 400, 1200, 400, 0])
        self.assertEqual(ids(), (400, 1200))
        control(rules=[{"operation": "ExecuteStatement", "match": "UPDATE", "fail": "ERROR: out of luck", "skip": 1}],
                settings={"max_statement_bytes": 100_000})
        told = self.sluice(*rekey, "--redshift-statement-bytes", "20000", status=1)
        self.assertIn("out of luck", told)
        self.assertEqual(ids(), (400, 1200))
        control(rules=[])
        done = json.loads(self.sluice(*rekey, "--redshift-statement-bytes", "20000", "--json"))
        self.assertEqual({**done, "dry_run": True}, dry)
        self.assertEqual(ids(), (1200, 1200))

    def test_an_image_that_redshift_does_not_give_as_text_is_never_passed_over(self):
        words = {"id": 1, "aisle": 2, "left": "l" * 40_000, "right": "r" * 40_000}
        self.land(record("bins", "c", words, 10), record("bins", "c", {"id": 2, "aisle": 2}, 11))
        rekey = ("rekey", "--to", "redshift:shop/dev", "--state", "state.duckdb", "--table", "bins", "--key", "aisle,id")
        told = self.sluice(*rekey, status=1)
        self.assertIn("1 rows of public.bins have images of more than 65535 bytes", told)
        self.assertIn("redshift_string_bytes", told)
        self.assertEqual(self.database("SELECT count(*) FROM cdc_events WHERE length(record_id) > 1"), [(0,)])
        control(settings={"string_bytes": 16_000_000})
        self.addCleanup(control, settings={"string_bytes": 65_535})
        self.sluice(*rekey, "--redshift-string-bytes", "16000000")
        self.assertEqual(self.database("SELECT count(*) FROM cdc_events WHERE length(record_id) > 1"), [(2,)])


if __name__ == "__main__":
    main()
