"""Query files, and how one is written out for one page of one account.

A file is `queries/<name>.sql` of a package. It holds one SELECT with one column a line, `expression AS
alias`. Beside SuiteQL it may hold:

- `utc(column)` and `day(column)`: an instant or a date as text; bare, NetSuite drops the time of day.
- Several lines of one alias: the first of which the account has everything is the column.
- `-- required` at the end of a column's line: without the column there is nothing to ask, and a stream that
  lacks it fails. Every other column may be missing: it is left out where NetSuite refuses it. The columns
  of the key are required. `-- required with <feature>`: only where the account has the feature.
- `-- optional` at the end of a line that is no column, such as a join or a condition: it is left out, with
  every column of the table that it joins, where NetSuite refuses something in it.
- `-- needs <tables or table.columns, separated by commas>` on the first line: where NetSuite refuses one, the
  query is not asked, and has no rows.
- `$where` and `$order`: the conditions and the order of the page. A line that is another `$name` alone is
  replaced by the lines that a program puts there, if any.

Oracle warns of ANSI joins, which may be slow, and does not take them mixed with its own: tables that are all
joined inwardly stand after FROM, separated by commas, with their conditions after WHERE. An outer join can be
written as an ANSI join only, for where `(+)` may stand is not the same everywhere; then all joins of the
query are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from importlib import resources
from typing import NamedTuple

from apbridge.errors import UnavailableError
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.lines import FEATURES, QueryLine, joined_by, read_lines, tables_of
from apbridge.netsuite.queries.values import literal

Place = tuple[str, ...]
"""The values of the query's key in a row: where the row stands in the query's order."""

_MACROS = {
    "utc": 'TO_CHAR(SYS_EXTRACT_UTC({}), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')',
    "day": "TO_CHAR({}, 'YYYY-MM-DD')",
}
_MACRO = re.compile(rf"\b({'|'.join(_MACROS)})\(([\w.]+)\)")
_INSTANT = re.compile(r"(?:COALESCE\()?utc\(([\w.]+)\)")
_DATED = "1971"
_NEEDS = re.compile(r"-- needs ([\w., ]+)")
_INTEGER = re.compile(r"\d+")
_PLACEHOLDER = re.compile(r"\s*\$\w+")
_LAST_COMMA = re.compile(r",(?=\s+FROM\b)")


class QueryColumn(NamedTuple):
    """A column of NetSuite's that a query reads.

    Args:
        table: Its table.
        column: Its name there.
        query: Name of the query that reads it.
        purpose: What the query is for, in the words of an error: "read bills".
        fields: Aliases of the query's columns that are made of it.
        is_optional: The query is asked without it where NetSuite refuses it.
    """

    table: str
    column: str
    query: str
    purpose: str
    fields: tuple[str, ...]
    is_optional: bool

    @property
    def name(self) -> str:
        """It with its table, as SuiteQL writes it."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Query:
    """One SELECT.

    Args:
        name: Name of its file.
        purpose: What it is for, in the words of an error: "read bills".
        lines: Its text.
        key: Aliases of the columns that its rows are in order of; together they are unique.
        needs: Without any of these there is nothing to ask, and the query has no rows.
        tables: Its tables, by alias.
    """

    name: str
    purpose: str
    lines: tuple[QueryLine, ...]
    key: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    tables: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def load(cls, package: str, name: str, purpose: str, key: Sequence[str]) -> Query:
        """Read `queries/<name>.sql` of a package."""
        text = (resources.files(package) / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        return cls.of(text, name, purpose, key)

    @classmethod
    def of(cls, text: str, name: str, purpose: str, key: Sequence[str]) -> Query:
        """Read the text of a query file."""
        head = _NEEDS.match(text)
        needs = frozenset(head[1].split(", ") if head else ())
        lines = list(read_lines(text))
        required: dict[str | None, str | None] = dict.fromkeys(key)
        required |= {line.alias: line.required_with for line in lines if line.is_required}
        lines = [
            replace(line, is_required=True, required_with=required[line.alias])
            if line.alias and line.alias in required
            else line
            for line in lines
        ]
        features = {one.name for one in FEATURES if any(map(one.brings, needs))}
        bare = cls(
            name,
            purpose,
            (),
            tuple(key),
            needs | features,
            tables_of(lines),
        )
        return replace(bare, lines=tuple(bare._resolved(lines)))

    def put(self, placeholder: str, lines: Iterable[QueryLine]) -> Query:
        """Return the query with lines in place of the line that is `placeholder` alone."""
        added = tuple(lines)
        kept = ((added if line.text.strip() == placeholder else (line,)) for line in self.lines)
        return replace(self, lines=tuple(self._resolved([line for part in kept for line in part])))

    def _resolved(self, lines: Sequence[QueryLine]) -> Iterator[QueryLine]:
        """Yield lines with what they read."""
        joined: dict[str, frozenset[str]] = {}
        for line in lines:
            if alias := joined_by(line):
                joined[alias] = line.resolved(self.tables, joined).needs
        for line in lines:
            yield line.resolved(self.tables, joined)

    @property
    def aliases(self) -> list[str]:
        """The names of all columns that an account may have."""
        return list(dict.fromkeys(line.alias for line in self.lines if line.alias))

    @property
    def columns(self) -> list[QueryColumn]:
        """The columns of NetSuite's that it reads, in order of their names."""
        found = []
        for name in sorted({name for line in self.lines for name in line.needs if "." in name}):
            table, _, column = name.partition(".")
            reading = {line.alias for line in self.lines if name in line.needs}
            fields = tuple(alias for alias in self.aliases if alias in reading)
            is_optional = name in self.needs or not self.lacking(frozenset([name]))
            found.append(QueryColumn(table, column, self.name, self.purpose, fields, is_optional))
        return found

    @property
    def reads(self) -> frozenset[str]:
        """The tables and columns that it reads, and the features that they come with."""
        return self.needs.union(*(line.needs for line in self.lines))

    def written(self, absent: frozenset[str]) -> list[QueryLine]:
        """Return the lines for an account that lacks something."""
        found, aliases = [], set()
        for line in self.lines:
            if not line.is_there(absent) or line.alias in aliases:
                continue
            if line.alias:
                aliases.add(line.alias)
            found.append(line)
        return found

    def lacking(self, absent: frozenset[str]) -> frozenset[str]:
        """Return what the account lacks and the query cannot be asked without."""
        there = {line.alias for line in self.lines if line.alias and line.is_there(absent)}
        return frozenset(
            name
            for line in self.lines
            if line.must_be(absent) and not line.is_there(absent) and line.alias not in there
            for name in line.needs & absent
        )

    def changed(self, absent: frozenset[str], name: str) -> dict[str, bool]:
        """Return the columns that are otherwise because NetSuite refuses something.

        Args:
            absent: All that the account lacks.
            name: What it refuses.

        Returns:
            Whether there is something else instead, by alias.
        """
        without = {line.alias: line for line in self.written(absent)}
        return {
            line.alias: line.alias in without
            for line in self.written(frozenset())
            if line.alias and name in line.needs and without.get(line.alias) != line
        }

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
            if line.alias == alias:
                return _MACRO.sub(_written_out, line.expression)
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
            absent: What the account lacks.
            where: Conditions beside those of the file.
            after: The place after which to read.
            until: The last place to read.
        """
        conditions = [*where]
        if after:
            conditions += [self._compared(after, ">", ">"), *_plain_bound(self, self.key[0], after[0])]
        if until:
            conditions.append(self._compared(until, "<", "<="))
        order = ", ".join(f"{self.expression(alias)} ASC" for alias in self.key)
        text = "\n".join(line.text for line in self.written(absent) if not _PLACEHOLDER.fullmatch(line.text))
        text = _LAST_COMMA.sub("", text)
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
    return [*from_second(query, alias, start), f"{query.expression(alias)} < {literal(end)}"]


def from_second(query: Query, alias: str, start: str | None) -> list[str]:
    """Write the conditions that a column is at least `start`, if there is one."""
    if not start:
        return []
    return [f"{query.expression(alias)} >= {literal(start)}", *_plain_bound(query, alias, start)]


def _plain_bound(query: Query, alias: str, moment: str) -> list[str]:
    """Write the condition that the day of an instant is not long before a moment, on the column itself.

    NetSuite is believed to use the index of a date only where no function stands around it. A day begins at
    another hour in each time zone: one day more is asked for.
    """
    line = next(line for line in query.lines if line.alias == alias)
    found = _INSTANT.match(line.expression)
    # What bears no date stands before everything that bears one, and must not be left out.
    if not found or moment < _DATED:
        return []
    day = date.fromisoformat(moment[:10]) - timedelta(days=1)
    return [f"{found[1]} >= TO_DATE('{day}', 'YYYY-MM-DD')"]


def _value(text: str) -> str:
    return text if _INTEGER.fullmatch(text) else literal(text)


def _written_out(found: re.Match[str]) -> str:
    return _MACROS[found[1]].format(found[2])
