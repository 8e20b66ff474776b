"""Whatever breaks on the way, each settled payment is one vendor payment: judged by both books."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import Any

import pytest

from tests.inbound import Inbound
from tests.waiting import are_all_held, held, until

pytestmark = pytest.mark.long

OVERLOAD = "CONCURRENCY_LIMIT_EXCEEDED"


def refusal(status: int, code: str) -> dict[str, Any]:
    """What NetSuite answers when it does not do it."""
    return {"status": status, "body": {"o:errorDetails": [{"detail": "No.", "o:errorCode": code}]}}


MISHAPS = (
    {"drop": "after"},
    {"drop": "before"},
    {"status": 502, "html": True},
    {"status": 200, "html": True},
    {"status": 204},
    refusal(500, "UNEXPECTED_ERROR"),
    {"status": 500},
    refusal(409, "RCRD_HAS_BEEN_CHANGED"),
    refusal(429, OVERLOAD),
    refusal(400, OVERLOAD),
    refusal(401, "INVALID_LOGIN"),
    {"status": 503, "headers": {"Retry-After": "1"}},
)


@pytest.mark.parametrize("drop", ["after", "before"])
def test_every_single_write_loses_its_answer(inbound: Inbound, drop: str):
    inbound.pay_each()
    inbound.fault({"drop": drop}, times=len(inbound.bills))
    inbound.run_until_done()
    assert inbound.disagreements() == []


def test_every_mishap_that_a_write_can_have(inbound: Inbound):
    inbound.pay_each()
    for mishap in MISHAPS:
        inbound.fault(mishap, times=2)
        inbound.fault(mishap, path="suiteql", times=1)
    inbound.run_until_done()
    assert inbound.run()[0] == 0  # what NetSuite failed at three times was set aside
    assert inbound.disagreements() == []
    assert len(inbound.posted()) == len(inbound.bills)


def test_killed_again_and_again(inbound: Inbound):
    inbound.pay_each()
    for posted in (1, 6):
        inbound.fault({"hold": True, "drop": "after"}, nth=1 + posted, times=1000)
        pipeline = inbound.start()
        until(lambda: held(inbound.control))
        pipeline.target.kill()
        assert inbound.end(pipeline) == -signal.SIGKILL
        until(lambda: are_all_held(inbound.control))
        inbound.end_faults()
    inbound.fault({"hold": True}, method="GET", path="/v1/payments", times=1000)
    pipeline = inbound.start()
    pipeline.tap.kill()
    inbound.end(pipeline)
    inbound.end_faults()
    assert inbound.run()[0] == 0
    assert inbound.disagreements() == []
    inbound.writes()
    assert inbound.run()[0] == 0
    assert inbound.writes() == 0


def test_told_to_stop_while_it_posts(inbound: Inbound):
    inbound.pay_each()
    inbound.fault({"hold": True}, nth=4, times=1000)
    pipeline = inbound.start()
    until(lambda: held(inbound.control))
    pipeline.target.terminate()
    until(lambda: inbound.control("/control/faults/let-go") and not pipeline.target.is_alive())
    assert inbound.end(pipeline) == 128 + signal.SIGTERM
    assert 0 < len(inbound.posted()) < len(inbound.bills)
    assert inbound.state == {}
    inbound.end_faults()
    assert inbound.run()[0] == 0
    assert inbound.disagreements() == []


@pytest.mark.parametrize("ledgers", [("one", "one"), ("one", "another")])
def test_two_runs_at_once(inbound: Inbound, ledgers: tuple[str, str]):
    inbound.pay_each()
    inbound.fault({"delay_ms": 100})
    under_way = [inbound.start(ledger) for ledger in ledgers]
    assert [inbound.end(pipeline) for pipeline in under_way] == [0, 0], under_way[1].log
    assert inbound.disagreements() == []
    inbound.writes()
    # The STATE is of the ledger whose run ended last.
    code, log = inbound.run(ledgers[-1])
    assert code == 0, log
    assert inbound.writes() == 0


def test_the_ledger_is_lost(inbound: Inbound):
    [by_hand], [voided], [reissued] = inbound.take(), inbound.take(), inbound.take()
    number = inbound.check_number(inbound.pay(by_hand))
    inbound.by_hand(by_hand, number)
    gone, again = inbound.pay(voided), inbound.pay(reissued)
    inbound.pay_each()
    assert inbound.run(on_void="delete")[0] == 0
    inbound.control("/control/payments/void", {"ids": [gone]})
    inbound.control("/control/payments/reissue", {"id": again})
    inbound.control("/control/payments/settle", {"ids": "all"})
    assert inbound.run(on_void="restlet")[0] == 0
    before = inbound.books.netsuite
    inbound.writes()
    code, log = inbound.run("lost")
    assert code == 1
    assert "APB-SNG-006" in log
    inbound.state = {}
    code, log = inbound.run("lost")
    assert (code, inbound.writes()) == (0, 0), log
    assert inbound.books.netsuite == before
    assert inbound.reasons("lost") == {}


def test_what_does_not_fit_the_books_is_said_and_posts_nothing(inbound: Inbound):
    said: dict[str, str] = {}
    first, closed = inbound.take(2)
    [same], [other], [deleted], [on_hold] = (inbound.take() for _ in range(4))
    [larger], [foreign], [mistyped], [part] = (inbound.take() for _ in range(4))
    [canadian] = inbound.take(currency="CAD")

    linked = inbound.pay(same)
    inbound.by_hand(same, inbound.check_number(linked))
    said[inbound.pay(other)] = "APB-PAY-026"
    inbound.by_hand(other, "7001")
    said[inbound.pay(deleted)] = "APB-PAY-020"
    inbound.control("/control/netsuite/delete", {"type": "vendorbill", "id": str(deleted["id"])})
    said[inbound.pay(on_hold)] = "APB-PAY-025"
    inbound.edit("transaction", str(on_hold["id"]), paymenthold="T")
    said[inbound.pay(larger)] = "APB-PAY-027"
    inbound.by_hand(larger, "7002", "0.01")
    said[inbound.pay(foreign)] = "APB-PAY-021"
    inbound.edit("transaction", str(foreign["id"]), entity=int(first["vendor"]))
    said[inbound.pay(first, closed)] = "APB-PAY-026"
    inbound.by_hand(closed, "7003")
    half = inbound.pay(mistyped, amount="5.00")
    said[half] = "APB-PAY-045"
    inbound.by_hand(mistyped, inbound.check_number(half), "4.00")
    fitting = [inbound.pay(part, amount="1.01", discount="0.02"), inbound.pay(canadian)]
    before = {
        bill["id"]: inbound.unpaid(bill) for bill in (same, other, on_hold, larger, mistyped, first, closed)
    }

    code, log = inbound.run()
    assert code == 0, log
    assert sorted(one["externalid"].rpartition("-")[2] for one in inbound.posted()) == sorted(
        [*fitting, linked]
    )
    assert {bill: inbound.unpaid({"id": bill}) for bill in before} == before
    assert inbound.unpaid(part) == Decimal(part["unpaid"]) - Decimal("1.03")
    assert (inbound.unpaid(canadian), inbound.posted(fitting[1])[0]["currency"]) == (0, "CAD")
    assert inbound.reasons() == said

    inbound.edit("transaction", str(on_hold["id"]), paymenthold="F")
    assert inbound.run()[0] == 0
    assert inbound.unpaid(on_hold) == 0
    assert len(inbound.posted()) == len(fitting) + 2


def test_a_closed_period_is_said_and_posted_once_it_is_open(inbound: Inbound):
    [bill] = inbound.take()
    payment = inbound.pay(bill)
    inbound.period("2026-11-01", aplocked="T")
    assert inbound.run()[0] == 0
    assert inbound.reasons() == {payment: "APB-PAY-029"}
    assert inbound.posted() == []
    inbound.period("2026-11-01", aplocked="F")
    assert inbound.run()[0] == 0
    assert len(inbound.posted(payment)) == 1
    assert inbound.unpaid(bill) == 0


@pytest.mark.parametrize("on_void", ["delete", "restlet", "reject"])
def test_voids_and_reissues(inbound: Inbound, on_void: str):
    early, late, reissued, (one, two) = *(inbound.take()[0] for _ in range(3)), inbound.take(2)
    before = inbound.pay(early)
    inbound.control("/control/payments/void", {"ids": [before]})
    after, again, both = inbound.pay(late), inbound.pay(reissued), inbound.pay(one, two)
    assert inbound.run(on_void=on_void)[0] == 0
    assert inbound.posted(before) == []
    inbound.control("/control/payments/void", {"ids": [after, both]})
    new = inbound.control("/control/payments/reissue", {"id": again})["id"]
    inbound.control("/control/payments/settle", {"ids": [new]})
    inbound.fault({"drop": "after"}, method="DELETE", times=2)
    inbound.fault({"drop": "after"}, path="restlet", times=2)
    inbound.run_until_done(on_void=on_void)
    if on_void == "reject":
        assert inbound.reasons() == {
            **dict.fromkeys((after, again, both), "APB-PAY-060"),
            new: "APB-PAY-026",
        }
        inbound.run_until_done(on_void="delete")
        assert inbound.run(on_void="delete")[0] == 0
    assert [inbound.unpaid(bill) for bill in (early, late, one, two)] == [
        Decimal(bill["unpaid"]) for bill in (early, late, one, two)
    ]
    assert inbound.unpaid(reissued) == 0
    assert len(inbound.posted(new)) == 1
    assert inbound.reasons() == {}


def test_a_void_that_netsuite_fails_at_each_time_does_not_hold_the_others_up(inbound: Inbound):
    [first], [second] = inbound.take(), inbound.take()
    payment = inbound.pay(first)
    assert inbound.run()[0] == 0
    inbound.control("/control/payments/void", {"ids": [payment]})
    inbound.pay(second)
    inbound.fault(
        {"status": 500, "body": {"error": {"code": "UNEXPECTED_ERROR", "message": "No."}}}, path="restlet"
    )
    code, log = inbound.run(on_void="restlet")
    assert code == 0, log
    assert inbound.unpaid(second) == 0
    assert inbound.reasons() == {payment: "APB-PAY-061"}


def test_a_success_that_names_no_payment_is_doubt(inbound: Inbound):
    [bill] = inbound.take()
    inbound.pay(bill)
    inbound.fault({"status": 204})
    code, log = inbound.run()
    assert (code, inbound.state) == (1, {})
    assert "APB-PAY-051" in log
    assert inbound.posted() == []
