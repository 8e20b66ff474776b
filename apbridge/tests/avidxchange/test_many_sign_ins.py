"""Password grant, keys, certificates, and several at once; and that no body of a sign-in is ever quoted."""

from __future__ import annotations

import json
import logging
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote_plus

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings, Profile
from apbridge.errors import APBridgeError, SettingError, UnavailableError
from tests.authority import Authority

if TYPE_CHECKING:
    from tests.avidxchange.conftest import AskedOfAvidXchange, CannedAnswer, ProfileOf, Scripted

TOKENS = "sign_in:\n  headers:\n    X-Company-Token: company_token\n    X-User-Token: user_token\n"
SIGN_IN = "/avidconnect/v1/authorizations"
PASSWORD = "p@ss wörd/7+"
USER = "clerk@harborview.example"
BOTH = {"user_name": USER, "password": PASSWORD, "gateway_key": "gateway-1"}
TWO_BEARERS = (
    "sign_in:\n  bearers: {Authorization: gateway_key}\n"
    "  oauth: {grant: password, token_url: /v1/authorizations, header: AvidAuthorization}\n"
)


def in_dotnet(text: str) -> str:
    """Return a text as System.Text.Json writes it."""
    return "".join(one if one.isalnum() and one.isascii() else f"\\u{ord(one):04X}" for one in text)


@pytest.fixture
def two_bearers(profile_of: ProfileOf) -> str:
    """A profile that signs in by a password behind a gateway."""
    return profile_of("avidconnect", (TOKENS, TWO_BEARERS))


def granting(asked: AskedOfAvidXchange) -> CannedAnswer:
    if asked.path == SIGN_IN:
        return 200, {"access_token": "the-token"}
    return 200, {"id": "1"}


def test_a_password_becomes_a_token_beside_the_key_of_the_gateway(server: Scripted, two_bearers: str):
    server.answer = granting
    with server.client(profile=two_bearers, **BOTH) as client:
        client.check()
    asked, call = server.asked
    assert (asked.method, asked.headers["Authorization"]) == ("POST", "Bearer gateway-1")
    assert "AvidAuthorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["password"],
        "username": [USER],
        "password": [PASSWORD],
    }
    told = {name: call.headers[name] for name in ("Authorization", "AvidAuthorization")}
    assert told == {"Authorization": "Bearer gateway-1", "AvidAuthorization": "Bearer the-token"}
    assert "X-Company-Token" not in call.headers


def test_a_token_that_is_refused_is_fetched_anew_whatever_header_carries_it(
    server: Scripted, two_bearers: str
):
    tokens = iter(["old", "new"])

    def answer(asked: AskedOfAvidXchange) -> CannedAnswer:
        if asked.path == SIGN_IN:
            return 200, {"access_token": next(tokens)}
        good = asked.headers["AvidAuthorization"] == "Bearer new"
        return (200, {"id": "1"}) if good else (401, {"exception": {"reason": "expired", "detail": "over"}})

    server.answer = answer
    with server.client(profile=two_bearers, **BOTH) as client:
        client.check()
    assert [asked.path for asked in server.asked].count(SIGN_IN) == 2


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ("The password has expired.", "invalid_grant: The password has expired"),
        (f"No user {USER.upper()} here", "invalid_grant"),
        (f"Wrong: {quote_plus(PASSWORD)}", "invalid_grant"),
        (f"Wrong: {b64encode(PASSWORD.encode()).decode()}", "invalid_grant"),
        ("There is no key GATEWAY-1", "invalid_grant"),
    ],
)
def test_a_refused_password_is_one_sentence_with_the_words_of_avidxchange_but_no_credential(
    server: Scripted, two_bearers: str, caplog: pytest.LogCaptureFixture, described: str, says: str
):
    caplog.set_level(logging.DEBUG)
    server.answer = lambda _: (400, {"error": "invalid_grant", "error_description": described})
    with server.client(profile=two_bearers, **BOTH) as client, pytest.raises(SettingError) as caught:
        client.check()
    assert caught.value.code == "APB-AX-013"
    assert f"with user_name and password and gateway_key ({says})." in str(caught.value)
    assert len(server.asked) == 1
    assert_told_nothing(caplog.text + repr(caught.value.facts))


