"""What our own payments settle of a bill in NetSuite, beside what AvidXchange has paid of its invoice."""

from __future__ import annotations

from decimal import Decimal

from apbridge.errors import RejectedError
from apbridge.singer import Record
from target_avidxchange.refusals import name_of
from target_avidxchange.remote import RemoteIndex
from target_avidxchange.unheard import GONE
from target_avidxchange.withdrawal import applied_by_us, money, possible_discount


def see_that_the_rest_is_a_discount(record: Record, remote_index: RemoteIndex) -> None:
    """Check that AvidXchange pays no more of a bill than is open, where nothing explains a small rest.

    Raises:
        RejectedError: It means to, unless the rest is a discount that it does not show.
    """
    rest = possible_discount(record)
    there = remote_index.listed().get(record["external_id"]) if rest else None
    if there is None or there.status in {*GONE, "paid"}:
        return
    to_pay, due = Decimal(there.total) - Decimal(there.amount_paid), Decimal(record["amount_due"])
    # Of a payment that AvidXchange has taken back already, the void is still to come here.
    if to_pay <= due or Decimal(there.amount_paid) < applied_by_us(record):
        return
    currency = record.get("currency")
    raise RejectedError(
        "APB-TAX-025",
        name=name_of(record),
        external_id=record["external_id"],
        rest=money(rest, currency),
        open=money(due, currency),
        to_pay=money(to_pay, currency),
        status=there.status,
    )
