"""Vendor payments of ours that a person undoes in NetSuite: AvidXchange is told, or somebody is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger, Status
from apbridge.schemas.identifiers import payment_external_id
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf, impatient

pytestmark = pytest.mark.long

STREAMS = ("vendors", "gl_accounts", "bills", "vendor_payments")

RIGHT = {"vendor": "11", "tranid": "right", "lines": [{"account": "6010", "amount": "100.00"}]}


@dataclass
class Loop:
    """Both systems, both halves, and bills of 100.00 by name."""

    sandbox: Running
    inbound: InboundHalf
    outbound: OutboundHalf
    bills: dict[str, str] = field(default_factory=dict)

    def order(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        return self.sandbox.control(f"/control/{path}", body)

    def out(self) -> None:
        """Let two hours pass, and one sweep with them, and run the way out."""
        self.order("clock", advance_seconds=7200)
        ended = self.outbound.run()
        assert ended is None, ended

    def both_ways(self) -> None:
        assert self.inbound.run() is None
        self.out()

    def paid(self, *groups: tuple[str, ...]) -> list[str]:
        """Enter bills, have them submitted, approved, paid and posted, and return each group's payment."""
        lines = [{"account": "6010", "amount": "100.00"}]
        names = [name for group in groups for name in group]
        bills = [{"vendor": "11", "tranid": name, "lines": lines} for name in names]
        ids = self.order("netsuite/bills", bills=bills)["ids"]
        self.bills |= dict(zip(names, ids, strict=True))
        self.out()
        self.order("invoices/approve", external_ids=[*map(self.invoice, names)])
        made = []
        for group in groups:
            shares = [{"external_id": self.invoice(name)} for name in group]
            made += self.order("payments/pay", invoices=shares, method="check")["ids"]
        self.order("payments/settle", ids=made)
        self.both_ways()
        return made

    def invoice(self, name: str) -> str:
        return f"netsuite-{self.sandbox.credentials['NETSUITE_ACCOUNT_ID']}-vendorbill-{self.bills[name]}"

    def posted(self, payment: str) -> str:
        """Return the internal id of what a payment is in NetSuite."""
        with Ledger(self.inbound.ledger_url) as ledger:
            name = payment_external_id(payment)
            return str(ledger.rows("netsuite", "payments", [name])[name].remote_id)

    def undo(self, payment: str, how: str = "deleted") -> str:
        number = self.posted(payment)
        if how == "deleted":
            self.order("netsuite/delete", type="vendorpayment", id=number)
        else:
            self.order("netsuite/void", id=number)
        return number

    def status(self, payment: str) -> str:
        listed = self.sandbox.books()["avidxchange"]["payments"]
        return str(next(one["status"] for one in listed if str(one["id"]) == payment))

    def stops(self) -> int:
        """Count the stops that were sent."""
        with closing(sqlite3.connect(self.inbound.ledger_url.removeprefix("sqlite:///"))) as ledger:
            (count,) = ledger.execute(
                "SELECT COUNT(*) FROM apbridge_audit WHERE phase = 'sent' AND operation LIKE 'stop payment%'"
            ).fetchone()
        return int(count)

    def told(self, stream: str = "vendor_payments") -> set[str | None]:
        """Return the codes of what is open of a stream."""
        with Ledger(self.inbound.ledger_url) as ledger:
            open_rows = ledger.all_rows("avidxchange", stream, (Status.REJECTED, Status.WAITING))
            return {row.code for row in open_rows}

    def vendor_payments(self) -> dict[str, str | None]:
        """Return the codes of what is rejected, by AvidXchange's id of the payment."""
        with Ledger(self.inbound.ledger_url) as ledger:
            rows = ledger.all_rows("avidxchange", "vendor_payments", (Status.REJECTED,))
            return {row.facts["payment"].removeprefix(payment_external_id("")): row.code for row in rows}

    def by_hand(self, name: str) -> str:
        return str(self.order("netsuite/pay-by-hand", bill=self.bills[name], check_number=name)["id"])

    def due(self, name: str) -> Decimal:
        books = self.sandbox.books()["netsuite"]["bills"]
        return next(Decimal(one["unpaid"]) for one in books if one["id"] == self.bills[name])

    def to_pay(self, name: str) -> Decimal:
        books = self.sandbox.books()["avidxchange"]["invoices"]
        (one,) = [each for each in books if each["externalId"] == self.invoice(name)]
        return Decimal(str(one["total"])) - Decimal(str(one["amountPaid"]))


