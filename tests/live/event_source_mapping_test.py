#!/usr/bin/env python3
"""The mappings of event_source_mapping.py themselves: what AWS says of partial answers, halves, retries, age and size."""

import datetime
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from event_source_mapping import EventSourceMapping, Settings  # noqa: E402

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/told"


class Shard:
    """A stream of one shard that holds these records, numbered from 8 so that texts and numbers are in other orders."""

    def __init__(self, *data, age_s=0):
        arrived = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age_s)
        self.records = [{"SequenceNumber": str(8 + at), "Data": one, "PartitionKey": str(at), "ApproximateArrivalTimestamp": arrived}
                        for at, one in enumerate(data)]

    def list_shards(self, **_):
        return {"Shards": [{"ShardId": "s"}]}

    def get_shard_iterator(self, **_):
        return {"ShardIterator": "start"}

    def get_records(self, ShardIterator):  # noqa: N803: boto3's name
        records = self.records if ShardIterator == "start" else []
        return {"Records": records, "NextShardIterator": "end", "MillisBehindLatest": 0}


class Function:
    """Answers with what `answer` makes of the sequence numbers it is invoked with, and remembers them."""

    def __init__(self, answer):
        self.answer, self.invoked = answer, []

    def invoke(self, event):
        numbers = [int(record["kinesis"]["sequenceNumber"]) for record in event["Records"]]
        self.invoked.append(numbers)
        failed = self.answer(numbers)
        return None if failed is None else json.dumps({"batchItemFailures": [{"itemIdentifier": one} for one in failed]}).encode()


class Told(unittest.TestCase):
    def deliver(self, shard, answer, **settings):
        """The batches that the function saw, and (first, last, condition) of each that was given up."""
        function, sent = Function(answer), []
        mapping = EventSourceMapping(shard, ARN, function, sent.append, Settings(window_s=0.2, poll_s=0.01, **settings), 1)
        mapping.finish()
        given_up = []
        for text in sent:
            info = json.loads(text)["KinesisBatchInfo"]
            given_up.append((int(info["startSequenceNumber"]), int(info["endSequenceNumber"]),
                             json.loads(text)["requestContext"]["condition"]))
        self.assertEqual(given_up, [(int(one["KinesisBatchInfo"]["startSequenceNumber"]),
                                     int(one["KinesisBatchInfo"]["endSequenceNumber"]), one["requestContext"]["condition"])
                                    for one in mapping.given_up])
        return function.invoked, given_up

    def test_what_is_before_the_lowest_number_of_an_answer_does_not_come_again(self):
        answers = iter([["11", "10"], []])
        invoked, given_up = self.deliver(Shard(*[b"x"] * 4), lambda _: next(answers))
        self.assertEqual((invoked, given_up), ([[8, 9, 10, 11], [10, 11]], []))

    def test_a_batch_that_fails_is_halved_and_only_one_record_is_given_up(self):
        invoked, given_up = self.deliver(Shard(*[b"x"] * 4), lambda numbers: None if 10 in numbers else [], most_retries=1)
        self.assertEqual(invoked, [[8, 9, 10, 11], [8, 9], [10, 11], [10], [10], [11]])
        self.assertEqual(given_up, [(10, 10, "RetryAttemptsExhausted")])

    def test_an_answer_that_names_nothing_it_knows_is_a_failure_of_all(self):
        for odd in (["7"], [""], ["x"], [None]):
            answers = iter([odd, [], []])
            invoked, _ = self.deliver(Shard(b"x", b"x"), lambda _, answers=answers: next(answers))
            self.assertEqual(invoked, [[8, 9], [8], [9]])

    def test_what_is_too_old_is_given_up_without_an_invocation(self):
        invoked, given_up = self.deliver(Shard(b"x", b"x", age_s=90), lambda _: [], most_age_s=60)
        self.assertEqual((invoked, given_up), ([], [(8, 9, "RecordAgeExceeded")]))

    def test_what_no_invocation_carries_is_given_up_alone_and_a_batch_ends_before_it_is_too_large(self):
        small, large = b"x" * (3 << 20), b"x" * (5 << 20)
        invoked, given_up = self.deliver(Shard(small, small, large, b"x"), lambda _: [])
        self.assertEqual((invoked, given_up), ([[8], [9], [11]], [(10, 10, "MaximumPayloadSizeExceeded")]))

    def test_what_was_answered_may_come_again(self):
        invoked, _ = self.deliver(Shard(b"x"), lambda _: [], redelivered=0.9)
        self.assertGreater(len(invoked), 1)
        self.assertEqual({tuple(numbers) for numbers in invoked}, {(8,)})

    def test_one_that_breaks_is_told(self):
        def broken(_):
            raise ValueError("no function")
        with self.assertRaisesRegex(ValueError, "no function"):
            self.deliver(Shard(b"x"), broken)


if __name__ == "__main__":
    unittest.main()
