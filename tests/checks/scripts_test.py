#!/usr/bin/env python3
"""The scripts keep their promises, tried in a tree of their own with an npm that is ours."""

import base64
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

NPM = """#!/bin/sh
# npm pack --pack-destination FOLDER PACKAGE
[ "$1 $2" = "pack --pack-destination" ] || exit 1
[ "$4" = none ] && { echo "npm is offline" >&2; exit 1; }
cp "$PACKAGES/$4.tgz" "$3/"
"""


def archive(members):
    """A .tgz with the given members, and its npm integrity."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    content = buffer.getvalue()
    return content, "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "scripts").mkdir()
        (self.root / "bin").mkdir()
        shutil.copy(ROOT / "scripts/setup", self.root / "scripts/setup")
        (self.root / "bin/npm").write_text(NPM)
        (self.root / "bin/npm").chmod(0o755)
        library, self.library_integrity = archive({"package/libduckdb.so": b"library"})
        header, self.header_integrity = archive({"package/src/duckdb/src/include/duckdb.h": b"header"})
        (self.root / "library.tgz").write_bytes(library)
        (self.root / "header.tgz").write_bytes(header)
        self.versions()

    def versions(self, **changes):
        pins = {"DUCKDB_VERSION": "9.9.9", "PYTHON_TEST_PACKAGES": "none", "DUCKDB_HEADER": "header",
                "DUCKDB_HEADER_INTEGRITY": self.header_integrity}
        for machine in ("X64", "ARM64"):
            pins[f"DUCKDB_LIBRARY_{machine}"] = "library"
            pins[f"DUCKDB_LIBRARY_{machine}_INTEGRITY"] = self.library_integrity
        pins.update(changes)
        (self.root / "versions.env").write_text("".join(f"{key}={value}\n" for key, value in pins.items()))

    def run_setup(self, *arguments):
        return subprocess.run(
            [str(self.root / "scripts/setup"), *arguments], capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "PACKAGES": str(self.root)})

    def deps(self):
        return {path.name for path in (self.root / ".deps").glob("*")} - {"lock"}

    def test_duckdb_is_fetched_once_and_then_there_is_nothing_to_do(self):
        first = self.run_setup("--for", "build")
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertEqual((self.root / ".deps/duckdb-9.9.9/libduckdb.so").read_text(), "library")
        self.assertEqual((self.root / ".deps/duckdb-9.9.9/duckdb.h").read_text(), "header")
        second = self.run_setup("--for", "build")
        self.assertEqual((second.returncode, second.stdout, second.stderr), (0, "", ""))

    def test_a_package_other_than_the_pinned_one_is_refused_and_nothing_is_kept(self):
        self.versions(DUCKDB_HEADER_INTEGRITY=self.library_integrity)
        done = self.run_setup("--for", "build")
        self.assertEqual(done.returncode, 1)
        self.assertIn("header is not the one that versions.env pins", done.stderr)
        self.assertEqual(self.deps(), set())

    def test_a_fetch_that_fails_shows_why_and_leaves_nothing_behind(self):
        self.versions(DUCKDB_HEADER="none")
        done = self.run_setup("--for", "build")
        self.assertEqual(done.returncode, 1)
        self.assertIn("npm is offline", done.stderr)
        self.assertEqual(self.deps(), set())

    def test_check_says_what_is_missing_and_changes_nothing(self):
        done = self.run_setup("--for", "build", "--check")
        self.assertEqual((done.returncode, done.stdout), (1, "setup: missing DuckDB 9.9.9\n"))
        self.assertEqual(self.deps(), set())

    def test_a_wrong_argument_is_named(self):
        self.assertIn("unknown argument --fro", self.run_setup("--fro", "build").stderr)
        self.assertIn("not 'everything'", self.run_setup("--for", "everything").stderr)


def load_suites():
    """scripts/test as a module; it has no .py at its end."""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("suites", str(ROOT / "scripts/test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("suites", loader))
    loader.exec_module(module)
    return module


class OneSummary(unittest.TestCase):
    """scripts/test lists the tests of two trees in one; CTest must see each as it was."""

    def test_a_test_that_fails_in_either_tree_fails_the_whole(self):
        suites = load_suites()
        with tempfile.TemporaryDirectory() as folder:
            listing = pathlib.Path(folder) / "CTestTestfile.cmake"
            listing.write_text(
                suites.as_cmake("says yes", ["/bin/sh", "-c", 'test "$GREETING" = "a b" && test "$PWD" = /usr'],
                                {"WORKING_DIRECTORY": "/usr", "ENVIRONMENT": ["GREETING=a b"], "LABELS": ["unit"],
                                 "TIMEOUT": 20.0})
                + suites.as_cmake("says no", ["/bin/false"], {"LABELS": ["live", "e2e"]})
                + suites.as_cmake("was not built", None, {}))
            done = subprocess.run(["ctest", "--test-dir", folder], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("33% tests passed, 2 tests failed out of 3", done.stdout)
        self.assertRegex(done.stdout, r"says yes \.+ +Passed")

    def test_each_test_runs_in_one_tree(self):
        suites = load_suites()
        for labels, homes in ((set(), ["dev"]), ({"unit"}, ["dev"]), ({"live"}, ["release"]), ({"tidy"}, []),
                              ({"e2e", "live"}, ["release"])):
            self.assertEqual([preset for preset in ("dev", "release", "fuzz")
                              if suites.belongs(preset, labels, {"tidy", "fuzz"})], homes, labels)
        self.assertTrue(suites.belongs("dev", {"tidy"}, set()))
        self.assertTrue(suites.belongs("fuzz", {"fuzz"}, {"tidy"}))
        self.assertFalse(suites.belongs("dev", {"fuzz"}, {"fuzz"}))


if __name__ == "__main__":
    sys.exit(unittest.main())
