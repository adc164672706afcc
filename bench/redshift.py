#!/usr/bin/env python3
"""The Lander beside a plain Python consumer, against the same endpoint, whose statements take 150 ms whatever they hold.

  redshift.py --bench PROGRAM [--rows N]

The peer is what examples on the web do, made correct: boto3, a parameter per value, 40 rows a statement, NULL and empty
strings as literals, a look every 200 ms until the statement is FINISHED with the right count. Both begin with rows that
are decoded and keyed, and both are measured by their own process's CPU time.
"""

import argparse
import http.server
import json
import multiprocessing
import resource
import subprocess
import threading
import time
import uuid

import boto3

STATEMENT_S = 0.150
ROWS_A_STATEMENT = 40


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    statements = {}

    def log_message(self, *_):
        pass

    def do_POST(self):  # noqa: N802: the name is the library's
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] == "RedshiftData.ExecuteStatement":
            parameters = {one["name"]: one["value"] for one in request["Parameters"]}
            rows = len(json.loads(parameters["p"])) if "p" in parameters else request["Sql"].count("JSON_PARSE")
            made = (str(uuid.uuid4()), time.time(), rows)
            self.statements[made[0]] = made
            reply = {"Id": made[0], "Status": "SUBMITTED", "CreatedAt": made[1]}
        else:
            made = self.statements[request["Id"]]
            left = made[1] + STATEMENT_S - time.time()
            if left > 0:
                time.sleep(min(left, request.get("WaitTimeSeconds", 0)))
            done = made[1] + STATEMENT_S <= time.time()
            reply = {"Id": made[0], "Status": "FINISHED" if done else "STARTED", "ResultRows": made[2] if done else -1}
        body = json.dumps(reply).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(ready):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    threading.Thread(target=ready.put, args=(server.server_address[1],)).start()
    server.serve_forever()


def order(n):
    image = {"id": n, "customer_id": n % 1000, "status": "shipped", "total": "129.90", "placed_at": int(f"17900000{n:08}"),
             "note": "left at the door"}
    return {"schema": "public", "table": "orders", "op": "u" if n % 3 == 0 else "c", "key": str(n), "image": image,
            "ts": 1_790_000_000_000_000_000 + n, "tx": f"mzq4tavk2ro7dnw5xhge{n // 4:06}", "shard": "shardId-000000000000",
            "sequence": f"4965{n:052}"}


CASTS = (("schema", "varchar(128)"), ("table", "varchar(128)"), ("op", "varchar(10)"), ("key", "varchar(2048)"),
         ("image", None), ("ts", "bigint"), ("tx", "varchar(64)"), ("shard", "varchar(128)"), ("sequence", "varchar(128)"))


# 200 parameters, so of nine values those that differ by row are bound and the rest is shared.
def statement_of(rows):
    parameters, known, tuples = [], {}, []
    for row in rows:
        cells = []
        for name, cast in CASTS:
            value = json.dumps(row[name]) if cast is None else str(row[name])
            if value == "":
                cells.append(f"''::{cast}")
                continue
            if value not in known:
                known[value] = f"p{len(parameters)}x"
                parameters.append({"name": known[value], "value": value})
            bound = ":" + known[value]
            cells.append(f"JSON_PARSE({bound})" if cast is None else f"{bound}::{cast}")
        tuples.append("(" + ", ".join(cells) + ")")
    sql = ("INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, commit_ts_ns, tx_id, "
           "shard_id, sequence_number) VALUES " + ", ".join(tuples))
    return sql, parameters


def plain_consumer(url, count, answer):
    client = boto3.client("redshift-data", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE",
                          aws_secret_access_key="not-a-secret")
    rows = [order(n) for n in range(count)]
    before, started, statements = resource.getrusage(resource.RUSAGE_SELF), time.monotonic(), 0
    for at in range(0, count, ROWS_A_STATEMENT):
        part = rows[at:at + ROWS_A_STATEMENT]
        sql, parameters = statement_of(part)
        made = client.execute_statement(Sql=sql, Parameters=parameters, WorkgroupName="shop", Database="dev")
        statements += 1
        while True:
            time.sleep(0.2)
            state = client.describe_statement(Id=made["Id"])
            if state["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                break
        assert state["Status"] == "FINISHED" and state["ResultRows"] == len(part), state
    after = resource.getrusage(resource.RUSAGE_SELF)
    answer.put({"rows": count, "seconds": time.monotonic() - started, "statements": statements,
                "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="the program redshift_bench")
    parser.add_argument("--rows", type=int, default=20_000, help="of the Lander; the peer takes a tenth")
    options = parser.parse_args()
    ready, answer = multiprocessing.Queue(), multiprocessing.Queue()
    endpoint = multiprocessing.Process(target=serve, args=(ready,), daemon=True)
    endpoint.start()
    url = f"http://127.0.0.1:{ready.get()}"
    peer_process = multiprocessing.Process(target=plain_consumer, args=(url, max(options.rows // 10, 400), answer))
    peer_process.start()
    peer = answer.get()
    peer_process.join()
    ours = json.loads(subprocess.run([options.bench, url, str(options.rows)], check=True, capture_output=True).stdout)
    endpoint.terminate()
    print(f"{'':24}{'plain Python':>14}{'Lander':>12}{'ratio':>9}")
    for name, of in (("CPU, us a row", lambda run: run["cpu_seconds"] / run["rows"] * 1e6),
                     ("rows a second", lambda run: run["rows"] / run["seconds"]),
                     ("statements, 1,000 rows", lambda run: run["statements"] / run["rows"] * 1000)):
        ratio = of(ours) / of(peer) if "second" in name else of(peer) / of(ours)
        print(f"{name:24}{of(peer):14,.1f}{of(ours):12,.1f}{ratio:9,.1f}")


if __name__ == "__main__":
    main()
