"""What scripts/lambda refuses to pack, it does refuse."""

import importlib.machinery
import importlib.util
import pathlib
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lambda"
loader = importlib.machinery.SourceFileLoader("pack", str(SCRIPT))
pack = importlib.util.module_from_spec(importlib.util.spec_from_loader("pack", loader))
loader.exec_module(pack)

GOOD = (["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"], {(2, 34), (2, 2, 5)}, 1 << 20)


class Package(unittest.TestCase):
    def test_what_runs_on_amazon_linux_is_packed(self):
        self.assertEqual(pack.faults(*GOOD), [])

    def test_another_library_is_refused(self):
        for name in ("libduckdb.so", "libpq.so.5", "libstdc++.so.6", "libssl.so.3"):
            self.assertIn(name, pack.faults(GOOD[0] + [name], *GOOD[1:])[0])

    def test_a_newer_libc_is_refused(self):
        self.assertIn("GLIBC_2.36", pack.faults(GOOD[0], {(2, 36)}, GOOD[2])[0])
        self.assertIn("GLIBC_2.34.1", pack.faults(GOOD[0], {(2, 34, 1)}, GOOD[2])[0])

    def test_a_large_zip_is_refused(self):
        self.assertIn("bytes", pack.faults(*GOOD[:2], (10 << 20) + 1)[0])


if __name__ == "__main__":
    unittest.main()
