from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from threading import Event
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jwt
import pytest

from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.http import retry
from apbridge.netsuite.sign_in import NetSuiteSignIn
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from apbridge.netsuite import NetSuite
    from tests.conftest import AnswerScript

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
PAGE = {"items": [], "hasMore": False, "totalResults": 0}


def read(netsuite: NetSuite) -> None:
    netsuite.suiteql("SELECT id FROM vendor ORDER BY id ASC", purpose="read vendors")


def signed_in(script: AnswerScript) -> int:
    return sum(asked.path == TOKEN_PATH for asked in script.asked)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA 3072"])
def test_the_assertion_is_what_netsuite_verifies(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite], pem: Callable[..., str], kind: str
):
    script.then(200, {"access_token": "t1", "expires_in": "3600", "token_type": "bearer"}).forever(200, PAGE)
    netsuite = netsuite_to(script.url, private_key=pem(kind))
    began = int(time())
    read(netsuite)
    form = parse_qs(script.asked[0].body.decode())
    assert form["grant_type"] == ["client_credentials"]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    key = netsuite.settings.key
    claims = jwt.decode(
        form["client_assertion"][0],
        key.key.public_key(),
        algorithms=[key.algorithm],
        audience="https://1234567-sb1.suitetalk.api.netsuite.com" + TOKEN_PATH,
        issuer="client-1",
    )
    assert jwt.get_unverified_header(form["client_assertion"][0]) == {
        "typ": "JWT",
        "kid": "cert-1",
        "alg": key.algorithm,
    }
    assert claims["scope"] == ["rest_webservices"]
    assert began <= claims["iat"] <= time()
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert script.asked[1].headers["Authorization"] == "Bearer t1"


def test_restlets_are_asked_for_only_where_there_is_one(script: AnswerScript, netsuite: NetSuite):
    script.forever(200, PAGE)
    read(netsuite)
    assertion = parse_qs(script.asked[0].body.decode())["client_assertion"][0]
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert claims["scope"] == ["rest_webservices", "restlets"]


def test_all_threads_share_one_sign_in(script: AnswerScript, netsuite: NetSuite):
    script.forever(200, PAGE, delay=0.02)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: read(netsuite), range(24)))
    assert signed_in(script) == 1
    assert script.peak <= 5


def test_many_refused_at_once_take_one_fresh_token(script: AnswerScript, netsuite: NetSuite):
    script.forever(200, PAGE)
    read(netsuite)
    together = Event()
    script.then(401, until=together, times=5).then(200, {"access_token": "t2"})
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(read, netsuite) for _ in range(5)]
        until(lambda: script.peak == 5)
        together.set()
        for call in calls:
            call.result()
    assert signed_in(script) == 2
    assert [a.headers["Authorization"] for a in script.asked[-5:]] == ["Bearer t2"] * 5


def test_a_token_is_left_shortly_before_its_end(
    script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch
):
    clock = [1000.0]
    monkeypatch.setattr("apbridge.http.bearer.monotonic", lambda: clock[0])
    script.then(200, PAGE, times=2).then(200, {"access_token": "t2", "expires_in": 60}).forever(200, PAGE)
    read(netsuite)
    clock[0] += 3539
    read(netsuite)
    assert signed_in(script) == 1
    clock[0] += 2
    read(netsuite)
    assert signed_in(script) == 2
    assert script.asked[-1].headers["Authorization"] == "Bearer t2"


@pytest.mark.parametrize(
    ("account_id", "status", "body", "code", "names"),
    [
        ("1234567", 400, {"error": "invalid_client"}, "APB-NS-010", "certificate_id and private_key"),
        ("1234567", 401, {"error": "invalid_client"}, "APB-NS-010", "certificate_id and private_key"),
        ("1234567_SB1", 400, {"error": "invalid_client"}, "APB-NS-011", "refresh clears"),
        ("1234567_SB1", 400, {"error": "invalid_grant"}, "APB-NS-011", "refresh clears"),
        ("1234567", 400, {"error": "invalid_grant"}, "APB-NS-012", "clock"),
        ("1234567", 400, {"error": "invalid_request"}, "APB-NS-013", "account_id"),
        ("1234567_SB1", 500, {"error": "server_error"}, "APB-NS-014", "client_id"),
        ("1234567", 400, {"error": "invalid_scope"}, "APB-NS-015", "integration record"),
        ("1234567", 403, {"error": "something_new"}, "APB-NS-019", "private_key"),
        ("1234567", 404, b"<html>not here", "APB-NS-016", "base_url"),
        ("1234567", 302, None, "APB-HTTP-005", "base_url"),
    ],
)
def test_a_refused_sign_in_names_the_setting_at_once(  # noqa: PLR0917
    script: AnswerScript,
    netsuite_to: Callable[..., NetSuite],
    account_id: str,
    status: int,
    body: Any,  # noqa: ANN401
    code: str,
    names: str,
):
    script.forever(status, body)
    with pytest.raises(SettingError, match=names) as caught:
        read(netsuite_to(script.url, account_id=account_id))
    assert caught.value.code == code
    assert len(script.asked) == 1


