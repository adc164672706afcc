#!/usr/bin/env python3
"""Measures landing, memory and reading against DuckDB's own ways, in one run, and prints ratios.

  landing   file -> durable DuckDB file: `sluice run` as a whole process, against DuckDB's own
            INSERT ... SELECT ... FROM read_json of the same columns from the same file with 2 threads
  memory    the peak of `sluice run` on many records
  reading   SELECT over orders_current with 1, 10 and 100 changes per key

The runs alternate, the ratio is the median of the pairs: these figures compare, they do not time.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

EVENTS = """CREATE TABLE cdc_events (event_id BIGINT, source_schema VARCHAR, source_table VARCHAR, operation VARCHAR,
  record_id VARCHAR, event_data JSON, commit_timestamp TIMESTAMP, commit_ts_ns BIGINT, tx_id VARCHAR, shard_id VARCHAR,
  sequence_number VARCHAR, ingested_at TIMESTAMP)"""

# The peer: no check of the image, no key but `id`, no ledger. `before` and `after` stay JSON text, as in Sluice.
INSERT = """INSERT INTO cdc_events
  SELECT row_number() OVER (), source."schema", source."table", op,
         coalesce(after->>'id', before->>'id'), coalesce(after, before), make_timestamp(source.ts_ns // 1000),
         source.ts_ns, source."txId", 'file', row_number() OVER ()::VARCHAR, now()::TIMESTAMP
  FROM read_json('{file}', format = 'newline_delimited', maximum_object_size = 33554432, columns = {{op: 'VARCHAR',
         before: 'JSON', after: 'JSON', source: 'STRUCT("schema" VARCHAR, "table" VARCHAR, ts_ns BIGINT, "txId" VARCHAR)'}})"""


def remove(path):
    for name in (path, Path(f"{path}.wal")):
        if name.exists():
            name.unlink()


def run_sluice(sluice, source, target, *more):
    """One whole process: seconds of wall, seconds of processor, peak bytes."""
    remove(target)
    started = time.monotonic()
    child = subprocess.Popen([sluice, "run", "--from", f"file:{source}", "--to", f"duckdb:{target}", "--until-end",
                              "--progress", "none", *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"sluice run ended with {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def run_peer(source, target):
    """Seconds of the INSERT alone, and with opening the file before it and closing it behind."""
    remove(target)
    opened = time.monotonic()
    database = duckdb.connect(str(target), config={"threads": 2})
    database.execute(EVENTS)
    started = time.monotonic()
    database.execute(INSERT.format(file=source))
    alone = time.monotonic() - started
    database.close()
    return alone, time.monotonic() - opened


def rows_in(path):
    with duckdb.connect(str(path), read_only=True) as database:
        return database.execute("SELECT count(*) FROM cdc_events").fetchone()[0]


def measure_landing(arguments, folder):
    source = folder / "shop.ndjson"
    size = source.stat().st_size
    pairs = []
    for turn in range(arguments.runs + 1):
        ours = run_sluice(arguments.sluice, source, folder / "ours.duckdb")
        peer = run_peer(source, folder / "peer.duckdb")
        if turn == 0:  # warms the page cache and shows that both landed the same number of rows
            print(f"landing: {rows_in(folder / 'ours.duckdb'):,} rows by sluice, "
                  f"{rows_in(folder / 'peer.duckdb'):,} by read_json, {size / 1e6:,.0f} MB")
            continue
        pairs.append((ours[0], *peer))
    ratio = statistics.median(alone / ours for ours, alone, _ in pairs)
    like_for_like = statistics.median(whole / ours for ours, _, whole in pairs)
    ours = statistics.median(ours for ours, _, _ in pairs)
    peer = statistics.median(alone for _, alone, _ in pairs)
    print(f"landing: sluice as a whole process {size / ours / 1e6:,.0f} MB/s, the INSERT alone {size / peer / 1e6:,.0f} MB/s, "
          f"ratio {ratio:.2f} (median of {len(pairs)} pairs, target 2.0); {like_for_like:.2f} where the peer's time "
          "has its opening and closing of the file too, as sluice's has")


def generate(sluice, path, changes, *more):
    if path.exists():
        return
    subprocess.run([sluice, "generate", "--seed", "7", "--changes", str(changes), "--tables", "shop", "--out", str(path),
                    "--truth", str(path) + ".truth", *more], check=True, stdout=subprocess.DEVNULL)


def measure_memory(arguments, folder):
    source = folder / f"shop-{arguments.big}.ndjson"
    generate(arguments.sluice, source, arguments.big)
    wall, processor, peak = run_sluice(arguments.sluice, source, folder / "big.duckdb")
    print(f"memory: {rows_in(folder / 'big.duckdb'):,} rows, {source.stat().st_size / 1e6:,.0f} MB: peak "
          f"{peak / 2**20:,.0f} MiB (target 512), {source.stat().st_size / wall / 1e6:,.0f} MB/s, "
          f"{processor / wall:.2f} processors busy")


def measure_reading(arguments, folder):
    """The same million events, with more and more of them for each key."""
    figures = []
    events = arguments.events
    for per_key in (1, 10, 100):
        target = folder / f"reading-{per_key}.duckdb"
        source = folder / f"reading-{per_key}.ndjson"
        if not source.exists():
            with open(source, "w", encoding="utf-8") as out:
                keys = events // per_key
                for at in range(events):
                    ns = 1_790_000_000_000_000_000 + at * 1_000_003
                    out.write('{"type":"full","op":"u","before":null,"after":{"id":%d,"status":"%s","total":"%d.25","placed_at":%d,'
                              '"note":"change %d"},"source":{"version":"1.0","ts_ns":%d,"txId":"t%d","schema":"public",'
                              '"table":"orders"},"ts_ns":%d}\n' % (at % keys, ("new", "paid", "sent")[at % 3], at % 997,
                                                                    ns // 1000, at, ns, at, ns))
        run_sluice(arguments.sluice, source, target)
        with duckdb.connect(str(target), read_only=True, config={"threads": 2}) as database:
            times = []
            for _ in range(arguments.runs):
                started = time.monotonic()
                rows = database.execute("SELECT count(*), sum(length(status)), max(total) FROM orders_current").fetchone()[0]
                times.append(time.monotonic() - started)
            scan = []
            for _ in range(arguments.runs):
                started = time.monotonic()
                database.execute("SELECT count(*), sum(length(event_data->>'status')), max(event_data->>'total') FROM cdc_events").fetchone()
                scan.append(time.monotonic() - started)
        figures.append((per_key, rows, statistics.median(times), statistics.median(scan)))
    for per_key, rows, seconds, scan in figures:
        print(f"reading: {per_key:>3} changes a key, {rows:>9,} rows of {events:,} events: "
              f"{seconds / scan:.2f} of a plain scan that reads the same two columns of every event")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--folder", required=True, help="for data and stores; kept, so that a second run is quicker")
    parser.add_argument("--changes", type=int, default=600_000)
    parser.add_argument("--big", type=int, default=5_000_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["landing", "memory", "reading"])
    arguments = parser.parse_args()
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    generate(arguments.sluice, folder / "shop.ndjson", arguments.changes)
    measures = {"landing": measure_landing, "memory": measure_memory, "reading": measure_reading}
    for name, measure in measures.items():
        if arguments.only in (None, name):
            measure(arguments, folder)


if __name__ == "__main__":
    main()
