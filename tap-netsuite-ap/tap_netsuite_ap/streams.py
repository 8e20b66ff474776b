"""The streams: what the manifest says, as the Singer SDK wants it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any

from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from apbridge.errors import APBridgeError, RefusedError
from apbridge.netsuite.client import PAGE_ROWS, Row
from apbridge.netsuite.queries.query import Query, between
from apbridge.netsuite.queries.reader import Reader
from apbridge.schemas import schema
from apbridge.schemas.identifiers import external_id
from apbridge.settings import spool_of
from apbridge.singer.sdk import Context, FencedStream
from tap_netsuite_ap import deletions, sweep
from tap_netsuite_ap.bills import Bills
from tap_netsuite_ap.bookmark import Bookmark, Window
from tap_netsuite_ap.connection import Connection
from tap_netsuite_ap.deletions import Gone, gone_since, tell_gone, tell_types
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.images import Images
from tap_netsuite_ap.known import ToldBefore, digest_of_document
from tap_netsuite_ap.manifest import StreamEntry, manifest
from tap_netsuite_ap.records import Record, Shape, least
from tap_netsuite_ap.vendor_credits import VendorCredits


class NetSuiteStream(FencedStream):
    """A stream of the manifest: one query, and queries joined to it.

    Args:
        tap: The tap.
        entry: The stream in the manifest.
        connection: What this run's streams share.
    """

    # Records are typed and complete as they are read, and the schemas are the project's own.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    STATE_MSG_FREQUENCY = 100

    def __init__(self, tap: Tap, entry: StreamEntry, connection: Connection) -> None:
        self._entry = entry
        self._connection = connection
        self._bookmark: Bookmark | None = None
        self._reads: frozenset[str] = frozenset()
        super().__init__(tap, schema=deepcopy(schema(entry.name)), name=entry.name)
        self.primary_keys = ("id",)
        self.selected_by_default = entry.is_selected
        if entry.is_incremental:
            self.replication_key = "modified_at"

    @property
    @override
    def is_sorted(self) -> bool:
        return self._entry.is_incremental

    @override
    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> None:
        """Return None: reading ends at the present second of NetSuite's clock, not of ours."""

    @override
    def note_start(self, context: Context) -> None:
        """Do nothing: the bookmark knows where to begin, and start_date is about a bill's own date."""

    @override
    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[Record]:
        # A test run takes one record: it need not read a thousand.
        most = self.ABORT_AT_RECORD_COUNT
        rows = PAGE_ROWS if most is None else most + 1
        if most is None and self._entry.is_incremental and "replication_key_value" not in self.stream_state:
            self._connection.widen()
        with Reader(self._connection.netsuite, self._connection.features, rows) as reader:
            self._connection.begin(reader)
            try:
                yield from self._read(reader)
            except RefusedError as refused:
                if most is not None:
                    raise
                self._connection.unreadable(self.name, refused)

    def _read(self, reader: Reader) -> Iterator[Record]:
        queries = self._queries()
        self._reads = frozenset[str]().union(*(query.reads for query in queries))
        if self.replication_method != "INCREMENTAL":
            reads = self._reads - self._entry.told_elsewhere
            yield from self._connection.whole(self.read(reader, None), reads, self.stream_state)
            return
        bookmark = Bookmark(
            self.stream_state,
            now=self._connection.now(reader),
            overlap=timedelta(seconds=self.config["overlap_seconds"]),
        )
        self._bookmark = bookmark
        before = bookmark.without
        lacked = self._reads.intersection(before or ())
        if granted := reader.granted(queries, lacked):
            names = ", ".join(sorted(granted))
            self.logger.warning("%s", APBridgeError("APB-TNS-136", stream=self.name, names=names))
            self._read_again(bookmark)
        yield from self.read(reader, bookmark.window)
        refused = self._reads & reader.features.absent
        if before is not None:
            self._connection.lost(refused - before)
        bookmark.finished(refused | (lacked - granted))

    def _queries(self) -> Sequence[Query]:
        """Return what its records are read with."""
        return [self._connection.custom_fields.put(self._entry.query), *self._entry.join_queries]

    def _read_again(self, bookmark: Bookmark) -> None:
        """Have every record read in this run, whether it changed or not."""
        bookmark.restart()

    def read(self, reader: Reader, window: Window | None) -> Iterator[Record]:
        """Yield the records of a window; all of them where there is none."""
        custom_fields = self._connection.custom_fields
        query = custom_fields.put(self._entry.query)
        shape = Shape(self.schema, query.aliases, custom_fields.of(query.name))
        where = between(query, "modified_at", window.start, window.end) if window else []
        is_first = window is not None and window.start is None
        if is_first and self._entry.open:
            # What was closed while the state was lost is told too, as far back as bills are.
            worth = [sweep.is_open(query), *self._connection.eligibility.worth_a_first_reading]
            where = [*where, f"({' OR '.join(worth)})"]
        told: dict[str, str | None] = {}
        for page in reader.pages(query, where=where, expect=self.expect):
            if page and "read_at" in page[0]:
                self._connection.was_read_at(page[0]["read_at"])
            rows = [row for row in page if not (window and self.was_sent(row["modified_at"], row["id"]))]
            for record in self._records(reader, shape, rows):
                told[record["id"]] = sweep.digest(record) if self._entry.open else ""
                yield record
        if self.ABORT_AT_RECORD_COUNT is not None:
            return
        if self._entry.open:
            yield from self._sweep(reader, shape, told, is_first=is_first)
        elif self._entry.deleted_as:
            is_whole = window is None or window.start is None
            yield from self._no_more(reader, shape, told, is_whole=is_whole)

    def _records(self, reader: Reader, shape: Shape, rows: Sequence[Row]) -> Iterator[Record]:
        joined = self._joined(reader, rows)
        for row in rows:
            record = shape.record(row)
            record["external_id"] = external_id(self._connection.namespace, self._entry.kind, row["id"])
            for field, values in joined.items():
                record[field] = self._values(field, values.get(row["id"], ())) or record.get(field) or []
            if row.get("includes_children") == "T":
                record["subsidiary_ids"] = self._connection.with_children(reader, record["subsidiary_ids"])
            self._connection.put_currency(record)
            if self._entry.deleted_as:
                record["is_deleted"] = False
            self._connection.visibility.shown(self.name, record)
            yield record

    def _values(self, field: str, rows: Sequence[Row]) -> list[Any]:
        items = self.schema["properties"][field]["items"]
        if items["type"] != "object":
            return [row[field] for row in rows]
        shape = Shape(items, self._entry.joins[field].query.aliases)
        return [shape.record(row) for row in rows]

    def _sweep(
        self, reader: Reader, shape: Shape, told: Mapping[str, str | None], *, is_first: bool
    ) -> Iterator[Record]:
        """Yield the open records that are not as they were told, and tombstones of deleted ones."""
        now = self._connection.now(reader)
        known = self.known(now)
        for number, digest in told.items():
            known.tell(number, digest)
        if known.is_due:
            shown = sweep.shown(reader, self._entry)
            # A first reading that ended early told some which it does not remember: they are told again.
            unlike = known.unlike(shown) if known.since or not is_first else []
            found = reader.look_up(self._entry.query, unlike, by="id")()
            rows = [{**found[number][0], "modified_at": now} for number in unlike if number in found]
            for record in self._records(reader, shape, rows):
                known.tell(record["id"], sweep.digest(record))
                yield record
            seen = {*shown, *found, *told}
            gone = gone_since(reader, self._entry, known, seen, self._connection.shared_deletions)
            for number in gone.deleted:
                known.tell(number, None)
                yield self._tombstone(shape, number, now)
            self._tell_gone(known, gone)
            known.compared(None if known.since else shown, vanished=gone.unexplained)
        known.finish()

    def _no_more(
        self, reader: Reader, shape: Shape, told: Collection[str], *, is_whole: bool
    ) -> Iterator[Record]:
        """Yield tombstones of the records that were told once and were deleted, or merged into others."""
        now = self._connection.now(reader)
        known = self.known(now, is_whole=is_whole)
        for number in told:
            known.tell(number)
        if self._is_to_be_compared(known) and not reader.lacks(self._entry.query):
            shown = told if is_whole else deletions.shown(reader, self._entry, known)
            gone = gone_since(reader, self._entry, known, shown, self._connection.shared_deletions)
            yield from (self._tombstone(shape, number, now) for number in gone.deleted)
            self._tell_gone(known, gone)
            known.compared(dict.fromkeys(shown, ""), vanished=gone.unexplained)
        known.finish()

    def _is_to_be_compared(self, known: ToldBefore) -> bool:
        return known.is_due

    def _tell_gone(self, known: ToldBefore, gone: Gone) -> None:
        tell_gone(self._entry, known, gone)

    def _tombstone(self, shape: Shape, number: str, now: str) -> Record:
        record = {**shape.record({}), **least(self.schema), "id": number, "is_deleted": True}
        record["external_id"] = external_id(self._connection.namespace, self._entry.kind, number)
        record["modified_at"] = now
        return record

    def known(self, now: str, *, is_whole: bool = False) -> ToldBefore:
        """Return what the STATE knows of the stream's records; what is read whole is compared at each run."""
        hours = 0 if is_whole else self.config["sweep_hours"]
        return ToldBefore(self.stream_state, now, timedelta(hours=hours))

    def was_sent(self, modified_at: str, record_id: str) -> bool:
        """Return whether this state of a record was sent already, in this run or an earlier one."""
        return self._bookmark is not None and self._bookmark.was_sent(modified_at, record_id)

    def _joined(self, reader: Reader, rows: Sequence[Row]) -> Mapping[str, Mapping[str, Sequence[Row]]]:
        parents = [row["id"] for row in rows]
        absent = reader.features.absent
        begun = {
            field: reader.look_up(join.query, parents)
            for field, join in self._entry.joins.items()
            if join.instead_of is None or join.instead_of in absent
        }
        return {field: wait() for field, wait in begun.items()}

    @override
    def note_sent(self, record: Record, context: Context) -> None:
        # The SDK remembers one value; so would be lost, or sent again, what is tied to it.
        if self._bookmark:
            self._bookmark.sent_without(self._reads & self._connection.features.absent)
            self._bookmark.sent(record["modified_at"], record["id"])


