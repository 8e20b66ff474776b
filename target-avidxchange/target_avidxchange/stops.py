"""Payments that a person has undone in NetSuite alone: AvidXchange stops them, where that is safe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from threading import Lock
from typing import Any

from typing_extensions import override

from apbridge.avidxchange import instant
from apbridge.errors import OutcomeUnknownError, RefusedError, RejectedError, UnderWayError
from apbridge.ledger import Need, Row, Status
from apbridge.schemas.identifiers import is_our_payment, whole_payment
from apbridge.singer import Action, Outcome, Record
from target_avidxchange.sinks import AvidXchangeSink
from target_avidxchange.withdrawal import our_payments, unexplained, withdrawal

BILLS = "bills"

_NUMBERS = ("check_number", "avidpay_check_number", "ach_trace", "card_reference")
"""By which of AvidXchange's numbers a person may enter a payment."""

_TAKEN_BACK = {"voided", "failed"}
"""Where a payment stands that reaches nobody."""

_REISSUED_BEFORE = timedelta(days=92)
"""How long before its latest change a payment may have been reissued."""


class VendorPaymentSink(AvidXchangeSink):
    """Has AvidXchange stop a payment whose vendor payment was voided or deleted in NetSuite.

    A stop is not undone. So it goes only where NetSuite says that the vendor payment itself is no more, no
    other one stands for the payment or has its number, and each bill that it pays is open by as much.
    """

    resource = "payment"
    word = "vendor payment"

    _standing: Mapping[str, str] = {}
    _numbers: Collection[tuple[str, ...]] = ()
    """Number and vendor of each vendor payment that stands."""
    _payments: Mapping[str, Mapping[str, Any]] | None = None
    _since: datetime | None = datetime.max.replace(tzinfo=timezone.utc)
    """From when on payments are listed; None where all are."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401
        """Open the stream; see `AvidXchangeSink`."""
        super().__init__(*arguments)
        self._may_stop = self.config["on_void_in_netsuite"] == "stop"
        self._listing = Lock()

    @override
    def content(self, record: Record) -> Any:
        return {
            "payment": record.get("payment_external_id"),
            "is_undone": _is_undone(record) and self._may_stop,
            "named": _named(record),
        }

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        """Note which vendor payments stand, this batch's included: each for one payment."""
        if not (self._may_stop and any(map(_is_undone, records))):
            return
        known = self.context.ledger.all_rows(self.context.system, self.stream_name)
        standing = {row.external_id: row.facts for row in known}
        for one in records:
            standing[one["external_id"]] = _facts(one, standing.get(one["external_id"], {}))
        facts = {name: each for name, each in standing.items() if not each.get("is_undone")}
        self._standing = {name: each["payment"] for name, each in facts.items() if each.get("payment")}
        self._numbers = {tuple(each["named"]) for each in facts.values() if each.get("named")}
        undone = (standing[one["external_id"]]["payment"] for one in records if _is_undone(one))
        self._list_from(self._changed_since({payment for payment in undone if payment}))

    def _changed_since(self, payments: Collection[str]) -> datetime | None:
        """Return since when some payments, and what replaces them, have changed; None if that is unknown."""
        rows = self.context.ledger.rows("netsuite", "payments", payments).values()
        seen = [instant(row.source_modified_at) - _REISSUED_BEFORE for row in rows if row.source_modified_at]
        return min(seen) if seen and len(seen) == len(payments) else None

    def _list_from(self, since: datetime | None) -> None:
        if self._since is not None and (since is None or since < self._since):
            self._since, self._payments = since, None

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        known = row.facts if row else {}
        facts = _facts(record, known)
        payment = facts["payment"]
        if not (self._may_stop and facts["is_undone"] and payment):
            return Outcome.ignored(facts)
        if not self.context.intake.is_over:
            # What comes after it may stand for the same payment, or show that its bills are paid.
            return Outcome.waiting(Need(BILLS, "that it was applied to"))
        if any(f"{one}-".startswith(f"{payment}-") for one in self._standing.values()):
            return Outcome.ignored(facts)
        return self._stop(record, known, payment, facts)

    def _stop(
        self, record: Record, known: Mapping[str, Any], payment: str, facts: Mapping[str, Any]
    ) -> Outcome:
        there = self._listed().get(payment)
        if there is None and self._since is not None:
            self._list_from(None)
            there = self._listed().get(payment)
        if there is None:
            raise _untold(record, {"external_id": payment}, because="AvidXchange shows no such payment")
        if there["status"] in _TAKEN_BACK:
            return Outcome.unchanged(there["id"], facts)
        told = _told(record, there)
        if known.get("asked"):
            raise RejectedError("APB-TAX-035", **told)
        if self.context.ledger.in_doubt(self.context.system, self.stream_name, [record["external_id"]]):
            return Outcome.under_way(UnderWayError("APB-TAX-038", **told), there["id"], facts)
        if because := self._why_not(there, facts):
            raise _untold(record, there, because=because)
        if not self.shared.client.stops_payments:
            raise RejectedError("APB-TAX-037", profile=self.shared.client.profile.name, **told)
        if self.context.is_dry_run or self._is_stopped(record, there):
            return Outcome.delivered(there["id"], facts, Action.CANCELLED)
        return Outcome.under_way(UnderWayError("APB-TAX-035", **told), there["id"], {**facts, "asked": True})

    def _why_not(self, there: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
        """Return why a payment must not be stopped, or not yet."""
        if because := self._may_be_entered_again(there, facts):
            return because
        if any(one["replaces_payment_id"] == there["id"] for one in self._listed().values()):
            return "it was reissued there"
        if not self.context.intake.were_read_to_their_end([BILLS]):
            return "this run has not read the bills"
        shares = there["allocations"]
        rows = self.context.ledger.rows(
            self.context.system, BILLS, [one["invoice_external_id"] or "" for one in shares]
        )
        left = [
            one["invoice_external_id"] or "an invoice that is not NetSuite's"
            for one in shares
            if not _is_open_by(one, there["external_id"], rows.get(one["invoice_external_id"] or ""))
        ]
        if left or not shares:
            return f"NetSuite does not show as open by it what it pays ({', '.join(left) or 'nothing'})"
        return None

    def _may_be_entered_again(self, there: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
        """Return why another vendor payment may stand for a payment; None where none may."""
        if not facts["named"]:
            return "its number and vendor are not known, by which it may have been entered again"
        if not self.context.intake.were_read_to_their_end([self.stream_name]):
            return "this run has not read the vendor payments"
        number, vendor = facts["named"]
        numbers = {number, *(there[name] for name in _NUMBERS)}
        if any((one, vendor) in self._numbers for one in numbers):
            return "another vendor payment to this vendor has its number, and stands"
        return None

    def _is_stopped(self, record: Record, there: Mapping[str, Any]) -> bool:
        """Ask AvidXchange to stop a payment, and return whether it is stopped; if not, it was heard.

        Raises:
            RejectedError: It does not stop it.
            OutcomeUnknownError: Whether it heard could not be found out.
        """
        client = self.shared.client
        reason = f"vendor payment {record['id']} was {_undone(record)} in NetSuite"
        submission = client.stopping(there, reason)
        try:
            with self.audited(
                f"stop payment {there['id']}", record["external_id"], submission.body
            ) as answer:
                acknowledged = client.submit(submission)
                answer.status = acknowledged.status
                answer.request_id = acknowledged.request_id
                answer.body = acknowledged.answer
        except (RefusedError, OutcomeUnknownError) as failure:
            if self._is_taken_back(there):
                return True
            if isinstance(failure, OutcomeUnknownError):
                raise
            raise RejectedError(
                "APB-TAX-036", says=failure.facts["says"], **_told(record, there)
            ) from failure
        return acknowledged.is_proved or self._is_taken_back(there)

    def _is_taken_back(self, there: Mapping[str, Any]) -> bool:
        now = self._listed(anew=True).get(there["external_id"])
        return now is not None and now["status"] in _TAKEN_BACK

    def _listed(self, *, anew: bool = False) -> Mapping[str, Mapping[str, Any]]:
        """List AvidXchange's payments, by external id; once a run, and after each stop that is not proved."""
        with self._listing:
            if self._payments is None or anew:
                listed = self.shared.client.list("payment", modified_since=self._since)
                self._payments = {one["external_id"]: one for one in listed}
            return self._payments


def _is_undone(record: Record) -> bool:
    return bool(record["is_deleted"] or record["is_voided"])


def _named(record: Record) -> list[str] | None:
    """Return the number and the vendor of a vendor payment; None where they are not known."""
    number, vendor = record.get("number"), record.get("vendor_id")
    return [number, vendor] if number and vendor else None


def _facts(record: Record, known: Mapping[str, Any]) -> dict[str, Any]:
    told = record.get("payment_external_id") or known.get("payment")
    payment = whole_payment(told) if told and is_our_payment(told) else None
    # Of one that was deleted nothing else is known any more.
    return {
        "payment": payment,
        "is_undone": _is_undone(record),
        "named": _named(record) or known.get("named"),
    }


def _undone(record: Record) -> str:
    return "deleted" if record["is_deleted"] else "voided"


def _is_open_by(share: Mapping[str, Any], payment: str, row: Row | None) -> bool:
    """Return whether NetSuite shows a bill open by what a payment gives it, and all of the rest explained."""
    # That it is open though AvidXchange has paid it is an exception, with which it is kept as it came.
    bill = row.payload if row and row.status is Status.REJECTED else None
    if not isinstance(bill, dict) or None in {bill.get("total"), bill.get("amount_due")}:
        return False
    if withdrawal(bill) or unexplained(bill) or payment in map(whole_payment, our_payments(bill)):
        return False
    return Decimal(bill["amount_due"]) >= Decimal(share["amount"]) + Decimal(share["discount"] or 0)


def _told(record: Record, there: Mapping[str, Any]) -> dict[str, str]:
    return {
        "external_id": there["external_id"],
        "payment": there["id"],
        "amount": f"{Decimal(there['amount']):,.2f} {there['currency']}",
        "status": there["status"],
        "remote_id": record["id"],
        "undone": _undone(record),
    }


def _untold(record: Record, there: Mapping[str, Any], *, because: str) -> RejectedError:
    return RejectedError(
        "APB-TAX-034",
        external_id=there["external_id"],
        remote_id=record["id"],
        undone=_undone(record),
        because=because,
    )
