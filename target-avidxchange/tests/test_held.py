"""What is held stays held, and is told without secrets, whatever is found meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.ledger.held import held_changes, let_through
from apbridge.words import WITHDRAWN
from tests.canonical import CODING, READ, Message, bill

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

ALL = range(1, 31)


@pytest.fixture
def books(company: ReceivingCompany) -> ReceivingCompany:
    """Thirty bills that are to be paid: three may be withdrawn at once."""
    company.given(*CODING, *map(bill, ALL))
    return company


def send(company: ReceivingCompany, *messages: Message, **settings: Any) -> None:  # noqa: ANN401
    company.send(*messages, **{"brake_percent": 10, "before": READ, **settings})


def narrowed(number: int, because: str = "subsidiaries leaves out its subsidiary, 3") -> Message:
    return bill(number, is_eligible=False, ineligible_because=because)


def test_what_is_let_through_stays_so_though_it_is_found_cancelled_meanwhile(books: ReceivingCompany):
    unfinished = {"bookmarks": {**READ["bookmarks"], "bills": {"progress_markers": {}}}}
    some = [narrowed(n) for n in range(1, 11)]
    send(books, bill(29))  # It sees how far AvidXchange has come.
    with pytest.raises(APBridgeError):
        send(books, *some)
    with Ledger(books.config["ledger_url"]) as ledger:
        (changes,) = held_changes(ledger)
        keys = {one.external_id: one.key for one in changes.records}
        let_through(ledger, changes.system, changes.stream, keys)
    books.run(
        f"UPDATE ax_invoice SET status = 'cancelled', status_reason = '{WITHDRAWN}it was late',"  # noqa: S608
        " modified_at = (SELECT max(modified_at) FROM ax_invoice) WHERE external_id LIKE '%-1'"
    )
    # This run does not bring them, and sees that one of them is cancelled.
    with suppress(APBridgeError):
        send(books, bill(30), state=unfinished)
    with Ledger(books.config["ledger_url"]) as ledger:
        assert [len(one.records) for one in held_changes(ledger, is_approved=True)] == [10]
        assert held_changes(ledger) == []
    send(books, *some)
    (found,) = books.rows("SELECT count(*) AS n FROM ax_invoice WHERE status = 'cancelled'")
    assert found["n"] == 10


def test_why_something_is_held_is_told_without_secrets(books: ReceivingCompany):
    with pytest.raises(APBridgeError, match="its memo is") as found:
        send(books, *(narrowed(n, "its memo is 123-45-6789") for n in ALL))
    with Ledger(books.config["ledger_url"]) as ledger:
        (changes,) = held_changes(ledger)
    told = (str(found.value), changes.sentence, str(changes.records), str(books.row(1).facts))
    assert [one for one in told if "123-45-6789" in one] == []
