"""Documents of others, and vendors that are merged: what people do in NetSuite beside vendor payments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from apbridge_sandbox.testing import Running, running


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(vendors=6, bills=12) as started:
        yield started


def bills(sandbox: Running) -> dict[str, Any]:
    return {bill["id"]: bill for bill in sandbox.books()["netsuite"]["bills"]}


def open_bill(sandbox: Running) -> Any:  # noqa: ANN401
    return next(bill for bill in bills(sandbox).values() if bill["status"] == "A")


def sql(sandbox: Running, statement: str) -> list[Any]:
    assert sandbox.sandbox
    with sandbox.sandbox.store.connection() as conn:
        return [tuple(row) for row in conn.execute(statement)]


@pytest.mark.parametrize(
    ("kind", "type_", "is_kept"),
    [("prepayment", "VPrepApp", False), ("journal", "Journal", True), ("credit", "VendCred", True)],
)
def test_a_document_settles_a_bill_and_is_taken_off_again(
    sandbox: Running, kind: str, type_: str, *, is_kept: bool
):
    bill = open_bill(sandbox)
    order = {"kind": kind, "bill": bill["id"], "amount": "10.01"}
    number = sandbox.control("/control/netsuite/apply", order)["id"]
    (after,) = bills(sandbox)[bill["id"]]["applications"]
    assert (after["payment"], after["amount"]) == (number, "10.01")
    assert sql(sandbox, f"SELECT nexttype FROM ns_link WHERE nextdoc = {number}") == [(type_,)] * 2  # noqa: S608

    rest = sandbox.control("/control/netsuite/apply", {"kind": kind, "bill": bill["id"]})["id"]
    assert (bills(sandbox)[bill["id"]]["unpaid"], bills(sandbox)[bill["id"]]["status"]) == ("0.00", "B")
    with pytest.raises(HTTPError):
        sandbox.control("/control/netsuite/apply", order)

    for each in (number, rest):
        assert sandbox.control("/control/netsuite/unapply", {"id": each}) == {"bills": [bill["id"]]}
    after = bills(sandbox)[bill["id"]]
    assert (after["applications"], after["unpaid"], after["status"]) == ([], bill["unpaid"], "A")
    left = sql(sandbox, f"SELECT id FROM ns_transaction WHERE type = '{type_}'")  # noqa: S608
    assert bool(left) is is_kept


@pytest.mark.parametrize("moves", [True, False])
def test_merged_vendors_are_one(sandbox: Running, *, moves: bool):
    sandbox.control("/control/switches", {"netsuite.merge_dates": "move" if moves else "stay"})
    bill = open_bill(sandbox)
    before = sql(sandbox, f"SELECT lastmodifieddate FROM ns_transaction WHERE id = {bill['id']}")  # noqa: S608
    into = next(
        vendor["id"] for vendor in sandbox.books()["netsuite"]["vendors"] if vendor["id"] != bill["vendor"]
    )
    sandbox.control("/control/clock", {"advance_seconds": 60})
    sandbox.control("/control/netsuite/merge-vendors", {"vendor": bill["vendor"], "into": into})
    assert bills(sandbox)[bill["id"]]["vendor"] == into
    assert bill["vendor"] not in {one["id"] for one in sandbox.books()["netsuite"]["vendors"]}
    after = sql(sandbox, f"SELECT lastmodifieddate FROM ns_transaction WHERE id = {bill['id']}")  # noqa: S608
    assert (after != before) is moves
    assert sql(sandbox, "SELECT recordid FROM ns_deletedrecord") == []


def test_a_merge_may_leave_a_deleted_record(sandbox: Running):
    sandbox.control("/control/switches", {"netsuite.merge_notes_deletion": True})
    first, second, *_ = (vendor["id"] for vendor in sandbox.books()["netsuite"]["vendors"])
    sandbox.control("/control/netsuite/merge-vendors", {"vendor": first, "into": second})
    assert sql(sandbox, "SELECT recordid, type FROM ns_deletedrecord") == [(int(first), "vendor")]
    with pytest.raises(HTTPError):
        sandbox.control("/control/netsuite/merge-vendors", {"vendor": first, "into": second})


def test_a_paid_bill_that_is_lowered_keeps_no_more_than_its_total_applied(sandbox: Running):
    bill = open_bill(sandbox)
    sandbox.control("/control/netsuite/pay-by-hand", {"bill": bill["id"], "check_number": "1"})
    sandbox.control("/control/netsuite/lower", {"bill": bill["id"], "amount": "1.00"})
    after = bills(sandbox)[bill["id"]]
    assert (after["unpaid"], after["status"]) == ("0.00", "B")
    (applied,) = after["applications"]
    assert float(applied["amount"]) == float(after["total"]) == float(bill["total"]) - 1
    with pytest.raises(HTTPError):
        sandbox.control("/control/netsuite/lower", {"bill": bill["id"], "amount": "10000000"})
