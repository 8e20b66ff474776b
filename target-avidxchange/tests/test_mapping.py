"""Lines land on the codes that the tables say, and on none that AvidXchange does not have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from apbridge import json
from apbridge.errors import RejectedError
from tests.canonical import CODING, READ, account, bill, department, line, vendor
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.canonical import Record
    from tests.conftest import ReceivingCompany, TargetResult


def table(company: ReceivingCompany, text: str, name: str = "accounts.csv") -> dict[str, str]:
    """Write a table; return the setting that names it."""
    (company.folder / name).write_text(text)
    setting = "gl_mapping" if name.startswith("accounts") else "dimension_mapping"
    return {setting: str(company.folder / name)}


def lines(company: ReceivingCompany, number: int = 1) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = json.loads(company.invoice(number)["content"])["lines"]
    return shown


def gl_codes(company: ReceivingCompany) -> set[str]:
    return {row["code"] for row in company.rows("SELECT code FROM ax_gl_account")}


def test_accounts_and_lines_take_the_code_of_the_table(company: ReceivingCompany):
    mapped = table(company, "account,code\n6001,EXP-1\n6*,*-00\n")
    result = company.send(*CODING, bill(1, line(1, "1"), line(2, "2", 2)), **mapped)
    assert result.counts["bills"] == {"delivered": 1}
    assert gl_codes(company) == {"EXP-1", "002-00"}
    assert [one["glCode"] for one in lines(company)] == ["EXP-1", "002-00"]
    company.calls()
    assert company.send(*CODING, bill(1, line(1, "1"), line(2, "2", 2)), **mapped).counts["bills"] == {
        "unchanged": 1
    }
    assert company.asked_for() == ["what changed"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)])
@pytest.mark.parametrize("rows", ["6002,6001\n6003,6001\n", "600*,6001\n"])
def test_several_accounts_may_share_one_code(company: ReceivingCompany, rows: str, order: tuple[int, ...]):
    mapped = table(company, f"account,code\n{rows}")
    messages = [*map(account, order), vendor(1)]
    result = company.send(*messages, bill(1, line(1, "1"), line(2, "2", 2), line(3, "3", 3)), **mapped)
    assert result.counts["gl_accounts"] == {"delivered": 1, "unchanged": 2}
    assert result.counts["bills"] == {"delivered": 1}
    assert [one["glCode"] for one in lines(company)] == ["6001"] * 3
    assert [row["external_id"][-1] for row in company.rows("SELECT external_id FROM ax_gl_account")] == ["1"]
    assert company.calls()["refusals"] == {}


def test_a_shared_code_is_an_active_accounts_where_its_own_is_inactive(company: ReceivingCompany):
    mapped = table(company, "account,code\n6002,6001\n")
    inactive = account(1, is_active=False)
    result = company.send(vendor(1), inactive, account(2), bill(1, line(1, "1", 2)), **mapped)
    assert result.counts["bills"] == {"delivered": 1}
    assert [one["glCode"] for one in lines(company)] == ["6001"]


def test_a_shared_code_gets_an_account_of_its_own_once_the_table_says_so(company: ReceivingCompany):
    company.send(vendor(1), account(1), account(2), **table(company, "account,code\n6002,6001\n"))
    result = company.send(
        account(1), account(2), bill(1, line(1, "1", 2)), **table(company, "account,code\n")
    )
    assert result.counts["gl_accounts"] == {"delivered": 1, "unchanged": 1}
    assert [one["glCode"] for one in lines(company)] == ["6002"]


def test_a_bill_of_one_subsidiary_may_be_coded_otherwise(company: ReceivingCompany):
    mapped = table(company, "account,subsidiary,code\n6001,2,6002\n")
    company.send(*CODING, bill(1, subsidiary_id="1"), bill(2, subsidiary_id="2"), **mapped)
    assert lines(company, 1)[0]["glCode"] == "6001"
    assert lines(company, 2)[0]["glCode"] == "6002"


def test_another_table_sends_the_affected_bills_again(company: ReceivingCompany):
    messages = [*CODING, bill(1, line(1, "1")), bill(2, line(1, "2", 2))]
    company.send(*messages)
    company.calls()
    result = company.send(*messages, **table(company, "account,code\n6001,6002\n"))
    assert result.counts["bills"] == {"delivered": 1, "unchanged": 1}
    assert lines(company, 1)[0]["glCode"] == "6002"
    assert company.calls()["written"] == 1


@pytest.mark.parametrize(
    ("coded", "mapped", "code", "says"),
    [
        (
            line(1, "1"),
            "account,code\n6001,NONE\n",
            "APB-TAX-050",
            "line 1 is on account 6001, and AvidXchange has no code NONE",
        ),
        (
            line(1, "1", 3),
            "account,code\n",
            "APB-TAX-051",
            "line 1 is on account 6003, and code 6003 is not active",
        ),
    ],
)
def test_a_line_without_a_valid_code_rejects_the_bill_and_says_where_to_map_it(
    company: ReceivingCompany, coded: Record, mapped: str, code: str, says: str
):
    inactive = account(3, is_active=False)
    # Per subsidiary: the account itself keeps its own code.
    settings = table(
        company, mapped.replace("account,code", "account,subsidiary,code").replace("6001,", "6001,1,")
    )
    company.calls()
    result = company.send(*CODING, inactive, bill(1, coded, subsidiary_id="1"), **settings)
    assert result.counts["bills"] == {"rejected": 1}
    row = company.row(1)
    assert row.code == code
    assert says in (row.reason or "")
    assert f"in {settings['gl_mapping']} to" in (row.reason or "")
    assert company.calls()["refusals"] == {}
    # Put right in the table, it goes by itself.
    settings = table(company, "account,subsidiary,code\n600*,1,6002\n")
    assert company.send(**settings).counts["bills"] == {"delivered": 1}


def test_a_code_that_comes_later_in_the_same_run_is_waited_for(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("target_avidxchange.target.TargetAvidXchange.batch", 3)
    mapped = table(company, "account,subsidiary,code\n6001,2,6002\n")
    result = company.send(
        vendor(1), account(1), bill(1, line(1, "1"), subsidiary_id="2"), account(2), **mapped
    )
    assert result.counts["bills"] == {"delivered": 1}
    assert company.calls()["refusals"] == {}


def test_after_a_lost_ledger_the_codes_are_those_that_avidxchange_lists(company: ReceivingCompany):
    company.send(*CODING, account(3, is_active=False))
    company.lose_ledger()
    # The account itself is acknowledged anew; the code of the other one is only in AvidXchange's list.
    mapped = table(company, "account,subsidiary,code\n6001,1,6002\n6001,2,6003\n")
    coded = [bill(n, line(1, "1"), subsidiary_id=str(n)) for n in (1, 2)]
    result = company.send(vendor(1), account(1), *coded, **mapped)
    assert result.counts["bills"] == {"delivered": 1, "rejected": 1}
    assert company.row(2).code == "APB-TAX-051"


def test_dimensions_are_mapped_like_accounts(company: ReceivingCompany):
    mapped = table(company, "- {dimension: department, value: '*', code: D*}\n", "dimensions.yaml")
    company.send(*CODING, department(2), bill(1, line(1, "1", department_id="2", class_id="1")), **mapped)
    (shown,) = lines(company)
    assert (shown["department"], shown["class"]) == ("D2", "1")
    assert {row["code"] for row in company.rows("SELECT code FROM ax_dimension_value")} == {"D1", "D2", "1"}


def segment_value(company: ReceivingCompany, dimension: str, code: str, *, active: bool = True) -> None:
    """Put a value of a custom segment into AvidXchange, as whoever keeps them there does."""
    answer = requests.put(
        f"{company.sandbox.avidxchange_url}/v1/dimensions/{dimension}/values/segment-{code}",
        json={"code": code, "name": f"Value {code}", "active": active},
        headers={
            "X-Company-Token": company.sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "X-User-Token": company.sandbox.credentials["AVIDXCHANGE_USER_TOKEN"],
        },
        timeout=PATIENCE,
    )
    assert answer.status_code == 201


def test_a_custom_segment_is_a_dimension_of_its_name(company: ReceivingCompany):
    segment_value(company, "cseg_region", "N-12")
    segment_value(company, "cseg_region", "13", active=False)
    mapped = table(company, "- {dimension: cseg_region, value: 12, code: N-12}\n", "dimensions.yaml")
    custom = {"cseg_region": "12", "cseg_none": None, "custcol_note": "x"}
    good = bill(1, line(1, "1", custom_fields=custom))
    inactive = bill(2, line(1, "1", custom_fields={"cseg_region": "13"}))
    unknown = bill(3, line(1, "1", custom_fields={"cseg_other": 4}))
    result = company.send(*CODING, good, inactive, unknown, **mapped)
    assert result.counts["bills"] == {"delivered": 1, "rejected": 2}
    assert lines(company)[0]["dimensions"] == {"cseg_region": "N-12"}
    assert "line 1 is on cseg_region 13, and code 13 is not active" in (company.row(2).reason or "")
    assert "line 1 is on cseg_other 4, and AvidXchange has no code 4" in (company.row(3).reason or "")


def test_a_dimension_that_avidxchange_does_not_have_is_one_bills_matter(company: ReceivingCompany):
    # A name that the sandbox's AvidXchange answers with 404.
    unknown = bill(1, line(1, "1", custom_fields={"cseg_" + "x" * 60: "4"}))
    result = company.send(*CODING, unknown, bill(2))
    assert result.counts["bills"] == {"delivered": 1, "rejected": 1}


def test_a_wrong_table_ends_the_run_before_anything_is_sent(company: ReceivingCompany):
    with pytest.raises(Exception, match="line 2, column code: it is missing"):
        company.send(*CODING, **table(company, "account,code\n6001,\n"))
    assert company.calls()["total"] == 0


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)
def test_a_code_that_was_entered_in_avidxchange_itself_counts(company: ReceivingCompany):
    item = {"id": "1", "externalId": None, "code": "7", "name": "North", "active": True, "modifiedAt": None}
    page = {"items": [item], "nextCursor": None}
    match = {"method": "GET", "path": "/dimensions/cseg_region/values"}
    company.sandbox.control("/control/faults", {"match": match, "do": {"status": 200, "body": page}})
    company.send(*CODING, bill(1, line(1, "1", custom_fields={"cseg_region": "7"})))
    # It got past our own check: the sandbox, which does not have it, says no.
    assert company.row(1).code == "APB-TAX-013"


Later = Callable[..., "TargetResult"]


@pytest.fixture
def later(company: ReceivingCompany) -> Later:
    """Return what sends once more, where AvidXchange has the code of two accounts under the first of them."""
    mapped = table(company, "account,code\n6002,6001\n")
    company.send(*CODING, **mapped)
    return partial(company.send, before=READ, **mapped)


def usable(company: ReceivingCompany) -> list[tuple[str, str]]:
    query = "SELECT code, external_id FROM ax_gl_account WHERE active AND postable ORDER BY code"
    return [(row["code"], row["external_id"].rpartition("-")[2]) for row in company.rows(query)]


GONE: list[Record] = [{"is_active": False}, {"is_postable": False}, {"is_deleted": True}]


@pytest.mark.parametrize("gone", GONE, ids=["inactive", "unpostable", "deleted"])
def test_a_shared_code_stays_as_long_as_one_of_its_accounts_is_active(
    company: ReceivingCompany, later: Later, gone: Record
):
    first = account(1, **gone)
    assert later(first, bill(1, line(1, "1", 2))).counts["bills"] == {"delivered": 1}
    company.calls()
    later(first, account(2, name="Travel"))
    assert (usable(company), company.calls()["written"]) == ([("6001", "1")], 0)
    # Once nobody has it any more it goes too, and comes again with the other account.
    later(first, account(2, **gone))
    assert usable(company) == []
    assert later(first, account(2), bill(2, line(1, "1", 2))).counts["bills"] == {"delivered": 1}
    assert usable(company) == [("6001", "1")]
    later(first, account(2))
    company.calls()
    later(first, account(2))
    assert company.calls()["total"] == 0


def test_a_shared_code_comes_again_after_a_lost_ledger(company: ReceivingCompany, later: Later):
    inactive = account(1, is_active=False)
    later(inactive, account(2, is_active=False))
    company.lose_ledger()
    company.batch = 1
    sent = later(vendor(1), account(2), inactive, bill(1, line(1, "1", 2)), before=None)
    assert (sent.counts["bills"], usable(company)) == ({"delivered": 1}, [("6001", "1")])


def test_shared_codes_come_again_within_the_brakes_limits(company: ReceivingCompany):
    rules = "".join(f"{6000 + n + 20},{6000 + n}\n" for n in range(1, 13))
    mapped = table(company, f"account,code\n{rules}")
    inactive = [account(n, is_active=False) for n in range(1, 13)]
    company.send(vendor(1), *inactive, *(account(n + 20, is_active=False) for n in range(1, 13)), **mapped)
    active = [account(n + 20) for n in range(1, 13)]
    bills = [bill(n, line(1, "1", n + 20)) for n in range(1, 13)]
    with pytest.raises(RejectedError, match="12 gl accounts would be changed in AvidXchange"):
        company.send(*inactive, *active, *bills, **mapped, brake_count=11)
    assert (usable(company), company.invoice(1)) == ([], None)
    # Also where the bills come before their stream's end is known.
    company.batch = 5
    sent = company.send(*inactive, *active, *bills, **mapped)
    assert sent.counts["bills"] == {"delivered": 12}
    assert company.calls()["refusals"] == {}


@pytest.mark.parametrize("at_once", [False, True])
def test_a_number_of_a_deleted_account_is_its_new_owners_though_there_is_a_table(
    company: ReceivingCompany,
    at_once: bool,  # noqa: FBT001
):
    mapped = table(company, "account,code\n6009,6008\n")
    company.send(*CODING, **mapped)
    deleted, new = account(1, is_deleted=True), account(5)[1] | {"number": "6001"}
    if not at_once:
        company.send(deleted, before=READ, **mapped)
    company.send(*([deleted] if at_once else []), ("gl_accounts", new), before=READ, **mapped)
    (found,) = company.rows("SELECT external_id, active, content FROM ax_gl_account WHERE code = '6001'")
    assert (found["external_id"], found["active"]) == (new["external_id"], 1)
    assert "Account 5" in found["content"]


def test_a_code_that_was_kept_for_others_goes_with_the_last_of_them_though_the_table_is_no_more(
    company: ReceivingCompany,
):
    mapped = table(company, "account,code\n6002,6001\n")
    company.send(vendor(1), account(1), account(2), **mapped)
    company.send(account(1, is_deleted=True), before=READ, **mapped)
    company.send(account(2), before=READ)
    found = company.rows("SELECT code, content FROM ax_gl_account ORDER BY code")
    assert [(one["code"], json.loads(one["content"])["active"]) for one in found] == [
        ("6001", False),
        ("6002", True),
    ]
