#!/usr/bin/env python3
"""scripts/with-postgres gives a server, passes the command's status on, and leaves nothing behind."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

SCRIPT = str(pathlib.Path(__file__).resolve().parents[2] / "scripts/with-postgres")


class WithPostgresTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)  # so that the server's user may pass
        self.environment = {**os.environ, "SLUICE_POSTGRES_DIR": self.folder.name}

    def tearDown(self):
        self.assertEqual(os.listdir(self.folder.name), [])
        self.folder.cleanup()

    def start(self, *command, options=()):
        return subprocess.Popen([SCRIPT, *options, "--", *command], env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def assert_gone(self, server):
        for _ in range(100):
            try:
                os.kill(server, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        self.fail(f"the server {server} still runs")

    def test_a_server_with_logical_decoding_is_there_for_the_command(self):
        run = self.start("bash", "-c", "psql -X -At -d \"$SLUICE_TEST_DSN\" -c 'SHOW wal_level'; exit 7")
        output = run.communicate(timeout=60)[0]
        self.assertEqual((run.returncode, output), (7, "logical\n"))

    def test_the_commands_input_is_passed_on(self):
        run = subprocess.run([SCRIPT, "--", "cat"], env=self.environment, input="hello", capture_output=True, text=True,
                             check=False)
        self.assertEqual((run.returncode, run.stdout), (0, "hello"))

    def test_the_log_can_be_kept(self):
        with tempfile.TemporaryDirectory() as kept:
            self.start("true", options=("--keep-log", kept)).communicate(timeout=60)
            self.assertIn("ready to accept connections", pathlib.Path(kept, "postgres.log").read_text())

    def test_signals_stop_command_and_server(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                run = self.start("bash", "-c", "head -1 \"$(psql -X -At -d \"$SLUICE_TEST_DSN\" -c 'SHOW data_directory')"
                                 "/postmaster.pid\"; echo $$; exec sleep 100")
                server, command = int(run.stdout.readline()), int(run.stdout.readline())
                os.killpg(run.pid, number)
                self.assertEqual(run.wait(timeout=60), status)
                run.stdout.close()
                self.assert_gone(server)
                self.assert_gone(command)

    def test_a_missing_command_is_said(self):
        run = subprocess.run([SCRIPT], env=self.environment, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("a command is missing", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
