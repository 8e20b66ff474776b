"""An answer of 200 says nothing yet: what counts is what it says of our item."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange import fingerprint
from apbridge.errors import RefusedError, SettingError, UnavailableError
from apbridge.json import dumps, loads

if TYPE_CHECKING:
    from tests.avidxchange.conftest import AskedOfAvidXchange, CannedAnswer, Scripted

VENDOR = {"external_id": "v-1", "number": "V1", "name": "Vendor", "is_active": True}
OTHER = {"ExternalId": "v-2", "Successful": True, "Id": 2}


def failing(successful: object) -> dict[str, Any]:
    errors = [{"Field": "VendorName", "Code": "TooLong", "Message": "VendorName is too long."}]
    return {"ExternalId": "v-1", "Successful": successful, "Message": "Not taken.", "Errors": errors}


class FakeAvidXchange:
    """AvidXchange with one list of vendors, which answers writes as it is told."""

    def __init__(self, *answers: object, keeps: bool = True) -> None:
        self.answers = list(answers)
        self.keeps = keeps
        self.vendors: list[Any] = []
        self.writes = 0
        self.lists: list[dict[str, str]] = []

    def __call__(self, asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path.endswith("/token"):
            return 200, {"access_token": "t"}
        if asked.method == "GET":
            self.lists.append(asked.query)
            return 200, {"Vendors": self.vendors}
        self.writes += 1
        if self.keeps:
            self.vendors = [{**one, "Id": 7} for one in asked.json["Vendors"]]
        results = self.answers.pop(0)
        return 200, None if results is None else {"Results": results}


def submitted(server: Scripted, books: FakeAvidXchange) -> Any:  # noqa: ANN401
    server.answer = books
    with server.client(profile="partner") as client:
        return client.submit(client.upsertion("vendor", VENDOR))


@pytest.mark.parametrize("successful", [True, "true", "True", " TRUE "], ids=repr)
@pytest.mark.parametrize("as_list", [True, False])
def test_our_item_is_taken_by_its_own_result(server: Scripted, successful: object, as_list: bool):  # noqa: FBT001
    ours = {"ExternalId": "v-1", "Successful": successful, "Id": 77}
    books = FakeAvidXchange([OTHER, ours] if as_list else ours)
    acknowledged = submitted(server, books)
    assert (acknowledged.remote_id, acknowledged.created, acknowledged.status) == ("77", None, 200)
    assert (books.writes, books.lists) == (1, [])


@pytest.mark.parametrize("successful", [False, "false", "False"], ids=repr)
@pytest.mark.parametrize("as_list", [True, False])
def test_a_failed_item_is_never_taken_for_success(server: Scripted, successful: object, as_list: bool):  # noqa: FBT001
    ours = failing(successful)
    books = FakeAvidXchange([OTHER, ours] if as_list else ours)
    with pytest.raises(RefusedError) as caught:
        submitted(server, books)
    refused = caught.value
    assert (refused.status, refused.reason) == (200, "TooLong")
    assert "VendorName: VendorName is too long" in str(refused)
    assert books.writes == 1


def test_one_good_and_one_bad_word_about_our_item_is_bad(server: Scripted):
    with pytest.raises(RefusedError):
        submitted(server, FakeAvidXchange([{**OTHER, "ExternalId": "v-1"}, failing(successful=False)]))


@pytest.mark.parametrize("as_list", [True, False])
def test_of_one_record_alone_what_is_said_of_nobody_is_said(server: Scripted, as_list: bool):  # noqa: FBT001
    nobodys = {name: said for name, said in failing(successful=False).items() if name != "ExternalId"}
    with pytest.raises(RefusedError, match="VendorName is too long"):
        submitted(server, FakeAvidXchange([nobodys] if as_list else nobodys))


def test_what_is_said_well_of_nobody_proves_nothing_all_the_same(server: Scripted):
    assert not submitted(server, FakeAvidXchange({"Successful": True, "Id": 9})).is_proved


def test_once_the_run_is_to_end_no_half_of_a_refused_call_is_sent(server: Scripted):
    stop, names = Event(), [f"v-{number}" for number in range(4)]

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path.endswith("/token"):
            return 200, {"access_token": "t"}
        stop.set()
        return 422, {"Message": "No."}

    def code_of(name: str) -> str:
        with pytest.raises(UnavailableError) as caught:
            client.submit(client.upsertion("vendor", {**VENDOR, "external_id": name}))
        return caught.value.code

    server.answer = answer
    with server.client(stop, profile="partner") as client, ThreadPoolExecutor(4) as pool:
        assert client.gathering
        with client.gathering.expecting(4, 4):
            assert list(pool.map(code_of, names)) == ["APB-AX-034"] * 4
    assert [asked.path for asked in server.asked if "token" not in asked.path] == [
        "/avidconnect/api/v2/vendors"
    ]


def test_without_single_errors_its_message_is_the_reason(server: Scripted):
    ours = {"ExternalId": "v-1", "Successful": False, "Message": "The vendor is locked."}
    with pytest.raises(RefusedError, match="refused to submit vendor v-1: The vendor is locked"):
        submitted(server, FakeAvidXchange(ours))


UNSAID = [
    [],
    [OTHER],
    {},
    None,
    {"ExternalId": "v-1"},
    {"ExternalId": "v-1", "Successful": None},
    {"ExternalId": "v-1", "Successful": "perhaps"},
    {"ExternalId": "v-1", "Successful": 1},
    "done",
]


@pytest.mark.parametrize("results", UNSAID, ids=repr)
def test_what_is_not_said_proves_nothing(server: Scripted, results: object):
    books = FakeAvidXchange(results)
    assert not submitted(server, books).is_proved
    assert (books.writes, books.lists) == (1, [])


def test_what_is_said_of_our_item_proves_it(server: Scripted):
    assert submitted(server, FakeAvidXchange({"ExternalId": "v-1", "Successful": True, "Id": 9})).is_proved


PICTURE = {"name": "a.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
NAMED: list[tuple[str, str, object, bool]] = [
    ("avidconnect", "vendor", {"externalId": "v-1", "id": "7"}, True),
    ("avidconnect", "vendor", {"externalId": "v-2"}, False),
    ("avidconnect", "vendor", {"id": "7"}, False),
    ("avidconnect", "vendor", {}, False),
    ("avidconnect", "vendor", {"items": None}, False),
    ("avidconnect", "vendor", ["v-1"], False),
    ("avidconnect", "vendor", None, False),
    ("avidconnect", "cancel", {"externalId": "v-1", "status": "cancelled"}, True),
    ("avidconnect", "cancel", {"externalId": "v-1", "status": "approved"}, False),
    ("avidconnect", "cancel", {"externalId": "v-1", "status": "of a new kind"}, False),
    ("avidconnect", "cancel", {"externalId": "v-1"}, False),
    ("avidconnect", "cancel", {"message": "It is approved.", "errors": []}, False),
    ("avidconnect", "image", {"sha256": "0" * 64}, True),
    ("avidconnect", "image", {"sha256": "1" * 64}, False),
    ("avidconnect", "image", None, False),
    # Its results say that a cancellation was taken, not that the invoice is cancelled.
    ("partner", "cancel", {"Results": {"ExternalId": "v-1", "Successful": True}}, False),
    ("partner", "image", {"Results": {"ExternalId": "v-1", "Successful": True}}, True),
    ("partner", "image", {"Results": []}, False),
    ("partner", "image", {}, False),
]


@pytest.mark.parametrize(("profile", "what", "answer", "is_proved"), NAMED, ids=repr)
def test_a_write_is_proved_by_an_answer_that_names_it(
    server: Scripted,
    profile: str,
    what: str,
    answer: object,
    is_proved: bool,  # noqa: FBT001
):
    server.answer = lambda asked: (200, {"access_token": "t"} if asked.path.endswith("/token") else answer)
    with server.client(profile=profile) as client:
        submission = {
            "vendor": lambda: client.upsertion("vendor", VENDOR),
            "cancel": lambda: client.cancellation("v-1", "why", "5"),
            "image": lambda: client.image("v-1", PICTURE, b"%PDF", "5"),
        }[what]()
        assert client.submit(submission).is_proved is is_proved


def test_a_path_with_avidxchanges_own_id_needs_it(server: Scripted):
    with (
        server.client(profile="partner") as client,
        pytest.raises(SettingError, match="remote_id is not known"),
    ):
        client.image("i-1", PICTURE, b"%PDF")


def test_what_is_shown_elsewhere_is_compared_all_the_same(server: Scripted):
    bill = {
        "external_id": "i-1",
        "number": "1",
        "vendor_external_id": "v-1",
        "lines": [{"id": "1", "gl_code": "6000", "amount": 1, "codes": {}}],
    }
    with server.client(profile="partner") as client:
        submission = client.upsertion("invoice", bill)
        body = loads(dumps(submission.call.json))["Invoices"][0]
        body["Vendor"] = {"ExternalId": body.pop("VendorExternalId"), "Name": "shown only"}
        server.answer = lambda asked: (
            (200, {"access_token": "t"}) if "token" in asked.path else (200, {"Invoices": [body]})
        )
        (shown,) = client.shown("invoice")
        assert client.fingerprint_shown("invoice", shown) == fingerprint(submission.body)
        body["Vendor"]["ExternalId"] = "v-2"
        (shown,) = client.shown("invoice")
        assert client.fingerprint_shown("invoice", shown) != fingerprint(submission.body)
