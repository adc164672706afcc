#!/usr/bin/env python3
"""`sluice multilang` with a real PostgreSQL and a stream of the emulator; the daemon is played here, so that it can misbehave.

Run it under scripts/with-postgres -- scripts/with-kinesis: multilang_test.py --sluice build/release/sluice
"""

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from kinesis_stream import Stream  # noqa: E402
import postgres_truth  # noqa: E402

SHARD = "shardId-000000000000"


class Daemon:
    """The daemon's side of one child."""

    def __init__(self, test, at="TRIM_HORIZON", shard=SHARD, dsn=None, stream=None):
        self.test = test
        environment = {**os.environ, "SLUICE_STREAM": (stream or test.stream).name, "SLUICE_TO": f"postgres:{dsn or test.dsn}"}
        self.child = subprocess.Popen([test.sluice, "multilang"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=environment)
        test.addCleanup(self.end)
        self.send(action="initialize", shardId=shard, sequenceNumber=at, subSequenceNumber=0)

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def send(self, **message):
        self.child.stdin.write(json.dumps(message).encode() + b"\n")
        self.child.stdin.flush()

    def hear(self):
        for line in self.child.stdout:
            if line.strip():
                return json.loads(line)
        raise AssertionError(f"the child ended: {self.child.stderr.read().decode()}")

    def give(self, first, lines):
        self.send(action="processRecords", millisBehindLatest=0, records=[
            {"data": base64.b64encode(line).decode(), "partitionKey": "k", "sequenceNumber": str(10**55 + first + at),
             "approximateArrivalTimestamp": 1764000000123, "subSequenceNumber": 0, "action": "record"} for at, line in enumerate(lines)])

    def until_answered(self, action, error=None):
        """The checkpoint that came before the answer, or nothing."""
        checkpoint = None
        while True:
            heard = self.hear()
            if heard["action"] == "status":
                self.test.assertEqual(heard["responseFor"], action)
                return checkpoint
            checkpoint = heard["sequenceNumber"] or "end"
            self.send(action="checkpoint", sequenceNumber=heard["sequenceNumber"], subSequenceNumber=0, error=error)

    def process(self, first, lines):
        self.give(first, lines)
        return self.until_answered("processRecords")

    def say(self, action, error=None):
        self.send(action=action)
        return self.until_answered(action, error)

    def finish(self):
        """(exit code, standard error)"""
        self.child.stdin.close()
        errors = self.child.stderr.read().decode()
        return self.child.wait(timeout=60), errors


class Multilang(unittest.TestCase):
    sluice = ""
    number = 0

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-multilang-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        Multilang.number += 1
        server = os.environ["SLUICE_TEST_DSN"]
        self.sql(server, f"CREATE DATABASE multilang_{self.number}")
        self.dsn = server.replace("dbname=postgres", f"dbname=multilang_{self.number}")
        self.stream = Stream(f"stream-{self.number}", 2)
        records, self.truth = self.folder / "records.ndjson", self.folder / "truth.ndjson"
        subprocess.run([self.sluice, "generate", "--seed", "23", "--changes", "900", "--oversize", "0.05", "--oversize-bytes", "2500",
                        "--out", records, "--truth", self.truth], check=True, capture_output=True)
        self.lines = records.read_bytes().split(b"\n")[:-1]

    def sql(self, dsn, text):
        return subprocess.run(["psql", dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", text], capture_output=True, text=True,
                              check=True).stdout.strip()

    def position(self):
        return self.sql(self.dsn, f"SELECT position FROM cdc_ledger WHERE shard_id LIKE '%/{SHARD}'")

    def assert_everything_landed_once(self):
        differences, _, rows = postgres_truth.compare(self.dsn, self.truth)
        self.assertEqual(differences[:5], [])
        self.assertGreater(rows, 0)
        self.assertEqual(self.sql(self.dsn, "SELECT sum(read) FROM cdc_ledger"), str(len(self.lines)))
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_events"),
                         self.sql(self.dsn, "SELECT count(DISTINCT (shard_id, sequence_number)) FROM cdc_events"))

    def test_a_child_that_is_killed_before_its_checkpoint_repeats_nothing(self):
        daemon = Daemon(self)
        daemon.until_answered("initialize")
        daemon.process(0, self.lines[:100])
        daemon.give(100, self.lines[100:300])
        self.assertEqual(daemon.hear()["action"], "checkpoint")  # durable, and the daemon will never know
        daemon.end()
        daemon = Daemon(self, at=str(10**55 + 99))
        daemon.until_answered("initialize")
        self.assertEqual(daemon.process(100, self.lines[100:300]), str(10**55 + 299))
        self.assertEqual(daemon.process(250, self.lines[250:]), str(10**55 + len(self.lines) - 1))
        self.assertEqual(daemon.say("shardEnded"), "end")
        code, errors = daemon.finish()
        self.assertEqual(code, 0, errors)
        self.assertIn("250 had landed before", errors)
        self.assertEqual(self.position(), "1:end")
        self.assert_everything_landed_once()

    def test_two_owners_of_one_shard_while_its_lease_moves_land_every_record_once(self):
        old, new = Daemon(self), Daemon(self)
        for daemon in (old, new):
            daemon.until_answered("initialize")
        old.process(0, self.lines[:200])
        # The new owner starts at the checkpoint that it found, and does not know what the old one still writes.
        new.process(0, self.lines[:150])
        new.process(150, self.lines[150:400])
        self.assertEqual(old.process(200, self.lines[200:450]), str(10**55 + 449))
        new.process(400, self.lines[400:])
        self.assertIsNone(old.say("leaseLost"))
        code, errors = old.finish()
        self.assertEqual(code, 0, errors)
        self.assertIn("another worker wrote this shard", errors)
        new.say("shutdownRequested")
        code, errors = new.finish()
        self.assertEqual(code, 0, errors)
        self.assert_everything_landed_once()

    def test_fragments_of_one_image_that_different_children_read_are_put_together(self):
        children = [Daemon(self), Daemon(self, shard="shardId-000000000001")]
        for child in children:
            child.until_answered("initialize")
        for at in range(0, len(self.lines), 40):
            children[at // 40 % 2].process(at, self.lines[at:at + 40])
        for child in children:
            self.assertEqual(child.finish()[0], 0)
        self.assert_everything_landed_once()
        self.assertNotEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_finished_chunks"), "0")
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_fragments"), "0")

    def test_a_lease_table_that_is_ahead_of_the_store_is_refused(self):
        daemon = Daemon(self, at=str(10**55 + 5))
        code, errors = daemon.finish()
        self.assertEqual(code, 1, errors)
        self.assertIn("what lies between would be missing", errors)
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_ledger"), "0")

    def test_run_continues_behind_a_shard_that_the_daemon_ended(self):
        """Both name shards and positions alike in the ledger."""
        self.stream.put(self.lines[:50])
        subprocess.run([self.sluice, "run", "--from", f"kinesis:{self.stream.name}", "--to", f"postgres:{self.dsn}", "--until-end",
                        "--progress", "none"], check=True, capture_output=True)
        read = self.sql(self.dsn, "SELECT sum(read) FROM cdc_ledger")
        self.assertEqual(read, "50")
        daemon = Daemon(self)
        daemon.until_answered("initialize")
        iterator = self.stream.call("GetShardIterator", StreamName=self.stream.name, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")
        page = self.stream.call("GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
        self.assertGreater(len(page), 0)
        daemon.send(action="processRecords", millisBehindLatest=0, records=[
            {"data": record["Data"], "sequenceNumber": record["SequenceNumber"], "partitionKey": "k"} for record in page])
        daemon.until_answered("processRecords")
        daemon.say("shardEnded")
        self.assertEqual(daemon.finish()[0], 0)
        self.assertEqual(self.sql(self.dsn, "SELECT sum(read) FROM cdc_ledger"), "50")
        self.assertEqual(self.position(), "1:end")

    def test_the_end_of_input_in_the_middle_of_a_message_keeps_what_was_whole(self):
        daemon = Daemon(self)
        daemon.until_answered("initialize")
        daemon.process(0, self.lines[:10])
        daemon.child.stdin.write(b'{"action":"processRecords","records":[{"data":"')
        code, errors = daemon.finish()
        self.assertEqual(code, 0, errors)
        self.assertEqual(self.sql(self.dsn, "SELECT sum(read) FROM cdc_ledger"), "10")

    def test_an_unknown_action_ends_it_with_a_sentence_and_standard_output_stays_the_daemons(self):
        daemon = Daemon(self)
        daemon.until_answered("initialize")
        daemon.send(action="dance")
        code, errors = daemon.finish()
        self.assertEqual(code, 1)
        self.assertIn("the action 'dance' is not known", errors)
        self.assertEqual(daemon.child.stdout.read(), b"")


if __name__ == "__main__":
    at = sys.argv.index("--sluice")
    Multilang.sluice = str(pathlib.Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()
