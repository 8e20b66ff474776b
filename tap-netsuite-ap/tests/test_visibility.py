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


@pytest.mark.parametrize(
    ("permission", "hidden"), [("Bills", "bills"), ("Purchase Order", "purchase orders of bills")]
)
def test_a_role_without_a_permission_is_told_of_what_other_records_name(
    changing: SandboxTap, permission: str, hidden: str
):
    missing = {"netsuite.missing_permissions": f"Transactions -> {permission}"}
    changing.sandbox.control("/control/switches", missing)
    state: Record = {}
    # Who sees no bill at all is told of it at each run.
    for _ in range(2 if hidden == "bills" else 1):
        synced = changing.sync(state, only="bills", fails=True, restlet_script=None, restlet_deploy=None)
        assert synced.failure
        assert synced.failure.code == "APB-TNS-005"
        assert re.fullmatch(rf"[1-9]\d* {hidden}", synced.failure.facts["hidden"])
        state = synced.state
        changing.pass_time(600)
