#!/usr/bin/env python3
"""Runs clang-tidy-14 with .clang-tidy over the sources in src/, in parallel.

A source that passed is not read again until it, a header that it includes, or .clang-tidy changes; the marks
are in BUILD/tidy/. Usage: tidy.py --build BUILD [--jobs N] [--tests] [FILE...]
Without FILE: every src/**/*.cc that BUILD compiles; test programs only with --tests, because GoogleTest's
macros make them slow to read and they break nothing at a customer's.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def read_with_headers(path, seen):
    """The path and every header of ours that it reaches, in `seen`."""
    if path in seen or not path.is_file():
        return
    seen[path] = path.read_bytes()
    for name in INCLUDE.findall(seen[path].decode(errors="replace")):
        read_with_headers(ROOT / "src" / name, seen)


def mark_of(path, command):
    seen = {}
    read_with_headers(path, seen)
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + command.encode())
    for content in seen.values():
        digest.update(content)
    return digest.hexdigest()


def read_one(build, path, mark):
    done = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(build), str(path)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        (build / "tidy" / mark).touch()
        return ""
    return done.stdout or done.stderr or f"clang-tidy-14 failed on {path} without a word\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT / "src") and path.is_file():
            commands[path] = entry["command"]
    chosen = [path.resolve() for path in options.files] or [
        path for path in commands if options.tests or not path.name.endswith("_test.cc")]
    unknown = [path for path in chosen if path not in commands]
    if unknown:
        print(f"tidy: {build.name} does not compile {', '.join(map(str, unknown))}")
        return 1
    (build / "tidy").mkdir(exist_ok=True)
    waiting = [(path, mark_of(path, commands[path])) for path in sorted(chosen)]
    waiting = [(path, mark) for path, mark in waiting if not (build / "tidy" / mark).exists()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for findings in pool.map(lambda item: read_one(build, *item), waiting):
            if findings:
                print(findings, end="", flush=True)
                bad += 1
    print(f"tidy: {len(chosen)} files, {len(waiting)} read, {bad} with findings")
    return 1 if bad or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
