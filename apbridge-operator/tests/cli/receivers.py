"""Real servers on loopback that take notices: a webhook, and a mail server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope


class Webhook:
    """A real server that takes what is posted to it."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.port = 0
        self.meanwhile: Callable[[], object] = lambda: None

    @property
    def address(self) -> str:
        return f"json://user:p4ssword@127.0.0.1:{self.port}/hook"


@contextmanager
def webhook_serving() -> Iterator[Webhook]:
    """Take what is posted."""
    found = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status == 200:
                found.got.append(json.loads(body))
            found.meanwhile()
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class Mailbox:
    """What a mail server takes."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.port = 0

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=apbridge@example.com&to=ap@example.com"

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.got.append(message_from_bytes(envelope.content, EmailMessage, policy=default))
        return "250 OK"


@contextmanager
def mail_serving(**how: Any) -> Iterator[Mailbox]:  # noqa: ANN401
    """Take mail; how is what aiosmtpd is told beside."""
    found = Mailbox()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(found, loop=loop, **how), "127.0.0.1", 0)
    )
    found.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield found
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.close()
