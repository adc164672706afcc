#!/usr/bin/env python3
"""clang-tidy's rules bite: a bad file is refused by each rule that we count on, a good one passes."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

BAD = """
#include <string>
#include <utility>
#include <vector>
#define TWICE(x) ((x) + (x))
using namespace std;
struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 0; }
};
struct square : Shape {
  virtual int corners() const { return 4; }
};
class Counter {
 public:
  int Next() { return ++count; }
 private:
  int count = 0;
};
constexpr int limit = 3;
size_t use_after_move(std::string text) {
  std::vector<std::string> kept;
  kept.push_back(std::move(text));
  return text.size();
}
size_t copies(std::vector<std::string> texts) {
  size_t total = 0;
  for (const std::string text : texts) total += text.size();
  return total;
}
int uninitialised(bool flag) {
  int result;
  if (flag) result = *(const int*)"four";
  return result;
}
int long_one(int number) {
""" + "  number += 1;\n" * 75 + """  return number;
}
"""

WANTED = """
readability-identifier-naming bugprone-use-after-move performance-for-range-copy
performance-unnecessary-value-param cppcoreguidelines-macro-usage google-build-using-namespace
modernize-use-override cppcoreguidelines-init-variables cppcoreguidelines-pro-type-cstyle-cast
readability-function-size
""".split()

NAMES = ["square", "Next", "count", "limit"]

GOOD = """
#include <string>
namespace sluice::change {
inline constexpr int kLimit = 3;
class Counter {
 public:
  int next() { return ++count_; }

 private:
  int count_ = kLimit;
};
}  // namespace sluice::change
"""


def tidy(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sample.cc"
        path.write_text(text)
        return subprocess.run(
            ["clang-tidy-14", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(path), "--", "-std=c++20"],
            capture_output=True, text=True, check=False)


class TidyBites(unittest.TestCase):
    def test_a_bad_file_is_refused_by_every_rule_that_we_count_on(self):
        done = tidy(BAD)
        self.assertNotEqual(done.returncode, 0)
        for rule in WANTED:
            self.assertRegex(done.stdout, rf"error: .*\[{re.escape(rule)}[,\]]", f"{rule} is silent")
        for name in NAMES:
            self.assertRegex(done.stdout, rf"invalid case style for .*'{name}'", f"{name} passes")

    def test_a_good_file_passes(self):
        done = tidy(GOOD)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
