"""The packed function in an AWS emulator (MiniStack): Kinesis, S3, SQS and two event source mappings, into the local Redshift.

MiniStack invokes `provided` functions without containers. Its Kinesis mapping knows no partial answers, no bisect and no
on-failure destination (it takes every answer that is no error for a success), so those are shown by
src/lambda/mapping_test.cc. Here: records reach the function as AWS's services hand them over, its S3 and SQS calls are
understood by services that are not ours, and redrive empties a queue through a mapping.

  scripts/with-redshift -- .deps/python/bin/python tests/lambda/ministack_test.py --zip ZIP \\
    --ministack .deps/ministack-VERSION/bin/ministack
"""

import argparse
import base64
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
STREAM = "shop-cdc"
RECORDS = 600


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def source(number):
    return {"version": "1.0", "schema": "public", "table": "orders", "txId": f"t{number}", "ts_ms": 1764000000000,
            "ts_ns": 1764000000000000000 + number}


def change(number):
    return json.dumps({"type": "full", "op": "u", "before": None, "after": {"id": number, "total": "12.50"},
                       "source": source(number), "ts_ms": 1, "ts_ns": 1}).encode()


def oversized(number, pieces):
    image = json.dumps({"id": number, "note": "long " * 200})
    head = {"type": "chunked", "op": "u", "source": source(number), "ts_ms": 1, "ts_ns": 1, "before": None,
            "chunked": {"after": {"chunk_id": f"c-{number}", "total_fragments": pieces,
                                  "crc32c": str(crc32c(image.encode()))}}}
    cuts = [len(image) * piece // pieces for piece in range(pieces + 1)]
    parts = [{"type": "fragment", "chunk_id": f"c-{number}", "index": index, "data": image[cuts[index]:cuts[index + 1]]}
             for index in range(pieces)]
    return [json.dumps(record).encode() for record in [*parts, head]]


class Cloud:
    def __init__(self, program):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile(mode="w+")
        environment = {**os.environ, "GATEWAY_PORT": str(self.port), "AWS_DEFAULT_REGION": "us-east-1"}
        environment.pop("AWS_ENDPOINT_URL", None)
        self.process = subprocess.Popen([program], env=environment, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2).read()
                return
            except OSError:
                time.sleep(0.2)
        raise SystemExit("MiniStack does not answer")

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="test",
                            aws_secret_access_key="test")

    def close(self):
        self.process.terminate()
        self.process.wait(30)


class Redshift:
    def __init__(self):
        self.client = boto3.client("redshift-data", region_name="us-east-1",
                                   endpoint_url=os.environ["AWS_ENDPOINT_URL_REDSHIFT_DATA"],
                                   aws_access_key_id="test", aws_secret_access_key="test")

    def run(self, sql):
        made = self.client.execute_statement(WorkgroupName="shop", Database="dev", Sql=sql)
        while True:
            state = self.client.describe_statement(Id=made["Id"])
            if state["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                break
            time.sleep(0.05)
        assert state["Status"] == "FINISHED", state.get("Error")
        if not state.get("HasResultSet"):
            return []
        rows, token = [], {}
        while True:
            page = self.client.get_statement_result(Id=made["Id"], **token)
            rows += [[next(iter(cell.values())) for cell in row] for row in page["Records"]]
            if not page.get("NextToken"):
                return rows
            token = {"NextToken": page["NextToken"]}


def wait_for(what, check, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.5)
    raise AssertionError(f"in vain: {what}")


def deploy(cloud, zip_path, redshift_url):
    cloud.client("s3").create_bucket(Bucket="shop-state")
    cloud.client("kinesis").create_stream(StreamName=STREAM, ShardCount=2)
    kinesis = cloud.client("kinesis")
    wait_for("the stream", lambda: kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
             ["StreamStatus"] == "ACTIVE")
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="sluice", Runtime="provided.al2023", Handler="bootstrap", Role="arn:aws:iam::000000000000:role/sluice",
        Code={"ZipFile": pathlib.Path(zip_path).read_bytes()}, Timeout=60, MemorySize=256,
        Environment={"Variables": {
            "SLUICE_TO": "redshift:shop/dev", "SLUICE_QUARANTINE": "s3://shop-state/q", "SLUICE_FRAGMENTS": "s3://shop-state/f",
            "AWS_ENDPOINT_URL": cloud.url, "AWS_ENDPOINT_URL_REDSHIFT_DATA": redshift_url}})
    return functions


