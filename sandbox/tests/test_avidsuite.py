"""AvidXchange in the avidsuite style: the same books, as strict, in words alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from apbridge_sandbox.testing import Running
from tests.avidsuite import AvidSuite

VENDOR = {"VendorExternalSystemID": "v-1", "Number": "V1", "Name": "O'Brien & Sons", "IsActive": True}
ACCOUNT = {
    "ExternalSystemID": "a-1",
    "GroupName": "GL Account",
    "CodeValue": "6010",
    "Description": "Plumbing",
    "IsActive": True,
}
PLACE = {**ACCOUNT, "ExternalSystemID": "l-1", "GroupName": "Location", "CodeValue": "11"}
SEGMENT = {**ACCOUNT, "ExternalSystemID": "s-1", "GroupName": "cseg_fund", "CodeValue": "F1"}
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def suite(sandbox: Running) -> Iterator[AvidSuite]:
    with AvidSuite(sandbox) as session:
        yield session


@pytest.fixture
def _masters(suite: AvidSuite) -> None:
    assert suite.batch("vendors", VENDOR)[0]["Successful"] is True
    assert [one["Successful"] for one in suite.batch("enterprisecodes", ACCOUNT, PLACE, SEGMENT)] == [
        True
    ] * 3


def code(group: str, value: str) -> dict[str, Any]:
    return {"EnterpriseCodeValue": value, "EnterpriseCodeGroups": [{"CodeGroupName": group}]}


CODES = [code("GL Account", "6010"), code("Location", "11"), code("cseg_fund", "F1")]


def line(**changes: object) -> dict[str, Any]:
    return {"Number": "1", "Amount": 10.5, "EnterpriseCodes": CODES} | changes


def invoice(**changes: object) -> dict[str, Any]:
    return {
        "InvoiceExternalSystemID": "i-1",
        "Number": "INV-1",
        "BuyerVendor": {"VendorExternalSystemID": "v-1"},
        "InvoiceDate": "2026-10-30",
        "CurrencyCode": "USD",
        "GrossAmount": 10.5,
        "PONumber": "PO-1, PO-2",
        "Distributions": [line()],
    } | changes


def messages(result: dict[str, Any]) -> str:
    assert {name for error in result["Errors"] for name in error} == {"Message"}, "words, and no code"
    return " ".join(error["Message"] for error in result["Errors"])


# Sign-in


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"password": "wrong"}, 400, ("error_description", "The user name or the password is not right.")),
        ({"user_name": "nobody"}, 400, ("error", "invalid_grant")),
        ({"grant_type": "client_credentials"}, 400, ("error", "unsupported_grant_type")),
        ({"gateway_key": "wrong"}, 401, ("exception", None)),
    ],
)
def test_a_sign_in_is_refused_in_its_own_form(
    suite: AvidSuite, changes: dict[str, str], status: int, says: tuple[str, str | None]
):
    answer = suite.sign_in(**changes)
    name, value = says
    assert answer.status_code == status
    assert name in answer.json()
    assert value is None or answer.json()[name] == value


@pytest.mark.parametrize("header", ["Authorization", "AvidAuthorization"])
@pytest.mark.parametrize("value", [None, "Bearer wrong", "wrong"])
def test_both_bearers_are_needed(suite: AvidSuite, header: str, value: str | None):
    answer = suite.get("/v1/payments/batches", headers={header: value})
    assert answer.status_code == 401
    assert answer.json()["exception"].keys() == {"reason", "detail"}


def test_a_token_does_not_say_how_long_it_lasts_and_ends(suite: AvidSuite, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.token_seconds": 0})
    granted = suite.sign_in().json()
    assert granted.keys() == {"access_token"}
    ended = {"AvidAuthorization": f"Bearer {granted['access_token']}"}
    assert suite.get("/v1/vendors", headers=ended).status_code == 401


def test_a_failing_sign_in_repeats_what_was_sent_as_often_as_the_switch_says(
    suite: AvidSuite, sandbox: Running
):
    sandbox.control("/control/switches", {"avidxchange.failing_sign_ins": 1})
    sandbox.control("/control/calls", method="DELETE")
    failed = suite.sign_in()
    assert failed.status_code == 503
    assert suite.given["password"] in failed.text
    assert suite.sign_in().ok
    assert sandbox.calls()["avidxchange"]["writes"] == 0


def test_a_user_without_the_right_changes_nothing(suite: AvidSuite, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.token_may_write": False})
    assert suite.post("/v1/vendors", json={"Items": [VENDOR]}).status_code == 403
    assert suite.items("vendors") == []


# Writes


@pytest.mark.usefixtures("_masters")
def test_each_item_of_a_batch_fares_by_itself(suite: AvidSuite, sandbox: Running):
    bad = invoice(InvoiceExternalSystemID="i-2", BuyerVendor={"VendorExternalSystemID": "v-9"})
    good, refused, nonsense = suite.batch("invoices", invoice(), bad, "nonsense")
    assert (good["Successful"], good["Item"]["InvoiceExternalSystemID"]) == (True, "i-1")
    assert messages(refused) == "There is no vendor v-9."
    assert refused["Item"]["InvoiceExternalSystemID"] == "i-2"
    assert nonsense["Successful"] is False
    assert sandbox.calls()["avidxchange"]["refusals"] == {"unknown_vendor": 1, "invalid_value": 1}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Fax": "1"}, "There is no field Fax."),
        ({"VendorExternalSystemID": "v-1"}, "There is no field VendorExternalSystemID."),
        ({"BuyerVendor": {"Name": "x"}}, "There is no field BuyerVendor.Name."),
        ({"BuyerVendor": None}, "Name its vendor"),
        ({"Distributions": [line(glCode="6010")]}, "There is no field glCode."),
        ({"Distributions": [line(EnterpriseCodes=None)]}, "Give EnterpriseCodes"),
        ({"Distributions": [line(EnterpriseCodes=[{"EnterpriseCodeValue": "1"}])]}, "A code has"),
        ({"Distributions": [line(EnterpriseCodes=[code("GL Account", "9")])]}, "There is no GL code 9."),
        ({"Distributions": [line(EnterpriseCodes=[CODES[0], code("Location", "9")])]}, "no location 9"),
        ({"Distributions": [line(EnterpriseCodes=[CODES[0], code("Fund", "9")])]}, "There is no Fund 9"),
        ({"GrossAmount": 11}, "The lines sum to 10.50, the total is 11.00."),
        ({"InvoiceExternalSystemID": None}, "Give its InvoiceExternalSystemID."),
    ],
)
@pytest.mark.usefixtures("_masters")
def test_an_item_is_refused_as_strictly(suite: AvidSuite, changes: dict[str, Any], says: str):
    (result,) = suite.batch("invoices", invoice(**changes))
    assert result["Successful"] is False
    assert says in messages(result)
    assert suite.items("invoices") == []


@pytest.mark.parametrize(
    "body", [{}, {"Items": []}, {"Items": {}}, {"Vendors": [VENDOR]}, {"Items": [VENDOR] * 101}]
)
def test_what_is_no_batch_is_refused_whole(suite: AvidSuite, body: dict[str, Any]):
    answer = suite.post("/v1/vendors", json=body)
    assert answer.status_code == 400
    assert answer.json()["exception"]["reason"] in {"invalid_value", "unknown_field"}


@pytest.mark.parametrize(
    ("results", "successful", "expected"),
    [("object", "boolean", True), ("list", "text", "true"), ("none", "text", None)],
)
def test_results_come_in_the_form_of_the_switches(
    suite: AvidSuite, sandbox: Running, results: str, successful: str, expected: object
):
    standing = {"avidxchange.results": results, "avidxchange.successful": successful}
    sandbox.control("/control/switches", standing)
    answer = suite.post("/v1/vendors", json={"Items": [VENDOR]}).json()["Results"]
    if expected is None:
        assert answer == []
    else:
        assert (answer if results == "object" else answer[0])["Successful"] == expected
    assert [one["VendorExternalSystemID"] for one in suite.items("vendors")] == ["v-1"]


@pytest.mark.usefixtures("_masters")
def test_accounts_and_dimensions_are_one_object_by_groups(suite: AvidSuite, sandbox: Running):
    groups = ("GL Account", "Location", "cseg_fund", "Department")
    listed = {group: suite.items("enterprisecodes", groupName=group) for group in groups}
    codes = [[one["CodeValue"] for one in found] for found in listed.values()]
    assert codes == [
        ["6010"],
        ["11"],
        ["F1"],
        [],
    ]
    assert {one["GroupName"] for found in listed.values() for one in found} == {*groups} - {"Department"}
    books = sandbox.books()["avidxchange"]
    assert [one["externalId"] for one in books["gl_accounts"]] == ["a-1"]
    assert {one["dimension"] for one in books["dimension_values"]} == {"location", "cseg_fund"}
    assert suite.get("/v1/enterprisecodes").status_code == 400
    (failed,) = suite.batch("enterprisecodes", {**ACCOUNT, "Description": "x" * 51})
    assert failed["Successful"] is False


@pytest.mark.usefixtures("_masters")
def test_all_surfaces_show_the_same_invoice(suite: AvidSuite, avidxchange: Any):  # noqa: ANN401 - a session
    suite.batch("invoices", invoice())
    (core,) = avidxchange.get("/v1/invoices").json()["items"]
    assert core["lines"][0]["dimensions"] == {"cseg_fund": "F1"}
    assert core["purchaseOrders"] == ["PO-1", "PO-2"]
    (shown,) = suite.items("invoices")
    assert shown["Distributions"][0]["EnterpriseCodes"] == CODES
    assert shown["BuyerVendor"] == {"VendorExternalSystemID": "v-1"}
    assert shown["InvoiceStatus"] == {"Id": 1, "Description": "Submitted"}
    assert shown["PONumber"] == "PO-1, PO-2"
    # The same content again changes nothing.
    suite.batch("invoices", invoice())
    assert suite.items("invoices") == [shown]


@pytest.mark.usefixtures("_masters")
def test_a_locked_invoice_is_a_failed_item(suite: AvidSuite, sandbox: Running):
    suite.batch("invoices", invoice())
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    (result,) = suite.batch("invoices", invoice(Memo="changed"))
    assert "may no longer change" in messages(result)


@pytest.mark.usefixtures("_masters")
def test_an_image_comes_in_base64(suite: AvidSuite):
    (made,) = suite.batch("invoices", invoice())
    path = f"/v1/invoices/{made['Item']['Id']}/image"
    body = {"FileName": "b.pdf", "ContentType": "application/pdf", "Content": base64.b64encode(PDF).decode()}
    assert suite.post(path, json=body).json()["Results"][0]["Successful"] is True
    (shown,) = suite.items("invoices")
    assert shown["ImageSha256"] == hashlib.sha256(PDF).hexdigest()
    wrong = suite.post(path, json={**body, "ContentType": "image/png"}).json()["Results"][0]
    assert "The content is not image/png." in messages(wrong)
    assert suite.post(path, json={**body, "More": 1}).status_code == 400
    assert suite.post("/v1/invoices/1/image", json=body).status_code == 404


# Lists


@pytest.mark.parametrize(
    ("form", "begins"), [("below", "/v1/"), ("rooted", "/avidsuite/v1/"), ("absolute", "http://")]
)
@pytest.mark.parametrize("count", ["PageCount", "Pages"])
def test_paging_is_there_only_where_there_are_pages(
    suite: AvidSuite, sandbox: Running, form: str, begins: str, count: str
):
    standing = {"avidxchange.page_links": form, "avidxchange.page_count": count}
    sandbox.control("/control/switches", standing)
    vendors = [{**VENDOR, "VendorExternalSystemID": f"v-{number}"} for number in range(3)]
    suite.batch("vendors", *vendors)
    assert suite.get("/v1/vendors").json().keys() == {"Items"}
    paging = suite.get("/v1/vendors?pageSize=2").json()["Paging"]
    assert paging.keys() == {"PageNumber", "PageSize", count, "TotalItems", "Links"}
    assert (paging[count], paging["TotalItems"]) == (2, 3)
    links = {link["Rel"]: link["Href"] for link in paging["Links"]}
    assert links["next"].startswith(begins)
    rest = links["next"].removeprefix(suite.url).removeprefix("/avidsuite")
    assert len(suite.get(rest).json()["Items"]) == 1


def test_days_are_whole_and_both_ends_included(suite: AvidSuite, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.day_zone": "UTC"})
    suite.batch("vendors", VENDOR)

    def listed(first: str, last: str) -> int:
        return len(suite.items("vendors", lastModifiedFrom=first, lastModifiedTo=last))

    assert [listed("2026-11-02", "2026-11-02"), listed("2026-11-03", "2026-11-09")] == [1, 0]
    assert listed("2026-10-01", "2026-11-01") == 0
    for wrong in ("2026-11-02T00:00:00Z", "yesterday"):
        assert suite.get("/v1/vendors", params={"lastModifiedFrom": wrong}).status_code == 400


@pytest.mark.parametrize(
    "path", ["vendors?pageNumber=0", "vendors?pageSize=1001", "payments?status=Void", "vendors?externalId=1"]
)
def test_parameters_of_a_list(suite: AvidSuite, path: str):
    answer = suite.get(f"/v1/{path}")
    assert answer.status_code == 400
    assert answer.json()["exception"]["reason"] in {"invalid_parameter", "unknown_parameter"}


# Payments


@pytest.mark.usefixtures("_masters")
def test_a_payment_has_two_check_numbers_times_without_a_zone_and_a_history(
    suite: AvidSuite, sandbox: Running
):
    suite.batch("invoices", invoice())
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    ids = sandbox.control("/control/payments/pay", {"all": True, "method": "check"})
    (shown,) = suite.items("payments")
    assert shown["Status"] == {"Id": 3, "Description": "Processing"}
    assert shown["PaymentMethod"] == {"Id": 1, "Description": "Check"}
    sandbox.control("/control/payments/issue", ids)
    sandbox.control("/control/payments/settle", ids)
    sandbox.control("/control/payments/clear", ids)
    sandbox.control("/control/payments/exception", {**ids, "reason": "Late"})
    (shown,) = suite.items("payments", paymentIds=ids["ids"][0], batchId=str(shown["BatchId"]))
    assert shown["Status"]["Description"] == "Cleared"
    assert shown["CheckNumber"] != shown["AvidPayChecknumber"] is not None
    assert shown["Exceptions"] == [{"ReasonCode": {"Id": 1, "Description": "Late"}}]
    # 16:00 UTC is 08:00 where the company is.
    assert shown["SettledDate"].startswith("2026-11-02 08:")
    assert shown["ClearedDate"] == "2026-11-02 00:00:00"
    assert shown["HasClearedCheckImages"] is True
    path = f"/v1/payments/{ids['ids'][0]}"
    assert suite.get(f"{path}/getclearedcheckimage").content.startswith(b"%PDF-")
    rows = suite.items(f"payments/{ids['ids'][0]}/paymenthistory")
    assert [row["Description"] for row in rows] == ["Payment created", "Payment settled", "Exception"]
    assert rows[0].keys() == {
        "Id",
        "PaymentID",
        "PaymentProcessName",
        "Description",
        "Comment",
        "InsertDateTime",
    }
    assert suite.get("/v1/payments/1/paymenthistory").status_code == 404
    assert suite.items("payments/batches") == [{"BatchId": 20261102}]


@pytest.mark.usefixtures("_masters")
def test_statuses_that_nobody_has_heard_of_come_by_a_switch(suite: AvidSuite, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.new_statuses": True})
    suite.batch("invoices", invoice())
    assert suite.items("invoices")[0]["InvoiceStatus"] == {"Id": 77, "Description": "In Extended Review"}
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    ids = sandbox.control("/control/payments/pay", {"all": True})
    sandbox.control("/control/payments/issue", ids)
    assert suite.items("payments")[0]["Status"] == {"Id": 99, "Description": "Queued At Bank"}
    sandbox.control("/control/payments/settle", ids)
    assert suite.items("payments")[0]["Status"]["Description"] == "Cleared"


@pytest.mark.usefixtures("_masters")
def test_a_payment_is_stopped_by_its_id(suite: AvidSuite, sandbox: Running):
    suite.batch("invoices", invoice())
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    (number,) = sandbox.control("/control/payments/pay", {"all": True})["ids"]
    good, bad = suite.delete(f"/v1/payments?paymentIds={number},1").json()["Results"]
    assert (good["Successful"], good["Item"]) == (True, {"PaymentId": number})
    assert messages(bad) == "There is no payment 1."
    assert suite.delete("/v1/payments").status_code == 400
