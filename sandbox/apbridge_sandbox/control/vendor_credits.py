"""Orders to NetSuite about vendor credits: what people do with them by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.clock import Clock, stamp
from apbridge_sandbox.company.documents import Party
from apbridge_sandbox.company.masters import period_id
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.bills import NewLine, account_of, party_of
from apbridge_sandbox.control.documents import refusals
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents, base_of
from apbridge_sandbox.netsuite import books, vendor_credits
from apbridge_sandbox.netsuite.access import account_of as view_of
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.switches import Switches


class NewCredit(Order):
    """A vendor credit that somebody enters today; its lines are over positive amounts.

    Subsidiary, currency and payables account are the vendor's unless told, by internal id.
    """

    vendor: str
    tranid: str
    lines: list[NewLine]
    day: date | None = None
    memo: str | None = None
    subsidiary: int | None = None
    currency: int | None = None
    ap_account: int | None = None


class NewCredits(Order):
    """Credits to enter."""

    credits: list[NewCredit]


class ApplyCredit(Order):
    """What a credit is to be applied to a bill with, whatever it was before; nothing takes it off."""

    credit: str
    bill: str
    amount: Cents


class VoidCredit(Order):
    """A credit to void."""

    id: str


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/netsuite/credits", NewCredits, _enter),
        route("POST", "/netsuite/apply-credit", ApplyCredit, _apply),
        route("POST", "/netsuite/void-credit", VoidCredit, _void),
    ]


def _enter(sandbox: Sandbox, order: NewCredits) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        ids = [_enter_one(conn, sandbox.clock, new) for new in order.credits]
    return {"ids": [str(number) for number in ids]}


def by_people(switches: Switches) -> ApplyRules:
    """Return the rules for a person, who sees all lines of a form and opens a period that is closed."""
    return replace(ApplyRules.of(switches), credit_period="ignored")


def _apply(sandbox: Sandbox, order: ApplyCredit) -> Any:  # noqa: ANN401
    line = {"doc": {"id": order.bill}, "apply": bool(order.amount), "amount": Decimal(order.amount) / 100}
    with sandbox.store.write() as conn, refusals():
        features_off = view_of(sandbox.switches).features_off
        vendor_credits.change_credit(
            conn,
            _credit(conn, order.credit),
            {"apply": {"items": [line]}},
            features_off,
            sandbox.clock.now(),
            by_people(sandbox.switches),
            replaces=False,
        )
    return {"applied": order.credit}


def _void(sandbox: Sandbox, order: VoidCredit) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn, refusals():
        row = _credit(conn, order.id)
        vendor_credits.void_credit(conn, row, now=sandbox.clock.now(), rules=ApplyRules.of(sandbox.switches))
    return {"voided": order.id}


def _credit(conn: sqlite3.Connection, number: str) -> sqlite3.Row:
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM ns_transaction WHERE id = ? AND type = ?", (int(number), books.CREDIT)
    ).fetchone()
    if row is None:
        message = f"there is no vendor credit {number}"
        raise StepError(message)
    return row


def _enter_one(conn: sqlite3.Connection, clock: Clock, new: NewCredit) -> int:
    party = party_of(conn, new.vendor)
    party = replace(
        party,
        subsidiary=new.subsidiary or party.subsidiary,
        currency=new.currency or party.currency,
        ap_account=new.ap_account or party.ap_account,
    )
    number, day, moment = books.next_transaction(conn), new.day or clock.today(), stamp(clock.now())
    conn.execute(
        "INSERT INTO ns_transaction (id, type, recordtype, tranid, transactionnumber, trandate, entity,"
        " status, approvalstatus, currency, exchangerate, total_cents, postingperiod, memo, subsidiary,"
        " account, createddate, lastmodifieddate)"
        " VALUES (?, ?, 'vendorcredit', ?, ?, ?, ?, ?, 2, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            books.CREDIT,
            new.tranid,
            f"VENDCRED{number}",
            day.isoformat(),
            party.vendor,
            books.OPEN,
            party.currency,
            str(party.rate),
            sum(line.amount for line in new.lines),
            period_id(day),
            new.memo,
            party.subsidiary,
            party.ap_account,
            moment,
            moment,
        ),
    )
    _write_lines(conn, number, party, new.lines, moment)
    return number


def _write_lines(
    conn: sqlite3.Connection, number: int, party: Party, lines: Sequence[NewLine], moment: str
) -> None:
    """Write the main line, and each line with its sign turned: what a bill debits, a credit credits."""
    amounts = [base_of(line.amount, party.rate) for line in lines]
    _write_line(conn, number, 0, party, sum(line.amount for line in lines), moment)
    _write_accounting(conn, number, 0, party.ap_account, sum(amounts), moment)
    for place, (line, base) in enumerate(zip(lines, amounts, strict=True), start=1):
        account = account_of(conn, line.account)
        _write_line(conn, number, place, party, -line.amount, moment, account=account, coding=line)
        _write_accounting(conn, number, place, account, -base, moment)


def _write_line(  # noqa: PLR0917 - a row
    conn: sqlite3.Connection,
    number: int,
    place: int,
    party: Party,
    cents: int,
    moment: str,
    *,
    account: int | None = None,
    coding: NewLine | None = None,
) -> None:
    conn.execute(
        'INSERT INTO ns_transactionline (id, "transaction", mainline, expenseaccount, department, class,'
        " location, subsidiary, memo, amount_cents, linelastmodifieddate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place,
            number,
            "F" if place else "T",
            account,
            coding.department if coding else None,
            coding.classification if coding else None,
            coding.location if coding else None,
            party.subsidiary,
            coding.memo if coding else None,
            cents,
            moment,
        ),
    )


def _write_accounting(  # noqa: PLR0917 - a row
    conn: sqlite3.Connection, number: int, place: int, account: int, base: int, moment: str
) -> None:
    conn.execute(
        'INSERT INTO ns_transactionaccountingline ("transaction", transactionline, account, debit_cents,'
        " credit_cents, amountunpaid_cents, lastmodifieddate) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            place,
            account,
            base if base >= 0 else None,
            -base if base < 0 else None,
            0 if place else base,
            moment,
        ),
    )
