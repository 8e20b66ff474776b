"""Vendor payments that somebody else recorded: which is a payment, and which is another one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from apbridge.errors import RejectedError
from apbridge.netsuite.payment_status import REFUSED
from apbridge.schemas.identifiers import VENDOR, internal_id, is_our_payment
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare, closed_by
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.checks import differences
from target_netsuite_payments.headers import way
from target_netsuite_payments.rules import PostingRules

_SAME_CHECK = timedelta(days=7)
"""How far apart somebody and AvidXchange may date one check."""


_ANOTHER = (
    "vendor payment {} has the same number {}, but is of {} and fully applied to other documents ({}): it is "
    "another payment, and this one was posted."
)


class RecordedByHand:
    """Vendor payments under the numbers of payments.

    A number alone says little: the bills, the bank account and the day count with it. The vendor does not,
    for those of a bill and of its payment may have been merged.

    Args:
        numbered: What NetSuite holds, by number.
        rules: The settings.
    """

    def __init__(self, numbered: Mapping[str, Sequence[Recorded]], rules: PostingRules) -> None:
        self._numbered = dict(numbered)
        self._rules = rules
        self._claimed: dict[str, str] = {}

    def of(self, payment: Payment, bills: Collection[Bill]) -> list[Recorded]:
        """Return the vendor payments over the amount of a payment that may be that payment.

        Args:
            payment: What AvidXchange says.
            bills: What it pays, as far as NetSuite shows it.
        """
        found = (
            each for each in self._namesakes(payment, bills) if each.total in {payment.amount, payment.whole}
        )
        return [each for each in found if not self._is_another(payment, bills, each)]

    def others(self, payment: Payment, bills: Collection[Bill]) -> list[Recorded]:
        """Return the vendor payments under the number of a payment that are other payments."""
        return [each for each in self._namesakes(payment, bills) if self._is_another(payment, bills, each)]

    def refuse_misrecorded(
        self, payment: Payment, shares: Mapping[str, BillShare], bills: Collection[Bill]
    ) -> None:
        """Reject a payment that somebody may have recorded on the same bill with a wrong amount.

        Raises:
            RejectedError: There is one under the same number.
        """
        for each in self._namesakes(payment, bills):
            for bill in bills:
                if bill.id in each.applied:
                    raise RejectedError(
                        "APB-PAY-045",
                        payment=payment.id,
                        amount=f"{shares[bill.id].amount:.2f}",
                        bill=bill.id,
                        number=bill.number,
                        remote_id=each.id,
                        check_number=each.number,
                        applied=f"{each.applied[bill.id]:.2f}",
                    )

    def refuse_recorded_again(self, payment: Payment, posted: Recorded) -> None:
        """Reject a posted payment that gets a number under which its bills are paid by hand as well.

        Raises:
            RejectedError: They are.
        """
        for each in self._namesakes(payment, ()):
            for bill in sorted(each.applied.keys() & posted.applied.keys(), key=int):
                raise RejectedError(
                    "APB-PAY-118",
                    payment=payment.id,
                    posted=posted.id,
                    check_number=each.number,
                    remote_id=each.id,
                    applied=f"{each.applied[bill]:.2f}",
                    bill=bill,
                )

    def refuse_left_out(self, payment: Payment) -> None:
        """Reject an undone payment of which somebody has recorded by hand what was not posted from here.

        Raises:
            RejectedError: There is such a vendor payment, and it stands.
        """
        left_out = payment.whole - payment.amount
        for each in self._namesakes(payment, ()):
            if payment.left_out and each.total == left_out:
                raise RejectedError(
                    "APB-PAY-062", payment=payment.id, status=payment.status, remote_id=each.id
                )

    def claimed(self, recorded: Recorded, holder: str) -> None:
        """Note which payment a vendor payment is, by its external id."""
        self._claimed[recorded.id] = holder

    def renew(self, before: Recorded, now: Recorded | None) -> None:
        """Take over what a vendor payment has become since it was read."""
        for number, known in self._numbered.items():
            self._numbered[number] = [each for each in known if each.id != before.id]
        if now is not None and now.number in self._numbered:
            self._numbered[now.number] = [*self._numbered[now.number], now]

    def _namesakes(self, payment: Payment, bills: Collection[Bill]) -> list[Recorded]:
        """Return what others recorded under a number of a payment, for its vendor or on its bills."""
        vendors = {bill.vendor for bill in bills} | {internal_id(payment.vendor, self._rules.account, VENDOR)}
        paid = closed_by(payment, self._rules.account).keys()
        return [
            each
            for number in sorted(payment.numbers)
            for each in self._numbered.get(number, ())
            if (each.vendor in vendors or each.applied.keys() & paid)
            and not each.is_voided
            and each.status not in REFUSED
            and not is_our_payment(each.external_id)
            and self._claimed.get(each.id, payment.external_id) == payment.external_id
        ]

    def _is_another(self, payment: Payment, bills: Collection[Bill], each: Recorded) -> bool:
        """Return whether one pays other bills in full, and not in the way that this payment went."""
        paid = closed_by(payment, self._rules.account).keys()
        if each.applied.keys() & paid or sum(each.applied.values()) < each.total:
            return False
        is_far = payment.paid_on is None or abs(each.day - payment.paid_on) > _SAME_CHECK
        return is_far or each.account not in {None, *self._bank_accounts(payment, bills)}

    def _bank_accounts(self, payment: Payment, bills: Collection[Bill]) -> set[str]:
        """Return the bank accounts that a payment may be posted from, as far as the settings have any."""
        bill = next(iter(bills), None)
        if bill:
            with suppress(RejectedError):
                currency = bill.symbol or payment.currency
                return {self._rules.bank_account(payment, currency, bill.subsidiary).account}
        return {entry.account for entry in self._rules.bank_accounts}


def numbers_of(
    payments: Iterable[Payment], posted: Collection[str], ways: Mapping[str, Mapping[str, str | None]]
) -> set[str]:
    """Return the numbers under which others may have recorded payments.

    Of what is posted, too, where others may stand under the number that it gets, or stand for what it leaves
    out.

    Args:
        payments: A batch.
        posted: External ids of those that are posted.
        ways: How they went when NetSuite was last brought in line with them.
    """
    return {
        number
        for one in payments
        if one.external_id not in posted
        or (one.is_undone and one.left_out)
        or ways.get(one.external_id, now := way(one)) != now
        for number in one.numbers
    }


def same(payment: Payment, shares: Mapping[str, BillShare], by_hand: Sequence[Recorded]) -> Recorded:
    """Choose the vendor payment that is this payment and has no external id yet.

    Raises:
        RejectedError: There is none; it says what is.
    """
    found = [(each, differences(payment, shares, None, each, is_by_hand=True)) for each in by_hand]
    equal = [each for each, differing in found if not differing]
    for each in equal:
        if each.external_id is None:
            return each
    for each in equal:
        raise RejectedError(
            "APB-PAY-046", payment=payment.id, remote_id=each.id, external_id=each.external_id
        )
    each, differing = found[0]
    raise RejectedError(
        "APB-PAY-043", payment=payment.id, remote_id=each.id, differences="; ".join(differing)
    )


def another(recorded: Recorded) -> str:
    """Describe a vendor payment that has the number of a payment and is another one."""
    bills = ", ".join(sorted(recorded.applied, key=int))
    return _ANOTHER.format(recorded.id, recorded.number, recorded.day, bills)
