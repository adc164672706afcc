#!/usr/bin/env python3
"""The whole program into a real PostgreSQL: one writer, many writers, and everything that can be cut off.

Run with: scripts/with-postgres -- PYTHON tests/live/postgres_test.py --sluice build/release/sluice
"""

import collections
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import postgres_truth

SERVER = os.environ.get("SLUICE_TEST_DSN", "")
EVERYTHING = ["--duplicates", "0.1", "--reorder", "all", "--oversize", "0.03", "--oversize-bytes", "2500", "--poison", "0.01"]
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class CuttingProxy:
    """Between the program and the server; takes away the reply to some COMMITs, or the COMMIT itself."""

    def __init__(self, dsn, seed, most_cuts):
        parts = dict(part.split("=", 1) for part in dsn.split())
        self.server = (parts["host"], int(parts["port"]))
        self.random = random.Random(seed)
        self.most_cuts = most_cuts
        self.cuts = {"before": 0, "after": 0}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = dsn.replace(f"port={parts['port']}", f"port={self.listener.getsockname()[1]}")
        self.over = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.over:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        with client, socket.create_connection(self.server) as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    try:
                        data = ready.recv(1 << 16)
                        if not data:
                            return
                        if ready is client and COMMIT in data and self.cut(server, data):
                            return
                        (server if ready is client else client).sendall(data)
                    except OSError:
                        return

    def cut(self, server, data):
        if sum(self.cuts.values()) >= self.most_cuts or self.random.random() < 0.5:
            return False
        if self.random.random() < 0.5:
            self.cuts["before"] += 1
            return True
        self.cuts["after"] += 1
        server.sendall(data)
        server.recv(1 << 16)  # it is committed
        return True

    def close(self):
        self.over = True
        self.listener.close()


class Growing:
    """A file that grows while it is followed, so that a run makes many small batches of it."""

    def __init__(self, path, lines, steps=60):
        self.path = path
        path.touch()
        self.lines = lines
        self.steps = steps
        self.thread = threading.Thread(target=self.grow, daemon=True)
        self.thread.start()

    def grow(self):
        each = len(self.lines) // self.steps + 1
        for at in range(0, len(self.lines), each):
            with self.path.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in self.lines[at:at + each]))
            time.sleep(0.06)


