from __future__ import annotations

import socket
from copy import deepcopy
from datetime import datetime, timezone
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange import Profile, fingerprint
from apbridge.avidxchange.profile_files import shipped
from apbridge.errors import RefusedError, SettingError, UnavailableError
from apbridge.http import retry

if TYPE_CHECKING:
    from tests.avidxchange.conftest import CannedAnswer, Scripted

VENDOR = {
    "id": "7",
    "external_id": "netsuite-1234567_SB1-vendor-7",
    "number": "V7",
    "name": "O'Brien & Söhne 🏗",
    "is_person": False,
    "subsidiary_ids": ["1"],
    "remit_to": {"line1": "1 Main St", "postal_code": "97201"},
    "is_active": True,
    "modified_at": "2026-11-02T16:00:00Z",
}
BILL = {
    "external_id": "netsuite-1234567_SB1-vendorbill-12",
    "vendor_external_id": VENDOR["external_id"],
    "number": "INV-1",
    "total": Decimal("10.10"),
    "purchase_orders": [],
    "lines": [{"id": "1", "gl_code": "6000", "amount": Decimal("10.10"), "codes": {"location": "4"}}],
}
SINCE = datetime(2026, 11, 2, 16, tzinfo=timezone.utc)


def payment(number: int, *, modified: str = "2026-11-02T16:00:00Z", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": f"p{number}", "status": "settled", "amount": 1, "modifiedAt": modified, **more}


def test_an_upsert_is_signed_and_carries_the_templates_body(server: Scripted):
    server.answer = lambda _: (201, {"id": "av-7"}, {"X-Request-Id": "r-1"})
    with server.client() as client:
        acknowledged = client.submit(client.upsertion("vendor", VENDOR))
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PUT", "/avidconnect/v1/vendors/netsuite-1234567_SB1-vendor-7")
    assert asked.headers["X-Company-Token"] == "company-secret"
    assert asked.json["name"] == "O'Brien & Söhne 🏗"
    assert asked.json["remitTo"]["postalCode"] == "97201"
    assert (acknowledged.remote_id, acknowledged.created, acknowledged.request_id) == ("av-7", True, "r-1")


def test_money_goes_out_digit_for_digit(server: Scripted):
    server.answer = lambda _: (200, {"id": "1"})
    with server.client() as client:
        client.submit(client.upsertion("invoice", BILL))
    assert b'"total":10.10' in server.asked[0].body
    assert server.asked[0].json["lines"][0]["location"] == "4"


def test_a_write_is_sent_again_after_a_failure(server: Scripted):
    answers: list[CannedAnswer] = [(503, {}), (429, {}, {"Retry-After": "0"}), (200, {"id": "1"})]
    server.answer = lambda _: answers.pop(0)
    with server.client() as client:
        client.submit(client.upsertion("vendor", VENDOR))
    assert len(server.asked) == 3


def test_a_refusal_gives_its_fields_its_words_and_what_it_means(server: Scripted):
    errors = [
        {"field": "lines[0].glCode", "code": "unknown_gl_code", "message": "There is no GL account 6000."},
        {"field": "lines[1].glCode", "code": "unknown_gl_code", "message": "There is no GL account 6001."},
    ]
    server.answer = lambda _: (422, {"message": "The invoice is not valid.", "errors": errors})
    with server.client() as client, pytest.raises(RefusedError) as caught:
        client.submit(client.upsertion("invoice", BILL))
    refused = caught.value
    assert (refused.status, refused.reason, refused.facts["meaning"]) == (
        422,
        "unknown_gl_code",
        "unknown_gl_code",
    )
    assert [error.field for error in refused.facts["errors"]] == ["lines[0].glCode", "lines[1].glCode"]
    assert "lines[1].glCode: There is no GL account 6001" in str(refused)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (409, {"message": "no", "errors": [{"code": "invoice_locked"}]}, "locked"),
        (413, {"message": "too large"}, "image_refused"),
        (404, {"message": "none"}, "not_found"),
        (422, {"message": "other", "errors": [{"code": "brand_new"}]}, ""),
        (422, ["not", "as", "expected"], ""),
        (400, b"<html>bad gateway page</html>", ""),
    ],
)
def test_what_a_refusal_means_is_the_profiles_word(server: Scripted, status: int, body: object, meaning: str):
    server.answer = lambda _: (status, body)
    with server.client() as client, pytest.raises(RefusedError) as caught:
        client.submit(client.upsertion("vendor", VENDOR))
    assert caught.value.facts["meaning"] == meaning
    assert "html" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_is_one_sentence_that_names_the_settings_and_no_secret(server: Scripted, status: int):
    server.answer = lambda _: (status, {"message": "company-token is unknown"})
    with server.client() as client, pytest.raises(SettingError) as caught:
        client.check()
    said = str(caught.value)
    assert "company_token and user_token" in said
    assert "profile avidconnect" in said
    assert "company-secret" not in said
    assert "user-secret" not in said
    assert len(server.asked) == 1


