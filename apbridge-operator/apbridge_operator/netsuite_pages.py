"""Where people see a record in NetSuite."""

from __future__ import annotations

from apbridge.schemas.identifiers import KINDS, netsuite_id

_PLACES = {
    KINDS["vendors"]: "common/entity/vendor.nl",
    KINDS["bills"]: "accounting/transactions/vendbill.nl",
    KINDS["vendor_credits"]: "accounting/transactions/vendcred.nl",
    KINDS["vendor_payments"]: "accounting/transactions/vendpymt.nl",
    KINDS["purchase_orders"]: "accounting/transactions/purchord.nl",
}
"""NetSuite's own addresses of a record's page, by the word for it in external ids."""


def netsuite_page(external_id: str) -> str | None:
    """Return the address of a record's page in NetSuite; None where nothing has one that is known.

    Args:
        external_id: The record's, such as `netsuite-1234567_SB1-vendorbill-42`.
    """
    named = netsuite_id(external_id)
    place = _PLACES.get(named.kind) if named else None
    if named is None or place is None:
        return None
    account = named.account.lower().replace("_", "-")
    return f"https://{account}.app.netsuite.com/app/{place}?id={named.id}"
