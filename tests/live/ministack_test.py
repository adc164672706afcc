#!/usr/bin/env python3
"""The packed function in an AWS emulator with the emulator's own event source mappings: a shop in PostgreSQL, emulated into a
stream of MiniStack, arrives in the local Redshift; what a mapping gave up comes back by a queue.

MiniStack runs `provided` functions without containers and checks signatures and rights: the role has what docs/lambda.md
lists and nothing else. Its mapping for Kinesis knows no partial answers, no bisect and no on-failure destination (it takes
every answer that is no error for a success), so this is the way when nothing fails; function_test.py is the other.

Run with: scripts/with-postgres -- PYTHON tests/live/ministack_test.py --sluice build/release/sluice --zip ZIP
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import local_redshift  # noqa: E402
from cloud import ACCOUNT, Cloud, REGION, client, wait_for  # noqa: E402

STREAM = "shop-cdc"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}"
TABLES = ["customers", "products", "orders", "order_items"]
POISON = [b"not json", b'{"type":"later"}']
# docs/lambda.md, "Rights of the function's role".
RIGHTS = [
    {"Action": ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
                "kinesis:ListShards"], "Resource": STREAM_ARN},
    {"Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::shop-state/*"},
    {"Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::shop-state"},
    {"Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "Resource": "*"},
]
PARSER = argparse.ArgumentParser()
PARSER.add_argument("--sluice", required=True)
PARSER.add_argument("--zip", required=True)
GIVEN = None


def sorted_out(records):
    """The places of whole records, and by its id those of the pieces of each oversized image."""
    whole, chunks = set(), {}
    for shard, found in records.items():
        for sequence, data in found:
            record = json.loads(data) if data not in POISON else {}
            if record.get("type") == "full":
                whole.add((shard, sequence))
            elif record:
                chunk = record.get("chunk_id") or next(iter(record["chunked"].values()))["chunk_id"]
                chunks.setdefault(chunk, set()).add((shard, sequence))
    return whole, chunks


class MiniStack(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-ministack-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.cloud = Cloud()
        self.addCleanup(self.cloud.close)
        self.redshift = local_redshift.Redshift()
        self.addCleanup(self.redshift.close)
        self.source = local_redshift.make_source("shop")

    def sluice(self, *words):
        environment = {**os.environ, **self.cloud.credentials, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.cloud.url}
        done = subprocess.run([GIVEN.sluice, *map(str, words)], env=environment, capture_output=True, text=True, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")

    def package(self):
        """The zip with the catalog in it, as scripts/lambda --catalog packs it."""
        target = self.folder / "sluice.zip"
        shutil.copy(GIVEN.zip, target)
        with zipfile.ZipFile(target, "a") as packed:
            packed.write(self.folder / "shop.toml", "catalog.toml")
        return target.read_bytes()

    def deploy(self):
        self.cloud.client("s3").create_bucket(Bucket="shop-state")
        role = self.cloud.client("iam").create_role(RoleName="sluice", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
        self.cloud.client("iam").put_role_policy(RoleName="sluice", PolicyName="sluice", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **right} for right in RIGHTS]}))
        self.cloud.client("lambda").create_function(
            FunctionName="sluice", Runtime="provided.al2023", Handler="bootstrap", Role=role["Role"]["Arn"], Timeout=60,
            MemorySize=256, Code={"ZipFile": self.package()}, Environment={"Variables": {
                "SLUICE_TO": "redshift:shop/dev", "SLUICE_QUARANTINE": "s3://shop-state/q",
                "SLUICE_FRAGMENTS": "s3://shop-state/f", "SLUICE_CATALOG": "catalog.toml",
                "AWS_ENDPOINT_URL": self.cloud.url, "AWS_ENDPOINT_URL_REDSHIFT_DATA": self.redshift.url}})

    def map_from(self, arn, **settings):
        self.cloud.client("lambda").create_event_source_mapping(
            FunctionName="sluice", EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"], **settings)

    def put_shop_into_the_stream(self):
        """Every record's shard, sequence number and bytes, by shard."""
        catalog = self.folder / "shop.toml"
        self.sluice("drive", "--postgres", self.source, "--schema-only")
        self.sluice("catalog", "read", "--postgres", self.source, "--out", catalog)
        self.redshift.make_log_and_views(GIVEN.sluice, catalog)
        kinesis = self.cloud.client("kinesis")
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        wait_for("the stream", lambda: kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
                 ["StreamStatus"] == "ACTIVE")
        emulate = ("emulate", "--postgres", self.source, "--to", f"kinesis:{STREAM}", "--duplicates", "0.05", "--reorder", "30",
                   "--oversize-bytes", "550")
        self.sluice(*emulate)
        self.sluice("drive", "--postgres", self.source, "--rate", "200", "--seconds", "3")
        self.sluice(*emulate)
        for data in POISON:
            kinesis.put_record(StreamName=STREAM, PartitionKey="p", Data=data)
        records = {}
        for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
            at = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
            found, iterator = records.setdefault(shard["ShardId"], []), at["ShardIterator"]
            while page := kinesis.get_records(ShardIterator=iterator, Limit=1000)["Records"]:
                found += [(record["SequenceNumber"], record["Data"]) for record in page]
                iterator = kinesis.get_shard_iterator(
                    StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                    StartingSequenceNumber=page[-1]["SequenceNumber"])["ShardIterator"]
        return records

    def expect_signatures_to_be_checked(self):
        wrong = {**self.cloud.credentials, "AWS_SECRET_ACCESS_KEY": "another"}
        for service, call in (("s3", "list_buckets"), ("sqs", "list_queues"), ("kinesis", "list_streams")):
            with self.assertRaisesRegex(botocore.exceptions.ClientError, "SignatureDoesNotMatch|InvalidSignature"):
                getattr(client(service, self.cloud.url, wrong), call)()

    def test_a_shop_arrives_by_the_emulators_own_mappings(self):
        self.expect_signatures_to_be_checked()
        records = self.put_shop_into_the_stream()
        whole, chunks = sorted_out(records)
        self.assertGreater(len(chunks), 20)
        self.deploy()
        self.map_from(STREAM_ARN, StartingPosition="TRIM_HORIZON", BatchSize=300, BisectBatchOnFunctionError=True)
        wait_for("every row", lambda: whole <= self.redshift.positions())
        wait_for("every oversized row", lambda: all(places & self.redshift.positions() for places in chunks.values()))
        wait_for("the pieces to go", lambda: not self.cloud.keys("shop-state", "f/pieces/"))
        self.expect_equal_to_the_source()
        self.assertEqual({base64.b64decode(kept["data"]) for kept in self.cloud.lines("shop-state", "q/")}, set(POISON))
        self.come_back_by_a_queue(records, whole)
        self.expect_equal_to_the_source()

    def expect_equal_to_the_source(self):
        differences, rows = local_redshift.differences(self.source, TABLES)
        self.assertEqual(differences, [])
        self.assertGreater(rows, 300)

    def come_back_by_a_queue(self, records, whole):
        """The rows of two ranges are lost, and the documents that point at them bring them back through a second mapping."""
        url, arn = self.cloud.make_queue("shop-dead", hidden_s=360)
        due = set()
        for shard, found in records.items():
            part = [sequence for sequence, _ in found[10:60]]
            due |= {(shard, sequence) for sequence in part} & whole
            self.cloud.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({
                "requestContext": {"condition": "RetryAttemptsExhausted"}, "responseContext": None, "version": "1.0",
                "KinesisBatchInfo": {"shardId": shard, "startSequenceNumber": part[0], "endSequenceNumber": part[-1],
                                     "batchSize": len(part), "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00.000Z",
                                     "approximateArrivalOfLastRecord": "2026-01-01T00:00:01.000Z", "streamArn": STREAM_ARN}}))
        for shard, sequence in due:
            self.redshift.run_script(f"DELETE FROM public.cdc_events WHERE shard_id = '{STREAM}/{shard}' AND "
                                     f"sequence_number = '{sequence}';\n")
        self.assertEqual(due & self.redshift.positions(), set())
        self.map_from(arn, BatchSize=1)
        wait_for("the redriven rows", lambda: due <= self.redshift.positions())
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        wait_for("an empty queue", lambda: set(self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=counts)["Attributes"].values()) == {"0"})


if __name__ == "__main__":
    GIVEN, rest = PARSER.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
