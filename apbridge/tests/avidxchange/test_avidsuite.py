"""What `avidsuite` may be answered with: pages without a word of how many, records with holes."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError

if TYPE_CHECKING:
    from apbridge.avidxchange import AvidXchange
    from tests.avidxchange.conftest import AskedOfAvidXchange, CannedAnswer, Scripted

SIGN_IN = {"user_name": "clerk", "password": "a-password", "gateway_key": "gateway-1"}
PAYMENT = {
    "PaymentId": 1,
    "Status": {"Id": 1, "Description": "Cleared"},
    "PaymentMethod": {"Id": 1, "Description": "Check"},
    "Amount": 5,
    "CheckNumber": "7",
    "LastChangedDate": "2026-11-01 10:00:00",
}


def client(server: Scripted) -> AvidXchange:
    return server.client(profile="avidsuite", time_zone="UTC", **SIGN_IN)


def payments(server: Scripted, *pages: dict[str, Any]) -> list[dict[str, Any]]:
    rest = iter(pages)

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path.endswith("/v1/authorizations"):
            return 200, {"access_token": "the-token"}
        return 200, next(rest)

    server.answer = answer
    with client(server) as avidxchange:
        return list(avidxchange.list("payment"))


def one(server: Scripted, **changes: object) -> dict[str, Any]:
    (found,) = payments(server, {"Items": [{**PAYMENT, **changes}]})
    return found


@pytest.mark.parametrize(
    "page",
    [
        {"Items": [PAYMENT], "Paging": {"PageNumber": 1, "PageSize": 1, "TotalItems": 3}},
        {"Items": [{**PAYMENT, "PaymentId": number} for number in range(1000)]},
    ],
    ids=["more items than came", "a full page and not a word of others"],
)
def test_a_page_that_may_not_be_all_is_not_taken_for_all(server: Scripted, page: dict[str, Any]):
    with pytest.raises(SettingError, match="there is a further page, or may be"):
        payments(server, page)


def test_the_link_to_the_next_page_is_found_in_either_spelling(server: Scripted):
    following = {"PageNumber": 1, "Links": [{"Rel": "Next", "Href": "?pageNumber=2"}]}
    found = payments(
        server,
        {"Items": [PAYMENT], "Paging": following},
        {"Items": [{**PAYMENT, "PaymentId": 2}], "Paging": {"PageNumber": 2}},
    )
    assert [payment["id"] for payment in found] == ["1", "2"]


@pytest.mark.parametrize("status", [None, {}, {"Id": 5}, {"Id": 5, "Description": None}, []])
def test_a_payment_without_a_word_for_its_status_ends_no_run(
    server: Scripted, caplog: pytest.LogCaptureFixture, status: object
):
    with caplog.at_level(logging.WARNING):
        found = one(server, Status=status, PaymentMethod=status)
    assert (found["status"], found["method"]) == ("unknown", None)
    assert caplog.messages == [], "there is no word that could be added to the profile"


def test_a_date_that_is_the_first_of_all_is_none(server: Scripted):
    found = one(server, ClearedDate="0001-01-01T00:00:00", SettledDate="0001-01-01T00:00:00", VoidedDate="")
    assert (found["cleared_on"], found["settled_at"], found["voided_at"]) == (None, None, None)


def test_an_hour_that_clocks_go_through_twice_is_read_again_without_a_time_zone_too(server: Scripted):
    with server.client(profile="avidsuite", **SIGN_IN) as avidxchange:
        assert avidxchange.doubt_of_times == timedelta(hours=1)


def test_a_check_number_that_comes_as_a_number_is_a_text(server: Scripted):
    assert one(server, CheckNumber=7)["check_number"] == "7"
