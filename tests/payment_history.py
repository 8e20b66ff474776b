"""A company in which anything may happen, and what must hold of its books whatever did."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from sqlalchemy import text

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger, Row, Status
from apbridge_sandbox.netsuite.posting import void_vendor_payment
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf, impatient

Book = Mapping[str, Any]
OURS = "avidxchange-payment-"
VENDORS = ("11", "11", "11", "13")
"""Three in four bills are of one vendor, so that payments go over several; the last is in CAD."""

_UNDER_WAY = {"processing", "issued"}


@contextmanager
def begun_in(folder: Path) -> Iterator[Any]:
    """Make a company whose vendors and accounts AvidXchange knows already; yields the STATE of that run."""
    with running(vendors=12, bills=0, folder=folder) as sandbox:
        half = OutboundHalf(sandbox, f"sqlite:///{folder}/ledger-0.db", folder / "spool", "avidconnect")
        assert half.run() is None
    with impatient():
        # Each history has a sandbox of its own, at another address.
        half.state["apbridge"].pop("source")
        with Ledger(half.ledger_url) as ledger, ledger.database.writing() as connection:
            connection.execute(text("DELETE FROM apbridge_identity WHERE name <> 'generation'"))
        yield half.state


class PaymentHistory:
    """Both systems under way, and the programs between them.

    What happens is chosen by numbers, modulo what there is to choose from; what cannot happen does not.

    Args:
        sandbox: Both systems.
        folder: With the ledger.
        profile: Which contract with AvidXchange.
        outbound_state: What the outbound half acknowledged last.
        settings: Of target-netsuite-payments.
    """

    def __init__(
        self,
        sandbox: Running,
        folder: Path,
        profile: str,
        outbound_state: object,
        settings: Mapping[str, Any],
    ) -> None:
        self._sandbox = sandbox
        self._control = sandbox.control
        self._settings = settings
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self._client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile)))
        self._in = InboundHalf(sandbox, folder, self._client, profile)
        # Masters that were submitted by another contract are all changed at once.
        writes = {"brake_count": 1000, "brake_percent": 100}
        self._out = OutboundHalf(
            sandbox, self._in.ledger_url, folder / "spool", profile, outbound_state, writes=writes
        )
        self._entered = 0
        self._applied_by_hand: defaultdict[str, Decimal] = defaultdict(Decimal)

    def close(self) -> None:
        self._client.close()

    def happen(self, verb: str, which: int, much: int) -> None:
        """Let something happen, or nothing where it cannot."""
        with suppress(HTTPError, LookupError):
            getattr(self, verb)(which, much)

    # What people do in NetSuite

    def bill(self, which: int, much: int) -> None:
        self._entered += 1
        order = {
            "vendor": VENDORS[which % len(VENDORS)],
            "tranid": f"INV-{self._entered}",
            "lines": [{"account": "6010", "amount": str(some_of(much, Decimal(200)) + 10)}],
        }
        self._control("/control/netsuite/bills", {"bills": [order]})

    def edit(self, which: int, much: int) -> None:
        """Somebody changes what a bill is over, to no less than is paid on it."""
        bill = pick([one for one in self._bills() if one["status"] == "A"], which)
        paid = Decimal(bill["total"]) - Decimal(bill["unpaid"])
        cents = int((paid + some_of(much, Decimal(150)) + 1) * 100)
        context = self._sandbox.sandbox
        assert context
        now = context.clock.stamp()
        with context.store.write() as connection:
            connection.execute(
                "UPDATE ns_transaction SET total_cents = ?, lastmodifieddate = ? WHERE id = ?",
                (cents, now, int(bill["id"])),
            )
            for line, amount in ((0, -cents), (1, cents)):
                connection.execute(
                    "UPDATE ns_transactionline SET amount_cents = ?, linelastmodifieddate = ?"
                    ' WHERE "transaction" = ? AND id = ?',
                    (amount, now, int(bill["id"]), line),
                )

    def by_hand(self, which: int, much: int) -> None:
        """Somebody types a payment: now under a number of AvidXchange's, now under another."""
        bill = pick([one for one in self._bills() if one["status"] == "A"], which)
        numbers = [one["checkNumber"] for one in self._payments() if one["checkNumber"]]
        shares = {
            one["checkNumber"]: each["amount"]
            for one in self._payments()
            for each in one["allocations"]
            if each["invoiceExternalId"] == self._invoice(bill) and one["checkNumber"]
        }
        order: dict[str, Any] = {"bill": bill["id"], "check_number": f"h{much}"}
        if shares and much % 3:
            number = pick([*shares], much)
            order |= {"check_number": number, "amount": shares[number]}
        elif numbers and much % 5 == 0:
            order |= {"check_number": pick(numbers, much)}
        else:
            order |= {"amount": str(min(some_of(much, Decimal(60)), Decimal(bill["unpaid"])))}
        self._control("/control/netsuite/pay-by-hand", order)

    def take_back(self, which: int, much: int) -> None:
        """Somebody voids or deletes a payment that was typed by hand."""
        hands = [
            one
            for one in self._vendor_payments()
            if not one["memo"] and one["voided"] == "F" and not (one["externalid"] or "")
        ]
        hand = pick(hands, which)
        context = self._sandbox.sandbox
        assert context
        if much % 2:
            self._control("/control/netsuite/delete", {"type": "vendorpayment", "id": hand["id"]})
        else:
            with context.store.write() as connection:
                void_vendor_payment(connection, int(hand["id"]), now=context.clock.now())

    def hold(self, which: int, much: int) -> None:
        bill = pick(self._bills(), which)
        order = {"table": "transaction", "id": bill["id"], "set": {"paymenthold": "TF"[much % 2]}}
        self._control("/control/netsuite/edit", order)

    # What AvidXchange does

    def approve(self, which: int, much: int) -> None:
        waiting = [one for one in self._invoices() if one["status"] in {"submitted", "in_workflow"}]
        named = [pick(waiting, which)] if much % 3 == 0 else waiting
        order = {"external_ids": [one["externalId"] for one in named], "reason": None}
        self._control(f"/control/invoices/{'reject' if much % 13 == 12 else 'approve'}", order)

    def pay(self, which: int, much: int) -> None:
        """Pay one invoice, or all of its vendor, whole or in part, with or without a discount."""
        payable = [one for one in self._invoices() if one["status"] in {"approved", "scheduled"}]
        first = pick(payable, which)
        some = [first]
        if much % 3 == 0:
            some = [one for one in payable if one["vendorExternalId"] == first["vendorExternalId"]]
        orders = []
        for place, invoice in enumerate(some):
            order: dict[str, Any] = {"external_id": invoice["externalId"]}
            if much % 4 != 1:
                free = Decimal(invoice["amountUnpaid"])
                order["amount"] = str(max(some_of(much + place, free), Decimal("0.01")))
            if much % 5 == 2:
                order["discount"] = "0.50"
            orders.append(order)
        body = {"invoices": orders, "method": ("check", "check", "ach")[much % 3], "one_payment_per": "all"}
        self._control("/control/payments/pay", body)

    def settle(self, which: int, much: int) -> None:
        ids = "all" if much % 2 else [pick(self._of(_UNDER_WAY), which)["id"]]
        self._control("/control/payments/settle", {"ids": ids})

    def fail(self, which: int, _much: int) -> None:
        self._control("/control/payments/fail", {"ids": [pick(self._of(_UNDER_WAY), which)["id"]]})

    def void(self, which: int, _much: int) -> None:
        payment = pick(self._of({*_UNDER_WAY, "settled"}), which)
        self._control("/control/payments/void", {"ids": [payment["id"]]})

    def reissue(self, which: int, _much: int) -> None:
        self._control("/control/payments/reissue", {"id": pick(self._payments(), which)["id"]})

    def time(self, _which: int, much: int) -> None:
        seconds = (1, 60, 4000, 90_000)[much % 4]
        self._control("/control/clock", {"advance_seconds": seconds})

    # The programs

    def outbound(self, _which: int = 0, _much: int = 0) -> None:
        # The tap leaves what is being written at this very moment to its next run.
        self._control("/control/clock", {"advance_seconds": 10})
        ended = self._out.run()
        assert ended is None, ended

    def inbound(self, _which: int = 0, _much: int = 0) -> None:
        ended = self._in.run(**self._settings)
        assert ended is None, ended

    # What must hold

    def disagreements(self) -> Iterator[str]:
        """Describe what is not as it must be: nothing, after both halves ran last."""
        payments = {OURS + one["id"]: one for one in self._payments()}
        held = defaultdict(list)
        for one in self._vendor_payments():
            if one["voided"] == "F":
                held[one["externalid"]].append(one)
        rejected = self._rejected("netsuite", "payments")
        for name, payment in payments.items():
            live = held.get(name, [])
            if len(live) > 1:
                yield f"{name} is posted {len(live)} times"
            # Of a payment over nothing there is no vendor payment.
            is_due = payment["status"] == "settled" and Decimal(str(payment["amount"])) > 0
            if bool(live) != is_due and name not in rejected:
                yield f"{name} is {payment['status']}, NetSuite has {live}, and nothing is said"
            others = [one for other, one in payments.items() if other != name]
            if live and is_due and name not in rejected and not self._is_same(live[0], payment, others):
                yield f"{name}: {_applied(live[0])} in NetSuite, {self._shares(payment)} in AvidXchange"
        yield from self._of_credits_used(payments, rejected)
        for bill in self._bills():
            yield from self._of_bill(bill, payments, held, rejected)

    def _is_same(self, vendor_payment: Book, payment: Book, others: Iterable[Book]) -> bool:
        shown = {each["credit"]: Decimal(each["amount"]) for each in vendor_payment["credits"]}
        applied, shares, used = _applied(vendor_payment), self._shares(payment), self._used(payment)
        if not used:
            return applied == shares and not shown
        # What several payments apply of one credit to one bill is one sum in NetSuite. Once a part of it is
        # taken off, the rest is shown with none of them; how much it is, its credit tells.
        shared = {credit for one in others for credit in self._used(one)}
        of_its_own = {credit: amount for credit, amount in used.items() if credit not in shared}
        is_shown = of_its_own.items() <= shown.items() <= used.items()
        is_within = all(applied.get(bill, Decimal(0)) <= share for bill, share in shares.items())
        return is_shown and is_within and sum(applied.values()) == sum(shares.values()) - sum(used.values())

    def _of_credits_used(self, payments: Mapping[str, Book], rejected: Mapping[str, Row]) -> Iterator[str]:
        """Compare what is used of each credit, but where a payment with it was rejected."""
        there = {one["externalId"].rpartition("-")[2]: one for one in self._all_credits()}
        spoilt = {credit for name in rejected if name in payments for credit in self._used(payments[name])}
        for credit in self._sandbox.books()["netsuite"]["credits"]:
            if credit["id"] in there and credit["id"] not in spoilt:
                used, by_hand = there[credit["id"]]["amountApplied"], self._applied_by_hand[credit["id"]]
                if Decimal(credit["applied"]) != Decimal(str(used)) + by_hand:
                    yield f"credit {credit['id']}: {credit} in NetSuite, {used} there, {by_hand} by hand"

    def tells(self) -> Iterator[str]:
        """Describe what this history was about, for Hypothesis's statistics."""
        for system, stream in (("avidxchange", "bills"), ("netsuite", "payments")):
            for row in self._rejected(system, stream).values():
                yield f"rejected {row.code}"
        for one in self._vendor_payments():
            if (one["externalid"] or "").startswith(OURS):
                yield "posted" if one["memo"] else "linked"
                if one["credits"]:
                    yield "with a credit"
                if one["voided"] == "T":
                    yield "voided"
        for one in self._payments():
            if self._used(one):
                yield f"a payment with a credit is {one['status']}"
        yield from self._parts_used()

    def _parts_used(self) -> Iterator[str]:
        for one in self._all_credits():
            if Decimal(str(one["amountApplied"])) and Decimal(str(one["amountAvailable"])):
                yield "a part of a credit is used"

    def _of_bill(
        self,
        bill: Book,
        payments: Mapping[str, Book],
        held: Mapping[Any, list[Book]],
        rejected: Mapping[str, Row],
    ) -> Iterator[str]:
        """Compare what is open with what is unpaid; a difference must be what was rejected, to the cent."""
        name = self._invoice(bill)
        invoice = next((one for one in self._invoices() if one["externalId"] == name), None)
        if invoice is None or invoice["status"] in {"cancelled", "rejected"}:
            return
        difference = Decimal(bill["unpaid"]) - Decimal(invoice["amountUnpaid"])
        if not difference:
            return
        explained = Decimal(0)
        bills = self._rejected("avidxchange", "bills")
        reasons = [bills[name].reason or ""] if name in bills else []
        if edit := Decimal(bill["total"]) - Decimal(invoice["total"]):
            explained += edit
            # What the bill is over now, or what is open of it: beside what AvidXchange was sent.
            now = {_said(bill["total"]), _said(bill["unpaid"])}
            if not any(now & _figures(said) and _said(invoice["total"]) in said for said in reasons):
                yield f"bill {bill['id']}: nobody says {invoice['total']} became {bill['total']}: {reasons}"
        for external_id, share in self._not_in_both(bill, payments, held):
            explained += share
            reason = rejected[external_id].reason or "" if external_id in rejected else ""
            reasons.append(reason)
            if not reason:
                yield f"bill {bill['id']}: nobody says why {external_id} is not undone or not posted"
        for one in (each for each in held.get(None, []) if bill["id"] in _applied(each)):
            explained -= _applied(one)[bill["id"]]
            open_now = _said(bill["unpaid"])
            if not any(f"payment {one['id']} " in said or open_now in said for said in reasons):
                yield f"bill {bill['id']}: nobody speaks of what was paid by hand, {one}: {reasons}"
        if explained != difference:
            yield f"bill {bill['id']}: {difference} differs, {explained} is explained: {reasons}"

    def _not_in_both(
        self, bill: Book, payments: Mapping[str, Book], held: Mapping[Any, list[Book]]
    ) -> Iterator[tuple[str, Decimal]]:
        """Yield what is paid on a bill in one system only: positive in AvidXchange, negative in NetSuite."""
        for external_id, payment in payments.items():
            share = self._shares(payment).get(bill["id"])
            is_settled = payment["status"] == "settled"
            is_live = any(bill["id"] in _applied(one) or one["credits"] for one in held.get(external_id, []))
            if not Decimal(str(payment["amount"])):
                # What is rejected of a payment over nothing is as it was before.
                is_live = is_settled != (external_id in self._rejected("netsuite", "payments"))
            if share and is_settled != is_live:
                yield external_id, share if is_settled else -share

    # The books

    def _rejected(self, system: str, stream: str) -> dict[str, Row]:
        with Ledger(self._in.ledger_url) as ledger:
            return {row.external_id: row for row in ledger.all_rows(system, stream, (Status.REJECTED,))}

    def _invoice(self, bill: Book) -> str:
        return f"netsuite-{self._account}-vendorbill-{bill['id']}"

    def _shares(self, payment: Book) -> dict[str, Decimal]:
        return {
            each["invoiceExternalId"].rpartition("-")[2]: Decimal(each["amount"]) + Decimal(each["discount"])
            for each in payment["allocations"]
            if "-vendorcredit-" not in each["invoiceExternalId"]
        }

    def _used(self, payment: Book) -> dict[str, Decimal]:
        return {
            each["invoiceExternalId"].rpartition("-")[2]: -Decimal(str(each["amount"]))
            for each in payment["allocations"]
            if "-vendorcredit-" in each["invoiceExternalId"]
        }

    def _all_credits(self) -> list[Book]:
        return list(self._sandbox.books()["avidxchange"]["credits"])

    def _of(self, statuses: set[str]) -> list[Book]:
        return [one for one in self._payments() if one["status"] in statuses]

    def _bills(self) -> list[Book]:
        return list(self._sandbox.books()["netsuite"]["bills"])

    def _vendor_payments(self) -> list[Book]:
        return list(self._sandbox.books()["netsuite"]["payments"])

    def _invoices(self) -> list[Book]:
        return list(self._sandbox.books()["avidxchange"]["invoices"])

    def _payments(self) -> list[Book]:
        return list(self._sandbox.books()["avidxchange"]["payments"])


def _applied(vendor_payment: Book) -> dict[str, Decimal]:
    return {
        each["bill"]: Decimal(each["amount"]) + Decimal(each["discount"])
        for each in vendor_payment["applications"]
    }


def pick(some: list[Any], which: int) -> Any:  # noqa: ANN401
    """Return one of some.

    Raises:
        LookupError: There is none.
    """
    if not some:
        raise LookupError
    return some[which % len(some)]


def some_of(much: int, most: Decimal) -> Decimal:
    """Return some of an amount, in cents."""
    cents = int(most * 100)
    return Decimal(much * 7919 % max(cents, 1)) / 100


def _figures(text: str) -> set[str]:
    return set(re.findall(r"[\d,]+\.\d\d", text))


def _said(amount: object) -> str:
    return f"{Decimal(str(amount)):,.2f}"