@pytest.mark.parametrize("form", [escape, lambda text: json.dumps(text)[1:-1], in_dotnet])
def test_a_password_with_signs_in_it_is_not_quoted_in_any_spelling(
    server: Scripted, two_bearers: str, form: Callable[[str], str]
):
    password = "<p&ss>w\u00f6rd'\"+"
    server.answer = lambda _: (400, {"error_description": f"Wrong: {form(password)}"})
    settings = {**BOTH, "password": password}
    with server.client(profile=two_bearers, **settings) as client, pytest.raises(SettingError) as caught:
        client.check()
    assert form(password) not in f"{caught.value} {caught.value.facts}"
    assert "(HTTP 400)" in str(caught.value)


def test_a_code_that_is_a_credential_is_not_quoted(server: Scripted, two_bearers: str):
    server.answer = lambda _: (400, {"error": "gateway-1", "error_description": "No such key."})
    with server.client(profile=two_bearers, **BOTH) as client, pytest.raises(SettingError) as caught:
        client.check()
    assert "(No such key)" in str(caught.value)
    assert_told_nothing(repr(caught.value.facts))


@pytest.mark.parametrize(
    "body",
    [
        f"Service unavailable: grant_type=password&username={USER}&password={quote_plus(PASSWORD)}".encode(),
        {"error": f"username={USER}&password={PASSWORD}", "error_description": f"{USER} {PASSWORD}"},
        {"access_token": {"username": USER, "password": PASSWORD}},
        {"error": "gateway-1"},
    ],
)
@pytest.mark.parametrize("status", [503, 500, 429])
def test_what_a_failing_sign_in_echoes_is_neither_told_nor_logged(
    server: Scripted, two_bearers: str, caplog: pytest.LogCaptureFixture, body: object, status: int
):
    caplog.set_level(logging.DEBUG)
    server.answer = lambda _: (status, body)
    stop = Event()
    stop.set()
    settings = AvidXchangeSettings.from_config({"base_url": server.url, "profile": two_bearers, **BOTH})
    with AvidXchange(settings, stop=stop) as client, pytest.raises(UnavailableError) as caught:
        client.check()
    assert str(status) in str(caught.value)
    told: BaseException | None = caught.value
    while told is not None:
        assert_told_nothing(f"{told!s} {told!r} {vars(told)}")
        told = told.__cause__ or told.__context__
    assert_told_nothing(caplog.text)


def assert_told_nothing(text: str) -> None:
    for secret in (USER, PASSWORD, quote_plus(PASSWORD), "gateway-1", "the-token"):
        assert secret.casefold() not in text.casefold()


def test_an_api_key_is_a_header_or_a_parameter(server: Scripted, profile_of: ProfileOf):
    key = "sign_in:\n  headers: {X-Api-Key: api_key}\n  parameters: {key: api_key}\n"
    server.answer = granting
    with server.client(profile=profile_of("avidconnect", (TOKENS, key)), api_key="k-1") as client:
        client.check()
    (asked,) = server.asked
    assert (asked.headers["X-Api-Key"], asked.query["key"]) == ("k-1", "k-1")


@pytest.mark.parametrize(
    ("sign_in", "says"),
    [
        ("bearers: {Authorization: gateway_key}\n  oauth: {token_url: /t}", "client_id and client_secret"),
        (
            "bearers: {authorization: gateway_key}\n  oauth: {token_url: /t, client_as: form}",
            "that header is set by the token",
        ),
        ("bearers: {X-Key: gateway_key}\n  headers: {x-key: api_key}", "that header is set by bearers"),
    ],
)
def test_a_header_that_two_would_set_is_a_mistake(profile_of: ProfileOf, sign_in: str, says: str):
    with pytest.raises(SettingError, match=says):
        Profile.load(profile_of("avidconnect", (TOKENS, f"sign_in:\n  {sign_in}\n")))


