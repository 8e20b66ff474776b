"""Bills that others settle, or whose vendors are merged, in an account in which no date moves: both books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge.ledger import Ledger, Status
from apbridge.schemas.identifiers import payment_external_id
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf

pytestmark = pytest.mark.long

UNDATED = {
    "netsuite.accounting_line_dates": "null",
    "netsuite.link_dates": "null",
    "netsuite.payment_touches_bill": False,
    "netsuite.payment_touches_accounting_line": False,
    "netsuite.merge_dates": "stay",
}
TOTAL = Decimal(100)


class Loop:
    """Both systems, both halves, and bills of 100.00 by name."""

    def __init__(self, sandbox: Running, folder: Path, profile: str, client: AvidXchange) -> None:
        self.control = sandbox.control
        self._sandbox = sandbox
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self._in = InboundHalf(sandbox, folder, client, profile)
        # Most bills of so small a company are withdrawn at once.
        self._out = OutboundHalf(
            sandbox, self._in.ledger_url, folder / "spool", profile, writes={"brake_percent": 100}
        )
        self._bills: dict[str, str] = {}
        self.control("/control/switches", UNDATED)

    def enter(self, *names: str, vendor: str = "11") -> None:
        lines = [{"account": "6010", "amount": str(TOTAL)}]
        bills = [{"vendor": vendor, "tranid": name, "lines": lines} for name in names]
        ids = self.control("/control/netsuite/bills", {"bills": bills})["ids"]
        self._bills |= dict(zip(names, ids, strict=True))

    def out(self) -> None:
        """Let two hours pass, and one sweep with them, and run the way out."""
        self.control("/control/clock", {"advance_seconds": 7200})
        ended = self._out.run()
        assert ended is None, ended

    def back(self) -> None:
        ended = self._in.run()
        assert ended is None, ended

    def external_id(self, name: str) -> str:
        return f"netsuite-{self._account}-vendorbill-{self._bills[name]}"

    def approve(self, *names: str) -> None:
        self.control("/control/invoices/approve", {"external_ids": [*map(self.external_id, names)]})

    def pay(self, name: str, amount: str, discount: str = "0.00") -> str:
        share = {"external_id": self.external_id(name), "amount": amount, "discount": discount}
        paid = self.control("/control/payments/pay", {"invoices": [share]})
        self.control("/control/payments/settle", paid)
        return str(paid["ids"][0])

    def posted(self, payment: str) -> str:
        """Return the internal id of what a payment is in NetSuite."""
        with Ledger(self._in.ledger_url) as ledger:
            name = payment_external_id(payment)
            return str(ledger.rows("netsuite", "payments", [name])[name].remote_id)

    def apply(self, name: str, kind: str, amount: str | None = None) -> str:
        order = {"kind": kind, "bill": self._bills[name], **({"amount": amount} if amount else {})}
        return str(self.control("/control/netsuite/apply", order)["id"])

    def by_hand(self, name: str, number: str) -> str:
        order = {"bill": self._bills[name], "check_number": number}
        return str(self.control("/control/netsuite/pay-by-hand", order)["id"])

    def lower(self, name: str, amount: str) -> None:
        self.control("/control/netsuite/lower", {"bill": self._bills[name], "amount": amount})

    def ends(self) -> dict[str, tuple[str, str | None]]:
        """Return where each invoice stands, and the code of the exception that is open on its bill."""
        names = {self.external_id(name): name for name in self._bills}
        shown = {one["externalId"]: one for one in self._sandbox.books()["avidxchange"]["invoices"]}
        with Ledger(self._in.ledger_url) as ledger:
            rejected = {
                row.external_id: row.code
                for row in ledger.all_rows("avidxchange", "bills", (Status.REJECTED,))
            }
        return {name: (shown[one]["status"], rejected.get(one)) for one, name in names.items()}

    def vendor_of(self, name: str) -> str:
        shown = {one["externalId"]: one for one in self._sandbox.books()["avidxchange"]["invoices"]}
        return str(shown[self.external_id(name)]["vendorExternalId"])

    def overpaid_in_silence(self) -> list[str]:
        """Name the bills of which both books together pay more than they are over, and nobody is told."""
        books = self._sandbox.books()
        due = {one["id"]: Decimal(one["unpaid"]) for one in books["netsuite"]["bills"]}
        to_pay: dict[str, Decimal] = {}
        for one in books["avidxchange"]["invoices"]:
            rest = Decimal(str(one["total"])) - Decimal(str(one["amountPaid"]))
            to_pay[one["externalId"]] = Decimal(0) if one["status"] in {"cancelled", "rejected"} else rest
        ends = self.ends()
        return [
            name
            for name, number in self._bills.items()
            if to_pay[self.external_id(name)] > due[number] and ends[name][1] is None
        ]


@pytest.fixture(params=shipped())
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loop]:
    with running(vendors=12, bills=0) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings(request.param))
        with AvidXchange(settings) as client:
            yield Loop(sandbox, tmp_path, request.param, client)


def test_each_is_heard_within_one_sweep_and_nobody_is_paid_twice(loop: Loop):
    cases: dict[str, Any] = {
        "prepaid in part": ("cancelled", "APB-TAX-023"),
        "settled by a journal": ("cancelled", None),
        "credited": ("cancelled", None),
        "paid by hand": ("cancelled", None),
        "prepaid after approval": ("approved", "APB-TAX-030"),
        "prepaid after we paid a part": ("approved", "APB-TAX-030"),
        "lowered after we paid": ("paid", "APB-TAX-024"),
        "untouched": ("submitted", None),
    }
    loop.enter(*cases)
    loop.out()
    late = ["prepaid after approval", "prepaid after we paid a part", "lowered after we paid"]
    loop.approve(*late)
    loop.pay("prepaid after we paid a part", "60.00")
    loop.pay("lowered after we paid", "100.00")
    loop.back()
    loop.out()
    assert {end for _, end in loop.ends().values()} == {None}

    prepayment = loop.apply("prepaid in part", "prepayment", "40.00")
    loop.apply("settled by a journal", "journal")
    loop.apply("credited", "credit")
    by_hand = loop.by_hand("paid by hand", "901")
    for name in late[:2]:
        loop.apply(name, "prepayment")
    loop.lower("lowered after we paid", "30.00")
    assert loop.overpaid_in_silence()  # nobody has heard of it yet
    loop.out()
    ends = loop.ends()
    assert {name: ends[name] for name in cases} == cases
    assert loop.overpaid_in_silence() == []

    # What others take off again is AvidXchange's to pay, and no exception is left of it.
    loop.control("/control/netsuite/unapply", {"id": prepayment})
    loop.control("/control/netsuite/delete", {"type": "vendorpayment", "id": by_hand})
    loop.out()
    ends = loop.ends()
    for name in ("prepaid in part", "paid by hand"):
        assert ends[name] == ("submitted", None), name
    assert loop.overpaid_in_silence() == []
    # A further run has nothing to do.
    loop.out()
    assert loop.ends() == ends


def test_bills_of_a_merged_vendor_go_over_or_are_told(loop: Loop):
    loop.enter("open", "approved", "another's", vendor="11")
    loop.enter("of the one that stays", vendor="12")
    loop.out()
    loop.approve("approved")
    loop.control("/control/netsuite/merge-vendors", {"vendor": "11", "into": "12"})
    loop.out()
    assert loop.vendor_of("open").endswith("-vendor-12")
    assert loop.vendor_of("another's").endswith("-vendor-12")
    assert loop.ends() == {
        "open": ("submitted", None),
        "another's": ("submitted", None),
        "approved": ("approved", "APB-TAX-021"),
        "of the one that stays": ("submitted", None),
    }
    # Paid all the same, it is in NetSuite once, under whom the bill is now.
    loop.approve("open")
    loop.pay("open", "100.00")
    loop.back()
    loop.out()
    assert loop.ends()["open"] == ("paid", None)


def test_a_discount_that_no_link_carries_is_nobodys_settlement(loop: Loop):
    loop.control("/control/switches", {"netsuite.link_discount": "paid"})
    loop.enter("in full", "in part")
    loop.out()
    loop.approve("in full", "in part")
    loop.pay("in full", "98.00", "2.00")
    loop.pay("in part", "49.00", "1.00")
    loop.back()
    loop.out()
    assert loop.ends() == {"in full": ("paid", None), "in part": ("approved", None)}
    loop.pay("in part", "50.00")
    loop.back()
    loop.out()
    assert loop.ends() == {"in full": ("paid", None), "in part": ("paid", None)}


def test_a_payment_that_is_undone_in_netsuite_alone_is_told_and_one_that_avidxchange_voids_is_not(
    loop: Loop,
):
    loop.control("/control/switches", {"netsuite.payment_approval": "routing"})
    cases = ("deleted", "rejected", "voided", "paid anew")
    loop.enter(*cases)
    loop.out()
    loop.approve(*cases)
    payments = {name: loop.pay(name, "100.00") for name in cases}
    loop.back()
    loop.out()
    posted = {name: loop.posted(payment) for name, payment in payments.items()}
    # As long as they are pending in NetSuite, and once they are final, nothing is to be told.
    assert set(loop.ends().values()) == {("paid", None)}
    for number in posted.values():
        loop.control("/control/netsuite/decide", {"id": number, "decision": "approve"})
    loop.back()
    loop.out()
    assert set(loop.ends().values()) == {("paid", None)}

    loop.control("/control/netsuite/delete", {"type": "vendorpayment", "id": posted["deleted"]})
    loop.control("/control/netsuite/decide", {"id": posted["rejected"], "decision": "reject"})
    loop.control("/control/payments/void", {"ids": [payments["voided"], payments["paid anew"]]})
    loop.back()
    # Settled there, and not yet posted here.
    loop.pay("paid anew", "100.00")
    loop.out()
    ends = {
        "deleted": ("paid", "APB-TAX-033"),
        "rejected": ("paid", "APB-TAX-033"),
        "voided": ("approved", None),
        "paid anew": ("paid", None),
    }
    assert loop.ends() == ends
    loop.back()
    loop.out()
    assert loop.ends() == ends
    # It is over once AvidXchange has taken them back too.
    loop.control("/control/payments/void", {"ids": [payments["deleted"], payments["rejected"]]})
    loop.out()
    assert {code for _, code in loop.ends().values()} == {None}
