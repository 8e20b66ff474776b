"""Sending writes to AvidXchange, one by one or several in a call, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Event
from typing import Any

from apbridge import json
from apbridge.avidxchange.answers import Results
from apbridge.avidxchange.expressions import Expression, text_of
from apbridge.avidxchange.profile import Operation, Profile
from apbridge.avidxchange.unknown_words import words
from apbridge.errors import APBridgeError, RefusedError, SettingError, UnavailableError
from apbridge.gathering import Gathering
from apbridge.http import Call, GovernedSession


@dataclass(frozen=True)
class Submission:
    """One write, ready to be sent and safe to be sent again.

    Args:
        external_id: Of the record.
        body: What of the record is sent, whatever it is wrapped in.
        call: How.
        resource: Which kind of record.
        is_named: Tells of an answer whether it names what was written.
        remote_id: Where the answer has AvidXchange's own id.
        named: AvidXchange's own id, where the write names the record by it.
        batch: The operation, where a call of it carries several records.
    """

    external_id: str
    body: Any
    call: Call
    resource: str
    is_named: Callable[[Any], bool]
    remote_id: Expression | None = None
    named: str | None = None
    batch: Operation | None = None

    def alone(self) -> Submission:
        """Return it as it goes in a call of its own."""
        return replace(self, batch=None)


@dataclass(frozen=True)
class _Answered:
    """An answer, decoded once for all whom it is for."""

    status: int
    request_id: str | None
    body: Any
    results: Results | None
    count: int
    """Records of the call."""


@dataclass(frozen=True)
class Acknowledged:
    """What AvidXchange answered to a write.

    Args:
        remote_id: Its own id of the record, where the profile knows where it is.
        created: True for a new record; None where the answer does not tell.
        status: HTTP status.
        request_id: Its name of the request, where it gives one.
        answer: The decoded body; of a call that carried others too, the item of this one.
        is_proved: Whether the answer names what was written. Where it does not, only AvidXchange's list shows
            whether it is there.
    """

    remote_id: str | None
    created: bool | None
    status: int
    request_id: str | None
    answer: Any
    is_proved: bool


class Sending:
    """Sends writes.

    Args:
        session: Sends calls.
        profile: The contract.
        fit: Fills a template of a resource: see `AvidXchangeReader`.
        stop: When set, no call that was refused is sent again in halves.
    """

    def __init__(
        self, session: GovernedSession, profile: Profile, fit: Callable[..., Any], stop: Event
    ) -> None:
        self._session = session
        self._profile = profile
        self._fit = fit
        self._stop = stop
        self.gathering: Gathering[Submission, _Answered] = Gathering(
            self._send_together, self._may_be_one_records
        )

    def submit(self, submission: Submission) -> Acknowledged:
        """Send a write: each is an upsert by our own id, so that a lost answer is asked for again.

        Raises:
            RefusedError: AvidXchange does not take the record; `facts` has our word for why (`meaning`) and
                every error (`errors`).
            SettingError: The sign-in was refused, or a field that the profile sends is none of AvidXchange's.
            UnavailableError: No usable answer came in time.
        """
        try:
            answered = self._answered(submission)
        except RefusedError as refused:
            raise self._explained(submission, _refused("APB-AX-020", refused)) from refused
        item = answered.body
        if answered.results:
            try:
                item = answered.results.ours(
                    self._profile.errors,
                    submission.external_id,
                    submission.named,
                    submission.call.purpose,
                    is_alone=answered.count == 1,
                )
            except RefusedError as refused:
                raise self._explained(submission, refused) from refused
        return Acknowledged(
            remote_id=submission.named or text_of(submission.remote_id, item),
            created=True if answered.status == HTTPStatus.CREATED else None,
            status=answered.status,
            request_id=answered.request_id,
            answer=answered.body if answered.count == 1 else item,
            is_proved=item is not None and submission.is_named(item),
        )

    def _answered(self, submission: Submission) -> _Answered:
        """Send a write by itself, or in one call with others that are to be sent now."""
        if submission.batch is None:
            return self._sent(submission.call, 1)
        key = (id(submission.batch), submission.call.path)
        return self.gathering.send(key, submission, submission.batch.most)

    def _send_together(self, submissions: Sequence[Submission], began: float) -> _Answered:
        first, count = submissions[0], len(submissions)
        if count == 1 or first.batch is None or first.batch.wrap is None:
            return self._sent(first.call, 1, began)
        bodies = [one.body for one in submissions]
        body = self._fit(first.resource, "wrap", first.batch.wrap, bodies)
        purpose = f"submit {count} {words(first.resource)} records"
        return self._sent(replace(first.call, json=body, purpose=purpose), count, began)

    def _sent(self, call: Call, count: int, began: float | None = None) -> _Answered:
        response, rules = self._session.send(call, began), self._profile.results
        body = json.loads(response.content) if response.content else None
        return _Answered(
            response.status_code,
            response.headers.get(self._profile.request_id_header or ""),
            body,
            Results(rules, body) if rules else None,
            count,
        )

    def _may_be_one_records(self, failure: BaseException) -> bool:
        """Return whether a call may have come to nothing for one of the records that it carries.

        Raises:
            UnavailableError: It may, but the run is to end: neither half is sent.
        """
        if isinstance(failure, RefusedError):
            is_one_records = failure.facts["details"].get("meaning") != "unknown_field"
        else:
            # A bug may be that of one record too.
            is_one_records = isinstance(failure, Exception) and not isinstance(failure, APBridgeError)
        if not is_one_records:
            return False
        if self._stop.is_set():
            raise UnavailableError("APB-AX-034") from failure
        return True

    def _explained(self, submission: Submission, refused: RefusedError) -> APBridgeError:
        """Distinguish a record that is refused from a contract that is: then all records would fare alike."""
        if refused.facts["meaning"] != "unknown_field":
            return refused
        return SettingError(
            "APB-AX-033",
            purpose=submission.call.purpose,
            says=refused.facts["says"],
            profile=self._profile.name,
            resource=submission.resource,
        )


def _refused(code: str, refused: RefusedError) -> RefusedError:
    details = refused.facts["details"]
    return RefusedError(
        code,
        status=refused.status,
        reason=refused.reason,
        purpose=refused.facts["purpose"],
        says=refused.facts["says"],
        answer=refused.facts["answer"],
        meaning=details.get("meaning", ""),
        errors=details.get("errors", ()),
    )
