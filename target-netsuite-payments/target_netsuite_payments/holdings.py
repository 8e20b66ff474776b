"""What payments have of credits: by the ledger, by the trail where a run got no further, and by this run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from threading import Lock

from apbridge.ledger.credits import Pairs, by_pair
from apbridge.schemas.payment import Payment
from target_netsuite_payments.books import NetSuiteBooks
from target_netsuite_payments.credits import Credit
from target_netsuite_payments.known import Known

_NO_CREDIT = Decimal(0)


class Holdings:
    """What the payments of a batch have of credits, and what others have.

    Making it looks the credits up.

    Args:
        books: Reads NetSuite.
        named: Which credits the payments of the batch name, by external id.
        known: What the ledger knows of them, and of all payments.
    """

    def __init__(self, books: NetSuiteBooks, named: Mapping[str, Iterable[str]], known: Known) -> None:
        self._pairs = dict(known.credits)
        self._sent = known.sent_credits(named)
        self._others: Mapping[str, Pairs] | None = None
        self._read_others = known.all_credits
        self._lock = Lock()
        self._undone: set[str] = set()
        # A void may name none of those that the ledger knows of.
        of_known = {
            credit for pairs in (*known.credits.values(), *self._sent.values()) for credit, _ in pairs
        }
        self.credits: dict[str, Credit] = books.credits(of_known.union(*named.values()))

    def known(self, payment: Payment) -> Pairs | None:
        """Return what a payment is known to have; None where nobody knows."""
        return self._pairs.get(payment.external_id)

    def have(self, payment: Payment, pairs: Pairs) -> None:
        """Note what a payment has."""
        self._pairs[payment.external_id] = pairs

    def give_up(self, payment: Payment) -> None:
        """Note that a payment has nothing any more, whatever the ledger still knows."""
        self._pairs.pop(payment.external_id, None)
        self._undone.add(payment.external_id)

    def left_of_sent(self, payment: Payment, own: Pairs) -> Pairs:
        """Return what was sent for a payment and is applied beside what it is known to have."""
        return {
            pair: amount
            for pair, amount in self._sent.get(payment.record, {}).items()
            if self.free(payment, pair) - own.get(pair, _NO_CREDIT) >= amount
        }

    def free(self, payment: Payment, pair: tuple[str, str]) -> Decimal:
        """Return what is applied of a pair in NetSuite and is no other payment's."""
        credit, bill = pair
        known = self.credits.get(credit)
        applied = known.applied.get(bill, _NO_CREDIT) if known else _NO_CREDIT
        return max(applied - self._taken(pair, payment), _NO_CREDIT)

    def of_all(self) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
        """Return which payments have how much of each pair, by what the ledger knows now."""
        every = {**self._read_others(), **self._pairs}
        return by_pair({name: pairs for name, pairs in every.items() if name not in self._undone})

    def _taken(self, pair: tuple[str, str], payment: Payment) -> Decimal:
        """Return what other payments have of a pair."""
        with self._lock:
            if self._others is None:
                self._others = self._read_others()
        every = {**self._others, **self._pairs}
        return sum(
            (
                pairs.get(pair, _NO_CREDIT)
                for name, pairs in every.items()
                if name != payment.external_id and name not in self._undone
            ),
            _NO_CREDIT,
        )
