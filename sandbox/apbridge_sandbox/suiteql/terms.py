"""Expressions as SQLite's SQL, each with its kind; and how two of different kinds compare."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.errors import unsupported
from apbridge_sandbox.suiteql.times import instant_of

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MIDNIGHT = "T00:00:00"
_QUALIFIED_STATUS = re.compile(r"\w+:\w+")


@dataclass(frozen=True, slots=True)
class Term:
    """An expression.

    Attributes:
        sql: In SQLite's SQL.
        kind: What it gives.
        literal: Its text, where it is written in the query and not read from a row.
        shows: Which display BUILTIN.DF gives it.
        alias: The source that it is a column of, in SQLite's SQL.
        nullable: Whether it may be null, which NetSuite sorts as the largest.
        bare: The column's name, where it is nothing but a column.
    """

    sql: str
    kind: ValueKind
    literal: str | None = None
    shows: str | None = None
    alias: str = ""
    nullable: bool = True
    bare: str | None = None


def quoted(text: str) -> str:
    """Write a text literal."""
    return "'" + text.replace("'", "''") + "'"


def text_literal(text: str) -> Term:
    """Make a term of a text. An empty one is null (Oracle)."""
    if not text:
        return Term("NULL", ValueKind.TEXT, literal="")
    return Term(quoted(text), ValueKind.TEXT, literal=text, nullable=False)


def number_literal(text: str) -> Term:
    """Make a term of a number."""
    return Term(text, ValueKind.NUMBER, literal=text, nullable=False)


def wall_literal(wall: str) -> Term:
    """Make a term of a date and time."""
    return Term(quoted(wall), ValueKind.WALL, literal=wall, nullable=False)


def as_text(term: Term) -> str:
    """Return the SQL of a term's text, as `||` and TO_CHAR see it; null is empty text."""
    if term.kind in {ValueKind.TEXT, ValueKind.FLAG, ValueKind.STATUS}:
        return f"COALESCE({term.sql}, '')"
    return f"COALESCE(ns_text({term.sql}, '{term.kind.value}'), '')"


def as_wall(term: Term) -> Term:
    """Return a date or an instant as a date and time in the account's time zone; UTC as it stands."""
    if term.kind is ValueKind.WALL:
        return term
    sql = {
        ValueKind.DATE: f"({term.sql} || '{_MIDNIGHT}')",
        ValueKind.INSTANT: f"ns_local({term.sql})",
        ValueKind.UTC: f"SUBSTR({term.sql}, 1, 19)",
    }.get(term.kind)
    if sql is None:
        raise unsupported()
    return Term(sql, ValueKind.WALL, nullable=term.nullable)


def comparison(operator: str, left: Term, right: Term) -> str:
    """Write a comparison.

    Raises:
        SuiteQLError: The two cannot be compared; a date and a text, above all.
    """
    if ValueKind.STATUS in (left.kind, right.kind):
        left, right = _status_sides(left, right)
    else:
        left, right = alike(left, right)
    return f"({left.sql} {operator} {right.sql})"


def alike(left: Term, right: Term) -> tuple[Term, Term]:
    """Bring two terms to one kind.

    Raises:
        SuiteQLError: They have none in common.
    """
    kinds = {left.kind, right.kind}
    if len(kinds) == 1 or ValueKind.NULL in kinds:
        return left, right
    if left.kind.is_temporal or right.kind.is_temporal:
        return _alike_in_time(left, right)
    if left.kind.is_numeric != right.kind.is_numeric:
        if left.kind.is_numeric:
            return left, _number(right)
        return _number(left), right
    return left, right


def _number(term: Term) -> Term:
    """Read a text as a number, as Oracle does when it meets one."""
    if term.literal is None:
        return Term(f"ns_number({term.sql})", ValueKind.NUMBER)
    if not _NUMBER.fullmatch(term.literal):
        raise unsupported()
    return number_literal(term.literal)


def _alike_in_time(left: Term, right: Term) -> tuple[Term, Term]:
    if not (left.kind.is_temporal and right.kind.is_temporal):
        raise unsupported()
    if left.kind is ValueKind.WALL:
        right, left = _against_wall(right, left)
        return left, right
    if right.kind is ValueKind.WALL:
        return _against_wall(left, right)
    return as_wall(left), as_wall(right)


def _against_wall(term: Term, wall: Term) -> tuple[Term, Term]:
    """Bring the date and time to the column's own form where it can be: an index then serves."""
    if term.kind is ValueKind.INSTANT:
        if wall.literal is None:
            return term, Term(f"ns_instant({wall.sql})", ValueKind.INSTANT)
        return term, Term(quoted(instant_of(wall.literal)), ValueKind.INSTANT)
    if term.kind is ValueKind.DATE and wall.literal is not None and wall.literal.endswith(_MIDNIGHT):
        return term, Term(quoted(wall.literal.removesuffix(_MIDNIGHT)), ValueKind.DATE)
    return as_wall(term), wall


def _status_sides(left: Term, right: Term) -> tuple[Term, Term]:
    if left.kind is not ValueKind.STATUS:
        right, left = _status_sides(right, left)
        return left, right
    if right.literal is not None and _QUALIFIED_STATUS.fullmatch(right.literal) and left.alias:
        left = replace(left, sql=f"({left.alias}.type || ':' || {left.sql})", kind=ValueKind.TEXT)
    return left, right
