#!/usr/bin/env python3
"""The whole program against the generator's truth, with everything switched on, however the records come.

For each seed: `sluice generate` with repeats, full reordering, oversized records in fragments and poison; then
`sluice run` of the same records as they are, shuffled, doubled, cut into pieces over several runs, and killed with -9
at random moments and run again. Each time every view must equal the truth and the books must balance.

The short form is what `make test` runs; the long one is: truth_test.py --sluice PATH --seeds 5 --changes 200000
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import truth

EVERYTHING = ["--duplicates", "0.1", "--reorder", "all", "--oversize", "0.02", "--oversize-bytes", "3000", "--poison", "0.01"]


class Trial:
    def __init__(self, sluice, folder, seed, changes):
        self.sluice = sluice
        self.folder = folder
        self.random = random.Random(seed)
        self.records = folder / "records.ndjson"
        self.truth = folder / "truth.ndjson"
        subprocess.run([sluice, "generate", "--seed", str(seed), "--changes", str(changes), *EVERYTHING, "--out", self.records,
                        "--truth", self.truth], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.lines = self.records.read_bytes().split(b"\n")[:-1]

    def store(self, name):
        return self.folder / f"{name}.duckdb"

    def run(self, source, store, *more):
        answer = subprocess.run([self.sluice, "run", "--from", f"file:{source}", "--to", f"duckdb:{store}", "--until-end",
                                 "--progress", "none", "--json", *more], capture_output=True, text=True)
        if answer.returncode != 0:
            raise AssertionError(f"sluice run ended with {answer.returncode}: {answer.stderr[-2000:]}")
        return json.loads(answer.stdout)

    def write(self, name, lines):
        path = self.folder / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def check(self, name, store):
        differences, tables, rows = truth.compare(store, self.truth)
        for difference in differences[:10]:
            print(f"    {difference}")
        print(f"  {name}: {tables} tables, {rows:,} rows: {'equal' if not differences else f'{len(differences)} differences'}", flush=True)
        return not differences

    def as_delivered(self):
        self.run(self.records, self.store("delivered"))
        return self.check("as delivered", self.store("delivered"))

    def shuffled(self):
        lines = list(self.lines)
        self.random.shuffle(lines)
        self.run(self.write("shuffled.ndjson", lines), self.store("shuffled"), "--batch-rows", "5000")
        return self.check("shuffled", self.store("shuffled"))

    def doubled(self):
        self.run(self.write("doubled.ndjson", self.lines + self.lines), self.store("doubled"), "--repeats", "skip")
        return self.check("doubled, repeats skipped", self.store("doubled"))

    def in_pieces(self):
        cuts = sorted(self.random.sample(range(len(self.lines)), 4))
        store = self.store("pieces")
        for at, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(self.lines)])):
            self.run(self.write(f"piece-{at}.ndjson", self.lines[start:end]), store)
        return self.check("in five pieces over five runs", store)

    def killed(self, times):
        store = self.store("killed")
        command = [self.sluice, "run", "--from", f"file:{self.records}", "--to", f"duckdb:{store}", "--until-end", "--progress",
                   "none", "--batch-rows", "1000"]
        killed = 0
        for _ in range(times):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0.05, 0.8))
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                killed += 1
            child.wait()
        summary = self.run(self.records, store)
        if summary.get("imbalances"):
            raise AssertionError(f"after {killed} kills the books do not balance: {summary['imbalances']}")
        return self.check(f"killed {killed} times and run again", store)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=5)
    arguments = parser.parse_args()
    good = True
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        print(f"seed {seed}, {arguments.changes:,} changes", flush=True)
        with tempfile.TemporaryDirectory(prefix="sluice-truth-") as folder:
            trial = Trial(arguments.sluice, Path(folder), seed, arguments.changes)
            for story in (trial.as_delivered, trial.shuffled, trial.doubled, trial.in_pieces):
                good = story() and good
            good = trial.killed(arguments.kills) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
