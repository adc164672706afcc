#!/usr/bin/env python3
"""`sluice run --to redshift:` on the stand-in: killed in the middle, failed at random, and equal to DuckDB at the end.

Usage: run_test.py --sluice PROGRAM. Started by scripts/with-redshift.
"""

import base64
import json
import signal
import subprocess
import time
import tomllib
import urllib.request

import duckdb
import psycopg
import sqlglot

from on_stand_in import DSN, URL, Case, control, main

ROW = ("source_schema, source_table, operation, record_id, event_data, commit_ts_ns, tx_id, shard_id, sequence_number")


def put_object(path, body):
    call = urllib.request.Request(URL + path, body, method="PUT", headers={"Authorization": "x/s3/aws4_request"})
    urllib.request.urlopen(call).close()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class RunTest(Case):
    def generate(self, changes=1200, **more):
        flags = [text for name, value in more.items() for text in ("--" + name.replace("_", "-"), str(value))]
        self.sluice("generate", "--seed", "11", "--changes", str(changes), "--out", "changes.ndjson", "--truth", "truth.ndjson",
                    "--catalog-out", "shop.toml", *flags)

    def command(self, *more, to="redshift:shop/dev"):
        return ["run", "--from", "file:changes.ndjson", "--to", to, "--catalog", "shop.toml", *more,
                *(("--state", "state.duckdb") if to.startswith("redshift") else ())]

    def rows(self):
        """Every row of the log once, its image as JSON says it."""
        with psycopg.connect(DSN) as connection:
            found = connection.execute(f"SELECT DISTINCT {ROW.replace('event_data', '((event_data).j)::text')} FROM cdc_events")
            return sorted(map(self.normal, found.fetchall()))

    @staticmethod
    def normal(row):
        image = json.dumps(json.loads(row[4], parse_float=str, parse_int=str), sort_keys=True) if row[4] else ""
        return tuple("" if cell is None else str(cell) for cell in (*row[:4], image, *row[5:]))

    def expect_equal_to_duckdb(self):
        self.sluice(*self.command(to="duckdb:there.duckdb"))
        with duckdb.connect(str(self.path / "there.duckdb"), read_only=True) as store:
            there = sorted(map(self.normal, store.execute(f"SELECT DISTINCT {ROW} FROM cdc_events").fetchall()))
        here = self.rows()
        self.assertGreater(len(here), 700)
        self.assertEqual(here, there)

    def test_a_run_that_is_killed_and_continued_lands_everything(self):
        self.generate(3000, reorder="all", duplicates=0.05, oversize=0.002, oversize_bytes="4KiB")
        control(settings={"statement_ms": 30})
        kills = 0
        for _ in range(6):
            run = subprocess.Popen([self.program, *self.command("--batch-rows", "300", "--progress", "none")], cwd=self.path,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.7)
            if run.poll() is None:
                run.send_signal(signal.SIGKILL)
                kills += 1
            run.wait()
        self.assertGreater(kills, 1)
        control(settings={"statement_ms": 0})
        self.assertIn("The books balance", self.sluice(*self.command()))
        self.expect_equal_to_duckdb()

    def test_under_random_failures_of_the_data_api_everything_lands(self):
        self.generate()
        control(random={"seed": 3, "one_in": 6})
        self.sluice(*self.command("--batch-rows", "500", "--redshift-statement-bytes", "20000"))
        control(random=None)
        self.expect_equal_to_duckdb()

    def test_an_endpoint_without_long_polling_and_the_values_shape_give_the_same(self):
        self.generate()
        control(settings={"knows_wait": False})
        self.sluice(*self.command("--redshift-shape", "values"))
        self.expect_equal_to_duckdb()

    def test_copy_carries_everything_and_leaves_no_file(self):
        self.generate()
        before = control()["puts"]
        self.sluice(*self.command("--redshift-shape", "copy", "--redshift-copy", "s3://files/sluice", "--batch-rows", "400"))
        told = control()
        self.assertTrue(all(sql.startswith("COPY") for sql in told["sql"] if "INTO" in sql or "COPY" in sql))
        self.assertGreater(told["puts"], before)
        self.assertEqual([name for name in told["objects"] if name.startswith("s3://files/")], [])
        self.expect_equal_to_duckdb()

    def test_a_row_that_no_statement_carries_goes_by_copy_where_there_is_a_bucket(self):
        self.generate()
        with open(self.path / "changes.ndjson", "a", encoding="utf-8") as file:
            file.write(json.dumps({"type": "full", "op": "c", "before": None,
                                   "after": {"id": 1, **{f"n{i}": "x" * 60_000 for i in range(40)}},
                                   "source": {"version": "1.0", "ts_ms": 1, "ts_ns": 1790000123456789017, "txId": "t",
                                              "schema": "public", "table": "orders"}, "ts_ms": 1, "ts_ns": 1}) + "\n")
        self.assertIn("1 needs-copy", self.sluice(*self.command()))
        self.sluice("quarantine", "retry", "--reason", "needs-copy", "--db", "redshift:shop/dev", "--state", "state.duckdb",
                    "--catalog", "shop.toml", "--redshift-copy", "s3://files/sluice")
        self.expect_equal_to_duckdb()

    def test_probe_measures_what_is_set(self):
        self.assertEqual(self.settings_found(), {"redshift_wait": "20s", "redshift_shape": "packed",
                                                 "redshift_statement_bytes": 99000, "redshift_parameters": 200,
                                                 "redshift_string_bytes": 65535})
        control(settings={"knows_wait": False, "max_statement_bytes": 200_000, "string_bytes": 16_000_000})
        self.assertEqual(self.settings_found(), {"redshift_wait": "0s", "redshift_shape": "packed",
                                                 "redshift_statement_bytes": 199000, "redshift_parameters": 200,
                                                 "redshift_string_bytes": 16000000})
        control(settings={"max_statement_bytes": 100_000, "string_bytes": 65_535})

    def settings_found(self):
        return tomllib.loads(self.sluice("probe", "redshift", "--to", "redshift:shop/dev"))

    def test_a_catalog_that_lies_in_s3_says_what_the_file_says(self):
        self.generate()
        put_object("/config/shop.toml", (self.path / "shop.toml").read_bytes())
        from_s3 = [word.replace("shop.toml", "s3://config/shop.toml") for word in self.command()]
        self.assertIn("The books balance", self.sluice(*from_s3))
        self.expect_equal_to_duckdb()
        missing = [word.replace("shop.toml", "s3://config/none.toml") for word in self.command()]
        self.assertIn("--catalog: there is no object s3://config/none.toml", self.sluice(*missing, status=1))

    def test_the_functions_quarantine_is_listed_shown_exported_and_tried_again(self):
        self.generate(20)
        self.sluice(*self.command())  # makes cdc_events
        good = json.dumps({"type": "full", "op": "c", "before": None, "after": {"id": 4711, "n": 1.50}, "ts_ms": 1, "ts_ns": 1,
                           "source": {"version": "1.0", "ts_ms": 1, "ts_ns": 1790000123456789017, "txId": "t",
                                      "schema": "public", "table": "kept"}})
        lines = [{"shard": "shop-cdc/shardId-000000000000", "sequence": str(100 + n), "reason": reason, "message": "why",
                  "chunk_id": "", "first_seen": "2026-01-02T03:04:05.000000000Z", "data": base64.b64encode(text.encode()).decode()}
                 for n, (reason, text) in enumerate((("string-too-long", good), ("not-json", "no json")))]
        put_object("/kept/cdc/quarantine/shop-cdc/shardId-000000000000/100-abc.ndjson",
                   "".join(json.dumps(line) + "\n" for line in lines).encode())
        place = ("--quarantine", "s3://kept/cdc")
        listed = [json.loads(line) for line in self.sluice("quarantine", "list", *place, "--json").splitlines()]
        self.assertEqual([(entry["reason"], entry["sequence"]) for entry in listed],
                         [("string-too-long", "100"), ("not-json", "101")])
        self.assertEqual(self.sluice("quarantine", "show", str(listed[0]["id"]), "--raw", *place), good)
        exported = [json.loads(line) for line in self.sluice("quarantine", "export", *place).splitlines()]
        self.assertEqual([base64.b64decode(entry["bytes_base64"]).decode() for entry in exported], [good, "no json"])
        told = self.sluice("quarantine", "retry", "--all", *place, "--to", "redshift:shop/dev", status=4)
        self.assertIn("2 tried, 1 landed", told)
        self.assertIn("1 refused again: 1 not-json", told)
        self.assertIn("sluice quarantine list --quarantine s3://kept/cdc", told)
        self.assertIn("4711", [row[3] for row in self.rows()])
        left = [json.loads(line) for line in self.sluice("quarantine", "list", *place, "--json").splitlines()]
        self.assertEqual([(entry["id"], entry["reason"]) for entry in left], [(listed[1]["id"], "not-json")])
        self.assertIn("only a place in S3", self.sluice("quarantine", "list", "--quarantine",
                                                        "https://sqs.us-east-1.amazonaws.com/1/q", status=1))

    def test_all_sql_that_was_sent_is_redshifts(self):
        self.generate( poison=0.002, unusual=0.05)
        self.sluice(*self.command())
        self.sluice("run", "--from", "file:changes.ndjson", "--to", "redshift:shop/dev", "--state", "other.duckdb",
                    "--redshift-shape", "values")
        self.sluice("views", "--db", "redshift:shop/dev", "--state", "state.duckdb", "--catalog", "shop.toml", "--apply")
        sent = control()["sql"]
        self.assertGreater(len(sent), 20)
        for sql in sent:
            (tree,) = sqlglot.parse(sql, read="redshift", error_level=sqlglot.ErrorLevel.RAISE)
            self.assertIsNone(tree.find(sqlglot.exp.Command), sql)

    def test_a_row_that_redshift_refuses_goes_to_quarantine_and_comes_back(self):
        self.generate()
        with open(self.path / "changes.ndjson", "a", encoding="utf-8") as file:
            file.write(json.dumps({"type": "full", "op": "c", "before": None, "after": {"id": 1, "note": "x" * 70_000},
                                   "source": {"version": "1.0", "ts_ms": 1790000123456, "ts_ns": 1790000123456789017,
                                              "txId": "t", "schema": "public", "table": "orders"},
                                   "ts_ms": 1790000123456, "ts_ns": 1790000123456789017}) + "\n")
        told = self.sluice(*self.command())
        self.assertIn("1 string-too-long", told)
        control(settings={"string_bytes": 16_000_000})
        self.sluice("quarantine", "retry", "--reason", "string-too-long", "--db", "redshift:shop/dev", "--state", "state.duckdb", "--catalog",
                    "shop.toml", "--redshift-string-bytes", "16000000")
        control(settings={"string_bytes": 65_535})
        self.assertNotIn("string-too-long", self.sluice("quarantine", "list", "--db", "state.duckdb"))
        self.expect_equal_to_duckdb()

    def test_what_redshift_refuses_is_kept_byte_for_byte_also_in_pieces(self):
        source = {"version": "1.0", "ts_ms": 1, "ts_ns": 1790000123456789017, "txId": "t", "schema": "public", "table": "orders"}
        whole = json.dumps({"op": "c", "type": "full", "seen": [1.50], "before": None, "source": source,
                            "after": {"id": 1, "note": "x" * 70_000}}, indent=None, separators=(" , ", " : "))
        image = json.dumps({"id": 2, "note": "y" * 70_000})
        pieces = [json.dumps({"type": "fragment", "chunk_id": "c-1", "index": n, "data": part}) + " " * n
                  for n, part in enumerate((image[:40_000], image[40_000:]))]
        head = json.dumps({"type": "chunked", "op": "c", "source": source,
                           "chunked": {"after": {"chunk_id": "c-1", "total_fragments": 2, "crc32c": str(crc32c(image.encode()))}}})
        lines = [whole, pieces[1], head, pieces[0]]
        (self.path / "changes.ndjson").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        run = ("run", "--from", "file:changes.ndjson", "--to", "redshift:shop/dev", "--state", "state.duckdb")
        self.assertIn("The books balance", self.sluice(*run))
        kept = [json.loads(line) for line in self.sluice("quarantine", "export", "--db", "state.duckdb").splitlines()]
        self.assertEqual([base64.b64decode(entry["bytes_base64"]).decode() for entry in sorted(kept, key=lambda one: int(one["sequence"]))],
                         lines)
        self.assertEqual({(entry["reason"], entry["chunk_id"]) for entry in kept},
                         {("string-too-long", ""), ("string-too-long", "c-1")})
        place = ("--db", "redshift:shop/dev", "--state", "state.duckdb")
        again = self.sluice("quarantine", "retry", "--all", *place, status=4)
        self.assertIn("4 refused again", again)
        control(settings={"string_bytes": 16_000_000})
        self.sluice("quarantine", "retry", "--all", *place, "--redshift-string-bytes", "16000000")
        control(settings={"string_bytes": 65_535})
        self.assertEqual([row[3] for row in self.rows()], ["1", "2"])
        self.assertEqual(self.sluice("quarantine", "export", "--db", "state.duckdb"), "")

    def test_hostile_names_and_values_stay_data(self):
        evil = "x'); DROP TABLE cdc_events; -- :p \\' \" $$ /* %s %(p)s"
        record = {"type": "full", "op": "c", "before": None, "after": {"id": evil, evil: evil},
                  "source": {"version": "1.0", "ts_ms": 1790000123456, "ts_ns": 1790000123456789017, "txId": evil[:60],
                             "schema": evil, "table": evil}, "ts_ms": 1, "ts_ns": 1000000}
        lines = [record, {**record, "op": evil[:9]}]
        (self.path / "changes.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        for shape in ("packed", "values"):
            self.sluice("run", "--from", "file:changes.ndjson", "--to", "redshift:shop/dev", "--state", shape + ".duckdb",
                        "--redshift-shape", shape)
        found = self.rows()
        self.assertEqual({(row[0], row[1], row[2], row[3]) for row in found},
                         {(evil, evil, "c", evil), (evil, evil, evil[:9], evil)})

    def test_a_key_that_is_learnt_late_corrects_the_rows_in_redshift(self):
        def line(op, image, ns):
            return json.dumps({"type": "full", "op": op, "before": image if op == "d" else None,
                               "after": None if op == "d" else image,
                               "source": {"version": "1.0", "ts_ms": 1, "ts_ns": ns, "txId": "t", "schema": "public",
                                          "table": "bins"}, "ts_ms": 1, "ts_ns": ns}) + "\n"
        first = "".join(line("c", {"aisle": n, "slot": "s", "v": n}, n + 1) for n in range(5))
        (self.path / "changes.ndjson").write_text(first, encoding="utf-8")
        run = ("run", "--from", "file:changes.ndjson", "--to", "redshift:shop/dev", "--state", "state.duckdb")
        self.sluice(*run)
        self.assertTrue(all(row[3].startswith("image:") for row in self.rows()))
        with open(self.path / "changes.ndjson", "a", encoding="utf-8") as file:
            file.write(line("d", {"aisle": 3, "slot": "s"}, 99))
        self.sluice(*run)
        self.assertEqual(sorted({row[3] for row in self.rows()}), [f'[{n},"s"]' for n in range(5)])

    def test_a_state_of_another_table_is_refused(self):
        self.generate()
        self.sluice(*self.command())
        with psycopg.connect(DSN, autocommit=True) as connection:
            connection.execute("DELETE FROM cdc_events")
        self.assertIn("is empty: it is another table", self.sluice(*self.command(), status=1))


if __name__ == "__main__":
    main()
