"""Lambda's event source mappings, as AWS describes them, over real streams, real queues and the real `bootstrap`.

Each shard is read from its start, a child after its parents; records go by their partition key to one of `parallel` lanes,
each of which delivers one batch at a time, of at most `batch_size` records and 6 MiB. An answer that names a sequence number
moves the lane to it; a failed batch is halved, and retried when it cannot be; what was retried too often, became too old or
does not fit into an invocation goes to the on-failure queue, as a document with its place, and the lane goes on.
"""

import base64
import collections
import dataclasses
import hashlib
import json
import pathlib
import queue
import random
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lambda"))
from sandbox import Sandbox  # noqa: E402

MOST_PAYLOAD = 6 << 20
RECORD_OVERHEAD = 600  # what a record's other members take in an event


@dataclasses.dataclass
class Settings:
    batch_size: int = 100
    parallel: int = 1
    most_retries: int = 3
    most_age_s: float = 600
    window_s: float = 0.3  # how long a batch is waited for that is not full
    redelivered: float = 0.0  # the share of batches that come again though they were answered
    poll_s: float = 0.2


class Environment(Sandbox):
    """One execution environment: a process that answers one invocation after the other, frozen in between, until it dies."""

    def __init__(self, zip_path, variables):
        super().__init__(zip_path, variables)
        self.server.handle_error = lambda *_: None  # a process that is killed breaks its connection

    def attempt(self, body, seconds):
        """The answer, or nothing when it was an error, came too late, or the process died."""
        if self.process is None:
            self.start()
        self.process.send_signal(signal.SIGCONT)
        answer = self.answer_to(body, seconds)
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def answer_to(self, body, seconds):
        self.put(body, seconds)
        end = time.monotonic() + seconds
        while True:
            has_ended = self.process.poll() is not None
            try:
                _, path, _, answer = self.answers.get(timeout=0 if has_ended else 0.2)
                return answer if path.endswith("/response") else None
            except queue.Empty:
                if has_ended or time.monotonic() > end:
                    self.process.kill()
                    return None


class Functions:
    """As many environments of one function as are needed at once. Threads: any."""

    def __init__(self, zip_path, variables, timeout_s=10):
        self.zip_path, self.variables, self.timeout_s = zip_path, variables, timeout_s
        self.lock = threading.Lock()
        self.idle, self.busy = [], []
        self.invocations = self.killed = 0
        self.said = []

    def invoke(self, event):
        body = json.dumps(event).encode()
        with self.lock:
            self.invocations += 1
            environment = self.idle.pop() if self.idle else None
        environment = environment or Environment(self.zip_path, self.variables)
        with self.lock:
            self.busy.append(environment)
        answer = environment.attempt(body, self.timeout_s)
        with self.lock:
            self.busy.remove(environment)
            if environment.process.poll() is None:
                self.idle.append(environment)
                return answer
        self.end(environment)
        return answer

    def kill_one(self, chance):
        """One in the middle of an invocation. Gives whether there was one."""
        with self.lock:
            running = [one for one in self.busy if one.process is not None and one.process.poll() is None]
            if not running:
                return False
            chance.choice(running).process.kill()
            self.killed += 1
            return True

    def end(self, environment):
        environment.kill()
        self.said.append(environment.output())
        environment.close()

    def close(self):
        for environment in self.idle:
            self.end(environment)
        self.idle = []

    def metrics(self):
        """Every metrics line of the environments that have ended."""
        return [json.loads(line) for text in self.said for line in text.splitlines() if line.startswith('{"_aws"')]


@dataclasses.dataclass
class Batch:
    records: list
    retries: int = 0
    attempts: int = 0


