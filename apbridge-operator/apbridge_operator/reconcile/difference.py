"""One difference between both systems, and why it is there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from apbridge.errors import urgent

ZERO = Decimal(0)


class Cause(str, Enum):
    """Why both sides differ."""

    WAITING = "waiting"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    NOT_ELIGIBLE = "not to be submitted"
    IN_FLIGHT = "in flight"
    PAYMENT = "payment"
    BY_HAND = "settled in NetSuite"
    REFUSED_THERE = "rejected or cancelled in AvidXchange"
    DATES = "posted on another day"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Difference:
    """One bill, payment or vendor credit on which both sides differ.

    Args:
        kind: `bill`, `payment` or `credit`.
        external_id: Its name in both systems.
        number: The bill's number, or the check's.
        vendor: The vendor's name.
        subsidiary: The subsidiary's name, where it is known.
        currency: Its currency.
        netsuite: Open on the bill, posted, or left of the credit; None where NetSuite has none.
        avidxchange: Unpaid on the invoice, settled, or usable of the credit; None where AvidXchange has none.
        cause: Why.
        says: In words.
        do: What to do about it.
        code: The reason's code in the catalogue.
        run: Which way the run goes that sees to it, `outbound` or `inbound`; None where none does.
        has_passed: A good run that way has passed without having done so.
    """

    kind: str
    external_id: str
    number: str
    vendor: str
    subsidiary: str
    currency: str
    netsuite: Decimal | None
    avidxchange: Decimal | None
    cause: Cause
    says: str
    do: str
    code: str | None
    run: str | None
    has_passed: bool

    @property
    def amount(self) -> Decimal:
        """By how much NetSuite has more."""
        return (self.netsuite or ZERO) - (self.avidxchange or ZERO)

    @property
    def is_explained(self) -> bool:
        """Whether the ledger or either system says why, and it is nothing that cannot wait."""
        return self.cause is not Cause.UNEXPLAINED and self.code not in urgent()
