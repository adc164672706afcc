#!/usr/bin/env python3
"""sluice probe lambda against the Lambda, Kinesis and IAM of an AWS emulator: a mapping as it is made by default, then one as
docs/lambda.md wants it, read by a user who has exactly the rights that the help names.

Run with: PYTHON tests/live/probe_lambda_test.py --sluice build/release/sluice
"""

import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cloud import Cloud, REGION  # noqa: E402

RIGHTS = ["lambda:GetFunctionConfiguration", "lambda:ListEventSourceMappings", "kinesis:DescribeStreamSummary"]
PARSER = argparse.ArgumentParser()
PARSER.add_argument("--sluice", required=True)
GIVEN = None


def policy(actions, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **more}]})


class ProbeLambda(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.cloud = Cloud()
        self.addCleanup(self.cloud.close)
        self.function = self.cloud.client("lambda")
        kinesis = self.cloud.client("kinesis")
        kinesis.create_stream(StreamName="shop-cdc", ShardCount=1)
        summary = kinesis.describe_stream_summary(StreamName="shop-cdc")["StreamDescriptionSummary"]
        self.stream_arn = summary["StreamARN"]
        kinesis.increase_stream_retention_period(StreamName="shop-cdc", RetentionPeriodHours=168)
        _, self.queue_arn = self.cloud.make_queue("given-up")
        self.make_function()

    def make_function(self):
        trust = policy("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
        role = self.cloud.client("iam").create_role(RoleName="shop", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as packed:
            packed.writestr("bootstrap", "#!/bin/sh\n")
        variables = {"SLUICE_TO": "redshift:shop/dev", "SLUICE_QUARANTINE": "s3://shop-state", "SLUICE_FRAGMENTS": "s3://shop-state"}
        self.function.create_function(FunctionName="shop", Runtime="provided.al2023", Role=role, Handler="bootstrap",
                                      Code={"ZipFile": package.getvalue()}, Timeout=60, MemorySize=256,
                                      Environment={"Variables": variables})

    def user(self, actions):
        """The keys of a user who may do this and nothing else."""
        iam = self.cloud.client("iam")
        name = f"watcher-{len(actions)}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="look", PolicyDocument=policy(actions, Resource="*"))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def probe(self, keys, *words):
        environment = {**os.environ, **keys, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.cloud.url}
        return subprocess.run([GIVEN.sluice, "probe", "lambda", *words], env=environment, capture_output=True, text=True,
                              timeout=60, check=False)

    def findings(self, keys):
        """The exit code, and what was found of the mapping: the danger and the first words of each."""
        done = self.probe(keys, "--function", "shop", "--json")
        self.assertEqual(done.stderr, "")
        looked_at = json.loads(done.stdout)["looked_at"]
        self.assertEqual(looked_at[0]["findings"], [], "of the function itself")
        return done.returncode, [(one["danger"], one["what"]) for item in looked_at[1:] for one in item["findings"]]

    def test_a_mapping_as_it_is_by_default_and_as_it_should_be(self):
        keys = self.user(RIGHTS)
        none = self.probe(keys, "--function", "shop")
        self.assertEqual((none.returncode, none.stderr), (4, ""))
        self.assertIn("no stream feeds this function", none.stdout)

        made = self.function.create_event_source_mapping(EventSourceArn=self.stream_arn, FunctionName="shop",
                                                         StartingPosition="TRIM_HORIZON", BatchSize=100)
        code, found = self.findings(keys)
        self.assertEqual(code, 4)
        for danger, words in [("Loss", "ReportBatchItemFailures"), ("Loss", "OnFailure"), ("Stall", "no limit"),
                              ("Stall", "BisectBatchOnFunctionError"), ("Advice", "BatchSize is 100")]:
            self.assertEqual([one for one, what in found if words in what], [danger], f"{words} in {found}")
        self.assertEqual(len(found), 5, found)

        self.function.update_event_source_mapping(
            UUID=made["UUID"], FunctionName="shop", BatchSize=10000, MaximumBatchingWindowInSeconds=1, MaximumRetryAttempts=10,
            MaximumRecordAgeInSeconds=86400, BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": self.queue_arn}})
        self.assertEqual(self.findings(keys), (0, []))
        self.assertIn("well set", self.probe(keys, "--function", "shop").stdout)

        self.function.update_event_source_mapping(UUID=made["UUID"], FunctionName="shop",
                                                  FilterCriteria={"Filters": [{"Pattern": '{"data":{"op":["c"]}}'}]})
        code, found = self.findings(keys)
        self.assertEqual((code, [danger for danger, _ in found]), (4, ["Loss"]), found)

    def test_what_cannot_be_read_is_said(self):
        self.function.create_event_source_mapping(EventSourceArn=self.stream_arn, FunctionName="shop",
                                                  StartingPosition="TRIM_HORIZON")
        without_stream = self.probe(self.user(RIGHTS[:2]), "--function", "shop")
        self.assertEqual((without_stream.returncode, without_stream.stderr), (4, ""))
        self.assertIn("not known for how long it is kept", without_stream.stdout)
        self.assertIn("kinesis:DescribeStreamSummary", without_stream.stdout)
        without_lambda = self.probe(self.user(RIGHTS[2:]), "--function", "shop")
        self.assertEqual(without_lambda.returncode, 1)
        self.assertIn("lambda:GetFunctionConfiguration", without_lambda.stderr)
        nobody = self.probe(self.user(RIGHTS), "--function", "nobody")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("cannot read the function nobody", nobody.stderr)


if __name__ == "__main__":
    GIVEN, rest = PARSER.parse_known_args()
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)
