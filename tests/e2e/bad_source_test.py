"""Bad input: every record that is no change is kept with a reason, the rest lands, and the books balance."""

import gzip
import json
import os
import subprocess

from harness import Case, change, lines, main

GOOD = change({"id": 1, "status": "paid"})


def broken(**source):
    record = change({"id": 2})
    record["source"] = {key: value for key, value in {**record["source"], **source}.items() if value is not ...}
    return json.dumps(record)


def without(name, **instead):
    record = {**change({"id": 2}), **instead}
    if name:
        del record[name]
    return json.dumps(record)


def fragment(index, total=2, chunk="c-1"):
    head = change(None, chunked={"after": {"chunk_id": chunk, "total_fragments": total, "crc32c": "1"}})
    head["type"] = "chunked"
    piece = {"type": "fragment", "chunk_id": chunk, "index": index, "data": "x"}
    return lines([head, piece])


class BadSource(Case):
    def reasons_of(self, bad):
        """The reasons for which `bad` is refused, when it stands between two good records."""
        text = bad if isinstance(bad, bytes) else bad.encode()
        content = lines([GOOD]).encode() + text + b"\n" + lines([change({"id": 3, "status": "new"})]).encode()
        db = f"{len(list(self.folder.iterdir()))}.duckdb"
        summary = self.run_into(db, content)
        self.assertTrue(summary["balanced"], summary)
        self.assertEqual(self.value(db, "SELECT count(*) FROM orders_current WHERE status IS NOT NULL"), 2)
        return summary["quarantined_by_reason"]

    def test_each_kind_of_broken_record_has_its_reason(self):
        deep = '{"a":' * 1001 + "1" + "}" * 1001
        cases = {
            "not JSON": ("nonsense", "not-json"),
            "an array": ("[1]", "not-object"),
            "no op": (without("op"), "bad-op"),
            "op is a number": (without(None, op=1), "bad-op"),
            "no source": (without("source"), "no-source"),
            "source is a text": (without(None, source="x"), "bad-source"),
            "no table": (broken(table=...), "no-table"),
            "table is a number": (broken(table=5), "no-table"),
            "negative time": (broken(ts_ns=-1), "bad-commit-time"),
            "time with a fraction": (broken(ts_ns=1.5), "bad-commit-time"),
            "time as text": (broken(ts_ns="1790000000000000000"), "bad-commit-time"),
            "time beyond 64 bits": (broken(ts_ns=2**63), "bad-commit-time"),
            "insert without after": (without(None, after=None), "no-image"),
            "delete without before": (json.dumps(change(None, op="d")), "keyless-delete"),
            "empty image": (without(None, after={}), "empty-image"),
            "a key twice": (json.dumps(GOOD).replace('"id": 1', '"id": 1, "id": 2'), "duplicate-key"),
            "1,001 levels": (json.dumps(GOOD).replace('"paid"', deep), "too-deep"),
            "not UTF-8": (json.dumps(GOOD).encode().replace(b"paid", b"\xff"), "invalid-utf8"),
        }
        for name, (record, reason) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.reasons_of(record), {reason: 1})

    def test_fragments_that_cannot_be_right_are_refused(self):
        self.assertEqual(sum(self.reasons_of(fragment(-1, chunk="negative")).values()), 1)
        self.assertEqual(sum(self.reasons_of(fragment(0, total=0, chunk="none")).values()), 1)
        self.assertEqual(sum(self.reasons_of(fragment(0, total=2_000_000, chunk="many")).values()), 1)

    def test_both_images_empty_lines_and_windows_line_ends_are_fine(self):
        both = {**change({"id": 1, "status": "paid"}), "before": {"id": 1}}
        content = lines([both]).replace("\n", "\r\n") + "\n\r\n   \n" + lines([change({"id": 2})]).rstrip("\n")
        summary = self.run_into("fine.duckdb", content)
        self.assertEqual(summary["this_run"]["landed"], 2)
        self.assertEqual(summary["quarantined_by_reason"], {})

    def test_a_line_of_20_mib_lands(self):
        summary = self.run_into("long.duckdb", lines([change({"id": 9, "body": "x" * (20 << 20)}), GOOD]))
        self.assertEqual(summary["this_run"]["landed"], 2)
        self.assertEqual(self.value("long.duckdb", "SELECT max(length(body)) FROM orders_current"), 20 << 20)

    def test_a_line_over_the_limit_stops_the_run_after_everything_before_it(self):
        self.write("big.ndjson", lines([GOOD, change({"id": 2, "body": "x" * 4096})]))
        flags = ("run", "--from", "file:big.ndjson", "--to", "duckdb:big.duckdb", "--progress", "none")
        done = self.sluice(*flags, "--max-record-bytes", "2KiB", code=1)
        self.assertIn("big.ndjson", done.stderr)
        self.assertIn("What was read before is durable: read 1  landed 1", done.stderr)
        self.assertEqual(self.value("big.duckdb", "SELECT count(*) FROM cdc_events"), 1)
        self.sluice(*flags)
        self.assertEqual(self.value("big.duckdb", "SELECT count(*) FROM cdc_events"), 2)

    def test_a_truncated_gzip_keeps_what_came_before_the_cut(self):
        whole = gzip.compress(lines(change({"id": i, "body": f"{i * 7919 % 1009:x}" * 20}) for i in range(20_000)).encode())
        self.write("cut.ndjson.gz", whole[: len(whole) // 2])
        done = self.sluice("run", "--from", "file:cut.ndjson.gz", "--to", "duckdb:cut.duckdb", "--progress", "none", code=1)
        self.assertIn("cut.ndjson.gz", done.stderr)
        landed = self.value("cut.duckdb", "SELECT count(*) FROM cdc_events")
        self.assertTrue(0 < landed < 20_000, landed)
        self.write("cut.ndjson.gz", whole)
        self.sluice("run", "--from", "file:cut.ndjson.gz", "--to", "duckdb:cut.duckdb")
        self.assertEqual(self.value("cut.duckdb", "SELECT count(*) FROM orders_current"), 20_000)

    def test_a_source_that_is_not_there_makes_no_store(self):
        done = self.sluice("run", "--from", "file:nowhere.ndjson", "--to", "duckdb:new.duckdb", code=1)
        self.assert_one_sentence(done.stderr)
        self.assertIn("file:nowhere.ndjson", done.stderr)
        self.assertFalse((self.folder / "new.duckdb").exists())

    def run_from_a_stream(self, code, *more, stream="shop", **environment):
        bare = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "SLUICE_"))}
        done = subprocess.run([self.program, "run", "--from", f"kinesis:{stream}", "--to", "duckdb:new.duckdb", *more],
                              capture_output=True, text=True, cwd=self.folder, timeout=60, check=False,
                              env={**bare, "HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true", **environment})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertFalse((self.folder / "new.duckdb").exists())
        return done

    def test_a_stream_without_a_region_or_credentials_names_every_place_that_was_looked_at(self):
        done = self.run_from_a_stream(1)
        self.assertIn("no AWS Region is known", done.stderr)
        self.assertIn("AWS_DEFAULT_REGION", done.stderr)
        done = self.run_from_a_stream(1, "--region", "eu-west-1")
        self.assertIn("no AWS credentials were found", done.stderr)
        self.assertIn("AWS_ACCESS_KEY_ID", done.stderr)

    def test_a_profile_on_the_command_line_counts_before_keys_in_the_environment(self):
        done = self.run_from_a_stream(1, "--region", "eu-west-1", "--profile", "nobody", AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
                                      AWS_SECRET_ACCESS_KEY="not-a-secret")
        self.assertIn("nobody", done.stderr)
        self.assertNotIn("not-a-secret", done.stderr)

    def test_an_endpoint_that_is_no_address_is_named(self):
        done = self.run_from_a_stream(2, "--region", "eu-west-1", "--endpoint-url", "localhost")
        self.assertIn("--endpoint-url is 'localhost'", done.stderr)

    def test_a_region_that_is_not_the_streams_is_refused(self):
        done = self.run_from_a_stream(2, "--region", "eu-west-1",
                                      stream="arn:aws:kinesis:us-east-1:123456789012:stream/shop")
        self.assertIn("the stream's ARN says us-east-1", done.stderr)


if __name__ == "__main__":
    main()
