"""Each client talks to whom it should, and no answer can fill the machine."""

from __future__ import annotations

import json
import re
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import source
from apbridge.errors import APBridgeError, OutcomeUnknownError, SettingError, UnavailableError
from apbridge.http import retry
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.wire import watched
from apbridge_operator.cli.checks.netsuite import _clock
from apbridge_operator.destinations import destinations
from apbridge_operator.notices import Notice
from demo.meltano import ROOT
from tests.secure_server import WRONG, Issuer, serving

KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
ANSWER = {"access_token": "t", "items": [], "hasMore": False, "totalResults": 0}
PICTURE = {"name": "bill.pdf", "media_type": "application/pdf", "size": 5, "sha256": "0" * 64}


def _netsuite(url: str, **settings: object) -> NetSuite:
    config = {
        "account_id": "1234567",
        "client_id": "client",
        "certificate_id": "certificate",
        "private_key": KEY,
        "base_url": url,
        "restlet_script": "script",
        "restlet_deploy": "deploy",
        **settings,
    }
    return NetSuite(NetSuiteSettings.from_config(config))


def _signed_in(url: str, **settings: object) -> NetSuite:
    """Leave the sign-in out, which would be the first to meet whoever is there."""
    netsuite = _netsuite(url, **settings)
    netsuite._sign_in.headers = lambda: {"Authorization": "Bearer t"}  # type: ignore[method-assign]
    return netsuite


def _avidxchange(url: str, **settings: object) -> AvidXchange:
    config = {
        "company_token": "company",
        "user_token": "user",
        "client_id": "client",
        "client_secret": "secret",
        "company_id": "1",
        "base_url": url,
        **settings,
    }
    return AvidXchange(AvidXchangeSettings.from_config(config))


def _sign_in_to_netsuite(url: str, **settings: object) -> None:
    with _netsuite(url, **settings) as netsuite:
        netsuite.suiteql("SELECT 1 FROM dual", purpose="sign in")


def _query(url: str, **settings: object) -> None:
    with _signed_in(url, **settings) as netsuite:
        netsuite.suiteql("SELECT 1 FROM dual", purpose="read")


def _restlet(url: str, **settings: object) -> None:
    with _signed_in(url, **settings) as netsuite:
        netsuite.restlet({"action": "files"}, reads=lambda answer: answer, purpose="list files")


def _post_a_payment(url: str, **settings: object) -> None:
    with _signed_in(url, **settings) as netsuite:
        netsuite.create("vendorPayment", {}, purpose="post a payment")


def _sign_in_to_avidxchange(url: str, **settings: object) -> None:
    with _avidxchange(url, profile="partner", **settings) as avidxchange:
        avidxchange.check()


def _read_avidxchange(url: str, **settings: object) -> None:
    with _avidxchange(url, **settings) as avidxchange:
        avidxchange.check()


def _send_an_image(url: str, **settings: object) -> None:
    with _avidxchange(url, **settings) as avidxchange:
        avidxchange.submit(avidxchange.image("netsuite-1-vendorbill-1", PICTURE, b"%PDF-", "1"))


SYSTEMS: dict[str, Callable[..., None]] = {
    "sign-in to NetSuite": _sign_in_to_netsuite,
    "a query of NetSuite": _query,
    "the RESTlet": _restlet,
    "a payment into NetSuite": _post_a_payment,
    "sign-in to AvidXchange": _sign_in_to_avidxchange,
    "a list of AvidXchange": _read_avidxchange,
    "an image": _send_an_image,
}


def _compare_the_clocks(url: str) -> None:
    with _netsuite(url) as netsuite:
        list(_clock(netsuite.settings))


def _send_a_notice(url: str) -> None:
    (one,) = destinations(url.replace("https://", "jsons://"))
    one.send(Notice("title", "says"))


CLIENTS = {**SYSTEMS, "the clock": _compare_the_clocks, "a notice": _send_a_notice}


