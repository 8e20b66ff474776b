"""`apbridge mapping check`: what open bills are coded to, against what AvidXchange takes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running, running
from tests.waiting import PATIENCE

Apbridge = Callable[..., Any]
DIMENSIONS = {"department": "departments", "class": "classes", "location": "locations"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=5, bills=30) as sandbox:
        put_codes(sandbox)
        yield sandbox


def put_codes(sandbox: Running) -> None:
    """Put every account and dimension value of NetSuite into AvidXchange."""
    netsuite = sandbox.books()["netsuite"]
    for one in netsuite["accounts"]:
        put(sandbox, f"gl-accounts/a{one['id']}", code=one["acctnumber"], postable=True)
    for dimension, table in DIMENSIONS.items():
        for one in netsuite[table]:
            put(sandbox, f"dimensions/{dimension}/values/v{one['id']}", code=str(one["id"]))


def put(sandbox: Running, path: str, *, active: bool = True, **body: object) -> None:
    credentials = sandbox.credentials
    answer = requests.put(
        f"{credentials['AVIDXCHANGE_BASE_URL']}/v1/{path}",
        json={"name": "Any", "active": active, **body},
        headers={
            "X-Company-Token": credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "X-User-Token": credentials["AVIDXCHANGE_USER_TOKEN"],
        },
        timeout=PATIENCE,
    )
    assert answer.ok, answer.text


@pytest.fixture
def company(sandbox: Running, project: Path) -> Iterator[Running]:
    assert project
    os.environ.update(sandbox.credentials)
    yield sandbox
    sandbox.control("/control/switches", method="DELETE")


def used_accounts(sandbox: Running) -> Counter[str]:
    """Count the open bills on each account."""
    bills = [bill for bill in sandbox.books()["netsuite"]["bills"] if bill["status"] == "A"]
    return Counter(number for bill in bills for number in {line["account_number"] for line in bill["lines"]})


def check(apbridge: Apbridge, code: int, *more: str) -> Any:  # noqa: ANN401
    ended = apbridge("mapping", "check", "--json", *more)
    assert ended.code == code, ended
    return json.loads(ended.out)


def test_where_every_code_is_there_all_is_well(company: Running, apbridge: Apbridge):
    assert company
    assert check(apbridge, 0) == {"ok": True, "invalid": []}
    assert "has a code that AvidXchange takes" in apbridge("mapping", "check").out


def test_each_account_without_a_valid_code_is_listed_with_its_bills(
    company: Running, apbridge: Apbridge, project: Path
):
    used = used_accounts(company)
    (first, second), calls = sorted(used)[:2], company.calls()["avidxchange"]["writes"]
    (project / "codes.csv").write_text(f"account,code\n{first},GONE\n")
    os.environ["TARGET_AVIDXCHANGE_GL_MAPPING"] = "codes.csv"
    id_of = {one["acctnumber"]: one["id"] for one in company.books()["netsuite"]["accounts"]}
    put(company, f"gl-accounts/a{id_of[second]}", code=second, postable=True, active=False)
    try:
        found = check(apbridge, 1)
        shown = apbridge("mapping", "check")
    finally:
        put(company, f"gl-accounts/a{id_of[second]}", code=second, postable=True)
    told = {one["number"]: (one["code"], one["problem"]) for one in found["invalid"]}
    assert told == {first: ("GONE", "AvidXchange does not have it"), second: (second, "it is not active")}
    bills: Counter[str] = Counter()
    for one in found["invalid"]:
        bills[one["number"]] += one["bills"]
    assert bills == {first: used[first], second: used[second]}
    assert {one["table"] for one in found["invalid"]} == {"codes.csv"}
    assert shown.code == 1
    assert "GONE" in shown.out
    assert company.calls()["avidxchange"]["writes"] == calls + 2, "those of this test"


def test_every_account_of_a_line_is_looked_at_whatever_netsuite_calls_its_posting(
    company: Running, apbridge: Apbridge, project: Path
):
    used = used_accounts(company)
    (project / "codes.csv").write_text("account,code\n" + "".join(f"{number},GONE\n" for number in used))
    os.environ["TARGET_AVIDXCHANGE_GL_MAPPING"] = "codes.csv"
    bills: Counter[str] = Counter()
    for one in check(apbridge, 1)["invalid"]:
        bills[one["number"]] += one["bills"]
    assert bills == used


def test_dimensions_are_listed_too(company: Running, apbridge: Apbridge, project: Path):
    (project / "codes.yaml").write_text("- {dimension: location, value: '*', code: 'L*'}\n")
    os.environ["TARGET_AVIDXCHANGE_DIMENSION_MAPPING"] = "codes.yaml"
    found = check(apbridge, 1)["invalid"]
    assert {one["of"] for one in found} == {"location"}
    assert all(one["code"] == f"L{one['id']}" for one in found)
    assert company


@pytest.mark.parametrize("absent", ["oneworld", "departments", "locations"])
def test_an_account_without_a_feature_is_checked_without_it(
    company: Running, apbridge: Apbridge, absent: str
):
    company.control("/control/switches", {f"netsuite.{absent}": False})
    assert check(apbridge, 0)["ok"]


def test_a_wrong_table_is_one_sentence(company: Running, apbridge: Apbridge, project: Path):
    assert company
    (project / "codes.csv").write_text("account,kode\n1,2\n")
    os.environ["TARGET_AVIDXCHANGE_GL_MAPPING"] = "codes.csv"
    ended = apbridge("mapping", "check")
    assert ended.code == 2
    assert "codes.csv, line 2, column kode" in ended.err
