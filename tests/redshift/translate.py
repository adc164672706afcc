"""Redshift SQL into PostgreSQL SQL for the stand-in: parsed by sqlglot's Redshift dialect, then rewritten.

Only what Sluice and its tests need is known; anything else raises Unknown, in words that say what it was. Being
kind here would hide in a test what Redshift refuses in production.
"""

import dataclasses
import functools
import logging
import re

import sqlglot
from sqlglot import exp

# What it cannot parse is told by Unknown; its own warning would say it twice.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

MARK = "sluice_parameter_{}_"
MARKED = re.compile(r"sluice_parameter_([0-9a-zA-Z_]+?)_(?=$|[^0-9a-zA-Z_])")

# Functions and operators that mean the same in both, once rewritten below.
KNOWN = (
    exp.ParseJSON, exp.CurrentTimestamp, exp.TsOrDsAdd, exp.DateAdd, exp.Count, exp.Min, exp.Max, exp.Sum, exp.Avg,
    exp.RowNumber, exp.Lead, exp.Lag, exp.Cast, exp.Case, exp.If, exp.Coalesce, exp.Length, exp.RegexpLike, exp.Lower,
    exp.Upper, exp.And, exp.Or, exp.SHA2, exp.Concat, exp.Nullif, exp.Substring, exp.Left, exp.Right, exp.Abs,
    exp.Exists, exp.Round, exp.Chr)
NAMED = {"CAN_JSON_PARSE", "JSON_SIZE", "JSON_SERIALIZE", "JSON_TYPEOF", "TO_VARBYTE", "IS_LARGE_STRING_ENABLED"}
# Of the leader node, where Redshift is PostgreSQL.
OF_CATALOG = {"OBJ_DESCRIPTION"}
STATEMENTS = (exp.Select, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Copy, exp.Set, exp.Union, exp.Comment,
              exp.Transaction, exp.Commit, exp.Rollback)
ENDS = {exp.Transaction: "BEGIN", exp.Commit: "COMMIT", exp.Rollback: "ROLLBACK"}
DROPPED_PROPERTIES = (exp.DistStyleProperty, exp.DistKeyProperty, exp.SortKeyProperty)


class Unknown(Exception):
    """The stand-in does not know this."""


@dataclasses.dataclass(frozen=True)
class Translated:
    kind: str  # select, write, ddl, set, copy, transaction
    text: str  # with %(name)s for parameters
    parameters: frozenset
    tree: object = dataclasses.field(compare=False, default=None)


class Grant:
    """GRANT SELECT ON [TABLE] name TO ..., or USAGE ON SCHEMA: to a user, ROLE name, GROUP name or PUBLIC. Whom it names is a
    role of PostgreSQL called user:NAME, role:NAME or group:NAME, which must be there."""

    def __init__(self, sql):
        self.tokens = sqlglot.tokenize(sql, read="redshift")
        self.at = 0
        self.word("GRANT")
        right = self.word("SELECT", "USAGE")
        self.word("ON")
        if right == "USAGE":
            self.word("SCHEMA")
            place = "SCHEMA " + self.name()
        else:
            if self.peek() == "TABLE":
                self.at += 1
            place = self.name()
            if self.peek() == ".":
                self.at += 1
                place += "." + self.name()
        self.word("TO")
        self.text = f"GRANT {right} ON {place} TO {self.grantee()}"
        if self.at != len(self.tokens):
            raise Unknown(f'syntax error at or near "{self.tokens[self.at].text}"')

    def peek(self):
        return self.tokens[self.at].text.upper() if self.at < len(self.tokens) else ""

    def word(self, *possible):
        if self.peek() not in possible or self.tokens[self.at].token_type == sqlglot.TokenType.IDENTIFIER:
            raise Unknown(f'syntax error at or near "{self.peek()}"')
        self.at += 1
        return self.tokens[self.at - 1].text.upper()

    def raw_name(self):
        if self.at >= len(self.tokens):
            raise Unknown("syntax error at end of input")
        token = self.tokens[self.at]
        quoted = token.token_type == sqlglot.TokenType.IDENTIFIER
        if not quoted and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", token.text):
            raise Unknown(f'syntax error at or near "{token.text}"')
        self.at += 1
        return token.text if quoted else token.text.lower()

    def name(self):
        return '"' + self.raw_name().lower().replace('"', '""') + '"'

    def grantee(self):
        plain = self.tokens[self.at].token_type != sqlglot.TokenType.IDENTIFIER if self.at < len(self.tokens) else True
        kind = "user"
        if plain and self.peek() == "PUBLIC":
            self.at += 1
            return "PUBLIC"
        if plain and self.peek() in ("ROLE", "GROUP"):
            kind = self.word("ROLE", "GROUP").lower()
        return '"' + (kind + ":" + self.raw_name()).replace('"', '""') + '"'


