"""What a killed run has sent arrives after other runs have looked at NetSuite."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import OutcomeUnknownError
from tests.waiting import PATIENCE

from .company import PostingCompany
from .program import Target, start
from .records import in_full, messages, paying, voided

STATUS = "custbody_avidxchange_status"


class DelayedCall:
    """A call of a run that was killed, on its way to NetSuite."""

    def __init__(self, company: PostingCompany, target: Target, config: Path) -> None:
        self._company = company
        self._target = target
        self._config = config

    def killed(
        self,
        *records: Mapping[str, Any],
        method: str = "POST",
        path: str = "/vendorPayment",
        stream: str = "payments",
    ) -> None:
        """Run until such a call is on the wire, and kill the run there."""
        self._company.fault({"hold": True}, method=method, path=path, times=1)
        process = start(self._target, self._config, messages(records, stream))
        self._company.until_held(1)
        process.kill()
        process.wait(timeout=PATIENCE)

    def let_go(self) -> None:
        """Let it arrive, and wait until it is dealt with."""
        self._company.control("/control/faults/let-go", {})
        self._company.until_held(0)


@pytest.fixture
def wire(company: PostingCompany, target: Target, tmp_path: Path) -> DelayedCall:
    return DelayedCall(company, target, tmp_path / "config.json")


def test_a_payment_that_arrives_after_its_void_was_read(
    company: PostingCompany, target: Target, wire: DelayedCall
):
    bill = company.bill()
    record = in_full(bill)
    wire.killed(record)
    ran = target.run(voided(record), on_void="delete")
    assert ran.counts == {"ignored": 1}
    assert "APB-SNG-019" in ran.log
    wire.let_go()
    assert company.unpaid(bill) == 0
    assert target.run(on_void="delete").counts == {}, "it may not be the last that comes"
    assert target.run_half_an_hour_later(on_void="delete").counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


def test_a_payment_that_never_arrives_is_looked_for_once_more(
    company: PostingCompany, target: Target, wire: DelayedCall
):
    bill = company.bill()
    record = in_full(bill)
    wire.killed(record)
    target.run(voided(record))
    ran = target.run_half_an_hour_later()
    assert ran.counts == {"ignored": 1}
    assert "APB-SNG-019" not in ran.log
    company.forget_calls()
    assert target.run_half_an_hour_later(voided(record)).counts == {"unchanged": 1}
    assert company.calls == 0
    assert company.unpaid(bill) == bill.unpaid


def test_a_payment_that_another_run_has_posted_meanwhile(
    company: PostingCompany, target: Target, wire: DelayedCall
):
    bill = company.bill()
    record = paying((bill, "2.00"))
    wire.killed(record)
    assert target.run(record).counts == {"delivered": 1}
    wire.let_go()
    assert company.sandbox.calls()["netsuite"]["refusals"] == {"DUP_RCRD": 1}
    company.forget_calls()
    assert target.run_half_an_hour_later().counts == {"unchanged": 1}
    assert company.writes == 0
    assert company.payment(record).applied == {bill.id: 2}
    assert company.unpaid(bill) == bill.unpaid - 2


def test_a_payment_that_arrives_after_it_was_posted_and_undone(
    company: PostingCompany, target: Target, wire: DelayedCall
):
    """Its external id is free again once the first one is deleted."""
    bill = company.bill()
    record = in_full(bill)
    wire.killed(record)
    assert target.run(record).counts == {"delivered": 1}
    assert target.run(voided(record), on_void="delete").counts == {"delivered": 1}
    wire.let_go()
    assert company.unpaid(bill) == 0
    assert target.run_half_an_hour_later(on_void="delete").counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


def test_a_payment_whose_run_was_cut_off_and_that_arrives_after_its_void(
    company: PostingCompany, target: Target
):
    """Its run lives and ends, and cannot tell what became of it."""
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "late"}, times=3)
    with pytest.raises(OutcomeUnknownError):
        target.run(record)
    assert target.run(voided(record), on_void="delete").counts == {"ignored": 1}
    company.control("/control/faults/let-go", {})
    company.until_held(0)
    assert company.unpaid(bill) == 0
    assert target.run_half_an_hour_later(on_void="delete").counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


def test_a_payment_that_was_sent_twice_by_one_run_and_arrives_after_it_was_undone(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "late"}, times=1)
    assert target.run(record).counts == {"delivered": 1}
    assert company.writes == 2
    assert target.run(voided(record), on_void="delete").counts == {"delivered": 1}
    company.control("/control/faults/let-go", {})
    company.until_held(0)
    assert company.unpaid(bill) == 0
    assert target.run_half_an_hour_later(on_void="delete").counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


@pytest.mark.parametrize("on_void", ["delete", "restlet"])
def test_an_undoing_that_arrives_after_another_run_has_undone_it(
    company: PostingCompany, target: Target, wire: DelayedCall, on_void: str
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    target.config["on_void"] = on_void
    method, path = ("DELETE", "/vendorPayment") if on_void == "delete" else ("POST", "restlet")
    wire.killed(voided(record), method=method, path=path)
    assert target.run(voided(record)).counts == {"delivered": 1}
    wire.let_go()
    target.run_half_an_hour_later()
    assert [payment.is_voided for payment in company.payments(record["external_id"])] in ([], [True])
    assert company.unpaid(bill) == bill.unpaid
    assert target.row(record).code is None


def test_an_undoing_that_arrives_after_people_were_asked(
    company: PostingCompany, target: Target, wire: DelayedCall
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    target.config["on_void"] = "delete"
    wire.killed(voided(record), method="DELETE")
    assert target.run(voided(record), on_void="reject").counts == {"rejected": 1}
    wire.let_go()
    assert target.run(on_void="reject").counts == {"ignored": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_a_status_that_arrives_after_a_newer_one(company: PostingCompany, target: Target, wire: DelayedCall):
    bill = company.bill()
    approved = {
        "id": f"i-{bill.id}",
        "external_id": bill.external_id,
        "status": "approved",
        "status_reason": None,
        "total": bill.unpaid,
        "amount_paid": Decimal(0),
        "modified_at": "2026-11-02T15:00:00Z",
    }
    paid = {**approved, "status": "paid", "modified_at": "2026-11-02T16:00:00Z"}
    target.config["status_field"] = STATUS
    wire.killed(approved, method="PATCH", path="/vendorBill", stream="invoices")
    assert target.run(paid, stream="invoices").counts == {"delivered": 1}
    wire.let_go()
    assert company.custom(bill.id)[STATUS] == "approved"
    assert target.run_half_an_hour_later(stream="invoices").counts == {"delivered": 1}
    assert company.custom(bill.id)[STATUS] == "paid"
