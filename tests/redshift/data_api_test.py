#!/usr/bin/env python3
"""AWS's own client (boto3) speaks to the stand-in, so that the protocol is the protocol and not our idea of it."""

import json
import os
import threading
import time
import unittest
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

import server

DSN = os.environ["SLUICE_TEST_DSN"]
PLACE = {"WorkgroupName": "shop", "Database": "dev"}
PACKED = ("INSERT INTO t (k, n, d) SELECT r.k::varchar(20), r.n::bigint, r.d "
          "FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r")


class DataApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.start(DSN)
        cls.api = boto3.client("redshift-data", endpoint_url=cls.server.url, region_name="us-east-1",
                               aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="not-a-secret",
                               config=botocore.config.Config(retries={"max_attempts": 1}))

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.control(rules=[], settings=server.SETTINGS, random=None, forget=True)
        self.sql("DROP TABLE IF EXISTS t")
        self.sql("CREATE TABLE t (id BIGINT IDENTITY(1, 1), k VARCHAR(20) NOT NULL, n BIGINT, d SUPER) DISTKEY(k)")

    def control(self, **request):
        call = urllib.request.Request(self.server.url + "/_control", json.dumps(request).encode(), method="POST")
        with urllib.request.urlopen(call) as reply:
            return json.load(reply)

    def run_sql(self, sql, parameters=None, **more):
        if parameters:
            more["Parameters"] = [{"name": name, "value": value} for name, value in parameters.items()]
        made = self.api.execute_statement(Sql=sql, WaitTimeSeconds=30, **{**PLACE, **more})
        return self.api.describe_statement(Id=made["Id"])

    def sql(self, sql, parameters=None):
        state = self.run_sql(sql, parameters)
        self.assertEqual(state["Status"], "FINISHED", state.get("Error"))
        return state

    def fails(self, sql, parameters=None):
        state = self.run_sql(sql, parameters)
        self.assertEqual(state["Status"], "FAILED", sql)
        return state["Error"]

    def rows(self, sql, parameters=None):
        page = self.api.get_statement_result(Id=self.sql(sql, parameters)["Id"])
        return [[next(iter(cell.values())) if "isNull" not in cell else None for cell in row] for row in page["Records"]]

    def insert(self, text):
        return self.run_sql(PACKED, {"p": text})

    def refused(self, code, call, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            call(**arguments)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)
        return raised.exception.response["Error"]["Message"]

    # The protocol.

    def test_a_packed_insert_counts_its_rows_and_super_comes_back(self):
        state = self.insert('[{"k":"a","n":1,"d":{"x":[1,{"y":"z"}],"big":12345678901234567890123456789012345678}},'
                            '{"k":"","n":null,"d":null}]')
        self.assertEqual((state["Status"], state["ResultRows"]), ("FINISHED", 2))
        self.assertEqual(self.rows("SELECT k, n, JSON_SERIALIZE(t.d) FROM t ORDER BY k DESC"),
                         [["a", 1, '{"x":[1,{"y":"z"}],"big":12345678901234567890123456789012345678}'], ["", None, "null"]])
        self.assertEqual(self.rows("SELECT t.d.x, t.d.big::varchar(40), t.d.none::bigint, t.d.x::varchar(10) FROM t "
                                   "WHERE k = 'a'")[0][1:], ["12345678901234567890123456789012345678", None, None])

    def test_statements_are_asynchronous_and_long_polling_waits_for_them(self):
        self.control(settings={"statement_ms": 700})
        made = self.api.execute_statement(Sql="SELECT 1", **PLACE)
        self.assertIn(made["Status"], ("SUBMITTED", "PICKED", "STARTED"))
        self.assertIn(self.api.describe_statement(Id=made["Id"])["Status"], ("SUBMITTED", "PICKED", "STARTED"))
        self.refused("ResourceNotFoundException", self.api.get_statement_result, Id=made["Id"])
        self.assertEqual(self.api.describe_statement(Id=made["Id"], WaitTimeSeconds=30)["Status"], "FINISHED")
        self.assertEqual(self.api.get_statement_result(Id=made["Id"])["Records"], [[{"longValue": 1}]])
        self.refused("ResourceNotFoundException", self.api.describe_statement, Id="00000000-0000-0000-0000-000000000000")

    def test_an_old_endpoint_does_not_know_long_polling(self):
        self.control(settings={"knows_wait": False})
        self.assertIn("WaitTimeSeconds", self.refused("ValidationException", self.api.execute_statement, Sql="SELECT 1",
                                                      WaitTimeSeconds=1, **PLACE))

    def test_too_many_waiters_are_told(self):
        self.control(settings={"statement_ms": 1500, "max_waiters": 1})
        made = self.api.execute_statement(Sql="SELECT 1", **PLACE)
        waiter = threading.Thread(target=self.api.describe_statement, kwargs={"Id": made["Id"], "WaitTimeSeconds": 5})
        waiter.start()
        for _ in range(50):
            if self.server.service.engine.statements[made["Id"]].waiters:
                break
            time.sleep(0.02)
        self.refused("ActiveWaitingRequestsExceededException", self.api.describe_statement, Id=made["Id"], WaitTimeSeconds=5)
        waiter.join()

    def test_the_same_token_runs_once(self):
        ids = {self.api.execute_statement(Sql="INSERT INTO t (k) VALUES ('a')", ClientToken="token-1", **PLACE)["Id"]
               for _ in range(3)}
        self.assertEqual(len(ids), 1)
        self.api.describe_statement(Id=ids.pop(), WaitTimeSeconds=30)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM t"), [[1]])
        self.refused("ValidationException", self.api.execute_statement, Sql="SELECT 2", ClientToken="token-1", **PLACE)

    def test_parameters_have_their_rules(self):
        execute = self.api.execute_statement
        one = [{"name": "a", "value": "1"}]
        self.assertEqual(self.rows("SELECT :a::varchar(20), ':a', ':: :b' -- :c\n", {"a": "it's \\ \n :b"}),
                         [["it's \\ \n :b", ":a", ":: :b"]])
        self.assertIn("Unused parameters: [b]", self.refused(
            "ValidationException", execute, Sql="SELECT :a", Parameters=one + [{"name": "b", "value": "2"}], **PLACE))
        self.refused("ValidationException", execute, Sql="SELECT :a, :b", Parameters=one, **PLACE)
        self.refused("ValidationException", execute, Sql="SELECT ':a'", Parameters=one, **PLACE)
        many = [{"name": f"p{i}", "value": "1"} for i in range(201)]
        self.assertIn("(200)", self.refused("ValidationException", execute, Parameters=many, **PLACE,
                                            Sql="SELECT " + ",".join(f":p{i}" for i in range(201))))
        self.assertIn("100kB", self.refused("ValidationException", execute, Sql="SELECT :a", **PLACE,
                                            Parameters=[{"name": "a", "value": "x" * 100_000}]))
        # boto3 itself refuses an empty value, so it is sent raw.
        status, code = self.raw("ExecuteStatement", {"Sql": "SELECT :a", "Parameters": [{"name": "a", "value": ""}], **PLACE})
        self.assertEqual((status, code), (400, "ValidationException"))

    def raw(self, operation, request):
        call = urllib.request.Request(self.server.url, json.dumps(request).encode(), method="POST", headers={
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RedshiftData." + operation,
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/redshift-data/aws4_request"})
        try:
            with urllib.request.urlopen(call) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["__type"]

    def test_what_is_not_in_the_model_is_refused(self):
        self.assertEqual(self.raw("ExecuteStatement", {"Sql": "SELECT 1", "Colour": "red", **PLACE})[1],
                         "ValidationException")
        self.assertEqual(self.raw("DropEverything", {})[1], "UnknownOperationException")
        self.refused("ValidationException", self.api.execute_statement, Sql="SELECT 1", Database="dev")
        self.refused("ValidationException", self.api.execute_statement, Sql="SELECT 1", ClusterIdentifier="c", **PLACE)

    def test_a_batch_is_all_or_nothing_or_each_alone(self):
        sqls = ["INSERT INTO t (k) VALUES (:a)", "INSERT INTO t (k) VALUES (NULL)", "INSERT INTO t (k) VALUES ('c')"]
        parameters = [{"name": "a", "value": "x"}]
        for mode, left, statuses in (("TRANSACTION", 0, ["FINISHED", "FAILED", "ABORTED"]),
                                     ("AUTO_COMMIT", 2, ["FINISHED", "FAILED", "FINISHED"])):
            made = self.api.batch_execute_statement(Sqls=sqls, Parameters=parameters, ExecutionMode=mode, **PLACE)
            state = self.api.describe_statement(Id=made["Id"], WaitTimeSeconds=30)
            self.assertEqual(state["Status"], "FAILED")
            self.assertEqual([sub["Status"] for sub in state["SubStatements"]], statuses)
            self.assertEqual(state["SubStatements"][0]["Id"], made["Id"] + ":1")
            self.assertEqual(self.rows("SELECT COUNT(*) FROM t"), [[left]])

    def test_a_session_keeps_what_was_set(self):
        first = self.api.execute_statement(Sql="SET enable_case_sensitive_identifier TO true", SessionKeepAliveSeconds=60,
                                           WaitTimeSeconds=30, **PLACE)
        self.insert('[{"k":"a","d":{"Name":"upper","name":"lower"}}]')
        query = 'SELECT t.d."Name"::varchar(9) FROM t'
        self.assertEqual(self.rows(query), [["lower"]])
        made = self.api.execute_statement(Sql=query, SessionId=first["SessionId"], WaitTimeSeconds=30)
        self.assertEqual(self.api.get_statement_result(Id=made["Id"])["Records"], [[{"stringValue": "upper"}]])
        self.assertIn("is invalid", self.refused("ValidationException", self.api.execute_statement, Sql="SELECT 1",
                                                 SessionId="00000000-0000-0000-0000-000000000000"))

    def test_results_come_in_pages(self):
        self.control(settings={"page_rows": 2})
        self.insert(json.dumps([{"k": str(i), "n": i} for i in range(5)]))
        found = self.sql("SELECT n FROM t ORDER BY n")["Id"]
        pages = list(self.api.get_paginator("get_statement_result").paginate(Id=found))
        self.assertEqual([len(page["Records"]) for page in pages], [2, 2, 1])
        self.assertEqual(pages[0]["TotalNumRows"], 5)
        csv = self.api.get_statement_result_v2(Id=found)
        self.assertEqual(csv["Records"], [{"CSVRecords": '"0"\r\n"1"\r\n'}])

    def test_a_statement_can_be_cancelled(self):
        self.control(rules=[{"match": "SELECT 7", "hang": True}])
        made = self.api.execute_statement(Sql="SELECT 7", **PLACE)
        self.assertTrue(self.api.cancel_statement(Id=made["Id"])["Status"])
        self.assertEqual(self.api.describe_statement(Id=made["Id"], WaitTimeSeconds=30)["Status"], "ABORTED")
        self.refused("ValidationException", self.api.cancel_statement, Id=made["Id"])

    def test_every_failure_comes_on_demand(self):
        for code in ("ThrottlingException", "ActiveStatementsExceededException", "ExecuteStatementException",
                     "InternalServerException", "DatabaseConnectionException", "QueryTimeoutException"):
            self.control(rules=[{"operation": "ExecuteStatement", "error": code, "times": 2}])
            self.refused(code, self.api.execute_statement, Sql="SELECT 1", **PLACE)
        self.control(rules=[{"match": "SELECT 2", "fail": "ERROR: Disk full"}])
        self.assertEqual(self.fails("SELECT 2"), "ERROR: Disk full")
        self.control(rules=[{"match": "INSERT", "rows": -1}])
        self.assertEqual(self.insert('[{"k":"a"}]')["ResultRows"], -1)
        self.control(rules=[{"match": "INSERT", "lose": "reply"}], settings={})
        made = self.api.execute_statement(Sql="INSERT INTO t (k) VALUES ('b')", ClientToken="lost", **PLACE)
        self.assertEqual(self.api.describe_statement(Id=made["Id"], WaitTimeSeconds=30)["ResultRows"], 1)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM t WHERE k = 'b'"), [[1]])

    # SUPER is strict on the way in and lax on the way out.

    def test_what_super_refuses_fails_the_whole_statement(self):
        for bad in ('{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"a":"\\u0000"}', '{"a":"\\ud83d"}', '{"a":"' + "x" * 65_536 + '"}',
                    '{"a":' + "9" * 39 + "}", "{a:1}"):
            state = self.insert('[{"k":"good","d":{}},{"k":"bad","d":' + bad + "}]")
            self.assertEqual(state["Status"], "FAILED", bad[:40])
            self.assertEqual(state["ResultRows"], -1)
        self.assertEqual(self.rows("SELECT COUNT(*) FROM t"), [[0]])
        self.assertIn("Invalid JSON", self.insert("[")["Error"])
        self.assertEqual(self.rows("SELECT CAN_JSON_PARSE('[1'), CAN_JSON_PARSE(''), CAN_JSON_PARSE('{}'), CAN_JSON_PARSE(NULL)"),
                         [[False, False, True, None]])

    def test_a_string_may_be_longer_where_that_is_enabled(self):
        self.assertEqual(self.rows("SELECT is_large_string_enabled()"), [[False]])
        self.control(settings={"string_bytes": 16_000_000, "max_statement_bytes": 200_000})
        self.assertEqual(self.insert('[{"k":"a","d":"' + "x" * 65_536 + '"}]')["Status"], "FINISHED")
        self.assertEqual(self.rows("SELECT is_large_string_enabled()"), [[True]])

    def test_a_cast_that_fails_gives_null_and_key_columns_refuse_it(self):
        self.assertIn("NULL value into column k", self.insert('[{"k":{"a":1},"n":1}]')["Error"])
        self.insert('[{"k":"a","n":"not a number"},{"k":"b","n":1.5},{"k":"c","n":9223372036854775808},{"k":"d","n":true}]')
        self.assertEqual(self.rows("SELECT n FROM t"), [[None]] * 4)

    def test_columns_count_bytes(self):
        self.assertIn("too long", self.fails("INSERT INTO t (k) VALUES ('" + "é" * 11 + "')"))

    def test_sql_that_the_stand_in_does_not_know_is_refused(self):
        for sql in ("SELECT pg_sleep(1)", "VACUUM t", "SELECT json_build_object('a', 1)", "SELECT x.y.z FROM t", "SELEC 1",
                    "SELECT 1; SELECT 2", "CREATE TABLE u (a INT) ENCODE AUTO", "SET statement_timeout TO 1",
                    "GRANT ALL ON t TO PUBLIC", "SELECT LISTAGG(k) FROM t"):
            self.fails(sql)


if __name__ == "__main__":
    unittest.main(verbosity=1)
