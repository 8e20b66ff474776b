from __future__ import annotations

import json as plain_json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from apbridge.errors import OutcomeUnknownError, RefusedError, SettingError, UnavailableError
from apbridge.netsuite import client as client_module
from apbridge.netsuite import in_list, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from apbridge.netsuite import NetSuite
    from tests.conftest import AnswerScript

QUERY = "SELECT id FROM vendor ORDER BY id ASC"


def page(rows: list[dict[str, Any]], total: int, *, more: bool) -> dict[str, Any]:
    items = [{"links": [], **row} for row in rows]
    return {"links": [], "count": len(rows), "hasMore": more, "items": items, "totalResults": total}


def error(code: str, detail: str, **more: str) -> dict[str, Any]:
    return {"title": "Error", "o:errorDetails": [{"detail": detail, "o:errorCode": code, **more}]}


def read(netsuite: NetSuite) -> Any:  # noqa: ANN401
    return netsuite.suiteql_all(QUERY, purpose="read vendors")


def test_a_page_of_rows(script: AnswerScript, netsuite: NetSuite):
    script.then(200, page([{"id": "1", "companyname": "O'Brien"}], 1, more=False))
    found = netsuite.suiteql(QUERY, limit=10, offset=20, purpose="read vendors")
    assert found.items == [{"id": "1", "companyname": "O'Brien"}]
    assert (found.has_more, found.total) == (False, 1)
    asked = script.asked[1]
    assert (asked.method, asked.path) == ("POST", "/services/rest/query/v1/suiteql?limit=10&offset=20")
    assert asked.headers["Prefer"] == "transient"
    assert plain_json.loads(asked.body) == {"q": QUERY}


def test_every_page_is_read(script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client_module, "PAGE_ROWS", 2)
    script.then(200, page([{"id": "1"}, {"id": "2"}], 3, more=True)).then(
        200, page([{"id": "3"}], 3, more=False)
    )
    assert [row["id"] for row in read(netsuite)] == ["1", "2", "3"]
    assert script.asked[2].path.endswith("offset=2")


@pytest.mark.parametrize("more", [True, False])
def test_at_the_cap_nothing_is_cut_off_silently(
    script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch, *, more: bool
):
    monkeypatch.setattr(client_module, "MOST_ROWS", 4)
    script.forever(200, page([{"id": "1"}] * 4, 4, more=more))
    with pytest.raises(UnavailableError, match="no more than 4"):
        read(netsuite)


def test_rows_that_go_while_they_are_read_are_not_missed(
    script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client_module, "PAGE_ROWS", 2)
    first = page([{"id": "1"}, {"id": "2"}], 4, more=True)
    script.then(200, first).then(200, page([{"id": "4"}], 3, more=False))
    script.then(200, page([{"id": "2"}, {"id": "3"}], 3, more=True)).then(
        200, page([{"id": "4"}], 3, more=False)
    )
    assert [row["id"] for row in read(netsuite)] == ["2", "3", "4"]
    script.forever(200, first)
    with pytest.raises(UnavailableError, match="3 times in a row"):
        read(netsuite)


@pytest.mark.parametrize("body", [{}, [], "x", {"items": 1}, {"items": [1], "hasMore": 1, "totalResults": 1}])
def test_what_is_no_page_is_said(script: AnswerScript, netsuite: NetSuite, body: object):
    script.then(200, body)
    with pytest.raises(UnavailableError, match="no page of rows"):
        read(netsuite)


@pytest.mark.parametrize("status", [400, 403, 429, 500])
@pytest.mark.parametrize("code", ["CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED"])
@pytest.mark.parametrize("form", ["record", "restlet"])
def test_overload_is_told_by_its_code_in_any_status(
    script: AnswerScript, netsuite: NetSuite, status: int, code: str, form: str
):
    restlet = {"error": {"code": code, "message": "Request blocked."}}
    script.then(status, error(code, "Request blocked.") if form == "record" else restlet)
    script.then(204, headers={"Location": "https://x/services/rest/record/v1/vendorPayment/77"})
    assert netsuite.create("vendorPayment", {"memo": "x"}, purpose="post payment") == "77"
    assert netsuite.session.counts.retries == 1


