#!/usr/bin/env python3
"""Holds the documentation against the tree and the program: what it names must exist.

Checked in README.md, CONTRIBUTING.md, CHANGELOG.md, docs/**/*.md and src/*/README.md: paths, `make` words,
commands and flags of sluice and of scripts, settings in TOML blocks, SLUICE_* variables, relative links with
their anchors, and that decisions are numbered without holes.

Usage: docs.py [--root ROOT] [--program PATH-OF-SLUICE]. Without the program, commands, flags and settings are
not checked.
"""

import argparse
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^(`{3,}|~{3,})\s*(\w*)")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
VARIABLE = re.compile(r"\bSLUICE_[A-Z0-9_]+\b")
WORD = re.compile(r"[a-z][a-z-]*")
FOLDERS = ("src", "docs", "tests", "scripts", "fuzz", "cmake", "bench", ".ci")
FILE_NAME = re.compile(r"[\w.*/-]+\.(?:h|cc|py|cmake|md)")
NOT_OURS = ("build", ".deps", ".git")


class Document:
    """A Markdown file as lines outside of code, pieces of inline code, and fenced blocks, each with its line."""

    def __init__(self, path):
        self.path = path
        self.prose, self.spans, self.blocks = [], [], []
        fence, block = None, None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = FENCE.match(line.strip())
            if fence is None and match:
                fence, block = match.group(1), []
                self.blocks.append((number, match.group(2), block))
            elif fence is not None and line.strip() == fence:
                fence = None
            elif fence is not None:
                block.append((number, line))
            else:
                self.prose.append((number, line))
                self.spans += [(number, found.group(2).strip()) for found in SPAN.finditer(line)]

    def code(self):
        """Every line of code with its number; a line that ends in a backslash is joined with the next."""
        yield from self.spans
        for _, _, lines in self.blocks:
            joined, start = "", None
            for number, line in lines:
                start = start or number
                if line.endswith("\\"):
                    joined += line[:-1] + " "
                    continue
                yield start, joined + line
                joined, start = "", None
            if joined:
                yield start, joined

    def anchors(self):
        slugs = set()
        for _, line in self.prose:
            if re.match(r"#{1,6} ", line):
                title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.lstrip("#").strip()).replace("`", "")
                slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                number, unique = 0, slug
                while unique in slugs:
                    number += 1
                    unique = f"{slug}-{number}"
                slugs.add(unique)
        return slugs


class Program:
    """What the built sluice says about itself."""

    def __init__(self, path):
        self.path = path
        self.helps = {}
        listed = re.findall(r"^ {2,}((?:sluice )?[a-z][a-z-]*(?: [a-z][a-z-]*)?) {2,}\S", self.help(()) or "", re.M)
        texts = [self.help(())] + [self.help(tuple(words.removeprefix("sluice ").split())) for words in listed]
        self.flags = set(FLAG.findall("\n".join(text for text in texts if text)))
        shown = self.output(("config", "show")) or ""
        self.settings = {flag[2:].replace("-", "_") for flag in self.flags}
        self.settings |= set(re.findall(r"^\s*#?\s*([a-z][a-z_]*)\b", shown, re.M))
        self.variables = {"SLUICE_" + name.upper() for name in self.settings}
        self.variables |= set(VARIABLE.findall(shown + "\n".join(text for text in texts if text)))

    def output(self, arguments):
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              check=False, timeout=120)
        return done.stdout + done.stderr if done.returncode == 0 else None

    def help(self, words):
        """The help of a command, or None when there is no such command."""
        if words not in self.helps:
            self.helps[words] = self.output((*words, "--help"))
        return self.helps[words]

    def check_call(self, call):
        """What is wrong with one call, given as the text after `sluice `."""
        arguments = re.split(r" [|;&)] ?|[|;)`]|&&|\s#|\s2?>", call)[0].split()
        words = []
        for argument in arguments:
            if not WORD.fullmatch(argument):
                break
            words.append(argument)
        text = None
        while words and text is None:
            text = self.help(tuple(words))
            if text is None and len(words) == 1:
                yield f"there is no command `sluice {words[0]}`"
                return
            words = words[:-1] if text is None else words
        text = text or self.help(()) or ""
        known = set(FLAG.findall(text)) | {"--help", "--version"}
        for argument in arguments:
            for flag in FLAG.findall(argument.split("=")[0].strip("[]\"'")):
                if flag not in known:
                    yield f"`sluice {' '.join(words)}` has no {flag}"


