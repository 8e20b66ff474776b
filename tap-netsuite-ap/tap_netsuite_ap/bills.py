"""Bills: which changed, and what each is made of."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.query import Query, between
from apbridge.netsuite.queries.reader import Found, Reader
from apbridge.netsuite.restlet import File, FileListing
from apbridge.schemas.identifiers import external_id
from tap_netsuite_ap.bookmark import Window
from tap_netsuite_ap.custom import CustomFields
from tap_netsuite_ap.deletions import SharedDeletions, became_of, is_of_type
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.images import Images
from tap_netsuite_ap.known import ToldBefore, digest_of_document
from tap_netsuite_ap.manifest import Manifest, StreamEntry
from tap_netsuite_ap.parts import BILL_QUERIES, LINES, PartQueries
from tap_netsuite_ap.records import Record, Shape
from tap_netsuite_ap.values import whole

BILLS_A_LINE_QUERY = 200
"""A thousand bills have more lines than a page of a thousand rows: read as five ranges at once, they arrive
in the time of one."""

_CODED = frozenset({"expense", "item", "tax"})
"""Kinds of line that carry a part of the total. The main line is the payable itself; NetSuite adds others."""

_EVER = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Change:
    """A bill that changed at some second, as one of the feeds tells.

    Args:
        modified_at: The second.
        id: Internal id of the bill.
        header: Its header, where the feed gives it.
        is_deletion: It is no more.
    """

    modified_at: str
    id: str
    header: Row | None = field(default=None, compare=False)
    is_deletion: bool = False

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands in the order of the stream."""
        return self.modified_at, int(self.id)


@dataclass(frozen=True)
class _Batch:
    """Some changes, and what was asked about them."""

    changes: Sequence[Change]
    headers: Found
    lines: Found
    orders: Found
    applications: Sequence[Found]
    files: Callable[[], FileListing]


