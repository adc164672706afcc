"""The stage of the tests of the function: S3, SQS and Redshift on loopback, a queue for what is given up, and the real `bootstrap`.

Run under scripts/with-postgres and scripts/with-kinesis, which give the source and the stream.
"""

import argparse
import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import cloud
import local_redshift
from event_source_mapping import EventSourceMapping, Functions, Settings


# docs/lambda.md, "Rights of the function's role", with those of a redrive by hand.
RIGHTS = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket", "sqs:ReceiveMessage", "sqs:DeleteMessage",
          "sqs:ChangeMessageVisibility"]


def late_record(number):
    """A change of a table that no catalog has."""
    return json.dumps({"type": "full", "op": "u", "before": None, "after": {"id": number}, "ts_ms": 1, "ts_ns": 1, "source": {
        "version": "1.0", "schema": "public", "table": "late", "txId": "t", "ts_ms": 1790000000000,
        "ts_ns": 1790000000000000000 + number}}).encode()


class Stage(unittest.TestCase):
    given = None  # what the test was started with
    maxDiff = None

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-function-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.cloud = cloud.Cloud()
        self.addCleanup(self.cloud.close)
        self.cloud.client("s3").create_bucket(Bucket="shop-pieces")
        self.cloud.client("s3").create_bucket(Bucket="shop-copy")
        self.queue, self.queue_arn = self.cloud.make_queue("shop-dead")
        self.sqs = self.cloud.client("sqs")
        self.redshift = local_redshift.Redshift(self.cloud)
        self.addCleanup(self.redshift.close)
        self.settings = {
            **self.cloud.make_user("function", RIGHTS), "AWS_REGION": cloud.REGION, "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_ENDPOINT_URL_KINESIS": os.environ["AWS_ENDPOINT_URL_KINESIS"],
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": self.redshift.url, "SLUICE_TO": "redshift:shop/dev",
            "SLUICE_QUARANTINE": "s3://shop-aside/all", "SLUICE_FRAGMENTS": "s3://shop-pieces/all",
            "SLUICE_REDSHIFT_COPY": "s3://shop-copy/all", "SLUICE_CATALOG": str(self.folder / "shop.toml")}
        self.functions = Functions(self.given.zip, self.settings, timeout_s=5)
        self.addCleanup(self.functions.close)

    def start(self, *words):
        child = subprocess.Popen([self.given.sluice, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, child, signal.SIGKILL)
        return child

    def end(self, child, how):
        if child.poll() is None:
            child.send_signal(how)
        return "" if child.stdout.closed else child.communicate(timeout=60)[0]

    def sluice(self, *words, status=0):
        done = subprocess.run([self.given.sluice, *map(str, words)], env={**os.environ, **self.settings}, capture_output=True,
                              text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def map_stream(self, stream, functions, **settings):
        arn = stream.summary()["StreamARN"]
        kinesis = cloud.client("kinesis", os.environ["AWS_ENDPOINT_URL_KINESIS"])
        return EventSourceMapping(kinesis, arn, functions, self.send, Settings(**settings), self.given.seed)

    def send(self, document):
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=document)

    def messages(self):
        counts = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=[
            "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
        return sum(map(int, counts.values()))

    def quarantined(self):
        """{(shard, sequence number): bytes}"""
        return {(kept["shard"].split("/")[-1], kept["sequence"]): base64.b64decode(kept["data"])
                for kept in self.cloud.lines("shop-aside", "all/")}

    def waiting(self):
        """The places of the pieces in the store, which their keys tell."""
        names = [key.split("/")[-1].rsplit(".", 2) for key in self.cloud.keys("shop-pieces", "all/pieces/")]
        return {(shard.split("~")[-1], sequence) for _, sequence, shard in names}

    @staticmethod
    def records(stream):
        return {(shard, sequence): data for shard in stream.shards() for sequence, data in stream.records(shard)}


def run(**more):
    """The tests of the program that is started: --sluice, --zip and `more`, whole numbers by name with their defaults."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--zip", required=True)
    for name, default in {"seed": 7, **more}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    Stage.given, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
