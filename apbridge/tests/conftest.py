"""A server that answers by a script over real HTTP: late, half, in HTML, or with a reset."""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

import pytest
import requests

from apbridge import json
from apbridge.errors import SettingError
from apbridge.http import Answer, GovernedSession, body_of, done, kind_of, retry
from apbridge.redaction import redact_text
from tests.waiting import PATIENCE


@dataclass(frozen=True)
class CannedAnswer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    cut: int | None = None
    until: Event | None = None


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class AnswerScript:
    """What the server answers, in order, and then for ever; and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.peak = 0
        self.otherwise = CannedAnswer()
        self._answers: deque[CannedAnswer] = deque()
        self._in_flight = 0
        self._lock = Lock()

    def then(self, status: int = 200, body: Any = None, *, times: int = 1, **more: Any) -> AnswerScript:  # noqa: ANN401
        self._answers.extend([self.answer(status, body, **more)] * times)
        return self

    def forever(self, status: int = 200, body: Any = None, **more: Any) -> AnswerScript:  # noqa: ANN401
        self.otherwise = self.answer(status, body, **more)
        return self

    @staticmethod
    def answer(status: int = 200, body: Any = None, **more: Any) -> CannedAnswer:  # noqa: ANN401
        if isinstance(body, bytes):
            return CannedAnswer(status, body, **more)
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return CannedAnswer(status, b"" if body is None else json.dumps(body), headers, **more)

    def next(self, asked: Asked) -> CannedAnswer:
        with self._lock:
            self.asked.append(asked)
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
            return self._answers.popleft() if self._answers else self.otherwise

    def answered(self) -> None:
        with self._lock:
            self._in_flight -= 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: AnswerScript

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
        answer = self.script.next(asked)
        try:
            (answer.until or Event()).wait(PATIENCE if answer.until else answer.delay)
        finally:
            # Counted down before the answer goes out: whoever has it may ask again at once.
            self.script.answered()
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in {"Date": self.date_time_string(), **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        self.close_connection = self.close_connection or answer.cut is not None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def script() -> Iterator[AnswerScript]:
    script = AnswerScript()
    handler = type("Scripted", (Handler,), {"script": script})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        # Connections that a session keeps open would hold the server's end up.
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hung up is part of the script
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield script
        server.shutdown()
        thread.join()


class FakeClock(Event):
    """Time that passes only where a session waits: a `stop` that never comes, and a `monotonic` beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Return sessions that take it as `stop` a time of their own."""
    clock = FakeClock()
    monkeypatch.setattr("apbridge.http.session.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def nowhere() -> str:
    """Return an address at which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


class Token:
    """A signer whose tokens are numbers; `renewable` tells whether it can take another."""

    def __init__(self, *, renewable: bool = True) -> None:
        self.number = 1
        self.renewable = renewable

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer t{self.number}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        if self.renewable and refused == self.headers():
            self.number += 1
        return self.renewable

    def rejected(self, answer: Answer) -> SettingError:
        problem = f"refused with {answer.reason}"
        return SettingError("APB-SET-001", setting="user_token", problem=problem)


def classify(response: requests.Response) -> Answer:
    body = body_of(response)
    if response.ok:
        return done(body)
    found = body if isinstance(body, dict) else {}
    kind = kind_of(response.status_code)
    return Answer(kind, str(found.get("code", "")), redact_text(str(found.get("message", ""))))


@pytest.fixture
def session_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make sessions and close them at the end; `give_up_after` is for all of them."""
    with ExitStack() as sessions:

        def make(
            url: str,
            *,
            give_up_after: float = retry.GIVE_UP_AFTER,
            **options: Any,  # noqa: ANN401
        ) -> GovernedSession:
            monkeypatch.setattr(retry, "GIVE_UP_AFTER", give_up_after)
            session = GovernedSession(
                "Ledgerly",
                url,
                **{
                    "signer": Token(),
                    "classify": classify,
                    "concurrency": 4,
                    "most_bytes": 2**20,
                    **options,
                },
            )
            sessions.callback(session.close)
            return session

        yield make


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert requests.utils.should_bypass_proxies("http://127.0.0.1:1", None)
