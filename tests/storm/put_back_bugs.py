#!/usr/bin/env python3
"""Puts known bugs back, one at a time, and demands that the storm catches each.

Every bugs/*.bug names a source, a text in it that must stand there exactly once, what stands there instead,
and what the storm must say. The mutated source is compiled as the build compiles it and linked into
storm_test before the libraries, so that it stands for the right one. First the storm without any bug must be
calm with the same seeds.

Usage: put_back_bugs.py --build DIR [--only NAME]... [--jobs N] [--keep]
       put_back_bugs.py --texts      only whether every bug's text still stands in its source
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# A bug must show with the first seeds; each storm is short.
STORM = {"--seed": "1", "--changes": "700", "--runs": "4"}
FILE_STORM = {"--seed": "1", "--changes": "400", "--runs": "2"}
TIMEOUT_SECONDS = 600
# The sanitizer's notes on who allocated what cost more than the storm.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "malloc_context_size=3:detect_leaks=0"}


class Wrong(Exception):
    """What is wrong with a bug file, the build or the storm, in words."""


def read_bug(path):
    head, found, body = path.read_text().partition("\nfind:\n")
    old, replaced, new = body.partition("\nreplace:\n")
    if not found or not replaced:
        raise Wrong(f"{path.name}: lacks `find:` or `replace:` on a line of its own")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    missing = {"story", "file", "storm", "caught by"} - fields.keys()
    if missing:
        raise Wrong(f"{path.name}: lacks {', '.join(sorted(missing))}")
    return {"name": path.stem, "old": old, "new": new.removesuffix("\n"), **fields}


def mutated_text(bug):
    source = ROOT / bug["file"]
    text = source.read_text()
    times = text.count(bug["old"])
    if times != 1:
        raise Wrong(f"{bug['name']}.bug: its text stands {times} times in {bug['file']} instead of once; "
                    "the source has changed, so say anew how the bug looks there")
    return text.replace(bug["old"], bug["new"])


def mutate(bug, folder):
    content = mutated_text(bug)
    folder.mkdir(parents=True, exist_ok=True)
    mutated = folder / pathlib.Path(bug["file"]).name
    # An unchanged file keeps its time, and the compiler's cache its use.
    if not mutated.exists() or mutated.read_text() != content:
        mutated.write_text(content)
    return mutated


def command_of(build, source):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if pathlib.Path(entry["directory"], entry["file"]).resolve() == source.resolve():
            return shlex.split(entry["command"]), entry["directory"]
    raise Wrong(f"{source} is not in {build}/compile_commands.json")


def run_tool(command, directory, what):
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{what} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def compile_mutant(build, bug, mutated):
    command, directory = command_of(build, ROOT / bug["file"])
    built = mutated.with_suffix(".o")
    command[command.index("-o") + 1] = str(built)
    command[command.index("-c") + 1] = str(mutated)
    # What the bug leaves unused is no reason to stop.
    run_tool([*command, "-w"], directory, f"compiling {bug['name']}")
    return built


def link_mutant(link_command, build, built, program):
    words = shlex.split(link_command)
    words = words[words.index("&&") + 1:len(words) - words[::-1].index("&&") - 1]
    words[words.index("-o") + 1] = str(program)
    words.insert(words.index("-o"), str(built))
    run_tool(words, build, f"linking {program.name}")


def storm(program, extra, timeout=TIMEOUT_SECONDS):
    words = shlex.split(extra)
    options = dict(STORM if "model" in words else FILE_STORM)
    options.update(zip(words[::2], words[1::2]))
    command = [str(program), *(word for pair in options.items() for word in pair)]
    try:
        done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        raise Wrong(f"{' '.join(command)} did not end within {timeout} s") from late
    return done.returncode, done.stdout


def judge(bug, code, output):
    """The line by which the bug was caught."""
    if code == 0:
        raise Wrong(f"{bug['name']}: NOT CAUGHT. {bug['story']} The storm is too weak.")
    said = [line for line in output.splitlines() if "storm: " in line]
    for line in said:
        if re.search(bug["caught by"], line):
            return line.strip()
    raise Wrong(f"{bug['name']}: the storm failed, but nowhere says \"{bug['caught by']}\". Its end:\n" + output[-2000:])


def put_back(bug, build, link_command, folder, keep):
    mutated = mutate(bug, folder / bug["name"])
    built = compile_mutant(build, bug, mutated)
    program = folder / bug["name"] / "storm_test"
    link_mutant(link_command, build, built, program)
    try:
        return judge(bug, *storm(program, bug["storm"]))
    finally:
        if not keep:
            program.unlink(missing_ok=True)
            built.unlink(missing_ok=True)


def calm(build, extra):
    code, output = storm(build / "storm_test", extra)
    if code != 0:
        raise Wrong(f"the storm fails without any bug ({extra}); its end:\n{output[-3000:]}")


def check_texts(bugs, failures):
    for bug in bugs:
        try:
            mutated_text(bug)
        except Wrong as wrong:
            failures.append(str(wrong))
    for failure in failures:
        print(f"put_back_bugs: {failure}")
    print(f"put_back_bugs: {len(bugs)} bugs looked up, {len(failures)} failures")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--build", type=pathlib.Path)
    what.add_argument("--texts", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    failures = []
    bugs = []
    for path in sorted((HERE / "bugs").glob("*.bug")):
        if options.only and path.stem not in options.only:
            continue
        try:
            bugs.append(read_bug(path))
        except Wrong as wrong:
            failures.append(str(wrong))
    if not bugs:
        sys.exit("put_back_bugs: no bug of that name in " + str(HERE / "bugs"))
    if options.texts:
        return check_texts(bugs, failures)
    build = options.build.resolve()
    link_command = run_tool(["ninja", "-C", str(build), "-t", "commands", "-s", "storm_test"], build, "ninja")
    link_command = next(line for line in link_command.splitlines() if line.startswith(": && "))
    folder = build / "tests/storm/bugs"
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        works = {pool.submit(calm, build, extra): f"(no bug, {extra})" for extra in sorted({bug["storm"] for bug in bugs})}
        works.update({pool.submit(put_back, bug, build, link_command, folder, options.keep): bug["name"] for bug in bugs})
        for work in concurrent.futures.as_completed(works):
            try:
                caught = work.result()
                print(f"  ok  {works[work]:38} {caught[:120] if caught else 'calm'}", flush=True)
            except Wrong as wrong:
                failures.append(str(wrong))
                print(f"FAIL  {works[work]}", flush=True)
    for failure in failures:
        print(f"\nput_back_bugs: {failure}")
    print(f"put_back_bugs: {len(bugs)} bugs put back, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
