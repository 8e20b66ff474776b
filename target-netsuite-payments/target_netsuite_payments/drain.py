"""One drain: look up in bulk, check, post, read back."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from apbridge.errors import APBridgeError, OutcomeUnknownError, RejectedError
from target_netsuite_payments.books import Bill, Books, Period, Recorded
from target_netsuite_payments.checks import (
    OUR_PAYMENTS,
    Share,
    closed_by,
    confirm,
    differences,
    draft,
    paid_bills,
    shares_of,
    vendor_of,
)
from target_netsuite_payments.groups import in_groups
from target_netsuite_payments.payment import Payment
from target_netsuite_payments.posting import Posting
from target_netsuite_payments.rules import Rules

logger = logging.getLogger(__name__)


@dataclass
class Done:
    """A payment that NetSuite's books now agree with.

    Args:
        remote_id: Internal id of the vendor payment; None where there is none.
        note: What a person should know beside that.
    """

    remote_id: str | None
    note: str = ""


Results = dict[str, Done | APBridgeError]
"""By the payment's external id. Errors other than `RejectedError` are failures of the run."""


@dataclass
class _Known:
    """What NetSuite held when the drain began; `Bill.unpaid` follows what the drain applies."""

    posted: Mapping[str, Recorded]
    numbered: Mapping[str, Sequence[Recorded]]
    bills: Mapping[str, Bill]
    periods: Sequence[Period]
    touched: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The payments that the drain posted or undid, by bill."""


class Drain:
    """Brings NetSuite's books in line with payments.

    Args:
        books: Reads NetSuite.
        posting: Writes to it.
        rules: The settings.
        concurrency: Payments in flight.
    """

    def __init__(self, books: Books, posting: Posting, rules: Rules, *, concurrency: int) -> None:
        self._books = books
        self._posting = posting
        self._rules = rules
        self._concurrency = concurrency

    def carry_out(self, payments: Sequence[Payment], remote_ids: Mapping[str, str]) -> Results:
        """Post what is settled and undo what did not happen, each payment once.

        Payments that touch the same bill are handled one after the other: NetSuite refuses two changes of a
        bill at a time, and what is open for the second depends on the first. All others run side by side.

        Args:
            payments: Settled or undone.
            remote_ids: The vendor payments that the ledger knows, by external id.

        Returns:
            What became of each. Payments that were not begun, because an earlier one failed, are left out.

        Raises:
            UnavailableError: NetSuite's books could not be read; nothing was written.
        """
        known = self._look_up(payments)
        failed = Event()
        results: Results = {}

        def one_by_one(group: list[Payment]) -> None:
            for payment in group:
                if failed.is_set():
                    return
                try:
                    done = self._carry_out(payment, remote_ids.get(payment.external_id), known)
                except RejectedError as rejected:
                    results[payment.external_id] = rejected
                except OutcomeUnknownError as unknown:
                    # What is open for the next one on these bills is not known; others are not concerned.
                    results[payment.external_id] = unknown
                    return
                except APBridgeError as failure:
                    failed.set()
                    results[payment.external_id] = failure
                else:
                    results[payment.external_id] = done

        groups = in_groups(payments, lambda payment: self._bills(payment, known.posted))
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="payments") as pool:
            list(pool.map(one_by_one, groups))
        self._read_back(known, results)
        return results

    def _look_up(self, payments: Sequence[Payment]) -> _Known:
        posted = self._books.posted(payment.external_id for payment in payments)
        new = [payment for payment in payments if payment.external_id not in posted]
        # What is settled and posted, or undone and not, asks nothing of its bills.
        moving = [each for each in payments if each.is_undone == (each.external_id in posted)]
        dates = [payment.paid_on for payment in new if payment.paid_on and not payment.is_undone]
        return _Known(
            posted=posted,
            numbered=self._books.numbered(number for payment in new for number in payment.numbers),
            bills=self._books.bills(bill for payment in moving for bill in self._bills(payment, posted)),
            periods=self._books.periods(min(dates)) if dates else [],
        )

    def _bills(self, payment: Payment, posted: Mapping[str, Recorded]) -> set[str]:
        recorded = posted.get(payment.external_id)
        return {*closed_by(payment, self._rules.account), *(recorded.applied if recorded else ())}

    def _carry_out(self, payment: Payment, remote_id: str | None, known: _Known) -> Done:
        account = self._rules.account
        recorded = known.posted.get(payment.external_id)
        if payment.is_undone:
            return self._undo(payment, recorded, known)
        shares = shares_of(payment, account)
        if recorded is not None:
            confirm(payment, shares, vendor_of(payment, account), recorded)
            return Done(recorded.id)
        bills = paid_bills(payment, shares, known.bills, account)
        if by_hand := _recorded_by_hand(payment, bills[0].vendor, known):
            return _linked(payment, shares, by_hand)
        if remote_id is not None:
            raise RejectedError("APB-PAY-042", payment=payment.id, remote_id=remote_id)
        body = draft(payment, shares, bills, known.periods, self._rules)
        done = Done(self._posting.post(payment, body, shares, bills))
        for bill in bills:
            bill.unpaid -= shares[bill.id].closes
            known.touched[bill.id].append(payment.external_id)
        return done

    def _undo(self, payment: Payment, recorded: Recorded | None, known: _Known) -> Done:
        facts = {"payment": payment.id, "status": payment.status}
        said = f"{payment.status} in AvidXchange"
        if recorded is None:
            for by_hand in _recorded_by_hand(payment, vendor_of(payment, self._rules.account), known):
                raise RejectedError("APB-PAY-062", remote_id=by_hand.id, **facts)
            return Done(None, f"{said} and not in NetSuite: nothing to post")
        if recorded.is_voided:
            return Done(recorded.id, f"{said} and voided in NetSuite already")
        if self._rules.on_void == "reject":
            raise RejectedError("APB-PAY-060", remote_id=recorded.id, **facts)
        if self._rules.on_void == "delete":
            self._posting.delete(payment, recorded)
        else:
            self._posting.void(payment, recorded)
        opened = {**recorded.applied, **closed_by(payment, self._rules.account)}
        for bill in recorded.applied:
            if bill in known.bills:
                known.bills[bill].unpaid += opened[bill]
                known.touched[bill].append(payment.external_id)
        return Done(recorded.id, f"{said}: vendor payment {recorded.id} undone")

    def _read_back(self, known: _Known, results: Results) -> None:
        """Compare what is open on the bills with what should be; a difference is told, not hidden."""
        try:
            now = self._books.bills(known.touched)
        except APBridgeError as failure:
            # What is posted is posted, and recorded so, with the word that it was not compared.
            notes = dict.fromkeys(known.touched, f"Its bills could not be read back. {failure}")
        else:
            notes = {bill: _difference(known.bills[bill], now.get(bill)) for bill in known.touched}
        for bill, note in notes.items():
            if note:
                logger.warning(note)
            for external_id in known.touched[bill]:
                done = results[external_id]
                if isinstance(done, Done):
                    done.note = " ".join(filter(None, (done.note, note)))


def _recorded_by_hand(payment: Payment, vendor: str | None, known: _Known) -> list[Recorded]:
    """Give the vendor payments that somebody else than this target recorded for a payment."""
    return [
        each
        for number in sorted(payment.numbers)
        for each in known.numbered.get(number, ())
        if each.vendor == vendor
        and each.total == payment.amount
        and not each.is_voided
        and not (each.external_id or "").startswith(OUR_PAYMENTS)
    ]


def _linked(payment: Payment, shares: Mapping[str, Share], by_hand: Sequence[Recorded]) -> Done:
    found = [(each, differences(payment, shares, None, each)) for each in by_hand]
    for each, differing in found:
        if not differing:
            return Done(each.id, f"recorded by hand as vendor payment {each.id}: linked, nothing posted")
    each, differing = found[0]
    raise RejectedError(
        "APB-PAY-043", payment=payment.id, remote_id=each.id, differences="; ".join(differing)
    )


def _difference(expected: Bill, actual: Bill | None) -> str:
    if actual is not None and actual.unpaid == expected.unpaid:
        return ""
    seen = "nothing" if actual is None else f"{actual.unpaid:.2f}"
    facts = {"bill": expected.id, "number": expected.number, "actual": seen}
    return str(APBridgeError("APB-PAY-052", expected=f"{expected.unpaid:.2f}", **facts))
