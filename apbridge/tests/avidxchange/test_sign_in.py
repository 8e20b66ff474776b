"""OAuth 2.0 client credentials: one token for all, fresh when it must be, and never in a log."""

from __future__ import annotations

import logging
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from apbridge.errors import APBridgeError, SettingError
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.avidxchange.conftest import AskedOfAvidXchange, CannedAnswer, ProfileOf, Scripted

TOKEN_PATH = "/avidconnect/oauth2/token"
COMPANY = (200, {"CompanyId": "4711"})


def granting(*tokens: str, then: CannedAnswer = COMPANY, **more: object) -> Any:  # noqa: ANN401
    """Grant these tokens in turn; any other call is answered by whether its token is the last granted."""
    rest = list(tokens)
    good: list[str] = []

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path == TOKEN_PATH:
            good[:] = [rest.pop(0)]
            return 200, {"access_token": good[0], "expires_in": 3600, **more}
        if asked.headers.get("Authorization") != f"Bearer {good[0]}":
            return 401, {"Message": "not valid"}
        return then

    return answer


def sign_ins(server: Scripted) -> list[AskedOfAvidXchange]:
    return [asked for asked in server.asked if asked.path == TOKEN_PATH]


def test_client_and_secret_become_a_token_that_every_call_carries_with_the_company(server: Scripted):
    server.answer = granting("t1")
    with server.client(profile="partner") as client:
        client.check()
        client.check()
    (asked,) = sign_ins(server)
    assert asked.method == "POST"
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"]}
    scheme, _, basic = asked.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(basic).decode()) == ("Basic", "the-client:client%3Asecret%2B")
    assert [one.headers["Authorization"] for one in server.asked[1:]] == ["Bearer t1"] * 2
    assert {one.headers["X-Company-Id"] for one in server.asked[1:]} == {"4711"}
    assert "X-Company-Id" not in asked.headers


def test_a_profile_may_send_both_in_the_form_with_a_scope_and_the_company(
    server: Scripted, profile_of: ProfileOf
):
    profile = profile_of(
        "partner",
        (
            "    token_url: /oauth2/token\n  headers:\n    X-Company-Id: company_id\n",
            (
                "    token_url: /oauth2/token\n    client_as: form\n    scope: invoices payments\n"
                "    form: {company: company_id}\n  parameters: {companyId: company_id}\n"
            ),
        ),
    )
    server.answer = granting("t1")
    with server.client(profile=profile) as client:
        client.check()
    asked, call = server.asked
    assert "Authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "company": ["4711"],
        "scope": ["invoices payments"],
        "client_id": ["the-client"],
        "client_secret": ["client:secret+"],
    }
    assert call.query == {"companyId": "4711"}


def test_threads_share_one_sign_in(server: Scripted):
    server.answer = granting("t1")
    together = Barrier(8)
    with server.client(profile="partner") as client, ThreadPoolExecutor(8) as pool:

        def check(_: int) -> None:
            together.wait(PATIENCE)
            client.check()

        list(pool.map(check, range(8)))
    assert len(sign_ins(server)) == 1
    assert len(server.asked) == 9


def test_a_refused_token_is_replaced_once_for_all_who_had_it(server: Scripted):
    server.answer = granting("t1", "t2")
    with server.client(profile="partner") as client:
        client.check()
        expired = server.answer
        together = Barrier(6)

        def once(asked: AskedOfAvidXchange) -> CannedAnswer:
            """Refuse the first token from now on, to all at once."""
            if asked.headers.get("Authorization") == "Bearer t1":
                together.wait(PATIENCE)
                return 401, {"Message": "no longer"}
            return expired(asked)

        server.answer = once
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: client.check(), range(6)))
    assert len(sign_ins(server)) == 2


def test_a_token_is_left_shortly_before_its_end(server: Scripted, monkeypatch: pytest.MonkeyPatch):
    clock = [1000.0]
    monkeypatch.setattr("apbridge.http.bearer.monotonic", lambda: clock[0])
    server.answer = granting("t1", "t2", expires_in="600")
    with server.client(profile="partner") as client:
        client.check()
        clock[0] += 539
        client.check()
        assert len(sign_ins(server)) == 1
        clock[0] += 2
        client.check()
    assert len(sign_ins(server)) == 2


def test_a_fresh_token_that_is_refused_means_wrong_settings_and_is_not_tried_for_minutes(server: Scripted):
    tokens = iter(["t1", "t2", "t3"])

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path == TOKEN_PATH:
            return 200, {"access_token": next(tokens)}
        return 401, {"Message": "This client may not come in"}

    server.answer = answer
    with server.client(profile="partner") as client, pytest.raises(SettingError) as caught:
        client.check()
    assert caught.value.code == "APB-AX-010"
    assert "client_id and client_secret and company_id" in str(caught.value)
    assert len(sign_ins(server)) == 2
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ((401, {"error": "invalid_client"}), "APB-AX-013", "client_id and client_secret (invalid_client)"),
        ((400, {"error": "invalid_scope"}), "APB-AX-013", "invalid_scope"),
        ((403, b"<html>no</html>"), "APB-AX-013", "HTTP 403"),
        ((404, {"message": "nothing here"}), "APB-AX-014", "oauth2/token"),
    ],
)
def test_a_refused_sign_in_is_one_sentence_without_a_secret(
    server: Scripted, answer: CannedAnswer, code: str, says: str
):
    server.answer = lambda _: answer
    with server.client(profile="partner") as client, pytest.raises(SettingError) as caught:
        client.check()
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "client:secret+" not in str(caught.value)
    assert len(server.asked) == 1


def test_another_company_is_refused_at_once(server: Scripted):
    server.answer = granting("t1", then=(403, {"Message": "no such company"}))
    with server.client(profile="partner") as client, pytest.raises(SettingError, match="no such company"):
        client.check()
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", ["client_id", "client_secret", "company_id"])
def test_a_missing_setting_is_said_before_anything_is_sent(server: Scripted, name: str):
    with pytest.raises(SettingError, match=f"Setting {name} is missing: profile partner signs in with"):
        server.client(profile="partner", **{name: ""})
    assert server.asked == []


def test_what_the_profile_does_not_ask_for_may_be_missing(server: Scripted):
    server.answer = granting("t1")
    server.client(profile="partner", company_token="", user_token="").close()
    server.client(client_id="", client_secret="", company_id="").close()


def test_neither_secret_nor_token_is_logged(server: Scripted, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    server.answer = granting("token-one", "token-two", "token-three")
    with server.client(profile="partner") as client:
        client.check()
        server.answer = lambda _: (401, {"Message": "token-one is not valid"})
        with pytest.raises(APBridgeError):
            client.check()
    for secret in ("client:secret+", "token-one", "token-two", "dGhlLWNsaWVudDp"):
        assert secret not in caplog.text
    assert "sign in" in caplog.text