class IntoPostgres(unittest.TestCase):
    sluice = ""
    changes = 4000
    number = 0

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-postgres-")
        self.addCleanup(held.cleanup)
        self.folder = Path(held.name)
        IntoPostgres.number += 1
        name = f"into_{IntoPostgres.number}"
        self.sql(SERVER, f"CREATE DATABASE {name}")
        self.dsn = SERVER.replace("dbname=postgres", f"dbname={name}")
        self.random = random.Random(IntoPostgres.number)

    def sql(self, dsn, text):
        return subprocess.run(["psql", dsn, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", text], capture_output=True,
                              text=True, check=True).stdout.strip()

    def generate(self, *more, changes=None):
        self.records = self.folder / "records.ndjson"
        self.truth = self.folder / "truth.ndjson"
        subprocess.run([self.sluice, "generate", "--seed", str(self.random.randrange(1 << 30)), "--changes",
                        str(changes or self.changes), *(more or EVERYTHING), "--out", self.records, "--truth", self.truth],
                       check=True, capture_output=True)
        return self.records.read_bytes().split(b"\n")[:-1]

    def write(self, name, lines):
        path = self.folder / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def command(self, source, *more, dsn=None):
        return [self.sluice, "run", "--from", f"file:{source}", "--to", f"postgres:{dsn or self.dsn}", "--progress", "none",
                "--json", *more]

    def start(self, source, *more, dsn=None):
        child = subprocess.Popen(self.command(source, *more, dsn=dsn), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def end():
            if child.poll() is None:
                child.kill()
            child.communicate()

        self.addCleanup(end)
        return child

    def follow(self, growing, dsn=None):
        return self.start(growing.path, "--follow", "--batch-ms", "1", dsn=dsn)

    def stop(self, child):
        """After everything that was fed is durable."""
        child.send_signal(signal.SIGTERM)
        return self.finish(child)

    def finish(self, child):
        out, err = child.communicate(timeout=250)
        self.assertEqual(child.returncode, 0, err[-2000:])
        summary = json.loads(out)
        self.assertEqual(summary["imbalances"], [])
        return summary

    def run_into(self, source, *more, dsn=None):
        return self.finish(self.start(source, *more, dsn=dsn))

    def check(self, lines):
        """The store is the truth, and every record is in the books exactly once."""
        differences, _, rows = postgres_truth.compare(self.dsn, self.truth)
        self.assertGreater(rows, 0)
        self.assertEqual(differences[:5], [])
        self.assertEqual(self.sql(self.dsn, "SELECT sum(read) FROM cdc_ledger"), str(len(lines)))
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_ledger WHERE read <> landed + repeats + quarantined + waiting"), "0")

    def wait_until(self, sql, wanted):
        for _ in range(1200):
            if wanted(self.sql(self.dsn, sql)):
                return
            time.sleep(0.05)
        self.fail(f"never came true: {sql}")

    def read_for_long(self, view):
        """Somebody who looks at a view in a transaction that stays open. Returns what ends it."""
        reader = subprocess.Popen(["psql", self.dsn, "-qAtc", "BEGIN", "-c", f"SELECT * FROM {view}", "-c", "SELECT pg_sleep(600)"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end():
            self.sql(self.dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' "
                               "AND datname = current_database()")
            reader.wait()

        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.wait_until(f"SELECT count(*) FROM pg_locks WHERE relation = '{view}'::regclass", lambda text: text != "0")
        return end

    def landed_some(self, rows):
        self.wait_until("SELECT to_regclass('cdc_ledger') IS NOT NULL", lambda text: text == "t")
        self.wait_until("SELECT coalesce(sum(read), 0) FROM cdc_ledger", lambda text: int(text) >= rows)

    def wait_for_server(self):
        for _ in range(600):
            if subprocess.run(["psql", self.dsn, "-qAtc", "SELECT 1"], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        self.fail("the server does not come back")

    def assert_landed_once(self):
        """Without --repeats skip nothing hides a batch that was written twice."""
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_events"),
                         self.sql(self.dsn, "SELECT count(DISTINCT (shard_id, sequence_number)) FROM cdc_events"))

    def test_the_stream_as_delivered_is_the_truth(self):
        lines = self.generate()
        self.run_into(self.records)
        self.check(lines)
        again = self.run_into(self.records)
        self.assertEqual(again["this_run"]["read"], 0)

    def test_shuffled_in_pieces_and_doubled_without_the_repeats(self):
        lines = self.generate()
        twice = lines + lines
        self.random.shuffle(twice)
        for at in range(3):
            self.run_into(self.write(f"piece-{at}.ndjson", twice[at::3]), "--repeats", "skip", "--batch-rows", "700")
        self.check(twice)
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM (SELECT 1 FROM cdc_events GROUP BY source_schema, source_table, "
                                            "record_id, commit_ts_ns, operation, event_text HAVING count(*) > 1) AS repeated"), "0")

    def test_a_writer_killed_again_and_again_loses_and_repeats_nothing(self):
        lines = self.generate()
        growing = Growing(self.folder / "growing.ndjson", lines)
        for at in range(1, 6):
            child = self.follow(growing)
            self.landed_some(len(lines) * at // 8)
            child.send_signal(signal.SIGKILL)
            child.wait()
        child = self.follow(growing)
        self.landed_some(len(lines))
        self.stop(child)
        self.check(lines)
        self.assert_landed_once()

    def test_three_writers_share_fragments_keys_and_columns_while_one_is_killed(self):
        lines = self.generate()
        parts = [Growing(self.folder / f"part-{at}.ndjson", lines[at::3]) for at in range(3)]
        children = [self.follow(part) for part in parts]
        for at in range(1, 4):
            self.landed_some(len(lines) * at // 5)
            children[at % 3].send_signal(signal.SIGKILL)
            children[at % 3].wait()
            children[at % 3] = self.follow(parts[at % 3])
        self.landed_some(len(lines))
        # What waits now waits for nobody: the last piece's writer lands the image in its next batch.
        whole = "SELECT count(*) FROM cdc_fragments WHERE chunk_id NOT LIKE 'poison%'"
        self.wait_until(whole, lambda text: text == "0")
        for child in children:
            self.stop(child)
        self.check(lines)

    def test_four_writers_of_many_pieces_that_come_twice_lose_none(self):
        lines = self.generate("--duplicates", "0.5", "--reorder", "all", "--oversize", "0.4", "--oversize-bytes", "400", changes=600)
        parts = [Growing(self.folder / f"part-{at}.ndjson", lines[at::4]) for at in range(4)]
        children = [self.follow(part) for part in parts]
        self.landed_some(len(lines))
        self.wait_until("SELECT count(*) FROM cdc_fragments", lambda text: text == "0")
        for child in children:
            self.stop(child)
        self.check(lines)

    def test_a_piece_that_comes_to_another_writer_after_its_chunk_has_landed_is_a_repeat(self):
        lines = self.generate("--oversize", "1", "--oversize-bytes", "400", changes=20)
        pieces = [line for line in lines if b'"type":"fragment"' in line]
        other = self.write("other.ndjson", [b"{}"])
        child = self.start(other, "--follow", "--batch-ms", "1")
        self.landed_some(1)
        self.run_into(self.records)
        with other.open("ab") as file:
            file.write(pieces[0] + b"\n" + pieces[-1] + b"\n")
        self.landed_some(len(lines) + 3)
        self.wait_until("SELECT (SELECT count(*) FROM cdc_fragments) || ' ' || sum(repeats) || ' ' || sum(quarantined) FROM cdc_ledger",
                        lambda text: text == "0 2 1")
        self.stop(child)

    def test_two_writers_of_the_same_piece_do_not_each_take_the_others_for_the_repeat(self):
        lines = self.generate("--oversize", "1", "--oversize-bytes", "200", changes=20)
        fragments = collections.defaultdict(list)
        for line in lines:
            if json.loads(line)["type"] == "fragment":
                fragments[json.loads(line)["chunk_id"].encode()].append(line)
        chunk, (first, second, *rest) = next(each for each in fragments.items() if len(each[1]) > 2)
        rest += [line for line in lines if chunk in line and line not in fragments[chunk]]
        # Both are there before any piece is, so that neither reads the other's at its start.
        slow = self.write("slow.ndjson", [b"{}"])
        children = [self.start(slow, "--follow", "--batch-ms", "3000")]
        self.landed_some(1)
        quick = self.write("quick.ndjson", [first])
        children.append(self.start(quick, "--follow", "--batch-ms", "100"))
        self.landed_some(2)
        with slow.open("ab") as file:
            file.write(first + b"\n")
        self.landed_some(3)
        # The slow one knows of both, and so will the quick one, who takes the slow one's away at once.
        with quick.open("ab") as file:
            file.write(second + b"\n")
        self.wait_until("SELECT sum(repeats) FROM cdc_ledger", lambda text: text == "1")
        time.sleep(4)  # the slow one's turn
        with quick.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in rest))
        self.wait_until("SELECT (SELECT count(*) FROM cdc_fragments) || ' ' || sum(rows) || ' ' || sum(repeats) FROM cdc_ledger",
                        lambda text: text == "0 1 1")
        for child in children:
            self.stop(child)

    def test_a_new_run_keeps_the_newest_million_of_ended_chunks(self):
        self.generate()
        self.run_into(self.records)
        before = int(self.sql(self.dsn, "SELECT count(*) FROM cdc_finished_chunks"))
        self.sql(self.dsn, "INSERT INTO cdc_finished_chunks SELECT 'old-' || n, 0, 1, '', n FROM generate_series(1, 1000000) AS n")
        self.run_into(self.records)
        self.assertGreater(before, 0)
        self.assertEqual(self.sql(self.dsn, "SELECT count(*), count(*) FILTER (WHERE chunk_id LIKE 'old-%'), "
                                            "min(finished_ns) FROM cdc_finished_chunks"),
                         f"1000000|{1000000 - before}|{before + 1}")

    def test_the_server_crashes_and_recovers_in_the_middle(self):
        lines = self.generate()
        growing = Growing(self.folder / "growing.ndjson", lines)
        child = self.follow(growing)
        for at in range(1, 3):
            self.landed_some(len(lines) * at // 4)
            backend = self.sql(self.dsn, "SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'sluice'")
            os.kill(int(backend), signal.SIGKILL)  # the server throws everybody out and recovers
            self.wait_for_server()
        self.landed_some(len(lines))
        self.stop(child)
        self.check(lines)
        self.assert_landed_once()

    def test_connections_are_ended_by_an_administrator_again_and_again(self):
        lines = self.generate()
        child = self.follow(Growing(self.folder / "growing.ndjson", lines))
        ended = 0
        while not ended or self.sql(self.dsn, "SELECT coalesce(sum(read), 0) FROM cdc_ledger") != str(len(lines)):
            self.assertIsNone(child.poll())
            self.landed_some(1)
            ended += int(self.sql(self.dsn, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                                            "'sluice' AND datname = current_database()"))
            time.sleep(0.3)
        self.stop(child)
        self.check(lines)
        self.assert_landed_once()

    def test_a_lost_reply_to_a_commit_neither_loses_nor_repeats_the_batch(self):
        lines = self.generate()
        proxy = CuttingProxy(self.dsn, seed=7, most_cuts=25)
        self.addCleanup(proxy.close)
        child = self.follow(Growing(self.folder / "growing.ndjson", lines), dsn=proxy.dsn)
        self.landed_some(len(lines))
        self.stop(child)
        self.assertGreater(proxy.cuts["after"], 3)
        self.assertGreater(proxy.cuts["before"], 3)
        self.check(lines)
        self.assert_landed_once()

    def test_a_writer_that_slept_through_losing_its_shard_is_refused(self):
        lines = self.generate()
        source = self.write("growing.ndjson", lines[:1000])
        sleeper = self.start(source, "--follow", "--batch-rows", "100")
        self.wait_until("SELECT to_regclass('cdc_ledger') IS NOT NULL", lambda text: text == "t")
        self.wait_until("SELECT coalesce(sum(read), 0) FROM cdc_ledger", lambda text: text == "1000")
        sleeper.send_signal(signal.SIGSTOP)
        with source.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines[1000:2000]))
        self.run_into(source)
        sleeper.send_signal(signal.SIGCONT)
        _, err = sleeper.communicate(timeout=120)
        self.assertEqual(sleeper.returncode, 1, err)
        self.assertIn("another writer has moved shard", err)
        with source.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines[2000:]))
        self.run_into(source)
        self.check(lines)

    def test_a_long_reader_of_a_view_does_not_hold_up_what_lands(self):
        first = [b'{"type":"full","op":"c","before":null,"after":{"id":1},"source":{"version":"1.0","ts_ms":1,"ts_ns":1000000,'
                 b'"txId":"t","schema":"public","table":"orders"},"ts_ms":1,"ts_ns":1000000}']
        second = [first[0].replace(b'{"id":1}', b'{"id":"two","more":true}')]
        self.run_into(self.write("first.ndjson", first))
        end_reader = self.read_for_long("orders_current")
        self.run_into(self.write("second.ndjson", second))
        self.assertEqual(self.sql(self.dsn, "SELECT count(*) FROM cdc_events"), "2")
        end_reader()
        self.wait_until("SELECT count(*) FROM pg_locks WHERE relation = 'orders_current'::regclass", lambda text: text == "0")
        subprocess.run([self.sluice, "views", "--apply", "--db", f"postgres:{self.dsn}"], check=True, capture_output=True)
        self.assertEqual(self.sql(self.dsn, "SELECT id, more FROM orders_current ORDER BY id"), "1|\ntwo|t")

    def test_a_view_that_a_reader_held_is_made_when_the_stream_is_quiet(self):
        first = (b'{"type":"full","op":"c","before":null,"after":{"id":1},"source":{"version":"1.0","ts_ms":1,"ts_ns":1000000,'
                 b'"txId":"t","schema":"public","table":"orders"},"ts_ms":1,"ts_ns":1000000}')
        source = self.write("orders.ndjson", [first])
        child = self.start(source, "--follow", "--batch-ms", "1")
        self.wait_until("SELECT to_regclass('orders_current') IS NOT NULL", lambda text: text == "t")
        end_reader = self.read_for_long("orders_current")
        with source.open("ab") as file:
            file.write(first.replace(b'{"id":1}', b'{"id":2,"more":true}') + b"\n")
        self.landed_some(2)
        time.sleep(3)  # its one try to make the view with the batch is over
        end_reader()
        columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders_current'::regclass AND attname = 'more'"
        self.wait_until(columns, lambda text: text == "1")
        self.stop(child)

    def test_the_quarantine_is_listed_shown_exported_and_retried(self):
        store = f"postgres:{self.dsn}"
        keyless = b'{"type":"full","op":"d","before":null,"after":null,"source":{"version":"1.0","ts_ms":1,"ts_ns":1000000,"txId":"t",' \
                  b'"schema":"public","table":"notes"},"ts_ms":1,"ts_ns":1000000}'
        self.run_into(self.write("bad.ndjson", [keyless, b"\xff\x00no json", b"{"]))
        def ask(*words, code=0):
            done = subprocess.run([self.sluice, "quarantine", *words, "--db", store], capture_output=True, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            return done.stdout
        listed = [json.loads(line) for line in ask("list", "--json").splitlines()]
        self.assertEqual(len(listed), 3)
        raw = [ask("show", str(entry["id"]), "--raw") for entry in listed]
        self.assertEqual(sorted(raw), sorted([keyless, b"\xff\x00no json", b"{"]))
        self.assertEqual(len(ask("export").splitlines()), 3)
        self.assertIn(b"keyless-delete", ask("retry", "--all", code=4))
        self.assertEqual([json.loads(line)["id"] for line in ask("list", "--json").splitlines()], [entry["id"] for entry in listed])

    def test_what_jsonb_cannot_hold_lands_with_its_text(self):
        record = ('{"type":"full","op":"c","before":null,"after":%s,"source":{"version":"1.0","ts_ms":1,"ts_ns":1000000,"txId":"t",'
                  '"schema":"public","table":"odd"},"ts_ms":1,"ts_ns":1000000}')
        images = [r'{"id":1,"v":"nul \u0000, half \ud83d"}', '{"id":2,"v":1e200000}', '{"id":3,"v":1.10,"v2":{"a":1,"a":2}}']
        summary = self.run_into(self.write("odd.ndjson", [(record % image).encode() for image in images]))
        self.assertEqual(summary["this_run"]["landed"] + summary["this_run"]["quarantined"], 3)
        landed = postgres_truth.query(self.dsn, "SELECT event_text, event_data ->> 'v' FROM cdc_events ORDER BY event_text")
        self.assertIn([images[1], None], landed)
        self.assertIn([images[2], "1.10"], landed)
        for text, _ in landed:
            self.assertIn(text, images)

    def test_errors_say_what_to_do_and_never_the_password(self):
        source = self.write("one.ndjson", [b"{}"])
        parts = dict(part.split("=", 1) for part in self.dsn.split())
        cases = [
            (self.dsn.replace("user=sluice", "user=nobody_of_that_name password=hunter2"), 1, "does not exist"),
            (self.dsn.replace(f"dbname={parts['dbname']}", "dbname=not_there password=hunter2"), 1, "does not exist"),
            (f"postgresql://me:hunter2@127.0.0.1:1/{parts['dbname']}", 5, "127.0.0.1"),
            ("nonsense password=hunter2", 1, "connection string"),
        ]
        for dsn, code, words in cases:
            done = subprocess.run(self.command(source, dsn=dsn), capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
        shown = subprocess.run([self.sluice, "config", "show"], capture_output=True, text=True, check=True,
                               env={**os.environ, "SLUICE_TO": "postgres:postgresql://me:hunter2@db.example:5433/shop"}).stdout
        self.assertIn("postgres:db.example:5433/shop", shown)
        self.assertNotIn("hunter2", shown)

    def test_a_role_without_rights_and_tables_that_are_not_ours_are_refused_in_words(self):
        source = self.write("one.ndjson", [b"{}"])
        self.sql(self.dsn, "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
        done = subprocess.run(self.command(source, dsn=self.dsn.replace("user=sluice", "user=reader")), capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Grant the role CREATE", done.stderr)
        self.sql(self.dsn, "CREATE TABLE cdc_events (id int)")
        done = subprocess.run(self.command(source), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("sluice did not make", done.stderr)


if __name__ == "__main__":
    at = sys.argv.index("--sluice")
    IntoPostgres.sluice = str(Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()