@pytest.fixture
def loop(profile: str, tmp_path: Path) -> Iterator[Loop]:
    with running(vendors=12, bills=0) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile))
        with AvidXchange(settings) as client:
            inbound = InboundHalf(sandbox, tmp_path, client, profile)
            outbound = OutboundHalf(
                sandbox,
                inbound.ledger_url,
                tmp_path / "spool",
                profile,
                streams=STREAMS,
                writes={"on_void_in_netsuite": "stop"},
            )
            yield Loop(sandbox, inbound, outbound)


def test_what_is_undone_in_netsuite_alone_is_stopped_where_that_is_safe_and_told_where_not(loop: Loop):
    loop.order("switches", **{"avidxchange.payment_stop": "done"})
    groups = {
        **{
            name: (name,)
            for name in ("deleted", "voided", "cleared", "reissued", "by hand", "entered again", "untouched")
        },
        "two bills": ("one of two", "other of two"),
        "in part": ("part of it", "by hand in part"),
    }
    payments = dict(zip(groups, loop.paid(*groups.values()), strict=True))
    loop.order("payments/clear", ids=[payments["cleared"]])
    reissued = loop.order("payments/reissue", id=payments["reissued"])["id"]
    for name, payment in payments.items():
        if name != "untouched":
            loop.undo(payment, "voided" if name == "voided" else "deleted")
        if name == "entered again":
            again = loop.by_hand("entered again")
            loop.order(
                "netsuite/edit",
                table="transaction",
                id=again,
                set={"externalid": payment_external_id(payment)},
            )
    loop.by_hand("by hand")
    loop.by_hand("by hand in part")
    loop.out()
    stopped = {"deleted", "voided", "two bills"}
    status = {name: loop.status(payment) for name, payment in payments.items()}
    assert {name for name in payments if status[name] == "voided"} == stopped | {"reissued"}
    assert loop.status(reissued) == "processing"
    # Who paid by hand has closed the bill: that is told of the bill, and of the payment that was not stopped.
    assert loop.told() == {"APB-TAX-034", "APB-TAX-036"}
    loop.both_ways()
    assert loop.stops() == len(stopped) + 2  # what the bank has cleared is asked for at every run
    for name in ("deleted", "voided", "one of two", "other of two"):
        assert (loop.due(name), loop.to_pay(name)) == (100, 100), name
    for name in ("entered again", "untouched"):
        assert (loop.due(name), loop.to_pay(name)) == (0, 0), name
    assert loop.told("bills") == {"APB-TAX-030", "APB-TAX-033"}
    assert loop.vendor_payments() == {
        payments["cleared"]: "APB-TAX-036",
        payments["by hand"]: "APB-TAX-034",
        payments["in part"]: "APB-TAX-034",
    }


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_nothing_is_stopped_that_was_entered_again_by_hand_for_another_bill(loop: Loop):
    loop.order("switches", **{"avidxchange.payment_stop": "done"})
    payment, other = loop.paid(("wrong",), ("other",))
    (there,) = [one for one in loop.sandbox.books()["avidxchange"]["payments"] if str(one["id"]) == payment]
    loop.bills |= {"right": loop.order("netsuite/bills", bills=[RIGHT])["ids"][0]}
    for undone in (payment, other):
        loop.undo(undone)
    again = loop.order("netsuite/pay-by-hand", bill=loop.bills["right"], check_number=there["checkNumber"])
    loop.out()
    assert (loop.status(payment), loop.status(other)) == ("settled", "voided")
    assert loop.vendor_payments() == {payment: "APB-TAX-034"}
    # Once that one is voided too, nothing stands for it.
    loop.order("netsuite/void", id=str(again["id"]))
    loop.out()
    assert (loop.status(payment), loop.vendor_payments()) == ("voided", {})


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_only_payments_that_may_matter_are_listed(loop: Loop, monkeypatch: pytest.MonkeyPatch):
    loop.order("switches", **{"avidxchange.payment_stop": "done"})
    (old,) = loop.paid(("old",))
    loop.order("clock", advance_seconds=200 * 86400)
    (new,) = loop.paid(("new",))
    listed: list[str] = []
    read = AvidXchange.list

    def noted(self: AvidXchange, resource: str, **options: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        for one in read(self, resource, **options):
            listed.append(one["id"])
            yield one

    monkeypatch.setattr(AvidXchange, "list", noted)
    loop.undo(new)
    loop.out()
    assert (listed, loop.status(new)) == ([new], "voided")
    loop.undo(old)
    loop.out()
    assert (set(listed), loop.status(old)) == ({old, new}, "voided")


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_a_stop_that_races_with_the_bank_ends_with_one_truth(loop: Loop):
    won, lost = loop.paid(("won",), ("lost",))
    for payment in (won, lost):
        loop.undo(payment)
    loop.out()
    # It was heard, and nobody knows yet whether it came in time.
    assert loop.told() == {"APB-TAX-035"}
    loop.order("payments/void", ids=[won])
    loop.order("payments/clear", ids=[lost])
    loop.both_ways()
    assert loop.vendor_payments() == {lost: "APB-TAX-035"}
    assert (loop.due("won"), loop.to_pay("won")) == (100, 100)
    # What the bank has paid is entered again: then both books agree, and nothing is left of it.
    again = loop.by_hand("lost")
    loop.order("netsuite/edit", table="transaction", id=again, set={"externalid": payment_external_id(lost)})
    loop.both_ways()
    assert loop.told() | loop.told("bills") == set()
    assert (loop.due("lost"), loop.to_pay("lost")) == (0, 0)
    assert loop.stops() == 2


@pytest.mark.parametrize("profile", ["avidconnect"])
@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_stop_that_gets_no_answer_is_looked_up_before_it_is_sent_again(loop: Loop, drop: str):
    loop.order("switches", **{"avidxchange.payment_stop": "done"})
    (payment,) = loop.paid(("one",))
    loop.undo(payment)
    loop.order("faults", match={"path": "/stop$", "times": 1}, do={"drop": drop})
    loop.order("clock", advance_seconds=7200)
    with impatient():
        ended = loop.outbound.run()
    assert (ended is None, loop.status(payment)) == (
        (True, "voided") if drop == "after" else (False, "settled")
    )
    loop.out()
    if drop == "before":
        # The first may still arrive.
        assert (loop.told(), loop.stops()) == ({"APB-TAX-038"}, 1)
        loop.outbound.writes = {**loop.outbound.writes, "in_doubt_minutes": 0}
        loop.out()
        assert loop.stops() == 1
        loop.out()
        assert loop.stops() == 2
    else:
        assert loop.stops() == 1
    assert loop.status(payment) == "voided"
    loop.both_ways()
    assert loop.told() | loop.told("bills") == set()


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_nothing_is_stopped_that_is_only_hidden_or_that_nobody_asked_to_stop(loop: Loop, tmp_path: Path):
    loop.order("switches", **{"avidxchange.payment_stop": "done"})
    payment, other = loop.paid(("one",), ("another",))
    hidden = {"netsuite.missing_permissions": "Setup -> Deleted Records"}
    loop.order("switches", **hidden)
    loop.undo(payment)
    loop.order("clock", advance_seconds=7200)
    assert "APB-TNS-019" in str(loop.outbound.run())
    # The bill is open, and that the payment was deleted is not shown: it may be another's that is hidden.
    assert (loop.told(), loop.told("bills"), loop.stops()) == (set(), {"APB-TAX-033"}, 0)
    loop.order("switches", **{"netsuite.missing_permissions": ""})
    loop.outbound.writes = {}
    loop.out()
    assert (loop.told(), loop.told("bills"), loop.stops()) == (set(), {"APB-TAX-033"}, 0)

    loop.undo(other, "voided")
    without = tmp_path / "without.yaml"
    without.write_text("extends: avidconnect\nname: without\nresources: {payment: {stop: null}}\n")
    loop.outbound.writes = {"on_void_in_netsuite": "stop", "profile": str(without)}
    loop.out()
    assert loop.vendor_payments() == {other: "APB-TAX-037"}
    loop.outbound.streams = STREAMS[:-1]
    loop.outbound.said = ""
    loop.out()
    assert "APB-TAX-039" in loop.outbound.said
    assert loop.stops() == 0
