"""What changed since the last run: nothing missed, nothing twice."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from apbridge.avidxchange import instant
from apbridge.errors import SettingError

if TYPE_CHECKING:
    from tests.avidxchange_company import PayingCompany


def test_a_run_with_nothing_new_gives_nothing_and_leaves_the_state(company: PayingCompany):
    company.submit(5)
    company.pay()
    first = company.read()
    assert len(first.ids()) == 5
    company.calls()
    state = first.state
    for _ in range(2):
        again = company.read(state)
        assert again.ids() == []
        assert again.state in ({}, state)
    calls = company.calls()
    assert calls["total"] - calls["sign_ins"] == 2


def test_what_changes_in_the_second_of_the_bookmark_is_found(company: PayingCompany):
    """Two changes in one second look alike by their time; only their content tells them apart."""
    company.submit(3)
    ids = company.pay(settle=False)
    state = company.read().state
    company.rewrite(ids[0], status="settled")
    read = company.read(state)
    assert read.ids() == ids[:1]
    assert company.read(read.state).ids() == []


@pytest.mark.parametrize("late_by", [1, 120, 299])
def test_what_shows_up_late_is_found_within_the_overlap(company: PayingCompany, late_by: int):
    company.submit(3)
    ids = company.pay()
    newest = company.read().state
    bookmark = newest["bookmarks"]["payments"]["replication_key_value"]
    late = instant(bookmark) - timedelta(seconds=late_by)
    company.rewrite(ids[0], status="voided", modified_at=f"{late:%Y-%m-%dT%H:%M:%SZ}")
    read = company.read(newest)
    assert read.ids() == ids[:1]
    assert read.state["bookmarks"]["payments"]["replication_key_value"] == bookmark
    assert company.read(read.state).ids() == []


def test_the_first_run_begins_at_start_date(company: PayingCompany):
    company.submit(2)
    old = company.pay({"external_id": "netsuite-1234567_SB1-vendorbill-1"})
    company.later(86_400)
    new = company.pay()
    assert set(company.read(start_date="2026-11-03T00:00:00Z").ids()) == set(new)
    assert set(company.read().ids()) == {*old, *new}


@pytest.mark.parametrize("seed", range(3))
def test_random_histories_read_in_slices_end_with_what_is_there(company: PayingCompany, seed: int):
    dice = random.Random(seed)  # noqa: S311
    company.submit(12)
    ids = company.pay(settle=False)
    seen: dict[str, str] = {}
    state: dict[str, object] = {}
    for _ in range(6):
        for verb in dice.sample(["issue", "settle", "void"], k=2):
            some = dice.sample(ids, k=3)
            for one in some:
                with suppress(HTTPError):  # not every payment can take every step
                    company.control(f"/control/payments/{verb}", {"ids": [one]})
        if dice.random() < 0.5:
            company.later(dice.choice([1, 60, 4000]))
        read = company.read(state)
        state = read.state or state
        for record in read.records("payments"):
            assert seen.get(record["id"]) != record["status"], "given twice"
            seen[record["id"]] = record["status"]
    there = company.read().records("payments")
    assert seen == {record["id"]: record["status"] for record in there}


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # the other names it in a setting
def test_bookmarks_of_another_company_stop_the_tap_and_new_tokens_of_the_same_do_not(company: PayingCompany):
    def tokens(name: str, number: int = 1) -> dict[str, Any]:
        """Let AvidXchange know the company by that token and number."""
        assert company.sandbox.sandbox
        with company.sandbox.sandbox.store.write() as connection:
            connection.execute("UPDATE ax_company SET company_token = ?, id = ?", (name, number))
        return {"company_token": name}

    company.submit(1)
    company.pay()
    own = company.read(**tokens("first-token"))
    assert own.state["apbridge"]["source"]["company"] == "1"
    rotated = company.read(own.state, **tokens("rotated-token"))
    assert rotated.ids() == []
    company.calls()
    company.read(rotated.state, company_token="rotated-token")
    assert company.calls()["total"] == 1
    with pytest.raises(SettingError, match="company 4711") as found:
        company.read(rotated.state, **tokens("of-another-company", 4711))
    assert found.value.code == "APB-SNG-030"
    assert company.read(**tokens("of-another-company", 4711)).state["apbridge"]["source"]["company"] == "4711"