def _tried(use: Callable[..., None], url: str, **settings: object) -> APBridgeError | None:
    """Use a client; return what ended it, if something did."""
    try:
        use(url, **settings)
    except APBridgeError as failure:
        return failure
    return None


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try once, and heed no bundle or proxy of this machine."""
    monkeypatch.setattr(retry, "GIVE_UP_AFTER", 0.0)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# Who is there


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_talks_to_a_server_whose_certificate_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str
):
    issuer, body = Issuer.new().trusted(tmp_path, monkeypatch), json.dumps(ANSWER).encode()
    for wrong in WRONG.values():
        with serving(issuer.issue(tmp_path, **wrong), body) as secure:  # type: ignore[arg-type]
            _tried(CLIENTS[client], secure.url)
        assert secure.asked == []
    # The same goes out where the certificate holds, or the above would show nothing.
    with serving(issuer.issue(tmp_path), body) as secure:
        _tried(CLIENTS[client], secure.url)
    assert secure.asked


def test_nothing_of_ours_says_that_a_certificate_need_not_hold():
    off = re.compile(
        r"verify\w*\s*=\s*(?!True\b)\w+|CERT_NONE|_create_unverified_context|check_hostname\s*="
        r"|disable_warnings|InsecureRequestWarning|cert_reqs|--insecure|curl\b.*\s-\w*k\b"
    )
    ours = [
        *ROOT.glob("[!.]*/[at]*_*/**/*.py"),
        *ROOT.glob("apbridge/apbridge/**/*.py"),
        *(file for file in ROOT.glob("orchestrate/**/*") if file.is_file() and file.suffix != ".pyc"),
        *ROOT.glob("*.md"),
        *ROOT.glob("[!.]*/README.md"),
        ROOT / "docs/operating.md",
    ]
    assert len(ours) > 100
    said = {str(file): found[0] for file in ours if (found := off.search(file.read_text(encoding="utf-8")))}
    assert said == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://netsuite.example",
        "http://127.0.0.1.example",
        "http://localhost.example:8080",
        "http://127.0.0.1@netsuite.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
    ],
)
@pytest.mark.parametrize("make", [_netsuite, _avidxchange])
def test_plain_http_beyond_this_machine_is_refused(make: Callable[[str], Any], url: str):
    with pytest.raises(SettingError, match="base_url"):
        make(url)


def test_a_profile_that_signs_in_by_plain_http_is_refused(tmp_path: Path):
    profile = tmp_path / "ours.yaml"
    profile.write_text(source("partner").replace("token_url: /", "token_url: http://127.0.0.1/"))
    with pytest.raises(SettingError, match="token_url"):
        _avidxchange("https://avidxchange.example", profile=str(profile))


@pytest.mark.parametrize("off", ["no", "false", "0"])
def test_an_address_for_notices_cannot_switch_verification_off(off: str):
    with pytest.raises(SettingError, match="verify"):
        destinations(f"jsons://hooks.example/path?verify={off}")


# How much is answered


@contextmanager
def answering(
    body: bytes, *, status: int = 200, length: int | None = None, headers: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Answer everything with one body; a body without a length goes on until the client hangs up."""

    class Answers(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            while length is None:
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client hangs up at once
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _packed(content: bytes) -> bytes:
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return pack.compress(content) + pack.flush()


# Spaces are good JSON before a value.
MANY = _packed(b" " * 2**25)

ENDLESS: dict[str, Mapping[str, Any]] = {
    "a few bytes that unpack to many": {"body": MANY, "headers": {"Content-Encoding": "gzip"}},
    "packed twice": {"body": _packed(MANY), "headers": {"Content-Encoding": "gzip, gzip"}},
    "without end": {"body": b" " * 65536},
    "an error without end": {"body": b" " * 65536, "status": 400},
    "a redirect without end": {"body": b" " * 65536, "status": 302, "headers": {"Location": "/elsewhere"}},
    "a redirect that unpacks to many": {
        "body": MANY,
        "status": 302,
        "headers": {"Location": "/elsewhere", "Content-Encoding": "gzip"},
    },
}

# To read minus one bytes is to read all that comes.
NEGATIVE: dict[str, Mapping[str, Any]] = {
    f"a chunk of {size} bytes": {
        "body": b"%d\r\n" % size + b" " * 2**25,
        "headers": {"Transfer-Encoding": "chunked"},
    }
    for size in (-1, -5)
}


@pytest.mark.parametrize("answer", [*ENDLESS, *NEGATIVE])
def test_of_an_answer_no_more_is_read_than_may_be(answer: str):
    told = {**ENDLESS, **NEGATIVE}[answer]
    is_whole = {"Content-Encoding", "Transfer-Encoding"} & told.get("headers", {}).keys()
    length = len(told["body"]) if is_whole else None
    with answering(**told, length=length) as url:
        tracemalloc.start()
        try:
            failure = _tried(_query, url, max_answer_mb=1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert failure is not None
    code, says = ("APB-HTTP-006", "more than 1 MiB") if answer in ENDLESS else ("APB-HTTP-004", "broke off")
    assert (failure.code, says in failure.says) == (code, True)
    assert peak < 2**23


@pytest.mark.parametrize("client", SYSTEMS)
def test_an_answer_that_is_too_long_ends_the_run_and_leaves_a_payment_in_doubt(client: str):
    with answering(b" " * 65536) as url, watched() as wire:
        failure = _tried(SYSTEMS[client], url, max_answer_mb=1)
    assert failure is not None
    assert "more than 1 MiB" in failure.says
    assert isinstance(failure, OutcomeUnknownError if "payment" in client else UnavailableError)
    assert not wire.is_clear


@pytest.mark.parametrize("client", SYSTEMS)
@pytest.mark.parametrize("answer", NEGATIVE)
def test_a_chunk_of_less_than_nothing_is_no_answer(client: str, answer: str):
    told = NEGATIVE[answer]
    with answering(**{**told, "body": told["body"][:9999]}, length=9999) as url, watched() as wire:
        failure = _tried(SYSTEMS[client], url, max_answer_mb=1)
    assert isinstance(failure, OutcomeUnknownError if "payment" in client else UnavailableError)
    assert not wire.is_clear


@pytest.mark.parametrize("client", SYSTEMS)
@pytest.mark.parametrize("is_packed", [False, True])
def test_an_answer_that_breaks_off_is_none(client: str, *, is_packed: bool):
    whole = json.dumps({**ANSWER, "more": "x" * 9999}).encode()
    body = _packed(whole) if is_packed else whole
    # A packed one breaks off inside, and says that it is whole.
    length = len(body) // 2 if is_packed else len(body)
    headers = {"Content-Encoding": "gzip"} if is_packed else {}
    with answering(body[: len(body) // 2], length=length, headers=headers) as url, watched() as wire:
        failure = _tried(SYSTEMS[client], url)
    assert isinstance(failure, OutcomeUnknownError if "payment" in client else UnavailableError)
    assert re.search("broke off|not all of it|without a token", failure.says)
    assert not wire.is_clear


def test_a_redirect_to_no_address_does_not_end_the_comparison_of_clocks():
    with answering(b"", status=302, length=0, headers={"Location": "http://["}) as url:
        assert _tried(_compare_the_clocks, url) is None
