"""What a tap writes, read as a target reads it: all that is wrong is told, and not the first alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import IO, Any

from apbridge.errors import APBridgeError, RejectedError, SettingError
from apbridge.json import canonical
from apbridge.schemas import in_order, validator
from apbridge.schemas.identifiers import (
    GL_ACCOUNT,
    KINDS,
    external_id,
    is_our_payment,
    namespace_of,
    netsuite_id,
    require_name,
)
from apbridge.schemas.money import amounts, decimals_of, has_decimals, lines_and_total
from apbridge.schemas.payment import SETTLED, Payment, require_status
from apbridge.schemas.references import APPROVED_ORDERS, Reference, references
from apbridge.schemas.shares import on_bills, shares_of
from apbridge.singer.ahead import lines_ahead
from apbridge.singer.intake import Intake
from apbridge.singer.reader import MessageReader, without_metadata
from apbridge.singer.reading import IncompleteError
from apbridge_operator.records.mistakes import Mistakes
from apbridge_operator.records.told import Telling, ToldRecords

TAKEN: Mapping[str, tuple[str, ...]] = {
    "target-avidxchange": tuple(KINDS),
    "target-netsuite-payments": ("payments", "invoices"),
}
"""Which streams each target takes, in the order in which it deals with them."""

_BOOKMARK = "modified_at"
_ADDING_UP = frozenset({"bills", "vendor_credits"})
_CURRENCY = re.compile(r"[A-Z]{3}")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "vendors": ("name",),
    **dict.fromkeys(("gl_accounts", "departments", "classes", "locations"), ("name",)),
    "bills": ("bill_date", "currency", "lines"),
    "vendor_credits": ("credit_date", "currency", "lines"),
}
"""What is sent of every record, whatever the contract, and null or empty is of no use to anybody."""


@dataclass
class StreamCheck:
    """What is known of a stream so far.

    Args:
        is_sorted: Its bookmark is when records were changed.
        records: How many were told.
        deleted: How many of them are tombstones.
        wrong: How many of them have something wrong with themselves.
        newest: When the newest of them was changed.
        began_at: The bookmark that the tap goes on from; empty where there is none.
        covered_to: The newest bookmark that this run has told beyond that.
        covered_in: In which line.
    """

    is_sorted: bool = False
    records: int = 0
    deleted: int = 0
    wrong: int = 0
    newest: str = ""
    began_at: str = ""
    covered_to: str = ""
    covered_in: int = 0

    @property
    def is_covered(self) -> bool:
        """Whether a bookmark covers all that was told."""
        return not self.is_sorted or self.newest <= max(self.began_at, self.covered_to)


class RecordCheck:
    """Checks what a tap writes for one target.

    Args:
        into: The target.
        elsewhere: Streams whose records that target has from elsewhere.
        most: How many mistakes of each kind are kept.
    """

    def __init__(self, into: str, elsewhere: Collection[str], most: int) -> None:
        self.mistakes = Mistakes(most)
        self.streams: dict[str, StreamCheck] = {}
        self._into = into
        self._elsewhere = frozenset(elsewhere)
        self._reader = MessageReader()
        self._intake = Intake()
        self._told = ToldRecords()
        self._refused: set[str] = set()
        self._last_record = self._last_state = 0
        self._on = {
            "SCHEMA": self._on_schema,
            "RECORD": self._on_record,
            "STATE": self._on_state,
            "ACTIVATE_VERSION": self._on_activate_version,
            "BATCH": self._on_batch,
        }

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return self._reader.line

    def read(self, source: IO[bytes]) -> None:
        """Read all that a tap has written, and find what is wrong with it.

        Args:
            source: Its output.

        Raises:
            OSError: It cannot be read on.
        """
        with self._told:
            for line in lines_ahead(source):
                self._take(line)
            self._at_end()

    def _take(self, line: bytes) -> None:
        try:
            kind, message = self._reader.message(line, self._on)
            self._on[kind](message)
        except SettingError as malformed:
            self._add(malformed)

    def _add(self, found: APBridgeError) -> None:
        self.mistakes.add(found, self.lines)

    # Messages

    def _on_schema(self, message: dict[str, Any]) -> None:
        stream, _ = self._reader.schema_of(message)
        self._intake.begun.add(stream)
        if stream not in TAKEN[self._into]:
            if stream not in self._refused:
                taken = ", ".join(TAKEN[self._into])
                self._add(SettingError("APB-SNG-008", plugin=self._into, stream=stream, taken=taken))
            self._refused.add(stream)
            return
        bookmark = message.get("bookmark_properties")
        self._of(stream).is_sorted = isinstance(bookmark, list) and _BOOKMARK in bookmark

    def _on_record(self, message: dict[str, Any]) -> None:
        stream, told = self._reader.record_of(message)
        self._last_record = self.lines
        if stream not in self._intake.begun:
            # That ends the run of a target.
            self._add(SettingError("APB-SNG-005", stream=stream))
            return
        if stream not in TAKEN[self._into]:
            return
        state = self._of(stream)
        state.records += 1
        record = without_metadata(told)
        is_right = True
        for found in self._wrong(stream, record, state):
            is_right = False
            self._add(found)
        state.wrong += not is_right

    def _on_state(self, message: dict[str, Any]) -> None:
        state = self._reader.state_of(message)
        self._last_state = self.lines
        self._intake.hears(state)
        if problem := _problem_of_state(state):
            self._add(APBridgeError("APB-RCD-007", problem=problem))
            return
        for stream, bookmark in state.get("bookmarks", {}).items():
            reached = in_order(bookmark.get("replication_key_value"))
            is_of_changes = bookmark.get("replication_key") == _BOOKMARK
            if reached is None or not is_of_changes or stream not in TAKEN[self._into]:
                continue
            known = self._of(stream)
            if stream not in self._intake.begun:
                known.began_at = reached
            elif reached > max(known.began_at, known.covered_to):
                known.covered_to, known.covered_in = reached, self.lines

    def _on_activate_version(self, message: dict[str, Any]) -> None:
        self._add(APBridgeError("APB-RCD-013", stream=self._reader.part(message, "stream", str)))

    def _on_batch(self, _: dict[str, Any]) -> None:
        self._add(SettingError("APB-SNG-007"))

    def _of(self, stream: str) -> StreamCheck:
        return self.streams.setdefault(stream, StreamCheck())

    # Records

    def _wrong(self, stream: str, record: Any, state: StreamCheck) -> Iterator[APBridgeError]:  # noqa: ANN401
        """Yield what is wrong with a record; of one that does not fit its schema nothing else is asked."""
        try:
            validator(stream)(record)
            require_name(stream, record)
        except RejectedError as rejected:
            yield rejected
            return
        named = {"external_id": record["external_id"], "stream": stream}
        now = Telling(
            self.lines,
            in_order(record.get(_BOOKMARK)) or "",
            bool(record.get("is_deleted")),
            blake2b(canonical(record), digest_size=16).digest(),
            str(record.get("number") or record["id"]) if stream == "gl_accounts" else "",
        )
        yield from self._order(named, now, state)
        if now.is_deleted:
            state.deleted += 1
            for field in ("is_active", "is_eligible"):
                if record.get(field):
                    yield APBridgeError("APB-RCD-009", field=field, **named)
            return
        yield from _money(named, record)
        yield from _gaps(named, record)
        yield from _settled_by_nobody(named, record)
        try:
            if stream == "payments":
                _require_payment(record)
            else:
                self._refer(stream, record)
                yield from self._coded_otherwise(named, record)
        except RejectedError as rejected:
            yield rejected

    def _refer(self, stream: str, record: Mapping[str, Any]) -> None:
        if not _is_to_be_sent(stream, record):
            return
        for reference in references(stream, record):
            if reference.stream not in self._elsewhere:
                self._told.refer(reference, self.lines, stream, record["external_id"])

    def _coded_otherwise(
        self, named: Mapping[str, str], record: Mapping[str, Any]
    ) -> Iterator[APBridgeError]:
        """Yield the lines whose account has another number where it is told itself: one of both is sent."""
        if named["stream"] not in _ADDING_UP:
            return
        namespace = namespace_of(record["external_id"], KINDS[named["stream"]], record["id"])
        for place, line in enumerate(record["lines"], 1):
            own_id = line.get("account_id")
            if own_id is None:
                continue
            number = line.get("account_number") or own_id
            account = Reference("gl_accounts", external_id(namespace, GL_ACCOUNT, own_id))
            if (known := self._told.code_of(account)) and known != number:
                told = {"line": place, "number": number, "account": account.external_id, "known": known}
                yield APBridgeError("APB-RCD-015", **told, **named)

    def _order(self, named: Mapping[str, str], now: Telling, state: StreamCheck) -> Iterator[APBridgeError]:
        moment = now.moment
        before = self._told.tell(named["stream"], named["external_id"], now)
        if before and before.digest == now.digest:
            return  # the same once more, as where a tap reads a page again
        if before and before.is_deleted and not now.is_deleted:
            yield APBridgeError("APB-RCD-010", first=before.line, **named)
        elif before and moment <= before.moment:
            moments = {"moment": moment or "no date", "before": before.moment or "no date"}
            yield APBridgeError("APB-RCD-004", first=before.line, **moments, **named)
        if moment and moment < state.covered_to:
            bookmark, line = state.covered_to, state.covered_in
            yield APBridgeError("APB-RCD-006", moment=moment, bookmark=bookmark, line=line, **named)
        elif state.is_sorted and moment and moment < state.newest:
            yield APBridgeError("APB-RCD-005", moment=moment, newest=state.newest, **named)
        state.newest = max(state.newest, moment)

    # The end

    def _at_end(self) -> None:
        for one in self._told.awaited():
            facts = {
                "external_id": one.by,
                "stream": one.by_stream,
                "missing": one.reference.external_id,
                "of": one.reference.stream,
            }
            if one.told_at is None:
                self.mistakes.add(APBridgeError("APB-RCD-003", **facts), one.line)
            else:
                self.mistakes.add(APBridgeError("APB-RCD-002", line=one.told_at, **facts), one.line)
        if problem := _misnamed(self._intake.latest, self._intake.begun):
            self.mistakes.add(APBridgeError("APB-RCD-007", problem=problem), self._last_state)
        # A STATE that would say the same as the one before need not be told once more.
        is_all_covered = all(one.is_covered for one in self.streams.values())
        if self._last_record and not (self._last_state and is_all_covered):
            self.mistakes.add(APBridgeError("APB-RCD-008", line=self._last_record), None)
        try:
            self._intake.require_complete()
        except IncompleteError as incomplete:
            self.mistakes.add(incomplete, None)


def _problem_of_state(state: Any) -> str | None:  # noqa: ANN401
    if not isinstance(state, Mapping):
        return "is no JSON object"
    bookmarks = state.get("bookmarks", {} if not state else None)
    if not isinstance(bookmarks, Mapping):
        return "does not keep its bookmarks under bookmarks"
    wrong = [stream for stream, bookmark in bookmarks.items() if not isinstance(bookmark, Mapping)]
    return f"has no object as the bookmark of {wrong[0]}" if wrong else None


def _misnamed(state: Any, begun: Collection[str]) -> str | None:  # noqa: ANN401
    """Return what is wrong with the names of bookmarks: a map may have changed those of the streams alone."""
    bookmarks = state.get("bookmarks") if isinstance(state, Mapping) else None
    if not isinstance(bookmarks, Mapping):
        return None
    unknown, without = sorted(bookmarks.keys() - begun), sorted(begun - bookmarks.keys())
    if not (unknown and without):
        return None
    return f"has bookmarks of {', '.join(unknown)} and none of {', '.join(without)}"


def _is_to_be_sent(stream: str, record: Mapping[str, Any]) -> bool:
    """Return whether what a record refers to must be there, as far as the record itself tells."""
    if stream == "purchase_orders":
        return record.get("status") in APPROVED_ORDERS
    return stream in _ADDING_UP and bool(record["is_eligible"])


def _gaps(named: Mapping[str, str], record: Mapping[str, Any]) -> Iterator[APBridgeError]:
    """Yield what is null or empty in a record that is to be sent, and must not be."""
    stream = named["stream"]
    if stream in _ADDING_UP and not record["is_eligible"]:
        return
    for field in _NEEDED.get(stream, ()):
        value = record.get(field)
        if not (value.strip() if isinstance(value, str) else value):
            yield APBridgeError("APB-RCD-014", field=field, problem="null or empty", **named)
        elif field == "currency" and not _CURRENCY.fullmatch(str(value)):
            yield APBridgeError("APB-RCD-014", field=field, problem="no ISO 4217 code", **named)


def _settled_by_nobody(named: Mapping[str, str], record: Mapping[str, Any]) -> Iterator[APBridgeError]:
    """Yield what is due of a bill where nothing that was applied to it explains that."""
    total, due = record.get("total"), record.get("amount_due")
    applied = record.get("applications", ())
    # What is left after a payment of ours may be a discount.
    if named["stream"] != "bills" or None in {total, due} or any(map(_is_ours, applied)):
        return
    left = Decimal(total or 0) - sum(Decimal(one["amount"]) for one in applied)
    if record["is_eligible"] and Decimal(due or 0) != left:
        yield APBridgeError("APB-RCD-016", due=due, total=total, left=left, **named)


def _is_ours(application: Mapping[str, Any]) -> bool:
    return is_our_payment(application.get("external_id"))


def _money(named: Mapping[str, str], record: Mapping[str, Any]) -> Iterator[APBridgeError]:
    currency = record.get("currency")
    most = decimals_of(currency)
    for field, amount in amounts(record):
        if not has_decimals(amount, most):
            told = {"field": field, "amount": amount, "currency": currency or "a currency that is not said"}
            yield APBridgeError("APB-RCD-011", most=most, **told, **named)
    if named["stream"] in _ADDING_UP and (differing := lines_and_total(record)):
        lines, total = differing
        yield APBridgeError("APB-RCD-012", lines=lines, total=total, **named)


def _require_payment(record: Mapping[str, Any]) -> None:
    """Check a payment as target-netsuite-payments does before it asks NetSuite.

    Raises:
        RejectedError: It is not known where it stands; or it is settled and does not add up, or does not pay
            bills of one NetSuite account.
    """
    require_status(record)
    if record["status"] == SETTLED:
        payment = Payment.from_record(record)
        named = (netsuite_id(each.invoice) for each in payment.allocations)
        account = next((found.account for found in named if found), "<account>")
        shares_of(on_bills(payment), account)