@pytest.mark.parametrize("name", ["user_name", "password", "gateway_key"])
def test_what_a_profile_asks_for_is_missed_before_anything_is_sent(
    server: Scripted, two_bearers: str, name: str
):
    with pytest.raises(SettingError, match=f"Setting {name} is missing"):
        server.client(profile=two_bearers, **{**BOTH, name: ""})
    assert server.asked == []


# Mutual TLS, with an authority of the test's own


@pytest.fixture
def authority() -> Authority:
    return Authority()


@contextmanager
def serving(authority: Authority, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve over TLS to whoever shows a certificate of the authority; give the address, and who came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            subject = dict(one[0] for one in self.connection.getpeercert()["subject"])
            came.append(subject["commonName"])
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b'{"id": "1", "access_token": "t"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    certificate, key = authority.issue("127.0.0.1")
    (folder / "server.pem").write_text(certificate + key)
    (folder / "authority.pem").write_text(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever shows none is cut off
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{http.server_address[1]}", came
        http.shutdown()
        thread.join()


def by_certificate(profile_of: ProfileOf, more: str = "") -> str:
    return profile_of("avidconnect", (TOKENS, f"sign_in:\n  client_certificate: true\n{more}"))


def shown(pem: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("client_certificate", "client_private_key"), pem, strict=True))


@pytest.mark.parametrize("in_files", [True, False])
@pytest.mark.parametrize("with_token", [True, False])
def test_a_certificate_is_shown_on_every_connection_the_sign_in_too(
    authority: Authority,
    profile_of: ProfileOf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    with_token: bool,
    in_files: bool,
):
    config = shown(authority.issue("harborview"))
    if in_files:
        for name, text in config.items():
            (tmp_path / name).write_text(text)
        config = {f"{name}_path": str(tmp_path / name) for name in config}
    oauth = "  oauth: {token_url: /token, client_as: form}\n" if with_token else ""
    both = {"client_id": "c", "client_secret": "s"}
    with serving(authority, tmp_path) as (url, came):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        config |= {"base_url": url, "profile": by_certificate(profile_of, oauth), **both}
        with AvidXchange(AvidXchangeSettings.from_config(config)) as client:
            client.check()
    assert came == ["harborview"] * (1 + with_token)


def test_without_trust_in_its_certificate_the_server_is_shown_nothing(
    authority: Authority, profile_of: ProfileOf, tmp_path: Path
):
    config = shown(authority.issue("harborview"))
    stop = Event()
    stop.set()
    with serving(authority, tmp_path) as (url, came):
        config |= {"base_url": url, "profile": by_certificate(profile_of)}
        with (
            AvidXchange(AvidXchangeSettings.from_config(config), stop=stop) as client,
            pytest.raises(APBridgeError, match="no secure connection"),
        ):
            client.check()
    assert came == []


@pytest.mark.parametrize("what", ["another key", "with a passphrase", "no PEM"])
def test_a_certificate_without_its_key_is_a_sentence_and_asks_nobody_for_a_passphrase(
    authority: Authority, profile_of: ProfileOf, what: str
):
    certificate, key = authority.issue("harborview")
    wrong = {
        "another key": authority.issue("another")[1],
        "with a passphrase": authority.encrypted(key, b"secret"),
        "no PEM": "nothing",
    }[what]
    profile = by_certificate(profile_of)
    config = {**shown((certificate, wrong)), "base_url": "https://127.0.0.1:1", "profile": profile}
    with pytest.raises(SettingError) as caught:
        AvidXchange(AvidXchangeSettings.from_config(config))
    assert caught.value.code == "APB-AX-015"
    assert "BEGIN" not in str(caught.value)
