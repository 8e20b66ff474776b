"""Whatever happens on the way, a payment is posted once: doubt is looked up, never guessed."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import OutcomeUnknownError, SettingError, UnavailableError
from apbridge.http import retry
from apbridge.ledger import Ledger, Status
from apbridge_sandbox.testing import running
from tests.waiting import PATIENCE, are_all_held, held, until

from .company import PostingCompany
from .program import Target, start
from .records import in_full, messages, paying, voided

pytestmark = pytest.mark.long


def refusal(status: int, code: str, detail: str = "No.") -> dict[str, Any]:
    """What NetSuite answers when it does not do it."""
    return {"status": status, "body": {"o:errorDetails": [{"detail": detail, "o:errorCode": code}]}}


def test_a_time_out_after_every_single_write_of_two_hundred(tmp_path: Path):
    """Payments of one bill, of two, and of a bill's parts: each write is committed and its answer lost."""
    with running(vendors=16, bills=400) as sandbox:
        company, target = PostingCompany(sandbox), Target(sandbox, tmp_path)
        whole = [company.bill() for _ in range(120)]
        records = [in_full(bill) for bill in whole]
        pairs = [company.bills(2) for _ in range(30)]
        records += [in_full(*pair) for pair in pairs]
        parted = [company.bill() for _ in range(25)]
        for bill in parted:
            records += [paying((bill, "1.00", "0.25")), paying((bill, bill.unpaid - Decimal("1.25")))]
        company.fault({"drop": "after"})
        assert len(records) == 200
        assert target.run(*records).counts == {"delivered": 200}
        posted = Counter(payment.external_id for payment in company.payments() if payment.external_id)
        assert posted == dict.fromkeys((record["external_id"] for record in records), 1)
        assert {company.unpaid(bill) for bill in (*whole, *parted, *chain(*pairs))} == {0}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"drop": "before"}, id="dropped"),
        pytest.param({"status": 502, "html": True}, id="a proxy's page"),
        pytest.param({"status": 503}, id="unavailable"),
        pytest.param({"status": 429}, id="overloaded"),
        pytest.param(refusal(500, "UNEXPECTED_ERROR"), id="unexpected error"),
        pytest.param(refusal(400, "RCRD_HAS_BEEN_CHANGED"), id="record has been changed"),
    ],
)
def test_a_write_that_was_not_carried_out_is_sent_again(
    company: PostingCompany, target: Target, fault: Mapping[str, Any]
):
    bill = company.bill()
    company.fault(fault, times=1)
    record = in_full(bill)
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}


def test_a_commit_that_comes_late_is_waited_for(company: PostingCompany, target: Target):
    """NetSuite broke the connection off and posts all the same, between two look-ups."""
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "after"})
    company.fault(
        {"status": 200, "body": {"items": [], "hasMore": False, "totalResults": 0}}, path="suiteql", nth=7
    )
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}
    assert company.writes == 1


def test_a_late_commit_costs_one_post(
    company: PostingCompany, target: Target, monkeypatch: pytest.MonkeyPatch
):
    """NetSuite cuts the connection at once, and posts after it was looked up twice in vain."""
    monkeypatch.setattr(retry, "PAUSES", (0.0, *[0.05] * 600))
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "late"}, times=1)
    # Six look-ups go before the write.
    with company.on_the_wire("POST", "/suiteql", nth=9) as let_go, ThreadPoolExecutor(1) as pool:

        def commit() -> None:
            company.until_held(2)
            let_go()

        committed = pool.submit(commit)
        assert target.run(record).counts == {"delivered": 1}
        committed.result(timeout=300)
    assert company.payment(record).applied == {bill.id: bill.unpaid}
    assert company.writes == 1


def test_what_cannot_be_found_out_fails_the_run_and_holds_the_bookmark(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "before"})
    with pytest.raises(OutcomeUnknownError):
        target.run(record)
    assert company.payments(record["external_id"]) == []
    company.control("/control/faults", method="DELETE")
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}


def test_a_payment_that_netsuite_fails_at_each_time_does_not_hold_the_others_up(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    company.fault(refusal(500, "UNEXPECTED_ERROR", "Error ID: 7"), times=3)
    # On one bill, so that one goes after the other.
    first, second = paying((bill, "1.00")), paying((bill, "2.00"))
    assert target.run(first, second).counts == {"delivered": 1, "rejected": 1}
    assert (target.row(first).code, company.payments(first["external_id"])) == ("APB-PAY-053", [])
    assert company.unpaid(bill) == bill.unpaid - 2
    assert target.run().counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid - 3


def test_it_is_not_sent_again_while_something_happens_to_its_bill(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, "1.00"))

    def pay_by_hand() -> None:
        company.pay_by_hand(bill, bill.unpaid - 5, "hand-2")

    with (
        company.meanwhile("POST", "/vendorPayment", pay_by_hand, status=502, html=True),
        pytest.raises(OutcomeUnknownError),
    ):
        target.run(record)
    assert company.payments(record["external_id"]) == []
    assert target.run(record).counts == {"delivered": 1}
    assert company.unpaid(bill) == 4


def test_a_role_that_may_not_post_fails_the_run(company: PostingCompany, target: Target):
    company.fault(refusal(403, "INSUFFICIENT_PERMISSION", "Permission Violation"))
    with pytest.raises(SettingError, match="Permission Violation"):
        target.run(in_full(company.bill()))


