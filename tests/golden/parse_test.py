"""Every golden text for Redshift and Athena is read by sqlglot, wholly and without being skipped over."""

import pathlib
import unittest

import sqlglot
from sqlglot import ErrorLevel, exp

GOLDEN = pathlib.Path(__file__).parent


def statements(text, dialect):
    """The parsed statements; raises where the parser finds an error."""
    return [tree for tree in sqlglot.parse(text, read=dialect, error_level=ErrorLevel.RAISE) if tree is not None]


def skipped(tree):
    """What the parser kept as a string of words because it knows no better."""
    return [node.sql() for node in tree.find_all(exp.Command)]


class Golden(unittest.TestCase):
    def read(self, pattern, dialect):
        files = sorted(GOLDEN.glob(pattern))
        self.assertGreater(len(files), 3)
        for file in files:
            with self.subTest(file=file.name, dialect=dialect):
                text = file.read_text()
                trees = statements(text, dialect)
                self.assertEqual(len(trees), text.count(";\n\n"))
                for tree in trees:
                    self.assertEqual(skipped(tree), [])
                    self.assertIsInstance(tree, (exp.Create, exp.Select))

    def test_redshift(self):
        self.read("redshift_*.sql", "redshift")

    def test_athena(self):
        self.read("athena_*.sql", "athena")

    def test_athena_views_are_trino(self):
        self.read("athena_views_*.sql", "trino")


class Bites(unittest.TestCase):
    def test_a_text_that_is_not_sql_is_an_error(self):
        with self.assertRaises(sqlglot.errors.ParseError):
            statements("CREATE VIEW v AS SELECT (1", "redshift")

    def test_a_statement_that_the_parser_does_not_know_is_found(self):
        self.assertNotEqual(skipped(statements("VACUUM cdc_events", "redshift")[0]), [])


if __name__ == "__main__":
    unittest.main()
