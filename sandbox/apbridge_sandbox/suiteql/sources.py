"""What a query reads from, and how a column's name is resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from apbridge_sandbox.preferences import DEFAULT, DatePreference
from apbridge_sandbox.suiteql.catalogue import ValueKind, catalogue, column_of
from apbridge_sandbox.suiteql.errors import (
    missing_table,
    removed_column,
    unknown_column,
    unknown_table,
    unsupported,
)
from apbridge_sandbox.suiteql.terms import Term


@dataclass(frozen=True)
class AccountView:
    """What an account and a role let a query see.

    Attributes:
        features_off: Features that are switched off.
        permissions_missing: Permissions that the role does not have.
        subsidiaries: Internal ids of the only subsidiaries that the role sees; None for all. Rows of
            others are left out without a word.
        shown_as: Columns that this account shows otherwise, as `table.column`, and the SQL of what it shows.
        dates: How the user sees dates.
        columns_hidden: Columns that are not there, as `table.column`.
        rows: By table, conditions over its base table that the rows meet which are there.
    """

    features_off: frozenset[str] = frozenset()
    permissions_missing: frozenset[str] = frozenset()
    subsidiaries: tuple[int, ...] | None = None
    shown_as: tuple[tuple[str, str], ...] = ()
    dates: DatePreference = DEFAULT
    columns_hidden: frozenset[str] = frozenset()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass
class Source:
    """A table or a derived table of FROM.

    Attributes:
        alias: What the query calls it, in lower case.
        table: Its own name.
        sql: What stands for it in FROM, alias included.
        columns: Its columns by name.
        key: The column that is unique, if one is.
        removed: Columns that NetSuite took away.
        optional: Whether an outer join may leave it out of a row.
        ordered: Whether its rows are numbered in its own ORDER BY, as column `$order`.
    """

    alias: str
    table: str
    sql: str
    columns: Mapping[str, Term]
    key: str | None = None
    removed: frozenset[str] = frozenset()
    optional: bool = False
    ordered: bool = False

    def column(self, name: str) -> Term:
        """Return a column; a KeyError where there is none."""
        term = self.columns[name]
        return replace(term, nullable=True) if self.optional else term


@dataclass
class Scope:
    """The sources in reach of an expression: its own select's, then those around it."""

    around: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    carried: dict[str, str] | None = None
    """Where the select was wrapped to number its rows: the columns that the wrap carries, by their SQL."""

    def add(self, source: Source) -> None:
        """Add a source.

        Raises:
            SuiteQLError: There is one of that name.
        """
        if source.alias in self.sources:
            raise unsupported()
        self.sources[source.alias] = source

    def find(self, name: str, alias: str | None) -> Term:
        """Find a column.

        Raises:
            SuiteQLError: There is none of that name, or more than one.
        """
        scope: Scope | None = self
        while scope is not None:
            found = list(scope.candidates(name, alias))
            if len(found) > 1:
                raise unsupported()
            if found:
                return scope.carry(found[0])
            scope = scope.around
        raise unknown_column(alias or name, {each.alias: each.table for each in self.sources.values()})

    def star(self, alias: str | None) -> Iterator[tuple[str, Term]]:
        """Yield every column of one source or of all."""
        if alias is not None and alias not in self.sources:
            raise unknown_column(alias, {each.alias: each.table for each in self.sources.values()})
        for source in self.sources.values():
            if alias in (None, source.alias):
                for name in source.columns:
                    yield name, self.carry(source.column(name))

    def candidates(self, name: str, alias: str | None) -> Iterator[Term]:
        """Yield the columns of that name of this select's own sources."""
        for source in self.sources.values():
            if alias not in (None, source.alias):
                continue
            if name in source.columns:
                yield source.column(name)
            elif name in source.removed:
                raise removed_column(name, source.table)
            elif alias is not None:
                raise unknown_column(name, {each.alias: each.table for each in self.sources.values()})

    def carry(self, term: Term) -> Term:
        """Return the column as it is called above the wrap, where there is one."""
        if self.carried is None:
            return term
        name = self.carried.setdefault(term.sql, f"c{len(self.carried)}")
        # A display over two columns of the row would need both: none does so inside a wrap.
        return replace(term, sql=f'"$r"."{name}"', alias="")


def table(name: str, alias: str, account: AccountView) -> Source:
    """Return a table of the catalogue as this account and role see it.

    Raises:
        SuiteQLError: There is none, its feature is off, or the role lacks its permission.
    """
    declared = catalogue().tables.get(name)
    if declared is None:
        raise unknown_table(name)
    if declared.feature in account.features_off or declared.permission in account.permissions_missing:
        raise missing_table(name)
    called = quoted_name(alias)
    shown_as = dict(account.shown_as)
    columns = {}
    for column_name, each in declared.columns.items():
        column = column_of(column_name, each)
        full_name = f"{name}.{column_name}"
        if column.feature in account.features_off or full_name in account.columns_hidden:
            continue
        other = shown_as.get(full_name)
        is_never_null = column.kind is ValueKind.INSTANT or column_name == declared.key
        columns[column_name] = Term(
            (other or column.sql).replace("{t}", called),
            column.kind,
            shows=column.shows,
            alias=called,
            nullable=other is not None or not is_never_null,
            bare=column_name,
        )
    base = declared.base
    if condition := " AND ".join(each for of, each in account.rows if of == name):
        base = f"(SELECT * FROM {base} WHERE {condition})"  # noqa: S608 - written in access.py
    if declared.restricted and account.subsidiaries is not None:
        allowed = ", ".join(map(str, account.subsidiaries))
        # A row of no subsidiary is everybody's.
        base = f"(SELECT * FROM {base} WHERE COALESCE({declared.restricted} IN ({allowed}), 1))"  # noqa: S608
    removed = () if declared.removed is None else (each for each in declared.removed if _has(each, account))
    return Source(
        alias,
        name,
        f"{base} AS {called}",
        columns,
        key=declared.key if declared.key in columns else None,
        removed=frozenset(removed),
    )


def derived(alias: str, sql: str, outputs: Iterable[tuple[str, Term]], *, ordered: bool) -> Source:
    """Return a subquery of FROM as a source."""
    called = quoted_name(alias)
    columns = {
        name: Term(f"{called}.{quoted_name(name)}", term.kind, shows=term.shows, bare=name)
        for name, term in outputs
    }
    return Source(alias, alias, f"({sql}) AS {called}", columns, ordered=ordered)


def quoted_name(name: str) -> str:
    """Write a name as SQLite takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


_DIMENSION_FEATURES = {
    "subsidiary": "oneworld",
    "department": "departments",
    "class": "classes",
    "location": "locations",
}


def _has(column: str, account: AccountView) -> bool:
    """Return whether NetSuite still knows of a removed column: not where its feature is off."""
    return _DIMENSION_FEATURES.get(column) not in account.features_off
