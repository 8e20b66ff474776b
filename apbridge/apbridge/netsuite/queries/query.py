"""Query files, and how one is written out for one page of one account.

A file is `queries/<name>.sql` of a package. It holds one SELECT with one column a line, `expression AS
alias`. Beside SuiteQL it may hold:

- `utc(column)` and `day(column)`: an instant or a date as text; bare, NetSuite drops the time of day.
- `-- if <feature>, not <feature>` at the end of a line: the line is only for an account that has the one
  and lacks the other.
- `-- needs <feature>` on the first line: without that feature the query is not asked, and has no rows.
- `$where` and `$order`: the conditions and the order of the page. A line that is another `$name` alone is
  replaced by the lines that a program puts there, if any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from apbridge.errors import UnavailableError
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.values import literal

Place = tuple[str, ...]
"""The values of the query's key in a row: where the row stands in the query's order."""

_MACROS = {
    "utc": 'TO_CHAR(SYS_EXTRACT_UTC({}), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')',
    "day": "TO_CHAR({}, 'YYYY-MM-DD')",
}
_MACRO = re.compile(rf"\b({'|'.join(_MACROS)})\(([\w.]+)\)")
_CONDITION = re.compile(r"\s*-- if (.+)$")
_COLUMN = re.compile(r"\s*(?P<expression>.+) AS (?P<alias>\w+),?")
_NEEDS = re.compile(r"-- needs (\w+)")
_INTEGER = re.compile(r"\d+")
_PLACEHOLDER = re.compile(r"\s*\$\w+")


@dataclass(frozen=True)
class QueryLine:
    """One line of a query, the features that it needs, and those that it replaces where they are absent."""

    text: str
    needs: frozenset[str] = frozenset()
    instead_of: frozenset[str] = frozenset()

    def is_there(self, absent: frozenset[str]) -> bool:
        """Return whether the line belongs to the query of an account without some features."""
        return not self.needs & absent and self.instead_of <= absent


@dataclass(frozen=True)
class Query:
    """One SELECT.

    Args:
        name: Name of its file.
        purpose: What it is for, in the words of an error: "read bills".
        lines: Its text.
        key: Aliases of the columns that its rows are in order of; together they are unique.
        needs: The feature without which there is nothing to ask.
    """

    name: str
    purpose: str
    lines: tuple[QueryLine, ...]
    key: tuple[str, ...]
    needs: str | None = None

    @classmethod
    def load(cls, package: str, name: str, purpose: str, key: Sequence[str]) -> Query:
        """Read `queries/<name>.sql` of a package."""
        text = (resources.files(package) / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        needs = _NEEDS.match(text)
        return cls(name, purpose, tuple(_lines(text)), tuple(key), needs and needs[1])

    def put(self, placeholder: str, lines: Iterable[QueryLine]) -> Query:
        """Return the query with lines in place of the line that is `placeholder` alone."""
        added = tuple(lines)
        kept = ((added if line.text.strip() == placeholder else (line,)) for line in self.lines)
        return replace(self, lines=tuple(line for part in kept for line in part))

    @property
    def aliases(self) -> list[str]:
        """The names of all columns that an account may have."""
        return [found["alias"] for line in self.lines if (found := _COLUMN.fullmatch(line.text))]

    def place(self, row: Row) -> Place:
        """Return the place of a row.

        Raises:
            UnavailableError: It lacks a column of the key.
        """
        try:
            return tuple(row[alias] for alias in self.key)
        except KeyError as lacking:
            problem = f"rows without {lacking.args[0]}"
            raise UnavailableError("APB-NS-022", purpose=self.purpose, problem=problem) from None

    def expression(self, alias: str) -> str:
        """Return the expression of a column."""
        for line in self.lines:
            found = _COLUMN.fullmatch(line.text)
            if found and found["alias"] == alias:
                return _MACRO.sub(_written_out, found["expression"])
        raise KeyError(alias)

    def render(
        self,
        absent: frozenset[str],
        *,
        where: Iterable[str] = (),
        after: Place | None = None,
        until: Place | None = None,
    ) -> str:
        """Write the query as SuiteQL.

        Args:
            absent: Features that the account lacks.
            where: Conditions beside those of the file.
            after: The place after which to read.
            until: The last place to read.
        """
        conditions = [*where]
        if after:
            conditions.append(self._compared(after, ">", ">"))
        if until:
            conditions.append(self._compared(until, "<", "<="))
        order = ", ".join(f"{self.expression(alias)} ASC" for alias in self.key)
        text = "\n".join(
            line.text
            for line in self.lines
            if line.is_there(absent) and not _PLACEHOLDER.fullmatch(line.text)
        )
        # The custom condition of a setting may hold a dollar sign: only our own two names are replaced.
        text = text.replace("$where", " AND ".join(conditions) or "1 = 1").replace("$order", order)
        return _MACRO.sub(_written_out, text)

    def every(self, number: int) -> Query:
        """Return the query of the places of each `number`-th row, in the same order."""

        def columns(table: str) -> str:
            return ", ".join(f"{table}.{alias} AS {alias}" for alias in self.key)

        # NetSuite numbers rows before it orders them: the ordered query is the inner one. ROW_NUMBER() is
        # documented too, but it is this form that public clients are seen to page live accounts by.
        head = f"SELECT {columns('n')} FROM (SELECT ROWNUM AS nth, {columns('p')} FROM ("  # noqa: S608
        tail = f") p) n WHERE MOD(n.nth, {number}) = 0 ORDER BY n.nth ASC"
        return replace(self, lines=(QueryLine(head), *self.lines, QueryLine(tail)))

    def _compared(self, place: Place, operator: str, last_operator: str) -> str:
        alternatives = []
        for index, value in enumerate(place):
            same = [f"{self.expression(self.key[i])} = {_value(place[i])}" for i in range(index)]
            compare = operator if index < len(place) - 1 else last_operator
            differs = f"{self.expression(self.key[index])} {compare} {_value(value)}"
            alternatives.append(" AND ".join([*same, differs]))
        return "(" + " OR ".join(f"({one})" if len(place) > 1 else one for one in alternatives) + ")"


def between(query: Query, alias: str, start: str | None, end: str) -> list[str]:
    """Write the conditions that a column is at least `start`, if there is one, and below `end`."""
    column = query.expression(alias)
    return [*([f"{column} >= {literal(start)}"] if start else []), f"{column} < {literal(end)}"]


def _value(text: str) -> str:
    return text if _INTEGER.fullmatch(text) else literal(text)


def _written_out(found: re.Match[str]) -> str:
    return _MACROS[found[1]].format(found[2])


def _lines(text: str) -> Iterable[QueryLine]:
    for line in text.splitlines():
        condition = _CONDITION.search(line)
        if condition:
            named = condition[1].split(", ")
            yield QueryLine(
                line[: condition.start()],
                frozenset(name for name in named if not name.startswith("not ")),
                frozenset(name.removeprefix("not ") for name in named if name.startswith("not ")),
            )
        elif line.strip() and not line.lstrip().startswith("--"):
            yield QueryLine(line.rstrip())
