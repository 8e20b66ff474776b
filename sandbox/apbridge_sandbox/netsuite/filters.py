"""The filter `q` of a list of records: conditions on fields, joined by AND and OR, as SQL.

Which operators a field takes goes by its type (NetSuite: record collection filtering). Dates are written in
the account's format, without a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from apbridge_sandbox.clock import COMPANY_ZONE
from apbridge_sandbox.money import AmountError, cents
from apbridge_sandbox.netsuite.errors import NetSuiteError, invalid_parameter
from apbridge_sandbox.netsuite.record_types import ReadFieldKind, RecordField
from apbridge_sandbox.suiteql.times import instant_of

_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[()])|\[(?P<list>[^\]]*)\]|"(?P<text>[^"]*)"|(?P<word>[^\s()\[\]"]+))|\s*(?P<end>$)'
)
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")

_NUMBERS = ("ANY_OF", "BETWEEN", "EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL", "WITHIN")
_TIMES = ("AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE")
_OPERATORS: dict[ReadFieldKind, tuple[str, ...]] = {
    ReadFieldKind.FLAG: ("IS",),
    **dict.fromkeys((ReadFieldKind.TEXT, ReadFieldKind.CHOICE), ("CONTAIN", "IS", "START_WITH", "ENDWITH")),
    **dict.fromkeys((ReadFieldKind.DATE, ReadFieldKind.DATETIME), _TIMES),
    **dict.fromkeys(
        (ReadFieldKind.MONEY, ReadFieldKind.NUMBER, ReadFieldKind.WHOLE, ReadFieldKind.REFERENCE), _NUMBERS
    ),
}
_COMPARED = {"EQUAL": "=", "GREATER": ">", "GREATER_OR_EQUAL": ">=", "LESS": "<", "LESS_OR_EQUAL": "<="}
_PATTERNS = {"CONTAIN": "%{}%", "START_WITH": "{}%", "ENDWITH": "%{}"}


@dataclass
class Filter:
    """A filter as SQL over the base table `t`, with the values that stand for its marks."""

    sql: str
    values: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class _Token:
    text: str
    kind: str


class _Parser:
    """Reads a filter from left to right: OR of ANDs of conditions and of what is in parentheses."""

    def __init__(self, query: str, fields: Mapping[str, RecordField]) -> None:
        self._tokens = list(_tokens(query))
        self._fields = fields
        self._at = 0
        self._values: list[object] = []

    def parse(self) -> Filter:
        sql = self._joined()
        if self._at < len(self._tokens):
            raise _refused("unexpected", self._tokens[self._at].text)
        return Filter(sql, self._values)

    def _joined(self, *words: str) -> str:
        """Read what AND joins inside what OR joins."""
        word, *inner = words or ("OR", "AND")
        parts = [self._part(*inner)]
        while self._is_word(word):
            self._at += 1
            parts.append(self._part(*inner))
        return f"({f' {word} '.join(parts)})"

    def _part(self, *inner: str) -> str:
        if inner:
            return self._joined(*inner)
        token = self._next()
        if token.kind != "sign":
            return self._condition(token)
        if token.text == ")":
            raise _refused("unexpected", ")")
        sql = self._joined()
        if self._next().text != ")":
            raise _refused("unclosed")
        return sql

    def _condition(self, token: _Token) -> str:
        declared = self._fields.get(token.text)
        if token.kind != "word" or declared is None:
            raise _no_such_field(token.text)
        column = declared.sql.replace("{t}", "t")
        operator = self._next().text
        if operator in {"EMPTY", "EMPTY_NOT"}:
            return f"(COALESCE({column}, '') {'=' if operator == 'EMPTY' else '<>'} '')"
        plain = operator.removesuffix("_NOT").replace("END_WITH", "ENDWITH")
        if plain not in _OPERATORS[declared.kind] or operator == "END_WITH":
            raise _refused("not_allowed", operator, token.text)
        sql = self._compared(column, plain, declared.kind, self._next())
        return f"(NOT {sql})" if operator.endswith("_NOT") else sql

    def _compared(self, column: str, operator: str, kind: ReadFieldKind, given: _Token) -> str:
        match kind:
            case ReadFieldKind.FLAG:
                if given.text not in {"true", "false"}:
                    raise _refused("no_boolean", given.text)
                return self._marked(f"({column} = ?)", "T" if given.text == "true" else "F")
            case ReadFieldKind.TEXT | ReadFieldKind.CHOICE:
                text = re.sub(r"([\\%_])", r"\\\1", given.text)
                pattern = _PATTERNS.get(operator, "{}").format(text)
                return self._marked(f"({column} LIKE ? ESCAPE '\\')", pattern)
            case ReadFieldKind.DATE | ReadFieldKind.DATETIME:
                return self._timed(column, operator, kind, _day(given.text))
            case _:
                return self._numbered(column, operator, kind, given)

    def _timed(self, column: str, operator: str, kind: ReadFieldKind, day: date) -> str:
        begins, ends = day.isoformat(), (day + timedelta(days=1)).isoformat()
        if kind is ReadFieldKind.DATETIME:
            begins, ends = instant_of(f"{begins}T00:00:00"), instant_of(f"{ends}T00:00:00")
        elif operator == "AFTER":
            # Of a day AFTER means a later one; of a time, any after midnight, where the account is.
            return self._marked(f"({column} >= ?)", ends)
        if operator == "ON":
            return self._marked(f"({column} >= ? AND {column} < ?)", begins, ends)
        sign, bound = {
            "AFTER": (">", begins),
            "BEFORE": ("<", begins),
            "ON_OR_AFTER": (">=", begins),
            "ON_OR_BEFORE": ("<", ends),
        }[operator]
        return self._marked(f"({column} {sign} ?)", bound)

    def _numbered(self, column: str, operator: str, kind: ReadFieldKind, given: _Token) -> str:
        is_list = operator in {"ANY_OF", "BETWEEN", "WITHIN"}
        if is_list != (given.kind == "list"):
            raise _refused("takes_several" if is_list else "takes_one", operator)
        numbers = [_number(each, kind) for each in (given.text.split(",") if is_list else [given.text])]
        if operator == "ANY_OF":
            return self._marked(f"({column} IN ({', '.join('?' * len(numbers))}))", *numbers)
        if is_list:
            if len(numbers) != 2:  # noqa: PLR2004
                raise _refused("takes_two", operator)
            return self._marked(f"({column} BETWEEN ? AND ?)", *numbers)
        return self._marked(f"({column} {_COMPARED[operator]} ?)", *numbers)

    def _marked(self, sql: str, *values: object) -> str:
        self._values += values
        return sql

    def _is_word(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == _Token(word, "word")

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise _refused("ends_too_early")
        self._at += 1
        return self._tokens[self._at - 1]


def parse(query: str, fields: Mapping[str, RecordField]) -> Filter:
    """Read a filter.

    Args:
        query: As it was sent.
        fields: What it may ask for, by name.

    Raises:
        NetSuiteError: It is refused.
    """
    return _Parser(query, fields).parse()


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            raise _refused("unexpected", query[at:])
        if found.lastgroup and found.lastgroup != "end":
            yield _Token(found[found.lastgroup], found.lastgroup)
        at = found.end() if found.end() > at else len(query)


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        if found:
            month, day, year = map(int, found.groups())
            return date(year if year > 99 else 2000 + year, month, day)  # noqa: PLR2004
    except ValueError:
        pass
    raise _refused("no_date", text, COMPANY_ZONE.key)


def _number(text: str, kind: ReadFieldKind) -> object:
    try:
        number = Decimal(text.strip())
        # SQLite knows no decimals: money is in cents, and other numbers were stored as floats.
        return int(cents(number)) if kind is ReadFieldKind.MONEY else float(number)
    except (InvalidOperation, AmountError) as error:
        raise _refused("no_number", text) from error


_REASONS = {
    "unexpected": "Unexpected '{}'",
    "unclosed": "Missing ')'",
    "ends_too_early": "The condition is not complete",
    "not_allowed": "Operator '{}' is not allowed for field '{}'",
    "takes_one": "Operator '{}' takes one value",
    "takes_two": "Operator '{}' takes two values",
    "takes_several": "Operator '{}' takes a list of values",
    "no_boolean": "'{}' is neither true nor false",
    "no_number": "'{}' is not a number",
    "no_date": 'Parse of date/time "{}" failed with date format "M/d/yy" in time zone {}',
}


def _refused(reason: str, *words: str) -> NetSuiteError:
    said = _REASONS[reason].format(*words)
    detail = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {said}."
    return invalid_parameter(detail, "q")


def _no_such_field(name: str) -> NetSuiteError:
    detail = f"Field '{name}' does not exist, or you can not search by it."
    return NetSuiteError(400, "NONEXISTENT_FIELD", detail, where={"o:errorQueryParam": "q"})
