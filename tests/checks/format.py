#!/usr/bin/env python3
"""Every C++ file is as clang-format-14 leaves it. Usage: format.py [--fix] [ROOT]"""

import pathlib
import subprocess
import sys


def sources(root):
    return sorted(str(path) for folder in ("src", "tests", "fuzz", "bench") for path in (root / folder).rglob("*")
                  if path.suffix in (".h", ".cc"))


def main():
    arguments = sys.argv[1:]
    fix = "--fix" in arguments
    names = [argument for argument in arguments if argument != "--fix"]
    root = pathlib.Path(names[0] if names else pathlib.Path(__file__).parents[2]).resolve()
    files = sources(root)
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    done = subprocess.run(["clang-format-14", "--style=file", *mode, *files], check=False)
    if done.returncode != 0:
        print("format: run `make format`")
    else:
        print(f"format: {len(files)} files {'formatted' if fix else 'are formatted'}")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
