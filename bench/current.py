#!/usr/bin/env python3
"""Reading the present: the view over the log against the maintained table, with 100 changes per key.

    bench/current.py --sluice build/release/sluice [--events 1000000] [--postgres DSN]

Fills a store by SQL with EVENTS events of one table, 100 per key, asks orders_current for a sum over every row, then lets
`sluice run` begin current = "table" and asks again. Prints both times, the best of three each, and their ratio, and that
both gave the same answer and `sluice verify-current` agrees. `--events 10000000` is the long form, a few minutes.
PostgreSQL is measured too when --postgres names an empty database, for example under scripts/with-postgres.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

CHANGES_PER_KEY = 100
ASK = "SELECT count(*), sum(qty), min(note) FROM orders_current"
T0 = 1790000000000000000
RECORD = {"type": "full", "op": "c", "before": None, "after": {"id": 0, "qty": 1, "note": "row 0, the first of its kind"},
          "source": {"version": "1.0", "ts_ns": T0 - 1, "txId": "t", "schema": "public", "table": "orders"}}


def run(arguments, folder, destination, config):
    (folder / "bench.toml").write_text(config)
    (folder / "one.ndjson").write_text(json.dumps(RECORD) + "\n")
    done = subprocess.run([arguments.sluice, "run", "--from", f"file:{folder / 'one.ndjson'}", "--to", destination, "--progress",
                           "none", "--config", folder / "bench.toml"], capture_output=True, text=True, check=False)
    # 3: the ledger rightly misses the events that came by SQL.
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)


def best_of_three(ask):
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - begun)
    return min(times), answer


def measure(arguments, folder, name, destination, fill, ask):
    run(arguments, folder, destination, "")
    begun = time.perf_counter()
    fill()
    print(f"{name}: filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    view_s, from_view = best_of_three(ask)
    print(f"{name}: the view gave its answer in {view_s:.1f} s", file=sys.stderr, flush=True)
    begun = time.perf_counter()
    run(arguments, folder, destination, '[table."public.orders"]\ncurrent = "table"\n')
    built_s = time.perf_counter() - begun
    table_s, from_table = best_of_three(ask)
    assert from_view == from_table, (from_view, from_table)
    subprocess.run([arguments.sluice, "verify-current", "--db", destination.removeprefix("duckdb:")], check=True,
                   capture_output=True)
    print(f"{name:<11}{arguments.events:>12,} events  view {view_s:8.3f} s  table {table_s:8.3f} s  ratio {view_s / table_s:7.1f}"
          f"  begun in {built_s:6.1f} s")


def columns(number):
    """The values of event `number` as SQL that both dialects read."""
    row = f"({number} % {{keys}})"
    image = f"'{{\"id\":' || {row} || ',\"qty\":' || ({number} % 97) || ',\"note\":\"row ' || {row} || ', change ' || {number} || '\"}}'"
    return row, image


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--postgres", metavar="DSN")
    parser.add_argument("--postgres-only", action="store_true", help="leave DuckDB out")
    arguments = parser.parse_args()
    arguments.sluice = str(pathlib.Path(arguments.sluice).resolve())
    keys = arguments.events // CHANGES_PER_KEY
    row, image = (text.replace("{keys}", str(keys)) for text in columns("n"))
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as held:
        folder = pathlib.Path(held)
        import duckdb

        path = folder / "shop.duckdb"

        def fill_duckdb():
            with duckdb.connect(str(path)) as base:
                base.execute(f"INSERT INTO cdc_events SELECT n + 2, 'public', 'orders', 'u', ({row})::VARCHAR, {image}, "
                             f"make_timestamp(({T0} + n) // 1000), {T0} + n, 'tx', 'shard', n::VARCHAR, now()::TIMESTAMP "
                             f"FROM range({arguments.events}) AS t(n)")

        def ask_duckdb():
            with duckdb.connect(str(path), read_only=True) as base:
                base.execute("SET threads = 2")
                return base.execute(ASK).fetchall()

        if not arguments.postgres_only:
            measure(arguments, folder, "DuckDB", f"duckdb:{path}", fill_duckdb, ask_duckdb)
        if not arguments.postgres:
            return

        def psql(text):
            return subprocess.run(["psql", arguments.postgres, "-X", "-v", "ON_ERROR_STOP=1", "-qAtc", text], check=True,
                                  capture_output=True, text=True).stdout

        def fill_postgres():
            # Ten million rows one by one into an index and the log of the database take longer than all that is measured.
            psql("ALTER TABLE cdc_events SET UNLOGGED; DROP INDEX cdc_events_newest")
            psql("INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, commit_timestamp, "
                 f"commit_ts_ns, tx_id, shard_id, sequence_number, event_text) SELECT 'public', 'orders', 'u', ({row})::text, "
                 f"({image})::jsonb, now(), {T0} + n, 'tx', 'shard', n::text, {image} FROM generate_series(0::bigint, "
                 f"{arguments.events} - 1) AS n; CREATE INDEX cdc_events_newest ON cdc_events (source_schema, source_table, "
                 "record_id, commit_ts_ns DESC)")
            psql("VACUUM (ANALYZE) cdc_events")

        # For psql and for sluice, which both ask through libpq: a sort of so much is made in few pieces.
        os.environ["PGOPTIONS"] = "-c work_mem=256MB -c maintenance_work_mem=1GB"
        measure(arguments, folder, "PostgreSQL", f"postgres:{arguments.postgres}", fill_postgres, lambda: psql(ASK))


if __name__ == "__main__":
    main()
