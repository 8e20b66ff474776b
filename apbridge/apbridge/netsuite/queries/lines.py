"""The lines of a query file, and what each reads.

What an account may lack is called by its name in SuiteQL: a table, `currency`, or a column,
`vendor.legalname`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

_MARK = re.compile(r"\s*-- (?P<mark>optional|required)(?: with (?P<feature>\w+))?$")
_COLUMN = re.compile(r"\s*(?P<expression>.+) AS (?P<alias>\w+),?")
_FROM = re.compile(r"\s*FROM (?P<tables>\w.*)", re.IGNORECASE)
_JOIN = re.compile(r"\s*(?:LEFT )?JOIN (?P<table>\w+)(?: (?!ON\b)(?P<alias>\w+))?", re.IGNORECASE)
_READ = re.compile(r"\b([a-z]\w*)\.([a-z]\w*)\b", re.IGNORECASE)


@dataclass(frozen=True)
class AccountFeature:
    """A feature of an account that many columns come with.

    Args:
        name: Its name in query files.
        shown_by: Columns of which it has at least one: where NetSuite refuses them all, it is off.
        tables: Tables that come with it.
        columns: Names of columns that come with it, whatever their table.
    """

    name: str
    shown_by: tuple[str, ...]
    tables: frozenset[str]
    columns: frozenset[str]

    def brings(self, name: str) -> bool:
        """Return whether a table or a column comes with it."""
        table, _, column = name.partition(".")
        return table in self.tables or column in self.columns


ONEWORLD = AccountFeature(
    "oneworld",
    shown_by=("subsidiary.id", "transactionline.subsidiary"),
    tables=frozenset(
        {
            "subsidiary",
            "vendorsubsidiaryrelationship",
            "accountsubsidiarymap",
            "departmentsubsidiarymap",
            "classificationsubsidiarymap",
            "locationsubsidiarymap",
        }
    ),
    columns=frozenset({"subsidiary", "includechildren"}),
)
CURRENCIES = AccountFeature(
    "currencies",
    shown_by=("currency.id", "transaction.currency"),
    tables=frozenset({"currency"}),
    columns=frozenset({"currency", "exchangerate"}),
)
FEATURES = (ONEWORLD, CURRENCIES)


@dataclass(frozen=True)
class QueryLine:
    """One line of a query.

    Args:
        text: Without its mark.
        is_required: Without it there is nothing to ask. Of a column, that one of its lines is there.
        required_with: It is required only in an account that has this feature.
        needs: The tables and columns that it reads, and the features that they come with.
    """

    text: str
    is_required: bool = False
    required_with: str | None = None
    needs: frozenset[str] = field(default=frozenset())

    @property
    def alias(self) -> str | None:
        """The name of the column that it is; None where it is none."""
        found = _COLUMN.fullmatch(self.text)
        return found["alias"] if found else None

    @property
    def expression(self) -> str:
        """What the column is."""
        found = _COLUMN.fullmatch(self.text)
        return found["expression"] if found else ""

    def is_there(self, absent: frozenset[str]) -> bool:
        """Return whether the account has all that it reads."""
        return not self.needs & absent

    def must_be(self, absent: frozenset[str]) -> bool:
        """Return whether there is nothing to ask of the account without it."""
        return self.is_required and self.required_with not in absent

    def resolved(self, tables: Mapping[str, str], joined: Mapping[str, frozenset[str]]) -> QueryLine:
        """Return the line with what it reads.

        Args:
            tables: The query's tables, by alias.
            joined: By alias, what the line needs that joins the table, where that may be left out.
        """
        needs = set(self.needs)
        for alias, column in _READ.findall(self.text):
            if table := tables.get(alias.lower()):
                needs |= {table, f"{table}.{column.lower()}", *joined.get(alias.lower(), ())}
        needs |= {one.name for one in FEATURES if any(map(one.brings, needs))}
        return replace(self, needs=frozenset(needs))


def read_lines(text: str) -> Iterable[QueryLine]:
    """Yield the lines of a query file, what they read not yet told."""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("--"):
            continue
        mark = _MARK.search(line)
        kept = QueryLine(line[: mark.start()] if mark else line.rstrip())
        if mark:
            kept = replace(kept, is_required=mark["mark"] == "required", required_with=mark["feature"])
        elif kept.alias is None:
            kept = replace(kept, is_required=True)
        yield kept


def tables_of(lines: Iterable[QueryLine]) -> dict[str, str]:
    """Return the tables that lines read, by alias."""
    tables: dict[str, str] = {}
    for line in lines:
        if found := _FROM.fullmatch(line.text):
            for one in found["tables"].split(","):
                table, _, alias = one.strip().partition(" ")
                tables[(alias or table).lower()] = table.lower()
        elif found := _JOIN.match(line.text):
            tables[(found["alias"] or found["table"]).lower()] = found["table"].lower()
    return tables


def joined_by(line: QueryLine) -> str | None:
    """Return the alias of the table that a line joins and that may be left out; None for any other line."""
    found = _JOIN.match(line.text)
    return (found["alias"] or found["table"]).lower() if found and not line.is_required else None
