"""A dry run checks and reads everything, writes nothing, and says what would become of each payment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from apbridge.json import loads

from .company import PostingCompany
from .program import Target
from .records import in_full, paying, voided


def test_it_writes_nothing_and_predicts_what_the_run_then_does(
    company: PostingCompany, target: Target, tmp_path: Path
):
    posted, failed = in_full(company.bill()), in_full(company.bill(), status="failed")
    target.run(posted)
    bill, linked_bill, shared = company.bill(), company.bill(), company.bill()
    new, linked = in_full(bill), in_full(linked_bill)
    company.pay_by_hand(linked_bill, linked_bill.unpaid, linked["check_number"])
    first = paying((shared, shared.unpaid - 1), paid_on="2026-11-01")
    too_much = paying((shared, "1.01"))
    records = [voided(posted), new, linked, first, too_much, failed]
    before = company.sandbox.books()
    company.forget_calls()

    report = tmp_path / "report.json"
    ran = target.run(*records, dry_run=True, dry_run_report=str(report), on_void="delete")

    assert (company.writes, ran.states) == (0, [])
    assert company.sandbox.books() == before
    assert target.rows().keys() == {posted["external_id"]}
    told = loads(report.read_bytes())["streams"]["payments"]
    expected = {what: {one["external_id"] for one in told[what]} for what in told if what != "failed"}
    assert expected == {
        "created": {new["external_id"], first["external_id"]},
        "updated": {linked["external_id"]},
        "cancelled": {posted["external_id"]},
        "left_alone": {failed["external_id"]},
        "waiting": set(),
        "rejected": {too_much["external_id"]},
    }
    assert "has 1.00 open" in told["rejected"][0]["reason"]

    assert target.run(*records, on_void="delete").counts == {"delivered": 4, "ignored": 1, "rejected": 1}
    assert company.unpaid(shared) == Decimal(1)


def test_a_dry_run_does_not_say_that_anything_was_posted(
    company: PostingCompany, target: Target, tmp_path: Path
):
    record = in_full(company.bill())
    ran = target.run(record, dry_run=True, dry_run_report=str(tmp_path / "report.json"))
    assert "nothing was written" in ran.log
    assert company.payments(record["external_id"]) == []
    assert target.trail(record) == []
