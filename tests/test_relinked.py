"""A vendor linked to the wrong record of AvidXchange, and put right: what was sent for it follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.links import Links
from apbridge_operator.matching.linking import Linking
from apbridge_operator.matching.reading import VENDORS
from apbridge_operator.matching.sheet import LINK, NEW, DecidedRow
from apbridge_sandbox.testing import Running, running
from tests.bill_events import FEW, BillScene
from tests.in_process import InboundHalf, OutboundHalf, impatient


@dataclass
class LinkedCompany:
    """A company whose vendor 11 AvidXchange may have, and what people decide about that."""

    sandbox: Running
    scene: BillScene
    out: OutboundHalf
    client: AvidXchange
    folder: Path
    wrong: str
    right: str

    @property
    def vendor(self) -> str:
        return f"netsuite-{self.sandbox.credentials['NETSUITE_ACCOUNT_ID']}-vendor-11"

    def decide(self, own: str | None) -> None:
        """Link the vendor, or let it be made."""
        row = DecidedRow(2, LINK if own else NEW, "vendors", self.vendor, own or "", "Eleven")
        with ExitStack() as stack:
            self._linking(stack).apply([row], self.folder, self.sandbox.credentials["NETSUITE_ACCOUNT_ID"])

    def undo(self) -> set[str]:
        """Undo the link; return the bills that were sent for it, and the credit."""
        with ExitStack() as stack:
            sent = self._linking(stack).unlink(self.vendor).sent
        names = {self.scene.external_id(name): name for name in self.scene.bills}
        return {names.get(one, "credit") for one in sent}

    def _linking(self, stack: ExitStack) -> Linking:
        ledger = stack.enter_context(Ledger(self.out.ledger_url))
        links = Links.load(str(self.folder / "links.csv"))
        return Linking(VENDORS, "vendors", self.client, ledger, links, "a person", "0")

    def run(self) -> APBridgeError | None:
        self.scene.control("/control/clock", {"advance_seconds": 7200})
        return self.out.run()

    def whose(self) -> dict[str, str]:
        """Return AvidXchange's own id of the vendor of each live invoice, by bill, and of the credit."""
        query = (
            "SELECT i.external_id, v.id FROM ax_invoice i"
            " JOIN ax_vendor v ON v.external_id = i.vendor_external_id WHERE i.status <> 'cancelled'"
        )
        shown = {row["external_id"]: str(row["id"]) for row in self.scene.read(query)}
        assert len(shown) == len(self.scene.read("SELECT id FROM ax_invoice WHERE status <> 'cancelled'"))
        names = {self.scene.external_id(name): name for name in self.scene.bills}
        return {names.get(name, "credit"): own for name, own in shown.items()}

    def told(self) -> dict[str, str | None]:
        return {name: row.code for name, row in self.scene.open_rows().items()}

    def idle(self) -> None:
        """Run once more, and see that nothing is written, but what AvidXchange refuses."""
        whose, told = self.whose(), self.told()
        self.sandbox.control("/control/calls", method="DELETE")
        assert self.run() is None
        assert self.sandbox.calls()["avidxchange"]["written"] == sum(
            one == "APB-VND-008" for one in told.values()
        )
        assert (self.whose(), self.told()) == (whose, told)


CAN, CANNOT = ("avidconnect", True), ("partner", False)


@pytest.fixture(params=[CAN, CANNOT], ids=["there", "here"])
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkedCompany]:
    """A company whose contract can set the external id of a record that is there, or cannot."""
    profile, can = request.param
    with running(vendors=12, bills=0) as sandbox, impatient():
        assert sandbox.sandbox
        with sandbox.sandbox.store.write() as books:
            books.execute(
                "DELETE FROM ns_account WHERE accttype NOT IN ('AcctPay', 'Bank')"
                " AND acctnumber NOT LIKE '60%' AND acctnumber <> '1250'"
            )
        sandbox.control("/control/switches", {"avidxchange.external_id_of_existing": can})
        order = {"records": [{"name": name, "active": True} for name in ("Wrong Inc.", "Right Inc.")]}
        wrong, right = map(str, sandbox.control("/control/avidxchange/enter/vendors", order)["ids"])
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile)))
        back = InboundHalf(sandbox, tmp_path, client, profile)
        writes = {"links": str(tmp_path / "links.csv"), "brake_percent": 100}
        spool = tmp_path / "spool"
        out = OutboundHalf(
            sandbox, back.ledger_url, spool, profile, streams=(*FEW, "vendor_credits"), writes=writes
        )
        scene = BillScene(sandbox, out, back, tmp_path)
        with client:
            made = LinkedCompany(sandbox, scene, out, client, tmp_path, wrong, right)
            made.decide(wrong)
            scene.do_enter(dict.fromkeys(("open", "in part", "approved", "paid"), "100"))
            line = {"account": "6010", "amount": "30"}
            credit = {"vendor": "11", "tranid": "CR-1", "lines": [line]}
            sandbox.control("/control/netsuite/credits", {"credits": [credit]})
            assert made.run() is None
            yield made


