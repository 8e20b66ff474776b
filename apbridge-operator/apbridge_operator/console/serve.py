"""Serving the pages on this machine, and writing them as one file."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.ledger.run import user_name
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.console.guard import LOOPBACK
from apbridge_operator.console.overview import overview
from apbridge_operator.console.pages import application
from apbridge_operator.console.sign_in import SignIn
from apbridge_operator.console.templating import alone, render
from apbridge_operator.exceptions import Exceptions
from apbridge_operator.monitoring import Loop
from apbridge_operator.schedules import Silence

_MOST_IN_REPORT = 200


def serve(
    loops: Sequence[Loop],
    *,
    host: str,
    port: int,
    password: str | None,
    allows_plain_http: bool,
    print_address: Callable[[str], None],
    metrics_token: str | None = None,
) -> None:
    """Serve until the process is stopped.

    Args:
        loops: What is shown: one, or each company's.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        password: Lets others in too, where it is set.
        allows_plain_http: Whether others may be served though all on the network can read the password.
        print_address: Is told the address that lets one browser in, and the next as soon as one is used.
        metrics_token: Lets Prometheus read `/metrics`, where it is set.

    Raises:
        SettingError: Others could see it without a password or read the password, it or the token is too
            short, or the port is taken.
    """
    if host not in LOOPBACK and password is None:
        raise SettingError("APB-CON-001", host=host)
    if host not in LOOPBACK and not allows_plain_http:
        raise SettingError("APB-CON-005", host=host)
    with listening_at(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listening.getsockname()[1]}"
        sign_in = SignIn(user_name(), password, lambda token: print_address(f"{address}/?token={token}"))
        served = application(loops, sign_in, metrics_token=metrics_token)
        uvicorn_server(served).run(sockets=[listening])


def uvicorn_server(app: Starlette) -> uvicorn.Server:
    """Return what serves the pages."""
    # Whoever sends such a header could else say where a request comes from.
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="off"
    )
    return uvicorn.Server(config)


@contextmanager
def listening_at(host: str, port: int) -> Iterator[socket.socket]:
    """Listen somewhere.

    Raises:
        SettingError: The port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as failure:
        problem = failure.strerror or str(failure)
        raise SettingError("APB-CON-002", host=host, port=port, problem=problem) from failure
    with listening:
        yield listening


def report(
    ledger: Ledger, certificate: Certificate | None, silence: Silence, company: str | None = None
) -> str:
    """Write the state of the loop as one page that needs nothing else."""
    exceptions = Exceptions(ledger)
    values = {
        "overview": overview(ledger, certificate, silence),
        "cases": exceptions.page(limit=_MOST_IN_REPORT),
        "trail": ledger.audit.anchor(),
        "here": "home",
        **alone(),
        "company": company,
    }
    return render("report.html", values)
