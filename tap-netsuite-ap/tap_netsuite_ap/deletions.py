"""What became of records that NetSuite showed once and shows no longer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from apbridge.errors import APBridgeError
from apbridge.netsuite import in_list
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.query import Query
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
    """

    deleted: list[str]
    unexplained: list[str]
    types: frozenset[str]


def is_of_type(query: Query, spellings: Iterable[str]) -> str:
    """Write the condition that a deletion is of a type, as far as it is known how that is spelled."""
    return f"UPPER({query.expression('type')}) IN ({in_list(spellings)})"


def deletions_of(reader: Reader, ids: Collection[str], since: str) -> Mapping[str, Row]:
    """Ask which records were deleted, whatever NetSuite calls their type.

    Args:
        reader: Reads the account.
        ids: Their internal ids. Records of two types may share one: what is asked for must be gone.
        since: When they were still there.

    Returns:
        The last deletion of each that was deleted since then.
    """
    found = reader.look_up(manifest().queries["deletions"], ids, by="id")() if ids else {}
    return {one: rows[-1] for one, rows in found.items() if rows[-1]["modified_at"] >= since}


def gone_since(reader: Reader, entry: StreamEntry, known: ToldBefore, shown: Collection[str]) -> Gone:
    """Find the records of a stream that were told once and are not shown any more.

    Where nothing is known of them yet, those are found whose deletion NetSuite calls as other accounts do.
    """
    query = manifest().queries["deletions"]
    if known.since is None:
        pages = reader.pages(query, where=[is_of_type(query, entry.deleted_as)])
        ids = {row["id"] for page in pages for row in page} - set(shown)
        return Gone(sorted(ids, key=int), [], frozenset())
    gone = known.gone(shown)
    deleted = deletions_of(reader, gone, known.since)
    return Gone(
        deleted=[one for one in gone if one in deleted],
        unexplained=[one for one in gone if one not in deleted],
        types=frozenset(row["type"] for row in deleted.values()),
    )


def shown_vendors(reader: Reader, known: ToldBefore) -> Collection[str] | None:
    """Return the ids of all vendors; None where they are those that are known, which costs one call."""
    now = reader.one(manifest().queries["vendor_sum"])
    if (int(now["vendors"]), int(now.get("sum_of_ids", "0"))) == known.sum_of_ids:
        return None
    pages = reader.pages(manifest().queries["vendor_ids"])
    return {row["id"] for page in pages for row in page}


def tell_gone(reader: Reader, entry: StreamEntry, known: ToldBefore, gone: Gone) -> Collection[str]:
    """Log which records are gone without a note of their deletion.

    Returns:
        The ids of those that are to be looked for again: the deletions could not be seen.
    """
    tell_types(entry, known, gone.types)
    if not gone.unexplained:
        return ()
    names = f"{entry.name.replace('_', ' ')} {listed(gone.unexplained)}"
    logger.warning("%s", APBridgeError("APB-TNS-016", records=names))
    return gone.unexplained if reader.lacks(manifest().queries["deletions"]) else ()


def tell_types(entry: StreamEntry, known: ToldBefore, types: Iterable[str]) -> None:
    """Log, once, how NetSuite spells a type where that is not how it is known to."""
    for spelled in sorted(types):
        if spelled.upper() not in entry.deleted_as and known.note(f"type {spelled}"):
            logger.warning("%s", APBridgeError("APB-TNS-018", stream=entry.name, type=spelled))
