#!/usr/bin/env python3
"""A Redshift Data API on loopback that runs SQL on PostgreSQL. See README.md.

    server.py --dsn DSN [--port N] [--s3-folder DIR] [--rules FILE] [--set NAME=VALUE ...]

Prints its address when it listens. Stops on SIGTERM.
"""

import argparse
import base64
import datetime
import decimal
import email.utils
import http.server
import json
import pathlib
import random
import re
import signal
import sys
import threading
import time
import urllib.parse
import uuid

from engine import Engine, Statement
from translate import Unknown, placeholders

SETTINGS = {
    "statement_ms": 0,  # how long every statement takes beyond its own time
    "queue_ms": 0,
    "max_statement_bytes": 100_000,
    "values_count": True,  # whether parameters count toward that
    "max_parameters": 200,
    "max_active": 500,
    "max_waiters": 20,  # with WaitTimeSeconds on one statement
    "string_bytes": 65_535,
    "super_bytes": 1_000_000,
    "knows_wait": True,
    "token_hours": 8.0,
    "token_conflict": "refuse",  # the same token with other SQL: refuse, or replay
    "page_rows": 1000,
    "workgroups": "",  # names that exist, separated by commas; empty: any
    "databases": "",
}
COMMON = {"WorkgroupName", "ClusterIdentifier", "Database", "DbUser", "SecretArn", "ClientToken", "StatementName",
          "WithEvent", "ResultFormat", "SessionId", "SessionKeepAliveSeconds", "WaitTimeSeconds", "Parameters"}
MEMBERS = {
    "ExecuteStatement": ({"Sql"}, COMMON | {"Sql"}),
    "BatchExecuteStatement": ({"Sqls"}, COMMON | {"Sqls", "ExecutionMode"}),
    "DescribeStatement": ({"Id"}, {"Id", "WaitTimeSeconds"}),
    "CancelStatement": ({"Id"}, {"Id"}),
    "GetStatementResult": ({"Id"}, {"Id", "NextToken", "WaitTimeSeconds"}),
    "GetStatementResultV2": ({"Id"}, {"Id", "NextToken", "WaitTimeSeconds"}),
    "ListStatements": (set(), {"Status", "StatementName", "RoleLevel", "MaxResults", "NextToken", "WorkgroupName",
                               "ClusterIdentifier", "Database"}),
}
STATUS_OF = {"ResourceNotFoundException": 404, "ExecuteStatementException": 500, "BatchExecuteStatementException": 500,
             "DatabaseConnectionException": 500, "InternalServerException": 500}
BYTES = 17  # PostgreSQL's number of bytea


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Lost(Exception):
    """The connection is closed without an answer."""


def invalid(message):
    return Refused("ValidationException", message)


