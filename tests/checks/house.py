#!/usr/bin/env python3
"""House rules about the text of every file that belongs to the project.

No path of somebody's machine, no registry's host, no unfinished business, no vague names, and a reason in
front of a long source. Prints one line per finding. Usage: house.py [ROOT]
"""

import pathlib
import re
import subprocess
import sys

MOST_LINES = 500
REASON = "Reason for length:"
# Taken apart, so that this file may be checked as well.
HOSTS = ["registry.npm" + "js", "py" + "pi.org", "files.python" + "hosted", "repo1" + ".maven",
         "repo.maven" + ".apache", "deb." + "debian.org", "proxy.go" + "lang"]
FOLDERS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]"]
MARKS = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
RULES = [
    (re.compile("|".join(re.escape(host) for host in HOSTS)), "names a registry's host; the client's settings decide"),
    (re.compile(r"(?<![\w.}])(?:" + "|".join(FOLDERS) + ")"), "holds a path of somebody's machine"),
    (re.compile(r"\b(?:" + "|".join(MARKS) + r")\b"), "is unfinished; finish it or open an issue"),
]
SILENCED = re.compile(r"NOLINT(?!\w*\([\w., -]+\): \S)(?!END)\w*")
# A return from within leaks what was built so far.
TRY_IN_BRACES = re.compile(r"(?:[=(,]|\breturn|\b(?!else\b|do\b|const\b|override\b|noexcept\b|mutable\b)\w+)\s*"
                           r"\{[^{};]*\bTRY\(")
VAGUE_FILE = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?|misc)(?:_|$)")
VAGUE_TYPE = re.compile(r"^\s*(?:class|struct)\s+(\w*(?:Utils?|Helpers?|Common|Manager))\b", re.M)
NOT_OURS = ("build", ".deps", ".git", "__pycache__")


def project_files(root):
    """What git knows or would add; without git, everything but what is made."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")
                 if path.is_file() and not any(part in NOT_OURS for part in path.relative_to(root).parts)]
    return sorted(name for name in names if (root / name).is_file() and not (root / name).is_symlink())


def first_comment(text):
    match = re.match(r"(?:\s*//[^\n]*\n)+", text)
    return match.group(0) if match else ""


def check_file(root, name):
    content = (root / name).read_bytes()
    if b"\0" in content or name.startswith("fuzz/corpus/") or name == "LICENSE":
        return
    text = content.decode(errors="replace")
    for pattern, complaint in RULES:
        for match in pattern.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {complaint}: {match.group(0)}"
    path = pathlib.PurePath(name)
    if path.suffix in (".h", ".cc"):
        lines = text.count("\n")
        if lines > MOST_LINES and REASON not in first_comment(text):
            yield f"{name}: {lines} lines; divide it, or say \"{REASON} ...\" in its first comment"
        for match in SILENCED.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: say which rule and why: NOLINT(rule): reason"
        for match in TRY_IN_BRACES.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.end()) + 1}: TRY inside an initializer's braces; take its value first"
        if VAGUE_FILE.search(path.stem):
            yield f"{name}: a name that says nothing; name the thing that it owns"
        for match in VAGUE_TYPE.finditer(text):
            yield f"{name}: {match.group(1)} is a name that says nothing; name the thing that it owns"


def check(root):
    return [finding for name in project_files(root) for finding in check_file(root, name)]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    findings = check(root)
    print("\n".join(findings) or "house: every file keeps the rules")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