def test_a_missing_token_is_said_before_anything_is_sent(server: Scripted):
    with pytest.raises(SettingError, match="user_token is missing"):
        server.client(user_token=" ")
    with pytest.raises(SettingError, match="company_token is not valid"):
        server.client(company_token="line\nbreak")
    assert server.asked == []


def test_a_wrong_address_is_a_sentence_about_base_url(server: Scripted):
    with server.client(base_url=server.url + "/elsewhere") as client:
        with pytest.raises(SettingError, match="base_url and profile avidconnect"):
            client.check()
        with pytest.raises(SettingError, match="refused to list payments"):
            list(client.list("payment"))


def test_a_redirection_is_not_followed_with_the_tokens(server: Scripted):
    server.answer = lambda _: (302, b"", {"Location": server.url + "/login"})
    with server.client() as client, pytest.raises(SettingError, match="sends calls on to"):
        client.check()
    assert len(server.asked) == 1


def test_nothing_listening_is_one_sentence(server: Scripted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retry, "FIRST_CONTACT", 0.2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = server.client(base_url=f"http://127.0.0.1:{port}")
    with nowhere as client, pytest.raises(UnavailableError, match="base_url"):
        client.check()


def test_pages_are_followed_by_their_cursor(server: Scripted):
    pages = {
        None: {"items": [payment(1), payment(2)], "nextCursor": "c&2"},
        "c&2": {"items": [payment(3)], "nextCursor": None},
    }
    server.answer = lambda asked: (200, pages[asked.query.get("cursor")])
    with server.client() as client:
        listed = list(client.list("payment", filters={"status": "settled"}))
    assert [found["external_id"] for found in listed] == [f"avidxchange-payment-p{n}" for n in (1, 2, 3)]
    assert server.asked[1].query == {"limit": "1000", "status": "settled", "cursor": "c&2"}


def test_pages_without_end_are_an_error(server: Scripted):
    server.answer = lambda _: (200, {"items": [], "nextCursor": "again"})
    with server.client() as client, pytest.raises(SettingError, match="the pages do not end"):
        list(client.list("payment"))
    assert len(server.asked) == 2


def test_a_list_that_is_not_there_is_an_error_and_not_an_empty_list(server: Scripted):
    server.answer = lambda _: (200, {"results": []})
    with server.client() as client, pytest.raises(SettingError, match=r"payment\.list\.items"):
        list(client.list("payment"))


def test_an_unknown_status_is_what_the_profile_says_and_never_guessed(server: Scripted):
    server.answer = lambda _: (200, {"items": [payment(1, status="held")], "nextCursor": None})
    with server.client() as client:
        (found,) = client.list("payment")
    assert (found["status"], found["native_status"]) == ("unknown", "held")


@pytest.mark.parametrize("resource", ["invoice", "credit", "payment"])
@pytest.mark.parametrize("profile", shipped())
def test_the_status_of_what_is_paid_and_pays_may_be_new_in_what_ships(profile: str, resource: str):
    found = Profile.load(profile).resources[resource].listing.read
    told: dict[str, Any] = {"status": "New", "InvoiceStatus": "New", "PaymentStatus": "New"}
    if profile == "avidsuite":
        told = {name: {"Description": "New"} for name in ("InvoiceStatus", "Status")}
    read = {name: found.fields[name](told) for name in ("status", "native_status")}
    assert read == {"status": "unknown", "native_status": "New"}


def test_a_new_word_is_warned_of_once(server: Scripted, caplog: pytest.LogCaptureFixture):
    words = ["held", "held", "frozen"]
    items = [payment(number, status=word) for number, word in enumerate(words, 1)]
    server.answer = lambda _: (200, {"items": items, "nextCursor": None})
    with server.client() as client:
        assert len(list(client.list("payment"))) == len(list(client.list("payment"))) == 3
    warned = [one for one in caplog.messages if "APB-AX-016" in one]
    assert len(warned) == 2
    assert "'held'" in warned[0]
    assert "'frozen'" in warned[1]


def test_an_unknown_status_that_stands_for_nothing_is_an_error_that_names_it(
    server: Scripted, tmp_path: Path
):
    profile = tmp_path / "strict.yaml"
    profile.write_text(
        "extends: avidconnect\nname: strict\n"
        "resources: {payment: {list: {read: {status: {otherwise: null}}}}}\n"
    )
    server.answer = lambda _: (200, {"items": [payment(1, status="held")], "nextCursor": None})
    with server.client(profile=str(profile)) as client, pytest.raises(SettingError) as caught:
        list(client.list("payment"))
    said = str(caught.value)
    assert "avidxchange-payment-p1 with status 'held'" in said
    assert "resources.payment.list.read.status.values" in said


def test_modified_since_goes_out_to_the_second(server: Scripted):
    server.answer = lambda _: (200, {"items": [], "nextCursor": None})
    with server.client() as client:
        list(client.list("payment", modified_since=SINCE))
    assert server.asked[0].query["modifiedSince"] == "2026-11-02T16:00:00Z"


def test_by_whole_days_nothing_is_missed_and_nothing_older_is_given(server: Scripted, tmp_path: Path):
    text = (resources.files("apbridge.avidxchange") / "profiles" / "avidconnect.yaml").read_text()
    profile = tmp_path / "by-day.yaml"
    profile.write_text(text.replace("granularity: second", "granularity: day"))
    items = [
        payment(1, modified="2026-11-02T15:59:59Z"),
        payment(2, modified="2026-11-02T16:00:00Z"),
        payment(3, modified="2026-11-02T18:30:00+02:00"),
    ]
    server.answer = lambda _: (200, {"items": items, "nextCursor": None})
    with server.client(profile=str(profile)) as client:
        listed = list(client.list("payment", modified_since=SINCE))
    assert server.asked[0].query["modifiedSince"] == "2026-11-01"
    assert [found["id"] for found in listed] == ["p2", "p3"]


def test_what_is_shown_is_compared_with_what_would_be_sent(server: Scripted):
    with server.client() as client:
        submission = client.upsertion("invoice", BILL)
        shown = {**deepcopy(submission.body), "externalId": BILL["external_id"], "status": "submitted"}
        shown["total"] = Decimal("10.1")
        shown["memo"] = ""
        server.answer = lambda _: (200, {"items": [shown, {"id": "by hand"}], "nextCursor": None})
        (found,) = client.shown("invoice")
        assert fingerprint(submission.body) != client.fingerprint_shown("invoice", found)
        del shown["memo"]
        (found,) = client.shown("invoice")
        assert fingerprint(submission.body) == client.fingerprint_shown("invoice", found)
        shown["lines"][0]["glCode"] = "6001"
        (found,) = client.shown("invoice")
        assert fingerprint(submission.body) != client.fingerprint_shown("invoice", found)


def test_an_image_goes_out_as_it_is_under_a_name_that_a_header_can_carry(server: Scripted):
    server.answer = lambda _: (200, None)
    image = {"name": 'Rëchnung "1" 🧾.pdf', "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    with server.client() as client:
        client.submit(client.image("netsuite-1-vendorbill-1", image, b"%PDF"))
    (asked,) = server.asked
    assert asked.body == b"%PDF"
    assert asked.headers["Content-Type"] == "application/pdf"
    assert asked.headers["X-File-Name"].isascii()


def test_an_external_id_cannot_leave_its_place_in_the_path(server: Scripted):
    server.answer = lambda _: (200, {"id": "1"})
    with server.client() as client:
        client.submit(client.upsertion("vendor", {**VENDOR, "external_id": "../x?y"}))
    assert server.asked[0].path == "/avidconnect/v1/vendors/..%2Fx%3Fy"
