"""Invoices that may be paid though their bills are gone, where somebody has entered such a bill again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from apbridge.errors import RejectedError, urgent
from apbridge.ledger import ChangeKind, Ledger, Need, Row, Status
from apbridge.ledger.rows import HELD
from apbridge.ledger.search_keys import searched
from apbridge.singer import Record
from target_avidxchange.refusals import facts_of
from target_avidxchange.remote import GONE, RemoteIndex, RemoteRecord
from target_avidxchange.withdrawal import withdrawal


class Forerunners:
    """Finds them for the bills of a batch that were never submitted.

    Args:
        ledger: The ledger.
        system: AvidXchange's name in it.
        stream: The stream of bills.
        remote_index: Lists the invoices.
    """

    def __init__(self, ledger: Ledger, system: str, stream: str, remote_index: RemoteIndex) -> None:
        self._ledger = ledger
        self._system = system
        self._stream = stream
        self._remote_index = remote_index
        self._leaving: set[str] = set()
        self._rows: dict[str, Row] = {}
        self._of: Mapping[str, set[str]] = {}
        self._listed: Mapping[str, RemoteRecord] = {}
        self._numbers: defaultdict[str, set[str]] = defaultdict(set)

    def prepare(self, records: Iterable[Record], rows: Mapping[str, Row]) -> None:
        """Look up in the ledger which bills have the numbers of those that are new."""
        numbers: defaultdict[str, set[str]] = defaultdict(set)
        self._leaving, self._rows = set(), {}
        for record in records:
            name, row = record["external_id"], rows.get(record["external_id"])
            if row is not None and row.acknowledged_at is not None:
                if withdrawal(record) and row.code not in urgent():
                    self._leaving.add(name)
            elif record["is_eligible"] and record.get("number"):
                numbers[searched(record["number"])].add(name)
        self._of = self._called(numbers) if numbers else {}
        if others := {name for names in self._of.values() for name in names}:
            self._rows = self._ledger.rows(self._system, self._stream, others)

    def _called(self, numbers: Iterable[str]) -> Mapping[str, set[str]]:
        """Return by number who has it, in the ledger or where that is new in what was listed."""
        found = self._ledger.called(self._system, self._stream, numbers)
        if self._listed is not self._remote_index.seen:
            self._listed, self._numbers = self._remote_index.seen, defaultdict(set)
            for name, invoice in self._listed.items():
                self._numbers[searched(invoice.number or "")].add(name)
        return {one: found.get(one, set()) | self._numbers.get(one, set()) for one in numbers}

    def wait(self, record: Record, vendor: str | None) -> Need | None:
        """Return the bill that was entered before in place of a new one, and is withdrawn in this very batch.

        Raises:
            RejectedError: AvidXchange may pay the invoice of such a bill: with this one it would pay twice.
        """
        gone = self._gone(record)
        if not gone:
            return None
        newest = self._ledger.newest_write(self._system, gone)
        there = self._remote_index.listed_after(newest)
        for name in sorted(gone):
            invoice = there.get(name)
            if invoice is None or invoice.status in GONE or not _is_alike(record, vendor, invoice):
                continue
            if name in self._leaving or self._is_held(name):
                return Need(self._stream, name)
            raise _lives(record, name, invoice)
        return None

    def _gone(self, record: Record) -> Sequence[str]:
        named = self._of.get(searched(record.get("number") or ""), set())
        return [
            name
            for name in named - {record["external_id"]}
            if name in self._leaving or self._is_held(name) or self._is_gone(name)
        ]

    def _is_held(self, name: str) -> bool:
        """Return whether a bill is to be withdrawn, and the brake holds that."""
        row = self._rows.get(name)
        if row is None or row.status is not Status.WAITING or HELD not in row.facts:
            return False
        return ChangeKind.of(row.facts[HELD]) is ChangeKind.WITHDRAW

    def _is_gone(self, name: str) -> bool:
        row = self._rows.get(name)
        if row is None or row.acknowledged_at is None:
            return False
        is_reopened = bool(row.facts.get("is_withdrawn")) and not row.content_hash
        # Of what was dismissed nothing is kept but that it was urgent.
        is_at_risk = row.code in urgent() and row.status in {Status.REJECTED, Status.DISMISSED}
        return is_reopened or (is_at_risk and (row.payload is None or withdrawal(row.payload) is not None))


def _is_alike(record: Record, vendor: str | None, invoice: RemoteRecord) -> bool:
    """Return whether an invoice is of a bill's number, and of its vendor or over the same amount."""
    if searched(invoice.number or "") != searched(record["number"]):
        return False
    # Of a vendor that AvidXchange had before us it shows no id of ours.
    return invoice.vendor in {None, vendor} or Decimal(invoice.total) == Decimal(record["total"])


def _lives(record: Record, other: str, invoice: RemoteRecord) -> RejectedError:
    facts = facts_of(record, total=record.get("total"), invoice=invoice.total, paid=invoice.amount_paid)
    return RejectedError("APB-TAX-015", **facts, other=other, status=invoice.status)
