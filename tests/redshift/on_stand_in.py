"""What the tests of `sluice` on the stand-in share: a folder, an empty database, the program."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import psycopg

DSN = os.environ["SLUICE_TEST_DSN"]
URL = os.environ["AWS_ENDPOINT_URL_REDSHIFT_DATA"]


def control(**request):
    call = urllib.request.Request(URL + "/_control", json.dumps(request).encode(), method="POST")
    with urllib.request.urlopen(call) as reply:
        return json.load(reply)


class Case(unittest.TestCase):
    program = ""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        control(rules=[], random=None, forget=True, settings={"statement_ms": 0, "knows_wait": True})
        self.database("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def tearDown(self):
        self.folder.cleanup()

    @staticmethod
    def database(sql, *parameters):
        """What the PostgreSQL below the stand-in answers to the last statement."""
        with psycopg.connect(DSN, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters or None)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def sluice(self, *arguments, status=0):
        run = subprocess.run([self.program, *arguments], cwd=self.path, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, status, run.stderr + run.stdout)
        return run.stdout + run.stderr


def main():
    """FILE --sluice PROGRAM, and what unittest takes."""
    at = sys.argv.index("--sluice")
    Case.program = os.path.abspath(sys.argv[at + 1])
    unittest.main(argv=sys.argv[:at] + sys.argv[at + 2:], verbosity=1)
