"""Documents that were sent by other codes than those of now are read anew, and sent again."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.canonical import CODING, MODIFIED, NS, STREAMS, Message, account, bill, credit, line, read_until

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

WITH_OTHERS = (*STREAMS, "vendor_credits", "purchase_orders")
READ = read_until(MODIFIED, WITH_OTHERS)
LATER = read_until("2026-11-03T00:00:00Z", WITH_OTHERS)


def order(coded: Message) -> Message:
    """Return a purchase order with the lines of a bill."""
    _, record = coded
    kept = ("id", "vendor_id", "currency", "subsidiary_id", "total", "is_deleted", "modified_at")
    lines = [
        {**{name: value for name, value in one.items() if name != "kind"}, "is_closed": False}
        | {"quantity": Decimal(1), "quantity_received": Decimal(0), "quantity_billed": Decimal(0)}
        for one in record["lines"]
    ]
    return "purchase_orders", {
        **{name: record[name] for name in kept},
        "external_id": f"{NS}-purchaseorder-{record['id']}",
        "number": f"PO-{record['id']}",
        "order_date": "2026-10-01",
        "status": "pending_receipt",
        "lines": lines,
    }


def send(company: ReceivingCompany, *messages: Message, before: Any, **settings: Any) -> Any:  # noqa: ANN401
    """Send, with STATEs that have bookmarks of all documents; return the last STATE."""
    result = company.send(*messages, before=before, state=LATER, streams=WITH_OTHERS, **settings)
    return result.states[-1]


def documents(number: str = "6001") -> list[Message]:
    """Return a bill, a credit and an order on account 1, with the number that it has."""
    coded = line(1, "5.00") | {"account_number": number}
    return [
        bill(1, coded, subsidiary_id="1"),
        credit(1, coded, subsidiary_id="1"),
        order(bill(1, coded, subsidiary_id="1")),
    ]


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)
def test_a_changed_mapping_sends_credits_and_orders_again_too(company: ReceivingCompany):
    file = company.folder / "accounts.csv"
    file.write_text("account,subsidiary,code\n6001,1,6001\n")
    mapped = {"gl_mapping": str(file)}
    send(company, *CODING, *documents(), before=None, **mapped)
    file.write_text("account,subsidiary,code\n6001,1,6002\n")
    told = send(company, before=READ, **mapped)
    assert told["bookmarks"].keys() == set(STREAMS) - {"bills"}
    company.calls()
    told = send(company, *CODING, *documents(), before=told, **mapped)
    assert (company.calls()["written"], told["bookmarks"]) == (3, LATER["bookmarks"])
    assert send(company, *CODING, *documents(), before=LATER, **mapped)["bookmarks"] == LATER["bookmarks"]


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)
def test_another_number_of_an_account_sends_all_documents_again(company: ReceivingCompany):
    send(company, *CODING, *documents(), before=None)
    # A new account, and one that is the same, move nothing.
    assert send(company, account(3), account(1), before=READ)["bookmarks"] == LATER["bookmarks"]
    renumbered = account(1)[1] | {"number": "6100"}
    told = send(company, ("gl_accounts", renumbered), before=READ)
    assert told["bookmarks"].keys() == set(STREAMS) - {"bills"}
    # Until all were read it is dropped again, also by a run that moves nothing.
    assert send(company, before=READ)["bookmarks"].keys() == set(STREAMS) - {"bills"}
    company.calls()
    told = send(company, *documents("6100"), before=told)
    assert (company.calls()["written"], told["bookmarks"]) == (3, LATER["bookmarks"])
    assert send(company, before=LATER)["bookmarks"] == LATER["bookmarks"]
