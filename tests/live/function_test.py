#!/usr/bin/env python3
"""The function under fire: a PostgreSQL under load, emulated into a Kinesis stream, goes through event source mappings and the
real `bootstrap` into the local Redshift, while functions are killed, the Data API fails, a shard splits and Redshift is away.

Every record is then in Redshift, in quarantine, waiting in the store of pieces, or named by a message of the on-failure
queue. After the queue was emptied, half by the function and half by `sluice redrive`, the views equal the source.

Run with: scripts/with-postgres -- scripts/with-kinesis -- PYTHON tests/live/function_test.py --sluice PROGRAM --zip ZIP
"""

import collections
import json
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cloud  # noqa: E402
import local_redshift  # noqa: E402
from event_source_mapping import empty_queue  # noqa: E402
from function_stage import Stage, late_record, run  # noqa: E402
from kinesis_stream import Stream  # noqa: E402

TABLES = ["customers", "products", "orders", "order_items"]
# The shop's longest records are, and come in pieces.
OVERSIZE_BYTES = 550


class Hasty:
    """A function that answers before anything is durable."""

    def invoke(self, _):
        return b'{"batchItemFailures":[]}'


class FunctionTest(Stage):
    def make_shop(self):
        source = local_redshift.make_source("shop")
        self.sluice("drive", "--postgres", source, "--schema-only")
        self.sluice("catalog", "read", "--postgres", source, "--out", self.folder / "shop.toml")
        self.redshift.make_log_and_views(self.given.sluice, self.folder / "shop.toml")
        return source

    def test_a_shop_arrives_whole_whatever_fails_on_the_way(self):
        source = self.make_shop()
        stream = Stream("under-fire", 3)
        mapping = self.map_stream(stream, self.functions, batch_size=25, parallel=2, redelivered=0.05)
        poison = [f"poison {at}".encode() for at in range(6)]
        self.poison_without_a_place_for_it(stream, mapping, poison[:2])
        self.live_through(source, stream, poison[2:])
        self.redshift_is_away(stream, mapping)
        mapping.finish()
        in_stream = self.records(stream)
        self.assertGreater(len(in_stream), 500)
        self.expect_none_is_nowhere(in_stream, mapping)
        self.redshift.control(random=None)
        self.empty_the_queue(mapping)
        differences, rows = local_redshift.differences(source, TABLES)
        self.assertEqual(differences, [])
        self.assertGreater(rows, 300)
        self.expect_every_record_where_it_belongs(in_stream, set(poison))
        self.functions.close()
        self.expect_the_books_to_balance()
        print(f"{len(in_stream):,} records, {rows:,} rows equal; {self.functions.invocations:,} invocations, "
              f"{self.functions.killed} killed, {dict(mapping.counts)}")

    def test_a_function_that_answers_too_early_is_found_out(self):
        self.redshift.make_log_and_views(self.given.sluice, None)
        self.cloud.client("s3").create_bucket(Bucket="shop-aside")
        stream = Stream("hasty", 2)
        stream.put([late_record(at) for at in range(10)])
        mapping = self.map_stream(stream, Hasty())
        mapping.finish()
        with self.assertRaisesRegex(AssertionError, "records that are nowhere"):
            self.expect_none_is_nowhere(self.records(stream), mapping)

    def poison_without_a_place_for_it(self, stream, mapping, poison):
        """It is never skipped, and never keeps what is before it: the mapping retries it, and then it is in the queue. The place
        is made late."""
        stream.put([late_record(at) for at in range(30)] + poison)
        cloud.wait_for("the poison in the queue", lambda: mapping.counts["RetryAttemptsExhausted"] >= len(poison))
        self.assertGreater(mapping.counts["partial"], 0)
        self.cloud.client("s3").create_bucket(Bucket="shop-aside")

    def live_through(self, source, stream, poison):
        """The load, and while it lasts: a Data API that fails one call in eight, statements that never end, kills, a split,
        poison."""
        hang = {"operation": "ExecuteStatement", "hang": True, "times": 1}
        self.redshift.control(random={"seed": self.given.seed, "one_in": 8}, settings={"statement_ms": 20},
                              rules=[{**hang, "skip": 10}, {**hang, "skip": 25}])
        emulate = ("emulate", "--postgres", source, "--to", "kinesis:under-fire", "--duplicates", "0.05", "--reorder", "30",
                   "--oversize-bytes", OVERSIZE_BYTES)
        self.assertEqual(0, subprocess.run([self.given.sluice, *map(str, emulate)], capture_output=True, check=False).returncode)
        following = self.start(*emulate, "--follow")
        drive = self.start("drive", "--postgres", source, "--rate", "60", "--seconds", self.given.seconds)
        chance, shop_is_closed = random.Random(self.given.seed), threading.Event()
        killer = threading.Thread(target=self.kill_now_and_then, args=(chance, shop_is_closed))
        killer.start()
        time.sleep(self.given.seconds / 2)
        stream.split(stream.open_shards()[0])
        stream.put(poison)
        said = drive.communicate(timeout=60)[0]
        self.assertEqual(drive.returncode, 0, said)
        said = self.end(following, signal.SIGTERM)
        self.assertEqual(following.returncode, 0, said)
        shop_is_closed.set()
        killer.join()
        self.assertGreater(self.functions.killed, 3)

    def kill_now_and_then(self, chance, shop_is_closed):
        while not shop_is_closed.is_set():
            time.sleep(chance.random() * 0.8)
            self.functions.kill_one(chance)

    def redshift_is_away(self, stream, mapping):
        """For longer than the mapping keeps trying: what is old is given up, and Redshift is back."""
        self.redshift.control(rules=[{"operation": "ExecuteStatement", "error": "DatabaseConnectionException", "times": 10 ** 6}])
        patience, mapping.settings.most_age_s = mapping.settings.most_age_s, 1
        stream.put([late_record(at) for at in range(12)])
        cloud.wait_for("what is given up for its age", lambda: mapping.counts["RecordAgeExceeded"] > 0)
        mapping.settings.most_age_s = patience
        self.redshift.control(rules=[])

    @staticmethod
    def chunks(in_stream):
        """The places of the pieces of each oversized image, by its id."""
        found = collections.defaultdict(set)
        for place, data in in_stream.items():
            if data.startswith(b"poison"):
                continue
            record = json.loads(data)
            if record["type"] == "fragment":
                found[record["chunk_id"]].add(place)
            for image in record.get("chunked", {}).values():
                found[image["chunk_id"]].add(place)
        return found

    def expect_none_is_nowhere(self, in_stream, mapping):
        """Before anything is redriven."""
        accounted = self.redshift.positions() | set(self.quarantined()) | self.waiting()
        for document in mapping.given_up:
            info = document["KinesisBatchInfo"]
            accounted |= {(shard, sequence) for shard, sequence in in_stream if shard == info["shardId"] and
                          int(info["startSequenceNumber"]) <= int(sequence) <= int(info["endSequenceNumber"])}
        landed = self.redshift.positions()
        for places in self.chunks(in_stream).values():
            if places & landed:
                accounted |= places
        self.assertEqual(sorted(set(in_stream) - accounted), [], "records that are nowhere")
        self.assertEqual(self.messages(), len(mapping.given_up))

    def empty_the_queue(self, mapping):
        """Half by the function, which a second mapping feeds from the queue, and half by the command."""
        half = len(mapping.given_up) // 2
        self.assertGreater(half, 0)
        done = empty_queue(self.sqs, self.queue, self.queue_arn, self.functions, half)
        self.functions.close()
        self.assertEqual(done, (half, []), "".join(self.functions.said)[-4000:])
        told = self.sluice("redrive", "--queue", self.queue)
        self.assertIn(f"{len(mapping.given_up) - half} documents done, 0 left.", told)
        self.assertEqual(self.messages(), 0)

    def expect_every_record_where_it_belongs(self, in_stream, poison):
        landed, kept = self.redshift.positions(), self.quarantined()
        self.assertEqual({place for place, data in in_stream.items() if data in poison}, set(kept))
        self.assertEqual(set(kept.values()), poison)
        whole = {place for place, data in in_stream.items() if b'"type":"full"' in data or b'"type": "full"' in data}
        self.assertEqual(sorted(whole - landed), [])
        chunks = self.chunks(in_stream)
        self.assertGreater(len(chunks), 20)
        self.assertEqual([chunk for chunk, places in chunks.items() if not places & landed], [])
        self.assertLessEqual(landed, set(in_stream), "a row that nobody sent")
        self.assertEqual(self.waiting(), set())

    def expect_the_books_to_balance(self):
        told = self.functions.metrics()
        self.assertGreater(len(told), 20)
        for one in told:
            self.assertEqual(one["Received"], sum(one[name] for name in ("Landed", "Repeats", "Quarantined", "Waiting", "Failed")))


if __name__ == "__main__":
    run(seconds=8)