def test_netsuite_that_is_not_there_fails_the_run(company: PostingCompany, target: Target):
    with pytest.raises(UnavailableError):
        target.run(in_full(company.bill()), base_url="http://127.0.0.1:9")
    assert target.rows() == {}


@pytest.mark.parametrize("on_void", ["delete", "restlet"])
def test_a_void_whose_answer_is_lost_is_looked_up(company: PostingCompany, target: Target, on_void: str):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    company.fault({"drop": "after"}, method="POST", path="restlet")
    company.fault({"drop": "after"}, method="DELETE", times=1)
    assert target.run(voided(record), on_void=on_void).counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_every_write_is_on_the_audit_trail_before_and_after(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    company.fault({"drop": "before"}, times=1)
    target.run(record)
    with Ledger(target.ledger_url) as ledger:
        assert ledger.verify().broken_at is None
    trail = target.trail(record)
    assert [row["phase"] for row in trail] == ["sent", "unanswered", "sent", "answered"]
    assert json.loads(trail[0]["body"])["externalId"] == record["external_id"]
    assert "APB-HTTP-002" in trail[1]["body"]
    assert json.loads(trail[3]["body"]) == {"id": company.payment(record).id}


def test_two_processes_at_once_post_once(
    company: PostingCompany, another_target: Callable[[], Target], tmp_path: Path
):
    bills = [company.bill() for _ in range(8)]
    records = [in_full(bill) for bill in bills] + [paying((company.bill(), "1.00")) for _ in range(4)]
    company.fault({"delay_ms": 150})
    targets = [another_target() for _ in range(2)]
    processes = [start(target, tmp_path / f"{place}.json") for place, target in enumerate(targets)]
    for process in processes:
        assert process.stdin
        process.stdin.write(messages(records).decode())
        process.stdin.close()
    assert [process.wait(timeout=PATIENCE) for process in processes] == [0, 0]
    posted = {record["external_id"]: company.payment(record).id for record in records}
    for target in targets:
        rows = target.rows()
        assert {row.reason for row in rows.values() if row.status is not Status.DELIVERED} == set()
        assert {name: row.remote_id for name, row in rows.items()} == posted
        assert {row.status for row in rows.values()} == {Status.DELIVERED}
    assert [company.unpaid(bill) for bill in bills] == [0] * 8


@pytest.mark.parametrize("reading", [1, 2, 3, 4, 5, 6])
def test_another_process_posts_while_this_one_reads(
    company: PostingCompany, target: Target, another_target: Callable[[], Target], reading: int
):
    bill = company.bill()
    record = in_full(bill)
    with company.meanwhile("POST", "/suiteql", lambda: another_target().run(record), nth=reading):
        assert "rejected" not in target.run(record).counts
    assert company.payment(record).applied == {bill.id: bill.unpaid}
    assert target.row(record).remote_id == company.payment(record).id


def test_killed_and_run_again(company: PostingCompany, target: Target, tmp_path: Path):
    bills = [company.bill() for _ in range(20)]
    records = [in_full(bill) for bill in bills]
    company.fault({"hold": True, "drop": "after"}, nth=4, times=100)
    with start(target, tmp_path / "config.json") as process:
        assert process.stdin
        process.stdin.write(messages(records).decode())
        process.stdin.close()
        until(lambda: held(company.control))
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    until(lambda: are_all_held(company.control))
    company.control("/control/faults", method="DELETE")
    target.run(*records)
    assert [company.payment(record).applied for record in records] == [
        {bill.id: bill.unpaid} for bill in bills
    ]


def test_told_to_stop_it_finishes_what_is_in_flight(company: PostingCompany, target: Target, tmp_path: Path):
    records = [in_full(company.bill()) for _ in range(40)]
    company.fault({"hold": True}, nth=4, times=100)
    with start(target, tmp_path / "config.json") as process:
        assert process.stdin
        process.stdin.write(messages(records).decode())
        process.stdin.close()
        until(lambda: held(company.control))
        process.send_signal(signal.SIGTERM)
        until(lambda: company.control("/control/faults/let-go") and process.poll() is not None)
        assert process.poll() == 128 + signal.SIGTERM
    posted = {record["external_id"] for record in records if company.payments(record["external_id"])}
    assert 0 < len(posted) < len(records)
    assert target.rows().keys() == posted
    company.control("/control/faults", method="DELETE")
    assert target.run(*records).counts == {"delivered": 40 - len(posted), "unchanged": len(posted)}


@pytest.mark.parametrize("down", ["/suiteql", "/vendorPayment"])
def test_told_to_stop_while_netsuite_is_down_it_stops(
    company: PostingCompany, target: Target, tmp_path: Path, down: str
):
    bill = company.bill()
    record = in_full(bill)
    company.fault({"status": 503}, path=down)
    with start(target, tmp_path / "config.json") as process:
        assert process.stdin
        process.stdin.write(messages([record]).decode())
        process.stdin.close()
        until(lambda: any(fault["fired"] for fault in company.control("/control/faults", method="GET")))
        process.send_signal(signal.SIGTERM)
        # With its patience it would look for as long as five minutes, or send again.
        assert process.wait(timeout=PATIENCE) == 128 + signal.SIGTERM
    assert target.rows() == {}
    company.control("/control/faults", method="DELETE")
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}


def test_a_link_whose_answer_is_lost_is_made_once(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    company.fault({"drop": "after"}, method="PATCH", times=2)
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).id == by_hand
    assert company.unpaid(bill) == 0
