"""What a person at a terminal sees: a line that rewrites itself, colour where it is welcome, a bounded table."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from harness import Case, change, lines, main


class Terminal(Case):
    def on_terminal(self, *words, columns=100, environment=None):
        """What the program shows on a terminal of that width."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        child = subprocess.Popen([self.program, *map(str, words)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                 stdout=theirs, stderr=theirs, env=self.environment(TERM="xterm", **(environment or {})))
        os.close(theirs)
        shown, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        self.assertEqual(child.wait(timeout=60), 0, shown.decode(errors="replace"))
        return shown.decode()

    def run_one(self, **how):
        self.write("in.ndjson", lines(change({"id": i}) for i in range(5000)) + "nonsense\n")
        return self.on_terminal("run", "--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", **how)

    def test_progress_rewrites_one_line_and_leaves_it(self):
        shown = self.run_one()
        self.assertIn("\r", shown)
        self.assertIn("█", shown)
        self.assertIn("\x1b[33mquarantined 1\x1b[0m", shown)
        before, summary = shown.split("Done. ", 1)
        self.assertTrue(before.endswith("\r\x1b[K"), repr(before[-200:]))
        self.assertNotIn("\x1b", summary)

    def test_no_line_is_wider_than_the_terminal(self):
        shown = self.run_one(columns=40, environment={"NO_COLOR": "1"})
        for piece in shown.split("Done. ")[0].replace("\x1b[K", "").split("\r"):
            self.assertLessEqual(len(piece), 40, piece)

    def test_colour_is_left_out_on_request(self):
        self.assertNotIn("\x1b[33m", self.run_one(environment={"NO_COLOR": "1"}))

    def test_a_long_table_is_cut_and_says_how_to_see_more(self):
        self.run_one()
        shown = self.on_terminal("query", "--db", "shop.duckdb", "--max-rows", "3", "SELECT repeat('x', 200) FROM cdc_events")
        self.assertIn("(the first 3 rows; --max-rows shows more", shown)
        self.assertIn("…", shown)


if __name__ == "__main__":
    main()
