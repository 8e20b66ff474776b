from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apbridge.errors import OutcomeUnknownError, RefusedError, SettingError, UnavailableError
from apbridge.http import Answer, AnswerKind, Call, Idempotency, retry
from apbridge.wire import watched
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apbridge.http import GovernedSession
    from tests.conftest import AnswerScript, FakeClock

    Sessions = Callable[..., GovernedSession]

READ = Call("GET", "/bills", "read bills")
UPSERT = Call("PUT", "/bills/1", "submit bill 1", Idempotency.IDEMPOTENT, json={"a": 1})
POST = Call("POST", "/payments", "post payment 77", Idempotency.ONCE, json={"amount": Decimal("10.10")})
HTML = b"<!doctype html><title>502 Bad Gateway</title>"

# What leaves open whether a write was carried out.
DOUBTFUL: dict[str, dict[str, Any]] = {
    "a reset": {"reset": True},
    "half a body": {"body": {"id": "1"}, "cut": 4},
    "a proxy's page": {"status": 502, "body": HTML, "headers": {"Content-Type": "text/html"}},
    "a page that says 200": {"body": HTML, "headers": {"Content-Type": "text/html"}},
    "a server error": {"status": 500, "body": {"code": "OOPS"}},
    "a busy server": {"status": 503},
    "a gateway that waited": {"status": 504},
}


def test_a_call_is_signed_and_carries_money_digit_for_digit(script: AnswerScript, session_to: Sessions):
    script.then(201, {"id": Decimal("1.50")})
    assert session_to(script.url).ask(POST) == {"id": Decimal("1.50")}
    (asked,) = script.asked
    assert asked.body == b'{"amount":10.10}'
    assert asked.headers["Authorization"] == "Bearer t1"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["User-Agent"].startswith("apbridge/")


CLEAR: dict[str, dict[str, Any]] = {
    "too many calls": {"status": 429},
    "a refusal": {"status": 400, "body": {"code": "NO"}},
}


@pytest.mark.parametrize("tries", [DOUBTFUL, CLEAR], ids=["doubtful", "clear"])
def test_what_may_still_be_on_the_wire_is_told(
    script: AnswerScript, session_to: Sessions, tries: dict[str, dict[str, Any]]
):
    script.forever(200, {"ok": True})
    for answer in tries.values():
        script.then(**answer)
        with watched() as wire, suppress(RefusedError):
            session_to(script.url).ask(UPSERT)
        assert wire.is_clear is (tries is CLEAR)


def test_what_was_never_sent_is_not_on_the_wire(session_to: Sessions):
    with watched() as wire, pytest.raises(UnavailableError):
        session_to("http://127.0.0.1:9").ask(UPSERT)
    assert wire.is_clear


@pytest.mark.parametrize("call", [READ, UPSERT], ids=["read", "upsert"])
@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_what_is_safe_to_send_again_is(script: AnswerScript, session_to: Sessions, call: Call, doubt: str):
    script.then(**DOUBTFUL[doubt]).then(200, {"ok": True})
    session = session_to(script.url)
    assert session.ask(call) == {"ok": True}
    assert len(script.asked) == 2
    assert session.counts.retries == 1


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_a_payment_in_doubt_is_never_sent_twice(script: AnswerScript, session_to: Sessions, doubt: str):
    script.forever(**DOUBTFUL[doubt])
    with pytest.raises(OutcomeUnknownError, match="post payment 77"):
        session_to(script.url).send(POST)
    assert len(script.asked) == 1


def test_a_payment_without_an_answer_in_time_is_in_doubt(script: AnswerScript, session_to: Sessions):
    never = Event()
    script.forever(until=never)
    with pytest.raises(OutcomeUnknownError, match="no answer in time"):
        session_to(script.url, read_timeout=0.1).send(POST)
    until(lambda: script.asked)
    never.set()
    assert len(script.asked) == 1


def test_a_payment_that_was_blocked_is_sent_again(script: AnswerScript, session_to: Sessions):
    script.then(429, times=3).then(204)
    assert session_to(script.url).send(POST).status_code == 204
    assert len(script.asked) == 4


def test_a_payment_that_found_nobody_may_wait_for_somebody(
    nowhere: str, session_to: Sessions, clock: FakeClock
):
    with pytest.raises(UnavailableError, match="no connection") as caught:
        session_to(nowhere, stop=clock).send(POST)
    assert caught.value.code == "APB-HTTP-004"
    assert "base_url" in caught.value.do
    assert caught.value.facts["attempts"] > 1
    assert sum(clock.waits) <= retry.FIRST_CONTACT


