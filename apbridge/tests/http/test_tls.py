"""A governed session talks to nobody whose certificate does not hold, and sends such a server nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import UnavailableError
from apbridge.http import Call, Idempotency
from apbridge.wire import watched
from tests.secure_server import WRONG, Issuer, serving

if TYPE_CHECKING:
    from apbridge.http import GovernedSession
    from tests.conftest import AnswerScript

READ = Call("GET", "/bills", "read bills")
POST = Call("POST", "/payments", "post a payment", Idempotency.ONCE, json={})


@pytest.fixture(autouse=True)
def _no_bundle_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # One that the environment names would be taken whatever the session says.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """One that this machine trusts, and nobody besides."""
    return Issuer.new().trusted(tmp_path, monkeypatch)


def test_a_certificate_that_holds_is_taken(
    issuer: Issuer, session_to: Callable[..., GovernedSession], tmp_path: Path
):
    with serving(issuer.issue(tmp_path)) as secure:
        assert session_to(secure.url, give_up_after=0.0).ask(READ) == {}
    assert secure.asked == ["Bearer t1"]


@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_does_not_hold_is_not_and_nothing_is_sent(
    issuer: Issuer, session_to: Callable[..., GovernedSession], tmp_path: Path, wrong: str
):
    with serving(issuer.issue(tmp_path, **WRONG[wrong])) as secure:  # type: ignore[arg-type]
        with pytest.raises(UnavailableError, match=r"no secure connection.*or this machine's clock is wrong"):
            session_to(secure.url, give_up_after=0.0).ask(READ)
        with watched() as wire, pytest.raises(UnavailableError):
            session_to(secure.url, give_up_after=0.0).ask(POST)
    assert wire.is_clear, "a payment that was never sent is not in doubt"
    assert secure.asked == []


def test_one_of_an_issuer_that_is_not_trusted_is_not(
    session_to: Callable[..., GovernedSession], tmp_path: Path
):
    with (
        serving(Issuer.new().issue(tmp_path)) as secure,
        pytest.raises(UnavailableError, match="no secure connection"),
    ):
        session_to(secure.url, give_up_after=0.0).ask(READ)
    assert secure.asked == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_empty_setting_of_the_environment_does_not_let_it_in(
    session_to: Callable[..., GovernedSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv(name, "")
    with (
        serving(Issuer.new().issue(tmp_path)) as secure,
        pytest.raises(UnavailableError, match="no secure connection"),
    ):
        session_to(secure.url, give_up_after=0.0).ask(READ)
    assert secure.asked == []


@pytest.mark.usefixtures("issuer")
def test_loopback_without_tls_needs_no_certificate(
    script: AnswerScript, session_to: Callable[..., GovernedSession]
):
    script.then(200, {})
    assert session_to(script.url, give_up_after=0.0).ask(READ) == {}
