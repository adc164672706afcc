#!/usr/bin/env python3
"""Plays tests/scenarios/*.scenario through the program and compares what it says with what stands there.

A scenario is a story in blocks. A header stands at the start of a line, its body is indented by two spaces:

  records [HOW]    what the source delivers next, one record a line: `c orders @100 {"id":1}` is an insert into
                   public.orders committed at 100 ns (also schema.table, u, d, any op), `text ...` a line as it is,
                   `bytes ...` one in which \\xHH is a byte and \\repeat{N}{TEXT} is N times TEXT. HOW, if anything:
                   crlf (lines end so), open (the last line has no end), more (the last run's file grows)
  run [FLAGS]      a run over the records since the last one; below it the books, and what was said to the person
  pause SECONDS    lets so much time pass
  query SQL        the rows, columns parted by |
  quarantine       reason and message of every record in quarantine

Expected lines are rewritten with --rewrite (look at the difference before you believe it).
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SHORT = re.compile(r"(\S+) ([^@]+?) @(\d+) (.*)")


def record(line):
    if line.startswith("text "):
        return line[5:].encode()
    if line == "text":
        return b""
    if line.startswith("bytes "):
        repeated = re.sub(r"\\repeat\{(\d+)\}\{([^}]*)\}", lambda match: int(match[1]) * match[2], line[6:])
        return re.sub(rb"\\x([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), repeated.encode())
    match = SHORT.fullmatch(line)
    if not match:
        sys.exit(f"scenario: cannot read the record {line!r}")
    op, table, ns, image = match.groups()
    schema, table = table.split(".", 1) if "." in table else ("public", table)
    before, after = (image, "null") if op == "d" else ("null", image)
    return (f'{{"type":"full","op":{json.dumps(op)},"before":{before},"after":{after},"source":{{"version":"1.0","ts_ms":0,'
            f'"ts_ns":{ns},"txId":"t{ns}","schema":{json.dumps(schema, ensure_ascii=False)},'
            f'"table":{json.dumps(table, ensure_ascii=False)}}},"ts_ms":0,"ts_ns":0}}').encode()


def blocks(text):
    """(header, body) in order; a comment or an empty line is a block without a body."""
    found = []
    for line in text.split("\n"):
        if line.startswith("  ") and found and found[-1][0] and not found[-1][0].startswith("#"):
            found[-1][1].append(line[2:])
        else:
            found.append((line, []))
    while found and found[-1] == ("", []):
        found.pop()
    return found


class Play:
    def __init__(self, sluice, folder):
        self.sluice = sluice
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store.duckdb"
        self.records = b""
        self.source = None
        self.runs = 0

    def call(self, *arguments):
        answer = subprocess.run([self.sluice, *arguments], capture_output=True, text=True, cwd=self.folder, check=False)
        return answer.returncode, answer.stdout, answer.stderr

    def deliver(self, lines, how):
        unknown = set(how) - {"crlf", "open", "more"}
        if unknown:
            sys.exit(f"scenario: `records` does not know {' '.join(unknown)}")
        end = b"\r\n" if "crlf" in how else b"\n"
        if "more" not in how and not self.records:
            self.source = None
        self.records += end.join(record(line) for line in lines) + (b"" if "open" in how else end)

    def run(self, flags):
        self.runs += 1
        if self.source is None:
            self.source = self.folder / f"records-{self.runs}.ndjson"
        with open(self.source, "ab") as source:
            source.write(self.records)
        self.records = b""
        code, out, err = self.call("run", "--from", f"file:{self.source.name}", "--to", f"duckdb:{self.store.name}", "--until-end",
                                   "--progress", "plain", "--json", *flags)
        said = [line for line in err.splitlines() if line.startswith("sluice: ")]
        if not out:
            return [f"exit {code}", *said]
        summary = json.loads(out)
        books = summary["this_run"]
        lines = ["  ".join(f"{name} {books[name]}" for name in ("read", "landed", "repeats", "quarantined", "waiting"))]
        if summary["repeats_in_log"]:
            lines.append(f"rows delivered again {summary['repeats_in_log']}")
        lines += [f"unusual {name} {count}" for name, count in sorted(summary["unusual"].items())]
        if code:
            lines.append(f"exit {code}")
        return lines + said

    def query(self, sql):
        code, out, err = self.call("query", "--db", self.store.name, "--format", "ndjson", sql)
        if code:
            return [f"exit {code}", *err.splitlines()]
        rows = [json.loads(line, parse_int=str, parse_float=str) for line in out.splitlines()]
        return ["|".join("NULL" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                         for value in row.values()) for row in rows]

    def quarantine(self):
        return [line.replace("|", ": ", 1)
                for line in self.query("SELECT reason, message FROM cdc_quarantine ORDER BY id")]


def play(path, sluice):
    """The scenario's text with what really happened."""
    written = []
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        stage = Play(sluice, folder)
        for header, body in blocks(path.read_text(encoding="utf-8", errors="surrogateescape")):
            word, _, rest = header.partition(" ")
            if word == "records":
                stage.deliver(body, rest.split())
            elif word == "run":
                body = stage.run(rest.split())
            elif word == "pause":
                time.sleep(float(rest))
            elif word == "query":
                body = stage.query(rest)
            elif word == "quarantine":
                body = stage.quarantine()
            elif header and not header.startswith("#"):
                sys.exit(f"{path.name}: there is no block called {word!r}")
            written += [header, *(f"  {line}".rstrip() if not line else f"  {line}" for line in body)]
    return "\n".join(written) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("names", nargs="*", help="only these, without .scenario")
    arguments = parser.parse_args()
    sluice = str(pathlib.Path(arguments.sluice).resolve())
    failed = 0
    paths = sorted(path for path in HERE.glob("*.scenario") if not arguments.names or path.stem in arguments.names)
    if not paths:
        sys.exit("scenario: there is none")
    for path in paths:
        happened = play(path, sluice)
        expected = path.read_text(encoding="utf-8", errors="surrogateescape")
        if happened == expected:
            continue
        if arguments.rewrite:
            path.write_text(happened, encoding="utf-8", errors="surrogateescape")
            print(f"{path.name}: rewritten")
            continue
        failed += 1
        print(f"{path.name}: differs")
        for want, got in zip(expected.split("\n") + [""] * 99, happened.split("\n") + [""] * 99):
            if want != got:
                print(f"  expected: {want}\n  happened: {got}")
    print(f"{len(paths) - failed} of {len(paths)} scenarios as told")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
