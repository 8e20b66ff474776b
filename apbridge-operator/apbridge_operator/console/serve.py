"""Serving the pages on this machine, and writing them as one file."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.console.guard import LOOPBACK
from apbridge_operator.console.overview import overview
from apbridge_operator.console.pages import application
from apbridge_operator.console.templating import render, style
from apbridge_operator.exceptions import Exceptions

_MOST_IN_REPORT = 200


def serve(
    ledger: Ledger,
    certificate: Certificate | None,
    *,
    host: str,
    port: int,
    password: str | None,
    ready: Callable[[str], None],
) -> None:
    """Serve until the process is stopped.

    Args:
        ledger: What is shown.
        certificate: NetSuite's, whose end is shown.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        password: Asked of everybody where it is set.
        ready: Is told the address.

    Raises:
        SettingError: Others could see it without a password, or the port is taken.
    """
    with listening_at(host, port, password=password) as listening:
        name = f"[{host}]" if ":" in host else host
        ready(f"http://{name}:{listening.getsockname()[1]}")
        app = application(ledger, certificate, password)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def listening_at(host: str, port: int, *, password: str | None = None) -> Iterator[socket.socket]:
    """Listen somewhere.

    Raises:
        SettingError: Others could see it without a password, or the port is taken.
    """
    if host not in LOOPBACK and password is None:
        raise SettingError("APB-CON-001", host=host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as failure:
        problem = failure.strerror or str(failure)
        raise SettingError("APB-CON-002", host=host, port=port, problem=problem) from failure
    with listening:
        yield listening


def report(ledger: Ledger, certificate: Certificate | None) -> str:
    """Write the state of the loop as one page that needs nothing else."""
    exceptions = Exceptions(ledger)
    values = {
        "overview": overview(ledger, certificate),
        "cases": exceptions.page(limit=_MOST_IN_REPORT),
        "here": "home",
        "is_report": True,
        "style": style(),
    }
    return render("report.html", values)