@given(st.lists(st.sampled_from([*DOUBTFUL, "blocked", "expired", "refused", "done"]), max_size=8))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)
def test_after_any_answers_a_payment_was_in_doubt_at_most_once(
    script: AnswerScript, session_to: Sessions, answers: list[str]
):
    script.asked.clear()
    script._answers.clear()
    known: dict[str, dict[str, Any]] = {
        "blocked": {"status": 429},
        "expired": {"status": 401},
        "refused": {"status": 422, "body": {"code": "NO"}},
        "done": {"status": 201, "body": {"id": "1"}},
    }
    for name in answers:
        script.then(**(DOUBTFUL | known)[name])
    script.forever(201, {"id": "1"})
    decisive = next((n for n, name in enumerate(answers) if name not in {"blocked", "expired"}), len(answers))
    name = answers[decisive] if decisive < len(answers) else "done"
    try:
        session_to(script.url).send(POST)
    except OutcomeUnknownError:
        assert name in DOUBTFUL
    except RefusedError:
        assert name == "refused"
    else:
        assert name == "done"
    assert len(script.asked) == decisive + 1


def test_an_answer_that_is_missing_is_asked_for_again(script: AnswerScript, session_to: Sessions):
    script.then(200, b"").then(200, {"ok": True})
    assert session_to(script.url).ask(READ) == {"ok": True}


def test_a_refusal_is_said_in_the_other_systems_words(script: AnswerScript, session_to: Sessions):
    script.then(422, {"code": "unknown_vendor", "message": "Vendor 7 is unknown. tax_id: 12-3456789"})
    with pytest.raises(RefusedError) as caught:
        session_to(script.url).send(UPSERT)
    assert (caught.value.status, caught.value.reason) == (422, "unknown_vendor")
    assert str(caught.value).startswith("Ledgerly refused to submit bill 1: Vendor 7 is unknown.")
    assert "3456789" not in str(caught.value)
    assert len(script.asked) == 1


def test_a_refusal_without_words_reads_well_too(script: AnswerScript, session_to: Sessions):
    script.then(404, HTML)
    with pytest.raises(RefusedError) as caught:
        session_to(script.url).send(READ)
    assert caught.value.says == "Ledgerly refused to read bills: it gave no reason (HTTP 404)."


def test_one_fresh_token_and_then_it_is_overload(script: AnswerScript, session_to: Sessions):
    script.then(401, times=3).then(200, {})
    session = session_to(script.url)
    session.send(READ)
    assert [asked.headers["Authorization"] for asked in script.asked] == ["Bearer t1"] + ["Bearer t2"] * 3
    assert session.limiter.limit < 4


def test_fixed_credentials_that_are_refused_are_a_setting(script: AnswerScript, session_to: Sessions):
    script.forever(401, {"code": "bad_token"})
    signer: Any = type(session_to(script.url)._signer)
    with pytest.raises(SettingError, match="user_token"):
        session_to(script.url, signer=signer(renewable=False)).send(READ)
    assert len(script.asked) == 1


def test_it_gives_up_and_says_what_was_tried(script: AnswerScript, session_to: Sessions, clock: FakeClock):
    script.forever(502, HTML)
    with pytest.raises(UnavailableError) as caught:
        session_to(script.url, stop=clock, give_up_after=600).send(READ)
    assert 0 < sum(clock.waits) <= 600
    said = str(caught.value)
    assert "seconds to read bills, the last time with: HTTP 502" in said
    assert caught.value.facts["attempts"] == len(script.asked) > 1
    assert "<title>" not in said


def test_an_error_about_this_very_call_is_its_answer_after_a_few_tries(
    script: AnswerScript, session_to: Sessions
):
    script.forever(500, {})
    classify = lambda _: Answer(AnswerKind.FAILED, "UNEXPECTED_ERROR", "a bad field")  # noqa: E731
    with pytest.raises(RefusedError, match="a bad field"):
        session_to(script.url, classify=classify).send(READ)
    assert len(script.asked) == retry.FEW_TRIES
    script.asked.clear()
    with pytest.raises(OutcomeUnknownError):
        session_to(script.url, classify=classify).send(POST)
    assert len(script.asked) == 1


