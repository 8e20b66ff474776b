"""Vendor credits: what a payment uses of them, and what they are applied to by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.money import amount
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import (
    ApplyRules,
    applied,
    check_external_id,
    keep_balances,
    over_applied,
    unpayable,
)
from apbridge_sandbox.netsuite.errors import invalid_content, invalid_value, user_error
from apbridge_sandbox.netsuite.fields import FieldValues
from apbridge_sandbox.netsuite.periods import check_period
from apbridge_sandbox.netsuite.vendor_payments import Application, CreditShare, VendorPayment, link

RECORD_TYPE = "vendorCredit"

_COLUMNS = {"tranId": "tranid", "externalId": "externalid", "memo": "memo"}


def covered(conn: sqlite3.Connection, payment: VendorPayment, rules: ApplyRules) -> list[CreditShare]:
    """Check the credits of a payment whose applications were checked, and return which bills they cover.

    Raises:
        NetSuiteError: A credit is not one that this payment may use, or not with that amount; or the credits
            are over as much as the bills, or more.
    """
    if not payment.credits:
        return []
    used: dict[int, int] = {}
    for place, each in enumerate(payment.credits):
        path = f"credit.items[{place}]"
        row = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (each.credit,)).fetchone()
        if reason := unpayable(row, payment, books.CREDIT):
            if rules.unpayable_bill == "named":
                detail = f"Credit {each.credit} cannot be applied: {reason}."
                raise user_error(detail, path)
            key = f"key: [doc] and value: [{each.credit}]"
            detail = f"Unable to find a matching line for sublist credit with {key}."
            raise user_error(detail, path)
        if each.credit in used:
            detail = f"The line of credit {each.credit} is given twice."
            raise invalid_content(detail, path)
        left = row["total_cents"] - row["paid_cents"]
        cents = left if each.cents is None else each.cents
        if cents <= 0:
            raise invalid_value(amount(cents), f"{path}.amount")
        used[each.credit] = over_applied(cents, 0, left, path, rules) if cents > left else cents
    if sum(used.values()) >= sum(each.paid for each in payment.applications):
        detail = "The credits that are applied have to be less than the bills that are paid."
        raise user_error(detail, "credit")
    return list(_spread(used, _in_order(conn, payment.applications, rules)))


def _in_order(
    conn: sqlite3.Connection, applications: Sequence[Application], rules: ApplyRules
) -> list[Application]:
    if rules.credit_order == "given":
        return list(applications)

    def due(each: Application) -> tuple[str, int, int]:
        row = conn.execute(
            "SELECT COALESCE(duedate, trandate) AS due FROM ns_transaction WHERE id = ?", (each.bill,)
        ).fetchone()
        return row["due"], each.bill, each.line or 0

    return sorted(applications, key=due, reverse=rules.credit_order == "newest")


def _spread(used: Mapping[int, int], applications: Iterable[Application]) -> Iterable[CreditShare]:
    left = dict(used)
    for each in applications:
        rest = each.paid
        for credit, cents in left.items():
            if share := min(rest, cents):
                yield CreditShare(credit, each.bill, each.line, share)
                rest -= share
                left[credit] -= share


def change_credit(  # noqa: PLR0917 - the record, the body, how NetSuite takes it
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    given: Mapping[str, Any],
    features_off: AbstractSet[str],
    now: datetime,
    rules: ApplyRules,
    *,
    replaces: bool,
) -> None:
    """Change fields of a credit, and what it is applied to.

    Args:
        conn: The books.
        row: The credit.
        given: The body; fields that it does not name stay as they are.
        features_off: Features that the account does not have.
        now: The business clock's time.
        rules: How NetSuite is to behave where that is not known.
        replaces: Whether the apply lines given are all there are, or are merged into those that are there.

    Raises:
        NetSuiteError: It is refused. The caller rolls back.
    """
    body = FieldValues(conn, RECORD_TYPE, given, features_off)
    if row["voided"] == "T":
        detail = "This transaction has been voided and cannot be edited."
        raise user_error(detail)
    _check_period(conn, row, rules)
    columns = {_COLUMNS[name]: value for name, value in body.values.items() if name in _COLUMNS}
    check_external_id(conn, columns.get("externalid"), row["id"], rules)
    columns["lastmodifieddate"] = stamp(now)
    setting = ", ".join(f"{column} = ?" for column in columns)
    conn.execute(
        f"UPDATE ns_transaction SET {setting} WHERE id = ?",  # noqa: S608 - columns of _COLUMNS
        (*columns.values(), row["id"]),
    )
    if (lines := body.get("apply")) is not None:
        if row["status"] not in {books.OPEN, books.PAID_IN_FULL}:
            detail = "This transaction is not approved and cannot be applied."
            raise user_error(detail, "apply")
        _apply(conn, row, lines, now, rules, replaces=replaces)


def _check_period(conn: sqlite3.Connection, row: sqlite3.Row, rules: ApplyRules) -> None:
    if rules.credit_period == "checked":
        day = date.fromisoformat(row["trandate"])
        check_period(conn, day, row["postingperiod"], row["subsidiary"], rules)


def _apply(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    lines: Sequence[Mapping[str, Any]],
    now: datetime,
    rules: ApplyRules,
    *,
    replaces: bool,
) -> None:
    before = _applications(conn, row["id"])
    wanted: dict[tuple[int, int | None], int | None] = {} if replaces else dict(before)
    for given in lines:
        if given.get("doc") is None:
            raise invalid_value(None, "apply.items.doc")
        key = given["doc"], int(given.get("line") or 0) or None
        if given.get("apply") is False:
            wanted.pop(key, None)
        elif given.get("apply") or key in wanted:
            wanted[key] = given["amount"] if "amount" in given else wanted.get(key)
    changed = {key for key in {*before, *wanted} if before.get(key) != wanted.get(key)}
    for bill, line in changed & before.keys():
        conn.execute(
            "DELETE FROM ns_link WHERE previousdoc = ? AND previousline = ? AND nextdoc = ? AND linktype = ?",
            (bill, line or 0, row["id"], books.COUNTS),
        )
    documents = [row["id"], *(bill for bill, _ in changed)]
    keep_balances(conn, documents, now, rules)
    # Checked as a payment's form would: what it may be applied to, and no more than is open.
    form = VendorPayment(
        vendor=row["entity"],
        account=0,
        applications=[
            Application(bill, wanted[bill, line], line=line)
            for bill, line in sorted(changed & wanted.keys(), key=str)
        ],
        currency=row["currency"],
        subsidiary=row["subsidiary"],
        ap_account=row["account"],
    )
    spread = replace(rules, instalment_line="spread")
    for each in applied(conn, form, spread):
        link(
            conn,
            (books.BILL, each.bill, each.line or 0),
            (books.CREDIT, row["id"], 0),
            each.paid,
            stamp(now),
        )
    used = books.applied_to(conn, row["id"])
    if used > row["total_cents"]:
        total = amount(row["total_cents"])
        detail = f"The amount applied, {amount(used)}, is more than the credit is over, {total}."
        raise user_error(detail, "apply")
    keep_balances(conn, documents, now, rules)


def _applications(conn: sqlite3.Connection, credit: int) -> dict[tuple[int, int | None], int]:
    rows = conn.execute("SELECT * FROM ns_creditapply WHERE credit = ?", (credit,))
    return {(row["previousdoc"], row["previousline"] or None): row["foreignamount_cents"] for row in rows}


def delete_credit(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    *,
    now: datetime,
    rules: ApplyRules,
    context: str = "REST Web Services",
) -> None:
    """Delete a credit, and note it.

    Raises:
        NetSuiteError: It is applied to something, or its period is closed.
    """
    _check_period(conn, row, rules)
    if books.applied_to(conn, row["id"]):
        detail = "This transaction cannot be deleted because it is linked to by one or more transactions."
        raise user_error(detail)
    books.remove_rows(conn, row["id"])
    books.record_deletion(conn, row, stamp(now), context)


def void_credit(conn: sqlite3.Connection, row: sqlite3.Row, *, now: datetime, rules: ApplyRules) -> None:
    """Void a credit: it stays, over nothing, and what it was applied to is open again.

    Raises:
        NetSuiteError: It is voided already.
    """
    if row["voided"] == "T":
        detail = "This transaction has already been voided."
        raise user_error(detail)
    documents = books.remove_links(conn, row["id"])
    moment = stamp(now)
    conn.execute("DELETE FROM ns_link WHERE previousdoc = ? AND linktype = ?", (row["id"], books.COUNTS))
    conn.execute(
        "UPDATE ns_transaction SET voided = 'T', status = ?, total_cents = 0, paid_cents = 0, memo = 'VOID',"
        " lastmodifieddate = ? WHERE id = ?",
        (books.VOIDED, moment, row["id"]),
    )
    books.empty_lines(conn, row["id"], moment)
    keep_balances(conn, documents, now, rules)