def test_an_unknown_column_is_a_refusal_with_netsuites_words(script: AnswerScript, netsuite: NetSuite):
    script.then(
        400, error("INVALID_PARAMETER", "Unknown identifier 'subsidiary'.", **{"o:errorQueryParam": "q"})
    )
    with pytest.raises(RefusedError, match="Unknown identifier 'subsidiary'") as caught:
        read(netsuite)
    assert (caught.value.status, caught.value.reason) == (400, "INVALID_PARAMETER")
    assert caught.value.facts["details"]["o:errorQueryParam"] == "q"


def test_an_unexpected_error_that_stays_is_a_refusal_soon(script: AnswerScript, netsuite: NetSuite):
    script.forever(500, error("UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: x1"))
    with pytest.raises(RefusedError, match="Error ID: x1"):
        read(netsuite)
    assert len(script.asked) == 1 + 3
    with pytest.raises(OutcomeUnknownError):
        netsuite.create("vendorPayment", {}, purpose="post payment")
    assert len(script.asked) == 1 + 3 + 1


def test_several_errors_are_all_said(script: AnswerScript, netsuite: NetSuite):
    both = error("INVALID_CONTENT", "Invalid account.", **{"o:errorPath": "account"})
    both["o:errorDetails"].append({"detail": "Invalid entity.", "o:errorCode": "INVALID_CONTENT"})
    script.then(400, both)
    with pytest.raises(RefusedError, match=r"Invalid account\.; Invalid entity") as caught:
        netsuite.create("vendorPayment", {}, purpose="post payment")
    assert caught.value.facts["details"]["o:errorPath"] == "account"


@pytest.mark.parametrize(
    "body",
    [{"error": {"code": "SSS_X", "message": "no"}}, {"error": "no"}, {"name": "SSS_X", "message": "no"}, 5],
)
def test_a_restlets_errors_are_read(script: AnswerScript, netsuite: NetSuite, body: object):
    script.then(400, body)
    with pytest.raises(RefusedError, match=r"refused to read files: (no|it gave no reason)"):
        netsuite.restlet({"action": "files"}, reads=dict, purpose="read files")


def test_a_restlet_is_called_by_its_names(script: AnswerScript, netsuite: NetSuite):
    script.then(200, {"files": []})
    asked = {"action": "files", "bills": ["1"]}
    assert netsuite.restlet(asked, reads=dict, purpose="read files") == {"files": []}
    expected = "/app/site/hosting/restlet.nl?script=customscript_x&deploy=customdeploy_x"
    assert script.asked[1].path == expected


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({"accountConcurrencyLimit": 15, "integrationConcurrencyLimit": 10}, 10),
        ({"accountConcurrencyLimit": "20", "integrationConcurrencyLimit": None}, 20),
        ({"accountConcurrencyLimit": 3}, 3),
        ({"accountConcurrencyLimit": 0}, 5),
        ({}, 5),
    ],
)
def test_the_limit_is_what_netsuite_grants(
    script: AnswerScript, netsuite: NetSuite, limits: dict[str, Any], most: int
):
    script.then(200, {**limits, "links": []})
    netsuite.learn_limit()
    assert netsuite.concurrency == netsuite.restlets.limiter.most == most


def test_a_limit_that_the_role_may_not_see_changes_nothing(script: AnswerScript, netsuite: NetSuite):
    script.then(403, error("INSUFFICIENT_PERMISSION", "Permission Violation"))
    netsuite.learn_limit()
    assert netsuite.concurrency == 5


@pytest.mark.parametrize("body", [[], {"accountConcurrencyLimit": "many"}])
def test_a_limit_that_is_none_is_said(script: AnswerScript, netsuite: NetSuite, body: object):
    script.then(200, body)
    with pytest.raises(UnavailableError, match="no limits"):
        netsuite.learn_limit()


def test_rest_and_restlets_share_one_limiter(netsuite: NetSuite):
    assert netsuite.restlets.limiter is netsuite.session.limiter