def test_what_was_sent_follows_a_link_that_is_put_right(company: LinkedCompany):
    scene = company.scene
    assert set(company.whose().values()) == {company.wrong}
    scene.do_approve(["in part", "approved", "paid"])
    scene.do_pay({"paid": "all", "in part": "40"})
    scene.do_back(None)
    assert company.undo() == {*scene.bills, "credit"}
    company.decide(company.right)

    # It takes a run that notes it, one that brings the vendor, and one that brings every bill.
    for _ in range(3):
        assert company.run() is None
    right = dict.fromkeys(("open", "credit"), company.right)
    assert company.whose() == {**dict.fromkeys(scene.bills, company.wrong), **right}
    assert company.told() == {
        "in part": "APB-VND-008",
        "approved": "APB-VND-008",
        "paid": "APB-VND-007",
    }
    company.idle()

    # Cancelled there by a person, it goes again: to the right one, under its own external id.
    scene.do_cancel("approved")
    assert company.run() is None
    assert company.whose()["approved"] == company.right
    assert company.told().keys() == {"in part", "paid"}
    scene.do_enter({"new": "100"})
    assert company.run() is None
    assert company.whose()["new"] == company.right
    company.idle()


def test_what_an_earlier_version_has_sent_follows_too(company: LinkedCompany):
    """It did not keep for which record of AvidXchange it had sent something."""
    scene = company.scene
    scene.do_approve(["paid"])
    scene.do_pay({"paid": "all"})
    scene.do_back(None)
    with Ledger(company.out.ledger_url) as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE apbridge_records SET facts = json_remove(facts, '$.sent_for', '$.source')"
            " WHERE facts IS NOT NULL"
        )
    company.undo()
    company.decide(company.right)
    for _ in range(3):
        assert company.run() is None
    assert company.whose() == {
        **dict.fromkeys((*scene.bills, "credit"), company.right),
        "paid": company.wrong,
    }
    assert company.told() == {"paid": "APB-VND-007"}
    company.idle()


def test_what_is_done_again_as_it_was_sends_nothing_and_what_is_decided_later_does(company: LinkedCompany):
    scene = company.scene
    company.undo()
    company.decide(company.wrong)
    company.out.state = {}
    assert company.run() is None
    assert (set(company.whose().values()), company.told()) == ({company.wrong}, {})

    scene.do_approve(["paid"])
    scene.do_pay({"paid": "all"})
    scene.do_back(None)
    company.undo()
    for _ in range(2):
        assert company.run() is None
        assert set(company.whose().values()) == {company.wrong}
    assert company.told()["vendor-11"] in {"APB-VND-004", "APB-VND-002"}

    # That there is none at all is another answer too: it is made, and what was sent goes to it.
    company.decide(None)
    for _ in range(3):
        assert company.run() is None
    whose = company.whose()
    assert {whose.pop("paid"), *whose.values()}.isdisjoint({company.right})
    assert company.wrong not in whose.values()
    assert company.told() == {"paid": "APB-VND-007"}
    company.idle()


@pytest.mark.parametrize("company", [("partner", True)], indirect=True)
def test_more_than_may_go_at_once_wait_for_a_person(company: LinkedCompany):
    # What answers say nothing is looked up, and not taken for what was sent to the other record before.
    company.scene.do_switch({"avidxchange.results": "none"})
    company.scene.do_enter({f"more {place}": "10" for place in range(20)})
    assert company.run() is None
    company.undo()
    company.decide(company.right)
    company.out.state, company.out.writes = {}, {**company.out.writes, "brake_percent": 10}
    ended = company.run()
    assert ended is not None
    assert ended.code == "APB-BRK-010"
    whose = company.whose()
    assert (whose.pop("credit"), set(whose.values())) == (company.right, {company.wrong})
    assert set(company.told().values()) == {"APB-BRK-003"}
    company.out.writes = {**company.out.writes, "brake_off": True}
    assert company.run() is None
    assert (set(company.whose().values()), company.told()) == ({company.right}, {})
