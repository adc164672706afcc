"""Ctrl-C and kill -9 in the middle: nothing is lost, nothing lands twice, and the next run continues."""

import json
import random
import signal
import subprocess
import time

from harness import Case, change, lines, main

COUNT = 60_000
FLAGS = ("--batch-rows", "500", "--batch-ms", "20", "--progress", "none")


class Interrupt(Case):
    def setUp(self):
        super().setUp()
        self.write("in.ndjson", lines(change({"id": i, "body": "x" * 200}) for i in range(COUNT)))
        self.words = ("run", "--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", *FLAGS)

    def check_whole(self):
        summary = json.loads(self.sluice(*self.words, "--json").stdout)
        self.assertTrue(summary["balanced"], summary)
        self.assertEqual(summary["ever"]["read"], COUNT)
        self.assertEqual(self.rows("shop.duckdb", "SELECT count(*) n, count(DISTINCT record_id) d FROM cdc_events"),
                         [{"n": COUNT, "d": COUNT}])

    def test_the_first_ctrl_c_drains_and_exits_with_0(self):
        child = self.start(*self.words)
        self.wait_for_the_store(child)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0, err)
        if not out.startswith(b"Done."):  # it was quicker than the signal
            self.assertTrue(out.startswith(
                b"Stopped. Everything read is durable; the next run continues at the same place.\n"), out)
        self.check_whole()

    def test_a_followed_source_stops_on_sigterm(self):
        child = self.start(*self.words, "--follow", "--json")
        self.wait_for_the_store(child)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0, err)
        self.assertTrue(json.loads(out)["interrupted"])
        self.check_whole()

    def test_a_pipe_that_says_nothing_can_be_left(self):
        child = self.start("run", "--from", "file:-", "--to", "duckdb:pipe.duckdb", "--batch-ms", "20", "--progress", "json",
                           stdin=subprocess.PIPE)
        child.stdin.write(lines([change({"id": 1})]).encode())
        child.stdin.flush()
        while b'"landed":1' not in child.stderr.readline():
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(child.poll(), 0, "it still waits for its input")
        self.assertEqual(self.value("pipe.duckdb", "SELECT count(*) FROM cdc_events"), 1)

    def test_a_second_signal_stops_at_once_and_harms_nothing(self):
        child = self.start(*self.words, "--follow")
        self.wait_for_the_store(child)
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
        self.assertIn(child.returncode, (130, 0))  # 0: it had finished before the second came
        self.check_whole()

    def test_kill_9_at_random_moments_loses_and_repeats_nothing(self):
        chance = random.Random(5)
        for _ in range(6):
            child = self.start(*self.words)
            time.sleep(chance.uniform(0.02, 0.4))
            child.kill()
            child.communicate()
        self.check_whole()

    def wait_for_the_store(self, child):
        """Until a run has made something durable, so that the signal comes in its middle."""
        end = time.monotonic() + 60
        path = self.folder / "shop.duckdb.wal"
        while time.monotonic() < end and child.poll() is None and not path.exists():
            time.sleep(0.005)


if __name__ == "__main__":
    main()
