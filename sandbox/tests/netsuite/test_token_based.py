"""Token-based sign-in: each call signed by HMAC-SHA256; here by RFC 5849's words, not by a library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests

from apbridge_sandbox.testing import Running, running
from tests.netsuite.signed_in import RECORDS, RESTLET, SUITEQL, TOKEN, error_of
from tests.waiting import PATIENCE

ACCOUNT = "1234567_SB1"
VENDORS = {"q": "SELECT id FROM vendor ORDER BY id"}
TRANSIENT = {"Prefer": "transient"}


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(token_based=True) as sandbox:
        yield sandbox


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def signature(
    method: str, url: str, parameters: dict[str, str], consumer_secret: str, token_secret: str
) -> str:
    """Sign (RFC 5849, 3.4): parameters sorted as encoded, the base string, both secrets."""
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *parameters.items()]
    joined = "&".join(f"{n}={v}" for n, v in sorted((_encoded(n), _encoded(v)) for n, v in pairs))
    base = "&".join(
        _encoded(each) for each in (method, f"{parts.scheme}://{parts.netloc}{parts.path}", joined)
    )
    key = f"{_encoded(consumer_secret)}&{_encoded(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def authorization(
    sandbox: Running,
    method: str,
    url: str,
    *,
    realm: str | None = ACCOUNT,
    tampered: str = "",
    **changes: str | None,
) -> str:
    """Return the header of a call; a parameter of None is left out."""
    env = sandbox.credentials
    given = {
        "oauth_consumer_key": env["NETSUITE_CONSUMER_KEY"],
        "oauth_token": env["NETSUITE_TOKEN_ID"],
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": secrets.token_hex(8),
        "oauth_version": "1.0",
    } | changes
    parameters = {name: value for name, value in given.items() if value is not None}
    secret = env["NETSUITE_CONSUMER_SECRET"]
    signed = signature(method, url, parameters, secret, env["NETSUITE_TOKEN_SECRET"])
    parameters["oauth_signature"] = tampered or signed
    named = {"realm": realm, **parameters} if realm is not None else parameters
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in named.items())


def _ask(sandbox: Running, url: str = "", **options: str | None) -> requests.Response:
    url = sandbox.netsuite_url + (url or f"{SUITEQL}?limit=5&offset=0")
    header = authorization(sandbox, "POST", url, **options)  # type: ignore[arg-type]
    return requests.post(url, json=VENDORS, headers=TRANSIENT | {"Authorization": header}, timeout=PATIENCE)


def test_the_signer_gives_what_the_standard_gives():
    # RFC 5849, 1.2: the last example's base string; its HMAC-SHA256 was made by openssl.
    signed = signature(
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        {
            "oauth_consumer_key": "dpf43f3p2l4k3l03",
            "oauth_token": "nnch734d00sl2jdk",
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": "137131202",
            "oauth_nonce": "chapoH",
        },
        "kd94hf93k423kf44",
        "pfkkdhi9sl3r4s00",
    )
    assert signed == "HtMwoX2zenlFjgGg/SNEoKEQmL7CzxYFEKzs7er044Y="


def test_a_signed_call_is_answered_everywhere(sandbox: Running):
    assert _ask(sandbox).json()["count"] == 5
    for method, path in (("GET", f"{RECORDS}/vendor/11?expandSubResources=true"), ("POST", RESTLET)):
        env = sandbox.credentials
        query = f"?script={env['NETSUITE_RESTLET_SCRIPT']}&deploy={env['NETSUITE_RESTLET_DEPLOY']}"
        url = sandbox.netsuite_url + path + ("" if "?" in path else query)
        header = {"Authorization": authorization(sandbox, method, url)}
        answer = requests.request(method, url, json={"action": "no such"}, headers=header, timeout=PATIENCE)
        assert answer.status_code != 401, answer.text


def test_what_is_signed_is_all_of_the_query_in_any_order_and_encoding(sandbox: Running):
    url = f"{SUITEQL}?offset=0&limit=5&b=2&a=1%20%2B%20%C3%A9&a=&c=%7E*"
    # The sign-in is good; that there is no such parameter is another matter.
    assert error_of(_ask(sandbox, url))["o:errorQueryParam"] == "b"
    signed_for_another = authorization(sandbox, "POST", f"{sandbox.netsuite_url}{SUITEQL}?limit=5&offset=5")
    answer = requests.post(
        f"{sandbox.netsuite_url}{SUITEQL}?limit=5&offset=10",
        json=VENDORS,
        headers=TRANSIENT | {"Authorization": signed_for_another},
        timeout=PATIENCE,
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"realm": None},
        {"realm": "1234567-sb1"},
        {"realm": "1234567_sb1"},
        {"oauth_signature_method": "HMAC-SHA1"},
        {"oauth_signature_method": "PLAINTEXT"},
        {"oauth_consumer_key": "0" * 64},
        {"oauth_token": "0" * 64},
        {"oauth_token": None},
        {"oauth_nonce": None},
        {"oauth_nonce": "short"},
        {"oauth_nonce": "n" * 65},
        {"oauth_timestamp": None},
        {"oauth_timestamp": "now"},
        {"oauth_timestamp": "too early"},
        {"oauth_timestamp": "too late"},
        {"oauth_version": "2.0"},
        {"tampered": base64.b64encode(b"x" * 32).decode()},
        {"tampered": "?"},
    ],
    ids=str,
)
def test_a_call_signed_wrongly_is_refused(sandbox: Running, wrong: dict[str, Any]):
    off = {"too early": -900, "too late": 900}.get(wrong.get("oauth_timestamp") or "")
    if off:
        wrong = {"oauth_timestamp": str(int(time.time()) + off)}
    answer = _ask(sandbox, **wrong)
    assert answer.status_code == 401
    error = error_of(answer)
    assert error["o:errorCode"] == "INVALID_LOGIN"
    assert "Login Audit Trail" in error["detail"]
    assert answer.headers["WWW-Authenticate"] == (
        f'OAuth realm="{ACCOUNT}", error="token_rejected", error_description="Invalid login attempt."'
    )


def test_a_call_is_good_for_one_time(sandbox: Running):
    url = f"{sandbox.netsuite_url}{SUITEQL}"
    header = TRANSIENT | {"Authorization": authorization(sandbox, "POST", url)}
    answers = [
        requests.post(url, json=VENDORS, headers=header, timeout=PATIENCE).status_code for _ in range(2)
    ]
    assert answers == [200, 401]
    # The same nonce at another time is another one.
    assert _ask(sandbox, oauth_nonce="the-same-nonce").ok
    assert _ask(sandbox, oauth_nonce="the-same-nonce", oauth_timestamp=str(int(time.time()) - 30)).ok


def test_malformed_headers_and_a_wrong_method(sandbox: Running):
    url = f"{sandbox.netsuite_url}{SUITEQL}"
    good = authorization(sandbox, "POST", url)
    signed_for_get = authorization(sandbox, "GET", url)
    for header in ("OAuth", "OAuth x", good + ', oauth_nonce="another"', signed_for_get):
        refused = requests.post(
            url, json=VENDORS, headers=TRANSIENT | {"Authorization": header}, timeout=PATIENCE
        )
        assert refused.status_code == 401


def test_a_restlet_refuses_in_its_own_words(sandbox: Running):
    url = f"{sandbox.netsuite_url}{RESTLET}?script=1&deploy=1"
    header = {"Authorization": authorization(sandbox, "GET", url, tampered="x")}
    answer = requests.get(url, headers=header, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_LOGIN_ATTEMPT")


def test_it_can_be_off_and_rotates_no_certificates(sandbox: Running):
    path = f"/services/rest/auth/oauth2/v1/clients/{sandbox.credentials['NETSUITE_CLIENT_ID']}/certificates"
    url = sandbox.netsuite_url + path
    header = {"Authorization": authorization(sandbox, "GET", url)}
    assert requests.get(url, headers=header, timeout=PATIENCE).status_code == 401
    sandbox.control("/control/switches", {"netsuite.token_based": False})
    assert _ask(sandbox).status_code == 401


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("1234567-sb1.suitetalk", SUITEQL, 401),
        ("1234567-sb1.restlets", SUITEQL, 404),
        ("7654321.suitetalk", SUITEQL, 404),
        ("1234567-sb1.restlets", f"{RESTLET}?script=1&deploy=1", 401),
        ("1234567-sb1.suitetalk", f"{RESTLET}?script=1&deploy=1", 404),
        ("1234567-sb1.suitetalk", TOKEN, 400),
        ("1234567-sb1.restlets", TOKEN, 404),
    ],
)
def test_by_netsuites_own_names_each_service_has_its_host(
    sandbox: Running, host: str, path: str, status: int
):
    header = {"Host": f"{host}.api.netsuite.com"}
    assert (
        requests.post(sandbox.netsuite_url + path, json={}, headers=header, timeout=PATIENCE).status_code
        == status
    )


def test_behind_netsuites_own_name_the_url_is_https(sandbox: Running):
    host = "1234567-sb1.suitetalk.api.netsuite.com"
    for scheme, status in (("https", 200), ("http", 401)):
        header = authorization(sandbox, "POST", f"{scheme}://{host}{SUITEQL}")
        answer = requests.post(
            f"{sandbox.netsuite_url}{SUITEQL}",
            json=VENDORS,
            headers=TRANSIENT | {"Authorization": header, "Host": host},
            timeout=PATIENCE,
        )
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["links"][0]["href"].startswith(f"https://{host}/")
