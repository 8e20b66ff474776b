"""A role that sees only a part of the company is not told so by NetSuite: the run says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import UnavailableError

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap


def restrict(account: SandboxTap, subsidiaries: str) -> None:
    account.sandbox.control("/control/switches", {"netsuite.role_subsidiaries": subsidiaries})


def vendors_of(account: SandboxTap, condition: str) -> list[str]:
    query = f"SELECT id FROM ns_vendor WHERE {condition} ORDER BY id"  # noqa: S608
    return [str(row["id"]) for row in account.sql(query)]


def test_a_role_of_one_subsidiary_is_found_out_in_a_first_reading(changing: SandboxTap):
    hidden = vendors_of(changing, "subsidiary = 1")
    restrict(changing, "2")
    with pytest.raises(UnavailableError, match=f"{len(hidden)} vendors of subsidiary 1") as caught:
        changing.sync()
    assert caught.value.code == "APB-TNS-005"


def test_a_restriction_that_is_meant_is_no_gap(changing: SandboxTap):
    changing.sql(
        "DELETE FROM ns_vendorsubsidiaryrelationship WHERE subsidiary = 2 AND entity IN"
        " (SELECT id FROM ns_vendor WHERE subsidiary = 1)"
    )
    changing.sql(
        "UPDATE ns_transaction SET entity = (SELECT MIN(id) FROM ns_vendor WHERE subsidiary = 2)"
        " WHERE subsidiary = 2"
    )
    restrict(changing, "2")
    bills = changing.sync(subsidiaries=["2"]).records("bills")
    assert {bill["subsidiary_id"] for bill in bills} == {"2"}
    assert any(bill["is_eligible"] for bill in bills)


def test_a_vendor_that_a_later_bill_names_and_the_role_does_not_see_is_said(changing: SandboxTap):
    state = changing.sync().state
    changing.pass_time(600)
    state = changing.sync(state).state
    ours, theirs = vendors_of(changing, "subsidiary = 2")[0], vendors_of(changing, "subsidiary = 1")[0]
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    for table in ("transaction", "transactionline"):
        key = "id" if table == "transaction" else '"transaction"'
        changing.sql(f"UPDATE ns_{table} SET subsidiary = 2 WHERE {key} = ?", bill)  # noqa: S608
    changing.set_bill(bill, entity=ours, lastmodifieddate=changing.pass_time(60))
    restrict(changing, "2")
    state = changing.sync(state).state
    changing.set_bill(bill, entity=theirs, lastmodifieddate=changing.pass_time(60))
    with pytest.raises(UnavailableError, match=rf"show: vendors {theirs}\. "):
        changing.sync(state)


def test_coding_that_a_line_names_and_the_role_does_not_see_is_said(changing: SandboxTap):
    line = next(
        line
        for bill in changing.books().values()
        for line in bill["lines"]
        if bill["status"] == "open" and line["department_id"]
    )
    changing.sql("DELETE FROM ns_department WHERE id = ?", line["department_id"])
    with pytest.raises(UnavailableError, match=f"show: departments {line['department_id']}"):
        changing.sync()


def test_who_sees_everything_is_told_nothing_and_an_idle_run_asks_nothing(changing: SandboxTap):
    state = changing.sync().state
    changing.pass_time(600)
    state = changing.sync(state).state
    changing.sandbox.control("/control/calls", method="DELETE")
    changing.sync(state)
    calls = changing.sandbox.calls()["netsuite"]
    assert calls["total"] - calls["sign_ins"] <= 13


def _told(account: SandboxTap, state: Record) -> tuple[str, Record]:
    synced = account.sync(state, only="bills", fails=True, restlet_script=None, restlet_deploy=None)
    assert synced.failure
    assert synced.failure.code == "APB-TNS-005"
    return synced.failure.facts["hidden"], synced.state


def test_a_role_that_sees_no_bill_is_told_so_at_each_run(changing: SandboxTap):
    changing.sandbox.control("/control/switches", {"netsuite.missing_permissions": "Transactions -> Bills"})
    state: Record = {}
    for _ in range(2):
        hidden, state = _told(changing, state)
        assert re.fullmatch(r"[1-9]\d* bills", hidden)
        changing.pass_time(600)


def test_a_bill_whose_order_the_role_does_not_see_tells_so_whenever_it_is_read(changing: SandboxTap):
    synced = changing.sync()
    bill = next(one for one in synced.records("bills") if one["is_eligible"] and one["purchase_orders"])
    order = changing.sql("SELECT id FROM ns_transaction WHERE tranid = ?", bill["purchase_orders"][0])[0][
        "id"
    ]
    hides = {"netsuite.missing_permissions": "Transactions -> Purchase Order"}
    changing.sandbox.control("/control/switches", hides)
    assert str(order) in _told(changing, {})[0]
    changing.set_bill(bill["id"], memo="Changed", lastmodifieddate=changing.pass_time(60))
    assert _told(changing, synced.state)[0] == f"purchase orders {order}"
