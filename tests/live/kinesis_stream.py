"""A stream of the Kinesis emulator that scripts/with-kinesis starts, for tests: made, filled, split and merged.

Standard library only; the emulator checks no signature.
"""

import base64
import json
import os
import time
import urllib.request

# PutRecords takes 500 records and, with UpdateMaxRecordSize, 10 MiB; the emulator is happier with less.
MOST_RECORDS = 400
MOST_BYTES = 3 << 20


class Stream:
    def __init__(self, name, shards):
        self.url = os.environ["AWS_ENDPOINT_URL_KINESIS"]
        self.name = name
        self.put_so_far = 0
        self.call("CreateStream", StreamName=name, ShardCount=shards)
        self.wait()

    def call(self, operation, **body):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}",
                   "X-Amz-Date": "20260101T000000Z",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
                                    "SignedHeaders=host, Signature=0"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read() or b"{}")

    def summary(self):
        return self.call("DescribeStreamSummary", StreamName=self.name)["StreamDescriptionSummary"]

    def wait(self):
        for _ in range(600):
            if self.summary()["StreamStatus"] == "ACTIVE":
                return
            time.sleep(0.05)
        raise AssertionError(f"the stream {self.name} does not become active")

    def allow_large_records(self):
        self.call("UpdateMaxRecordSize", StreamARN=self.summary()["StreamARN"], MaxRecordSizeInKiB=10240)
        self.wait()

    def put(self, lines):
        """Every record with a key of its own, so that they are spread over the open shards as DSQL's are."""
        batch, size = [], 0
        for line in lines:
            if batch and (len(batch) == MOST_RECORDS or size + len(line) > MOST_BYTES):
                self.put_batch(batch)
                batch, size = [], 0
            batch.append({"Data": base64.b64encode(line).decode(), "PartitionKey": f"key {self.put_so_far}"})
            self.put_so_far += 1
            size += len(line)
        if batch:
            self.put_batch(batch)

    def put_batch(self, batch):
        for _ in range(100):
            reply = self.call("PutRecords", StreamName=self.name, Records=batch)
            batch = [record for record, put in zip(batch, reply["Records"]) if put.get("ErrorCode")]
            if not batch:
                return
            time.sleep(0.1)
        raise AssertionError(f"{len(batch)} records are not taken")

    def open_shards(self):
        """In the order of their hash keys."""
        shards = self.call("ListShards", StreamName=self.name)["Shards"]
        still = [shard for shard in shards if not shard["SequenceNumberRange"].get("EndingSequenceNumber")]
        return sorted(still, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def shards(self):
        return [shard["ShardId"] for shard in self.call("ListShards", StreamName=self.name)["Shards"]]

    def records(self, shard_id):
        """(sequence number, data) of everything that the shard holds now, in its order."""
        at = self.call("GetShardIterator", StreamName=self.name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        found = []
        while at:
            page = self.call("GetRecords", ShardIterator=at)
            found += [(record["SequenceNumber"], base64.b64decode(record["Data"])) for record in page["Records"]]
            if not page["Records"] and not page.get("MillisBehindLatest"):
                break
            at = page.get("NextShardIterator")
        return found

    def split(self, shard):
        keys = shard["HashKeyRange"]
        middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
        self.call("SplitShard", StreamName=self.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))
        self.wait()

    def merge(self, left, right):
        self.call("MergeShards", StreamName=self.name, ShardToMerge=left["ShardId"], AdjacentShardToMerge=right["ShardId"])
        self.wait()
