"""The quarantine: seen, exported, and put back after a fix, in one transaction and with balanced books."""

import base64
import json
import time

from harness import Case, change, lines, main

KEYLESS = json.dumps(change(None, op="d", table="notes"))


class Quarantine(Case):
    def setUp(self):
        super().setUp()
        self.run_into("shop.duckdb", lines([change({"id": 1})]) + "nonsense \x1b[31m\n" + KEYLESS + "\n")

    def listed(self):
        done = self.sluice("quarantine", "list", "--db", "shop.duckdb", "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_list_and_show(self):
        entries = self.listed()
        self.assertEqual([entry["reason"] for entry in entries], ["not-json", "keyless-delete"])
        table = self.sluice("quarantine", "list", "--db", "shop.duckdb").stdout
        self.assertIn("not-json", table)
        self.assertNotIn("nonsense", table)
        shown = self.sluice("quarantine", "show", entries[0]["id"], "--db", "shop.duckdb").stdout
        self.assertIn("nonsense \\x1b[31m", shown)
        raw = self.sluice("quarantine", "show", entries[0]["id"], "--db", "shop.duckdb", "--raw").stdout
        self.assertEqual(raw, "nonsense \x1b[31m")

    def test_a_reason_narrows_the_list(self):
        done = self.sluice("quarantine", "list", "--db", "shop.duckdb", "--reason", "not-json", "--json")
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_show_of_what_is_not_there(self):
        done = self.sluice("quarantine", "show", 999, "--db", "shop.duckdb", code=1)
        self.assertIn("999", done.stderr)

    def test_export_holds_the_bytes(self):
        self.sluice("quarantine", "export", "--db", "shop.duckdb", "--out", "out.ndjson")
        rows = [json.loads(line) for line in (self.folder / "out.ndjson").read_text().splitlines()]
        self.assertEqual([base64.b64decode(row["bytes_base64"]).decode() for row in rows], ["nonsense \x1b[31m", KEYLESS])

    def test_what_is_still_wrong_stays_and_the_books_balance(self):
        before = self.listed()
        done = self.sluice("quarantine", "retry", "--all", "--db", "shop.duckdb", code=4)
        self.assertIn("2 tried, 0 landed", done.stdout)
        self.assertIn("1 keyless-delete, 1 not-json", done.stdout)
        self.assertEqual(self.listed(), before, "the entries are still the same, with their ids and first_seen")
        summary = self.run_into("shop.duckdb", "")
        self.assertTrue(summary["balanced"])
        self.assertEqual((summary["ever"]["read"], summary["ever"]["quarantined"]), (3, 2))

    def test_an_oversized_record_that_was_given_up_lands_once_its_pieces_are_together(self):
        image = '{"id":7,"body":"Größe"}'
        head = change(None, table="drafts", chunked={"after": {"chunk_id": "c-9", "total_fragments": 2, "crc32c":
                                                               str(crc32c(image.encode()))}})
        head["type"] = "chunked"
        pieces = [{"type": "fragment", "chunk_id": "c-9", "index": i, "data": text}
                  for i, text in enumerate((image[:10], image[10:]))]
        early = ("--incomplete-after", "1s", "--batch-ms", "1")
        self.run_into("late.duckdb", lines([head, pieces[1]]), *early)
        time.sleep(1.2)
        summary = self.run_into("late.duckdb", lines([change({"id": 1})]), *early)
        self.assertEqual(summary["quarantined_by_reason"], {"incomplete-chunk": 2})
        self.run_into("late.duckdb", lines([pieces[0]]))
        self.sluice("quarantine", "retry", "--all", "--db", "late.duckdb")
        self.assertEqual(self.rows("late.duckdb", "SELECT id, body FROM drafts_current"), [{"id": 7, "body": "Größe"}])
        summary = self.run_into("late.duckdb", "")
        self.assertTrue(summary["balanced"])
        self.assertEqual((summary["ever"]["landed"], summary["ever"]["quarantined"]), (4, 0))

    def test_a_key_given_later_lets_what_it_explains_land_and_changes_nothing_else(self):
        done = self.sluice("quarantine", "retry", "--reason", "not-json", "--db", "shop.duckdb", "--json", code=4)
        self.assertEqual(json.loads(done.stdout)["refused_by_reason"], {"not-json": 1})
        self.assertEqual(self.value("shop.duckdb", "SELECT count(*) FROM cdc_events"), 1)

    def test_a_duckdb_file_that_is_not_ours_is_left_alone(self):
        self.sluice("quarantine", "list", "--db", "nowhere.duckdb", code=1)
        self.assertFalse((self.folder / "nowhere.duckdb").exists())

    def test_retry_needs_one_choice(self):
        self.sluice("quarantine", "retry", "1", "--all", "--db", "shop.duckdb", code=2)
        self.sluice("quarantine", "retry", "999", "--db", "shop.duckdb", code=1)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


if __name__ == "__main__":
    main()
