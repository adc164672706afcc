#!/usr/bin/env python3
"""The house rules bite: each case puts one bad line into a file of its own."""

import pathlib
import sys
import tempfile
import unittest

import house


class HouseBites(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
            return house.check(root)

    def one_finding(self, name, text, pattern):
        found = self.findings(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], pattern)

    def test_a_plain_file_has_no_findings(self):
        self.assertEqual(self.findings("src/sink/duckdb.cc", "// Writes.\nstruct Writer {};\nauto p = \"a/work/b\";\n"), [])

    def test_a_path_of_somebodys_machine_is_found(self):
        self.one_finding("docs/a.md", "one\nsee /wo" + "rk/main\n", "docs/a.md:2: .*machine")
        self.one_finding("scripts/a", "cd /ro" + "ot/x\n", "machine")

    def test_a_registrys_host_is_found(self):
        self.one_finding("scripts/a", "curl https://registry.npm" + "js.org/x\n", "registry")

    def test_unfinished_business_is_found(self):
        self.one_finding("src/a.h", "// TO" + "DO: later\n", "unfinished")

    def test_a_long_source_needs_a_reason(self):
        self.one_finding("src/a/a.cc", "int a;\n" * 501, "501 lines")
        self.one_finding("src/a/a.cc", "int a;\n" * 501 + "// Reason for length: too late\n", "502 lines")
        self.assertEqual(self.findings("src/a/a.cc", "// A.\n// Reason for length: a table.\n" + "int a;\n" * 501), [])

    def test_a_silenced_rule_needs_a_reason(self):
        self.one_finding("src/a/a.cc", "int a;\nint b;  // NOLINT\n", "src/a/a.cc:2: say which rule and why")
        self.one_finding("src/a/a.cc", "// NOLINTNEXTLINE(some-rule)\nint a;\n", "say which rule and why")
        self.assertEqual(self.findings("src/a/a.cc", "int a;  // NOLINT(some-rule): a table\n"), [])

    def test_a_try_that_would_leak_what_its_braces_built_is_found(self):
        self.one_finding("src/a/a.cc", "void f() {\n  list.push_back({name, TRY(g())});\n}\n", "src/a/a.cc:2: TRY")
        self.one_finding("src/a/a.cc", "Request request{.a = 1,\n .b = TRY(g())};\n", "src/a/a.cc:2: TRY")
        for text in ("if (a) {\n  TRY(g());\n}\n", "Result<int> f() const {\n  TRY(g());\n}\n",
                     "const auto a = TRY(open({.path = p}));\n", "else {\n TRY(g());\n}\n"):
            self.assertEqual(self.findings("src/a/a.cc", text), [])

    def test_a_vague_name_is_found(self):
        self.one_finding("src/a/text_utils.h", "\n", "says nothing")
        self.one_finding("src/a/a.h", "class SinkManager {\n", "SinkManager")


if __name__ == "__main__":
    sys.exit(unittest.main())
