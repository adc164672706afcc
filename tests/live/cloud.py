"""MiniStack as the AWS of a test: S3 and SQS (and, for ministack_test.py, Kinesis and Lambda) on a port of loopback.

It checks every signature, and with it the secret and the rights, as AWS does (AUTH=true); but not those of its root, so that
whoever calls it is a user. MiniStack hands the variables of its own process to the functions that it runs, so those that say
where AWS is are kept from it.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "000000000000"
# Of its root, and for emulators that check nothing.
ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


def version(name):
    return re.search(rf"^{name}=(.+)$", (ROOT / "versions.env").read_text(encoding="utf-8"), re.MULTILINE).group(1)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def client(service, url, credentials=None):
    keys = credentials or ROOT_CREDENTIALS
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"])


def wait_for(what, check, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"in vain for {seconds} s: {what}")


class Cloud:
    def __init__(self):
        program = ROOT / ".deps" / f"ministack-{version('MINISTACK_VERSION')}" / "bin" / "ministack"
        if not program.exists():
            raise SystemExit(f"MiniStack is not in {program}. Run scripts/setup --for test.")
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-cloud-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(ROOT_CREDENTIALS, GATEWAY_PORT=str(port), AWS_DEFAULT_REGION=REGION, AUTH="true", TMPDIR=self.folder.name)
        self.process = subprocess.Popen([program], env=environment, cwd=self.folder.name, stdout=self.log, stderr=self.log)
        wait_for("MiniStack", self.answers)
        self.credentials = self.make_user("test", ["*"])

    def make_user(self, name, actions):
        """The credentials of a new user who may do this."""
        iam = client("iam", self.url)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}

    def answers(self):
        try:
            urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2).read()
            return True
        except OSError:
            if self.process.poll() is not None:
                raise AssertionError(f"MiniStack ended: {self.said()}") from None
            return False

    def client(self, service):
        return client(service, self.url, self.credentials)

    def make_queue(self, name, hidden_s=30):
        """Its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(hidden_s)})["QueueUrl"]
        url = f"{self.url}/{url.split('/', 3)[3]}"
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def keys(self, bucket, prefix):
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def lines(self, bucket, prefix):
        """The lines of all objects, each as its JSON."""
        s3 = self.client("s3")
        texts = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in self.keys(bucket, prefix)]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as text:
            return text.read()[-6000:]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()
