"""How a trial writes and looks: by the client that the target sends with, each write on the audit trail."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from apbridge.avidxchange import Acknowledged, AvidXchange, Shown, Submission
from apbridge.errors import RefusedError
from apbridge.ledger import Run
from apbridge_operator.trial.records import is_of_a_trial

PAUSES: Sequence[float] = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks: what was written may be listed a little later."""

GONE = {"cancelled", "rejected"}
"""Where a document stands that AvidXchange does not mean to pay."""


class TrialWriter:
    """Writes to AvidXchange and reads back.

    Args:
        client: AvidXchange.
        run: The run on whose trail each write is.
        looks_up: The resources whose look-up by external id was seen to work; of others the list is read.
    """

    def __init__(self, client: AvidXchange, run: Run, looks_up: Collection[str]) -> None:
        self.client = client
        self._run = run
        self._looks_up = looks_up
        self.sent: dict[tuple[str, str], str | None] = {}
        """Each record that was not refused, by resource and external id, with AvidXchange's own id of it."""

    def send(self, operation: str, submission: Submission, told: Any = None) -> Acknowledged:  # noqa: ANN401
        """Send a write.

        Args:
            operation: What, for the trail.
            submission: The write.
            told: What the trail keeps in place of the body.

        Raises:
            APBridgeError: As `AvidXchange.submit`.
        """
        key = (submission.resource, submission.external_id)
        is_first = key not in self.sent
        self.sent.setdefault(key)
        try:
            acknowledged = self._submitted(operation, submission, told)
        except RefusedError:
            if is_first:
                del self.sent[key]
            raise
        self.sent[key] = acknowledged.remote_id or self.sent[key]
        return acknowledged

    def _submitted(self, operation: str, submission: Submission, told: Any) -> Acknowledged:  # noqa: ANN401
        with self._run.audited(
            system="avidxchange",
            operation=f"try: {operation}",
            external_id=submission.external_id,
            body=submission.body if told is None else told,
        ) as answer:
            acknowledged = self.client.submit(submission)
            answer.status, answer.request_id = acknowledged.status, acknowledged.request_id
            answer.body = acknowledged.answer
        return acknowledged

    def cancel(self, resource: str, name: str, remote_id: str | None) -> Acknowledged:
        """Take a document back.

        Raises:
            APBridgeError: As `send`.
        """
        reason = "It was made to try a profile"
        submission = self.client.cancellation(name, reason, remote_id, resource=resource)
        return self.send(f"cancel {resource}", submission)

    def look(
        self,
        resource: str,
        name: str,
        place: Mapping[str, str],
        is_due: Callable[[Mapping[str, Any]], bool] = bool,
    ) -> list[tuple[Shown, Mapping[str, Any]]]:
        """Return the records of an external id, as shown and as read; after a while as they are.

        Args:
            resource: Which kind.
            name: The external id.
            place: Which dimension, where it is one's value.
            is_due: Whether one is as it should be: until then it is looked at again.

        Raises:
            SettingError: The list cannot be read.
            UnavailableError: AvidXchange is not there.
        """
        for pause in (*PAUSES, None):
            found = self._looked(resource, name, place)
            if pause is None or (found and all(is_due(record) for _, record in found)):
                break
            time.sleep(pause)
        return found

    def _looked(
        self, resource: str, name: str, place: Mapping[str, str]
    ) -> list[tuple[Shown, Mapping[str, Any]]]:
        filters = {"external_id": name} if resource in self._looks_up else {}
        shown = self.client.shown(resource, filters=filters, place=place)
        return [
            (one, self.client.read(resource, one, place=place)) for one in shown if one.external_id == name
        ]

    def listed(self, resource: str) -> dict[str, Mapping[str, Any]]:
        """List the documents of every trial as they are read, by external id.

        Args:
            resource: `invoice`, `credit` or `purchase_order`.

        Raises:
            SettingError: The list cannot be read.
            UnavailableError: AvidXchange is not there.
        """
        return {
            shown.external_id: self.client.read(resource, shown)
            for shown in self.client.shown(resource)
            if is_of_a_trial(shown.external_id)
        }
