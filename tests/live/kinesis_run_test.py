#!/usr/bin/env python3
"""`sluice run --from kinesis:` against an emulator that nobody here wrote, held against the generator's truth.

Run it under scripts/with-kinesis: kinesis_run_test.py --program build/release/sluice
"""

import argparse
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from kinesis_stream import Stream  # noqa: E402
import truth  # noqa: E402


class Line:
    """The way to the emulator, through a port of its own, which can be cut: what is on it is lost and nobody answers."""

    def __init__(self):
        host, port = os.environ["AWS_ENDPOINT_URL_KINESIS"].removeprefix("http://").split(":")
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.open_sockets = set()
        self.is_cut = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            server = socket.create_connection(self.server)
            self.open_sockets |= {client, server}
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.relay, args=(one, other), daemon=True).start()

    def relay(self, one, other):
        try:
            while data := one.recv(1 << 16):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.is_cut = True
        for end in list(self.open_sockets):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()
        for end in self.open_sockets:
            end.close()


class KinesisRun(unittest.TestCase):
    program = None

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-kinesis-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.store = self.folder / "shop.duckdb"
        self.truth = self.folder / "truth.ndjson"

    def generate(self, changes, *more):
        records = self.folder / "records.ndjson"
        subprocess.run([self.program, "generate", "--seed", "11", "--changes", str(changes), *more, "--out", records,
                        "--truth", self.truth], check=True, capture_output=True)
        return records.read_bytes().split(b"\n")[:-1]

    def words(self, stream, *more):
        return [self.program, "run", "--from", f"kinesis:{stream.name}", "--to", f"duckdb:{self.store}", "--json",
                *(more if "--progress" in more else ["--progress", "none", *more])]

    def run_to_the_end(self, stream, *more):
        done = subprocess.run(self.words(stream, "--until-end", *more), capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertTrue(report["balanced"], done.stdout)
        return report

    def start_worker(self, stream, *more):
        worker = subprocess.Popen(self.words(stream, "--follow", *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, worker)
        return worker

    def wait_for_line(self, worker, text):
        """The lines that it says on standard error, up to the one with `text`. One that never says it is ended."""
        said = []
        enough = threading.Timer(90, worker.kill)
        enough.start()
        while not said or text not in said[-1]:
            line = worker.stderr.readline().decode()
            self.assertTrue(line, f"it ended without {text} after {said[-3:]}")
            said.append(line)
        enough.cancel()
        return said

    def end(self, worker, how=signal.SIGKILL):
        if worker.poll() is None:
            worker.send_signal(how)
        out, errors = worker.communicate(timeout=60) if not worker.stdout.closed else (b"", b"")
        return out, errors.decode()

    def assert_equal_to_the_truth(self):
        differences, _, rows = truth.compare(self.store, self.truth)
        self.assertEqual(differences[:5], [])
        self.assertGreater(rows, 0)

    def test_nothing_is_lost_while_shards_split_and_merge_and_the_worker_is_killed_three_times(self):
        lines = self.generate(6000, "--duplicates", "0.05", "--oversize", "0.01", "--oversize-bytes", "3000")
        stream = Stream("resharded", 4)
        chance = random.Random(5)
        parts = [lines[at::6] for at in range(6)]
        worker = self.start_worker(stream)
        for at, part in enumerate(parts):
            stream.put(part)
            shards = stream.open_shards()
            if at == 1:
                stream.split(shards[1])
            if at == 2:
                stream.merge(shards[-2], shards[-1])
            if at == 3:
                stream.split(shards[0])
                stream.merge(shards[1], shards[2])
            if at in (1, 2, 4):
                time.sleep(chance.random() * 2)
                self.assertIsNone(worker.poll(), "it ended by itself")
                self.end(worker)
                worker = self.start_worker(stream)
        time.sleep(2)
        _, errors = self.end(worker, signal.SIGTERM)
        self.assertEqual(worker.returncode, 0, errors)
        self.assertNotIn("LOST", errors)
        report = self.run_to_the_end(stream)
        self.assert_equal_to_the_truth()
        # Positions are durable with the rows: every record was read exactly once in spite of the kills.
        self.assertEqual(report["ever"]["read"], len(lines))
        self.assertEqual(report["expired_unread"], 0)
        self.assertEqual(self.run_to_the_end(stream)["this_run"]["read"], 0, "nothing comes twice")

    def test_the_pieces_of_oversized_records_meet_across_shards_and_runs(self):
        lines = self.generate(800, "--oversize", "0.2", "--oversize-bytes", "2000")
        pieces = [line for line in lines if b'"type":"fragment"' in line]
        self.assertGreater(len(pieces), 100)
        stream = Stream("pieces", 3)
        stream.put(pieces[::2])
        report = self.run_to_the_end(stream)
        self.assertEqual(report["waiting"]["pieces"], len(pieces[::2]))
        stream.put([line for line in lines if line not in set(pieces)])
        self.run_to_the_end(stream)
        stream.put(pieces[1::2])
        report = self.run_to_the_end(stream)
        self.assertEqual(report["waiting"]["pieces"], 0)
        self.assert_equal_to_the_truth()

    def test_a_record_of_seven_mebibytes_lands_and_one_of_the_producer_library_goes_to_quarantine(self):
        stream = Stream("large", 2)
        stream.allow_large_records()
        large = {"type": "full", "op": "c", "before": None, "after": {"id": 1, "text": "x" * (7 << 20)},
                 "source": {"version": "1.0", "ts_ns": 1790000000000000000, "schema": "public", "table": "notes"}}
        stream.put([json.dumps(large).encode(), b"\xf3\x89\x9a\xc2\x0a\x03key\x1a\x02{}" + b"m" * 16])
        report = self.run_to_the_end(stream)
        self.assertEqual(report["this_run"]["rows"], 1)
        self.assertEqual(report["quarantined_by_reason"], {"kpl-aggregated": 1})

    def test_a_stream_that_is_made_again_is_read_from_its_start(self):
        lines = self.generate(400)
        stream = Stream("again", 2)
        stream.put(lines[:200])
        self.run_to_the_end(stream)
        stream.call("DeleteStream", StreamName="again", EnforceConsumerDeletion=True)
        time.sleep(1.2)  # the time of making is kept to the second
        stream = Stream("again", 2)
        stream.put(lines[200:])
        done = subprocess.run(self.words(stream, "--start", "latest"), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was made again", done.stderr)
        self.assertEqual(json.loads(done.stdout)["ever"]["read"], 400)
        self.assert_equal_to_the_truth()

    def test_a_stream_out_of_reach_is_said_once_and_read_on_when_it_is_back(self):
        lines = self.generate(3000)
        stream = Stream("cut", 3)
        line = Line()
        self.addCleanup(line.close)
        worker = self.start_worker(stream, "--endpoint-url", line.url, "--progress", "json")
        stream.put(lines[:1000])
        self.wait_for_line(worker, '"read":1000')
        line.cut()
        stream.put(lines[1000:2000])
        stream.split(stream.open_shards()[0])
        said = self.wait_for_line(worker, "has not answered as it should")
        self.assertIn("Sluice goes on trying; nothing is lost while the stream keeps its records (24 h).", said[-1])
        line.mend()
        stream.put(lines[2000:])
        said = self.wait_for_line(worker, "answers again") + self.wait_for_line(worker, f'"read":{len(lines)}')
        _, errors = self.end(worker, signal.SIGTERM)
        self.assertEqual(worker.returncode, 0, errors)
        self.assertNotIn("has not answered", "".join(said) + errors)
        self.assert_equal_to_the_truth()
        self.assertEqual(self.run_to_the_end(stream)["this_run"]["read"], 0, "nothing comes twice")

    def test_a_worker_that_never_gets_through_says_where_to_look_and_stops_when_told(self):
        line = Line()
        self.addCleanup(line.close)
        line.cut()
        stream = Stream("unreached", 1)
        worker = self.start_worker(stream, "--endpoint-url", line.url)
        said = self.wait_for_line(worker, "has not answered yet")[-1]
        self.assertIn("check the Region, the network and the address", said)
        out, errors = self.end(worker, signal.SIGTERM)
        self.assertEqual(worker.returncode, 0, errors)
        self.assertNotIn("has not answered", errors)
        self.assertEqual(json.loads(out)["this_run"]["read"], 0)

    def test_a_worker_that_is_told_to_stop_makes_durable_what_it_read_and_the_next_one_goes_on(self):
        lines = self.generate(3000)
        stream = Stream("told", 4)
        stream.put(lines)
        # A batch would wait for an hour: what is durable at the end is so because the worker was told to stop.
        worker = self.start_worker(stream, "--batch-ms", "1h", "--read-ahead", "10MiB", "--progress", "json")
        read = 0
        while not read:
            read = json.loads(self.wait_for_line(worker, '"read":')[-1])["read"]
        out, errors = self.end(worker, signal.SIGTERM)
        self.assertEqual(worker.returncode, 0, errors)
        first = json.loads(out)
        self.assertTrue(first["interrupted"])
        self.assertTrue(first["balanced"])
        self.assertGreaterEqual(first["this_run"]["read"], read)
        second = self.run_to_the_end(stream)
        self.assertEqual(first["this_run"]["read"] + second["this_run"]["read"], len(lines))
        self.assert_equal_to_the_truth()

    def test_generate_says_when_its_stream_is_not_there(self):
        done = subprocess.run([self.program, "generate", "--changes", "5", "--to", "kinesis:nowhere"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to kinesis:nowhere: there is no stream nowhere in us-east-1. Check", done.stderr)

    def test_a_stream_that_does_not_exist_makes_no_store(self):
        done = subprocess.run([self.program, "run", "--from", "kinesis:nowhere", "--to", f"duckdb:{self.store}"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no stream nowhere in us-east-1", done.stderr)
        self.assertFalse(self.store.exists())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    arguments, rest = parser.parse_known_args()
    KinesisRun.program = str(pathlib.Path(arguments.program).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
