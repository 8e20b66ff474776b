"""Find out what an account lacks when NetSuite refuses a query, and leave it out from then on."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Protocol

from apbridge.errors import APBridgeError, RefusedError
from apbridge.netsuite.queries.lines import CURRENCIES, FEATURES, ONEWORLD
from apbridge.netsuite.queries.query import Query

logger = logging.getLogger(__name__)

_COLUMN = re.compile(
    r"Unknown identifier '([^']+)'|Field '([^']+)' for record '[^']*' was not found", re.IGNORECASE
)
_TABLE = re.compile(
    r"Record '([^']+)' was not found|Invalid search type: ([\w.]+?)\.?(?:$|[\s(])", re.IGNORECASE
)
_NAMELESS = re.compile(r"Invalid or unsupported search|UNEXPECTED_ERROR", re.IGNORECASE)
"""How NetSuite refuses a query without a reason; the second may also be an error that passes."""

_OFF = {ONEWORLD.name: "APB-TNS-118", CURRENCIES.name: "APB-TNS-108"}
_EMPTY, _INSTEAD = "is left empty", "is taken from elsewhere"


class ColumnProbe(Protocol):
    """Tries out what an account has."""

    def takes(self, table: str, columns: Sequence[str]) -> bool:
        """Return whether NetSuite takes a query of nothing but some columns of one table."""

    def check_answers(self) -> None:
        """Check that NetSuite answers a query that any account takes.

        Raises:
            RefusedError: It does not: what it refuses now says nothing of the account.
        """


class Features:
    """The tables and columns that an account was found to lack: `currency`, `vendor.legalname`.

    No query asks for them beforehand: an account that has everything costs no call.

    Args:
        sentences: The code of what to say when a table, a column or a feature is found missing, by its name.
            Of any other a sentence that fits them all is said.
        absent: What was found missing earlier.
    """

    def __init__(self, sentences: Mapping[str, str] | None = None, absent: Iterable[str] = ()) -> None:
        self._sentences = {**_OFF, **(sentences or {})}
        self._absent = frozenset(absent)
        self._there: set[str] = set()
        self._taken: set[tuple[str, frozenset[str]]] = set()
        self._read: set[str] = set()
        self._said: set[tuple[str, str]] = set()
        self._lock = Lock()

    @property
    def absent(self) -> frozenset[str]:
        """What was found missing so far."""
        return self._absent

    def taken(self, query: Query, without: frozenset[str]) -> None:
        """Note that NetSuite takes a query: what it reads need not be tried out any more.

        Args:
            query: The query.
            without: What it was asked without.
        """
        if (query.name, without) not in self._taken:
            self._taken.add((query.name, without))
            self._read.update(name for line in query.written(without) for name in line.needs)

    def adapt(
        self,
        query: Query,
        refused: RefusedError,
        without: frozenset[str],
        probe: ColumnProbe,
        has_passed: Callable[[], bool],
    ) -> None:
        """Find what a refused query may not ask of this account, and leave it out from now on.

        Args:
            query: The query that was refused.
            refused: What NetSuite said.
            without: What it was asked without.
            probe: Tries columns out.
            has_passed: Asks again what was refused, as it was, and returns whether NetSuite takes it now.
                Used only where NetSuite does not say what it did not find.

        Raises:
            RefusedError: There is nothing to leave out, nothing to ask without it, or no answer to anything.
        """
        with self._lock:
            is_nameless = _NAMELESS.search(str(refused)) is not None
            if is_nameless and has_passed():
                return
            missing = frozenset(_missing(query, str(refused), without, probe))
            if is_nameless and has_passed():
                return  # the error passed meanwhile: nothing was shown to be missing
            absent = self._absent | missing | self._features_off(missing, probe)
            lacking = query.lacking(absent)
            if not missing or (lacking and not query.needs & absent):
                names = sorted(lacking & absent - {one.name for one in FEATURES})
                for name in names:
                    if code := self._sentences.get(name):
                        self._say(code, name, name)
                raise _without(query, names, refused) if names else refused
            self._absent = absent

    def lacks(self, name: str) -> None:
        """Note that something was found missing, and say so once."""
        with self._lock:
            self._absent |= {name}
            if code := self._sentences.get(name):
                self._say(code, name, name)

    def tell(self, query: Query) -> None:
        """Log, once, what a query goes without."""
        absent = self.absent
        if not absent:
            return
        off = {one.name: one for one in FEATURES if one.name in absent}
        for name in sorted(query.reads & absent):
            if not any(one.brings(name) for one in off.values()):
                self._tell(query, name)

    def _tell(self, query: Query, name: str) -> None:
        code = self._sentences.get(name)
        if code is not None:
            self._say(code, name, name)
            return
        changed = defaultdict(list)
        for alias, has_other in query.changed(self.absent, name).items():
            changed[_INSTEAD if has_other else _EMPTY].append(alias.replace("_", " ").strip())
        fields = "; ".join(f"{', '.join(fields)} {how}" for how, fields in changed.items())
        if fields:
            generic = "APB-TNS-126" if "." in name else "APB-TNS-127"
            self._say(generic, name, query.name, fields=fields, purpose=query.purpose)

    def _say(self, code: str, name: str, once: str, **facts: str) -> None:
        if (name, once) in self._said:
            return
        self._said.add((name, once))
        table, _, column = name.partition(".")
        found = APBridgeError(code, table=table, column=column, **facts)
        logger.warning("%s", found)

    def _features_off(self, missing: frozenset[str], probe: ColumnProbe) -> frozenset[str]:
        """Return the features that the account does not have, as what is missing lets one think."""
        off = set()
        for feature in FEATURES:
            if feature.name in self._absent | self._there or not any(map(feature.brings, missing)):
                continue
            shown = [name for name in feature.shown_by if name not in missing]
            is_read = not self._read.isdisjoint(shown)
            if is_read or not all(_is_refused(*_parts(name), probe) for name in shown):
                self._there.add(feature.name)
            else:
                off.add(feature.name)
        return frozenset(off)


def _missing(query: Query, says: str, without: frozenset[str], probe: ColumnProbe) -> Iterator[str]:
    """Yield what a query reads and the account lacks."""
    read = {name for line in query.written(without) for name in line.needs}
    columns: dict[str, list[str]] = defaultdict(list)
    for table, _, column in sorted(name.partition(".") for name in read if "." in name):
        columns[table].append(column)
    if name := not_found(says):
        tables = [table for table, listed in columns.items() if name in listed]
        for table in tables:
            if len(tables) == 1 or _is_refused(table, name, probe):
                yield f"{table}.{name}"
    elif name := _found(_TABLE, says):
        yield from read & {name}
    elif _NAMELESS.search(says):
        for table, listed in columns.items():
            refused = list(_refused(table, listed, probe))
            yield from [table] if refused == listed else (f"{table}.{column}" for column in refused)


def _refused(table: str, columns: Sequence[str], probe: ColumnProbe) -> Iterator[str]:
    """Yield the columns that NetSuite refuses, by halving."""
    if len(columns) == 1:
        if _is_refused(table, columns[0], probe):
            yield columns[0]
    elif not probe.takes(table, columns):
        middle = len(columns) // 2
        yield from _refused(table, columns[:middle], probe)
        yield from _refused(table, columns[middle:], probe)


def _parts(name: str) -> tuple[str, str]:
    table, _, column = name.partition(".")
    return table, column


def _is_refused(table: str, column: str, probe: ColumnProbe) -> bool:
    """Return whether NetSuite refuses a column: twice, and answers another query meanwhile."""
    if probe.takes(table, [column]):
        return False
    # Where nothing is answered, as in an outage, an account would be taken to have nothing.
    probe.check_answers()
    return not probe.takes(table, [column])


def _without(query: Query, names: Sequence[str], refused: RefusedError) -> RefusedError:
    return RefusedError(
        "APB-TNS-128",
        status=refused.status,
        reason=refused.reason,
        names=", ".join(names),
        purpose=query.purpose,
        says=refused.facts.get("says", ""),
    )


def not_found(says: str) -> str | None:
    """Return the column that NetSuite says it did not find, in lower case."""
    return _found(_COLUMN, says)


def _found(pattern: re.Pattern[str], says: str) -> str | None:
    found = pattern.search(says)
    name = next(filter(None, found.groups()), None) if found else None
    return name.lower().rsplit(".", 1)[-1] if name else None
