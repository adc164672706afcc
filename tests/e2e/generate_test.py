#!/usr/bin/env python3
"""`sluice generate` makes the kind of stream that its flags ask for."""

import json

from harness import Case, main


class Generate(Case):
    def make(self, *flags):
        self.sluice("generate", "--seed", 4, "--changes", 3000, "--out", "records.ndjson", "--truth", "truth.ndjson",
                    "--summary", "summary.json", *flags)
        # Only line feeds end a line; an image may hold a carriage return.
        self.rows = [json.loads(line) for line in (self.folder / "truth.ndjson").read_bytes().split(b"\n")[:-1]]
        return json.loads((self.folder / "summary.json").read_text())

    def test_updates_and_deletes_are_as_frequent_as_asked(self):
        usual = self.make()["operations"]
        self.assertGreater(usual["u"], usual["d"])
        inserts = self.make("--updates", 0, "--deletes", 0)["operations"]
        self.assertGreater(inserts["c"], 20 * inserts.get("d", 0))
        deletes = self.make("--updates", "0.1", "--deletes", "0.45")["operations"]
        self.assertGreater(deletes["d"], 2 * deletes["u"])

    def test_few_rows_are_changed_often(self):
        self.make("--tables", "orders")
        self.assertGreater(len(self.rows), 100)
        self.make("--tables", "orders", "--rows", 3)
        self.assertLessEqual(len(self.rows), 3)

    def test_a_transaction_has_no_more_statements_than_asked(self):
        usual = self.make()
        self.assertGreater(usual["statements"], 2 * usual["transactions"])
        # The last transaction may have more: it deletes where no delete has taught a key yet.
        single = self.make("--statements", 1)
        self.assertLess(single["statements"], 1.05 * single["transactions"])

    def test_schemas_change_and_rare_forms_come_only_as_asked(self):
        calm = self.make("--schema-changes", 0, "--unusual", 0)
        self.assertEqual((calm["schema_changes"], calm["unusual_images"], calm["unusual"]), (0, 0, {}))
        wild = self.make("--schema-changes", "0.5", "--unusual", "0.5")
        self.assertGreater(wild["schema_changes"], 100)
        self.assertGreater(wild["unusual_images"], 1000)
        self.assertGreater(sum(wild["unusual"].values()), 1000)

    def test_shares_that_cannot_be_are_refused(self):
        for words, message in {
            ("--updates", "0.6", "--deletes", "0.5"): "--updates and --deletes together are more than 1",
            ("--unusual", "2"): "--unusual is '2'",
            ("--rows", "0"): "--rows is '0'",
            ("--statements", "0"): "--statements is '0'",
        }.items():
            done = self.sluice("generate", "--changes", 9, "--out", "-", *words, code=2)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    main()
