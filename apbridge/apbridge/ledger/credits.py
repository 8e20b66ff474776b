"""Which vendor credits cover which bills for payments, as the way back keeps it.

NetSuite links a credit to its bills, and nothing there tells for which payment: the ledger alone knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select

from apbridge.json import loads
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import records

CREDITS = "credits"
"""Name of the fact of a payment's row."""

COVERS = "covers"
"""Name of what the trail has beside a write of a credit's applications: what of them is the payment's."""

_OF_PAYMENTS = select(records.c.external_id, records.c.facts).where(
    records.c.system == "netsuite",
    records.c.stream == "payments",
    records.c.facts.like(f'%"{CREDITS}"%'),
)

Pairs = Mapping[tuple[str, str], Decimal]
"""How much of a credit is applied to a bill: by the internal ids of both."""


def kept(pairs: Pairs) -> list[list[str]]:
    """Write pairs as the ledger keeps them."""
    return [[credit, bill, f"{amount:.2f}"] for (credit, bill), amount in sorted(pairs.items())]


def read_kept(facts: Sequence[Sequence[str]]) -> Pairs:
    """Read pairs that the ledger kept."""
    return {(credit, bill): Decimal(amount) for credit, bill, amount in facts}


def credits_sent(ledger: Ledger, external_ids: Iterable[str]) -> dict[str, Pairs]:
    """Return which credits were sent for payments as covering which bills, whatever became of it.

    A run that ends between such a write and the ledger's leaves the trail alone knowing of it.
    """
    found: defaultdict[str, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    for name, body in ledger.all_sent("netsuite", external_ids):
        found[name] |= read_kept((body or {}).get(COVERS, ()))
    return {name: {pair: amount for pair, amount in pairs.items() if amount} for name, pairs in found.items()}


def credits_of_payments(ledger: Ledger) -> dict[str, Pairs]:
    """Return what each payment that stands has of credits, by its external id."""
    with ledger.database.reading() as connection:
        found = connection.execute(_OF_PAYMENTS).all()
    told = {name: loads(facts) for name, facts in found}
    return {name: read_kept(facts[CREDITS]) for name, facts in told.items() if CREDITS in facts}


def credits_by_pair(ledger: Ledger) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
    """Return which payments have how much of a credit on a bill, by the internal ids of both."""
    return by_pair(credits_of_payments(ledger))


def by_pair(payments: Mapping[str, Pairs]) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
    """Turn what each payment has of credits into which payments have how much of a credit on a bill."""
    found: defaultdict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for name, pairs in payments.items():
        for pair, amount in pairs.items():
            found[pair][name] = amount
    return found
