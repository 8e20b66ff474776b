"""Periods that are closed, or locked for all or for one subsidiary, and roles that may override it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from .company import PostingCompany
from .program import Target
from .records import in_full


@contextlib.contextmanager
def marked(company: PostingCompany, column: str, *months: str) -> Iterator[None]:
    """Mark months while the block runs."""
    query = "SELECT id FROM ns_accountingperiod WHERE startdate = ? AND isyear = 'F'"
    periods = [str(company.rows(query, month)[0]["id"]) for month in months]
    for period in periods:
        company.change("accountingperiod", period, **{column: "T"})
    yield
    for period in periods:
        company.change("accountingperiod", period, **{column: "F"})


@pytest.mark.parametrize(
    ("column", "locks", "refusal"),
    [
        ("closed", "period", "USER_ERROR"),
        ("aplocked", "period", "INVALID_CONTENT"),
        ("alllocked", "period", "USER_ERROR"),
        ("closed", "subsidiary", "INVALID_CONTENT"),
        ("aplocked", "subsidiary", "USER_ERROR"),
        ("alllocked", "subsidiary", "INVALID_CONTENT"),
    ],
)
@pytest.mark.parametrize(
    ("setting", "overrides", "outcomes"),
    [
        # column and what its lock holds for → the day that it is posted on, or the code that rejects it
        ("reject", False, {"shown": "APB-PAY-029", "hidden": "APB-PAY-036"}),
        ("next_open", False, {"shown": "2026-12-01", "hidden": "2026-12-01"}),
        ("override", False, {"shown": "APB-PAY-037", "hidden": "APB-PAY-037"}),
        ("override", True, {"shown": "2026-11-02", "hidden": "2026-11-02"}),
    ],
    ids=["reject", "next_open", "override that the role lacks", "override"],
)
def test_a_closed_period(  # noqa: PLR0917
    company: PostingCompany,
    target: Target,
    setting: str,
    overrides: bool,  # noqa: FBT001
    outcomes: dict[str, str],
    column: str,
    locks: str,
    refusal: str,
):
    company.switch(closed_period=refusal, period_locks=locks, period_override=overrides)
    bill = company.bill()
    record = in_full(bill)
    with marked(company, column, "2026-11-01"):
        target.run(record, closed_period=setting)
    is_shown = locks == "period" or column == "closed"
    # No role posts into a closed period.
    expected = (
        "APB-PAY-037" if overrides and column == "closed" else outcomes["shown" if is_shown else "hidden"]
    )
    if expected.startswith("APB"):
        assert target.row(record).code == expected
        assert company.payments(record["external_id"]) == []
        target.run()
        assert company.payment(record).day == "2026-11-02", "it is tried again once the period is open"
    else:
        payment = company.payment(record)
        assert payment.day == expected
        assert ("paid on 2026-11-02" in payment.memo) == (expected != "2026-11-02")
        assert company.unpaid(bill) == 0
        (row,) = company.rows(
            "SELECT p.startdate FROM ns_transaction t JOIN ns_accountingperiod p ON p.id = t.postingperiod"
            " WHERE t.id = ?",
            payment.id,
        )
        assert row["startdate"][:7] == expected[:7]


@pytest.mark.parametrize(
    ("locked", "day"),
    [
        (("2026-11-01", "2026-12-01"), "2027-01-01"),
        (("2026-11-01", "2026-12-01", "2027-01-01"), "2027-02-01"),
        (("2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01"), None),
    ],
)
def test_the_next_open_period_is_found_by_netsuites_answers(
    company: PostingCompany, target: Target, locked: tuple[str, ...], day: str | None
):
    company.switch(period_locks="subsidiary")
    record = in_full(company.bill())
    with marked(company, "aplocked", *locked):
        target.run(record, closed_period="next_open")
    if day is None:
        assert target.row(record).code == "APB-PAY-038"
        assert company.payments(record["external_id"]) == []
    else:
        assert company.payment(record).day == day


def test_a_lock_of_one_subsidiary_is_not_the_others(company: PostingCompany, target: Target):
    company.switch(period_locks="subsidiary")
    record = in_full(company.bill(currency="CAD", subsidiary=2))
    with marked(company, "aplocked", "2026-11-01"):
        target.run(record, closed_period="next_open")
    assert company.payment(record).day == "2026-11-02"


def test_an_answer_that_is_lost_between_two_periods_posts_once(company: PostingCompany, target: Target):
    company.switch(period_locks="subsidiary")
    bill = company.bill()
    record = in_full(bill)
    company.fault({"drop": "after"}, nth=2, times=1)
    with marked(company, "aplocked", "2026-11-01"):
        assert target.run(record, closed_period="next_open").counts == {"delivered": 1}
    assert company.payment(record).day == "2026-12-01"
    assert company.unpaid(bill) == 0
