"""The functions that SuiteQL has here. One that is not in `CALLS` or `AGGREGATES` is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.errors import unsupported
from apbridge_sandbox.suiteql.terms import (
    Term,
    alike,
    as_text,
    as_wall,
    comparison,
    wall_literal,
)
from apbridge_sandbox.suiteql.times import format_of, to_wall

Arguments = Sequence[Term]

_STORED_INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
_STORED_DAY = "YYYY-MM-DD"


def call(name: str, arguments: Arguments) -> Term:
    """Write a function's call.

    Raises:
        SuiteQLError: There is no such function, or it does not take these arguments.
    """
    known = CALLS.get(name)
    if known is None:
        raise unsupported()
    write, least, most = known
    if not least <= len(arguments) <= most:
        raise unsupported()
    return write(arguments)


def aggregate(name: str, argument: Term, *, distinct: bool) -> Term:
    """Write an aggregate's call over one argument."""
    inner = f"DISTINCT {argument.sql}" if distinct else argument.sql
    if name == "COUNT":
        return Term(f"COUNT({inner})", ValueKind.NUMBER, nullable=False)
    if name in {"MIN", "MAX"}:
        return Term(f"{name}({inner})", argument.kind)
    if not argument.kind.is_numeric:
        raise unsupported()
    if name == "SUM" and argument.kind is ValueKind.MONEY:
        return Term(_to_the_cent(f"SUM({inner})"), ValueKind.MONEY)
    return Term(f"{name}({inner})", ValueKind.NUMBER)


AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})


def arithmetic(operator: str, left: Term, right: Term) -> Term:
    """Write `+`, `-`, `*` or `/`; a number added to a date is days.

    Raises:
        SuiteQLError: A text is in it: `+` does not join texts.
    """
    if left.kind.is_temporal and right.kind.is_numeric and operator in {"+", "-"}:
        return Term(f"ns_add_days({as_wall(left).sql}, {operator}{right.sql})", ValueKind.WALL)
    kinds = (left.kind, right.kind)
    if not all(kind.is_numeric or kind is ValueKind.NULL for kind in kinds):
        raise unsupported()
    money = ValueKind.MONEY in kinds
    if operator == "/":
        # Oracle has one kind of number, and no division by zero.
        return Term(f"ns_divide({left.sql}, {right.sql})", ValueKind.NUMBER)
    sql = f"({left.sql} {operator} {right.sql})"
    if operator == "*":
        return Term(sql, ValueKind.NUMBER)
    return Term(_to_the_cent(sql), ValueKind.MONEY) if money else Term(sql, ValueKind.NUMBER)


def common_kind(terms: Arguments) -> ValueKind:
    """Return the kind of a value that may be any of these."""
    kinds = {term.kind for term in terms} - {ValueKind.NULL}
    if not kinds:
        return ValueKind.NULL
    if len(kinds) == 1:
        return kinds.pop()
    if all(kind.is_numeric for kind in kinds):
        return ValueKind.MONEY if ValueKind.MONEY in kinds else ValueKind.NUMBER
    if any(kind.is_temporal or kind.is_numeric for kind in kinds):
        # Oracle: inconsistent datatypes.
        raise unsupported()
    return ValueKind.TEXT


def _to_the_cent(sql: str) -> str:
    """Take back what binary fractions add to a sum of cents."""
    return f"ROUND({sql}, 2)"


def _to_char(arguments: Arguments) -> Term:
    term = arguments[0]
    if len(arguments) == 1:
        return Term(as_text(term), ValueKind.TEXT)
    written = _written(arguments[1])
    if (term.kind, written) in {(ValueKind.UTC, _STORED_INSTANT), (ValueKind.DATE, _STORED_DAY)}:
        return Term(term.sql, ValueKind.TEXT, nullable=term.nullable)
    return Term(
        f"ns_to_char({as_wall(term).sql}, {arguments[1].sql})", ValueKind.TEXT, nullable=term.nullable
    )


def _to_date(arguments: Arguments) -> Term:
    written = _written(arguments[1])
    if arguments[0].literal is None:
        return Term(f"ns_to_wall({arguments[0].sql}, {arguments[1].sql})", ValueKind.WALL)
    try:
        return wall_literal(to_wall(arguments[0].literal, written))
    except ValueError as error:
        raise unsupported() from error


def _written(term: Term) -> str:
    """Read a date format, which has to be a literal that is known."""
    if term.literal is None:
        raise unsupported()
    try:
        format_of(term.literal)
    except ValueError as error:
        raise unsupported() from error
    return term.literal


def _utc(arguments: Arguments) -> Term:
    (term,) = arguments
    if term.kind is not ValueKind.INSTANT:
        raise unsupported()
    return Term(term.sql, ValueKind.UTC, nullable=term.nullable)


def _trunc(arguments: Arguments) -> Term:
    term = arguments[0]
    if term.kind is ValueKind.DATE:
        return term
    if term.kind.is_temporal:
        return Term(f"(SUBSTR({as_wall(term).sql}, 1, 10) || 'T00:00:00')", ValueKind.WALL)
    return _numeric("ns_trunc({})", ValueKind.NUMBER)(arguments[:1])


