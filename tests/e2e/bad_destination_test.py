"""A destination that cannot be written: one sentence, a non-zero exit, and nothing of others is touched."""

import os
import resource
import sqlite3
import subprocess

from harness import Case, change, lines, main

ROWS = lines(change({"id": i, "body": f"{i:08x}" * 40}) for i in range(20_000))


class BadDestination(Case):
    def setUp(self):
        super().setUp()
        self.write("in.ndjson", ROWS)

    def run_to(self, to, code, **how):
        return self.sluice("run", "--from", "file:in.ndjson", "--to", to, "--progress", "none", code=code, **how)

    def test_a_directory(self):
        (self.folder / "shop").mkdir()
        done = self.run_to("duckdb:shop", 1)
        self.assertEqual(done.stderr, "sluice: cannot write to duckdb:shop: it is a directory. Name a file, for example "
                                      "duckdb:shop/shop.duckdb.\n")

    def test_another_programs_file(self):
        other = sqlite3.connect(self.folder / "other.db")
        other.execute("CREATE TABLE t (x)")
        other.commit()
        other.close()
        self.write("data.csv", "a,b\n1,2\n")
        self.write("empty.duckdb", "")
        for name in ("other.db", "in.ndjson", "data.csv", "empty.duckdb"):
            before = (self.folder / name).read_bytes()
            done = self.run_to(f"duckdb:{name}", 1)
            self.assert_one_sentence(done.stderr)
            self.assertIn(f"duckdb:{name}", done.stderr)
            self.assertEqual((self.folder / name).read_bytes(), before)

    def test_names_that_duckdb_takes_for_something_else_than_a_file(self):
        for name in (":memory:", "md:shop", "sqlite:shop", "s3://bucket/shop.duckdb"):
            done = self.run_to(f"duckdb:{name}", 1)
            self.assert_one_sentence(done.stderr)
            self.assertIn(f"duckdb:{name}", done.stderr)
        self.run_to("duckdb:./md:shop", 0)
        self.assertEqual(self.value("./md:shop", "SELECT count(*) FROM cdc_events"), 20_000)

    def test_an_ending_that_looks_like_data_is_a_store_all_the_same(self):
        for name in ("shop.csv", "shop.json", "shop.parquet"):
            self.run_to(f"duckdb:{name}", 0)
            self.assertIn("Nothing new", self.run_to(f"duckdb:{name}", 0).stdout)
            self.assertEqual(self.value(name, "SELECT count(*) FROM cdc_events"), 20_000)

    def test_a_folder_that_is_not_there(self):
        self.assert_one_sentence(self.run_to("duckdb:no/such/shop.duckdb", 1).stderr)

    def test_a_full_disk_keeps_what_was_confirmed_and_a_later_run_continues(self):
        flags = ("--batch-rows", "1000", "--batch-ms", "3600000")

        def small_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))

        done = self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:full.duckdb", "--progress", "none", *flags,
                           code=None, preexec_fn=small_disk)
        self.assertNotEqual(done.returncode, 0, "the file did not reach the limit")
        self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:full.duckdb", "--progress", "none")
        self.assertEqual(self.rows("full.duckdb", "SELECT count(*) n, count(DISTINCT record_id) d FROM cdc_events"),
                         [{"n": 20_000, "d": 20_000}])

    def test_a_read_only_file_and_folder(self):
        self.run_to("duckdb:shop.duckdb", 0)
        (self.folder / "shop.duckdb").chmod(0o444)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        how = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}  # root may write everything
        try:
            self.sluice("--version", **how)
        except PermissionError:
            self.skipTest("another user cannot run the program from where it lies")
        for to in ("duckdb:shop.duckdb", "duckdb:new.duckdb"):
            done = self.run_to(to, 1, **how)
            self.assert_one_sentence(done.stderr)
            self.assertIn(to, done.stderr)
        done = self.sluice("query", "--db", "shop.duckdb", "--format", "csv", "SELECT count(*) FROM cdc_events", **how)
        self.assertEqual(done.stdout.splitlines()[1], "20000")

    def test_a_second_writer(self):
        first = self.start("run", "--from", "file:-", "--to", "duckdb:shop.duckdb", "--batch-ms", "1", stdin=-1)
        first.stdin.write(ROWS[:1000].encode())
        first.stdin.flush()
        while not (self.folder / "shop.duckdb").exists():
            self.assertIsNone(first.poll())
        for _ in range(50):
            done = self.run_to("duckdb:shop.duckdb", None)
            if done.returncode != 0:
                break
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assert_one_sentence(done.stderr)
        self.assertIn(str(first.pid), done.stderr)

    def test_output_to_a_full_device(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full here")
        self.run_to("duckdb:shop.duckdb", 0)
        with open("/dev/full", "wb") as full:
            answer = subprocess.run([self.program, "query", "--db", "shop.duckdb", "FROM cdc_events"], cwd=self.folder,
                                    stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(answer.stderr.decode(), "sluice: cannot write to standard output: No space left on device.\n")


if __name__ == "__main__":
    main()