class Service:
    """The operations. Threads: any."""

    def __init__(self, dsn, settings, s3, rules):
        self.settings = settings
        self.objects, self.puts = {}, 0
        self.engine = Engine(dsn, settings, s3 or self.objects.get)
        self.lock = threading.Lock()
        self.rules = rules
        self.random = None
        self.calls = {}
        self.log = []

    # A rule: {"operation": NAME, "match": REGEX of the SQL, "skip": N, "times": N, and what to do:
    # "error": CODE and "message", "lose": "request" or "reply", or for the statement that is accepted "fail": WORDS,
    # "abort": true, "hang": true, "rows": N, "delay_ms": N}.
    def rule_for(self, operation, sql):
        with self.lock:
            for rule in self.rules:
                if rule.get("operation", operation) != operation or not re.search(rule.get("match", ""), sql):
                    continue
                if rule.get("skip", 0) > 0:
                    rule["skip"] -= 1
                    continue
                if rule.get("times", 1) <= 0:
                    continue
                rule["times"] = rule.get("times", 1) - 1
                return rule
            return self.random_rule(operation) if self.random else {}

    def random_rule(self, operation):
        if self.random.randrange(self.one_in) != 0:
            return {}
        calls = [{"error": "ThrottlingException"}, {"error": "InternalServerException"}, {"lose": "request"}, {"lose": "reply"}]
        if operation == "DescribeStatement":
            calls.append({"error": "ActiveWaitingRequestsExceededException"})
        if operation == "ExecuteStatement":
            calls += [{"error": "ActiveStatementsExceededException"}, {"error": "ExecuteStatementException"}, {"abort": True},
                      {"fail": "ERROR: 1023 DETAIL: Serializable isolation violation on table"}, {"rows": -1}, {"delay_ms": 900}]
        return self.random.choice(calls)

    def control(self, request):
        with self.lock:
            self.rules = request.get("rules", self.rules)
            for name, value in request.get("settings", {}).items():
                if name not in SETTINGS:
                    raise invalid(f"no setting {name}")
                self.settings[name] = value
            self.engine.make_principals(request.get("principals", []))
            if "random" in request:
                chosen = request["random"]
                self.random = random.Random(chosen["seed"]) if chosen else None
                self.one_in = chosen["one_in"] if chosen else 0
            if request.get("forget"):
                self.log, self.calls = [], {}
        return {"calls": self.calls, "sql": self.log, "active": self.engine.active(), "settings": self.settings,
                "objects": sorted(self.objects), "puts": self.puts}

    def call(self, operation, request):
        if operation not in MEMBERS:
            raise Refused("UnknownOperationException", "")
        self.calls[operation] = self.calls.get(operation, 0) + 1
        required, known = MEMBERS[operation]
        for name in request:
            if name not in known or (name == "WaitTimeSeconds" and not self.settings["knows_wait"]):
                raise invalid(f"Unknown parameter in input: {name}")
        for name in required:
            if not request.get(name):
                raise invalid(f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: "
                              "Member must not be null")
        wait = request.get("WaitTimeSeconds")
        if wait is not None and not (isinstance(wait, int) and 1 <= wait <= 30):
            raise invalid("WaitTimeSeconds must be from 1 to 30")
        sql = request.get("Sql") or ";".join(request.get("Sqls", []))
        rule = self.rule_for(operation, sql)
        if rule.get("error"):
            raise Refused(rule["error"], rule.get("message", "as told by a rule"))
        if rule.get("lose") == "request":
            raise Lost
        reply = getattr(self, re.sub(r"(?<!^)(?=[A-Z][a-z]|V2)", "_", operation).lower())(request, rule)
        if rule.get("lose") == "reply":
            raise Lost
        return reply

    def find(self, statement_id):
        found = self.engine.statements.get(statement_id.split(":")[0])
        if found is None:
            raise Refused("ResourceNotFoundException", "Query does not exist.")
        if ":" in statement_id:
            return found.subs[int(statement_id.split(":")[1]) - 1]
        return found

    def check_place(self, request):
        workgroup, cluster, session = (request.get(name) for name in ("WorkgroupName", "ClusterIdentifier", "SessionId"))
        if session:
            if workgroup or cluster or request.get("Database") or request.get("DbUser"):
                raise invalid("With SessionId no WorkgroupName, ClusterIdentifier, Database or DbUser may be given.")
            if session not in self.engine.sessions:
                raise invalid(f"Session with Id: {session} is invalid")
            if self.engine.sessions[session].closes and self.engine.sessions[session].closes < time.time():
                raise invalid("Session is not available")
            return
        if bool(workgroup) == bool(cluster):
            raise invalid("Give either WorkgroupName or ClusterIdentifier.")
        if not request.get("Database"):
            raise invalid("Database must be given.")
        if workgroup and request.get("DbUser"):
            raise invalid("DbUser is for clusters.")
        for name, member in (("workgroups", "WorkgroupName"), ("databases", "Database")):
            if self.settings[name] and request.get(member) and request[member] not in self.settings[name].split(","):
                raise invalid(f"Redshift endpoint doesn't exist in this region: {request[member]}")

    def check_parameters(self, sqls, parameters):
        values = {}
        for parameter in parameters:
            name, value = parameter.get("name", ""), parameter.get("value")
            if not re.fullmatch(r"[0-9a-zA-Z_]+", name):
                raise invalid(f"Parameter name {name!r} is invalid")
            if not isinstance(value, str) or not value:
                raise invalid("1 validation error detected: Value at 'parameters.value' failed to satisfy constraint: Member "
                              "must have length greater than or equal to 1")
            if name in values:
                raise invalid(f"Parameter {name} is given twice")
            values[name] = value
        if len(values) > self.settings["max_parameters"]:
            raise invalid(f"Number of parameters in statement exceeds maximum allowed ({self.settings['max_parameters']})")
        size = max(len(sql.encode()) for sql in sqls)
        if self.settings["values_count"]:
            size += sum(len(name) + len(value.encode()) for name, value in values.items())
        if size > self.settings["max_statement_bytes"]:
            raise invalid(f"Cannot process query string larger than {self.settings['max_statement_bytes'] // 1000}kB")
        used = set()
        for sql in sqls:
            try:
                used |= placeholders(sql)
            except Unknown:
                if values:
                    raise invalid("the stand-in cannot find the parameters in SQL that it cannot parse") from None
        if unused := sorted(set(values) - used):
            raise invalid(f"Parameters list contains unused parameters. Unused parameters: [{', '.join(unused)}]")
        if missing := sorted(used - set(values)):
            raise invalid(f"Parameters list does not contain: [{', '.join(missing)}]")
        return values

    def submit(self, request, rule, sqls, batch):
        self.check_place(request)
        values = self.check_parameters(sqls, request.get("Parameters", []))
        token = request.get("ClientToken", "")
        if len(token) > 64:
            raise invalid("ClientToken must have length less than or equal to 64")
        with self.lock:
            statement = self.replayed(token, sqls, values)
            if statement is None:
                if self.engine.active() >= self.settings["max_active"]:
                    raise Refused("ActiveStatementsExceededException",
                                  f"Active statements exceeded the allowed quota ({self.settings['max_active']})")
                self.log.extend(sqls)
                session = request.get("SessionId", "")
                if session and any(one.session == session and not one.is_final()
                                   for one in self.engine.statements.values()):
                    raise Refused("ActiveStatementsExceededException", "The session runs another statement.")
                statement = Statement(
                    id=str(uuid.uuid4()), sqls=sqls, parameters=values, batch=batch, session=session, rule=rule,
                    mode=request.get("ExecutionMode", "TRANSACTION"),
                    place={name: request[name] for name in ("WorkgroupName", "ClusterIdentifier", "Database", "DbUser",
                                                            "SecretArn") if name in request})
                self.engine.submit(statement, token, request.get("SessionKeepAliveSeconds"))
                keep_alive = request.get("SessionKeepAliveSeconds")
                if keep_alive is not None and statement.session:
                    self.engine.sessions[statement.session].closes = time.time() + keep_alive
        self.wait(statement, request.get("WaitTimeSeconds"))
        reply = {"Id": statement.id, "CreatedAt": statement.created, "Status": statement.status, **statement.place}
        if statement.session:
            reply["SessionId"] = statement.session
        return reply

    def replayed(self, token, sqls, values):
        known = self.engine.tokens.get(token) if token else None
        if known is None or known[1] < time.time() - self.settings["token_hours"] * 3600:
            return None
        statement = self.engine.statements[known[0]]
        if (statement.sqls, statement.parameters) != (sqls, values) and self.settings["token_conflict"] == "refuse":
            raise invalid("ClientToken was used with other parameters")
        return statement

    def wait(self, statement, seconds):
        if not seconds:
            return
        with self.lock:
            if statement.waiters >= self.settings["max_waiters"]:
                raise Refused("ActiveWaitingRequestsExceededException", "Too many requests wait for this statement.")
            statement.waiters += 1
        try:
            self.engine.wait(statement, seconds)
        finally:
            with self.lock:
                statement.waiters -= 1

    def execute_statement(self, request, rule):
        return self.submit(request, rule, [request["Sql"]], False)

    def batch_execute_statement(self, request, rule):
        if len(request["Sqls"]) > 40:
            raise invalid("Sqls must have length less than or equal to 40")
        if request.get("ExecutionMode", "TRANSACTION") not in ("TRANSACTION", "AUTO_COMMIT"):
            raise invalid("ExecutionMode is TRANSACTION or AUTO_COMMIT")
        return self.submit(request, rule, request["Sqls"], True)

    def describe_statement(self, request, _):
        statement = self.find(request["Id"])
        self.wait(statement, request.get("WaitTimeSeconds"))
        reply = {"Id": statement.id, "Status": statement.status, "CreatedAt": statement.created,
                 "UpdatedAt": statement.updated, "HasResultSet": statement.result is not None,
                 "ResultRows": statement.rows if statement.status == "FINISHED" else -1,
                 "Duration": int((statement.updated - statement.started) * 1e9) if statement.started else -1,
                 "QueryString": ";".join(statement.sqls), "RedshiftPid": 0, "RedshiftQueryId": 0, **statement.place}
        if statement.parameters:
            reply["QueryParameters"] = [{"name": name, "value": value} for name, value in statement.parameters.items()]
        if statement.error:
            reply["Error"] = statement.error
        if statement.session:
            reply["SessionId"] = statement.session
        if statement.batch:
            reply["ExecutionMode"] = statement.mode
            reply["SubStatements"] = [
                {"Id": sub.id, "Status": sub.status, "QueryString": sub.sqls[0], "HasResultSet": sub.result is not None,
                 "ResultRows": sub.rows, "CreatedAt": statement.created, "UpdatedAt": statement.updated,
                 **({"Error": sub.error} if sub.error else {})} for sub in statement.subs]
        return reply

    def cancel_statement(self, request, _):
        if not self.engine.cancel(self.find(request["Id"])):
            raise invalid("Could not cancel a query that is already in FINISHED, FAILED or ABORTED state.")
        return {"Status": True}

    def page(self, request):
        statement = self.find(request["Id"])
        self.wait(statement, request.get("WaitTimeSeconds") if isinstance(statement, Statement) else None)
        if statement.result is None:
            raise Refused("ResourceNotFoundException", "Query does not have result. Please check query status with "
                                                       "DescribeStatement.")
        start = int(request.get("NextToken") or 0)
        rows = statement.result[start:start + self.settings["page_rows"]]
        more = start + len(rows) < len(statement.result)
        reply = {"ColumnMetadata": [{"name": name, "label": name, "nullable": 1} for name, _ in statement.columns],
                 "TotalNumRows": len(statement.result)}
        if more:
            reply["NextToken"] = str(start + len(rows))
        return rows, reply

    def get_statement_result(self, request, _):
        rows, reply = self.page(request)
        return {"Records": [[cell(value) for value in row] for row in rows], **reply}

    def get_statement_result_v2(self, request, _):
        rows, reply = self.page(request)
        lines = "".join(",".join("" if value is None else '"' + str(value).replace('"', '""') + '"' for value in row) + "\r\n"
                        for row in rows)
        return {"Records": [{"CSVRecords": lines}], "ResultFormat": "CSV", **reply}

    def list_statements(self, request, _):
        found = [one for one in self.engine.statements.values()
                 if request.get("Status", "ALL") in ("ALL", one.status)]
        found.sort(key=lambda one: -one.created)
        return {"Statements": [{"Id": one.id, "Status": one.status, "CreatedAt": one.created, "UpdatedAt": one.updated,
                                "QueryString": ";".join(one.sqls)} for one in found[:request.get("MaxResults") or 100]]}