class VendorsStream(NetSuiteStream):
    """Vendors: what was told of them once is not told as empty where NetSuite refuses it now."""

    @override
    def read(self, reader: Reader, window: Window | None) -> Iterator[Record]:
        before = self._bookmark.without if self._bookmark else None
        yield from self._connection.as_shown_before(super().read(reader, window), self._reads, before)


class BillsStream(NetSuiteStream):
    """Bills: several queries, of which some tell what changed, and one what changed without a date."""

    _known: ToldBefore | None
    _is_read_again = False
    _documents: type[Bills] = Bills

    @property
    def _eligibility(self) -> Eligibility:
        return self._connection.eligibility

    @override
    def _queries(self) -> Sequence[Query]:
        put = self._connection.custom_fields.put
        header = self._eligibility.mark(put(self._entry.query))
        return [header, *(put(manifest().queries[name]) for name in self._documents.parts.all)]

    @override
    def _read_again(self, bookmark: Bookmark) -> None:
        # A bill that a first reading leaves out may have been submitted, and have changed: what changed is
        # read as always.
        self._is_read_again = True

    @override
    def read(self, reader: Reader, window: Window | None) -> Iterator[Record]:
        images = Images(self._connection.netsuite, spool_of(self.config))
        if self.ABORT_AT_RECORD_COUNT is None:
            images.bring_back(reader, self._connection.namespace)
        window = window or Window(None, self._connection.now(reader))
        missed_from = self._bookmark.files_from if self._bookmark else None
        for record in self._read_documents(reader, window, images, missed_from):
            self._note_files(images)
            self._connection.visibility.bill(record)
            yield record
        self._note_files(images)
        if self._bookmark and (images.tells_changes or window.start is None) and not images.refused:
            self._bookmark.files_told()
        self._connection.look_for_what_is_hidden(
            reader,
            is_first=window.start is None,
            sees_no_bill=self._known is not None and not self._known.ids,
        )

    def _read_documents(
        self, reader: Reader, window: Window, images: Images | None, files_from: str | None = None
    ) -> Iterator[Record]:
        documents = self._documents(
            reader,
            self._entry,
            manifest(),
            schema=self.schema,
            eligibility=self._eligibility,
            custom_fields=self._connection.custom_fields,
            images=images,
            namespace=self._connection.namespace,
            expect=self.expect,
            shared_deletions=self._connection.shared_deletions,
        )
        self._known = None
        if self._bookmark and self.ABORT_AT_RECORD_COUNT is None:
            self._known = self.known(window.end)
        for record in self._changed(documents, window, files_from):
            self._connection.put_currency(record)
            yield record
        self._connection.visibility.hidden_orders |= documents.hidden_orders

    def _note_files(self, images: Images) -> None:
        if images.refused:
            self._connection.without_files(images.refused)
            if self._bookmark:
                self._bookmark.files_missed()

    def _changed(self, documents: Bills, window: Window, files_from: str | None) -> Iterator[Record]:
        yield from documents.read(window, self.was_sent, files_from)
        if self._is_read_again:
            yield from documents.all_again(window.end)
        if self._known is None:
            return
        if self._known.is_due or self._known.vanished:
            yield from documents.sweep(self._known, window.end, is_first=window.start is None)
        self._connection.vanished += documents.vanished
        tell_types(self._entry, self._known, documents.deleted_as)
        for what in filter(self._known.note, documents.undated):
            self.logger.warning(
                "%s", APBridgeError("APB-TNS-017", what=what, hours=self.config["sweep_hours"])
            )
        self._known.finish()

    @override
    def note_sent(self, record: Record, context: Context) -> None:
        super().note_sent(record, context)
        if self._known:
            self._known.tell(record["id"], digest_of_document(record))


