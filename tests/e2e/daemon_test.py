"""A run that follows: its status pages, its lines, its end on SIGTERM."""

import json
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from harness import Case, change, lines, main

TIMEOUT_S = 60


class Daemon(Case):
    def follow(self, *words, **environment):
        self.launch("run", "--follow", "--listen", "127.0.0.1:0", *words, **environment)

    def launch(self, *words, **environment):
        said = open(self.folder / "err", "wb")
        self.addCleanup(said.close)
        self.child = subprocess.Popen([self.program, *words], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=said,
                                      env=self.environment(**environment))
        self.addCleanup(self.child.wait)
        self.addCleanup(self.child.kill)
        self.port = self.until(lambda: re.search(r"on port (\d+)", self.said()), "no port was said").group(1)

    def said(self):
        return (self.folder / "err").read_text()

    def until(self, holds, complaint):
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end and self.child.poll() is None:
            found = holds()
            if found:
                return found
            time.sleep(0.05)
        self.fail(f"{complaint}; standard error: {self.said()}")

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as reply:
            with reply:
                return reply.code, reply.read().decode()

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.page("/metrics")[1], re.M).group(1))

    def test_pages_show_the_run_and_sigterm_ends_it_with_everything_durable(self):
        self.write("in.ndjson", lines([change({"id": 1})]) + "not json\n")
        self.follow("--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", "--log", "json", "--progress", "none",
                   "--batch-ms", "50")
        self.until(lambda: self.metric("sluice_durable_records_total") == 2, "two records never became durable")
        self.assertEqual(self.metric("sluice_quarantined_records_total"), 1)
        self.assertEqual(self.metric("sluice_landed_records_total"), 1)
        self.assertEqual(self.page("/healthz"), (200, "ok: 2 records read, 2 of them durable.\n"))
        self.assertEqual(self.page("/nothing")[0], 404)
        self.until(lambda: "went to quarantine" in self.said(), "the quarantined record was not said")
        self.child.send_signal(signal.SIGTERM)
        self.assertEqual(self.child.wait(60), 0)
        said = [json.loads(line) for line in self.said().splitlines()]
        self.assertTrue(all({"at", "level", "message"} <= line.keys() for line in said), said)
        self.assertIn("asked to stop", " ".join(line["message"] for line in said))

    def test_a_stream_out_of_reach_is_unhealthy_and_said(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.follow("--from", "kinesis:shop", "--to", "duckdb:shop.duckdb", "--region", "eu-west-1", "--endpoint-url",
                       f"http://127.0.0.1:{closed.getsockname()[1]}", "--unhealthy-after", "1s",
                        AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
            self.until(lambda: self.page("/healthz")[0] == 503, "/healthz stayed good")
        self.assertEqual(self.metric("sluice_healthy"), 0)
        self.until(lambda: "unhealthy: " in self.said(), "it was not said")

    def test_the_command_of_the_systemd_unit_runs_and_ends_on_its_signal(self):
        unit = (pathlib.Path(__file__).parents[2] / "deploy/systemd/sluice.service").read_text()
        words = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.M).group(1))
        self.assertEqual(words[:3], ["/usr/local/bin/sluice", "run", "--config"])
        self.write("in.ndjson", lines([change({"id": 1})]))
        words[3] = self.write("sluice.toml", 'from = "file:in.ndjson"\nto = "duckdb:shop.duckdb"\n')
        words[words.index("--listen") + 1] = "127.0.0.1:0"
        self.launch(*words[1:])
        self.until(lambda: self.metric("sluice_landed_records_total") == 1, "the record never landed")
        self.child.send_signal(getattr(signal, re.search(r"^KillSignal=(\w+)$", unit, re.M).group(1)))
        self.assertEqual(self.child.wait(TIMEOUT_S), 0)

    def test_a_taken_port_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.write("in.ndjson", "")
            done = self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", "--listen", address,
                               code=1)
            self.assertIn(f"cannot listen on {address}", done.stderr)


if __name__ == "__main__":
    main()
