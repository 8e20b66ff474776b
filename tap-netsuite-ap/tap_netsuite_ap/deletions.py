"""What became of records that NetSuite showed once and shows no longer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from apbridge.errors import APBridgeError
from apbridge.netsuite import in_list
from apbridge.netsuite.client import PAGE_ROWS, Row
from apbridge.netsuite.queries.query import Query
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


class EverDeleted:
    """What was deleted ever, as a first reading asks: once for all of its streams, where that is one page.

    Of a record that is deleted while that reading goes on, after it was asked and before its stream is read,
    is not told: it is none that this project has told of before.
    """

    def __init__(self) -> None:
        self._rows: list[Row] | None = None
        self._goes_on = False

    def of(self, reader: Reader, entry: StreamEntry) -> Iterable[Row]:
        """Return the deletions of a stream, in order, where NetSuite calls its type as other accounts do."""
        query = manifest().queries["deletions"]
        if entry.is_selected and not self._goes_on:
            if self._rows is None:
                self._ask(reader, query)
            if self._rows is not None:
                return [row for row in self._rows if row["type"].upper() in entry.deleted_as]
        pages = reader.pages(query, where=[is_of_type(query, entry.deleted_as)])
        return (row for page in pages for row in page)

    def _ask(self, reader: Reader, query: Query) -> None:
        spellings = [one for entry in manifest().streams if entry.is_selected for one in entry.deleted_as]
        page = reader.page(query, rows=PAGE_ROWS, where=[is_of_type(query, spellings)])
        self._goes_on = goes_on(page)
        self._rows = None if self._goes_on else page.items


def gone_since(
    reader: Reader, entry: StreamEntry, known: ToldBefore, shown: Collection[str], ever_deleted: EverDeleted
) -> Gone:
    """Find the records of a stream that were told once and are not shown any more.

    Where nothing is known of them yet, those are found whose deletion NetSuite calls as other accounts do.
    """
    if known.since is None:
        ids = {row["id"] for row in ever_deleted.of(reader, entry)} - set(shown)
        return Gone(sorted(ids, key=int))
    return became_of(reader, entry, known, known.gone(shown))


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