def cell(value):
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (bytes, memoryview)):
        return {"blobValue": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime.datetime):
        return {"stringValue": value.isoformat(" ")}
    if isinstance(value, (decimal.Decimal, datetime.date, datetime.time)):
        return {"stringValue": str(value)}
    return {"stringValue": str(value)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, code=None):
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(usegmt=True))
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if code:
            self.send_header("x-amzn-errortype", code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):  # noqa: N802: the name is the library's
        service = self.server.service
        try:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(body)
            if self.path == "/_control":
                return self.answer(200, service.control(request))
            prefix, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
            if prefix != "RedshiftData" or self.headers.get("Content-Type") != "application/x-amz-json-1.1":
                raise Refused("UnknownOperationException", "not the Data API's protocol")
            if "/redshift-data/aws4_request" not in self.headers.get("Authorization", ""):
                raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
            return self.answer(200, service.call(operation, request))
        except Lost:
            self.close_connection = True
            return self.connection.close()
        except Refused as refused:
            return self.answer(STATUS_OF.get(refused.code, 400), {"__type": refused.code, "Message": str(refused)},
                               refused.code)
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(400, {"__type": "SerializationException", "Message": str(error)}, "SerializationException")


    # A little of S3, for the files of COPY: objects by path, kept in memory.

    def object(self, method):
        service, body = self.server.service, b""
        bucket, _, key = urllib.parse.unquote(self.path.partition("?")[0]).lstrip("/").partition("/")
        if "/s3/aws4_request" not in self.headers.get("Authorization", ""):
            return self.answer(403, {}, "AccessDenied")
        if not key:
            return self.list_objects(bucket)
        url = f"s3://{bucket}/{key}"
        if method == "PUT":
            service.objects[url] = self.rfile.read(int(self.headers["Content-Length"]))
            service.puts += 1
        elif method == "DELETE":
            service.objects.pop(url, None)
        elif url not in service.objects:
            return self.answer(404, {}, "NoSuchKey")
        else:
            body = service.objects[url]
        self.send_response_only(204 if method == "DELETE" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.wfile.write(body)

    # All in one page.
    def list_objects(self, bucket):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        start = f"s3://{bucket}/" + asked.get("prefix", [""])[0]
        after = f"s3://{bucket}/" + asked.get("start-after", [""])[0]
        found = "".join(
            f"<Contents><Key>{urllib.parse.quote(url[len(f's3://{bucket}/'):])}</Key><Size>{len(body)}</Size>"
            "<LastModified>2026-01-02T03:04:05.678Z</LastModified></Contents>"
            for url, body in sorted(self.server.service.objects.items()) if url.startswith(start) and url > after)
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.wfile.write(body)

    def do_PUT(self):  # noqa: N802
        self.object("PUT")

    def do_GET(self):  # noqa: N802
        self.object("GET")

    def do_DELETE(self):  # noqa: N802
        self.object("DELETE")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # A client that a test kills takes its connections with it.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def folder_as_s3(folder):
    def fetch(url):
        parts = urllib.parse.urlsplit(url)
        path = pathlib.Path(folder, parts.netloc, parts.path.lstrip("/"))
        return path.read_bytes() if path.is_file() else None
    return fetch


def endpoint_as_s3(endpoint):
    import boto3  # only where an emulator of S3 is used
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")  # with the environment's credentials

    def fetch(url):
        parts = urllib.parse.urlsplit(url)
        try:
            return client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
        except client.exceptions.ClientError:
            return None
    return fetch


def start(dsn, port=0, s3=None, rules=(), **settings):
    """The running server; its address is `url`. For tests that want it in their own process."""
    chosen = {**SETTINGS, **settings}
    server = Server(("127.0.0.1", port), Handler)
    server.service = Service(dsn, chosen, s3, list(rules))
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--s3-folder")
    parser.add_argument("--s3-endpoint")
    parser.add_argument("--rules", help="a JSON file with a list of rules")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = {}
    for one in options.set:
        name, _, value = one.partition("=")
        if name not in SETTINGS:
            parser.error(f"no setting {name}; there are {', '.join(SETTINGS)}")
        settings[name] = type(SETTINGS[name])(json.loads(value) if not isinstance(SETTINGS[name], str) else value)
    s3 = folder_as_s3(options.s3_folder) if options.s3_folder else None
    if options.s3_endpoint:
        s3 = endpoint_as_s3(options.s3_endpoint)
    rules = json.loads(pathlib.Path(options.rules).read_text(encoding="utf-8")) if options.rules else []
    server = start(options.dsn, options.port, s3, rules, **settings)
    print(server.url, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
