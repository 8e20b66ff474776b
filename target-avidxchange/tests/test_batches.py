"""Several records a call: as few calls as can be, what is wrong stays with its record, nothing twice."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Semaphore
from typing import TYPE_CHECKING, Any

import pytest
from requests import ConnectionError  # noqa: A004 - what the other side is when it is not there

from apbridge.errors import RejectedError, UnavailableError
from apbridge.http import retry
from apbridge.http.plain_requests import OneServerAdapter
from apbridge.ledger.database import Database
from tests.canonical import NS, Message, account, bill, line, tombstone, vendor
from tests.examples import examples

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

pytestmark = [pytest.mark.long, pytest.mark.parametrize("company", ["partner"], indirect=True)]

INVOICES = "POST /partner/api/v2/invoices"
FEW = """\
extends: partner
name: few
resources:
  vendor: {upsert: {most: 3}}
  gl_account: {upsert: {most: 3}}
  invoice: {upsert: {most: 3}, cancel: {most: 3}}
"""
BILLS = 8


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES", (0.0,) * len(retry.PAUSES))


@pytest.fixture
def few(company: ReceivingCompany) -> str:
    """Return a profile whose calls carry three records."""
    file = company.folder / "few.yaml"
    file.write_text(FEW)
    return str(file)


def wrong(number: int) -> Message:
    """A bill that AvidXchange does not take: its lines do not sum to its total."""
    stream, record = bill(number)
    return stream, record | {"lines": [line(1, "1.00")]}


def kept(company: ReceivingCompany, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(company.folder / "ledger.db")) as ledger:
        return ledger.execute(query).fetchall()


def rejected(company: ReceivingCompany) -> dict[str, str]:
    """Return the code of each rejected bill, by its number."""
    query = "SELECT external_id, code FROM apbridge_records WHERE stream = 'bills' AND status = 'rejected'"
    return {name.rpartition("-")[2]: code for name, code in kept(company, query)}


def test_many_bills_go_in_as_few_calls_as_there_can_be(company: ReceivingCompany):
    company.send(*(vendor(n) for n in range(1, 151)), account(1))
    assert company.calls()["by_operation"]["POST /partner/api/v2/vendors"] == 2
    company.send(*(bill(n, of_vendor=n) for n in range(1, 151)))
    calls = company.calls()
    assert calls["by_operation"][INVOICES] == 2
    assert calls["refusals"] == {}
    assert [row[0] for row in company.rows("SELECT COUNT(*) FROM ax_invoice")] == [150]
    company.send(*(bill(n, of_vendor=n) for n in range(1, 151)))
    assert company.calls()["written"] == 0


def test_each_record_has_its_own_item_on_the_trail(company: ReceivingCompany):
    company.send(vendor(1), account(1), bill(1), bill(2))
    assert company.calls()["by_operation"][INVOICES] == 1
    answers = kept(
        company,
        "SELECT external_id, body FROM apbridge_audit"
        " WHERE phase = 'answered' AND body LIKE '%-vendorbill-%'",
    )
    assert len(answers) == 2
    for name, body in answers:
        assert name in body
        assert body.count("-vendorbill-") == 1


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("each", "APB-TAX-014"),
        ("whole", "APB-TAX-014"),
        ("nameless", "APB-TAX-014"),
        ("drops", "APB-SNG-021"),
    ],
)
def test_what_is_wrong_with_one_stays_with_it(company: ReceivingCompany, way: str, code: str):
    company.switch("avidxchange.batch", way)
    company.send(vendor(1), account(1))
    told = company.send(*(bill(n) for n in range(1, 8)), wrong(8))
    assert told.counts["bills"] == {"delivered": 7, "rejected": 1}
    assert rejected(company) == {"8": code}
    assert [row[0] for row in company.rows("SELECT COUNT(*) FROM ax_invoice")] == [7]


def test_a_call_whose_answer_is_lost_is_sent_again_whole_and_brings_nothing_twice(
    company: ReceivingCompany, few: str
):
    company.send(vendor(1), account(1), profile=few)
    company.sandbox.control(
        "/control/faults",
        {"match": {"method": "POST", "path": "/invoices$", "nth": 1}, "do": {"drop": "after"}},
    )
    told = company.send(*(bill(n) for n in range(1, 7)), profile=few)
    assert told.counts["bills"] == {"delivered": 6}
    assert company.calls()["by_operation"][INVOICES] == 3
    assert [row[0] for row in company.rows("SELECT COUNT(*) FROM ax_invoice")] == [6]


def test_an_item_that_the_answer_does_not_name_is_looked_up_in_one_list_with_all_others(
    company: ReceivingCompany, few: str
):
    company.switch("avidxchange.results", "none")
    company.send(vendor(1), account(1), profile=few)
    company.calls()
    told = company.send(*(bill(n) for n in range(1, 7)), profile=few)
    assert told.counts["bills"] == {"delivered": 6}
    asked = company.calls()["by_operation"]
    assert (asked[INVOICES], asked["GET /partner/api/v2/invoices"]) == (2, 2)


def test_a_record_that_breaks_the_other_side_is_named_by_the_next_run_which_brings_the_others(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    send, arrived = OneServerAdapter.send, Semaphore(0)

    def sent(adapter: OneServerAdapter, request: Any, **more: Any) -> Any:  # noqa: ANN401
        if request.method != "POST" or not request.url.endswith("/invoices"):
            return send(adapter, request, **more)
        if b"INV-8" not in request.body:
            answer = send(adapter, request, **more)
            arrived.release()
            return answer
        if b"INV-1" not in request.body:  # it is alone: what else can go does
            assert all(arrived.acquire(timeout=30) for _ in range(7))
        raise ConnectionError

    monkeypatch.setattr(retry, "GIVE_UP_AFTER", 0.0)
    monkeypatch.setattr(OneServerAdapter, "send", sent)
    company.send(vendor(1), account(1))
    with pytest.raises(UnavailableError, match="submit 8 invoice records"):
        company.send(*(bill(n) for n in range(1, 9)))
    with pytest.raises(UnavailableError, match=f"submit invoice {NS}-vendorbill-8,"):
        company.send(*(bill(n) for n in range(1, 9)))
    assert [row[0] for row in company.rows("SELECT COUNT(*) FROM ax_invoice")] == [7]


def test_a_bug_in_one_record_is_its_own(company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch):
    send = OneServerAdapter.send

    def sent(adapter: OneServerAdapter, request: Any, **more: Any) -> Any:  # noqa: ANN401
        if request.url.endswith("/invoices") and b"INV-3" in (request.body or b""):
            raise KeyError
        return send(adapter, request, **more)

    monkeypatch.setattr(OneServerAdapter, "send", sent)
    company.send(vendor(1), account(1))
    with pytest.raises(RejectedError, match="1 records met an internal error"):
        company.send(*(bill(n) for n in range(1, 9)))
    assert rejected(company) == {"3": "APB-SNG-012"}
    assert [row[0] for row in company.rows("SELECT COUNT(*) FROM ax_invoice")] == [7]


def test_cancellations_go_together_too(company: ReceivingCompany, few: str):
    company.send(vendor(1), account(1), *(bill(n) for n in range(1, 5)), profile=few)
    company.calls()
    company.send(*(tombstone(n) for n in range(1, 5)), profile=few)
    assert company.calls()["by_operation"]["POST /partner/api/v2/invoices/cancel"] == 2
    assert {row["status"] for row in company.rows("SELECT status FROM ax_invoice")} == {"cancelled"}


# The process dies


class Died(BaseException):
    """What ends a process at once, as far as one process can show it: nothing is sent or stored any more."""


@contextmanager
def dying(at: int, way: str) -> Iterator[list[Callable[[], object]]]:
    """Die at a write, and yield what is still on the wire then, to be sent.

    Args:
        at: Which write, counted from 1.
        way: `before` it is sent, `after` it was done, or `late`: it is done when it is called for.
    """
    send, storing = OneServerAdapter.send, Database.storing
    on_the_wire: list[Callable[[], object]] = []
    writes = 0
    is_dead = False

    def sent(adapter: OneServerAdapter, request: Any, **more: Any) -> Any:  # noqa: ANN401
        nonlocal writes, is_dead
        if is_dead:
            raise Died
        is_write = request.method == "POST" and "token" not in request.url
        writes += is_write
        if not is_write or writes != at:
            return send(adapter, request, **more)
        is_dead = True
        if way == "after":
            send(adapter, request, **more).close()
        elif way == "late":
            on_the_wire.append(lambda: send(OneServerAdapter(1), request, **more).close())
        raise Died

    @contextmanager
    def stored(database: Database) -> Iterator[Any]:
        if is_dead:
            raise Died
        with storing(database) as connection:
            yield connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OneServerAdapter, "send", sent)
        patch.setattr(Database, "storing", stored)
        yield on_the_wire
    assert is_dead, "there was no such write"


def the_day(company: ReceivingCompany) -> list[Message]:
    pictured = {2: "two", 5: "five"}
    images = {n: {"images": [company.picture(text=text.encode())]} for n, text in pictured.items()}
    bills = [bill(n, of_vendor=1 + n % 4, **images.get(n, {})) for n in range(1, BILLS + 1)]
    return [*(vendor(n) for n in range(1, 5)), account(1), *bills, wrong(9)]


WRITES = {"each": 8, "whole": 10, "nameless": 11}
"""Of the day, at least: 2 for vendors, 1 for the account, 3 for bills and 2 for images. What is refused whole
takes 2 or 4 more until the culprit is alone; where nobody is named, each goes alone after that: 3 more."""


def see_that_all_is_there_once(company: ReceivingCompany) -> None:
    invoices = company.rows("SELECT external_id, status FROM ax_invoice")
    assert sorted(row["external_id"].rpartition("-")[2] for row in invoices) == [str(n) for n in range(1, 9)]
    assert {row["status"] for row in invoices} == {"submitted"}
    assert (company.image(2), company.image(5)) != (None, None)
    assert rejected(company).keys() == {"9"}


@pytest.mark.parametrize("way", ["before", "after", "late"])
@pytest.mark.parametrize("refusal", WRITES)
def test_whichever_call_a_process_dies_at_all_is_there_once(
    company: ReceivingCompany, few: str, way: str, refusal: str
):
    company.switch("avidxchange.batch", refusal)
    company.send(*the_day(company), profile=few)
    assert company.calls()["writes"] >= WRITES[refusal]
    points = range(1, WRITES[refusal] + 1)
    for at in random.sample(points, min(len(points), examples(3))):
        company.begin_anew()
        with dying(at, way) as on_the_wire, pytest.raises(Died):
            company.send(*the_day(company), profile=few)
        company.send(*the_day(company), profile=few)
        for arrive in on_the_wire:
            arrive()
        company.send(*the_day(company), profile=few)
        see_that_all_is_there_once(company)
