"""What became of records that NetSuite showed once and shows no longer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from apbridge.errors import APBridgeError
from apbridge.netsuite import in_list
from apbridge.netsuite.client import PAGE_ROWS, Row
from apbridge.netsuite.queries.query import Query, from_second
from apbridge.netsuite.queries.ranges import goes_on
from apbridge.netsuite.queries.reader import Reader
from tap_netsuite_ap.known import ToldBefore
from tap_netsuite_ap.manifest import StreamEntry, manifest
from tap_netsuite_ap.visibility import listed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gone:
    """Records that are not shown any more.

    Args:
        deleted: Ids of those that were deleted, in order.
        unexplained: Ids of those of which no deletion is noted.
        types: How NetSuite spells the type of the deleted ones.
        others: Types of which a record was deleted that has the id of an unexplained one, by that id.
    """

    deleted: list[str]
    unexplained: list[str] = field(default_factory=list)
    types: frozenset[str] = frozenset()
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> list[str]:
        """The unexplained ones, each with the type that stands under its id."""
        return [
            f"{one} (deleted under this id: {self.others[one]!r})" if one in self.others else one
            for one in self.unexplained
        ]


def is_of_type(query: Query, spellings: Iterable[str]) -> str:
    """Write the condition that a deletion is of a type, as far as it is known how that is spelled."""
    return f"UPPER({query.expression('type')}) IN ({in_list(spellings)})"


def became_of(reader: Reader, entry: StreamEntry, known: ToldBefore, ids: Collection[str]) -> Gone:
    """Ask what became of records of a stream that are not shown any more.

    A deletion counts where its type is known to be the stream's: of two types, records may have one id, and
    a role that was narrowed hides what nobody has deleted.

    Args:
        reader: Reads the account.
        entry: The stream.
        known: Knows when they were there still.
        ids: Their internal ids, in order.
    """
    found = reader.look_up(manifest().queries["deletions"], ids, by="id")() if ids else {}
    believed: dict[str, Row] = {}
    others: dict[str, str] = {}
    for one, rows in found.items():
        for row in rows:
            if row["modified_at"] < known.was_there(one):
                continue
            if entry.is_deletion(row["type"], row.get("type_id")):
                believed[one] = row
            else:
                others[one] = row["type"]
    return Gone(
        deleted=[one for one in ids if one in believed],
        unexplained=[one for one in ids if one not in believed],
        types=frozenset(row["type"] for row in believed.values()),
        others=others,
    )


class SharedDeletions:
    """What was deleted, asked once for all streams that ask from the same time on, where that is one page.

    What is deleted after it was asked, and before its stream is read, is in neither: of a first reading the
    STATE keeps from when on the next one is to ask (`ToldBefore.deleted_from`).
    """

    def __init__(self) -> None:
        self._rows: Sequence[Row] | None = None
        self._since: str | None = None
        self._goes_on = False

    def of(self, reader: Reader, entry: StreamEntry, since: str | None) -> Iterable[Row]:
        """Return the deletions of a stream, in order, where NetSuite calls its type as other accounts do.

        Args:
            reader: Reads the account.
            entry: The stream.
            since: From which second on; None for all that there are.
        """
        query = manifest().queries["deletions"]
        if entry.is_selected and self._rows is None and not self._goes_on:
            self._ask(reader, query, since)
        held = self.held(entry, since)
        if held is not None:
            return held
        where = [is_of_type(query, entry.deleted_as), *from_second(query, "modified_at", since)]
        return (row for page in reader.pages(query, where=where) for row in page)

    def held(self, entry: StreamEntry, since: str | None) -> Iterable[Row] | None:
        """Return the same where they were asked for already; None where they were not."""
        if not entry.is_selected or self._rows is None or (self._since or "") > (since or ""):
            return None
        rows = (row for row in self._rows if row["modified_at"] >= (since or ""))
        return [row for row in rows if row["type"].upper() in entry.deleted_as]

    def _ask(self, reader: Reader, query: Query, since: str | None) -> None:
        spellings = [one for entry in manifest().streams if entry.is_selected for one in entry.deleted_as]
        where = [is_of_type(query, spellings), *from_second(query, "modified_at", since)]
        page = reader.page(query, rows=PAGE_ROWS, where=where)
        self._goes_on = goes_on(page)
        self._rows, self._since = (None if self._goes_on else page.items), since


def gone_since(
    reader: Reader, entry: StreamEntry, known: ToldBefore, shown: Collection[str], deletions: SharedDeletions
) -> Gone:
    """Find the records of a stream that were told once and are not shown any more.

    Where nothing is known of them yet, those are found whose deletion NetSuite calls as other accounts do; at
    the next comparison too, of what was deleted while they were read.
    """
    if known.since is None:
        ids = {row["id"] for row in deletions.of(reader, entry, None)} - set(shown)
        if entry.is_selected:
            known.missed_deletions()
        return Gone(sorted(ids, key=int))
    gone = became_of(reader, entry, known, known.gone(shown))
    if known.deleted_from is None:
        return gone
    missed = {row["id"] for row in deletions.of(reader, entry, known.deleted_from)} - set(shown)
    if not reader.lacks(manifest().queries["deletions"]):
        known.deleted_from = None
    return replace(gone, deleted=sorted(missed.union(gone.deleted), key=int))


def shown(reader: Reader, entry: StreamEntry, known: ToldBefore) -> Collection[str]:
    """Return the ids of all records of a stream; where they are those that are known, that costs one call."""
    queries = manifest().queries
    now = reader.one(queries[f"{entry.kind}_sum"])
    if (int(now["records"]), int(now.get("sum_of_ids", "0"))) == known.sum_of_ids:
        return known.ids
    pages = reader.pages(queries[f"{entry.kind}_ids"])
    return {row["id"] for page in pages for row in page}


def tell_gone(entry: StreamEntry, known: ToldBefore, gone: Gone) -> None:
    """Log which records are gone without a note of their deletion, each once."""
    tell_types(entry, known, gone.types)
    named = zip(gone.unexplained, gone.named, strict=True)
    new = [name for one, name in named if one not in known.vanished]
    if new:
        names = f"{entry.name.replace('_', ' ')} {listed(new)}"
        logger.warning("%s", APBridgeError("APB-TNS-016", records=names))


def tell_types(entry: StreamEntry, known: ToldBefore, types: Iterable[str]) -> None:
    """Log, once, how NetSuite spells a type where that is not how it is known to."""
    for spelled in sorted(types):
        if spelled.upper() not in entry.deleted_as and known.note(f"type {spelled}"):
            logger.warning("%s", APBridgeError("APB-TNS-018", stream=entry.name, type=spelled))