class VendorCreditsStream(BillsStream):
    """Vendor credits, which are read as bills are, without files."""

    _documents = VendorCredits

    @property
    @override
    def _eligibility(self) -> Eligibility:
        return self._connection.credit_eligibility

    @override
    def read(self, reader: Reader, window: Window | None) -> Iterator[Record]:
        window = window or Window(None, self._connection.now(reader))
        for record in self._read_documents(reader, window, None):
            self._connection.visibility.shown(self.name, record)
            yield record
        if self.ABORT_AT_RECORD_COUNT is None:
            self._connection.look_for_hidden(reader, self._entry)


class VendorPaymentsStream(NetSuiteStream):
    """Vendor payments: of one that is shown no longer nobody knows whether AvidXchange is to stop it."""

    @override
    def _read(self, reader: Reader) -> Iterator[Record]:
        yield from super()._read(reader)
        if self.ABORT_AT_RECORD_COUNT is None:
            self._connection.look_for_hidden(reader, self._entry)

    @override
    def _is_to_be_compared(self, known: ToldBefore) -> bool:
        return known.is_due or bool(known.vanished)

    @override
    def _tell_gone(self, known: ToldBefore, gone: Gone) -> None:
        tell_types(self._entry, known, gone.types)
        self._connection.vanished_payments += gone.named


STREAM_CLASSES = {
    "vendors": VendorsStream,
    "bills": BillsStream,
    "vendor_credits": VendorCreditsStream,
    "vendor_payments": VendorPaymentsStream,
}
"""The streams that are more than a query."""