def test_no_restlet_is_a_setting(netsuite_to: Callable[..., NetSuite], script: AnswerScript):
    with pytest.raises(SettingError, match="restlet_script"):
        netsuite_to(script.url).restlet({"action": "version"}, reads=dict, purpose="ask the version")
    assert not script.asked


def test_a_created_record_without_its_id_is_in_doubt(script: AnswerScript, netsuite: NetSuite):
    script.then(204)
    with pytest.raises(OutcomeUnknownError, match="not under which id"):
        netsuite.create("vendorPayment", {}, purpose="post payment")


APPLY = {"items": [{"doc": {"id": "12"}, "amount": Decimal("10.10")}]}


@pytest.mark.parametrize(
    ("body", "replace", "tries"),
    [({"memo": "x"}, (), 2), ({"apply": APPLY}, ("apply",), 2), ({"apply": APPLY}, (), 1)],
)
def test_an_upsert_is_repeated_only_where_it_cannot_append(
    script: AnswerScript, netsuite: NetSuite, body: dict[str, Any], replace: tuple[str, ...], tries: int
):
    script.then(502, b"<html>").then(204, headers={"Location": "/services/rest/record/v1/vendorPayment/9"})
    if tries == 1:
        with pytest.raises(OutcomeUnknownError):
            netsuite.upsert("vendorPayment", "p-1", body, replace=replace, purpose="post")
    else:
        assert netsuite.upsert("vendorPayment", "p-1", body, replace=replace, purpose="post") == "9"
    assert len(script.asked) == 1 + tries
    query = "?replace=apply" if replace else ""
    assert script.asked[1].path == f"/services/rest/record/v1/vendorPayment/eid:p-1{query}"


def test_records_are_read_changed_and_deleted(script: AnswerScript, netsuite: NetSuite):
    script.then(200, {"id": "9", "total": Decimal("10.10")}).then(204).then(204)
    script.then(404, error("NONEXISTENT_ID", "The record does not exist.")).then(403, error("X", "no"))
    assert netsuite.get("vendorPayment", "eid:p-1", purpose="read")["total"] == Decimal("10.10")
    netsuite.patch("vendorPayment", "9", {"memo": "x"}, purpose="change")
    netsuite.delete("vendorPayment", "9", purpose="delete")
    netsuite.delete("vendorPayment", "9", purpose="delete")
    with pytest.raises(RefusedError):
        netsuite.delete("vendorPayment", "9", purpose="delete")
    assert [asked.method for asked in script.asked[1:]] == ["GET", "PATCH", "DELETE", "DELETE", "DELETE"]


@given(st.text())
def test_a_literal_cannot_be_left(value: str):
    quoted = literal(value)
    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "") == value.replace("'", "")
    assert quoted[1:-1].replace("''", "'") == value


def test_an_in_list_has_its_limits():
    assert in_list(["a", "O'Brien"]) == "'a', 'O''Brien'"
    assert in_list(str(n) for n in range(1000)).count(",") == 999
    for values in ([], [str(n) for n in range(1001)]):
        with pytest.raises(ValueError, match="1 to 1000"):
            in_list(values)


@pytest.mark.parametrize("ask", ["query", "record", "restlet"])
def test_an_answer_may_take_four_minutes(
    script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch, ask: str
):
    waits: dict[str, tuple[float, float]] = {}
    send = HTTPAdapter.send

    def noting(self: HTTPAdapter, request: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        waits[request.path_url] = more["timeout"]
        return send(self, request, *args, **more)

    monkeypatch.setattr(HTTPAdapter, "send", noting)
    script.then(200, {"items": [], "hasMore": False, "totalResults": 0})
    asks: dict[str, Callable[[], object]] = {
        "query": lambda: read(netsuite),
        "record": lambda: netsuite.get("vendorBill", "1", purpose="read bill 1"),
        "restlet": lambda: netsuite.restlet({"action": "files"}, reads=dict, purpose="read files"),
    }
    asks[ask]()
    *_, (connect, answer) = waits.values()
    # A query of a large account may take minutes; where nobody listens that is known sooner.
    assert (connect, answer) == (10.0, 240.0)
