"""What a killed run has sent to NetSuite arrives after other runs have looked: judged by both books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.inbound import Inbound


@pytest.mark.parametrize("on_void", ["delete", "restlet", "reject"])
def test_a_payment_that_arrives_after_its_void_was_read(inbound: Inbound, on_void: str):
    [bill] = inbound.take()
    payment = inbound.pay(bill)
    inbound.killed_on_the_wire()
    inbound.control("/control/payments/void", {"ids": [payment]})
    code, log = inbound.run(on_void=on_void)
    assert code == 0, log
    assert "NetSuite has no such payment" in log
    assert "APB-SNG-019" in log
    inbound.let_go()
    assert len(inbound.posted(payment)) == 1
    code, log = inbound.run_half_an_hour_later(on_void=on_void)
    assert code == 0, log
    if on_void == "reject":
        assert inbound.reasons() == {payment: "APB-PAY-060"}
        assert inbound.run(on_void="delete")[0] == 0
    assert inbound.live(payment) == []
    assert inbound.unpaid(bill) == Decimal(bill["unpaid"])
    assert inbound.reasons() == {}
    inbound.writes()
    assert inbound.run_half_an_hour_later(on_void=on_void)[0] == 0
    assert inbound.writes() == 0


def test_the_reissue_takes_the_bill_before_the_voided_one_arrives(inbound: Inbound):
    [bill] = inbound.take()
    payment = inbound.pay(bill)
    inbound.killed_on_the_wire()
    again = inbound.control("/control/payments/reissue", {"id": payment})["id"]
    inbound.control("/control/payments/settle", {"ids": [again]})
    assert inbound.run(on_void="delete")[0] == 0
    inbound.let_go()
    assert inbound.run_half_an_hour_later(on_void="delete")[0] == 0
    assert inbound.disagreements() == []
    assert (inbound.live(payment), len(inbound.live(again)), inbound.unpaid(bill)) == ([], 1, 0)
    assert inbound.reasons() == {}
