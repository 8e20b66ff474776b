"""What AvidXchange voids is undone in whichever way the account allows, until the bill is open again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from apbridge.http import retry
from apbridge.ledger import Status
from tests.waiting import PATIENCE

from .company import PostingCompany
from .program import Target
from .records import in_full, voided

SHOWS = pytest.mark.parametrize("shows", [True, False])


@SHOWS
def test_a_void_by_journal_opens_the_bill(company: PostingCompany, target: Target, shows: bool):  # noqa: FBT001
    company.switch(void_style="journal", void_by_journal_shows=shows)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    ran = target.run(voided(record))
    assert ran.counts == {"delivered": 1}
    assert "expected" not in ran.log
    assert company.unpaid(bill) == bill.unpaid
    payment = company.payment(record).id
    assert len(company.journals(payment)) == 1
    assert target.run(voided(record, voided_at="2026-11-02T18:00:00Z")).counts == {"unchanged": 1}
    assert len(company.journals(payment)) == 1


@SHOWS
def test_a_journal_that_waits_for_approval_is_under_way_until_the_bill_is_open(
    company: PostingCompany,
    target: Target,
    shows: bool,  # noqa: FBT001
):
    company.switch(void_style="journal_pending", void_by_journal_shows=shows)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    assert target.run(voided(record)).counts == {"waiting": 1}
    (journal,) = company.journals(payment)
    row = target.row(record)
    assert (row.status, row.code, row.facts["journal"]) == (Status.WAITING, "APB-PAY-067", journal)
    assert company.unpaid(bill) == 0
    company.forget_calls()
    assert target.run().counts == {"waiting": 1}
    assert target.run(voided(record, voided_at="2026-11-02T18:00:00Z")).counts == {"waiting": 1}
    assert (company.writes, company.journals(payment)) == (0, [journal])
    company.decide(journal, "approve")
    assert target.run().counts == {"unchanged": 1}
    assert target.row(record).status is Status.DELIVERED
    assert company.unpaid(bill) == bill.unpaid
    assert company.writes == 0


@pytest.mark.parametrize("gone", ["rejected", "deleted"])
def test_a_journal_that_was_refused_is_for_people_and_not_made_again(
    company: PostingCompany, target: Target, gone: str
):
    company.switch(void_style="journal_pending")
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    target.run(voided(record))
    payment = company.payment(record).id
    (journal,) = company.journals(payment)
    if gone == "rejected":
        company.decide(journal, "reject")
    else:
        company.delete_journal(journal)
    company.forget_calls()
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-068"
    assert f"journal {journal}" in (row.says or "")
    assert company.writes == 0
    company.switch(void_style="in_place")
    company.void_payment(payment)
    assert target.run().counts == {"unchanged": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_a_lost_ledger_makes_no_second_journal(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    target.run(voided(record))
    payment = company.payment(record).id
    other = another_target()
    assert other.run(voided(record)).counts == {"waiting": 1}
    (journal,) = company.journals(payment)
    company.decide(journal, "approve")
    assert other.run().counts == {"unchanged": 1}


def test_a_lost_answer_makes_no_second_journal(company: PostingCompany, target: Target):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    company.fault({"drop": "after"}, method="POST", path="restlet.nl", times=1)
    assert target.run(voided(record)).counts == {"waiting": 1}
    assert len(company.journals(company.payment(record).id)) == 1


def test_a_void_that_is_carried_out_late_makes_no_second_journal(
    company: PostingCompany, target: Target, monkeypatch: pytest.MonkeyPatch
):
    """NetSuite cuts the connection at once, and makes the journal after it was looked for once in vain."""
    monkeypatch.setattr(retry, "PAUSES", (0.0, *[0.05] * 600))
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    company.fault({"drop": "late"}, path="restlet", times=1)
    # Four look-ups go before the write, and three are the first look after it.
    with company.on_the_wire("POST", "/suiteql", nth=8) as let_go, ThreadPoolExecutor(1) as pool:

        def commit() -> None:
            company.until_held(2)
            let_go()

        committed = pool.submit(commit)
        assert target.run(voided(record)).counts == {"waiting": 1}
        committed.result(timeout=PATIENCE)
    assert len(company.journals(company.payment(record).id)) == 1


def test_a_journal_that_netsuite_does_not_show_is_not_made_again(company: PostingCompany, target: Target):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id

    def delete() -> None:
        (journal,) = company.journals(payment)
        company.delete_journal(journal)

    # The first look-up after the void.
    with company.meanwhile("POST", "/suiteql", delete, nth=5):
        assert target.run(voided(record)).counts == {"waiting": 1}
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-068"
    assert company.journals(payment) == []


def test_several_journals_are_told(company: PostingCompany, target: Target):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    for _ in range(2):
        company.control("/control/netsuite/void", {"id": payment})
    assert target.run(voided(record)).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-069"
    assert ", ".join(company.journals(payment)) in (row.says or "")


@SHOWS
@pytest.mark.parametrize("ends", ["rejected", "deleted"])
def test_a_second_journal_is_told_until_it_is_gone(
    company: PostingCompany,
    target: Target,
    shows: bool,  # noqa: FBT001
    ends: str,
):
    """Approved too, it would credit the bank account a second time."""
    company.switch(void_style="journal_pending", void_by_journal_shows=shows)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    for _ in range(2):
        company.control("/control/netsuite/void", {"id": payment})
    assert target.run(voided(record)).counts == {"rejected": 1}
    first, second = company.journals(payment)
    company.decide(first, "approve")
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-078"
    assert f"journal {second}." in (row.says or "")
    assert company.unpaid(bill) == bill.unpaid
    if ends == "rejected":
        company.change("transaction", second, approvalstatus=3)
    else:
        company.delete_journal(second)
    assert target.run().counts == {"unchanged": 1}
    assert target.row(record).status is Status.DELIVERED


def test_two_journals_that_are_both_approved_are_told(company: PostingCompany, target: Target):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    for _ in range(2):
        company.control("/control/netsuite/void", {"id": payment})
    first, second = company.journals(payment)
    company.decide(first, "approve")
    company.change("transaction", second, approvalstatus=2, status="B")
    assert target.run(voided(record)).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-069"
    assert f"{first}, {second}" in (row.says or "")


def test_a_journal_that_waits_is_told_after_somebody_voided_the_payment(
    company: PostingCompany, target: Target
):
    company.switch(void_style="journal_pending")
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    assert target.run(voided(record)).counts == {"waiting": 1}
    (journal,) = company.journals(payment)
    company.void_payment(payment)
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-078"
    company.delete_journal(journal)
    assert target.run().counts == {"unchanged": 1}


def test_a_payment_that_pays_nothing_any_more_gets_no_journal(company: PostingCompany, target: Target):
    """A journal may have reversed it of which NetSuite does not tell."""
    company.switch(void_style="journal")
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    company.unapply(payment)
    assert target.run(voided(record)).counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-071"
    assert company.journals(payment) == []


def test_where_netsuite_does_not_tell_what_a_journal_voids_no_second_one_is_made(
    company: PostingCompany, target: Target
):
    company.switch(void_style="journal", void_by_journal_shows=False)
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    journals = "SELECT id FROM ns_transaction WHERE type = 'Journal'"
    before = len(company.rows(journals))
    with company.meanwhile(
        "POST", "restlet.nl", lambda: company.forget_what_a_journal_voids(payment), drop="after"
    ):
        assert target.run(voided(record)).counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-063"
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-076"
    assert len(company.rows(journals)) == before + 1


@pytest.mark.parametrize("on_void", ["delete", "restlet"])
def test_a_payment_that_pays_a_journal_is_not_voided_yet_and_for_people(
    company: PostingCompany, target: Target, on_void: str
):
    """It may pay that journal, or be reversed by it: NetSuite does not tell of every reversal."""
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    journal = company.pay_a_journal_instead(payment)
    company.forget_calls()
    assert target.run(voided(record), on_void=on_void).counts == {"rejected": 1}
    row = target.row(record)
    assert (row.code, company.writes) == ("APB-PAY-076", 0)
    assert f"journal {journal}" in (row.says or "")
    company.void_payment(payment)
    assert target.run(on_void=on_void).counts == {"unchanged": 1}


def test_a_reissue_waits_for_the_journal(company: PostingCompany, target: Target):
    company.switch(void_style="journal_pending")
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    again = in_full(bill, replaces_payment_id=record["id"])
    assert target.run(voided(record), again).counts == {"waiting": 1, "rejected": 1}
    (journal,) = company.journals(company.payment(record).id)
    company.decide(journal, "approve")
    assert target.run().counts == {"unchanged": 1, "delivered": 1}
    assert company.payment(again).applied == {bill.id: bill.unpaid}
    assert company.unpaid(bill) == 0


def test_without_the_permission_for_journals_it_says_so(company: PostingCompany, target: Target):
    company.switch(void_style="journal", missing_permissions="Transactions -> Make Journal Entry")
    record = in_full(company.bill())
    target.run(record)
    assert target.run(voided(record)).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-074"
    assert "Make Journal Entry" in (row.says or "")
    company.switch(missing_permissions="")
    assert target.run().counts == {"delivered": 1}


def test_a_deletion_that_takes_a_reason(company: PostingCompany, target: Target):
    company.switch(payment_deletion="needs_reason")
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    assert target.run(voided(record), on_void="delete").counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-073"
    assert "Deletion Reason" in (row.says or "")
    assert company.unpaid(bill) == 0
    assert target.run(on_void="delete", deletion_reason=3).counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


def test_a_deletion_that_is_refused_is_told_in_netsuites_words(company: PostingCompany, target: Target):
    company.switch(payment_deletion="refused")
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    assert target.run(voided(record), on_void="delete").counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-061"
    assert "cannot be deleted. Void it instead" in (row.says or "")
    assert target.run(on_void="restlet").counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid
