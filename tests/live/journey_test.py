#!/usr/bin/env python3
"""The whole journey: a PostgreSQL under load, emulated into a Kinesis stream whose shards split and merge, landed by a
worker that is killed again and again. What is in the store is then held against the source, read by programs that are
not Sluice, and against every single record of the stream.

Run with: scripts/with-postgres -- scripts/with-kinesis -- PYTHON tests/live/journey_test.py --sluice build/release/sluice
"""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare  # noqa: E402
from kinesis_stream import Stream  # noqa: E402

SERVER = os.environ.get("SLUICE_TEST_DSN", "")
SECONDS = 15
# Records of letters are longer than this and come as a head with fragments, those of the shop as they are.
OVERSIZE_BYTES = 800
# What a type of the source is in a view of a PostgreSQL store; every other one is itself. docs/types.md.
VIEW_TYPES = {"oid": "bigint", "character varying": "text", "character": "text", "name": "text", '"char"': "text",
              "time with time zone": "time without time zone"}


class Letters:
    """Writes and rewrites long texts beside the shop, a transaction every few milliseconds, until stopped."""

    MAKE = "CREATE TABLE letters (letter_id integer PRIMARY KEY, body text, opened integer NOT NULL)"
    TEXT = "(SELECT string_agg(md5(random()::text || i), ' ') FROM generate_series(1, 20 + (random() * 180)::integer) AS i)"

    def __init__(self):
        self.stopped = threading.Event()
        self.failure = None
        self.written = 0
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        chance = random.Random(3)
        while not self.stopped.is_set():
            one = chance.randrange(max(1, self.written))
            sql = chance.choice([f"INSERT INTO letters VALUES ({self.written}, {self.TEXT}, 0)",
                                 f"UPDATE letters SET body = {self.TEXT} WHERE letter_id = {one}",
                                 f"UPDATE letters SET opened = opened + 1 WHERE letter_id IN ({one}, {one + 1}, {one + 2})",
                                 f"DELETE FROM letters WHERE letter_id = {one} AND opened > 1"])
            self.written += sql.startswith("INSERT")
            done = subprocess.run(["psql", SERVER, "-Xqc", sql], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                self.failure = done.stderr
                return

    def stop(self):
        self.stopped.set()
        self.thread.join()
        if self.failure:
            raise AssertionError(self.failure)


class Journey(unittest.TestCase):
    sluice = ""

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-journey-")
        self.addCleanup(held.cleanup)
        self.folder = Path(held.name)
        self.store = self.folder / "shop.duckdb"
        self.catalog = self.folder / "shop.catalog.toml"

    def call(self, *words):
        done = subprocess.run([self.sluice, *map(str, words)], capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def sql(self, dsn, text):
        return compare.psql(dsn, text)

    def start(self, *words):
        child = subprocess.Popen([self.sluice, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, child, signal.SIGKILL)
        return child

    def end(self, child, how):
        """Its output and what it said. Twice is once."""
        if child.poll() is None:
            child.send_signal(how)
        return child.communicate(timeout=120) if not child.stdout.closed else ("", "")

    def run_words(self, to, *more):
        return ["run", "--from", "kinesis:journey", "--to", to, "--catalog", self.catalog, "--progress", "none", "--json", *more]

    def start_worker(self):
        return self.start(*self.run_words(f"duckdb:{self.store}", "--follow"))

    def start_emulate(self):
        """It is there when its slot is taken."""
        child = self.start("emulate", "--postgres", SERVER, "--to", "kinesis:journey", "--follow", "--duplicates", "0.05",
                           "--reorder", "30", "--oversize-bytes", OVERSIZE_BYTES)
        for _ in range(600):
            self.assertIsNone(child.poll(), "sluice emulate ended by itself")
            if self.sql(SERVER, "SELECT active_pid FROM pg_replication_slots WHERE active"):
                return child
            time.sleep(0.05)
        self.fail("sluice emulate does not start")

    def kill(self, child):
        self.assertIsNone(child.poll(), "it ended by itself")
        self.end(child, signal.SIGKILL)

    def stop(self, child):
        """As a service manager does. Everything is done and nothing was out of the ordinary."""
        out, errors = self.end(child, signal.SIGTERM)
        self.assertEqual(child.returncode, 0, errors)
        self.assertNotIn("LOST", errors)
        self.assertNotIn("has not answered", errors)
        return out

    def run_to_the_end(self, to):
        report = json.loads(self.call(*self.run_words(to, "--until-end")))
        self.assertTrue(report["balanced"])
        self.assertEqual(report["imbalances"], [])
        self.assertEqual(report["expired_unread"], 0)
        self.assertEqual(report["quarantine"], {})
        self.assertEqual(report["waiting"]["pieces"], 0, report)
        return report

    def test_a_shop_in_postgresql_arrives_whole_through_a_stream_that_splits_and_workers_that_die(self):
        self.call("drive", "--postgres", SERVER, "--schema-only")
        subprocess.run(["psql", SERVER, "-Xqc", Letters.MAKE], check=True)
        self.call("catalog", "read", "--postgres", SERVER, "--out", self.catalog)
        stream = Stream("journey", 4)
        stream.allow_large_records()
        self.live_through(stream)
        report = self.run_to_the_end(f"duckdb:{self.store}")
        self.assert_equal_to_the_source_in_duckdb()
        self.assert_every_record_is_accounted_for_once(stream, report)
        self.assertEqual(self.run_to_the_end(f"duckdb:{self.store}")["this_run"]["read"], 0, "nothing comes twice")
        self.into_postgresql(report)

    def live_through(self, stream):
        """The load, and while it lasts: a split, a merge, three kills of the worker, one of the emulation."""
        emulate = self.start_emulate()
        worker = self.start_worker()
        letters = Letters()
        self.addCleanup(letters.stopped.set)
        drive = self.start("drive", "--postgres", SERVER, "--rate", "150", "--seconds", SECONDS)
        moments = ["split", "worker", "merge", "worker", "emulate", "split", "worker"]
        for moment in moments:
            time.sleep(SECONDS / (len(moments) + 1))
            shards = stream.open_shards()
            if moment == "split":
                stream.split(shards[0])
            elif moment == "merge":
                stream.merge(shards[-2], shards[-1])
            elif moment == "worker":
                self.kill(worker)
                worker = self.start_worker()
            else:
                self.kill(emulate)
                emulate = self.start_emulate()
        out, errors = drive.communicate(timeout=60)
        self.assertEqual(drive.returncode, 0, errors)
        letters.stop()
        self.stop(emulate)
        self.assertTrue(json.loads(self.stop(worker))["balanced"])

    def assert_equal_to_the_source_in_duckdb(self):
        done = subprocess.run([sys.executable, compare.__file__, "--postgres", SERVER, "--duckdb", self.store],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^5 tables, [1-9][0-9,]{2,} rows: equal\n")

    def assert_every_record_is_accounted_for_once(self, stream, report):
        """By the stream itself, read here: the log has each whole record and each image in pieces exactly once."""
        in_stream = {shard: stream.records(shard) for shard in stream.shards()}
        self.assertEqual(len(in_stream), 4 + 2 + 1 + 2)
        whole, spread = collections.Counter(), collections.defaultdict(set)
        for shard, records in in_stream.items():
            for sequence, data in records:
                record = json.loads(data)
                if record["type"] == "full":
                    whole[(shard, sequence)] += 1
                    continue
                chunk = record.get("chunk_id") or next(iter(record["chunked"].values()))["chunk_id"]
                spread[chunk].add(shard)
        self.assertGreater(sum(len(shards) > 1 for shards in spread.values()), 50, "images in pieces of several shards")
        with duckdb.connect(str(self.store), read_only=True) as store:
            rows = store.execute("SELECT shard_id, sequence_number FROM cdc_events").fetchall()
            read = dict(store.execute("SELECT shard_id, read FROM cdc_ledger").fetchall())
        landed = collections.Counter((shard.split("/")[-1], sequence) for shard, sequence in rows)
        self.assertEqual([place for place, times in landed.items() if times > 1], [], "landed more than once")
        self.assertEqual(list((whole - landed))[:5], [], "never landed")
        self.assertEqual(len(rows), sum(whole.values()) + len(spread))
        self.assertEqual({shard.split("/")[-1]: count for shard, count in read.items() if count},
                         {shard: len(records) for shard, records in in_stream.items() if records})
        self.assertEqual(report["ever"]["read"], sum(map(len, in_stream.values())))

    def into_postgresql(self, first):
        """The same stream once more, from its start, into another database of the same server."""
        self.sql_script("CREATE DATABASE landed")
        into = SERVER.replace("dbname=postgres", "dbname=landed")
        report = self.run_to_the_end(f"postgres:{into}")
        for name in ("read", "landed", "repeats"):
            self.assertEqual(report["ever"][name], first["ever"][name], name)
        tables = [row[0] for row in self.sql(SERVER, "SELECT relname FROM pg_class WHERE relkind = 'r' AND "
                                                     "relnamespace = 'public'::regnamespace")]
        self.assertEqual(len(tables), 5)
        for table in tables:
            columns = compare.columns_of(SERVER, "public", table)
            view = {name: base for name, base, *_ in compare.columns_of(into, "public", f"{table}_current")}
            self.assertEqual(view, {name: VIEW_TYPES.get(base, base) for name, base, *_ in columns})
            select = ", ".join(compare.TYPES[base][0].format(c=compare.quoted(name)) for name, base, *_ in columns)

            def rows(dsn, relation):
                return sorted((str([compare.normal(column[1], column[2], cell) for column, cell in zip(columns, row)])
                               for row in self.sql(dsn, f"SELECT {select} FROM {compare.quoted(relation)}")))

            wanted, found = rows(SERVER, table), rows(into, f"{table}_current")
            self.assertGreater(len(wanted), 0, table)
            self.assertTrue(wanted == found, f"{table}: {set(wanted) ^ set(found)}"[:1000])

    def sql_script(self, text):
        subprocess.run(["psql", SERVER, "-Xqc", text], check=True)


if __name__ == "__main__":
    at = sys.argv.index("--sluice")
    Journey.sluice = os.path.abspath(sys.argv[at + 1])
    unittest.main(argv=sys.argv[:at] + sys.argv[at + 2:])