class LongQueue:
    """Gives a place in flight after so many seconds, first and at each later try."""

    def __init__(self, clock: FakeClock, *seconds: float) -> None:
        self._clock = clock
        self._seconds = iter(seconds)

    @contextmanager
    def place(self, most: int) -> Iterator[None]:
        del most
        self._clock.now += next(self._seconds)
        yield


def test_to_wait_for_a_place_in_flight_is_no_try(
    script: AnswerScript, session_to: Sessions, clock: FakeClock
):
    script.then(429, times=2).then(204)
    places: Any = LongQueue(clock, 250.0, 310.0, 310.0)
    session_to(script.url, stop=clock, places=places).send(POST)
    assert len(script.asked) == 3


@pytest.mark.parametrize(("seconds", "code"), [((901.0,), "APB-HTTP-011"), ((450.0, 455.0), "APB-HTTP-001")])
def test_what_may_be_taken_for_lost_by_then_is_not_sent(
    script: AnswerScript, session_to: Sessions, clock: FakeClock, seconds: tuple[float, ...], code: str
):
    script.then(429).forever(204)
    places: Any = LongQueue(clock, *seconds)
    with pytest.raises(UnavailableError) as caught, watched() as wire:
        session_to(script.url, stop=clock, places=places).send(POST)
    assert (len(script.asked), caught.value.code, wire.is_clear) == (len(seconds) - 1, code, True)


def test_it_waits_as_long_as_it_is_asked_to(script: AnswerScript, session_to: Sessions, clock: FakeClock):
    script.then(429, headers={"Retry-After": "40"}).then(200, {})
    session_to(script.url, stop=clock).send(READ)
    (wait,) = clock.waits
    assert 40 <= wait < 42


def test_a_stop_ends_the_wait(script: AnswerScript, session_to: Sessions):
    class Stop(Event):
        """Comes once somebody waits."""

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout
            assert timeout > 50
            Timer(0, self.set).start()
            return super().wait(PATIENCE)

    script.forever(429, headers={"Retry-After": "3600"})
    with pytest.raises(UnavailableError):
        session_to(script.url, stop=Stop(), give_up_after=7200).send(READ)
    assert len(script.asked) == 1


@pytest.mark.parametrize("path", ["http://[", "https://elsewhere.example/x?session=s3cret", "nowhere"])
def test_an_address_that_is_none_or_elsewhere_is_refused_before_anything_is_sent(
    script: AnswerScript, session_to: Sessions, path: str
):
    with pytest.raises(SettingError) as caught:
        session_to(script.url).send(replace(POST, path=path))
    assert caught.value.code == "APB-HTTP-005"
    assert "s3cret" not in str(caught.value)
    assert script.asked == []


@pytest.mark.parametrize("where", ["https://elsewhere.example/login?session=s3cret", "/other", ""])
def test_no_redirect_is_followed(script: AnswerScript, session_to: Sessions, where: str):
    script.then(302, headers={"Location": where} if where else {})
    with pytest.raises(SettingError) as caught:
        session_to(script.url).send(POST)
    assert caught.value.code == "APB-HTTP-005"
    assert "s3cret" not in str(caught.value)
    assert len(script.asked) == 1


def test_a_token_goes_to_no_other_host(script: AnswerScript, session_to: Sessions):
    session = session_to(f"{script.url}/api")
    session.send(Call("GET", f"{script.url}/api/bills?page=2", "read bills"))
    assert script.asked[0].path == "/api/bills?page=2"
    for other in ("http://elsewhere.example/bills", script.url.replace("http://", "http://user@")):
        with pytest.raises(SettingError):
            session.send(Call("GET", other, "read bills"))
    assert len(script.asked) == 1


def test_no_cookie_is_kept_and_no_password_taken_from_netrc(
    script: AnswerScript, session_to: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    script.forever(200, {}, headers={"Set-Cookie": "route=a; Path=/"})
    session = session_to(script.url)
    session.send(READ)
    session.send(READ)
    assert script.asked[1].headers["Authorization"] == "Bearer t1"
    assert "Cookie" not in script.asked[1].headers


def test_logs_hold_neither_bodies_nor_tokens(
    script: AnswerScript, session_to: Sessions, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    script.then(503, {"message": "token: s3cret", "more": "s3cret"}).then(200, {"bills": "s3cret"})
    session_to(script.url).send(UPSERT)
    assert "trying again" in caplog.text
    assert "submit bill 1: HTTP 200" in caplog.text
    assert "s3cret" not in caplog.text
    assert "Bearer" not in caplog.text
