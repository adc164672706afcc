"""Settings from file, environment and flags: what is in force, where it came from, and what a typo says."""

import json

from harness import Case, change, lines, main


class Config(Case):
    def test_show_says_where_every_value_came_from(self):
        self.write("shop.toml", 'batch_rows = 10\nbatch_ms = 20\nthreads = 1\n[keys]\n"public.t" = ["a", "b"]\n')
        done = self.sluice("config", "show", "--config", "shop.toml", "--batch-rows", "30", "--json",
                           environment={"SLUICE_BATCH_MS": "40"})
        shown = json.loads(done.stdout)
        self.assertEqual(shown["batch_rows"], {"value": "30", "from": "--batch-rows"})
        self.assertEqual(shown["batch_ms"], {"value": "40", "from": "SLUICE_BATCH_MS"})
        self.assertEqual(shown["threads"], {"value": "1", "from": "shop.toml:3"})
        self.assertEqual(shown["repeats"], {"value": "land", "from": "default"})
        self.assertEqual(shown["from"], {"value": None, "from": "not set"})
        self.assertEqual(shown["keys.public.t"], {"value": "a,b", "from": "shop.toml:5"})

    def test_a_typo_in_the_file_names_the_line_and_the_right_name(self):
        self.write("shop.toml", "strict = true\nbatch_row = 5\n")
        for words in (("config", "show"), ("run",), ("query", "SELECT 1")):
            done = self.sluice(*words, "--config", "shop.toml", code=2)
            self.assertEqual(done.stderr, "sluice: shop.toml:2: there is no setting 'batch_row'. Do you mean batch_rows?\n")

    def test_a_file_that_is_not_there_or_not_a_file(self):
        self.assertIn("nowhere.toml", self.sluice("config", "show", "--config", "nowhere.toml", code=2).stderr)
        self.assertIn("it is a directory", self.sluice("config", "show", "--config", ".", code=2).stderr)

    def test_the_environment_may_name_the_file(self):
        self.write("shop.toml", "threads = 7\n")
        done = self.sluice("config", "show", "--json", environment={"SLUICE_CONFIG": "shop.toml"})
        self.assertEqual(json.loads(done.stdout)["threads"]["value"], "7")

    def test_a_secret_is_not_shown(self):
        done = self.sluice("config", "show", environment={"SLUICE_POSTGRES": "postgresql://me:hunter2@localhost/shop"})
        self.assertNotIn("hunter2", done.stdout)
        self.assertIn("(not shown)", done.stdout)

    def test_a_file_alone_is_enough_for_a_run_and_a_query(self):
        self.write("in.ndjson", lines([change({"a": 1, "b": 2}, table="t")]))
        self.write("shop.toml", 'from = "file:in.ndjson"\nto = "duckdb:shop.duckdb"\n[keys]\nt = ["a", "b"]\n')
        self.sluice("run", "--config", "shop.toml", "--strict")
        done = self.sluice("query", "--config", "shop.toml", "--format", "csv", "SELECT record_id FROM cdc_events")
        self.assertEqual(done.stdout, 'record_id\n"[1,2]"\n')


if __name__ == "__main__":
    main()
