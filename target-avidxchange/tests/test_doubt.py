"""A bill whose submission no row tells of, because the run was cut off before it could write one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, Status
from apbridge.ledger.audit import Write
from target_avidxchange.bills import BillSink
from target_avidxchange.remote import RemoteIndex, RemoteRecord
from tests.canonical import CODING, NS, READ, Message, applied, bill, line, tombstone, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

pytestmark = pytest.mark.long


def send_and_be_cut_off(company: ReceivingCompany, *messages: Message, number: int = 1) -> None:
    """Submit, and lose the ledger just when it is to be told of a bill's delivery."""
    with company.cut_off():
        company.send(*messages, before=READ)
    assert company.invoice(number)["status"] == "submitted"


@pytest.mark.parametrize(
    ("spoilt", "outcome"),
    [
        (bill(1, of_vendor=7), "waiting"),
        (bill(1, line(1, "123.45", account_id=None)), "rejected"),
        (bill(1, total="much"), "rejected"),
    ],
)
def test_it_is_taken_back_though_the_bill_could_not_be_sent_in_between(
    company: ReceivingCompany, spoilt: Message, outcome: str
):
    company.given(*CODING, bill(2))
    send_and_be_cut_off(company, bill(1))
    for _ in range(2):
        assert company.send(spoilt, before=READ).counts == {"bills": {outcome: 1}}
    assert company.send(tombstone(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "cancelled"


def test_it_is_corrected_though_a_wrong_bill_came_in_between(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    send_and_be_cut_off(company, bill(1, line(1, "999.00")))
    company.send(bill(1, of_vendor=7), before=READ)
    assert company.send(bill(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert '"999.00"' not in company.invoice(1)["content"]
    assert company.send(bill(1), before=READ).counts == {"bills": {"unchanged": 1}}


def test_it_is_taken_back_though_it_waited_before_in_the_same_run(company: ReceivingCompany):
    company.given(*CODING, bill(2))
    company.batch = 1
    send_and_be_cut_off(company, *CODING, bill(1, of_vendor=3), vendor(3))
    assert company.row(1).status is Status.WAITING
    assert company.send(tombstone(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "cancelled"


# An invoice that was withdrawn is found alive


def reopen(company: ReceivingCompany, number: int, status: str = "submitted", at: str = "2030-01-01") -> None:
    company.run(
        f"UPDATE ax_invoice SET status = '{status}', status_reason = NULL, modified_at = '{at}T00:00:00.000Z'"  # noqa: S608
        f" WHERE external_id = '{NS}-vendorbill-{number}'"
    )


def held(number: int, **changes: Any) -> Message:  # noqa: ANN401
    return bill(number, is_eligible=False, ineligible_because="it is on hold", **changes)


def let_others_change(company: ReceivingCompany) -> None:
    """Let so much be changed over there since that what is in doubt is not listed as changed again."""
    reopen(company, 2, at="2030-02-01")
    company.send(bill(2, memo="changed"), before=READ)
    reopen(company, 2, at="2030-02-01")


def is_told_at_every_run(company: ReceivingCompany, code: str, **settings: Any) -> None:  # noqa: ANN401
    for number in (3, 4):
        with pytest.raises(RejectedError, match=f"They are: {NS}-vendorbill-1[.]") as told:
            company.send(bill(number), before=READ, **settings)
        assert told.value.code == code


def test_one_whose_rest_a_person_has_paid_and_dismissed_is_told_once_it_lives_again(
    company: ReceivingCompany,
):
    company.given(*CODING, bill(1), bill(2))
    partly = bill(1, amount_due=Decimal("100.00"), applications=[applied(5, "23.45")])
    assert company.send(partly, before=READ).counts == {"bills": {"rejected": 1}}
    assert company.row(1).code == "APB-TAX-023"
    with Ledger(company.config["ledger_url"]) as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE apbridge_records SET status = 'dismissed' WHERE status = 'rejected'"
        )
    reopen(company, 1)
    is_told_at_every_run(company, "APB-TAX-032", in_doubt_minutes=0)
    company.send(partly, before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_that_it_cannot_be_withdrawn_is_said_at_every_run(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    company.send(held(1), before=READ)
    reopen(company, 1, "approved")
    assert company.send(held(1, memo="changed"), before=READ).counts == {"bills": {"rejected": 1}}
    let_others_change(company)
    for _ in range(2):
        assert company.send(before=READ).counts == {"bills": {"rejected": 1}}
        assert company.row(1).code == "APB-TAX-030"
    company.run("UPDATE ax_invoice SET status = 'submitted'")
    assert company.send(before=READ).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "cancelled"


@pytest.mark.parametrize(
    "spoilt", [bill(1, of_vendor=7), bill(1, total="much")], ids=["waits", "is rejected"]
)
def test_it_is_withdrawn_though_its_bill_could_not_be_sent_in_between(
    company: ReceivingCompany, spoilt: Message
):
    company.given(*CODING, bill(1), bill(2))
    company.send(held(1), before=READ)
    reopen(company, 1)
    company.send(spoilt, before=READ)
    let_others_change(company)
    company.send(held(1, memo="changed"), before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_what_was_never_submitted_and_is_to_be_paid_all_the_same_is_told_until_it_is_withdrawn(
    company: ReceivingCompany,
):
    company.send(*CODING, held(1), bill(2))
    assert company.row(1).status is Status.IGNORED
    company.run(
        "UPDATE ax_invoice SET modified_at = '2030-02-01T00:00:00.000Z',"  # noqa: S608
        f" external_id = '{NS}-vendorbill-1' WHERE external_id = '{NS}-vendorbill-2'"
    )
    is_told_at_every_run(company, "APB-TAX-032")
    company.send(held(1), before=READ)
    assert company.invoice(1)["status"] == "cancelled"
    company.send(bill(5), before=READ)


def test_a_cancellation_that_came_after_the_bill_was_released_is_told_until_it_is_submitted(
    company: ReceivingCompany,
):
    company.given(*CODING, bill(1), bill(2))
    company.run(
        "UPDATE ax_invoice SET status = 'cancelled', status_reason = 'Withdrawn in NetSuite: held',"  # noqa: S608
        f" modified_at = '2030-02-01T00:00:00.000Z' WHERE external_id = '{NS}-vendorbill-1'"
    )
    is_told_at_every_run(company, "APB-TAX-070")
    company.send(bill(1), before=READ)
    assert company.invoice(1)["status"] == "submitted"
    company.send(bill(5), before=READ)


@pytest.mark.parametrize("release", [True, False], ids=["releases", "holds"])
def test_what_another_run_does_while_the_invoices_are_listed_is_put_in_no_doubt(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch, *, release: bool
):
    company.given(*CODING, bill(1), bill(2))
    if release:
        company.send(held(1), before=READ)
    changed = RemoteIndex.changed

    def slow(self: RemoteIndex, since: datetime) -> Mapping[str, RemoteRecord]:
        found = changed(self, since)
        monkeypatch.setattr(RemoteIndex, "changed", changed)
        company.send(bill(1) if release else held(1), before=READ)
        return found

    monkeypatch.setattr(RemoteIndex, "changed", slow)
    company.send(bill(2, memo="changed"), before=READ)
    assert company.row(1).content_hash
    company.send(held(1, memo="changed"), before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_what_is_in_doubt_and_not_listed_is_sent_again(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    """A list that leaves an invoice out says nothing of what a killed run has sent of it."""
    company.given(*CODING, bill(1), bill(2))
    send_and_be_cut_off(company, bill(1, memo="another"))
    monkeypatch.setattr(RemoteIndex, "get", lambda *_: None)
    assert company.send(bill(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert "another" not in company.invoice(1)["content"]


def test_what_is_withdrawn_in_doubt_and_not_listed_is_cancelled_again(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    company.given(*CODING, bill(1), bill(2))
    company.send(held(1), before=READ)
    send_and_be_cut_off(company, bill(1))
    monkeypatch.setattr(RemoteIndex, "get", lambda *_: None)
    company.send(held(1, memo="changed"), before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_what_only_the_whole_list_shows_alive_is_withdrawn(company: ReceivingCompany):
    """AvidXchange has not moved the date of what it has reopened; another bill's doubt has all listed."""
    company.given(*CODING, bill(1), bill(2), bill(3))
    company.send(held(1), before=READ)
    reopen(company, 3, at="2030-01-01")
    company.send(bill(2, memo="changed"), before=READ)
    reopen(company, 1, at="2026-01-01")
    send_and_be_cut_off(company, bill(3, memo="changed"), number=3)
    company.send(bill(3, memo="changed"), held(1, memo="changed"), before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_what_a_later_run_brought_during_a_full_reading_is_not_missing(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    company.given(*CODING, bill(1), bill(2))
    look = BillSink.see_that_none_is_missing

    def after_another_run(self: BillSink) -> None:
        monkeypatch.setattr(BillSink, "see_that_none_is_missing", look)
        company.send(bill(1, memo="changed"), before=READ)
        look(self)

    monkeypatch.setattr(BillSink, "see_that_none_is_missing", after_another_run)
    assert company.send(*CODING, bill(1), bill(2)).counts["bills"] == {"unchanged": 2}


def test_what_comes_to_life_while_a_write_of_it_is_under_way_is_told_later(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    company.send(held(1), before=READ)
    with Ledger(company.config["ledger_url"]) as ledger:
        run = ledger.start_run("target-avidxchange", "1")
        ledger.audit.sent(Write(run.id, "x", "avidxchange", "upsert invoice", f"{NS}-vendorbill-1"), {})
    reopen(company, 1)
    company.send(bill(2, memo="changed"), before=READ)
    let_others_change(company)
    with pytest.raises(RejectedError, match=f"They are: {NS}-vendorbill-1"):
        company.send(bill(3), before=READ, in_doubt_minutes=0)