class Bills:
    """Reads bills with their lines, purchase orders, applications and images.

    Args:
        reader: Reads the account.
        entry: The stream in the manifest.
        manifest: Has the queries beside the stream's own.
        schema: JSON Schema of bills.
        eligibility: What the settings allow to be submitted.
        custom_fields: What the settings ask for beside.
        images: Fetches their files; None where they are none of the stream's.
        namespace: What external ids begin with.
        expect: Told how many changed, where NetSuite says it by the way.
        shared_deletions: What was deleted, as the run's streams ask together.
    """

    parts: ClassVar[PartQueries] = BILL_QUERIES

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        reader: Reader,
        entry: StreamEntry,
        manifest: Manifest,
        *,
        schema: Mapping[str, Any],
        eligibility: Eligibility,
        custom_fields: CustomFields,
        images: Images | None,
        namespace: str,
        expect: Callable[[int], None],
        shared_deletions: SharedDeletions,
    ) -> None:
        self._reader = reader
        self._entry = entry
        self._header = custom_fields.put(entry.query)
        self._queries = manifest.queries
        self._deletions = manifest.queries["deletions"]
        self._shared_deletions = shared_deletions
        self._line_query = custom_fields.put(self._queries[LINES])
        self._eligibility = eligibility
        self._images = images
        self._namespace = namespace
        self._expect = expect
        fields = schema["properties"]
        self._bill = Shape(schema, entry.query.aliases, custom_fields.of(entry.query.name))
        self._line = Shape(
            fields["lines"]["items"], self._line_query.aliases, custom_fields.of(self._line_query.name)
        )
        self._application = Shape(
            fields["applications"]["items"],
            [alias for name in self.parts.applications for alias in self._queries[name].aliases],
        )
        self._open = Shape(schema, self._queries[self.parts.open].aliases)
        self._has_date: defaultdict[str, Counter[bool]] = defaultdict(Counter)
        self.vanished: list[str] = []
        """Bills that were to be paid, and are not shown any more, with no note of their deletion."""
        self.deleted_as: set[str] = set()
        """How NetSuite spells the type of those that were deleted, where their ids told of it."""
        self.hidden_orders: set[str] = set()
        """Purchase orders of bills that may be submitted, which are named and not shown."""

    def read(
        self, window: Window, was_sent: Callable[[str, str], bool], files_from: str | None = None
    ) -> Iterator[Record]:
        """Yield each bill that changed within a window once, in order of (modified_at, id).

        Args:
            window: One without a start leaves out what is older than the settings ask for.
            was_sent: Tells which changes to leave out.
            files_from: Since when files are told of, where earlier runs listed none; all if it is empty.
        """
        header = self._eligibility.mark(self._header)
        changes = (
            one for one in self._changes(header, window, files_from) if not was_sent(one.modified_at, one.id)
        )
        begun: _Batch | None = None
        for batch in _of_some_bills(changes, self._reader.page_rows):
            # What this batch is made of is under way while its forerunner is emitted.
            following = self._begin(batch, header)
            if begun:
                yield from self._finish(begun, window, was_sent)
            begun = following
        if begun:
            yield from self._finish(begun, window, was_sent)

    def all_again(self, end: str) -> Iterator[Record]:
        """Yield every bill that a first reading takes, as it is now.

        Args:
            end: The end of the run's window: when they are told to have changed, for nothing else dates it.
        """
        header = self._eligibility.mark(self._header)
        where = self._eligibility.worth_a_first_reading
        for page in self._reader.pages(header, where=where, is_long=True):
            batch = self._begin([Change(end, row["id"], row) for row in page], header)
            yield from self._finish(batch, Window(None, end), lambda *_: False)

    def sweep(self, known: ToldBefore, end: str, *, is_first: bool) -> Iterator[Record]:
        """Compare the bills that are to be paid with what was told of them, and yield those that differ.

        Args:
            known: What was told.
            end: The end of the run's window: when they are told to have changed, for nothing else dates it.
            is_first: The run has read every bill that the settings ask for. The others are older, and known
                from now on.
        """
        query = self._queries[self.parts.open]
        rows = (row for page in self._reader.pages(query) for row in page)
        shown = {row["id"]: digest_of_document(self._open.record(row)) or "" for row in rows}
        if is_first:
            known.compared(shown)
            return
        header = self._eligibility.mark(self._header)
        differing = known.unlike(shown)
        vanished: list[str] = []
        for at in range(0, len(differing), self._reader.page_rows):
            changes = [Change(end, number) for number in differing[at : at + self._reader.page_rows]]
            batch = self._begin(changes, header)
            yield from self._finish(batch, Window(None, end), lambda *_: False)
            gone = [one.id for one in changes if one.id not in shown and one.id not in batch.headers()]
            became = became_of(self._reader, self._entry, known, gone)
            self.deleted_as.update(became.types)
            self.vanished += became.named
            vanished += became.unexplained
            yield from (self._tombstone(Change(end, number)) for number in became.deleted)
        known.compared(vanished=vanished)

    def _changes(self, header: Query, window: Window, files_from: str | None) -> Iterator[Change]:
        """Merge the feeds, each of which is in order. Two that tell the same are one change."""
        feeds = [self._feed(header, window, with_header=True)]
        feeds += [self._feed(self._queries[name], window) for name in self.parts.feeds]
        # NetSuite keeps no date of a bill that is deleted: each is told, whenever it was from.
        feeds.append(self._deleted(window))
        if self._images and window.start is not None:
            since = window.start if files_from is None else files_from or _EVER
            feeds.append(self._by_file(self._images.changed(self._reader, since), window))
        last: Change | None = None
        for change in heapq.merge(*feeds, key=lambda one: one.place):
            if change != last:
                yield change
            last = change

    def _feed(self, query: Query, window: Window, *, with_header: bool = False) -> Iterator[Change]:
        where = between(query, "modified_at", window.start, window.end)
        is_first = window.start is None
        if is_first:
            where += self._eligibility.worth_a_first_reading
        # A first reading takes the company's every bill; few of them changed in a part that is no header.
        pages = self._reader.pages(
            query,
            where=where,
            is_long=is_first and with_header,
            expect=self._expect if with_header else None,
        )
        rows = (row for page in pages for row in page)
        return (Change(row["modified_at"], row["id"], row if with_header else None) for row in rows)

    def _deleted(self, window: Window) -> Iterator[Change]:
        if window.start is None:
            told: Iterable[Row] | None = self._shared_deletions.of(self._reader, self._entry, None)
        else:
            told = self._shared_deletions.held(self._entry, window.start)
        if told is None:
            where = between(self._deletions, "modified_at", window.start, window.end)
            where.append(is_of_type(self._deletions, self._entry.deleted_as))
            told = (row for page in self._reader.pages(self._deletions, where=where) for row in page)
        rows = (row for row in told if row["modified_at"] < window.end)
        return (Change(row["modified_at"], row["id"], is_deletion=True) for row in rows)

    @staticmethod
    def _by_file(told: Callable[[], Iterable[tuple[str, str]]], window: Window) -> Iterator[Change]:
        """Yield the bills of which a file changed. What is still of this minute is the next run's.

        What earlier runs missed comes last: what else of its bill is older is told already.
        """
        changes = [
            Change(changed_at if changed_at >= (window.start or "") else window.last, bill)
            for changed_at, bill in told()
            if changed_at < window.end
        ]
        yield from sorted(changes, key=lambda one: one.place)

    def _begin(self, changes: Sequence[Change], header: Query) -> _Batch:
        living = {one.id for one in changes if not one.is_deletion}
        unknown = living - {one.id for one in changes if one.header}
        look_up = self._reader.look_up
        return _Batch(
            changes,
            headers=look_up(header, unknown, by="id"),
            lines=look_up(self._line_query, living, width=BILLS_A_LINE_QUERY),
            orders=look_up(self._queries[self.parts.orders], living) if self.parts.orders else dict,
            applications=[look_up(self._queries[name], living) for name in self.parts.applications],
            files=self._images.listed(self._reader, living) if self._images else FileListing,
        )

    def _finish(
        self, batch: _Batch, window: Window, was_sent: Callable[[str, str], bool]
    ) -> Iterator[Record]:
        headers = {one.id: one.header for one in batch.changes if one.header}
        headers |= {number: rows[0] for number, rows in batch.headers().items()}
        lines, orders = batch.lines(), batch.orders()
        applications: defaultdict[str, list[Row]] = defaultdict(list)
        for wait in batch.applications:
            for number, rows in wait().items():
                applications[number] += rows
        self._note_dates(headers.values(), applications)
        files = batch.files()
        records: list[Record] = []
        for change in batch.changes:
            if change.is_deletion:
                records.append(self._tombstone(change))
                continue
            header = headers.get(change.id)
            if header is None:
                continue  # deleted meanwhile
            parts = lines.get(change.id, []), orders.get(change.id, []), applications.get(change.id, [])
            times = _changes_of(header, parts[0], parts[2])
            times.update(self._told(files.files.get(change.id, ()), window))
            if any(one > change.modified_at and not was_sent(one, change.id) for one in times):
                continue  # a later change is told by another feed, or is the next run's
            records.append(self._record(change, header, *parts))
        if self._images:
            self._images.attach(self._reader, records, files)
        yield from records

    def _note_dates(self, headers: Iterable[Row], applications: Mapping[str, Sequence[Row]]) -> None:
        linked = (row for rows in applications.values() for row in rows)
        self._has_date[self.parts.by_balance].update("balance_modified_at" in row for row in headers)
        self._has_date[self.parts.by_application].update("modified_at" in row for row in linked)

    @property
    def undated(self) -> list[str]:
        """What NetSuite has shown mostly without the date of its change: no date tells of one then."""
        return [
            what
            for what, feed in self.parts.may_be_undated.items()
            if self._has_date[feed][False] > self._has_date[feed][True]
            and not self._reader.lacks(self._queries[feed])
        ]

    def _told(self, files: Iterable[File], window: Window) -> Iterator[str]:
        """Yield when files changed that this run tells of; a bill need not wait for any other."""
        if self._images and self._images.tells_changes:
            yield from (file.changed_at for file in files if file.changed_at < window.end)

    def _record(
        self,
        change: Change,
        header: Row,
        lines: Sequence[Row],
        orders: Sequence[Row],
        applications: Sequence[Row],
    ) -> Record:
        bill = self._bill.record(header)
        because = self._eligibility.because(header, bill)
        order_of = {row.get("line_number"): row.get("purchase_order") for row in orders}
        coded = [
            self._coded(row, order_of) for row in sorted(lines, key=_line_number) if row.get("kind") in _CODED
        ]
        numbers = {row.get("purchase_order") for row in orders} | {one["purchase_order"] for one in coded}
        if because is None:
            self.hidden_orders.update(row["id"] for row in orders if "shown" not in row)
        bill.update(
            external_id=self._external_id(change),
            is_eligible=because is None,
            ineligible_because=because,
            lines=coded,
            purchase_orders=sorted(number for number in numbers if number),
            applications=[self._application.record(row) for row in applications],
            images=[],
            images_left_out=[],
            is_deleted=False,
            modified_at=change.modified_at,
        )
        return bill

    def _coded(self, row: Row, order_of: Mapping[str | None, str | None]) -> Record:
        line = self._line.record(row)
        line["purchase_order"] = line["purchase_order"] or order_of.get(row.get("line_number"))
        return line

    def _tombstone(self, change: Change) -> Record:
        return {
            **self._bill.record({}),
            "id": change.id,
            "external_id": self._external_id(change),
            "is_eligible": False,
            "ineligible_because": "it was deleted in NetSuite",
            "applications": [],
            "purchase_orders": [],
            "lines": [],
            "images": [],
            "images_left_out": [],
            "is_deleted": True,
            "modified_at": change.modified_at,
        }

    def _external_id(self, change: Change) -> str:
        return external_id(self._namespace, self._entry.kind, change.id)


def _of_some_bills(changes: Iterable[Change], most: int) -> Iterator[list[Change]]:
    """Divide changes, in their order, into those of so many bills: what one is made of is asked for once."""
    batch: list[Change] = []
    bills: set[str] = set()
    for change in changes:
        if change.id not in bills and len(bills) == most:
            yield batch
            batch, bills = [], set()
        batch.append(change)
        bills.add(change.id)
    if batch:
        yield batch


def _changes_of(header: Row, lines: Iterable[Row], applications: Iterable[Row]) -> set[str]:
    """Return when each part of a bill changed."""
    times = {header["modified_at"], header.get("balance_modified_at", "")}
    times.update([row.get("modified_at", "") for row in lines])
    times.update([row.get("modified_at", "") for row in applications])
    return times


def _line_number(row: Row) -> int:
    number = whole(row.get("line_number", ""))
    return number if isinstance(number, int) else 0
