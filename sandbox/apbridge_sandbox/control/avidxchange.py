"""Orders to AvidXchange: decide on invoices, pay them, and what becomes of payments."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal

from msgspec import field
from starlette.routing import Route

from apbridge_sandbox.avidxchange import lifecycle
from apbridge_sandbox.avidxchange.lifecycle import InvoiceAllocation, StepError
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents

_Ids = list[str] | Literal["all"]


class Decision(Order):
    """Which invoices; `reason` is for a rejection."""

    external_ids: _Ids
    reason: str | None = None


class InvoiceShare(Order):
    """What to give to an invoice: all that is open less the discount, unless told.

    Of a credit the amount is below zero: what the payment uses of it.
    """

    external_id: str
    amount: Cents | None = None
    discount: Cents = Cents(0)


class Pay(Order):
    """What to pay: some invoices, with credits or without, or all that is open on every approved one."""

    invoices: list[InvoiceShare] = field(default_factory=list)
    all: bool = False
    method: Literal["check", "ach", "virtual_card"] | None = None
    one_payment_per: Literal["vendor", "invoice", "all"] = "vendor"


class Step(Order):
    """Which payments."""

    ids: _Ids


class Clear(Order):
    """Which settled payments."""

    ids: list[str]


class PaymentException(Order):
    """What is wrong with which payments; no `reason` where nothing is any more."""

    ids: list[str]
    reason: str | None = None


class Reword(Order):
    """Which payments are shown with a status or method that nobody has heard of."""

    ids: list[str]
    status: str | None = None
    method: str | None = None


class Reissue(Order):
    """Which payment, and how the new one is paid: as the old one was, unless told."""

    id: str
    method: Literal["check", "ach", "virtual_card"] | None = None


class TurnIntoCheck(Order):
    """Which virtual card."""

    id: str


def routes() -> list[Route]:
    """Return the routes."""
    decisions = {"route": "in_workflow", "approve": "approved", "reject": "rejected"}
    steps = {"issue": "issued", "settle": "settled", "fail": "failed", "void": "voided"}
    return [
        *(
            route("POST", f"/invoices/{verb}", Decision, partial(_decide, status))
            for verb, status in decisions.items()
        ),
        route("POST", "/payments/pay", Pay, _pay),
        *(route("POST", f"/payments/{verb}", Step, partial(_step, status)) for verb, status in steps.items()),
        route("POST", "/payments/clear", Clear, _clear),
        route("POST", "/payments/exception", PaymentException, _except),
        route("POST", "/payments/reword", Reword, _reword),
        route("POST", "/payments/reissue", Reissue, _reissue),
        route("POST", "/payments/turn-into-check", TurnIntoCheck, _turn_into_check),
    ]


def _decide(status: str, sandbox: Sandbox, order: Decision) -> Any:  # noqa: ANN401
    named = None if order.external_ids == "all" else order.external_ids
    with sandbox.store.write() as conn:
        decided = lifecycle.decide(conn, sandbox.clock, status, named, order.reason)
    return {"external_ids": decided}


def _step(status: str, sandbox: Sandbox, order: Step) -> Any:  # noqa: ANN401
    named = None if order.ids == "all" else order.ids
    with sandbox.store.write() as conn:
        return {"ids": lifecycle.step(conn, sandbox.clock, status, named)}


def _clear(sandbox: Sandbox, order: Clear) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        return {"ids": lifecycle.clear(conn, sandbox.clock, order.ids)}


def _except(sandbox: Sandbox, order: PaymentException) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        return {"ids": lifecycle.note_exception(conn, sandbox.clock, order.ids, order.reason)}


def _reword(sandbox: Sandbox, order: Reword) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        return {"ids": lifecycle.reword(conn, sandbox.clock, order.ids, order.status, order.method)}


def _reissue(sandbox: Sandbox, order: Reissue) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        return {"id": lifecycle.reissue(conn, sandbox.clock, order.id, order.method)}


def _turn_into_check(sandbox: Sandbox, order: TurnIntoCheck) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        return {"check_number": lifecycle.turn_into_check(conn, sandbox.clock, order.id)}


def _pay(sandbox: Sandbox, order: Pay) -> Any:  # noqa: ANN401
    if order.all == bool(order.invoices):
        message = "say which invoices, or all"
        raise ValueError(message)
    with sandbox.store.write() as conn:
        payable = {row["external_id"]: (row, cents) for row, cents in lifecycle.payable(conn)}
        if order.all:
            shares = [InvoiceAllocation(external_id, cents) for external_id, (_, cents) in payable.items()]
        else:
            payable |= {row["external_id"]: (row, cents) for row, cents in lifecycle.usable(conn)}
            shares = [_share(one, payable) for one in order.invoices]
        groups = _grouped(shares, _GROUPING[order.one_payment_per], payable)
        ids = [lifecycle.pay(conn, sandbox.clock, group, method=order.method) for group in groups]
    return {"ids": ids}


_Payable = dict[str, tuple[sqlite3.Row, int]]

_GROUPING: dict[str, Callable[[sqlite3.Row], object]] = {
    "vendor": lambda row: (row["vendor_external_id"], row["currency"]),
    "invoice": lambda row: row["id"],
    "all": lambda _row: None,
}


def _share(order: InvoiceShare, payable: _Payable) -> InvoiceAllocation:
    if order.external_id not in payable:
        message = f"invoice {order.external_id} is not approved, or nothing is open on it"
        raise StepError(message)
    _, free = payable[order.external_id]
    cents = free - order.discount if order.amount is None else order.amount
    return InvoiceAllocation(order.external_id, cents, order.discount)


def _grouped(
    shares: Iterable[InvoiceAllocation], key: Callable[[sqlite3.Row], object], payable: _Payable
) -> list[list[InvoiceAllocation]]:
    groups: dict[object, list[InvoiceAllocation]] = {}
    for share in shares:
        groups.setdefault(key(payable[share.external_id][0]), []).append(share)
    return list(groups.values())
