"""What the end-to-end tests share: the program, a folder of its own per test, and records to feed it.

Standard library only. Run a file alone with: python3 tests/e2e/bad_source_test.py --program build/release/sluice
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TIMEOUT_S = 120


def change(row, op="c", table="orders", ts_ns=1790000000000000000, schema="public", **more):
    """One record as Aurora DSQL writes it; for op d `row` is the key."""
    image = {"before": row, "after": None} if op == "d" else {"before": None, "after": row}
    source = {"version": "1.0", "ts_ms": ts_ns // 1_000_000, "ts_ns": ts_ns, "txId": "mzq4tavk2ro7dnw5xhge3ysbil",
              "schema": schema, "table": table, "db": "postgres", "cluster": "qk7vn2hd4tz5bmx3wlc6jrp2as"}
    return {"type": "full", "op": op, **image, "source": source, "ts_ms": ts_ns // 1_000_000, "ts_ns": ts_ns, **more}


def lines(records):
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


class Case(unittest.TestCase):
    """A story about the program. Its folder is the working directory of every call and goes away afterwards."""

    program = None

    def setUp(self):
        held = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)

    def environment(self, **more):
        ours = {name: text for name, text in os.environ.items() if not name.startswith("SLUICE_")}
        return {**ours, **more}

    def sluice(self, *words, stdin="", code=0, environment=None, **how):
        """Runs the program and demands its exit code. What it printed is in .stdout and .stderr."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([self.program, *map(str, words)], input=stdin, capture_output=True, cwd=self.folder,
                              env=self.environment(**(environment or {})), timeout=TIMEOUT_S, check=False, **how)
        done.stdout, done.stderr = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        if code is not None:
            self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *words, **how):
        """Starts the program and leaves it running; it is killed at the end of the test if it still runs."""
        child = subprocess.Popen([self.program, *map(str, words)], cwd=self.folder, env=self.environment(),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)

        def end():
            if child.poll() is None:
                child.kill()
            child.communicate()

        self.addCleanup(end)
        return child

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_into(self, db, content, *flags, code=0):
        """Feeds `content` through a file of its own; gives the run's summary."""
        path = self.folder / f"{db}.{len(list(self.folder.iterdir()))}.ndjson"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = self.sluice("run", "--from", f"file:{path.name}", "--to", f"duckdb:{db}", "--json", "--progress", "none",
                           *flags, code=code)
        return json.loads(done.stdout)

    def rows(self, db, sql):
        done = self.sluice("query", "--db", db, "--format", "ndjson", sql)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def value(self, db, sql):
        return next(iter(self.rows(db, sql)[0].values()))

    def assert_one_sentence(self, stderr):
        """An error is one line that begins with the program's name and shows no stack."""
        self.assertTrue(stderr.startswith("sluice: "), stderr)
        self.assertEqual(stderr.count("\n"), 1, stderr)


def main():
    at = sys.argv.index("--program") if "--program" in sys.argv else 0
    if not at:
        sys.exit(f"{sys.argv[0]}: say which program to test: --program build/release/sluice")
    Case.program = str(pathlib.Path(sys.argv[at + 1]).resolve())
    del sys.argv[at:at + 2]
    unittest.main()
