#!/usr/bin/env python3
"""Two of Amazon's MultiLangDaemons share a stream, with `sluice multilang` as their children and PostgreSQL behind it.

The daemon, DynamoDB Local (its lease table) and the Kinesis emulator are other people's programs. Run it with:
scripts/with-postgres -- scripts/with-kinesis -- PYTHON tests/live/kcl_test.py --sluice build/release/sluice
With --leader it kills the worker that leads: KCL then takes some minutes, so that CI kills the other one.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from kinesis_stream import Stream  # noqa: E402
import postgres_truth  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = dict(line.split("=", 1) for line in (ROOT / "versions.env").read_text().splitlines() if re.match(r"[A-Z_]+=", line))
DYNAMODB = ROOT / ".deps" / f"dynamodb-local-{VERSIONS['DYNAMODB_LOCAL_VERSION']}"
# A worker that everybody waits for is one that is quick to give up; what a person deploys is deploy/kcl/sluice.properties.
# The leader counts a dead worker as alive, and gives it shards, until some of its reporting times (30 s by default) have passed.
QUICK = {"failoverTimeMillis": "2000", "leaseAssignmentIntervalMillis": "2000", "shardSyncIntervalMillis": "2000",
         "parentShardPollIntervalMillis": "500", "idleTimeBetweenReadsInMillis": "250", "maxRecords": "40",
         "metricsLevel": "NONE", "workerMetricsReporterFreqInMillis": "1000",
         "schedulerInitializationBackoffTimeMillis": "200", "shutdownGraceMillis": "20000"}
TABLE = "sluice-shop"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Leases:
    """DynamoDB Local, and what the daemons keep in it."""

    def __init__(self, folder):
        self.port = free_port()
        self.log = open(folder / "dynamodb.log", "wb")
        self.server = subprocess.Popen(
            ["java", "-Xmx192m", f"-Djava.library.path={DYNAMODB}", "-cp", f"{DYNAMODB}/*",
             "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-disableTelemetry", "-port", str(self.port)],
            stdout=self.log, stderr=self.log, cwd=folder)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("DynamoDB Local does not listen; see its log")

    def end(self):
        self.server.kill()
        self.server.wait()
        self.log.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def scan(self, table):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.Scan",
                   "X-Amz-Date": "20260101T000000Z",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, "
                                    "SignedHeaders=host, Signature=0"}
        request = urllib.request.Request(self.url, json.dumps({"TableName": table}).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return [{name: next(iter(value.values())) for name, value in item.items()} for item in json.loads(reply.read())["Items"]]
        except urllib.error.HTTPError:  # not made yet
            return []

    def checkpoints(self):
        return {item["leaseKey"]: item["checkpoint"] for item in self.scan(TABLE)}

    def owners(self):
        return {item["leaseKey"]: item["leaseOwner"] for item in self.scan(TABLE) if "leaseOwner" in item}

    def leader(self):
        return next((item["ownerName"] for item in self.scan(f"{TABLE}-CoordinatorState") if item["key"] == "Leader"), "")


class Kcl(unittest.TestCase):
    sluice = ""
    kill_leader = False

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-kcl-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.dsn = os.environ["SLUICE_TEST_DSN"]
        self.leases = Leases(self.folder)
        self.addCleanup(self.leases.end)
        self.stream = Stream("shop-cdc", 4)
        self.workers = {}

    def generate(self, changes):
        records, self.truth = self.folder / "records.ndjson", self.folder / "truth.ndjson"
        subprocess.run([self.sluice, "generate", "--seed", "19", "--changes", str(changes), "--duplicates", "0.05", "--reorder", "all",
                        "--oversize", "0.03", "--oversize-bytes", "2500", "--poison", "0.005", "--out", records, "--truth", self.truth],
                       check=True, capture_output=True)
        return records.read_bytes().split(b"\n")[:-1]

    def start_worker(self, name):
        """As a person does it: deploy/kcl/run with deploy/kcl/sluice.properties, but here and quicker."""
        text = (ROOT / "deploy" / "kcl" / "sluice.properties").read_text()
        settings = {**QUICK, "workerId": name, "executableName": f"{self.sluice} multilang",
                    "kinesisEndpoint": os.environ["AWS_ENDPOINT_URL_KINESIS"], "dynamoDBEndpoint": self.leases.url}
        for key, value in settings.items():
            text = re.sub(rf"^{key} *=.*\n", "", text, flags=re.MULTILINE) + f"{key} = {value}\n"
        properties = self.folder / f"{name}.properties"
        properties.write_text(text)
        log = open(self.folder / f"{name}.log", "wb")
        self.addCleanup(log.close)
        environment = {**os.environ, "SLUICE_STREAM": self.stream.name, "SLUICE_TO": f"postgres:{self.dsn}",
                       "JAVA_OPTS": "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1", "AWS_EC2_METADATA_DISABLED": "true"}
        worker = subprocess.Popen([ROOT / "deploy" / "kcl" / "run", properties], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  env=environment, start_new_session=True)
        self.workers[name] = worker
        self.addCleanup(self.kill, name)

    def kill(self, name):
        """The daemon and its children, at once."""
        if self.workers[name].poll() is None:
            os.killpg(self.workers[name].pid, signal.SIGKILL)
        self.workers[name].wait()

    def log_of(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def sql(self, text):
        return subprocess.run(["psql", self.dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", text], capture_output=True, text=True,
                              check=True).stdout.strip()

    def read_so_far(self):
        if self.sql("SELECT to_regclass('cdc_ledger') IS NOT NULL") != "t":
            return 0
        return int(self.sql("SELECT coalesce(sum(read), 0) FROM cdc_ledger"))

    def wait_until(self, what, is_true, seconds=120):
        begun = time.monotonic()
        while not is_true():
            for name, worker in self.workers.items():
                if worker.poll() not in (None, -signal.SIGKILL):
                    self.fail(f"worker {name} ended by itself:\n{self.log_of(name)[-3000:]}")
            if time.monotonic() - begun > seconds:
                logs = "\n".join(f"--- {name}\n{self.log_of(name)[-3000:]}" for name in self.workers)
                self.fail(f"never: {what}. Leases {self.leases.owners()}, checkpoints {self.leases.checkpoints()}\n{logs}")
            time.sleep(0.2)
        print(f"{time.monotonic() - begun:6.1f} s  {what}", flush=True)

    def test_a_worker_is_killed_and_a_shard_split_and_nothing_is_lost(self):
        lines = self.generate(5000)
        quarter, half = len(lines) // 4, len(lines) // 2
        self.stream.put(lines[:quarter])
        parent = self.stream.open_shards()[1]
        for name in ("one", "two"):
            self.start_worker(name)
        self.wait_until("both workers hold shards", lambda: set(self.leases.owners().values()) == {"one", "two"})
        self.stream.put(lines[quarter:half])  # while they read, so that the kill comes in the middle
        self.wait_until("some records have landed", lambda: self.read_so_far() > quarter)
        leader = self.leases.leader()
        self.assertIn(leader, ("one", "two"))
        victim = leader if self.kill_leader else {"one": "two", "two": "one"}[leader]
        heir = {"one": "two", "two": "one"}[victim]
        self.kill(victim)
        self.stream.split(parent)
        self.stream.put(lines[half:])
        self.wait_until("everything is read", lambda: self.read_so_far() >= len(lines), 400 if self.kill_leader else 180)
        self.wait_until("the parent's end is checkpointed",
                        lambda: self.leases.checkpoints().get(parent["ShardId"], "SHARD_END") == "SHARD_END")
        self.assert_equal_to_the_truth(lines)
        self.assert_the_lease_table_is_not_ahead(parent)
        self.workers[heir].send_signal(signal.SIGTERM)
        self.workers[heir].wait(timeout=60)
        self.assert_children_ended_well(heir)

    def assert_equal_to_the_truth(self, lines):
        # An image whose last piece has just been read lands with that child's next transaction.
        begun = time.monotonic()
        differences, _, rows = postgres_truth.compare(self.dsn, self.truth)
        while differences and time.monotonic() - begun < 60:
            time.sleep(0.5)
            differences, _, rows = postgres_truth.compare(self.dsn, self.truth)
        if differences:
            waiting = self.sql("SELECT chunk_id, is_head, fragment_index, shard_id, sequence_number FROM cdc_fragments ORDER BY 1, 3")
            self.fail(f"{differences[:5]}\nwaiting:\n{waiting}\n" +
                      "\n".join(f"--- {name}\n{self.log_of(name)[-3000:]}" for name in self.workers))
        self.assertEqual(differences[:5], [])
        self.assertGreater(rows, 0)
        # Every record is in the books exactly once, whoever delivered it how often.
        self.assertEqual(self.read_so_far(), len(lines))
        self.assertEqual(self.sql("SELECT count(*) FROM cdc_ledger WHERE read <> landed + repeats + quarantined + waiting"), "0")
        for table, column in (("cdc_events", "rows"), ("cdc_quarantine", "quarantined"), ("cdc_fragments", "waiting")):
            self.assertEqual(self.sql(f"SELECT count(*) FROM {table}"), self.sql(f"SELECT sum({column}) FROM cdc_ledger"))
        images = "SELECT count(*) FROM cdc_finished_chunks"
        self.assertGreater(int(self.sql(images)), 0, "no oversized image was put together")

    def assert_the_lease_table_is_not_ahead(self, parent):
        """What the daemon takes for read has landed; the parent was read to its end, and its children after it."""
        positions = {shard.split("/")[1]: position for shard, position in
                     (row.split("|") for row in self.sql("SELECT shard_id, position FROM cdc_ledger").splitlines())}
        for shard, checkpoint in self.leases.checkpoints().items():
            if checkpoint == "SHARD_END":
                self.assertEqual(positions[shard], "1:end")
            elif checkpoint != "TRIM_HORIZON":
                self.assertGreaterEqual(int(positions[shard].split(":")[2]), int(checkpoint), shard)
        self.assertEqual(positions[parent["ShardId"]], "1:end")
        children = [shard for shard in positions if int(shard.split("-")[1]) >= 4]
        self.assertEqual(len(children), 2)
        for child in children:
            self.assertNotEqual(self.sql(f"SELECT read FROM cdc_ledger WHERE shard_id LIKE '%/{child}'"), "0")

    def assert_children_ended_well(self, name):
        codes = re.findall(r"Child process exited with value: (\d+)", self.log_of(name))
        self.assertGreater(len(codes), 3, self.log_of(name)[-3000:])
        self.assertEqual(set(codes), {"0"}, self.log_of(name)[-3000:])


if __name__ == "__main__":
    Kcl.kill_leader = "--leader" in sys.argv
    if Kcl.kill_leader:
        sys.argv.remove("--leader")
    at = sys.argv.index("--sluice")
    Kcl.sluice = str(pathlib.Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()
