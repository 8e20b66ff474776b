"""What answers as the RESTlet is another script, or a page: what concerns one bill stays with that bill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import UnavailableError

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long

RESTLET = "restlet.nl"


def answers(account: SandboxTap, body: object, **when: int) -> None:
    fault = {"match": {"path": RESTLET, **when}, "do": {"status": 200, "body": body}}
    account.sandbox.control("/control/faults", fault)


def open_bill(account: SandboxTap) -> str:
    return next(number for number, book in account.books().items() if book["status"] == "open")


@pytest.mark.parametrize("body", [[], {}, {"files": None}, {"files": ["7"]}, {"files": [{"bill": "0"}]}, 7])
def test_a_list_of_files_that_is_none_ends_the_run_in_one_sentence(changing: SandboxTap, body: object):
    answers(changing, body, times=1)
    with pytest.raises(UnavailableError, match="The RESTlet customscript_apbridge_restlet") as caught:
        changing.sync(only="bills")
    assert caught.value.code == "APB-NS-030"


@pytest.mark.parametrize("body", [[], {}, {"bills": None}, {"bills": [{"bill": "7"}]}, {"bills": [[]]}])
def test_so_does_a_list_of_changes_that_is_none(changing: SandboxTap, body: object):
    state = changing.sync(only="bills").state
    answers(changing, body, times=1)
    with pytest.raises(UnavailableError, match="ask for bills with new files"):
        changing.sync(state, only="bills")


def test_a_file_told_in_another_shape_is_left_out_of_its_bill_alone(
    changing: SandboxTap, caplog: pytest.LogCaptureFixture
):
    bill = open_bill(changing)
    file = {"bill": bill, "id": "7", "name": "scan.pdf", "type": "PDF", "size": None}
    answers(changing, {"files": [file]}, times=1)
    bills = {record["id"]: record for record in changing.sync(only="bills").records("bills")}
    (left_out,) = bills[bill]["images_left_out"]
    assert (left_out["id"], left_out["name"]) == ("7", "scan.pdf")
    assert "RESTlet customscript_apbridge_restlet" in left_out["problem"]
    assert not any(record["images_left_out"] for record in bills.values() if record["id"] != bill)
    assert bills.keys() == changing.books().keys()
    assert f"File 7 (scan.pdf) of bill {bill} is left out" in caplog.text


@pytest.mark.parametrize("body", [[], {}, {"files": None}, {"files": [[]]}, {"files": [{"id": "0"}]}])
def test_files_that_come_otherwise_together_are_asked_for_in_two_until_they_come(
    changing: SandboxTap, body: object
):
    answers(changing, body, nth=2)
    changing.sandbox.control("/control/calls", method="DELETE")
    bills = changing.sync(only="bills").records("bills")
    assert {one["id"]: changing.told(one)["images"] for one in bills if one["is_eligible"]} == {
        number: book["images"]
        for number, book in changing.books().items()
        if number in {one["id"] for one in bills if one["is_eligible"]}
    }
    calls = changing.sandbox.calls()["netsuite"]["by_operation"][f"POST /app/site/hosting/{RESTLET}"]
    assert calls == 1 + 3, "the list, all files, and both rest"


@pytest.mark.parametrize(
    "body", [[], {}, {"content": None}, {"content": ["JVBERg=="]}, {"content": "%PDF-1.7"}, {"content": ""}]
)
def test_files_without_their_content_are_left_out_and_fetched_by_a_later_run(
    changing: SandboxTap, body: object
):
    wanted = {record["id"]: record["images"] for record in changing.sync(only="bills").records("bills")}
    place: dict[str, Any] = {"spool_url": str(changing.sandbox.folder / "another")}
    answers(changing, body, nth=2, times=1000)
    bills = {record["id"]: record for record in changing.sync(only="bills", **place).records("bills")}
    left_out = [one for record in bills.values() for one in record["images_left_out"]]
    assert len(left_out) == sum(len(images) for images in wanted.values()) > 3
    assert all("RESTlet customscript_apbridge_restlet" in one["problem"] for one in left_out)
    changing.sandbox.control("/control/faults", method="DELETE")
    assert {number: record["images"] for number, record in bills.items()}.keys() == wanted.keys()
    again = {record["id"]: record for record in changing.sync(only="bills", **place).records("bills")}
    assert [len(again[number]["images"]) for number in wanted] == [len(images) for images in wanted.values()]
    assert not any(record["images_left_out"] for record in again.values())


REFUSALS = [
    ({"client_suitescript": False}, "APB-NS-024", "Client SuiteScript and Server SuiteScript"),
    ({"web_services_only": True}, "APB-NS-025", "Web Services Only Role"),
    ({"missing_permissions": "Lists -> Perform Search"}, "APB-HTTP-003", "Perform Search"),
]


def switch(account: SandboxTap, **switches: object) -> None:
    account.sandbox.control(
        "/control/switches", {f"netsuite.{name}": value for name, value in switches.items()}
    )


@pytest.mark.parametrize(("switches", "code", "named"), REFUSALS)
def test_where_no_file_is_listed_bills_come_without_and_later_once_more_with_them(
    changing: SandboxTap, caplog: pytest.LogCaptureFixture, switches: dict[str, object], code: str, named: str
):
    """From the very first run on, and however often; what else changes is told as ever."""
    pictured = {number for number, book in changing.books().items() if book["images"]}
    held = next(number for number in pictured if changing.books()[number]["status"] == "open")
    switch(changing, **switches)
    state = None
    for told in (changing.books().keys(), {held}):
        failed = changing.sync(state, only="bills", fails=True)
        assert failed.failure
        assert failed.failure.code == "APB-NS-026"
        bills = {bill["id"]: bill for bill in failed.records("bills")}
        assert bills.keys() == told
        for bill in bills.values():
            assert bill["images"] == []
            (left_out,) = bill["images_left_out"] if bill["is_eligible"] else [{"problem": f"{code} {named}"}]
            assert code in left_out["problem"]
            assert named in left_out["problem"]
        assert sum(f"[{code}]" in one.getMessage() for one in caplog.records) == 1
        caplog.clear()
        state = failed.state
        changing.set_bill(held, paymenthold="T", lastmodifieddate=changing.pass_time(600))
        changing.pass_time(600)
    assert bills[held]["is_eligible"] is False
    changing.sandbox.control("/control/switches", method="DELETE")
    whole = changing.sync(state, only="bills")
    assert set(whole.ids()) == pictured
    for bill in whole.records("bills"):
        assert not bill["images_left_out"]
        if bill["is_eligible"]:
            assert len(bill["images"]) == len(changing.books()[bill["id"]]["images"])
    changing.pass_time(600)
    assert changing.sync(whole.state, only="bills").ids() == []


def test_files_that_come_while_none_is_listed_are_not_missed(changing: SandboxTap):
    state = changing.sync(only="bills").state
    changing.pass_time(600)
    state = changing.sync(state, only="bills").state
    bill = open_bill(changing)
    changing.attach(bill, b"%PDF of tomorrow")
    changing.pass_time(90)
    switch(changing, web_services_only=True)
    for _ in range(2):
        state = changing.sync(state, only="bills", fails=True).state
        changing.pass_time(3600)
    switch(changing, web_services_only=False)
    (record,) = changing.sync(state, only="bills").records("bills")
    assert (record["id"], len(record["images"])) == (bill, len(changing.books()[bill]["images"]))
