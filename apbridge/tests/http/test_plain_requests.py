"""A request that is made ready in the short way is the one that `requests` makes."""

from __future__ import annotations

import pytest
import requests

from apbridge.http.plain_requests import PlainRequest


@pytest.mark.parametrize(
    "url",
    [
        "https://api.avidxchange.example/invoices/netsuite-1234567-vendorbill-1",
        "http://127.0.0.1:8080/services/rest/query/v1/suiteql",
        "https://1234567-sb1.suitetalk.api.netsuite.com/a/b.c/~d_e",
        "https://API.example/A",
        "https://api.example/a/../b",
        "https://api.example/./a",
        "https://api.example/.a",
        "https://api.example//a",
        "https://api.example/a/",
        "https://api.example",
        "https://api.example/a b",
        "https://api.example/a%2fb",
        "https://api.example/\u00e9",
        "https://user:secret@api.example/a",
        "https://api.example/a?b=c d#e",
    ],
)
@pytest.mark.parametrize("params", [None, {"limit": 5, "of": "a b"}])
def test_it_goes_to_the_address_that_requests_makes(url: str, params: dict[str, object] | None) -> None:
    ours, theirs = PlainRequest(), requests.PreparedRequest()
    for one in (ours, theirs):
        one.prepare(method="GET", url=url, params=params)
    assert ours.url == theirs.url
