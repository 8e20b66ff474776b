"""What the role does not see: NetSuite leaves its rows out without a word, but other rows name them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from apbridge.errors import RefusedError
from apbridge.netsuite.queries.reader import Reader
from apbridge.netsuite.queries.values import ids
from tap_netsuite_ap.manifest import Manifest, StreamEntry
from tap_netsuite_ap.records import Record

logger = logging.getLogger(__name__)

_OF_A_BILL = {"vendors": "vendor_id", "subsidiaries": "subsidiary_id"}
_OF_A_LINE = {
    "gl_accounts": "account_id",
    "departments": "department_id",
    "classes": "class_id",
    "locations": "location_id",
}
"""The streams whose records a bill and a line name, and by which field."""
_coded = itemgetter(*_OF_A_LINE.values())

_APPLIED = {"payment": "vendor_payments", "credit": "vendor_credits"}
"""The streams of what is applied to bills, by its kind: read after bills, where they are asked for."""

_MOST_NAMED = 10


class Visibility:
    """Holds what was shown against what was named.

    Args:
        subsidiaries: Those whose bills may be submitted; the others may be hidden, and none where all may.
    """

    def __init__(self, subsidiaries: Collection[str]) -> None:
        self._subsidiaries = frozenset(subsidiaries)
        self._shown: dict[str, set[str]] = defaultdict(set)
        self._named: dict[str, set[str]] = defaultdict(set)
        self.hidden_orders: set[str] = set()
        """Purchase orders of bills that may be submitted, which NetSuite names and does not show."""

    def shown(self, stream: str, record: Mapping[str, Any]) -> None:
        """Note a record that NetSuite showed, and the subsidiaries that it names."""
        self._shown[stream].add(record["id"])
        if stream == "vendors":
            self._named["subsidiaries"].update(record["subsidiary_ids"])

    def bill(self, record: Record) -> None:
        """Note what a bill names.

        One that may not be submitted may name what it likes, but for what is applied to it.
        """
        if record["subsidiary_id"] in self._subsidiaries or not self._subsidiaries:
            for one in record["applications"]:
                if stream := _APPLIED.get(one["kind"]):
                    self._named[stream].add(one["id"])
        if not record["is_eligible"]:
            return
        for stream, field in _OF_A_BILL.items():
            self._named[stream].add(record[field])
        of_lines = zip(*map(_coded, record["lines"]), strict=True)
        for stream, numbers in zip(_OF_A_LINE, of_lines, strict=False):  # none where there is no line
            self._named[stream].update(numbers)

    def hidden(self, reader: Reader, manifest: Manifest, *, is_first: bool, sees_no_bill: bool) -> list[str]:
        """Ask for what was named and not shown, and say what is hidden. A run that read nothing asks nothing.

        Args:
            reader: Reads the account.
            manifest: Has the queries.
            is_first: It was a first reading: worth a call each to look for subsidiaries, whose list is seldom
                read, for vendors that no bill names, and for bills.
            sees_no_bill: No open bill was ever shown: the role may not be allowed to see any.
        """
        found: list[str] = []
        for entry in manifest.streams:
            if entry.name not in _APPLIED.values() and (is_first or entry.name != "subsidiaries"):
                found += self.hidden_of(reader, entry)
        if is_first:
            found += self._vendors(reader, manifest)
        if is_first or sees_no_bill:
            found += self._bills(reader, manifest)
        if self.hidden_orders:
            found.append(f"purchase orders {listed(sorted(self.hidden_orders, key=int))}")
        return found

    def hidden_of(self, reader: Reader, entry: StreamEntry) -> list[str]:
        """Ask for what was named of one stream and not shown, and say what is hidden."""
        numbers = self._named[entry.name] - self._shown[entry.name] - {None}
        if entry.name == "subsidiaries" and self._subsidiaries:
            numbers &= self._subsidiaries
        try:
            hidden = sorted(numbers - reader.look_up(entry.query, numbers, by="id")().keys(), key=int)
        except RefusedError as refused:
            logger.debug("%s cannot be asked for: %s", entry.name, refused)
            return []
        # Where the list itself is not shown that is said already.
        is_told = not hidden or reader.lacks(entry.query)
        return [] if is_told else [f"{entry.name.replace('_', ' ')} {listed(hidden)}"]

    def _bills(self, reader: Reader, manifest: Manifest) -> Iterator[str]:
        # Where a role is meant to see some subsidiaries only, bills of others are hidden.
        if self._subsidiaries:
            return
        try:
            row = reader.one(manifest.queries["hidden_bills"])
        except RefusedError as refused:
            logger.debug("Hidden bills cannot be asked for: %s", refused)
            return
        if row["bills"] != "0":
            yield f"{row['bills']} bills"

    def _vendors(self, reader: Reader, manifest: Manifest) -> Iterator[str]:
        query = manifest.queries["hidden_vendors"]
        where = [f"{query.expression('id')} IN ({ids(self._subsidiaries)})"] if self._subsidiaries else ()
        try:
            rows: Sequence[Mapping[str, str]] = [
                row for page in reader.pages(query, where=where) for row in page
            ]
        except RefusedError as refused:
            logger.debug("Hidden vendors cannot be asked for: %s", refused)
            return
        for row in rows:
            yield f"{row['vendors']} vendor{'' if row['vendors'] == '1' else 's'} of subsidiary {row['id']}"


def listed(numbers: Sequence[str]) -> str:
    """Name the first of some records, and how many there are beside."""
    return ", ".join(numbers[:_MOST_NAMED]) + (", …" if len(numbers) > _MOST_NAMED else "")
