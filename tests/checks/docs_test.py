#!/usr/bin/env python3
"""The documentation check bites: each case says one false thing about a small tree and a small program."""

import pathlib
import sys
import tempfile
import unittest

import docs

PROGRAM = """#!/bin/sh
case "$*" in
  --help) printf 'Usage: sluice COMMAND\\n\\n  run              moves changes\\n  quarantine list  shows\\n' ;;
  "run --help") printf '  --from SOURCE   where from\\n  --batch-rows N  rows\\n' ;;
  "quarantine list --help") printf '  --db PATH  the file\\n' ;;
  "config show") printf 'batch_rows  100  default\\n' ;;
  *) exit 2 ;;
esac
"""

README = """# Sluice
Read `src/change/change.h`, [the guide](docs/guide.md#first-steps) and `change.h`.
Say `make test`, then `sluice run --from file:x` or set `SLUICE_BATCH_ROWS` or `--batch-rows`.

```console
$ JOBS=2 make test
$ sluice run \\
    --from file:orders.ndjson | grep --count x
  3 records are in quarantine.   sluice quarantine list --db shop.duckdb
$ scripts/setup --for build && cmake --preset dev
```

```toml
batch_rows = 100
```
"""

TREE = {
    "README.md": README,
    "Makefile": "JOBS := 2\ntest: setup\n\tctest\nsetup:\n",
    "docs/guide.md": "# Guide\n## First steps\nBack to [the start](../README.md), `docs/decisions/`.\n",
    "docs/decisions/0001-one.md": "# One\n",
    "docs/decisions/0002-two.md": "# Two\n",
    "scripts/setup": "case $1 in --for) ;; esac\n",
    "src/change/change.h": "\n",
    "src/change/README.md": "Open `change.h` first.\n",
}


class DocsBite(unittest.TestCase):
    def findings(self, added="", files=None):
        """The findings in TREE with `added` at the end of README.md and the given files added."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            tree = {**TREE, **(files or {})}
            tree["README.md"] += added
            for name, text in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            program = root / "build/sluice"
            program.parent.mkdir()
            program.write_text(PROGRAM)
            program.chmod(0o755)
            return docs.Checker(root, str(program)).check()

    def one_finding(self, added, pattern):
        found = self.findings(added)
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], pattern)

    def test_a_true_tree_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    def test_a_path_must_exist(self):
        self.one_finding("See `src/change/gone.h`.", r"README.md:16: there is no src/change/gone.h")
        self.one_finding("See `gone.h`.", "there is no gone.h")
        self.one_finding("See `src/gone/<file>_test.cc`.", "there is no src/gone/<file>_test.cc")
        self.assertEqual(self.findings("See `src/<room>/<file>_test.cc`, `src/*/README.md`."), [])
        self.one_finding("```\n$ ./scripts/gone now\n```\n", "there is no scripts/gone")

    def test_a_make_word_must_exist(self):
        self.one_finding("Say `make love`.", "there is no `make love`")
        self.one_finding("```\n$ make -j2 test love\n```\n", "there is no `make love`")

    def test_a_command_must_exist(self):
        self.one_finding("Say `sluice fly --from x`.", "there is no command `sluice fly`")

    def test_a_flag_must_belong_to_its_command(self):
        self.one_finding("Say `sluice run --db x`.", "`sluice run` has no --db")
        self.one_finding("```\n$ sluice run --from a \\\n   --fast\n```\n", "`sluice run` has no --fast")
        self.one_finding("The flag `--fast` helps.", "no command has the flag --fast")
        self.one_finding("Say `scripts/setup --fast`.", "scripts/setup has no --fast")

    def test_a_setting_must_exist(self):
        self.one_finding("```toml\nbatch_lines = 3\n```\n", "there is no setting batch_lines")

    def test_a_variable_must_be_read_by_something(self):
        self.one_finding("Set SLUICE_SPEED.", "nothing reads the variable SLUICE_SPEED")

    def test_a_link_must_lead_somewhere(self):
        self.one_finding("[x](docs/gone.md)", "the link docs/gone.md leads nowhere")
        self.one_finding("[x](docs/guide.md#last-steps)", "guide.md has no heading #last-steps")

    def test_decisions_are_numbered_without_holes_and_twins(self):
        self.assertRegex(self.findings(files={"docs/decisions/0004-four.md": ""})[0], "0001, 0002, 0004")
        self.assertRegex(self.findings(files={"docs/decisions/0002-twin.md": ""})[0], "0001, 0002, 0002")
        self.assertRegex(self.findings(files={"docs/decisions/three.md": ""})[0], "named NNNN")


if __name__ == "__main__":
    sys.exit(unittest.main())
