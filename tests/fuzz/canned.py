"""Both systems behind the real session and the real clients: only the wire is missing."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typing_extensions import override
from urllib3 import HTTPResponse

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.http import GovernedSession
from apbridge.http.plain_requests import OneServerAdapter
from apbridge.netsuite import NetSuite, NetSuiteSettings

ADDRESS = "http://127.0.0.1:1"
_SIGN_INS = ("/token", "/authorizations")
_TOKEN = b'{"access_token": "t", "expires_in": 3600}'


class Answers(OneServerAdapter):
    """Answers every call alike, but for the sign-in."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.body, self.headers = 200, b"", dict[str, str]()
        self.sign_in: bytes | None = _TOKEN

    @override
    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        is_sign_in = self.sign_in is not None and urlsplit(str(request.url)).path.endswith(_SIGN_INS)
        status, body = (200, self.sign_in or b"") if is_sign_in else (self.status, self.body)
        raw = HTTPResponse(io.BytesIO(body), self.headers, status, preload_content=False)
        return self.build_response(request, raw)

    def give(self, body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, dict(headers or {})


def _behind(answers: Answers, *sessions: GovernedSession) -> None:
    for session in sessions:
        session._adapter = answers


def _stopped() -> threading.Event:
    """Return what keeps a session from trying again: it would for minutes."""
    stop = threading.Event()
    stop.set()
    return stop


@cache
def private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def netsuite() -> tuple[NetSuite, Answers]:
    """Return NetSuite, and what tells it what to answer."""
    config = {
        "account_id": "1234567_SB1",
        "client_id": "c",
        "certificate_id": "k",
        "private_key": private_key(),
        "base_url": ADDRESS,
        "restlet_script": "1",
        "restlet_deploy": "1",
    }
    client, answers = NetSuite(NetSuiteSettings.from_config(config), stop=_stopped()), Answers()
    _behind(answers, client.session, client.restlets, client._sign_in._session)
    return client, answers


@cache
def avidxchange(profile: str) -> tuple[AvidXchange, Answers]:
    """Return AvidXchange as a profile knows it, and what tells it what to answer."""
    config = {**dict.fromkeys(CREDENTIALS, "secret"), "base_url": ADDRESS, "profile": profile}
    client, answers = AvidXchange(AvidXchangeSettings.from_config(config), stop=_stopped()), Answers()
    _behind(answers, client.session)
    if oauth := getattr(client._sign_in, "_session", None):
        _behind(answers, oauth)
    return client, answers
