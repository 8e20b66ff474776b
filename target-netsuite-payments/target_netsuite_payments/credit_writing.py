"""The writes that apply a credit to bills, or take it off: each at most once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus

from apbridge.errors import OutcomeUnknownError, RefusedError, RejectedError
from apbridge.http.retry import FEW_TRIES
from apbridge.schemas.payment import Payment
from target_netsuite_payments.books import NetSuiteBooks
from target_netsuite_payments.credits import Credit, facts_of
from target_netsuite_payments.posting import Posting


class CreditWriting:
    """Changes what credits are applied to.

    What is written is all that a credit is applied to then, so that what arrives twice is as if it had come
    once, and that it has arrived is told by the books.

    Args:
        books: Looks up what a doubtful write did.
        posting: Writes.
    """

    def __init__(self, books: NetSuiteBooks, posting: Posting) -> None:
        self._books = books
        self._posting = posting

    def change(self, payment: Payment, credit: Credit, part: Mapping[str, Decimal], sign: int) -> Credit:
        """Apply some more of a credit to bills, or take it off, and return it as it is then.

        Args:
            payment: For which payment.
            credit: As NetSuite has it.
            part: How much, by bill.
            sign: 1 applies it, -1 takes it off.

        Raises:
            RejectedError: NetSuite does not take it.
            OutcomeUnknownError: Whether it is done could not be found out.
        """
        changed = {bill: credit.applied.get(bill, Decimal(0)) + sign * part[bill] for bill in part}
        totals = {**credit.applied, **changed}
        # What of it is the payment's then: nothing of what is taken off.
        covers = {(credit.id, bill): max(sign * amount, Decimal(0)) for bill, amount in part.items()}
        doubt: OutcomeUnknownError | RefusedError
        for _ in range(FEW_TRIES):
            try:
                self._posting.apply(payment, credit.id, totals, covers)
            except (OutcomeUnknownError, RefusedError) as failure:
                doubt = failure
            else:
                break
            if self._has_become(credit.id, changed, doubt):
                break
            if isinstance(doubt, RefusedError):
                raise _refused(payment, credit, part, doubt, sign) from doubt
            if self._posting.is_stopping:
                raise OutcomeUnknownError("APB-PAY-051", payment=payment.id, words=doubt.says) from doubt
        else:
            raise OutcomeUnknownError("APB-PAY-051", payment=payment.id, words=doubt.says) from doubt
        return replace(credit, applied={bill: total for bill, total in totals.items() if total})

    def _has_become(self, credit: str, changed: Mapping[str, Decimal], doubt: Exception) -> bool:
        for _ in self._posting.look_ups(doubt):
            now = self._books.credits([credit]).get(credit)
            if now and all(now.applied.get(bill, Decimal(0)) == total for bill, total in changed.items()):
                return True
        return False


def _refused(
    payment: Payment, credit: Credit, part: Mapping[str, Decimal], refused: RefusedError, sign: int
) -> RejectedError:
    words = refused.facts["says"]
    if refused.status == HTTPStatus.FORBIDDEN:
        return RejectedError("APB-PAY-109", payment=payment.id, words=words)
    facts = facts_of(payment, credit, sum(part.values(), Decimal(0)))
    code = "APB-PAY-108" if sign > 0 else "APB-PAY-111"
    return RejectedError(code, words=words, status=payment.status, **facts)
