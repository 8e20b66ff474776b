"""A server that answers as each test tells it, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from apbridge import json
from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import source
from tests.databases import new_url  # noqa: F401 - a fixture

CREDENTIALS = {
    "company_token": "company-secret",
    "user_token": "user-secret",
    "client_id": "the-client",
    "client_secret": "client:secret+",
    "company_id": "4711",
}


@dataclass(frozen=True)
class AskedOfAvidXchange:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    raw_query: str = ""

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


ProfileOf = Callable[..., str]
"""Writes a profile like one that ships, with texts replaced; gives its path."""

CannedAnswer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@dataclass
class Scripted:
    url: str = ""
    answer: Callable[[AskedOfAvidXchange], CannedAnswer] = lambda _: (404, {"message": "not scripted"})
    asked: list[AskedOfAvidXchange] = field(default_factory=list)

    def client(self, stop: Event | None = None, /, **config: str | int) -> AvidXchange:
        settings = AvidXchangeSettings.from_config({**CREDENTIALS, "base_url": self.url, **config})
        return AvidXchange(settings, stop=stop)


def profile_like(shipped: str, folder: Path, *changes: tuple[str, str]) -> str:
    """Write a profile that differs from one that ships in some texts; return its path."""
    text = source(shipped)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "ours.yaml"
    file.write_text(text)
    return str(file)


@pytest.fixture
def profile_of(tmp_path: Path) -> ProfileOf:
    return lambda shipped, *changes: profile_like(shipped, tmp_path, *changes)


@pytest.fixture
def server() -> Iterator[Scripted]:
    with _serving(Scripted()) as scripted:
        yield scripted


@contextmanager
def _serving(scripted: Scripted) -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query))
            asked = AskedOfAvidXchange(self.command, parts.path, query, dict(self.headers), body, parts.query)
            scripted.asked.append(asked)
            status, content, *more = scripted.answer(asked)
            content = content if isinstance(content, bytes) else json.dumps(content)
            self.send_response(status)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        scripted.url = f"http://127.0.0.1:{http.server_address[1]}/avidconnect"
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield scripted
        http.shutdown()
        thread.join()
