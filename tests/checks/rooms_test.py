#!/usr/bin/env python3
"""The room check bites: each case breaks one rule in a small tree of its own."""

import pathlib
import sys
import tempfile
import unittest

import rooms

TREE = {
    "CMakeLists.txt": "sluice_room(base)\nsluice_room(change ROOMS base)\nsluice_room(decode ROOMS change LIBS fmt)\n"
                      "sluice_room(sink ROOMS change)\n",
    "src/rooms.txt": "# who may include whom\nbase:\nchange: base\ndecode: change\nsink: change\n",
    "src/base/README.md": "# base\n",
    "src/base/clock.h": "#include <string>\nnamespace sluice {\n}\n",
    "src/change/README.md": "# change\n",
    "src/change/change.h": '#include "base/clock.h"\nnamespace sluice::change {\n}\n',
    "src/decode/README.md": "# decode\n",
    "src/decode/decoder.cc": '#include "base/clock.h"\n#include "change/change.h"\nnamespace sluice::decode {\n}\n',
    "src/decode/decoder_test.cc": '#include <gtest/gtest.h>\nnamespace sluice::change {\n}\n'
                                  'namespace sluice::decode {\n}\n',
    "src/sink/README.md": "# sink\n",
    "src/sink/duckdb/sink.h": '#include <duckdb.h>\nnamespace sluice::sink::duckdb {\n}\n',
}


class RoomsBite(unittest.TestCase):
    def findings(self, **changes):
        """The findings in TREE after replacing the files in `changes`; None removes one."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**TREE, **changes.get("files", {})}.items():
                if text is not None:
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (root / name).write_text(text)
            return rooms.check(root)

    def one_finding(self, name, text, pattern):
        found = self.findings(files={name: text})
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], pattern)

    def test_a_tidy_tree_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    def test_a_room_may_not_include_its_neighbour(self):
        self.one_finding("src/sink/duckdb/sink.h",
                         '#include "decode/decoder.cc"\nnamespace sluice::sink {\n}\n',
                         r"src/sink/duckdb/sink.h:1: sink/ may not include decode/")

    def test_a_room_may_not_include_what_stands_above_it(self):
        self.one_finding("src/base/clock.h", '\n#  include "change/change.h"\nnamespace sluice {\n}\n',
                         r"src/base/clock.h:2: base/ may not include .* nobody")

    def test_tests_keep_to_their_rooms_allowance(self):
        self.one_finding("src/decode/decoder_test.cc",
                         '#include "sink/duckdb/sink.h"\nnamespace sluice::decode {\n}\n', "decode/ may not include")

    def test_a_header_is_named_from_src(self):
        self.one_finding("src/decode/decoder.cc", '#include "decoder.h"\nnamespace sluice::decode {\n}\n',
                         "not named from src/")
        self.one_finding("src/decode/decoder.cc", '#include "../sink/sink.h"\nnamespace sluice::decode {\n}\n',
                         "not named from src/")

    def test_angle_brackets_do_not_get_around_the_table(self):
        self.one_finding("src/decode/decoder.cc", '#include <sink/sink.h>\nnamespace sluice::decode {\n}\n',
                         "with quotes")

    def test_an_included_header_exists(self):
        self.one_finding("src/decode/decoder.cc", '#include "change/gone.h"\nnamespace sluice::decode {\n}\n',
                         "there is no src/change/gone.h")

    def test_a_file_keeps_to_its_rooms_namespace(self):
        self.one_finding("src/decode/decoder.cc", "namespace sluice::sink {\n}\n", "namespace sluice::sink in room")
        self.one_finding("src/decode/decoder.cc", "int answer();\n", "nothing stands in namespace sluice::decode")
        self.one_finding("src/base/clock.h", "namespace sluice::base {\n}\n", "it must be sluice")

    def test_a_room_has_a_short_readme(self):
        self.one_finding("src/decode/README.md", None, "README.md is missing")
        self.one_finding("src/decode/README.md", "line\n" * 41, "more than 40 lines")

    def test_folders_and_the_table_agree(self):
        found = self.findings(files={"src/attic/old.h": "namespace sluice::attic {\n}\n"})
        self.assertEqual(found, ["src/attic/ is not in src/rooms.txt"])
        found = self.findings(files={"src/rooms.txt": TREE["src/rooms.txt"] + "attic: base\n"})
        self.assertEqual(found, ["src/rooms.txt names attic, and there is no src/attic/ and no sluice_room(attic)"])

    def test_the_table_names_only_rooms_above(self):
        self.one_finding("src/rooms.txt", TREE["src/rooms.txt"].replace("base:\n", "base: sink\n"),
                         "base names sink, which is not a room above it")

    def test_the_build_links_only_what_may_be_included(self):
        self.one_finding("CMakeLists.txt", TREE["CMakeLists.txt"].replace("decode ROOMS change", "decode ROOMS sink"),
                         "decode links sink")


if __name__ == "__main__":
    sys.exit(unittest.main())
