"""Every way from one page to the next, and what is asked of a list."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError

if TYPE_CHECKING:
    from tests.avidxchange.conftest import AskedOfAvidXchange, CannedAnswer, ProfileOf, Scripted

CURSOR = "next: {cursor: nextCursor, parameter: cursor}"
VENDOR = {"externalId": "v", "name": "Vendor", "active": True, "modifiedAt": "2026-11-02T16:00:00Z"}


def vendors(*numbers: int) -> list[dict[str, Any]]:
    return [{**VENDOR, "externalId": f"v-{number}"} for number in numbers]


def listed(server: Scripted, profile: str, since: datetime | None = None) -> list[str]:
    with server.client(profile=profile) as client:
        return [shown.external_id for shown in client.shown("vendor", modified_since=since)]


@pytest.mark.parametrize(
    "link",
    [
        "{server}/v1/vendors?limit=200&after=a%26b",
        "/avidconnect/v1/vendors?limit=200&after=a%26b",
        "/v1/vendors?limit=200&after=a%26b",  # from behind a gateway
        "vendors?limit=200&after=a%26b",
        "?limit=200&after=a%26b",
    ],
)
def test_links_are_followed_as_they_are(server: Scripted, profile_of: ProfileOf, link: str):
    profile = profile_of("avidconnect", (CURSOR, "next: {link: \"Paging.Links[?Rel=='next'].Href | [0]\"}"))

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if "after" in asked.query:
            return 200, {"items": vendors(2)}  # the last page has no Paging
        links = [{"Rel": "self", "Href": "x"}, {"Rel": "next", "Href": link.format(server=server.url)}]
        return 200, {"items": vendors(1), "Paging": {"Links": links}}

    server.answer = answer
    assert listed(server, profile) == ["v-1", "v-2"]
    assert server.asked[1].path == "/avidconnect/v1/vendors"
    assert server.asked[1].query == {"limit": "200", "after": "a&b"}


@pytest.mark.parametrize("link", ["http://elsewhere.example/v1/vendors?page=2", "//elsewhere.example/x"])
def test_a_link_to_another_host_is_not_followed_with_the_tokens(
    server: Scripted, profile_of: ProfileOf, link: str
):
    profile = profile_of("avidconnect", (CURSOR, "next: {link: next}"))
    server.answer = lambda _: (200, {"items": vendors(1), "next": link})
    with pytest.raises(SettingError, match=r"sends calls on to http://elsewhere\.example"):
        listed(server, profile)
    assert len(server.asked) == 1


def test_a_link_that_leads_back_is_an_error(server: Scripted, profile_of: ProfileOf):
    profile = profile_of("avidconnect", (CURSOR, "next: {link: next}"))
    server.answer = lambda _: (200, {"items": [], "next": "?page=2"})
    with pytest.raises(SettingError, match="the pages do not end"):
        listed(server, profile)


def test_what_every_call_carries_is_added_to_a_link_once(server: Scripted, profile_of: ProfileOf):
    profile = profile_of(
        "avidconnect",
        (CURSOR, "next: {link: next}"),
        (
            "    X-User-Token: user_token\n",
            "    X-User-Token: user_token\n  parameters: {company: company_id}\n",
        ),
    )
    links = iter(["?page=2", "?page=3&company=4711", None])
    server.answer = lambda _: (200, {"items": vendors(1), "next": next(links)})
    with pytest.raises(SettingError, match="the pages do not end"):
        # The same items again are taken for a server that does not understand.
        listed(server, profile)
    assert [asked.query for asked in server.asked] == [
        {"company": "4711", "limit": "200"},
        {"company": "4711", "page": "2"},
    ]
    server.asked.clear()
    pages = iter([(1, "?page=3&company=4711"), (2, None)])

    def answer(_: AskedOfAvidXchange) -> CannedAnswer:
        number, link = next(pages)
        return 200, {"items": vendors(number), "next": link}

    server.answer = answer
    assert listed(server, profile) == ["v-1", "v-2"]
    assert server.asked[1].raw_query == "page=3&company=4711"


def test_page_numbers_go_on_while_the_answer_says_so(server: Scripted, profile_of: ProfileOf):
    profile = profile_of("avidconnect", (CURSOR, "next: {page: 1, parameter: page, more: page < pages}"))

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        number = int(asked.query["page"])
        return 200, {"items": vendors(number), "page": number, "pages": 3}

    server.answer = answer
    assert listed(server, profile) == ["v-1", "v-2", "v-3"]
    server.answer = lambda _: (200, {"items": vendors(7)})
    assert listed(server, profile) == ["v-7"]


def test_page_numbers_without_a_word_go_on_to_an_empty_page(server: Scripted, profile_of: ProfileOf):
    profile = profile_of("avidconnect", (CURSOR, "next: {page: 0, parameter: page}"))
    server.answer = lambda asked: (200, {"items": vendors(*range(3))[int(asked.query["page"]) :][:1]})
    assert listed(server, profile) == ["v-0", "v-1", "v-2"]
    assert [asked.query["page"] for asked in server.asked] == ["0", "1", "2", "3"]


def test_a_page_number_that_is_not_understood_is_an_error(server: Scripted, profile_of: ProfileOf):
    profile = profile_of("avidconnect", (CURSOR, "next: {page: 1, parameter: page}"))
    server.answer = lambda _: (200, {"items": vendors(1, 2)})
    with pytest.raises(SettingError, match="the pages do not end"):
        listed(server, profile)
    assert len(server.asked) == 2


def test_a_list_may_be_asked_for_by_post(server: Scripted, profile_of: ProfileOf):
    path = "    list:\n      path: /v1/vendors\n"
    profile = profile_of("avidconnect", (path, path + "      method: POST\n"))
    pages = iter([{"items": vendors(1), "nextCursor": "c"}, {"items": vendors(2)}])
    server.answer = lambda _: (200, next(pages))
    assert listed(server, profile) == ["v-1", "v-2"]
    assert [(asked.method, asked.query, asked.json) for asked in server.asked] == [
        ("POST", {}, {"limit": 200}),
        ("POST", {}, {"limit": 200, "cursor": "c"}),
    ]


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("granularity: second", "2026-11-03T03:30:00Z"),
        ("granularity: day", "2026-11-02"),
        ("granularity: day, zone: America/New_York", "2026-11-02"),
        ("granularity: day, zone: UTC", "2026-11-03"),
        ("granularity: day, zone: Pacific/Kiritimati", "2026-11-03"),
        ("granularity: day, zone: Pacific/Honolulu", "2026-11-02"),
    ],
)
def test_what_changed_is_asked_for_as_the_contract_understands_it(
    server: Scripted, profile_of: ProfileOf, rule: str, asked: str
):
    profile = profile_of(
        "avidconnect", ("parameter: modifiedSince, granularity: second", f"parameter: modifiedSince, {rule}")
    )
    server.answer = lambda _: (200, {"items": []})
    listed(server, profile, datetime(2026, 11, 3, 3, 30, tzinfo=timezone.utc))
    assert server.asked[0].query["modifiedSince"] == asked


def test_a_write_may_carry_query_parameters(server: Scripted, profile_of: ProfileOf):
    path = "      path: /v1/vendors/{external_id}\n"
    profile = profile_of("avidconnect", (path, path + "      parameters: {number: number, none: terms}\n"))
    server.answer = lambda _: (200, {"id": 1})
    with server.client(profile=profile) as client:
        client.submit(client.upsertion("vendor", {"external_id": "v-1", "number": "V1", "name": "V"}))
    assert server.asked[0].query == {"number": "V1"}


@pytest.mark.parametrize("count", ["PageCount", "Pages"])
def test_a_list_that_says_there_is_more_and_has_no_link_is_not_taken_for_whole(
    server: Scripted, profile_of: ProfileOf, count: str
):
    following = (
        "next: {link: \"Paging.Links[?Rel=='next'].Href | [0]\","
        " more: Paging.PageNumber < (Paging.PageCount || Paging.Pages)}"
    )
    profile = profile_of("avidconnect", (CURSOR, following))
    paging = {"PageNumber": 1, count: 2, "Links": []}
    server.answer = lambda _: (200, {"items": vendors(1), "Paging": paging})
    with pytest.raises(SettingError, match="a further page, or may be, and the answer gives no link"):
        listed(server, profile)
    server.answer = lambda _: (200, {"items": vendors(1), "Paging": {**paging, "PageNumber": 2}})
    assert listed(server, profile) == ["v-1"]
    server.answer = lambda _: (200, {"items": vendors(1)})
    assert listed(server, profile) == ["v-1"]
