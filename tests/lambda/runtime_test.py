"""The packed executable in a sandbox: what it says without settings, with a bad event, and with poison and no sink."""

import argparse
import base64
import json
import subprocess
import sys
import unittest

import sandbox as sandboxes
from sandbox import Sandbox

ZIP = None
# Nobody answers there: whatever needs AWS fails.
SETTINGS = {"SLUICE_TO": "redshift:shop/dev", "SLUICE_ENDPOINT_URL": "http://127.0.0.1:9"}


def batch(*payloads):
    arn = "arn:aws:kinesis:us-east-1:1:stream/shop-cdc"
    return json.dumps({"Records": [
        {"eventSource": "aws:kinesis", "eventID": f"shardId-000000000003:{100 + number}", "eventSourceARN": arn,
         "kinesis": {"sequenceNumber": str(100 + number), "partitionKey": "k",
                     "data": base64.b64encode(payload).decode()}}
        for number, payload in enumerate(payloads)]}).encode()


class Runtime(unittest.TestCase):
    def sandbox(self, environment):
        made = Sandbox(ZIP, environment)
        self.addCleanup(made.close)
        return made

    def test_settings_that_are_missing_end_the_start_in_words(self):
        for environment, named in (({}, "SLUICE_TO"), ({"SLUICE_TO": "duckdb:x"}, "redshift:WORKGROUP/DATABASE"),
                                   ({**SETTINGS, "SLUICE_FRAGMENTS": "x"}, "s3://BUCKET"),
                                   ({**SETTINGS, "SLUICE_CATALOG": "catalog.toml"}, "catalog.toml"),
                                   ({**SETTINGS, "SLUICE_INCOMPLETE_AFTER": "8"}, "SLUICE_INCOMPLETE_AFTER"),
                                   ({**SETTINGS, "SLUICE_CATALOG": "toml:[[table]]"}, "SLUICE_CATALOG:1"),
                                   ({**SETTINGS, "SLUICE_CATALOG": "gzip:H4sIAAAA"}, "not the whole of one gzip file"),
                                   ({**SETTINGS, "SLUICE_CATALOG": "s3://shop/catalog.toml"},
                                    "SLUICE_CATALOG: the catalog s3://shop/catalog.toml cannot be read")):
            sandbox = self.sandbox(environment)
            sandbox.start()
            _, path, headers, body = sandbox.answer()
            self.assertEqual(path, "/2018-06-01/runtime/init/error")
            self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Sluice.Settings")
            self.assertIn(named, json.loads(body)["errorMessage"])
            self.assertEqual(sandbox.process.wait(20), 1)

    def test_one_process_answers_one_invocation_after_the_other(self):
        sandbox = self.sandbox(SETTINGS)
        _, path, headers, body = sandbox.invoke(b"{}")
        self.assertEqual(path, "/2018-06-01/runtime/invocation/request-1/error")
        self.assertEqual(headers["Lambda-Runtime-Invocation-Id"], "invocation-1")
        self.assertEqual(json.loads(body)["errorType"], "Sluice.UnknownEvent")
        _, path, _, body = sandbox.invoke(batch(b"not json"))
        self.assertEqual(path, "/2018-06-01/runtime/invocation/request-2/response")
        self.assertEqual(json.loads(body), {"batchItemFailures": [{"itemIdentifier": "100"}]})
        metrics = [json.loads(line) for line in sandbox.output().splitlines() if line.startswith("{")]
        self.assertEqual([metrics[0][name] for name in ("Received", "Landed", "Failed")], [1, 0, 1])

    def test_a_sink_that_is_not_there_is_answered_within_the_deadline(self):
        sandbox = self.sandbox(SETTINGS)
        change = {"type": "full", "op": "c", "before": None, "after": {"id": 1}, "ts_ms": 1, "ts_ns": 1,
                  "source": {"version": "1.0", "schema": "public", "table": "orders", "txId": "t",
                             "ts_ms": 1764000000000, "ts_ns": 1764000000000000000}}
        _, path, _, body = sandbox.invoke(batch(json.dumps(change).encode()), seconds=2)
        self.assertTrue(path.endswith("/response"))
        self.assertEqual(json.loads(body), {"batchItemFailures": [{"itemIdentifier": "100"}]})

    def test_outside_of_lambda_it_says_what_it_is(self):
        made = self.sandbox(SETTINGS)
        done = subprocess.run([*sandboxes.RUNNER, made.program], env={}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("docs/lambda.md", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--zip", required=True)
    parser.add_argument("--under", default="", help="a program that runs it, with its arguments")
    options, rest = parser.parse_known_args()
    sandboxes.RUNNER = options.under.split()
    ZIP = options.zip
    unittest.main(argv=[sys.argv[0], *rest])
