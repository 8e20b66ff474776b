"""The loop under many accounts: few here, all of them by `make accounts`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.switches import Switches
from tests.accounts.accounts import Account, accounts
from tests.accounts.agreement import Evidence, Part, disagreements, losses
from tests.accounts.choices import alone, combination, of_accounts, other_values
from tests.accounts.outcome import outcome, unworkable, usual
from tests.accounts.reduction import fewest
from tests.examples import examples

pytestmark = pytest.mark.long

FEW = ("single subsidiary",)
"""The one that lacks most. Each takes seconds."""


@pytest.mark.parametrize("account", accounts(), ids=lambda one: one.name)
def test_the_sandbox_can_be_this_account(account: Account):
    Switches().set(account.switches)
    assert account.contract in shipped()


def test_they_are_ten():
    assert len({account.name for account in accounts()}) == 10


@pytest.mark.parametrize("name", FEW)
def test_the_loop_ends_in_equal_books_or_says_why_not(name: str):
    (account,) = (one for one in accounts() if one.name == name)
    assert outcome(account).wrong == []


@pytest.mark.parametrize("seed", range(examples(1)))
def test_it_does_so_under_whatever_switches(seed: int):
    account = combination(seed)
    assert outcome(account).wrong == [], account


def test_in_the_usual_account_everything_happens():
    ended = usual("avidconnect")
    assert (ended.wrong, ended.left_out) == ([], [])


def test_every_value_of_every_switch_is_tried_alone():
    tried = {(name, value) for one in alone() for name, value in one.switches.items()}
    for name, switch in of_accounts():
        values = other_values(name, switch)
        assert values, name
        assert all(switch.takes(value) for value in values), name
        assert {(name, value) for value in values} <= tried


def test_a_seed_draws_the_same_account_again():
    assert combination(7) == combination(7)
    assert combination(7) != combination(8)
    Switches().set(combination(7).switches)


def test_what_no_account_can_work_with_is_not_drawn():
    assert not any(one.holds(combination(seed)) for one in unworkable() for seed in range(20))


def test_what_no_account_can_work_with_is_a_way_for_the_switches_to_stand():
    for one in unworkable():
        Switches().set(one.switches)


def test_the_fewest_switches_that_fail_are_found():
    every = {f"s{number}": number for number in range(20)}
    assert fewest(every, lambda some: {"s3", "s17"} <= some.keys()) == {"s3": 3, "s17": 17}


def _invoice_is_missing(books: Any) -> None:  # noqa: ANN401
    invoices = books["avidxchange"]["invoices"]
    books["avidxchange"]["invoices"] = [one for one in invoices if one["number"] != "INV scanned"]


def _payment_is_missing(books: Any) -> None:  # noqa: ANN401
    books["netsuite"]["payments"] = [one for one in books["netsuite"]["payments"] if not one["externalid"]]


def _payment_is_twice(books: Any) -> None:  # noqa: ANN401
    books["netsuite"]["payments"] *= 2


def _payment_pays_another_bill(books: Any) -> None:  # noqa: ANN401
    for one in books["netsuite"]["payments"]:
        for each in one["applications"]:
            each["bill"] = "1"


def _bill_is_open(books: Any) -> None:  # noqa: ANN401
    for one in books["netsuite"]["bills"]:
        one["unpaid"] = "0.01"


def _total_is_another(books: Any) -> None:  # noqa: ANN401
    books["avidxchange"]["invoices"][0]["total"] = "0.01"


def _code_is_another(books: Any) -> None:  # noqa: ANN401
    books["avidxchange"]["invoices"][0]["lines"][0]["glCode"] = "1"


def _vendor_is_missing(books: Any) -> None:  # noqa: ANN401
    del books["avidxchange"]["vendors"][0]


def _bill_is_gone(books: Any) -> None:  # noqa: ANN401
    books["netsuite"]["bills"].pop()


@pytest.mark.parametrize(
    "spoil",
    [
        _invoice_is_missing,
        _payment_is_missing,
        _payment_is_twice,
        _payment_pays_another_bill,
        _bill_is_open,
        _total_is_another,
        _code_is_another,
        _vendor_is_missing,
        _bill_is_gone,
    ],
)
def test_books_that_differ_are_told(spoil: Callable[[Any], None]):
    evidence = _evidence()
    assert [*disagreements(evidence)] == []
    spoil(evidence.books)
    assert [*disagreements(evidence)] != []


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (_vendor_is_missing, Part.MASTERS),
        (_total_is_another, Part.BILLS),
        (_bill_is_gone, Part.GONE),
        (_payment_is_missing, Part.PAYMENTS),
    ],
)
def test_a_part_of_the_books_that_may_differ_hides_no_other(spoil: Callable[[Any], None], part: Part):
    evidence = _evidence()
    spoil(evidence.books)
    assert [*disagreements(evidence, {part})] == []
    assert [*disagreements(evidence, {*Part} - {part})] != []


def test_an_exception_without_a_sentence_is_told():
    evidence = _evidence()
    first, *others = evidence.open
    for spoilt in (
        replace(first, code="APB-NO-001"),
        replace(first, says="Bill {name} is not."),
        replace(first, do=""),
    ):
        assert [*disagreements(replace(evidence, open=[spoilt, *others]))] != []


def test_what_differs_and_no_exception_names_is_told():
    assert [*disagreements(replace(_evidence(), open=[]))] != []


def test_a_value_that_goes_missing_is_told_unless_the_log_has_a_word_for_it():
    before, now = _evidence(), _evidence()
    for invoice in now.books["avidxchange"]["invoices"]:
        for line in invoice["lines"]:
            line["department"] = None
    assert [*losses(before, before)] == []
    assert len([*losses(now, before)]) == 1
    told = replace(now, said=now.said + "NetSuite shows no departments on lines. [APB-TNS-112]\n")
    assert [*losses(told, before)] == []


def _evidence() -> Evidence:
    return deepcopy(usual("avidconnect").evidence)
