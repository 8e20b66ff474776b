"""What is read of bills only where they are paid: fields that payments are to have too, and instalments."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from apbridge.netsuite.catalog import FieldKind
from target_netsuite_payments.books import Bill, NetSuiteBooks
from target_netsuite_payments.payment_fields import CODES


def complete(
    bills: Mapping[str, Bill], paid: Collection[str], kinds: Mapping[str, FieldKind], books: NetSuiteBooks
) -> set[str]:
    """Read what else is needed of bills that are paid, and return those that are due in parts.

    Args:
        bills: Takes what is read.
        paid: The bills.
        kinds: The fields that payments are to have as on the bill, and what they hold.
        books: Reads NetSuite.
    """
    agreed: dict[str, dict[str, str]] = {bill: {} for bill in paid}
    if codes := [name for name in kinds if name in CODES]:
        for bill, values in books.codes(codes, paid).items():
            agreed[bill] |= values
    for name in kinds.keys() - set(CODES):
        held = books.field_of_bills(name, paid, is_day=kinds[name] is FieldKind.DAY)
        for bill, value in held.items():
            agreed[bill] |= {name: value} if value else {}
    for bill, values in agreed.items():
        bills[bill].agreed = values
    return set(books.instalments(paid))
