"""Help, exit codes, and what a slip of the hand is told."""

import json
import re

from harness import Case, change, lines, main

ARN = "kinesis:arn:aws:kinesis:eu-west-1:123456789012:stream/shop"
COMMANDS = ("run", "query", "views", "schema", "quarantine list", "quarantine show", "quarantine retry", "quarantine export",
            "generate", "emulate", "drive", "catalog read", "config show")


class Usage(Case):
    def test_help_lists_every_command_and_every_command_has_help(self):
        listed = self.sluice("--help").stdout
        for command in COMMANDS:
            self.assertRegex(listed, rf"(?m)^  {command}  ")
            text = self.sluice(*command.split(), "--help").stdout
            self.assertIn(f"Usage: sluice {command}", text)
            self.assertRegex(text, rf"Examples:\n  .*sluice {command}|Examples:\n  [A-Z_]+=\S+ sluice|Examples:\n  echo")
            self.assertIn("Exit codes:", text)
            self.assertEqual(self.sluice("help", *command.split()).stdout, text)
            self.assertLessEqual(max(map(len, text.splitlines())), 130)

    def test_without_words_it_shows_the_help(self):
        self.assertEqual(self.sluice().stdout, self.sluice("--help").stdout)
        self.assertIn("quarantine retry", self.sluice("quarantine").stdout)

    def test_the_version_is_one_line(self):
        self.assertRegex(self.sluice("--version").stdout, r"^sluice \d+\.\d+\.\d+\n$")

    def test_slips_of_the_hand_exit_with_2_and_name_the_right_word(self):
        slips = {
            ("rnu",): "Do you mean `sluice run`?",
            ("quarantine", "lits"): "Do you mean `sluice quarantine list`?",
            ("run", "--form", "file:x"): "Do you mean --from?",
            ("run", "--from"): "--from needs a value",
            ("run",): "--from SOURCE is missing",
            ("run", "--from", "orders.ndjson", "--to", "duckdb:x"): "write file:orders.ndjson",
            ("run", "--from", "kafka:shop", "--to", "duckdb:x"): "this version reads kinesis:STREAM and file:PATH",
            ("run", "--from", "kinesis:shop cdc", "--to", "duckdb:x"): "is no Kinesis stream",
            ("run", "--from", "kinesis:shop", "--to", "duckdb:x", "--start", "at:noon"): "at: and a time with its zone",
            ("run", "--from", "kinesis:shop", "--to", "duckdb:x", "--endpoint-url", "localhost:4567"): "write http:// or https://",
            ("run", "--from", ARN, "--to", "duckdb:x", "--region", "us-east-1"): "but the stream's ARN says eu-west-1",
            ("generate", "--changes", "5", "--to", ARN, "--region", "us-east-1"): "but the stream's ARN says eu-west-1",
            ("run", "--from", "kinesis:", "--to", "duckdb:x"): "the stream is missing",
            ("run", "--from", "file:x", "--to", "redshift:x"): "the database is missing",
            ("run", "--from", "file:x", "--to", "duckdb:"): "the path is missing",
            ("run", "--repeats", "lnad"): "Do you mean land?",
            ("query", "SELECT 1"): "--db STORE is missing",
            ("query", "--db", "x"): "the SQL statement is missing",
            ("generate", "--out", "-"): "--changes N is missing",
            ("generate", "--changes", "5", "--out", "-", "--reorder", "some"): "--reorder is 'some'",
            ("quarantine", "show", "--db", "x", "seven"): "'seven' is not an ID",
            ("quarantine", "retry", "--db", "x"): "say which records to try",
            ("drive",): "--postgres DSN is missing",
        }
        for words, expected in slips.items():
            with self.subTest(words):
                done = self.sluice(*words, code=2)
                self.assertIn(expected, done.stderr)
                self.assert_one_sentence(done.stderr)
                self.assertEqual(done.stdout, "")

    def test_strict_exits_with_4_when_something_needs_a_person(self):
        good = lines([change({"id": 1})])
        self.assertEqual(self.run_into("a.duckdb", good, "--strict")["exit_code"], 0)
        self.assertEqual(self.run_into("b.duckdb", good + "nonsense\n", "--strict", code=4)["exit_code"], 4)
        self.run_into("b2.duckdb", good + "nonsense\n")
        keyless = lines([change({"x": 1}, table="notes")])
        self.run_into("c.duckdb", keyless, "--strict", code=4)
        self.run_into("d.duckdb", keyless, "--strict", "--key", "notes=x")

    def test_the_summary_is_for_people_and_balances(self):
        self.write("in.ndjson", lines([change({"id": i}) for i in range(1234)]) + "nonsense\n")
        done = self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", "--progress", "none")
        text = re.sub(r"in [\d.]+ s, [\d,]+/s", "in T", done.stdout)
        self.assertEqual(text, """\
Done. Everything in file:in.ndjson is durable in duckdb:shop.duckdb.
  1,235 records, 373.7 KiB in T

             read  landed  repeats  quarantined  waiting
  this run  1,235   1,234        0            1        0
  The books balance: read = landed + repeats + quarantined + waiting.

  1 record is in quarantine: 1 not-json.
    sluice quarantine list --db shop.duckdb
""")
        again = self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:shop.duckdb", "--progress", "none")
        self.assertTrue(again.stdout.startswith("Nothing new in file:in.ndjson.\n"), again.stdout)

    def test_progress_json_is_json_on_standard_error(self):
        self.write("in.ndjson", lines([change({"id": 1})]))
        done = self.sluice("run", "--from", "file:in.ndjson", "--to", "duckdb:x.duckdb", "--progress", "json")
        last = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual((last["event"], last["landed"], last["final"]), ("progress", 1, True))


if __name__ == "__main__":
    main()
