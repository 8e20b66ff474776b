"""The vendorPayment record of SuiteTalk REST."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from apbridge_sandbox.custom import kept
from apbridge_sandbox.netsuite.errors import invalid_value, user_error
from apbridge_sandbox.netsuite.fields import FieldValues, WrittenFieldKind, check_required
from apbridge_sandbox.netsuite.forms import check_asked
from apbridge_sandbox.netsuite.instalments import instalments
from apbridge_sandbox.netsuite.vendor_payments import Application, CreditUse, VendorPayment, load_payment
from apbridge_sandbox.switches import Switches

RECORD_TYPE = "vendorPayment"

_CHOOSES = frozenset({"customForm"})
"""Fields that say how a payment is entered, and that it does not keep."""

_HEADER = {
    "entity": "vendor",
    "account": "account",
    "apAcct": "ap_account",
    "tranDate": "day",
    "tranId": "number",
    "externalId": "external_id",
    "memo": "memo",
    "currency": "currency",
    "exchangeRate": "rate",
    "subsidiary": "subsidiary",
    "postingPeriod": "period",
    "department": "department",
    "class": "classification",
    "location": "location",
    "approvalStatus": "approval",
    "deletionReason": "deletion_reason",
    "deletionReasonMemo": "deletion_memo",
    "toBePrinted": "to_be_printed",
}
"""Field of the body → what it is of a VendorPayment."""


def read_new(
    conn: sqlite3.Connection, given: Mapping[str, Any], features_off: AbstractSet[str], switches: Switches
) -> VendorPayment:
    """Read the body of a new payment.

    Raises:
        NetSuiteError: A field is unknown, wrong or missing.
    """
    body = FieldValues(conn, RECORD_TYPE, given, features_off)
    check_required(body)
    check_asked(given, body.get("customForm"), switches, features_off)
    # A bill is paid only where its line says so: `apply` has no default of true.
    applications = [_application(line) for line in body.get("apply") or () if line.get("apply")]
    used = [_credit(line) for line in body.get("credit") or () if line.get("apply")]
    return VendorPayment(applications=applications, credits=used, **_header(body))


def read_transformed(
    conn: sqlite3.Connection,
    bill: sqlite3.Row,
    given: Mapping[str, Any],
    features_off: AbstractSet[str],
    switches: Switches,
) -> VendorPayment:
    """Read the body of a payment that starts from a bill: it is that bill's, and pays all that is open of it.

    Raises:
        NetSuiteError: A field is unknown, wrong or missing; or the bill is not open.
    """
    if bill["status"] != "A":
        detail = "You can not initialize vendorPayment: the bill is not open for payment."
        raise user_error(detail)
    defaults = {
        "entity": {"id": bill["entity"]},
        **({"subsidiary": {"id": bill["subsidiary"]}} if "oneworld" not in features_off else {}),
        **({"currency": {"id": bill["currency"]}} if "multicurrency" not in features_off else {}),
        "apAcct": {"id": bill["account"]},
    }
    body = FieldValues(conn, RECORD_TYPE, {**defaults, **given}, features_off)
    check_required(body)
    check_asked(given, body.get("customForm"), switches, features_off)
    parts = instalments(conn, bill["id"]) if switches["netsuite.instalments"] else ()
    key = "line" if switches["netsuite.instalment_key"] == "transaction_line" else "number"
    form = [Application(bill["id"], line=getattr(part, key)) for part in parts if part.due]
    lines = _merged(form or [Application(bill["id"])], body.get("apply") or ())
    used = [_credit(line) for line in body.get("credit") or () if line.get("apply")]
    return VendorPayment(applications=lines, credits=used, **_header(body))


def read_changed(
    conn: sqlite3.Connection,
    payment_id: int,
    given: Mapping[str, Any],
    features_off: AbstractSet[str],
    *,
    replaces: AbstractSet[str],
) -> VendorPayment:
    """Read the body of a change to a payment.

    Args:
        conn: The books.
        payment_id: Internal id.
        given: The body; fields that it does not name stay as they are.
        features_off: Features that the account does not have.
        replaces: The sublists whose lines given are all there are; others are merged into those that are
            there.

    Raises:
        NetSuiteError: A field is unknown or wrong.
    """
    body = FieldValues(conn, RECORD_TYPE, given, features_off)
    before = load_payment(conn, payment_id)
    header = _header(body)
    payment = replace(before, **{**header, "custom": {**before.custom, **header["custom"]}})
    lines, used = body.get("apply"), body.get("credit")
    if lines is not None:
        present = [] if "apply" in replaces else payment.applications
        payment = replace(payment, applications=_merged(present, lines))
    if used is not None:
        credits_used = {} if "credit" in replaces else {each.credit: each for each in payment.credits}
        for line in used:
            given_use = _credit(line)
            credits_used.pop(given_use.credit, None)
            if line.get("apply"):
                credits_used[given_use.credit] = given_use
        payment = replace(payment, credits=list(credits_used.values()))
    return payment


def _header(body: FieldValues) -> dict[str, Any]:
    for name in ("entity", "account"):
        if name in body.values and body.get(name) is None:
            raise invalid_value(None, name)
    header = {ours: body.get(name) for name, ours in _HEADER.items() if name in body.values}
    header["custom"] = {
        name: kept(value)
        for name, value in body.values.items()
        if name not in _HEADER.keys() | _CHOOSES and body.declared[name].kind is not WrittenFieldKind.SUBLIST
    }
    if "to_be_printed" in header:
        header["to_be_printed"] = bool(header["to_be_printed"])
    return header


def _application(line: Mapping[str, Any]) -> Application:
    if line.get("doc") is None:
        raise invalid_value(None, "apply.items.doc")
    number = line.get("line")
    # Where a bill is due at once, its line is 0.
    return Application(
        line["doc"], line.get("amount"), line.get("disc") or 0, int(number) if number else None
    )


def _credit(line: Mapping[str, Any]) -> CreditUse:
    if line.get("doc") is None:
        raise invalid_value(None, "credit.items.doc")
    return CreditUse(line["doc"], line.get("amount"))


def _merged(present: Sequence[Application], lines: Sequence[Mapping[str, Any]]) -> list[Application]:
    """Merge apply lines by their key, the bill and of a bill with instalments the line."""
    merged = {(each.bill, each.line): each for each in present}
    for line in lines:
        given = _application(line)
        key = given.bill, given.line
        before = merged.get(key)
        if line.get("apply") is False:
            merged.pop(key, None)
        elif before is not None:
            cents = given.cents if "amount" in line else before.cents
            discount = given.discount if "disc" in line else before.discount
            merged[key] = replace(given, cents=cents, discount=discount)
        elif line.get("apply"):
            merged[key] = given
    return list(merged.values())
