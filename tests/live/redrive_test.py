#!/usr/bin/env python3
"""Redrive of records that the function never saw: 6 and 9 MiB, too large for an invocation, named by the mapping's messages
alone. The function, fed by the queue, and `sluice redrive` read them from the stream; an image of more than 9 MiB comes with
one piece by the mapping and one by redrive. What has expired is told, and its message stays.

There are only two such records: the emulator of the stream takes half a second of CPU for each MiB that goes in or out.

Run with: scripts/with-postgres -- scripts/with-kinesis -- PYTHON tests/live/redrive_test.py --sluice PROGRAM --zip ZIP
"""

import json
import pathlib
import sys
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cloud  # noqa: E402
import local_redshift  # noqa: E402
from event_source_mapping import Functions, empty_queue, failure_document  # noqa: E402
from function_stage import Stage, late_record, run  # noqa: E402
from kinesis_stream import Stream  # noqa: E402

COLUMNS = 160
FILLED = {1: 106, 2: 160}  # by archive_id, the columns of 60,000 characters each
MOST_DELIVERED = 4_600_000  # about what fits into an invocation


class RedriveTest(Stage):
    def setUp(self):
        super().setUp()
        # Reading ten MiB from a stream, putting them together and loading them takes longer than a batch does.
        self.functions = Functions(self.given.zip, self.settings, timeout_s=120)
        self.addCleanup(self.functions.close)

    def make_archive(self, stream):
        """In PostgreSQL and in the stream: rows of every size."""
        source = local_redshift.make_source("archive")
        columns = ", ".join(f"page_{at} text" for at in range(COLUMNS))
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE archive (archive_id integer PRIMARY KEY, title text, {columns})")
            self.sluice("catalog", "read", "--postgres", source, "--out", self.folder / "shop.toml")
            self.redshift.make_log_and_views(self.given.sluice, self.folder / "shop.toml")
            emulate = ("emulate", "--postgres", source, "--to", f"kinesis:{stream.name}")
            self.sluice(*emulate)
            connection.execute("INSERT INTO archive SELECT 100 + i, 'small ' || i FROM generate_series(1, 40) AS i")
            for row, filled in FILLED.items():
                names = ", ".join(f"page_{at}" for at in range(filled))
                pages = ", ".join(f"repeat(md5('{row} {at}'), 1875)" for at in range(filled))
                connection.execute(f"INSERT INTO archive (archive_id, title, {names}) SELECT {row}, 'large', {pages}")
            connection.execute("UPDATE archive SET title = 'again' WHERE archive_id > 120")
            self.sluice(*emulate)
        return source

    def test_what_never_fits_into_an_invocation_arrives_by_redrive(self):
        stream = Stream("large", 2)
        stream.allow_large_records()
        source = self.make_archive(stream)
        mapping = self.map_stream(stream, self.functions)
        mapping.finish()
        large = {place: size for place, size in mapping.read_so_far.items() if size > MOST_DELIVERED}
        self.assertEqual([size >> 20 for size in sorted(large.values())], [6, 9])
        self.assertEqual(mapping.counts["MaximumPayloadSizeExceeded"], 2)
        self.assertEqual(self.messages(), 2)
        self.assertEqual(set(mapping.read_so_far) - self.redshift.positions() - self.waiting(), set(large))
        self.assertEqual(len(self.waiting()), 2, "the head and the small piece")
        self.assertEqual(empty_queue(self.sqs, self.queue, self.queue_arn, self.functions, 1), (1, []))
        self.assertIn("1 documents done, 0 left.", self.sluice("redrive", "--queue", self.queue))
        self.assertEqual(self.messages(), 0)
        self.assertEqual(self.waiting(), set())
        # By the view only what is short: the stand-in reads a whole image anew for each of its columns.
        differences, rows = local_redshift.differences(source, ["archive"], ["archive_id", "title", "page_0"])
        self.assertEqual((differences, rows), ([], 42))
        self.expect_large_images_to_be_whole(source)
        self.assertEqual(self.cloud.keys("shop-copy", ""), [], "files of COPY that are left")

    def expect_large_images_to_be_whole(self, source):
        with psycopg.connect(source) as connection:
            wanted = dict(connection.execute("SELECT archive_id::text, to_json(archive) FROM archive WHERE archive_id < 100"))
        with psycopg.connect(local_redshift.SERVER) as connection:
            found = connection.execute("SELECT record_id, ((event_data).j)::text FROM public.cdc_events WHERE record_id = ANY(%s)",
                                       (list(wanted),)).fetchall()
        self.assertEqual({row for row, _ in found}, {str(row) for row in FILLED})
        for row, image in found:
            self.assertTrue(json.loads(image) == wanted[row], f"the image of {row} is another one")

    def document_of(self, stream, first):
        """Six records that are put into the stream now, as a mapping that gave them up names them."""
        stream.put([late_record(at) for at in range(first, first + 6)])
        kinesis = cloud.client("kinesis", self.settings["AWS_ENDPOINT_URL_KINESIS"])
        arn, (shard,) = stream.summary()["StreamARN"], stream.shards()
        iterator = kinesis.get_shard_iterator(StreamARN=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        records = kinesis.get_records(ShardIterator=iterator)["Records"][-6:]
        return failure_document(arn, shard, records, "RetryAttemptsExhausted", 4)

    def test_what_the_stream_has_no_more_is_told_and_its_message_stays(self):
        del self.settings["SLUICE_CATALOG"]  # the table is in none
        self.redshift.make_log_and_views(self.given.sluice, None)
        stream = Stream("made-again", 1)
        lost = self.document_of(stream, 0)
        stream.call("DeleteStream", StreamName=stream.name, EnforceConsumerDeletion=True)
        time.sleep(1.2)  # the time of making, which is in every sequence number, is kept to the second
        stream = Stream("made-again", 1)
        self.send(json.dumps(lost))
        self.send(json.dumps(self.document_of(stream, 10)))
        done, kept = empty_queue(self.sqs, self.queue, self.queue_arn, self.functions)
        self.assertEqual((done, len(kept)), (1, 1))
        self.functions.close()
        self.expect_to_be_told_as_lost(lost, "".join(self.functions.said))
        self.send(json.dumps(self.document_of(stream, 20)))
        told = self.sluice("redrive", "--queue", self.queue, status=4)
        self.assertIn("1 documents done, 1 left.", told)
        self.expect_to_be_told_as_lost(lost, told)
        self.assertIn(kept[0], told)
        self.assertEqual(len(self.redshift.positions()), 12)
        self.assertEqual(self.messages(), 1)

    def expect_to_be_told_as_lost(self, document, told):
        """By everything that a person needs to bring it in again."""
        info = document["KinesisBatchInfo"]
        line = next(line for line in told.splitlines() if "LOST: " in line)
        for needed in (info["shardId"], "made-again", info["startSequenceNumber"], info["endSequenceNumber"], "6 records",
                       info["approximateArrivalOfFirstRecord"], info["approximateArrivalOfLastRecord"], "backfill"):
            self.assertIn(needed, line)


if __name__ == "__main__":
    run()
