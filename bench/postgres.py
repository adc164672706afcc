#!/usr/bin/env python3
"""Landing in PostgreSQL beside a plain COPY loop of the same rows.

    scripts/with-postgres -- .deps/python/bin/python bench/postgres.py --sluice build/release/sluice [--changes 200000]

One side is `sluice run` as a whole process, from the generator's shop to durable rows, with every check, the ledger and the
views. The other is `psql` with one COPY in binary form for every 20,000 rows, each in a transaction of its own, of exactly
these rows out of ready files, into a table with the same columns and indexes: it reads, checks and decodes nothing. What it
takes is the server's part, so a ratio of 1.0 cannot be passed by much. The two alternate; the ratio is the median of the pairs.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

COLUMNS = ("source_schema, source_table, operation, record_id, event_data, event_text, commit_timestamp, commit_ts_ns, tx_id, "
           "shard_id, sequence_number, ingested_at")
ROWS_OF_A_COPY = 20_000


def psql(dsn, *commands):
    arguments = [part for command in commands for part in ("-c", command)]
    return subprocess.run(["psql", dsn, "-qAtX", "-v", "ON_ERROR_STOP=1", *arguments], check=True, capture_output=True,
                          text=True).stdout.strip()


def run_sluice(sluice, source, dsn):
    psql(dsn, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", "CHECKPOINT")
    begun = time.monotonic()
    subprocess.run([sluice, "run", "--from", f"file:{source}", "--to", f"postgres:{dsn}", "--until-end", "--progress", "none"], check=True,
                   capture_output=True)
    return time.monotonic() - begun


def write_pieces(dsn, folder):
    """The rows as they landed, in files for COPY."""
    first, last = map(int, psql(dsn, "SELECT min(event_id), max(event_id) FROM cdc_events").split("|"))
    pieces = []
    for start in range(first, last + 1, ROWS_OF_A_COPY):
        pieces.append(folder / f"{start}.copy")
        psql(dsn, f"\\copy (SELECT {COLUMNS} FROM cdc_events WHERE event_id >= {start} AND event_id < {start + ROWS_OF_A_COPY} "
                  f"ORDER BY event_id) TO '{pieces[-1]}' (FORMAT binary)")
    return pieces


def run_peer(dsn, pieces):
    psql(dsn, "DROP TABLE IF EXISTS peer", "CREATE TABLE peer (LIKE cdc_events INCLUDING ALL)", "CHECKPOINT")
    begun = time.monotonic()
    psql(dsn, *(f"\\copy peer ({COLUMNS}) FROM '{piece}' (FORMAT binary)" for piece in pieces))
    return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--changes", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    dsn = os.environ.get("SLUICE_TEST_DSN") or parser.error("run it under scripts/with-postgres")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source = folder / "shop.ndjson"
        subprocess.run([arguments.sluice, "generate", "--seed", "7", "--changes", str(arguments.changes), "--tables", "shop",
                        "--out", source, "--truth", folder / "truth.ndjson"], check=True, capture_output=True)
        size = source.stat().st_size
        pairs = []
        for _ in range(arguments.runs):
            ours = run_sluice(arguments.sluice, source, dsn)
            rows = int(psql(dsn, "SELECT count(*) FROM cdc_events"))
            peer = run_peer(dsn, write_pieces(dsn, folder))
            assert psql(dsn, "SELECT count(*) FROM peer") == str(rows)
            pairs.append((ours, peer))
    ours, peer = (statistics.median(side) for side in zip(*pairs))
    ratio = statistics.median(peer / ours for ours, peer in pairs)
    print(f"postgres: {rows:,} rows, sluice {rows / ours:,.0f} rows/s ({size / ours / 1e6:.0f} MB/s of records), plain COPY "
          f"{rows / peer:,.0f} rows/s, ratio {ratio:.2f} (median of {len(pairs)} pairs)")


if __name__ == "__main__":
    main()