def put_all(kinesis, records):
    """Each record's place and bytes."""
    placed = []
    for start in range(0, len(records), 200):
        part = records[start:start + 200]
        reply = kinesis.put_records(StreamName=STREAM, Records=[
            {"PartitionKey": f"k{start + number}", "Data": data} for number, data in enumerate(part)])
        assert reply["FailedRecordCount"] == 0
        placed += [(item["ShardId"], item["SequenceNumber"], data) for item, data in zip(reply["Records"], part)]
    return placed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--zip", required=True)
    parser.add_argument("--ministack", required=True, help="its program")
    options = parser.parse_args()
    redshift = Redshift()
    redshift.run((ROOT / "tests/golden/redshift_schema.sql").read_text().split(";\n")[0])
    cloud = Cloud(options.ministack)
    try:
        show(cloud, redshift, options.zip)
    except BaseException:
        cloud.log.flush()
        cloud.log.seek(0)
        print(cloud.log.read()[-6000:])
        raise
    finally:
        cloud.close()


def quarantined(s3):
    lines = []
    for item in s3.list_objects_v2(Bucket="shop-state", Prefix="q/").get("Contents", []):
        lines += s3.get_object(Bucket="shop-state", Key=item["Key"])["Body"].read().decode().splitlines()
    return {(kept["shard"], kept["sequence"]): kept for kept in map(json.loads, lines)}


def show(cloud, redshift, zip_path):
    functions = deploy(cloud, zip_path, os.environ["AWS_ENDPOINT_URL_REDSHIFT_DATA"])
    records = [change(number) for number in range(RECORDS)]
    for number in range(5):
        records[number * 100:number * 100] = oversized(RECORDS + number, 3)
    poison = [b"not json", b'{"type":"later"}']
    records += poison
    placed = put_all(cloud.client("kinesis"), records)
    arn = cloud.client("kinesis").describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamARN"]
    functions.create_event_source_mapping(
        FunctionName="sluice", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=100,
        BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"])

    def landed():
        return {tuple(row) for row in redshift.run("SELECT DISTINCT shard_id, sequence_number FROM public.cdc_events")}

    rows = {(f"{STREAM}/{shard}", sequence) for shard, sequence, data in placed
            if b'"type": "fragment"' not in data and data not in poison}
    wait_for("every row", lambda: rows <= landed())
    assert landed() == rows, "a row that nobody sent"
    s3 = cloud.client("s3")
    kept = quarantined(s3)
    assert {base64.b64decode(one["data"]) for one in kept.values()} == set(poison), kept
    assert not s3.list_objects_v2(Bucket="shop-state", Prefix="f/pieces/").get("Contents")
    assert len(s3.list_objects_v2(Bucket="shop-state", Prefix="f/done/")["Contents"]) == 5

    # What a mapping gave up comes back by a queue and a second mapping.
    redshift.run("DELETE FROM public.cdc_events")
    shard, first, _ = placed[0]
    mine = [sequence for of, sequence, _ in placed if of == shard]
    queue = cloud.client("sqs").create_queue(QueueName="shop-dead")["QueueUrl"]
    queue_arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    last = mine[49]
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({
        "requestContext": {"condition": "RetryAttemptsExhausted"}, "responseContext": None, "version": "1.0",
        "KinesisBatchInfo": {"shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last, "batchSize": 50,
                             "approximateArrivalOfFirstRecord": "A", "approximateArrivalOfLastRecord": "B",
                             "streamArn": arn}}))
    functions.create_event_source_mapping(FunctionName="sluice", EventSourceArn=queue_arn, BatchSize=1,
                                          FunctionResponseTypes=["ReportBatchItemFailures"])
    due = {place for place in rows if place[0].endswith(shard) and int(first) <= int(place[1]) <= int(last)}
    wait_for("the redriven rows", lambda: due <= landed() or print(len(due - landed())))
    wait_for("an empty queue", lambda: not cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages"), 20)
    print(f"{len(rows)} rows, {len(kept)} in quarantine, {len(due)} redriven")


if __name__ == "__main__":
    main()
