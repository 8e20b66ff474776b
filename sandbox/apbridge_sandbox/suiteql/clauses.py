"""What the clauses of a select ask for, read off its tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from apbridge_sandbox.suiteql.calls import AGGREGATES
from apbridge_sandbox.suiteql.errors import unsupported


def most_rows(limit: exp.Expr | None) -> int | None:
    """Read `TOP n` or `FETCH FIRST n ROWS ONLY`."""
    if limit is None:
        return None
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options and (options.args.get("percent") or options.args.get("with_ties")):
            raise unsupported()
        return whole(limit.args.get("count"))
    return whole(limit.expression)


def row_limit(condition: exp.Expr) -> int | None:
    """Read `ROWNUM <= n`, `ROWNUM < n` or `ROWNUM = 1`; None where the condition is about something else.

    Raises:
        SuiteQLError: It asks something else of ROWNUM; Oracle would give no row for most of it.
    """
    if not names_row_number([condition]):
        return None
    if isinstance(condition, exp.LTE | exp.LT | exp.EQ) and is_row_number(condition.this):
        bound = whole(condition.expression)
        if isinstance(condition, exp.LTE):
            return bound
        if isinstance(condition, exp.LT):
            return bound - 1
        if bound == 1:
            return 1
    raise unsupported()


def names_row_number(nodes: Iterable[exp.Expr]) -> bool:
    """Return whether ROWNUM is in one of these."""
    return any(is_row_number(each) for node in nodes for each in _own(node))


def has_aggregate(nodes: Iterable[exp.Expr]) -> bool:
    """Return whether an aggregate is called."""
    return any(
        isinstance(each, exp.Anonymous) and str(each.this).upper() in AGGREGATES
        for node in nodes
        for each in _own(node)
    )


def ranks(nodes: Iterable[exp.Expr]) -> bool:
    """Return whether rows are ranked: by a function with OVER."""
    return any(isinstance(each, exp.Window) for node in nodes for each in _own(node))


def direction(ordered: exp.Ordered, *, nullable: bool) -> str:
    """Write the direction of one expression of ORDER BY. Null counts as the largest (Oracle)."""
    written = "DESC" if ordered.args.get("desc") else "ASC"
    if nullable:
        written += " NULLS FIRST" if ordered.args.get("nulls_first") else " NULLS LAST"
    return written


def is_comma(join: exp.Join) -> bool:
    """Return whether a join is a comma: Oracle's old way, its condition in WHERE."""
    return not (join.kind or join.side or join.args.get("on"))


def finds_one(alias: str, key: str | None, on: exp.Expr) -> bool:
    """Return whether a join on this condition finds at most one row: by its key, given by other columns."""
    if key is None:
        return False
    for part in on.flatten(unnest=False) if isinstance(on, exp.And) else [on]:
        if not isinstance(part, exp.EQ):
            continue
        for side, other in ((part.this, part.expression), (part.expression, part.this)):
            if not isinstance(side, exp.Column) or not isinstance(other, exp.Column):
                continue
            if (side.table.lower(), side.name.lower()) == (alias, key) and other.table.lower() != alias:
                return True
    return False


def is_row_number(node: exp.Expr) -> bool:
    """Return whether an expression is ROWNUM."""
    return isinstance(node, exp.Column) and not node.table and node.name.upper() == "ROWNUM"


def _own(node: exp.Expr) -> Iterator[exp.Expr]:
    """Go over what belongs to a select itself, not to a select inside it."""
    return node.walk(prune=lambda each: isinstance(each, exp.Query))


def whole(node: exp.Expr | None) -> int:
    """Read a whole number.

    Raises:
        SuiteQLError: It is something else.
    """
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdecimal():
        raise unsupported()
    return int(node.this)
