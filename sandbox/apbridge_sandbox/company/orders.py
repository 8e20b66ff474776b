"""Purchase orders that nobody has billed yet, beside those of the bills."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from apbridge_sandbox.clock import COMPANY_ZONE, OPENING
from apbridge_sandbox.company.documents import Document, DocumentLine, Ids, write_order
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.sources import chart, sources
from apbridge_sandbox.company.vendors import CompanyVendor

_HAS_COME = {"A": 0, "B": 0, "D": 3, "F": 10, "H": 4}
"""By status, how much of each ten has come."""


def write_open_orders(
    batch: RowBuffer, ids: Ids, seed: int, vendors: list[CompanyVendor], number: int
) -> None:
    """Write that many orders of the last days: not approved, awaited, received in part or whole, closed."""
    # Drawn apart from everything else, so that nothing else of the company changes.
    rng = Random(f"{seed} orders")  # noqa: S311 - it must repeat, not be secret
    active = [vendor for vendor in vendors if vendor.is_active]
    for place in range(number):
        status, come = list(_HAS_COME.items())[place % len(_HAS_COME)]
        order_id = next(ids.transaction)
        created = OPENING - timedelta(days=rng.randrange(5, 20), minutes=place)
        order = Document(
            id=order_id,
            party=rng.choice(active).party,
            tranid=f"PO{order_id}",
            day=created.astimezone(COMPANY_ZONE).date(),
            created=created,
            modified=created,
            lines=[_line(rng, come) for _ in range(rng.randrange(1, 4))],
        )
        write_order(batch, ids, order, status)


def _line(rng: Random, come: int) -> DocumentLine:
    item = 1 + rng.randrange(len(sources().items))
    _, itemtype, account = sources().items[item - 1]
    tens, each = rng.randrange(1, 6), rng.randrange(200, 40_000)
    return DocumentLine(
        account=chart()[account].id,
        cents=10 * tens * each,
        item=item,
        itemtype=itemtype,
        quantity=str(10 * tens),
        rate=f"{each / 100:.2f}",
        received=str(come * tens),
        billed="0",
    )
