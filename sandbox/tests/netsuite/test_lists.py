"""Lists of records: pages, links, the filter `q`; records with chosen fields; sublists by their links."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from typing import Any

import pytest

from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import RECORDS, SeededBill, SignedInNetSuite, error_of

TABLES = {
    "vendor": "vendor",
    "vendorBill": "transaction WHERE type = 'VendBill'",
    "vendorPayment": "transaction WHERE type = 'VendPymt'",
    "account": "account",
    "department": "department",
    "classification": "classification",
    "location": "location",
    "subsidiary": "subsidiary",
}


def _list(netsuite: SignedInNetSuite, name: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
    answer = netsuite.get(f"{RECORDS}/{name}", params=parameters)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert page["count"] == len(page["items"])
    return page


def _found(netsuite: SignedInNetSuite, name: str, q: str) -> list[str]:
    return [item["id"] for item in _list(netsuite, name, q=q)["items"]]


def _by_suiteql(netsuite: SignedInNetSuite, name: str, where: str = "1 = 1") -> list[str]:
    word = "AND" if "WHERE" in TABLES[name] else "WHERE"
    rows = netsuite.rows(f"SELECT id FROM {TABLES[name]} {word} {where} ORDER BY id ASC")
    return [row["id"] for row in rows]


@pytest.mark.parametrize("name", list(TABLES))
def test_a_list_names_every_record_and_the_link_reads_it(netsuite: SignedInNetSuite, name: str):
    page = _list(netsuite, name.lower())
    assert [item["id"] for item in page["items"]] == _by_suiteql(netsuite, name)
    assert (page["totalResults"], page["hasMore"], page["offset"]) == (page["count"], False, 0)
    for item in page["items"][:3]:
        (link,) = item["links"]
        shown = netsuite.get(link["href"].removeprefix(netsuite.base)).json()
        assert shown["id"] == item["id"]


def test_pages_follow_their_links_and_keep_the_filter(netsuite: SignedInNetSuite):
    q = 'acctType IS "Expense"'
    page = _list(netsuite, "account", q=q, limit=10)
    seen = [item["id"] for item in page["items"]]
    while page["hasMore"]:
        (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
        page = netsuite.get(following.removeprefix(netsuite.base)).json()
        seen += [item["id"] for item in page["items"]]
    assert seen == _by_suiteql(netsuite, "account", "accttype = 'Expense'")
    assert len(seen) > 20
    assert {link["rel"] for link in page["links"]} == {"self", "first", "prev", "last"}


def test_wrong_pages_are_refused(netsuite: SignedInNetSuite):
    for parameters, where in (
        ({"limit": 1001}, "limit"),
        ({"limit": 10, "offset": 5}, "offset"),
        ({"limit": "x"}, "limit"),
        ({"page": 2}, "page"),
        ({"fields": "id"}, "fields"),
    ):
        error = error_of(netsuite.get(f"{RECORDS}/account", params=parameters))
        assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", where)


@pytest.mark.parametrize(
    ("name", "q", "where"),
    [
        ("vendor", "isInactive IS false", "isinactive = 'F'"),
        ("vendor", "isPerson IS_NOT true", "isperson = 'F'"),
        ("vendor", "email EMPTY", "email IS NULL"),
        ("vendor", "email EMPTY_NOT AND phone EMPTY_NOT", "email IS NOT NULL AND phone IS NOT NULL"),
        ("vendor", 'altName CONTAIN "o\'b"', "LOWER(altname) LIKE '%o''b%'"),
        ("vendor", "companyName START_WITH S", "LOWER(companyname) LIKE 's%'"),
        ("vendor", "companyName START_WITH_NOT S", "LOWER(companyname) NOT LIKE 's%'"),
        ("vendor", "id BETWEEN [12, 15]", "id BETWEEN 12 AND 15"),
        ("vendor", "id ANY_OF_NOT [12,15]", "id NOT IN (12, 15)"),
        ("vendor", "(id EQUAL 12 OR id EQUAL 13) AND id LESS 13", "id = 12"),
        ("vendor", "id EQUAL 12 OR id EQUAL 13 AND id LESS 13", "id = 12"),
        ("vendor", "subsidiary EQUAL 2", "subsidiary = 2"),
        ("vendor", "custentity_1099_reportable IS true", "custentity_1099_reportable = 'T'"),
        ("vendorBill", "total GREATER_OR_EQUAL 2500.01", "-foreigntotal >= 2500.01"),
        ("vendorBill", "custbody_retainage GREATER 0", "custbody_retainage > 0"),
        ("vendorBill", 'status IS "VendBill:A"', "status = 'A'"),
        (
            "vendorBill",
            'tranDate ON_OR_AFTER "9/1/2026" AND tranDate BEFORE "10/01/2026"',
            "TO_CHAR(trandate, 'YYYY-MM') = '2026-09'",
        ),
        (
            "vendorBill",
            'lastModifiedDate AFTER "08/15/2026" AND lastModifiedDate BEFORE "10/20/2026"',
            "TO_CHAR(lastmodifieddate, 'MMDD') BETWEEN '0815' AND '1019'",
        ),
        ("vendorPayment", "entity ANY_OF [11, 12, 13]", "entity IN (11, 12, 13)"),
    ],
)
def test_a_filter_finds_what_suiteql_finds(netsuite: SignedInNetSuite, name: str, q: str, where: str):
    netsuite.switch(hidden_columns="")
    assert _found(netsuite, name, q) == _by_suiteql(netsuite, name, where)


@pytest.mark.parametrize(
    ("q", "code", "said"),
    [
        ("shoeSize EQUAL 5", "NONEXISTENT_FIELD", "shoeSize"),
        ("companyname IS x", "NONEXISTENT_FIELD", "companyname"),
        ("companyName GREATER 5", "INVALID_PARAMETER", "not allowed"),
        ("id CONTAIN 5", "INVALID_PARAMETER", "not allowed"),
        ("isInactive IS T", "INVALID_PARAMETER", "neither true nor false"),
        ("id EQUAL x", "INVALID_PARAMETER", "not a number"),
        ("id ANY_OF 5", "INVALID_PARAMETER", "list"),
        ("id BETWEEN [1]", "INVALID_PARAMETER", "two values"),
        ("id EQUAL", "INVALID_PARAMETER", "not complete"),
        ("(id EQUAL 5", "INVALID_PARAMETER", "not complete"),
        ("id EQUAL 5)", "INVALID_PARAMETER", "Unexpected"),
        ("id EQUAL 5 email EMPTY", "INVALID_PARAMETER", "Unexpected"),
        ('dateCreated AFTER "2026-03-15"', "INVALID_PARAMETER", 'failed with date format "M/d/yy"'),
        ('dateCreated AFTER "3/15/2026 10:00"', "INVALID_PARAMETER", "failed with date format"),
        ('dateCreated ON "2/30/2026"', "INVALID_PARAMETER", "failed with date format"),
    ],
)
def test_a_wrong_filter_is_refused(netsuite: SignedInNetSuite, q: str, code: str, said: str):
    error = error_of(netsuite.get(f"{RECORDS}/vendor", params={"q": q}))
    assert (error["o:errorCode"], error["o:errorQueryParam"]) == (code, "q")
    assert said in error["detail"]


def test_features_permissions_and_subsidiaries(netsuite: SignedInNetSuite, sandbox: Running):
    every = _list(netsuite, "vendor")["totalResults"]
    netsuite.switch(role_subsidiaries="2")
    seen = [item["id"] for item in _list(netsuite, "vendor")["items"]]
    assert 0 < len(seen) < every
    assert seen == _by_suiteql(netsuite, "vendor")
    assert netsuite.get(f"{RECORDS}/vendor/11").status_code == 404
    netsuite.switch(role_subsidiaries="", missing_permissions="Reports -> SuiteAnalytics Workbook")
    assert _list(netsuite, "vendor")["totalResults"] == every
    refused = netsuite.get(f"{RECORDS}/vendor", params={"q": "id EQUAL 11"})
    assert error_of(refused)["o:errorCode"] == "INSUFFICIENT_PERMISSION"
    netsuite.switch(missing_permissions="Lists -> Vendors", departments=False)
    assert netsuite.get(f"{RECORDS}/vendor").status_code == 403
    assert netsuite.get(f"{RECORDS}/department").status_code == 404
    assert sandbox.calls()["netsuite"]["writes"] == 0


def test_a_record_shows_the_fields_asked_for(netsuite: SignedInNetSuite):
    path = f"{RECORDS}/vendor/11"
    assert set(netsuite.get(path, params={"fields": "entityId,isInactive"}).json()) == {
        *("links", "id"),
        *("entityId", "isInactive"),
    }
    for parameters, where in (({"fields": "entityid"}, "fields"), ({"expand": "true"}, "expand")):
        assert error_of(netsuite.get(path, params=parameters))["o:errorQueryParam"] == where
    assert netsuite.post(f"{RECORDS}/vendor", json={}).status_code == 405
    assert netsuite.patch(path, json={"email": "a@b.example"}).status_code == 405


def test_every_link_of_a_bill_leads_somewhere(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    path = f"{RECORDS}/vendorBill/{bills[0].id}"
    links = _links(netsuite.get(path, params={"expandSubResources": "true"}).json())
    assert len(links) > 5
    for link in links:
        assert netsuite.get(link.removeprefix(netsuite.base)).status_code == 200, link
    for sublist in ("expense", "item"):
        shown = netsuite.get(f"{path}/{sublist}").json()
        expanded = netsuite.get(f"{path}/{sublist}", params={"expandSubResources": "true"}).json()
        assert [set(item) for item in shown["items"]] == [{"links"}] * expanded["totalResults"]
    assert netsuite.get(f"{path}/apply").status_code == 404
    assert netsuite.get(f"{path}/expense/999").status_code == 404


def _links(node: object) -> set[str]:
    if isinstance(node, list):
        return {link for each in node for link in _links(each)}
    if not isinstance(node, dict):
        return set()
    return {node["href"]} if "href" in node else {link for each in node.values() for link in _links(each)}
