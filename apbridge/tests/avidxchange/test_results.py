"""An answer of 200 says nothing yet: what counts is what it says of our item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import OutcomeUnknownError, RefusedError, SettingError
from apbridge.json import dumps, loads

if TYPE_CHECKING:
    from conftest import Answer, Asked, Scripted

VENDOR = {"external_id": "v-1", "number": "V1", "name": "Vendor", "is_active": True}
OTHER = {"ExternalId": "v-2", "Successful": True, "Id": 2}


def failing(successful: object) -> dict[str, Any]:
    errors = [{"Field": "VendorName", "Code": "TooLong", "Message": "VendorName is too long."}]
    return {"ExternalId": "v-1", "Successful": successful, "Message": "Not taken.", "Errors": errors}


class Books:
    """AvidXchange with one list of vendors, which answers writes as it is told."""

    def __init__(self, *answers: object, keeps: bool = True) -> None:
        self.answers = list(answers)
        self.keeps = keeps
        self.vendors: list[Any] = []
        self.writes = 0
        self.lists: list[dict[str, str]] = []

    def __call__(self, asked: Asked) -> Answer:
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


def submitted(server: Scripted, books: Books) -> Any:  # noqa: ANN401
    server.answer = books
    with server.client(profile="partner") as client:
        return client.submit(client.upsertion("vendor", VENDOR))


@pytest.mark.parametrize("successful", [True, "true", "True", " TRUE "], ids=repr)
@pytest.mark.parametrize("as_list", [True, False])
def test_our_item_is_taken_by_its_own_result(server: Scripted, successful: object, as_list: bool):  # noqa: FBT001
    ours = {"ExternalId": "v-1", "Successful": successful, "Id": 77}
    books = Books([OTHER, ours] if as_list else ours)
    acknowledged = submitted(server, books)
    assert (acknowledged.remote_id, acknowledged.created, acknowledged.status) == ("77", None, 200)
    assert (books.writes, books.lists) == (1, [])


@pytest.mark.parametrize("successful", [False, "false", "False"], ids=repr)
@pytest.mark.parametrize("as_list", [True, False])
def test_a_failed_item_is_never_taken_for_success(server: Scripted, successful: object, as_list: bool):  # noqa: FBT001
    ours = failing(successful)
    books = Books([OTHER, ours] if as_list else ours)
    with pytest.raises(RefusedError) as caught:
        submitted(server, books)
    refused = caught.value
    assert (refused.status, refused.reason) == (200, "TooLong")
    assert "VendorName: VendorName is too long" in str(refused)
    assert books.writes == 1


def test_one_good_and_one_bad_word_about_our_item_is_bad(server: Scripted):
    with pytest.raises(RefusedError):
        submitted(server, Books([{**OTHER, "ExternalId": "v-1"}, failing(successful=False)]))


def test_without_single_errors_its_message_is_the_reason(server: Scripted):
    ours = {"ExternalId": "v-1", "Successful": False, "Message": "The vendor is locked."}
    with pytest.raises(RefusedError, match="refused to submit vendor v-1: The vendor is locked"):
        submitted(server, Books(ours))


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
def test_what_is_not_said_is_looked_up_and_not_sent_again_where_it_is_there(
    server: Scripted, results: object
):
    books = Books(results)
    acknowledged = submitted(server, books)
    assert acknowledged.remote_id == "7"
    assert books.writes == 1
    assert books.lists == [{"pageSize": "200", "externalId": "v-1"}]


def test_what_is_not_said_and_not_there_is_sent_once_more(server: Scripted):
    books = Books([], {"ExternalId": "v-1", "Successful": True, "Id": 9}, keeps=False)
    assert submitted(server, books).remote_id == "9"
    assert books.writes == 2


def test_what_is_there_with_other_content_is_sent_once_more(server: Scripted):
    books = Books([], {"ExternalId": "v-1", "Successful": True, "Id": 9}, keeps=False)
    books.vendors = [{"ExternalId": "v-1", "VendorName": "Old name", "Id": 9}]
    submitted(server, books)
    assert books.writes == 2


def test_what_is_never_said_is_unknown_and_ends_the_run(server: Scripted):
    books = Books([], [], keeps=False)
    with pytest.raises(OutcomeUnknownError, match=r"does not say what became of v-1.*answers\.results"):
        submitted(server, books)
    assert books.writes == 2


def test_a_cancellation_and_an_image_are_looked_up_too(server: Scripted):
    invoice = {"ExternalId": "i-1", "Id": 5, "InvoiceStatus": "Cancelled", "Image": {"Sha256": "0" * 64}}
    invoice |= {"LastModified": "2026-11-02T16:00:00Z"}

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/token"):
            return 200, {"access_token": "t"}
        return 200, {"Invoices": [invoice]} if asked.method == "GET" else {"Results": []}

    server.answer = answer
    picture = {"name": "a.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    with server.client(profile="partner") as client:
        client.submit(client.cancellation("i-1", "why", "5"))
        client.submit(client.image("i-1", picture, b"%PDF", "5"))
        with pytest.raises(OutcomeUnknownError):
            client.submit(client.image("i-1", {**picture, "sha256": "1" * 64}, b"%PDF", "5"))


def test_a_path_with_avidxchanges_own_id_needs_it(server: Scripted):
    picture = {"name": "a.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    with (
        server.client(profile="partner") as client,
        pytest.raises(SettingError, match="remote_id is not known"),
    ):
        client.image("i-1", picture, b"%PDF")


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
        assert submission.is_seen(shown)
        body["Vendor"]["ExternalId"] = "v-2"
        (shown,) = client.shown("invoice")
        assert not submission.is_seen(shown)