def _coalesce(arguments: Arguments) -> Term:
    kind = common_kind(arguments)
    sql = ", ".join(term.sql for term in arguments)
    return Term(f"COALESCE({sql})", kind, nullable=all(term.nullable for term in arguments))


def _nvl2(arguments: Arguments) -> Term:
    tested, given, otherwise = arguments
    kind = common_kind((given, otherwise))
    return Term(f"CASE WHEN {tested.sql} IS NOT NULL THEN {given.sql} ELSE {otherwise.sql} END", kind)


def _nullif(arguments: Arguments) -> Term:
    left, right = alike(*arguments)
    return Term(f"NULLIF({left.sql}, {right.sql})", left.kind)


def _decode(arguments: Arguments) -> Term:
    tested, *rest = arguments
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    otherwise = rest[-1] if len(rest) % 2 else Term("NULL", ValueKind.NULL)
    whens = "".join(f" WHEN {comparison('IS', tested, value)} THEN {given.sql}" for value, given in pairs)
    kind = common_kind([given for _, given in pairs] + [otherwise])
    return Term(f"CASE{whens} ELSE {otherwise.sql} END", kind)


def _extreme(name: str) -> Callable[[Arguments], Term]:
    def write(arguments: Arguments) -> Term:
        sql = ", ".join(term.sql for term in arguments)
        return Term(f"{name}({sql})", common_kind(arguments))

    return write


def _concat(arguments: Arguments) -> Term:
    return Term(f"({' || '.join(as_text(term) for term in arguments)})", ValueKind.TEXT)


def _textual(template: str, kind: ValueKind = ValueKind.TEXT) -> Callable[[Arguments], Term]:
    """Make a function of texts, its first argument turned to text where it is none."""

    def write(arguments: Arguments) -> Term:
        first, *rest = arguments
        subject = (
            first.sql if first.kind in {ValueKind.TEXT, ValueKind.FLAG, ValueKind.STATUS} else as_text(first)
        )
        return Term(template.format(", ".join([subject, *(term.sql for term in rest)])), kind)

    return write


def _numeric(template: str, kind: ValueKind | None = None) -> Callable[[Arguments], Term]:
    """Make a function of numbers; of the kind of its first argument unless told."""

    def write(arguments: Arguments) -> Term:
        if not all(term.kind.is_numeric for term in arguments):
            raise unsupported()
        return Term(template.format(", ".join(term.sql for term in arguments)), kind or arguments[0].kind)

    return write


def _to_number(arguments: Arguments) -> Term:
    (term,) = arguments
    return Term(f"CAST({term.sql} AS NUMERIC)", ValueKind.NUMBER)


_MANY = 1000

CALLS: dict[str, tuple[Callable[[Arguments], Term], int, int]] = {
    "TO_CHAR": (_to_char, 1, 2),
    "TO_DATE": (_to_date, 2, 2),
    "TO_TIMESTAMP": (_to_date, 2, 2),
    "TO_NUMBER": (_to_number, 1, 1),
    "SYS_EXTRACT_UTC": (_utc, 1, 1),
    "TRUNC": (_trunc, 1, 1),
    "NVL": (_coalesce, 2, 2),
    "NVL2": (_nvl2, 3, 3),
    "COALESCE": (_coalesce, 2, _MANY),
    "NULLIF": (_nullif, 2, 2),
    "DECODE": (_decode, 3, _MANY),
    "GREATEST": (_extreme("MAX"), 2, _MANY),
    "LEAST": (_extreme("MIN"), 2, _MANY),
    "CONCAT": (_concat, 2, 2),
    "UPPER": (_textual("ns_upper({})"), 1, 1),
    "LOWER": (_textual("ns_lower({})"), 1, 1),
    "SUBSTR": (_textual("SUBSTR({})"), 2, 3),
    "LENGTH": (_textual("LENGTH({})", ValueKind.NUMBER), 1, 1),
    "INSTR": (_textual("INSTR({})", ValueKind.NUMBER), 2, 2),
    "REPLACE": (_textual("REPLACE({})"), 3, 3),
    "TRIM": (_textual("TRIM({})"), 1, 1),
    "LTRIM": (_textual("LTRIM({})"), 1, 2),
    "RTRIM": (_textual("RTRIM({})"), 1, 2),
    "ABS": (_numeric("ABS({})"), 1, 1),
    "ROUND": (_numeric("ROUND({})"), 1, 2),
    "MOD": (_numeric("ns_mod({})", ValueKind.NUMBER), 2, 2),
    "FLOOR": (_numeric("ns_floor({})", ValueKind.NUMBER), 1, 1),
    "CEIL": (_numeric("ns_ceil({})", ValueKind.NUMBER), 1, 1),
    "SIGN": (_numeric("SIGN({})", ValueKind.NUMBER), 1, 1),
}
"""Name → how it is written in SQLite, and the least and the most arguments it takes."""