def date(seconds: float) -> dict[str, str]:
    """Return the Date of a NetSuite whose clock is so far ahead of this machine's."""
    return {"Date": formatdate(time() + seconds, usegmt=True)}


@pytest.mark.parametrize("account_id", ["1234567", "1234567_SB1"])
@pytest.mark.parametrize("reason", ["invalid_grant", "invalid_client", "invalid_request"])
@pytest.mark.parametrize(("seconds", "way"), [(-180, "ahead of"), (-40_000, "ahead of"), (1200, "behind")])
def test_a_wrong_clock_is_named_first(  # noqa: PLR0917
    script: AnswerScript,
    netsuite_to: Callable[..., NetSuite],
    account_id: str,
    reason: str,
    seconds: int,
    way: str,
):
    script.forever(400, {"error": reason}, headers=date(seconds))
    with pytest.raises(SettingError) as caught:
        read(netsuite_to(script.url, account_id=account_id))
    assert caught.value.code == "APB-NS-033"
    assert re.match(rf"This machine's clock is \d+ seconds {way} NetSuite's", str(caught.value))
    assert abs(caught.value.facts["seconds"] - abs(seconds)) < 60
    assert caught.value.do.startswith("Set the clock")


@pytest.mark.parametrize("seconds", [-30, 300, None])
def test_a_clock_that_is_right_enough_is_not_blamed(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite], seconds: int | None
):
    headers = {"Date": "yesterday"} if seconds is None else date(seconds)
    script.forever(400, {"error": "invalid_grant"}, headers=headers)
    with pytest.raises(SettingError) as caught:
        read(netsuite_to(script.url, account_id="1234567"))
    assert caught.value.code == "APB-NS-012"


@pytest.mark.parametrize("reason", ["invalid_scope", "server_error"])
def test_what_no_clock_explains_is_not_put_on_it(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite], reason: str
):
    script.forever(400, {"error": reason}, headers=date(-600))
    with pytest.raises(SettingError) as caught:
        read(netsuite_to(script.url))
    assert caught.value.code in {"APB-NS-014", "APB-NS-015"}


def test_an_error_of_the_server_passes_where_the_credentials_have_worked(
    script: AnswerScript, netsuite: NetSuite
):
    script.then(200, PAGE).then(401).then(500, {"error": "server_error"}).then(200, {"access_token": "t2"})
    script.forever(200, PAGE)
    read(netsuite)
    read(netsuite)
    assert script.asked[-1].headers["Authorization"] == "Bearer t2"


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 429},
        {"status": 502, "body": b"<html>"},
        {"status": 200, "body": b"<html>"},
        {"status": 200, "body": {"token": "none"}},
        {"reset": True},
    ],
)
def test_a_sign_in_that_found_trouble_is_tried_again(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite], trouble: dict[str, Any]
):
    script.then(**trouble).then(200, {"access_token": "t1"}).forever(200, PAGE)
    read(netsuite_to(script.url))
    assert signed_in(script) == 2


@pytest.mark.parametrize("expires_in", [3600, "3600", None, "soon", -1, "NaN"], ids=repr)
def test_however_a_token_says_its_end_it_is_used(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite], expires_in: object
):
    script.then(200, {"access_token": "t1", "expires_in": expires_in}).forever(200, PAGE)
    netsuite = netsuite_to(script.url)
    read(netsuite)
    read(netsuite)
    assert signed_in(script) == 1


def test_one_failed_sign_in_fails_all_who_waited_for_it(
    script: AnswerScript, netsuite_to: Callable[..., NetSuite]
):
    netsuite = netsuite_to(script.url)
    release = Event()
    script.forever(400, {"error": "invalid_client"}, until=release)
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(read, netsuite) for _ in range(5)]
        until(lambda: bool(script.asked) and netsuite.session.limiter.peak == 5)
        release.set()
        assert all(isinstance(call.exception(), SettingError) for call in calls)
    assert signed_in(script) == 1
    with pytest.raises(SettingError):
        read(netsuite)
    assert signed_in(script) == 2


def test_a_port_with_nothing_on_it_names_the_settings(
    nowhere: str, netsuite_to: Callable[..., NetSuite], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retry, "FIRST_CONTACT", 0.3)
    with pytest.raises(UnavailableError, match="account_id and base_url") as caught:
        read(netsuite_to(nowhere))
    assert caught.value.code == "APB-HTTP-004"
    assert nowhere in str(caught.value)


def test_nothing_of_a_sign_in_is_logged_or_said(
    script: AnswerScript,
    netsuite_to: Callable[..., NetSuite],
    config: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    script.then(502, b"<html>s3cret").then(200, {"access_token": "s3cret", "note": "s3cret"})
    script.then(200, PAGE).then(401).forever(400, {"error": "invalid_grant", "error_description": "s3cret"})
    netsuite = netsuite_to(script.url)
    read(netsuite)
    with pytest.raises(APBridgeError) as caught:
        read(netsuite)
    assertion = parse_qs(script.asked[0].body.decode())["client_assertion"][0]
    for text in (
        caplog.text,
        str(caught.value),
        repr(netsuite.settings),
        repr(NetSuiteSignIn(netsuite.settings)),
    ):
        assert "s3cret" not in text
        assert assertion not in text
        assert config["client_id"] not in text
