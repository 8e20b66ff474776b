"""`apbridge check` where a side is not there at all: it says so, tells the other, and ends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from apbridge_operator.cli import check as command
from apbridge_operator.cli.checks import CheckResult, sides
from apbridge_sandbox.certificates import self_signed
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
PATIENCE = 5.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=1) as sandbox:
        yield sandbox


@pytest.fixture
def ready(sandbox: Running, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose settings are right."""
    shutil.copy(ROOT / "meltano.yml", project)
    os.environ.update({**sandbox.credentials, "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT": "102"})
    monkeypatch.setattr(sides, "PATIENCE", PATIENCE)
    return project


@contextmanager
def never_answering() -> Iterator[str]:
    """An address that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def dropping() -> Iterator[str]:
    """An address whose connections are not even taken: what comes when its queue is full is dropped."""
    with ExitStack() as held:
        server = held.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - its one argument
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def found(apbridge: Apbridge) -> dict[str, dict[str, Any]]:
    ended = apbridge("check", "--json")
    assert ended.code == 1, ended
    checks = sorted(json.loads(ended.out)["checks"], key=lambda one: one["code"] is not None)
    return {one["subject"]: one for one in checks}


def test_a_dead_avidxchange_hides_nothing_of_netsuite(ready: Path, apbridge: Apbridge):
    assert ready.is_dir()
    with never_answering() as address:
        os.environ["AVIDXCHANGE_BASE_URL"] = address
        told = found(apbridge)
    assert (told["AvidXchange"]["state"], told["AvidXchange"]["code"]) == ("wrong", "APB-CHK-040")
    assert "base_url" in told["AvidXchange"]["do"]
    assert {told[name]["state"] for name in ("NetSuite sign-in", "RESTlet", "ledger", "files")} == {"ok"}


def test_where_no_connection_is_made_either_side_is_given_up(
    ready: Path, apbridge: Apbridge, monkeypatch: pytest.MonkeyPatch
):
    assert ready.is_dir()
    never, find = Event(), socket.getaddrinfo

    def hanging(host: Any, *given: Any, **more: Any) -> Any:  # noqa: ANN401
        if host == "avid.example.com":
            never.wait()  # no name server that hangs can be had on this machine
        return find(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with dropping() as address:
        os.environ |= {"NETSUITE_BASE_URL": address, "AVIDXCHANGE_BASE_URL": "https://avid.example.com"}
        told = found(apbridge)
    never.set()
    assert {told[name]["code"] for name in ("NetSuite", "AvidXchange")} == {"APB-CHK-040"}
    assert {told[name]["state"] for name in ("ledger", "state", "mapping", "files")} == {"ok"}


def test_the_last_word_of_a_side_that_fails_again_and_again_is_told(
    ready: Path, sandbox: Running, apbridge: Apbridge
):
    assert ready.is_dir()
    sandbox.control("/control/faults", {"match": {"path": "/oauth2/v1/token"}, "do": {"status": 503}})
    try:
        told = found(apbridge)
    finally:
        sandbox.control("/control/faults", method="DELETE")
    assert told["NetSuite sign-in"]["code"] == "APB-HTTP-001"
    assert "HTTP 503" in told["NetSuite sign-in"]["says"]
    assert told["AvidXchange sign-in"]["state"] == "ok"


def test_what_never_ends_does_not_keep_the_process(ready: Path):
    program = "from apbridge_operator.cli.checks import sides; sides.PATIENCE = 1.0; "
    program += "from apbridge_operator.cli.app import run; run()"
    with never_answering() as address:
        environment = {**os.environ, "NETSUITE_BASE_URL": address, "AVIDXCHANGE_BASE_URL": address}
        words = [sys.executable, "-c", program, f"--project={ready}", "check"]
        # Far more than it takes, far less than the session waits for an answer.
        ended = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=80, check=False
        )
    assert ended.returncode == 1, ended.stderr
    assert "NetSuite said nothing" in " ".join(ended.stdout.split())


def test_a_line_is_shown_as_it_is_known(capsys: pytest.CaptureFixture[str]):
    def looking() -> Iterator[CheckResult]:
        yield CheckResult.ok("first", "It is there.")
        shown.append(capsys.readouterr().out)
        yield CheckResult.ok("second", "It is there too.")

    shown: list[str] = []
    assert command.show([(None, looking())], as_json=False) == 0
    assert "first" in shown[0]
    assert "second" in capsys.readouterr().out


def test_what_goes_wrong_in_a_thread_is_raised_where_it_is_waited_for():
    def failing(_: Event) -> Iterator[CheckResult]:
        yield CheckResult.ok("first", "It is there.")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(sides.at_once([sides.Side("failing", "nothing", failing)]))


@pytest.mark.parametrize("is_named", [True, False])
def test_an_expired_certificate_is_called_expired(
    ready: Path, sandbox: Running, apbridge: Apbridge, *, is_named: bool
):
    key = load_pem_private_key(Path(sandbox.credentials["NETSUITE_PRIVATE_KEY_PATH"]).read_bytes(), None)
    began = datetime.now(timezone.utc) - timedelta(days=40)
    # `init` leaves it under this name, whether a setting names it or not.
    file = ready / "netsuite-certificate.pem"
    file.write_text(self_signed(key, begins=began, lasts=timedelta(days=39)))  # type: ignore[arg-type]
    if is_named:
        os.environ["NETSUITE_CERTIFICATE_PATH"] = file.name
    told = found(apbridge)["certificate"]
    assert (told["state"], told["code"]) == ("wrong", "APB-NS-004")
    assert "expired on" in told["says"]


@pytest.mark.parametrize(("ends_in", "code"), [(-1, "APB-CHK-041"), (20, "APB-CHK-042"), (90, None)])
def test_so_is_the_one_that_avidxchange_is_shown(
    ready: Path, apbridge: Apbridge, ends_in: int, code: str | None
):
    (ready / "ours.yaml").write_text("extends: avidconnect\nsign_in:\n  client_certificate: true\n")
    key = generate_private_key(SECP256R1())
    began = datetime.now(timezone.utc) - timedelta(days=40)
    os.environ |= {
        "AVIDXCHANGE_PROFILE": "ours.yaml",
        "AVIDXCHANGE_CLIENT_PRIVATE_KEY": key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        "AVIDXCHANGE_CLIENT_CERTIFICATE": self_signed(key, begins=began, lasts=timedelta(days=40 + ends_in)),
    }
    told = json.loads(apbridge("check", "--json").out)["checks"]
    (one,) = (one for one in told if one["subject"] == "AvidXchange client certificate")
    assert one["code"] == code
