"""The governed session."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from ssl import SSLContext
from threading import Event, Lock
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests

from apbridge import json, tracing, wire
from apbridge.errors import (
    APBridgeError,
    OutcomeUnknownError,
    RefusedError,
    SettingError,
    UnavailableError,
)
from apbridge.http.call import Call, Idempotency
from apbridge.http.classifier import Answer, AnswerKind, AnswerWatch, ResponseClassifier, unwatched
from apbridge.http.failure import in_words, was_never_sent
from apbridge.http.limiter import ConcurrencyLimiter
from apbridge.http.places import SharedPlaces
from apbridge.http.plain_requests import CallHeaders, OneServerAdapter, PlainRequest, proxies_to
from apbridge.http.reading import AnswerTooLongError, read_whole
from apbridge.http.retry import LATEST_TRY, TryAgainError, next_wait, retry_after

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0

_CONNECTIONS = 100
"""Connections kept at most: as many as any limiter may let through. The limiter alone decides."""

_SERVER = re.compile(r"https?://[\w.:-]{1,253}")
_HEADERS = {**requests.utils.default_headers(), "User-Agent": f"apbridge/{version('apbridge')}"}


class Signer(Protocol):
    """Puts the sign-in on a call. It must not send through the session that it signs for."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a call now."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Take a fresh token in place of the refused one.

        Returns:
            False where there is nothing to renew: the credentials are fixed.
        """

    def rejected(self, answer: Answer) -> APBridgeError:
        """Return the error that says which credentials are wrong."""


@dataclass
class Counts:
    """What a session has done."""

    calls: int = 0
    retries: int = 0


@dataclass
class _Attempt:
    """How one call went so far."""

    call: Call
    wants_body: bool
    asked_for: float
    tries: int = 0
    began: float = 0.0
    """When its first try began, without what later ones waited for a place in flight."""
    renewed: bool = False
    last: TryAgainError | None = None


class GovernedSession:
    """Sends calls to one system: within its limits, again where that is safe, and never a write twice.

    Thread-safe. Holds at most `concurrency` calls in flight, fewer while the other side says that it is
    overloaded. Follows no redirect: a call carries credentials. Keeps no cookie: every call stands alone.

    Args:
        system: Its name in errors: `NetSuite`, `AvidXchange`.
        base_url: What every path is below.
        signer: Signs each try.
        classify: Tells what an answer means.
        concurrency: Most calls in flight.
        places: Those of them that other processes share, where they do.
        most_bytes: Longest answer that is read, decompressed.
        address_settings: The settings that decide `base_url`, for errors.
        read_timeout: Seconds to wait for an answer, and between two parts of it.
        tls: What secure connections are made with, where a certificate of ours is shown.
        fresh_token_is_final: Whether a fresh token that is refused again means wrong credentials. Where it
            may be overload (NetSuite: a 401 after about a minute), it is tried again.
        stop: When set, waits end and nothing is tried again.
        watch: Sees every answer.
    """

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        system: str,
        base_url: str,
        *,
        signer: Signer,
        classify: ResponseClassifier,
        concurrency: int,
        most_bytes: int,
        places: SharedPlaces | None = None,
        address_settings: str = "base_url",
        read_timeout: float = 90.0,
        tls: SSLContext | None = None,
        fresh_token_is_final: bool = False,
        stop: Event | None = None,
        watch: AnswerWatch = unwatched,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self.counts = Counts()
        self.limiter = ConcurrencyLimiter(concurrency, places)
        self._most_bytes = most_bytes
        self._address_settings = address_settings
        self._signer = signer
        self._classify = classify
        self._timeout = (CONNECT_TIMEOUT, read_timeout)
        self._fresh_token_is_final = fresh_token_is_final
        self._stop = stop or Event()
        self._watch = watch
        self._answered = False
        self._counting = Lock()
        self._adapter = OneServerAdapter(_CONNECTIONS, tls)

    def send(self, call: Call, asked_for: float | None = None) -> requests.Response:
        """Send a call and return its successful answer.

        Args:
            call: The call.
            asked_for: When what it carries was first to be sent, by `time.monotonic`; None for now. A call
                that was asked for too long ago is not sent any more.

        Raises:
            RefusedError: The other side said no.
            SettingError: The sign-in was refused, the address answers with a redirect, or what keeps the
                shared places is wrong.
            UnavailableError: No usable answer came in time.
            OutcomeUnknownError: A write that must not be repeated was sent, and no usable answer came.
        """
        began = monotonic() if asked_for is None else asked_for
        return self._carried_out(_Attempt(call, wants_body=False, asked_for=began))[0]

    def ask(self, call: Call) -> Any:  # noqa: ANN401
        """Send a call that is answered with JSON and return what it says, decoded once.

        Raises:
            RefusedError, SettingError, UnavailableError, OutcomeUnknownError: As `send`.
        """
        return self._carried_out(_Attempt(call, wants_body=True, asked_for=monotonic()))[1].body

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _carried_out(self, attempt: _Attempt) -> tuple[requests.Response, Answer]:
        with tracing.call(self.system, attempt.call.method, attempt.call.purpose) as told:
            try:
                response, answer = self._sent(attempt)
                told["http.response.status_code"] = response.status_code
                return response, answer
            finally:
                told["apbridge.tries"] = attempt.tries

    def _sent(self, attempt: _Attempt) -> tuple[requests.Response, Answer]:
        while True:
            try:
                return self._try(attempt)
            except TryAgainError as failure:  # noqa: PERF203 - a call costs far more
                attempt.last = failure
                seconds = monotonic() - attempt.began
                wait = next_wait(failure, tries=attempt.tries, seconds=seconds, was_answered=self._answered)
                if wait is None or self._stop.is_set():
                    raise self._gave_up(attempt, failure) from failure
                self._tell(attempt, failure, wait)
                if self._stop.wait(wait):
                    raise self._gave_up(attempt, failure) from failure

    def _try(self, attempt: _Attempt) -> tuple[requests.Response, Answer]:
        # The sign-in has its place in flight too: NetSuite counts it like any other call.
        queued = monotonic()
        with ExitStack() as place:
            entered = place.enter_context(self.limiter.slot())
            now = monotonic()
            attempt.began = attempt.began + now - queued if attempt.began else now
            attempt.tries += 1
            signature = self._signer.headers()
            response, answer = self._exchange(attempt, signature, place)
            if answer.kind is AnswerKind.NOT_SIGNED_IN and not attempt.renewed:
                attempt.renewed = True
                if response.ok:
                    place.enter_context(self.limiter.slot())
                if not self._signer.renew(signature):
                    raise self._signer.rejected(answer)
                response, answer = self._exchange(attempt, self._signer.headers(), place)
                if answer.kind is AnswerKind.NOT_SIGNED_IN and self._fresh_token_is_final:
                    raise self._signer.rejected(answer)
            if answer.kind is AnswerKind.FORBIDDEN:
                raise self._signer.rejected(answer)
            if answer.kind is AnswerKind.DONE and attempt.wants_body and answer.body is None:
                answer = Answer(AnswerKind.BROKEN, says="nothing where an answer was due")
            # A fresh token that is refused again is overload too, unless it is final.
            if (
                answer.kind in {AnswerKind.BLOCKED, AnswerKind.NOT_SIGNED_IN}
                or response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            ):
                self.limiter.overloaded(entered)
            else:
                self.limiter.eased()
        if answer.kind is not AnswerKind.DONE:
            if answer.kind is AnswerKind.BROKEN:
                wire.unanswered()  # something in between may have spoken, while the other side is still at it
            raise self._not_done(attempt.call, response, answer)
        return response, answer

    def _exchange(
        self, attempt: _Attempt, signature: Mapping[str, str], place: ExitStack
    ) -> tuple[requests.Response, Answer]:
        call, began = attempt.call, monotonic()
        if began - attempt.asked_for > LATEST_TRY:
            raise self._too_late(attempt, began - attempt.asked_for)
        headers = {"Accept": "application/json", **call.headers}
        data: bytes | Mapping[str, str] | None = call.form or call.body
        if call.json is not None:
            headers.setdefault("Content-Type", "application/json")
            data = json.dumps(call.json)
        url = self._url(call)
        with self._counting:
            self.counts.calls += 1
        try:
            request = PlainRequest()
            request.prepare(
                method=call.method,
                url=url,
                params=call.params,
                data=data,
                headers={**_HEADERS, **headers},
                auth=CallHeaders(signature),
            )
            response = self._adapter.send(request, timeout=self._timeout, **self._environment)
            read_whole(response, self._most_bytes)
        except AnswerTooLongError:
            raise self._too_long(call) from None
        except (requests.RequestException, ValueError) as failure:
            # What is no HTTP raises either, also from within urllib3.
            raise self._no_answer(call, failure) from failure
        self._answered = True
        if HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST:
            raise self._elsewhere(response.headers.get("Location", ""))
        if response.ok:
            # A page takes milliseconds to decode: meanwhile its place is the next call's. What is refused
            # keeps it, so that an overload is known before another call begins.
            place.close()
        answer = self._classify(response)
        self._watch(call.operation, response.status_code, answer)
        logger.debug(
            "%s: %s: HTTP %s (%s) after %.0f ms",
            self.system,
            call.purpose,
            response.status_code,
            answer.kind.value,
            (monotonic() - began) * 1000,
        )
        return response, answer

    @cached_property
    def _environment(self) -> dict[str, Any]:
        """The proxies and the certificates that the environment names."""
        with requests.Session() as session:
            found = session.merge_environment_settings(
                self.base_url, proxies_to(self.base_url), stream=True, verify=True, cert=None
            )
        return {**found}

    def _url(self, call: Call) -> str:
        if call.path.startswith("/"):
            return self.base_url + call.path
        # An address out of an answer, such as that of the next page, must not carry the token elsewhere.
        try:
            is_here = urlsplit(call.path)[:2] == urlsplit(self.base_url)[:2]
        except ValueError:  # it is no address
            is_here = False
        if not is_here:
            raise self._elsewhere(call.path)
        return call.path

    def _not_done(self, call: Call, response: requests.Response, answer: Answer) -> Exception:
        told = f"HTTP {response.status_code} {answer.reason}".rstrip()
        says = f"{told}, {answer.says.rstrip('.')}" if answer.says else told
        refused = RefusedError(
            "APB-HTTP-003",
            status=response.status_code,
            reason=answer.reason,
            system=self.system,
            purpose=call.purpose,
            says=answer.says.rstrip(".") or "it gave no reason",
            answer=told,
            details=answer.details,
        )
        if answer.kind is AnswerKind.REFUSED:
            return refused
        doubtful = answer.kind in {AnswerKind.BROKEN, AnswerKind.FAILED}
        if doubtful and call.idempotency is Idempotency.ONCE:
            return self._unknown(call, says, answer.reason)
        lasting = refused if answer.kind is AnswerKind.FAILED else None
        return TryAgainError(says, asked=retry_after(response), lasting=lasting)

    def _no_answer(self, call: Call, failure: Exception) -> Exception:
        never_sent = was_never_sent(failure)
        if not never_sent:
            wire.unanswered()
        if call.idempotency is Idempotency.ONCE and not never_sent:
            return self._unknown(call, in_words(failure))
        return TryAgainError(in_words(failure), never_sent=never_sent)

    def _too_long(self, call: Call) -> Exception:
        wire.unanswered()  # something in between may have spoken, while the other side is still at it
        most = self._most_bytes // 2**20
        if call.idempotency is Idempotency.ONCE:
            return self._unknown(call, f"an answer of more than {most} MiB")
        facts = {"system": self.system, "purpose": call.purpose, "most": most, "base_url": self.base_url}
        return UnavailableError("APB-HTTP-006", **facts)

    def _unknown(self, call: Call, says: str, reason: str = "") -> OutcomeUnknownError:
        facts = {"system": self.system, "purpose": call.purpose, "says": says, "reason": reason}
        return OutcomeUnknownError("APB-HTTP-002", **facts)

    def _elsewhere(self, url: str) -> SettingError:
        return SettingError(
            "APB-HTTP-005",
            system=self.system,
            base_url=self.base_url,
            elsewhere=_server(self.base_url, url),
            settings=self._address_settings,
        )

    def _tell(self, attempt: _Attempt, failure: TryAgainError, wait: float) -> None:
        with self._counting:
            self.counts.retries += 1
        logger.info(
            "%s: %s: %s; trying again in %.1f s (try %d)",
            self.system,
            attempt.call.purpose,
            failure,
            wait,
            attempt.tries + 1,
        )

    def _too_late(self, attempt: _Attempt, seconds: float) -> Exception:
        if attempt.last:
            return self._gave_up(attempt, attempt.last)
        facts = {"system": self.system, "purpose": attempt.call.purpose, "minutes": round(seconds / 60)}
        return UnavailableError("APB-HTTP-011", **facts)

    def _gave_up(self, attempt: _Attempt, last: TryAgainError) -> Exception:
        if last.lasting is not None:
            return last.lasting
        return UnavailableError(
            "APB-HTTP-001" if self._answered else "APB-HTTP-004",
            system=self.system,
            purpose=attempt.call.purpose,
            attempts=attempt.tries,
            often="once" if attempt.tries == 1 else f"{attempt.tries} times",
            seconds=round(monotonic() - attempt.began),
            last=last,
            base_url=self.base_url,
            settings=self._address_settings,
        )


def _server(base_url: str, url: str) -> str:
    """Return the server that an address leads to: the rest of it may hold a session's secrets."""
    try:
        parts = urlsplit(urljoin(base_url, url))
    except ValueError:
        parts = urlsplit("")
    if parts.hostname and _SERVER.fullmatch(told := f"{parts.scheme}://{parts.hostname}"):
        return told
    return "an address that is none"