class EventSourceMapping:
    """From a stream. `client` is boto3's for Kinesis; `send` puts the text of a document into the on-failure queue."""

    def __init__(self, client, stream_arn, functions, send, settings, seed):
        self.client, self.stream_arn, self.functions, self.send, self.settings = client, stream_arn, functions, send, settings
        self.seed = seed
        self.given_up = []  # the documents
        self.read_so_far = {}  # (shard, sequence number): bytes
        self.counts = collections.Counter()
        self.failure = None
        self.is_ending = threading.Event()
        self.shards = {}  # by id, the reader
        self.thread = threading.Thread(target=self.guard, args=(self.watch,), daemon=True)
        self.thread.start()

    def watch(self):
        """Starts a reader for every shard whose parents are done with."""
        while not self.failure:
            listed = self.client.list_shards(StreamARN=self.stream_arn)["Shards"]
            ids = {shard["ShardId"] for shard in listed}
            for shard in listed:
                parents = [shard.get("ParentShardId"), shard.get("AdjacentParentShardId")]
                if shard["ShardId"] not in self.shards and all(
                        parent not in ids or (parent in self.shards and not self.shards[parent].is_alive()) for parent in parents):
                    reader = threading.Thread(target=self.guard, args=(self.read, shard["ShardId"]), daemon=True)
                    self.shards[shard["ShardId"]] = reader
                    reader.start()
            if self.is_ending.is_set() and ids == set(self.shards) and not any(one.is_alive() for one in self.shards.values()):
                return
            time.sleep(self.settings.poll_s)

    def guard(self, work, *arguments):
        try:
            work(*arguments)
        except BaseException as error:  # pylint: disable=broad-exception-caught: told by finish()
            self.failure = error

    def read(self, shard_id):
        lanes = [queue.Queue() for _ in range(self.settings.parallel)]
        workers = [threading.Thread(target=self.guard, args=(self.work, shard_id, lane, random.Random(f"{self.seed} {shard_id} {at}")),
                                    daemon=True) for at, lane in enumerate(lanes)]
        for worker in workers:
            worker.start()
        iterator = self.client.get_shard_iterator(StreamARN=self.stream_arn, ShardId=shard_id,
                                                  ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator and not self.failure:
            page = self.client.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                self.read_so_far[(shard_id, record["SequenceNumber"])] = len(record["Data"])
                key = hashlib.md5(record["PartitionKey"].encode()).digest()
                lanes[key[0] % len(lanes)].put(record)
            iterator = page.get("NextShardIterator")
            if not page["Records"]:
                if self.is_ending.is_set() and not page["MillisBehindLatest"]:
                    break
                time.sleep(self.settings.poll_s)
        for lane in lanes:
            lane.put(None)
        for worker in workers:
            worker.join()

    def work(self, shard_id, lane, chance):
        """Batches from what the lane has, until its end."""
        held = None
        while not self.failure:
            first = held or lane.get()
            if first is None:
                return
            records, size, held = [first], self.size(first), None
            end = time.monotonic() + self.settings.window_s
            while len(records) < self.settings.batch_size:
                try:
                    record = lane.get(timeout=max(0, end - time.monotonic()))
                except queue.Empty:
                    break
                if record is None or size + self.size(record) > MOST_PAYLOAD:
                    held = record
                    if record is None:
                        lane.put(None)
                    break
                records.append(record)
                size += self.size(record)
            if size > MOST_PAYLOAD:
                self.give_up(shard_id, Batch(records), "MaximumPayloadSizeExceeded")
            else:
                self.deliver(shard_id, records, chance)

    @staticmethod
    def size(record):
        return (len(record["Data"]) + 2) // 3 * 4 + RECORD_OVERHEAD

    def deliver(self, shard_id, records, chance):
        """Until everything of it is answered or given up."""
        pending = collections.deque([Batch(records)])
        while pending and not self.failure:
            batch = pending[0]
            if time.time() - batch.records[0]["ApproximateArrivalTimestamp"].timestamp() > self.settings.most_age_s:
                self.give_up(shard_id, pending.popleft(), "RecordAgeExceeded")
                continue
            batch.attempts += 1
            failed = first_failed(self.functions.invoke(self.event(shard_id, batch.records)), batch.records)
            if failed is None:
                if chance.random() < self.settings.redelivered:
                    self.counts["redelivered"] += 1
                else:
                    pending.popleft()
            elif failed > 0:
                self.counts["partial"] += 1
                batch.records = batch.records[failed:]
            elif len(batch.records) > 1:
                self.counts["halved"] += 1
                middle = len(batch.records) // 2
                pending.insert(1, Batch(batch.records[middle:], batch.retries))
                batch.records = batch.records[:middle]
            elif batch.retries == self.settings.most_retries:
                self.give_up(shard_id, pending.popleft(), "RetryAttemptsExhausted")
            else:
                batch.retries += 1
                self.counts["retried"] += 1
                time.sleep(0.05 * 2 ** batch.retries)

    def event(self, shard_id, records):
        return {"Records": [{
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record", "awsRegion": "us-east-1",
            "eventID": f"{shard_id}:{record['SequenceNumber']}", "eventSourceARN": self.stream_arn,
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/sluice",
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": record["PartitionKey"],
                        "sequenceNumber": record["SequenceNumber"], "data": base64.b64encode(record["Data"]).decode(),
                        "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp()}}
            for record in records]}

    def give_up(self, shard_id, batch, condition):
        self.counts[condition] += 1
        document = failure_document(self.stream_arn, shard_id, batch.records, condition, batch.attempts)
        self.given_up.append(document)
        self.send(json.dumps(document))

    def finish(self):
        """Returns when everything that is in the stream now was answered or given up."""
        self.is_ending.set()
        self.thread.join()
        if self.failure:
            raise self.failure


def first_failed(answer, records):
    """The index of the first record that has to come again, 0 for the whole batch; nothing when all is done."""
    if answer is None:
        return 0
    try:
        failures = json.loads(answer or b"null")
        failures = (failures or {}).get("batchItemFailures") or []
        numbers = [int(failure["itemIdentifier"]) for failure in failures]
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0
    if not numbers:
        return None
    places = [int(record["SequenceNumber"]) for record in records]
    return places.index(min(numbers)) if min(numbers) in places else 0


def failure_document(stream_arn, shard_id, records, condition, attempts):
    def moment(record):
        return record["ApproximateArrivalTimestamp"].strftime("%Y-%m-%dT%H:%M:%S.") + "000Z"

    was_invoked = attempts > 0 and condition != "MaximumPayloadSizeExceeded"
    return {"requestContext": {"requestId": str(uuid.uuid4()), "condition": condition, "approximateInvokeCount": attempts,
                               "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:sluice"},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"} if was_invoked
            else None,
            "version": "1.0", "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "KinesisBatchInfo": {
                "shardId": shard_id, "startSequenceNumber": records[0]["SequenceNumber"],
                "endSequenceNumber": records[-1]["SequenceNumber"], "approximateArrivalOfFirstRecord": moment(records[0]),
                "approximateArrivalOfLastRecord": moment(records[-1]), "batchSize": len(records), "streamArn": stream_arn}}


def empty_queue(sqs, url, arn, functions, most=None):
    """A queue's mapping with a batch size of 1 and ReportBatchItemFailures, until `most` messages are done or no more is there.
    Gives how many are done, and the ids of those that were delivered four times in vain and stay in the queue."""
    done, kept, deliveries = 0, {}, collections.Counter()
    while most is None or done < most:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=600).get("Messages", [])
        if not messages:
            break
        message = messages[0]
        answer = functions.invoke({"Records": [{
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": "us-east-1"}]})
        if answer is not None and json.loads(answer) == {"batchItemFailures": []}:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
            continue
        deliveries[message["MessageId"]] += 1
        if deliveries[message["MessageId"]] == 4:
            kept[message["MessageId"]] = message["ReceiptHandle"]
        else:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    for receipt in kept.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return done, list(kept)
