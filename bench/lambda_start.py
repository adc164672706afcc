"""Measures the packed Lambda function beside a plain Python one: from exec to the first answer, and peak memory for a full
batch of 6 MB. Both talk to the same sandbox and to the same stub of the Data API, which finishes every statement at once.

  bench/lambda_start.py --zip build/sluice-lambda-x86_64.zip [--runs 10]

The Python peer loads no SDK: http.client and json are all that it imports, so it is a floor for functions in Python.
"""

import argparse
import base64
import http.server
import json
import os
import pathlib
import statistics
import stat
import sys
import tempfile
import threading
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "lambda"))
from sandbox import Sandbox  # noqa: E402

PEER = '''#!/usr/bin/python3
import base64, http.client, json, os
runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api = http.client.HTTPConnection(os.environ["PEER_DATA_API"])
def call(operation, body):
    api.request("POST", "/", json.dumps(body), {"X-Amz-Target": "RedshiftData." + operation})
    return json.loads(api.getresponse().read())
while True:
    runtime.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = runtime.getresponse()
    event = json.loads(reply.read())
    rows = []
    for record in event["Records"]:
        change = json.loads(base64.b64decode(record["kinesis"]["data"]))
        image = change["after"] or change["before"]
        rows.append({"t": change["source"]["table"], "op": change["op"], "id": str(image["id"]),
                     "n": change["source"]["ts_ns"], "d": json.dumps(image)})
    for start in range(0, len(rows), 40):
        parameters = [{"name": key + str(number), "value": str(value)}
                      for number, row in enumerate(rows[start:start + 40]) for key, value in row.items()]
        made = call("ExecuteStatement", {"Sql": "INSERT", "Parameters": parameters, "Rows": len(rows[start:start + 40])})
        while call("DescribeStatement", {"Id": made["Id"]})["Status"] != "FINISHED":
            pass
    runtime.request("POST", "/2018-06-01/runtime/invocation/%s/response" % reply.getheader("Lambda-Runtime-Aws-Request-Id"),
                    json.dumps({"batchItemFailures": []}))
    runtime.getresponse().read()
'''


class DataApi(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    rows = {}

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"].endswith("ExecuteStatement"):
            count = body.get("Rows") or len(json.loads(body["Parameters"][0]["value"]))
            name = f"s-{len(self.rows)}"
            self.rows[name] = count
            reply = {"Id": name, "Status": "SUBMITTED", "CreatedAt": time.time()}
        else:
            reply = {"Id": body["Id"], "Status": "FINISHED", "ResultRows": self.rows[body["Id"]]}
        text = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()


def batch(most_bytes):
    records, size, number = [], 0, 0
    while True:
        number += 1
        change = {"type": "full", "op": "u", "before": None,
                  "after": {"id": number, "customer": number * 7, "note": "a line of text that says little " * 8,
                            "total": "12.50"}, "ts_ms": 1, "ts_ns": 1,
                  "source": {"version": "1.0", "schema": "public", "table": "orders", "txId": f"t{number}",
                             "ts_ms": 1764000000000, "ts_ns": 1764000000000000000 + number}}
        record = {"eventSource": "aws:kinesis", "eventID": f"shardId-000000000000:{number}",
                  "eventSourceARN": "arn:aws:kinesis:us-east-1:1:stream/shop-cdc",
                  "kinesis": {"sequenceNumber": str(number), "partitionKey": "k",
                              "data": base64.b64encode(json.dumps(change).encode()).decode()}}
        size += len(json.dumps(record)) + 2
        if size > most_bytes or len(records) == 10000:
            return len(records), json.dumps({"Records": records}).encode()
        records.append(record)


def measure(zip_path, environment, small, full, runs):
    starts, peak, seconds = [], 0, 0
    for run in range(runs):
        sandbox = Sandbox(zip_path, environment)
        sandbox.put(small)
        begin = time.monotonic()
        sandbox.start()
        answered, path, _, body = sandbox.answer()
        assert path.endswith("/response") and json.loads(body) == {"batchItemFailures": []}, (path, body, sandbox.output())
        starts.append((answered - begin) * 1000)
        if run == runs - 1:
            sandbox.put(full, 120)
            begin = time.monotonic()
            answered, path, _, body = sandbox.answer(180)
            seconds = answered - begin
            assert json.loads(body) == {"batchItemFailures": []}, (path, body, sandbox.output())
            peak = sandbox.peak_kib() / 1024
        sandbox.close()
    return statistics.median(starts), peak, seconds


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--zip", required=True)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), DataApi)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    _, small = batch(5000)
    count, full = batch(6_000_000)
    with tempfile.TemporaryDirectory() as folder:
        peer = pathlib.Path(folder) / "peer.zip"
        with zipfile.ZipFile(peer, "w") as packed:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            packed.writestr(entry, PEER)
        ours = measure(options.zip, {"SLUICE_TO": "redshift:shop/dev", "SLUICE_ENDPOINT_URL": f"http://{address}",
                                     "SLUICE_REDSHIFT_CALLS_PER_SECOND": "100"}, small, full, options.runs)
        theirs = measure(peer, {"PEER_DATA_API": address}, small, full, options.runs)
    print(f"zip                               {os.path.getsize(options.zip) / (1 << 20):8.1f} MiB")
    for name, one, other, unit in (("exec to first answer, median", ours[0], theirs[0], "ms"),
                                   (f"peak memory, {count} records in 6 MB", ours[1], theirs[1], "MiB"),
                                   ("the same batch, answered after", ours[2] * 1000, theirs[2] * 1000, "ms")):
        print(f"{name:34}{one:8.1f} {unit:4} Python {other:8.1f} {unit:4} ratio {other / one:6.1f}")


if __name__ == "__main__":
    main()
