"""Vendor credits on their way out, by cases: what both books hold, and what is told where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge.ledger import Ledger, Status
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Reconciliation, reconcile
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf, impatient, netsuite_config

pytestmark = pytest.mark.long

STREAMS = ("vendors", "gl_accounts", "departments", "bills", "vendor_credits")
VENDOR = "11"
NOTHING: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Case:
    """Two bills of 100.00 and a credit of 40.00 of one vendor, and what happens to the credit.

    Attributes:
        there: What AvidXchange may still use of the credit at the end; None where it has none.
        then: What is done in NetSuite after it was submitted, in order.
        before: … before the first run.
        uses: What a payment in AvidXchange uses of it between the two.
        settles: Whether that payment is settled, or on its way.
        code: What is told of it at the end.
        entered: How the credit is entered otherwise.
    """

    there: str | None
    then: Sequence[tuple[str, str]] = NOTHING
    before: Sequence[tuple[str, str]] = NOTHING
    uses: str | None = None
    settles: bool = True
    code: str | None = None
    entered: Mapping[str, Any] | None = None


APPLIED = ("apply", "40.00")
CASES = {
    "entered": Case("40.00"),
    "applied in part before": Case("25.00", before=[("apply", "15.00")]),
    "applied to a cent before": Case("0.01", before=[("apply", "39.99")]),
    "applied in full before": Case(None, before=[APPLIED]),
    "voided before": Case(None, before=[("void", "")]),
    "deleted before": Case(None, before=[("delete", "")]),
    "held before": Case(None, before=[("hold", "T")]),
    "held before, and let go": Case("40.00", before=[("hold", "T")], then=[("hold", "F")]),
    "waiting for approval, and approved": Case("40.00", before=[("pending", "")], then=[("approved", "")]),
    "waiting for approval": Case(None, before=[("pending", "")]),
    "in another currency": Case("40.00", entered={"currency": 2}),
    "of another subsidiary": Case("40.00", entered={"subsidiary": 2}),
    "with another payables account": Case("40.00", entered={"ap_account": 111}),
    "without a number": Case("40.00", before=[("number", "")]),
    "applied in part by hand": Case("30.00", then=[("apply", "10.00")]),
    "applied twice by hand": Case("15.00", then=[("apply", "10.00"), ("apply", "25.00")]),
    "applied in full by hand": Case(None, then=[APPLIED]),
    "applied and taken off again": Case("40.00", then=[APPLIED, ("apply", "0")]),
    "held": Case(None, then=[("hold", "T")]),
    "voided": Case(None, then=[("void", "")]),
    "deleted": Case(None, then=[("delete", "")]),
    "a line's memo edited": Case("40.00", then=[("memo", "Credit for returned pipes")]),
    "used and posted": Case("25.00", uses="15.00", then=[("apply", "15.00")]),
    "used in full and posted": Case("0.00", uses="40.00", then=[APPLIED]),
    "used, not posted yet": Case("25.00", uses="15.00"),
    "used and posted, of a part": Case(
        "10.00", before=[("apply", "15.00")], uses="15.00", then=[("apply", "30.00")]
    ),
    "on its way": Case("40.00", uses="15.00", settles=False),
    "on its way, and applied": Case("40.00", uses="40.00", settles=False, then=[APPLIED], code="APB-TAX-060"),
    "on its way, and applied in part": Case(
        "40.00", uses="40.00", settles=False, then=[("apply", "1")], code="APB-TAX-060"
    ),
    "on its way, and held": Case(
        "40.00", uses="5.00", settles=False, then=[("hold", "T")], code="APB-TAX-060"
    ),
    "on its way, and voided": Case(
        "40.00", uses="5.00", settles=False, then=[("void", "")], code="APB-TAX-060"
    ),
    "on its way, and deleted": Case(
        "40.00", uses="5.00", settles=False, then=[("delete", "")], code="APB-TAX-060"
    ),
    "used, posted, and applied": Case("25.00", uses="15.00", then=[("apply", "40.00")], code="APB-TAX-060"),
    "used, and voided": Case("25.00", uses="15.00", then=[("void", "")], code="APB-TAX-060"),
    "used in full, and voided": Case("0.00", uses="40.00", then=[("void", "")], code="APB-TAX-061"),
    "used in full, and deleted": Case("0.00", uses="40.00", then=[("delete", "")], code="APB-TAX-061"),
    "used, and a line's memo edited": Case("25.00", uses="15.00", then=[("memo", "x")], code="APB-TAX-062"),
}


class CreditLoop:
    """Both systems, the way out, and a bill and a credit for each case."""

    def __init__(self, sandbox: Running, folder: Path, profile: str, ledger: str | None = None) -> None:
        self.control = sandbox.control
        self._sandbox = sandbox
        self._ledger = ledger or f"sqlite:///{folder / 'ledger.db'}"
        self._out = OutboundHalf(
            sandbox, self._ledger, folder / "spool", profile, streams=STREAMS, writes={"brake_off": True}
        )
        self._avidxchange = sandbox.avidxchange_settings(profile)
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.credits: dict[str, str] = {}
        self._to_pay: dict[str, str] = {}
        self._by_hand: dict[str, str] = {}

    def enter(self, cases: Mapping[str, Case]) -> None:
        lines = [{"account": "6010", "amount": "30.00"}, {"account": "6020", "amount": "10.00"}]
        entered = [
            {"vendor": VENDOR, "tranid": f"CR {name}", "lines": lines, **(case.entered or {})}
            for name, case in cases.items()
        ]
        ids = self.control("/control/netsuite/credits", {"credits": entered})["ids"]
        self.credits = dict(zip(cases, ids, strict=True))
        self._to_pay, self._by_hand = self._bills(cases, "AvidXchange"), self._bills(cases, "hand")

    def _bills(self, names: Iterable[str], for_whom: str) -> dict[str, str]:
        lines = [{"account": "6010", "amount": "100.00"}]
        bills = [{"vendor": VENDOR, "tranid": f"{for_whom} {name}", "lines": lines} for name in names]
        return dict(zip(names, self.control("/control/netsuite/bills", {"bills": bills})["ids"], strict=True))

    def happen(self, name: str, what: str, value: str) -> None:
        number = self.credits[name]
        edits: dict[str, Mapping[str, Any]] = {
            "hold": {"paymenthold": value},
            "pending": {"approvalstatus": 1, "status": "D"},
            "approved": {"approvalstatus": 2, "status": "A"},
            "number": {"tranid": None},
        }
        if what in edits:
            order = {"table": "transaction", "id": number, "set": edits[what]}
            self.control("/control/netsuite/edit", order)
        elif what == "memo":
            context = self._sandbox.sandbox
            assert context
            with context.store.connection() as conn:
                query = 'SELECT uniquekey FROM ns_transactionline WHERE "transaction" = ? AND id = 1'
                line = conn.execute(query, (int(number),)).fetchone()["uniquekey"]
            order = {"table": "transactionline", "id": str(line), "set": {"memo": value}}
            self.control("/control/netsuite/edit", order)
        elif what == "apply":
            order = {"credit": number, "bill": self._by_hand[name], "amount": value}
            self.control("/control/netsuite/apply-credit", order)
        elif what == "void":
            self.control("/control/netsuite/void-credit", {"id": number})
        else:
            self.control("/control/netsuite/delete", {"type": "vendorcredit", "id": number})

    def out(self) -> None:
        self.control("/control/clock", {"advance_seconds": 7200})
        ended = self._out.run()
        assert ended is None, ended

    def use(self, name: str, case: Case) -> Any:  # noqa: ANN401
        shares = [
            {"external_id": self.invoice(name), "amount": "100.00"},
            {"external_id": self.name_of(name), "amount": f"-{case.uses}"},
        ]
        paid = self.control("/control/payments/pay", {"invoices": shares})
        if case.settles:
            self.control("/control/payments/settle", paid)
        return paid

    def name_of(self, name: str) -> str:
        return f"netsuite-{self._account}-vendorcredit-{self.credits[name]}"

    def invoice(self, name: str) -> str:
        return f"netsuite-{self._account}-vendorbill-{self._to_pay[name]}"

    def available(self) -> dict[str, str | None]:
        """Return what AvidXchange may still use of each credit; None of one that it has not."""
        found = {
            one["externalId"]: str(one["amountAvailable"])
            for one in self._sandbox.books()["avidxchange"]["credits"]
            if one["status"] != "cancelled"
        }
        return {name: found.get(self.name_of(name)) for name in self.credits}

    def unpaid(self) -> dict[str, str]:
        """Return what is open in NetSuite of the bills that AvidXchange pays."""
        found = {one["id"]: one["unpaid"] for one in self._sandbox.books()["netsuite"]["bills"]}
        return {name: found[number] for name, number in self._to_pay.items()}

    def in_netsuite(self) -> dict[str, Decimal]:
        """Return what NetSuite has left of each credit that is not held."""
        context = self._sandbox.sandbox
        assert context
        with context.store.connection() as conn:
            held = {
                str(row["id"])
                for row in conn.execute("SELECT id FROM ns_transaction WHERE paymenthold = 'T'")
            }
        books = self._sandbox.books()["netsuite"]["credits"]
        usable = (one for one in books if one["status"] == "A" and one["id"] not in held)
        found = {one["id"]: Decimal(one["available"]) for one in usable}
        return {name: found.get(number, Decimal(0)) for name, number in self.credits.items()}

    def reconciled(self) -> Reconciliation:
        """Compare both systems, as `apbridge reconcile` does."""
        with (
            Ledger(self._ledger) as ledger,
            NetSuite(NetSuiteSettings.from_config(netsuite_config(self._sandbox))) as netsuite,
            AvidXchange(AvidXchangeSettings.from_config(self._avidxchange)) as avidxchange,
        ):
            return reconcile(netsuite, avidxchange, ledger)

    def codes(self) -> dict[str, str]:
        with Ledger(self._ledger) as ledger:
            rows = ledger.all_rows("avidxchange", "vendor_credits", (Status.REJECTED, Status.WAITING))
            names = {self.name_of(name): name for name in self.credits}
            return {names[row.external_id]: str(row.code) for row in rows if row.external_id in names}


@pytest.fixture(params=shipped())
def both_ways(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[CreditLoop, InboundHalf]]:
    profile = request.param
    with running(vendors=20, bills=0) as sandbox, impatient():
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile)))
        half = InboundHalf(sandbox, tmp_path, client, profile)
        yield CreditLoop(sandbox, tmp_path, profile, half.ledger_url), half
        client.close()


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[CreditLoop]:
    with running(vendors=20, bills=0) as sandbox:
        yield CreditLoop(sandbox, tmp_path, "avidconnect")


def test_both_books_hold_what_they_should(loop: CreditLoop):
    loop.enter(CASES)
    for name, case in CASES.items():
        for what, value in case.before:
            loop.happen(name, what, value)
    loop.out()
    assert loop.codes() == {}
    used = [name for name, case in CASES.items() if case.uses]
    loop.control("/control/invoices/approve", {"external_ids": [loop.invoice(name) for name in used]})
    for name in used:
        loop.use(name, CASES[name])
    for name, case in CASES.items():
        for what, value in case.then:
            loop.happen(name, what, value)
    loop.out()
    told = {name: case.code for name, case in CASES.items() if case.code}
    assert loop.codes() == told
    assert loop.available() == {name: case.there for name, case in CASES.items()}
    here = loop.in_netsuite()
    for name, left in loop.available().items():
        # What AvidXchange could use beyond what NetSuite has would be used twice: somebody is told of it.
        waits = CASES[name].uses and not CASES[name].then
        assert name in told or waits or Decimal(left or 0) <= here[name], name
    differing = {one.number for one in loop.reconciled().differences if one.kind == "credit"}
    unlike = [name for name in CASES if Decimal(loop.available()[name] or 0) != here[name]]
    assert differing == {f"CR {name}" for name in unlike}
    # Nothing is made of nothing: a run without news writes only what is refused again.
    loop.control("/control/calls", method="DELETE")
    loop.out()
    again = [code for code in told.values() if code != "APB-TAX-061"]
    assert loop.codes() == told
    assert loop.available() == {name: case.there for name, case in CASES.items()}
    assert sum(loop.control("/control/calls", method="GET")["avidxchange"]["refusals"].values()) == len(again)


PAID = {
    "a part": Case("25.00", uses="15.00"),
    "all of it": Case("0.00", uses="40.00"),
    "of a part": Case("10.00", before=[("apply", "15.00")], uses="15.00"),
}


def test_a_payment_that_comes_home_leaves_both_books_alike(both_ways: tuple[CreditLoop, InboundHalf]):
    loop, half = both_ways
    loop.enter(PAID)
    loop.happen("of a part", "apply", "15.00")
    loop.out()
    loop.control("/control/invoices/approve", {"external_ids": [*map(loop.invoice, PAID)]})
    payments = {name: loop.use(name, case) for name, case in PAID.items()}
    loop.control("/control/clock", {"advance_seconds": 60})
    assert half.run() is None
    assert half.rejected() == {}
    assert loop.unpaid() == dict.fromkeys(PAID, "0.00")
    for _ in range(2):
        loop.out()
        assert loop.codes() == {}
        assert loop.available() == {name: case.there for name, case in PAID.items()}
        assert loop.in_netsuite() == {name: Decimal(case.there or 0) for name, case in PAID.items()}

    # A void frees what it used, on both sides.
    loop.control("/control/payments/void", payments["a part"])
    loop.control("/control/clock", {"advance_seconds": 60})
    assert half.run(on_void="delete") is None
    loop.out()
    assert loop.codes() == {}
    assert (loop.available()["a part"], loop.in_netsuite()["a part"]) == ("40.00", Decimal("40.00"))