def parse(sql):
    try:
        trees = sqlglot.parse(sql, read="redshift", error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise Unknown(f'syntax error: {str(error).splitlines()[0]}') from error
    trees = [tree for tree in trees if tree is not None]
    if len(trees) != 1:
        raise Unknown("syntax error: one statement at a time")
    tree = trees[0]
    if not isinstance(tree, STATEMENTS) or tree.find(exp.Command):
        raise Unknown(f"the stand-in does not know the statement {type(tree).__name__}")
    return tree


def placeholders(sql):
    """Names of :name outside quotes and comments; a name within quotes is no parameter."""
    if is_grant(sql):
        return frozenset()
    return frozenset(node.name for node in parse(sql).find_all(exp.Placeholder) if node.name)


def is_grant(sql):
    return sql.lstrip()[:5].upper() == "GRANT"


def unnesting_of(source):
    """(value, alias, name of the index) of `x.a AS r` and `x.a AS r AT i` in a FROM list; None for other sources."""
    if isinstance(source, exp.Unnest):
        return source.expressions[0], source.args["alias"].columns[0].name, "i"
    if isinstance(source, exp.AtIndex):
        return source.this.this, source.this.alias, source.expression.name
    return None


def aliases_in_reach(node):
    """The names of tables and subqueries that a column of `node` may mean, and which of them are unnested SUPER."""
    tables, unnested = set(), set()
    scope = node.parent_select
    while scope is not None:
        sources = [join.this for join in scope.args.get("joins") or []]
        if scope.args.get("from_") is not None:
            sources.append(scope.args["from_"].this)
        for source in sources:
            if unnesting := unnesting_of(source):
                unnested.add(unnesting[1])
            else:
                tables.add(source.alias_or_name)
        scope = scope.parent_select
    return tables, unnested


def get(value, name, case_sensitive):
    # Without case sensitivity even a quoted attribute is looked up in lower case.
    wanted = name.name if case_sensitive else name.name.lower()
    return exp.Anonymous(this="redshift.super_get", expressions=[value, exp.Literal.string(wanted)])


def rewrite_column(column, case_sensitive):
    tables, unnested = aliases_in_reach(column)
    parts = list(column.parts)
    first = parts[0].name
    if first in unnested:
        value, rest = exp.column("v", table=first), parts[1:]
    elif len(parts) > 2 and first in tables:
        value, rest = exp.column(parts[1].copy(), table=parts[0].copy()), parts[2:]
    elif len(parts) > 2:
        raise Unknown(f"relation {first} does not exist in this scope")
    else:
        return
    for part in rest:
        value = get(value, part, case_sensitive)
    column.replace(value)


def rewrite_unnest(join):
    value, alias, index = unnesting_of(join.this)
    call = exp.Anonymous(this="redshift.super_unnest", expressions=[value.copy()])
    join.replace(exp.Join(this=exp.Lateral(this=call, alias=exp.TableAlias(
        this=exp.to_identifier(alias), columns=[exp.to_identifier("v"), exp.to_identifier(index)])), kind="CROSS"))


def rewrite_function(node):
    if isinstance(node, exp.Anonymous):
        name = node.name.upper()
        if name in OF_CATALOG:
            return
        if name not in NAMED and not name.startswith("REDSHIFT."):
            raise Unknown(f"function {node.name.lower()}() does not exist")
        if name in NAMED:
            node.set("this", "redshift." + name.lower())
    elif isinstance(node, exp.ParseJSON):
        node.replace(exp.Anonymous(this="redshift.json_parse", expressions=[node.this.copy()]))
    elif isinstance(node, exp.SHA2):
        if node.args["length"].name != "256":
            raise Unknown("the stand-in knows SHA2 of 256 bits only")
        node.replace(exp.Anonymous(this="redshift.sha2", expressions=[node.this.copy()]))
    elif isinstance(node, exp.CurrentTimestamp):
        node.replace(sqlglot.parse_one("(now() AT TIME ZONE 'UTC')", read="postgres"))
    elif not isinstance(node, KNOWN):
        raise Unknown(f"the stand-in does not know the function {node.sql_name().lower()}")


def rewrite_create(tree):
    if tree.kind not in ("TABLE", "VIEW"):
        raise Unknown(f"the stand-in does not create a {tree.kind}")
    properties = tree.args.get("properties")
    if properties is not None:
        for one in properties.expressions:
            if not isinstance(one, DROPPED_PROPERTIES):
                raise Unknown(f"the stand-in does not know {type(one).__name__}")
        tree.set("properties", None)
    for column in tree.find_all(exp.ColumnDef):
        kind = column.args["kind"]
        if kind.is_type("varchar") and kind.expressions:
            # Redshift counts bytes.
            check = sqlglot.parse_one(f'octet_length("{column.name}") <= {kind.expressions[0].name}', read="postgres")
            column.append("constraints", exp.ColumnConstraint(kind=exp.CheckColumnConstraint(this=check)))


def fold(tree, case_sensitive):
    if not case_sensitive:
        for identifier in tree.find_all(exp.Identifier):
            identifier.set("this", identifier.name.lower())


@functools.lru_cache(maxsize=500)
def translate(sql, case_sensitive=False):
    if is_grant(sql):
        return Translated("ddl", Grant(sql).text.replace("%", "%%"), frozenset())
    tree = parse(sql)
    names = frozenset(node.name for node in tree.find_all(exp.Placeholder) if node.name)
    if any(not node.name for node in tree.find_all(exp.Placeholder)):
        raise Unknown('syntax error at or near "?"')
    if isinstance(tree, exp.Set):
        return Translated("set", sql, names, tree)
    if isinstance(tree, exp.Copy):
        return Translated("copy", sql, names, tree)
    if type(tree) in ENDS:
        return Translated("transaction", ENDS[type(tree)], names, tree)
    if isinstance(tree, exp.Comment) and tree.args["kind"] != "VIEW":
        raise Unknown("the stand-in comments on views only")
    fold(tree, case_sensitive)
    kind = "select" if isinstance(tree, (exp.Select, exp.Union)) else "write"
    if isinstance(tree, (exp.Create, exp.Drop, exp.Comment)):
        kind = "ddl"
    # From the inside out, since what is replaced is copied.
    for node in reversed(list(tree.find_all(exp.Func))):
        if not isinstance(node, exp.Unnest):
            rewrite_function(node)
    for column in list(tree.find_all(exp.Column)):
        rewrite_column(column, case_sensitive)
    for join in list(tree.find_all(exp.Join)):
        if unnesting_of(join.this):
            rewrite_unnest(join)
    if tree.find(exp.Unnest, exp.AtIndex):
        raise Unknown("the stand-in unnests only in a FROM list")
    if isinstance(tree, exp.Create):
        rewrite_create(tree)
    for node in list(tree.find_all(exp.Placeholder)):
        node.replace(exp.Var(this=MARK.format(node.name)))
    text = tree.sql("postgres").replace("%", "%%")
    return Translated(kind, MARKED.sub(r"%(\1)s", text), names, tree)
