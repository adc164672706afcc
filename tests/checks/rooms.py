#!/usr/bin/env python3
"""Enforces src/rooms.txt: which room may include which, and what every room has.

A shared include root lets a wrong include compile, so the table is checked here. Prints one line per finding
and fails if there is any. Usage: rooms.py [ROOT]
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)
NAMESPACE = re.compile(r"^(?:inline )?namespace (sluice(?:::\w+)*)\b[^=;]*\{", re.M)
LINK_LINE = re.compile(r"sluice_room\(\s*(\w+)([^)]*)\)")
PART_LINE = re.compile(r"^sluice_room_part\((\w+) (\w+)", re.M)
README_LINES = 40


def read_table(path):
    """rooms.txt as {room: [rooms it names]}, and the findings about the table itself."""
    table, findings = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, colon, others = line.partition(":")
        if not colon:
            findings.append(f"{path.name}:{number}: no colon in this line")
            continue
        if room in table:
            findings.append(f"{path.name}:{number}: room {room} stands here twice")
        for other in others.split():
            # Only rooms above: this keeps the table free of circles.
            if other not in table:
                findings.append(f"{path.name}:{number}: {room} names {other}, which is not a room above it")
        table[room] = [other for other in others.split() if other in table]
    return table, findings


def allowed(table, room):
    """The room itself, the rooms it names, and what those may include."""
    reached = {room}
    for other in table[room]:
        reached |= allowed(table, other)
    return reached


def check_includes(src, room, may, rooms, path):
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        bracket, name = match.groups()
        line = text.count("\n", 0, match.start(1)) + 1
        where = f"src/{path.relative_to(src)}:{line}"
        first = name.split("/")[0]
        if bracket == "<":
            if "/" in name and first in rooms:
                yield f"{where}: include our own headers with quotes: \"{name}\""
        elif "/" not in name or first not in rooms:
            yield f"{where}: \"{name}\" is not named from src/; our headers are \"room/file.h\", others <file.h>"
        elif first not in may:
            yield (f"{where}: {room}/ may not include {name}: rooms.txt gives it only "
                   f"{' '.join(sorted(may - {room})) or 'nobody'}")
        elif not (src / name).is_file():
            yield f"{where}: there is no src/{name}"


def check_namespace(src, room, may, path):
    text = path.read_text()
    wanted = "sluice" if room == "base" else f"sluice::{room}"
    opened = set(NAMESPACE.findall(text))
    is_test = path.name.endswith("_test.cc")
    where = f"src/{path.relative_to(src)}"

    def fits(name):
        if room == "base":
            return name == wanted
        return name == wanted or name.startswith(wanted + "::")

    if not opened and not re.search(r"^int main\(", text, re.M):
        yield f"{where}: nothing stands in namespace {wanted}"
    for name in sorted(opened):
        of_room = name.split("::")[1] if "::" in name else "base"
        # A test may teach GoogleTest to print another room's values, which only works in that room's namespace.
        if not fits(name) and not (is_test and of_room in may):
            yield f"{where}: namespace {name} in room {room}; it must be {wanted}"


def check_readme(src, room):
    readme = src / room / "README.md"
    if not readme.is_file():
        yield f"src/{room}/README.md is missing: what comes in, what goes out, what it promises, what to open first"
    elif len(readme.read_text().splitlines()) > README_LINES:
        yield f"src/{room}/README.md has more than {README_LINES} lines"


def check_links(root, table):
    """The build may link only what may be included."""
    text = (root / "CMakeLists.txt").read_text()
    part_of = {part: room for room, part in PART_LINE.findall(text)}
    for room, rest in LINK_LINE.findall(text):
        if room not in table:
            yield f"CMakeLists.txt: sluice_room({room}) is not in src/rooms.txt"
            continue
        words = rest.split()
        linked = []
        if "ROOMS" in words:
            start = words.index("ROOMS") + 1
            end = words.index("LIBS") if "LIBS" in words else len(words)
            linked = words[start:end]
        for other in linked:
            if part_of.get(other, other) not in allowed(table, room):
                yield f"CMakeLists.txt: {room} links {other}, which src/rooms.txt does not allow"


def check(root):
    src = root / "src"
    table, findings = read_table(src / "rooms.txt")
    folders = {path.name for path in src.iterdir() if path.is_dir() and any(path.rglob("*.*"))}
    findings += [f"src/{room}/ is not in src/rooms.txt" for room in sorted(folders - set(table))]
    # A room that is planned has its line in the build already and no folder yet.
    planned = {room for room, _ in LINK_LINE.findall((root / "CMakeLists.txt").read_text())}
    findings += [f"src/rooms.txt names {room}, and there is no src/{room}/ and no sluice_room({room})"
                 for room in sorted(set(table) - folders - planned)]
    for room in sorted(folders & set(table)):
        may = allowed(table, room)
        findings += check_readme(src, room)
        for path in sorted((src / room).rglob("*")):
            if path.suffix in (".h", ".cc"):
                findings += check_includes(src, room, may, set(table), path)
                findings += check_namespace(src, room, may, path)
    findings += check_links(root, table)
    return findings


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    findings = check(root)
    print("\n".join(findings) or "rooms: every include is allowed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
