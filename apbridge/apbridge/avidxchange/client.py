"""The AvidXchange client: what is read, and every write. Each native name is the profile's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any, TypeVar

from apbridge.avidxchange.answers import PICTURE
from apbridge.avidxchange.expressions import ExpressionError, fingerprint, text_of
from apbridge.avidxchange.images import image_body, image_of
from apbridge.avidxchange.profile import ImageRules, Operation
from apbridge.avidxchange.reader import AvidXchangeReader, Shown
from apbridge.avidxchange.sending import Acknowledged, Sending, Submission
from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.avidxchange.template import Template, UnknownWordError
from apbridge.avidxchange.unknown_words import words
from apbridge.gathering import Gathering
from apbridge.http import AnswerWatch, Call, Idempotency, unwatched

_Declared = TypeVar("_Declared", Operation, ImageRules)


class AvidXchange(AvidXchangeReader):
    """One company in AvidXchange.

    Thread-safe; use as a context manager.

    Args:
        settings: Where it is, and its credentials.
        stop: When set, waits end and nothing is tried again.
        watch: Sees every answer.
    """

    def __init__(
        self,
        settings: AvidXchangeSettings,
        *,
        stop: Event | None = None,
        watch: AnswerWatch = unwatched,
    ) -> None:
        super().__init__(settings, stop=stop, watch=watch)
        self._sending = Sending(self.session, self.profile, self._fit, stop or Event())

    def upsertion(self, resource: str, record: Mapping[str, Any]) -> Submission:
        """Make ready to create or change a record by its external id.

        Raises:
            SettingError: The profile's template does not fit the record.
        """
        operation = self._operation(resource, "upsert", self._resource(resource).upsert)
        record = self.profile.groups.within(record)
        body = self._fit(resource, "upsert.body", operation.body, record)
        name = str(record["external_id"])
        return Submission(
            external_id=name,
            body=body,
            call=self._call(resource, "upsert", operation, record, body),
            resource=resource,
            is_named=lambda answer: _named(operation.answer, answer, external_id=name),
            remote_id=operation.remote_id,
            batch=_batch(operation),
        )

    def resubmission(
        self,
        resource: str,
        external_id: str,
        shown: Mapping[str, Any],
        **changes: Any,  # noqa: ANN401
    ) -> Submission:
        """Make ready to send a record as AvidXchange shows it, but for some fields.

        Args:
            resource: Which kind.
            external_id: Of the record.
            shown: What of it a write would send: see `body_shown`.
            changes: The fields, by our names.

        Raises:
            SettingError: As of `upsertion`.
        """
        blank = {"external_id": external_id, "lines": []}
        submission = self.upsertion(resource, {**blank, **changes})
        before = self.upsertion(resource, blank).body
        changed = {name: value for name, value in submission.body.items() if value != before[name]}
        operation = self._operation(resource, "upsert", self._resource(resource).upsert)
        body = {**shown, **changed}
        return replace(submission, body=body, call=self._call(resource, "upsert", operation, blank, body))

    def change(self, resource: str, record: Mapping[str, Any], remote_id: str) -> Submission:
        """Make ready to change a record that was there before us, and that has no external id of ours.

        Args:
            resource: Which kind.
            record: As for `upsertion`.
            remote_id: AvidXchange's own id of it.

        Raises:
            SettingError: As of `upsertion`; or the profile does not say how.
        """
        operation = self._operation(resource, "change", self._resource(resource).change)
        upsert = self._operation(resource, "upsert", self._resource(resource).upsert)
        told = self.profile.groups.within({**record, "external_id": None, "remote_id": remote_id})
        body = {
            **(self._fit(resource, "upsert.body", upsert.body, told) or {}),
            **(self._fit(resource, "change.body", operation.body, told) or {}),
        }
        return self._by_own_id(resource, "change", operation, {**record, "remote_id": remote_id}, body)

    def link(
        self, resource: str, external_id: str, remote_id: str, *, sets: str | None, place: Mapping[str, str]
    ) -> Submission:
        """Make ready to set the external id of a record that was there before us.

        Args:
            resource: Which kind.
            external_id: Of the record in NetSuite that it is.
            remote_id: AvidXchange's own id of it.
            sets: The external id that it gets; None takes it away.
            place: As for `shown`.

        Raises:
            SettingError: The profile does not say how.
        """
        operation = self._operation(resource, "link", self._resource(resource).link)
        told = self.profile.groups.within({**place, "external_id": sets, "remote_id": remote_id})
        body = self._fit(resource, "link.body", operation.body, told)
        return self._by_own_id(resource, "link", operation, {**told, "external_id": external_id}, body)

    def _by_own_id(
        self, resource: str, name: str, operation: Operation, record: Mapping[str, Any], body: object
    ) -> Submission:
        return Submission(
            external_id=str(record["external_id"]),
            body=body,
            call=self._call(resource, name, operation, record, body),
            resource=resource,
            is_named=lambda answer: _named(operation.answer, answer, remote_id=record["remote_id"]),
            named=record["remote_id"],
            batch=_batch(operation),
        )

    def takes(self, resource: str) -> bool:
        """Return whether the contract knows a resource that need not be there, and takes records of it."""
        found = self.profile.resources.get(resource)
        return found is not None and found.upsert is not None

    def cancellation(
        self, external_id: str, reason: str, remote_id: str | None = None, *, resource: str = "invoice"
    ) -> Submission:
        """Make ready to take an invoice, or another document, back."""
        operation = self._operation(resource, "cancel", self._resource(resource).cancel)
        record = {"external_id": external_id, "remote_id": remote_id, "reason": reason}
        body = self._fit(resource, "cancel.body", operation.body, record)

        def is_named(answer: Any) -> bool:  # noqa: ANN401
            # That it was heard does not mean that it was done.
            return _named(operation.answer, answer, external_id=external_id, status="cancelled")

        call = self._call(resource, "cancel", operation, record, body)
        return Submission(external_id, body, call, resource, is_named, batch=_batch(operation))

    @property
    def stops_payments(self) -> bool:
        """Whether the profile says how a payment is stopped."""
        return self._resource("payment").stop is not None

    def stopping(self, payment: Mapping[str, Any], reason: str) -> Submission:
        """Make ready to stop a payment, which is not undone: where no answer comes it is looked up.

        Args:
            payment: As it is listed.
            reason: Why.
        """
        operation = self._operation("payment", "stop", self._resource("payment").stop)
        number = str(payment["id"])
        record = {"external_id": payment["external_id"], "remote_id": number, "reason": reason}
        body = self._fit("payment", "stop.body", operation.body, record)
        submission = self._by_own_id("payment", "stop", operation, record, body)
        return replace(
            submission,
            call=replace(submission.call, idempotency=Idempotency.ONCE),
            # That it was heard does not mean that it was done.
            is_named=lambda answer: _named(operation.answer, answer, remote_id=number, status="voided"),
        )

    def image(
        self, external_id: str, image: Mapping[str, Any], content: bytes, remote_id: str | None = None
    ) -> Submission:
        """Make ready to send an invoice's picture.

        Args:
            external_id: Of the invoice.
            image: name, media_type, size and sha256.
            content: Its bytes.
            remote_id: AvidXchange's own id of the invoice.
        """
        rules = self.image_rules
        facts = {**image, "external_id": external_id, "remote_id": remote_id}
        parts = self._fit("invoice", "image", lambda one: image_body(rules, one, content), facts)

        def is_named(answer: Any) -> bool:  # noqa: ANN401
            facts = {"external_id": external_id, "sha256": image["sha256"]}
            told = {name: fact for name, fact in facts.items() if name in rules.answer.fields}
            return bool(told) and _named(rules.answer, answer, **told)

        call = Call(
            rules.method,
            self._path("invoice", "image.path", rules.path, facts),
            f"take the image of invoice {external_id}",
            Idempotency.IDEMPOTENT,
            params=self._parameters_of("invoice", "image", rules, facts),
            operation="invoice.image",
            **(parts or {}),
        )
        return Submission(external_id, None, call, "invoice", is_named)

    @property
    def image_rules(self) -> ImageRules:
        """Which pictures the profile takes.

        Raises:
            SettingError: It does not say.
        """
        return self._operation("invoice", "image", self._resource("invoice").image)

    def cleared_image(self, external_id: str, remote_id: str) -> tuple[bytes, str, str] | None:
        """Fetch the image of a payment's cleared check, with its media type and the end of its name.

        Returns:
            None where the profile does not say how, or what is answered is no picture.

        Raises:
            RefusedError: AvidXchange does not give it.
        """
        rules = self._resource("payment").cleared_image
        if rules is None:
            return None
        place = {"external_id": external_id, "remote_id": remote_id}
        path = self._path("payment", "cleared_image.path", rules.path, place)
        purpose = f"fetch the image of the cleared check of payment {remote_id}"
        headers = {"Accept": PICTURE}
        where = "payment.cleared_image"
        call = Call("GET", path, purpose, params=self._in_every_query, headers=headers, operation=where)
        answer = self.session.ask(call)
        return self._fit("payment", "cleared_image.content", partial(image_of, rules), answer)

    def submit(self, submission: Submission) -> Acknowledged:
        """Send a write: see `apbridge.avidxchange.sending.Sending.submit`."""
        return self._sending.submit(submission)

    @property
    def gathering(self) -> Gathering[Any, Any] | None:
        """Where writes wait for others that go in the same call; None where each goes in one of its own."""
        return self._sending.gathering if self.profile.most > 1 else None

    def fingerprint_shown(self, resource: str, shown: Shown, own_id: str | None = None) -> str:
        """Hash, of what AvidXchange shows, the fields that a write would send.

        Where it equals the `fingerprint` of a write's body, there is nothing to send.

        Args:
            resource: Which kind.
            shown: What AvidXchange shows.
            own_id: AvidXchange's own id, where the write would be a `change` by it.
        """
        body, change = self.body_shown(resource, shown), self._resource(resource).change
        if own_id is not None and change is not None:
            told = {"external_id": None, "remote_id": own_id}
            body |= self._fit(resource, "change.body", change.body, told) or {}
        return fingerprint(body)

    def body_shown(self, resource: str, shown: Shown) -> dict[str, Any]:
        """Return, of what AvidXchange shows, the fields that a write would send."""
        operation = self._operation(resource, "upsert", self._resource(resource).upsert)
        elsewhere = self._fit(resource, "list.sent", self._resource(resource).listing.sent, shown.item)
        names = operation.body.fields if operation.body else ()
        return {name: shown.item.get(name) for name in names} | (elsewhere or {})

    def shown_image(self, shown: Shown) -> str | None:
        """Return the sha256 of the picture that a listed invoice has, where the profile knows where it is."""
        rules = self._resource("invoice").image
        return text_of(rules.sha256, shown.item) if rules else None

    def _call(
        self, resource: str, name: str, operation: Operation, record: Mapping[str, Any], body: object
    ) -> Call:
        if operation.wrap:
            wrapped = [body] if operation.most > 1 else body
            body = self._fit(resource, f"{name}.wrap", operation.wrap, wrapped)
        verb = {"upsert": "submit"}.get(name, name)
        return Call(
            operation.method,
            self._path(resource, f"{name}.path", operation.path, record),
            f"{verb} {words(resource)} {record['external_id']}",
            Idempotency.IDEMPOTENT,
            params=self._parameters_of(resource, name, operation, record),
            json=body,
            operation=f"{resource}.{name}",
        )

    def _parameters_of(
        self, resource: str, name: str, operation: Operation | ImageRules, record: Mapping[str, Any]
    ) -> dict[str, str]:
        filled = self._fit(resource, f"{name}.parameters", operation.parameters, record) or {}
        texts = {name: str(value) for name, value in filled.items() if value is not None}
        return {**self._in_every_query, **texts}

    def _operation(self, resource: str, name: str, found: _Declared | None) -> _Declared:
        if found is None:
            raise self._does_not_fit(resource, name, "it is not declared")
        return found


def _batch(operation: Operation) -> Operation | None:
    return operation if operation.most > 1 else None


def _named(rules: Template, answer: Any, **facts: str) -> bool:  # noqa: ANN401
    """Return whether an answer says all of these facts."""
    try:
        told = rules(answer)
    except (ExpressionError, UnknownWordError):
        return False
    return all(told.get(name) == fact for name, fact in facts.items())
