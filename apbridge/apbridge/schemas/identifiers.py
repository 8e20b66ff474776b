"""External ids, the names of records in both systems: how they are built and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from apbridge.errors import RejectedError

EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

KINDS = {
    "vendors": "vendor",
    "gl_accounts": "account",
    "departments": "department",
    "classes": "classification",
    "locations": "location",
    "bills": "vendorbill",
    "purchase_orders": "purchaseorder",
    "vendor_payments": "vendorpayment",
    "vendor_credits": "vendorcredit",
}
"""The word for the records of each stream in their external ids, by which others refer to them."""

DIMENSIONS = {
    "department": ("departments", KINDS["departments"]),
    "class": ("classes", KINDS["classes"]),
    "location": ("locations", KINDS["locations"]),
}
"""NetSuite's own dimensions: each with its stream, and its kind in external ids."""

VENDOR, GL_ACCOUNT = KINDS["vendors"], KINDS["gl_accounts"]
BILL, CREDIT = KINDS["bills"], KINDS["vendor_credits"]

OUR_PAYMENTS = "avidxchange-payment-"
"""What the external id of a vendor payment begins with that was posted from AvidXchange."""

_NETSUITE = re.compile(r"netsuite-(?P<account>[A-Za-z0-9_]+)-(?P<kind>[a-z]+)-(?P<id>[0-9]+)")

_PART = re.compile(r"-ap[0-9]+$")


class NetSuiteId(NamedTuple):
    """What an external id of a NetSuite record says."""

    account: str
    kind: str
    id: str


def netsuite_namespace(account: str) -> str:
    """Return what the external ids of a NetSuite account's records begin with."""
    return f"netsuite-{account}"


def external_id(namespace: str, kind: str, record_id: str) -> str:
    """Return the name of a record in both systems, such as `netsuite-1234567_SB1-vendor-42`."""
    return f"{namespace}-{kind}-{record_id}"


def netsuite_id(name: str) -> NetSuiteId | None:
    """Read the external id of a NetSuite record; None for any other."""
    found = _NETSUITE.fullmatch(name)
    return NetSuiteId(**found.groupdict()) if found else None


def internal_id(name: str | None, account: str, kind: str) -> str | None:
    """Return the internal id in an external id of one account and one kind; None for any other."""
    found = netsuite_id(name or "")
    return found.id if found and (found.account, found.kind) == (account, kind) else None


def payment_external_id(payment_id: str) -> str:
    """Return the name of an AvidXchange payment in both systems, such as `avidxchange-payment-42`."""
    return f"{OUR_PAYMENTS}{payment_id}"


def part_external_id(payment: str, ap_account: str) -> str:
    """Return the name of a part of a payment in NetSuite, such as `avidxchange-payment-42-ap111`.

    Args:
        payment: The payment's name.
        ap_account: Internal id of the payables account that it is the part on.
    """
    return f"{payment}-ap{ap_account}"


def whole_payment(name: str) -> str:
    """Return the name of the AvidXchange payment that a vendor payment stands for, by its external id."""
    return _PART.sub("", name) if is_our_payment(name) else name


def is_our_payment(name: str | None) -> bool:
    """Return whether the external id of a vendor payment says that it was posted from AvidXchange."""
    return (name or "").startswith(OUR_PAYMENTS)


def namespace_of(name: str, kind: str, record_id: str) -> str:
    """Return what a record's external id begins with, to name its neighbours by.

    Args:
        name: `netsuite-1234567_SB1-vendorbill-42`.
        kind: Its kind, such as `vendorbill`.
        record_id: Its own id, such as `42`.

    Raises:
        RejectedError: The external id does not end in the record's own kind and id.
    """
    ending = f"-{kind}-{record_id}"
    if not name.endswith(ending) or name == ending:
        raise RejectedError("APB-SNG-011", external_id=name, ending=ending)
    return name.removesuffix(ending)


def is_of_a_tap(name: str | None, other: str, kind: str) -> bool:
    """Return whether a record's external id is one that a tap gives, and not one that somebody entered.

    Args:
        name: The external id.
        other: That of a record of the same kind that a tap has told: others of its ERP begin as it does.
        kind: The word for both in external ids.
    """
    namespace = other.rpartition(f"-{kind}-")[0]
    return netsuite_id(name or "") is not None or (name or "").startswith(external_id(namespace, kind, ""))


def require_name(stream: str, record: Mapping[str, Any]) -> None:
    """Check that a record has the external id by which it is found and by which others refer to it.

    Args:
        stream: The canonical stream.
        record: A record that is valid by its schema.

    Raises:
        RejectedError: It has another one.
    """
    name, own_id = record["external_id"], record["id"]
    if stream in KINDS:
        namespace_of(name, KINDS[stream], own_id)
    elif stream == "payments" and name != payment_external_id(own_id):
        raise RejectedError("APB-PAY-010", payment=own_id, external_id=name)


def name_of(record: Mapping[str, Any]) -> str:
    """Return the name that people know a record by."""
    return str(record.get("number") or record.get("name") or record["id"])
