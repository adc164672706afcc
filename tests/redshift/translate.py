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
STATEMENTS = (exp.Select, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Copy, exp.Set, exp.Union)
DROPPED_PROPERTIES = (exp.DistStyleProperty, exp.DistKeyProperty, exp.SortKeyProperty)


class Unknown(Exception):
    """The stand-in does not know this."""


@dataclasses.dataclass(frozen=True)
class Translated:
    kind: str  # select, write, ddl, set, copy
    text: str  # with %(name)s for parameters
    parameters: frozenset
    tree: object = dataclasses.field(compare=False, default=None)


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
    return frozenset(node.name for node in parse(sql).find_all(exp.Placeholder) if node.name)


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
    tree = parse(sql)
    names = frozenset(node.name for node in tree.find_all(exp.Placeholder) if node.name)
    if any(not node.name for node in tree.find_all(exp.Placeholder)):
        raise Unknown('syntax error at or near "?"')
    if isinstance(tree, exp.Set):
        return Translated("set", sql, names, tree)
    if isinstance(tree, exp.Copy):
        return Translated("copy", sql, names, tree)
    fold(tree, case_sensitive)
    kind = "select" if isinstance(tree, (exp.Select, exp.Union)) else "write"
    if isinstance(tree, (exp.Create, exp.Drop)):
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