class Checker:
    def __init__(self, root, program):
        self.root = root
        self.program = Program(program) if program else None
        self.findings = []
        self.words = set(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", self.text("Makefile"), re.M))
        self.names = {path.name for path in self.our_files(root)}
        ours = [path for folder in ("src", "cmake", "scripts", "tests", "fuzz", "bench", ".ci")
                for path in self.our_files(root / folder) if path.suffix != ".md"]
        ours += [root / name for name in ("Makefile", "CMakeLists.txt", "CMakePresets.json", "versions.env")]
        self.source_text = "\n".join(path.read_text(errors="replace") for path in ours if path.is_file())
        self.script_flags = set(FLAG.findall("\n".join(
            path.read_text(errors="replace") for folder in ("scripts", "tests", "fuzz", "bench", ".ci")
            for path in self.our_files(root / folder) if path.suffix in ("", ".py", ".sh", ".txt", ".cc"))))
        self.documents = [Document(path) for path in self.paths()]

    def text(self, name):
        path = self.root / name
        return path.read_text() if path.is_file() else ""

    def our_files(self, folder):
        for path in sorted(folder.glob("*")):
            if path.is_dir() and path.name not in NOT_OURS and "corpus" not in path.name:
                yield from self.our_files(path)
            elif path.is_file():
                yield path

    def paths(self):
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            if (self.root / name).is_file():
                yield self.root / name
        yield from sorted((self.root / "docs").rglob("*.md"))
        yield from sorted((self.root / "src").glob("*/README.md"))

    def find(self, document, line, what):
        self.findings.append(f"{document.path.relative_to(self.root)}:{line}: {what}")

    def exists(self, document, name):
        # Of a name with a placeholder, the folders in front of it must exist.
        pattern = re.split(r"[^/]*[<{]|NNNN", name)[0].rstrip("/") or "*"
        for base in (self.root, self.root / "src", document.path.parent):
            if any(True for _ in base.glob(pattern)):
                return True
        return "/" not in name and name in self.names

    def check_paths(self, document):
        for line, code in document.code():
            for token in re.split(r"[\s=|;&]+", code):
                token = re.sub(r"(:\d+)+$", "", token.strip("\"'(),;:`[]").removeprefix("./").rstrip("."))
                first = token.split("/")[0]
                names_folder = "/" in token and first in FOLDERS
                if names_folder or (FILE_NAME.fullmatch(token) and first not in NOT_OURS + ("", "..")):
                    if not self.exists(document, token):
                        self.find(document, line, f"there is no {token}")

    def check_make(self, document):
        for line, code in document.code():
            match = re.match(r"\s*(?:\$ )?make((?: [^\s#;&|]+)*)", code)
            for word in match.group(1).split() if match else ():
                if "=" not in word and not word.startswith("-") and word not in self.words:
                    self.find(document, line, f"there is no `make {word}`")

    def check_calls(self, document):
        for line, code in document.code():
            for script in re.findall(r"(?:^|[\s/])(scripts/[\w-]+)", code):
                rest = re.split(r"[|;&#]", code.split(script, 1)[1])[0]
                text = self.text(script)
                for flag in FLAG.findall(rest) if text else ():
                    if flag not in text:
                        self.find(document, line, f"{script} has no {flag}")
            if not self.program:
                continue
            calls = re.findall(r"(?:^|[\s/`$(\"'])sluice (?=[a-z-])(.*)", code)
            for call in calls:
                for finding in self.program.check_call(call):
                    self.find(document, line, finding)
            match = re.fullmatch(r"(--[a-z][a-z0-9-]*)(?:[ =].*)?", code)
            if match and match.group(1) not in self.program.flags | self.script_flags | {"--help", "--version"}:
                self.find(document, line, f"no command has the flag {match.group(1)}")

    def check_settings(self, document):
        for _, language, lines in document.blocks:
            # A catalog is TOML too; its tables are arrays of tables.
            if language != "toml" or not self.program or any(line.startswith("[[") for _, line in lines):
                continue
            inside_table = False
            for number, line in lines:
                table = re.match(r"\[([\w-]+)[.\]]", line)
                setting = re.match(r"([\w-]+)\s*=", line)
                if table or (setting and not inside_table):
                    name = (table or setting).group(1).split(".")[0]
                    # [table."schema.name"] is no setting: it holds what one table's views show.
                    if name not in self.program.settings and not (table and name == "table"):
                        self.find(document, number, f"there is no setting {name}")
                inside_table = inside_table or bool(table)

    def check_variables(self, document):
        for line, text in document.prose + [row for _, _, rows in document.blocks for row in rows]:
            for name in VARIABLE.findall(text):
                derived = self.program is not None and name in self.program.variables
                if not derived and not re.search(rf"\b{name}\b", self.source_text):
                    self.find(document, line, f"nothing reads the variable {name}")

    def check_links(self, document):
        for line, text in document.prose:
            for target in LINK.findall(SPAN.sub("", text)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                path = (document.path.parent / name).resolve() if name else document.path
                if not path.exists():
                    self.find(document, line, f"the link {target} leads nowhere")
                elif anchor and path.suffix == ".md" and anchor not in Document(path).anchors():
                    self.find(document, line, f"{path.name} has no heading #{anchor}")

    def check_decisions(self):
        numbers = []
        for path in sorted((self.root / "docs/decisions").glob("*.md")):
            match = re.match(r"(\d{4})-[a-z0-9-]+\.md$", path.name)
            if match:
                numbers.append(int(match.group(1)))
            elif path.name != "README.md":
                self.findings.append(f"docs/decisions/{path.name}: a decision is named NNNN-what-it-says.md")
        if numbers != list(range(1, len(numbers) + 1)):
            self.findings.append(f"docs/decisions: numbers must run from 0001 without holes or twins; they are "
                                 f"{', '.join(f'{number:04}' for number in numbers)}")

    def check(self):
        if self.program and self.program.help(()) is None:
            return [f"{self.program.path} --help fails, so nothing can be held against it"]
        for document in self.documents:
            for part in (self.check_paths, self.check_make, self.check_calls, self.check_settings,
                         self.check_variables, self.check_links):
                part(document)
        self.check_decisions()
        return self.findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parents[2])
    parser.add_argument("--program")
    options = parser.parse_args()
    checker = Checker(options.root.resolve(), options.program)
    findings = checker.check()
    print("\n".join(findings) or f"docs: everything named in {len(checker.documents)} documents exists")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
