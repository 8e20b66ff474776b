"""The AvidXchange client. Every native path, field name and status is the profile's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from threading import Event
from typing import Any, TypeVar
from urllib.parse import quote

from typing_extensions import Self

from apbridge import json
from apbridge.avidxchange.answers import judge_by
from apbridge.avidxchange.expressions import Expression, ExpressionError, fingerprint, instant
from apbridge.avidxchange.profile import ImageRules, Listing, Operation, Profile, Resource
from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.avidxchange.sign_in import HeaderSignIn
from apbridge.avidxchange.template import Template, UnknownWordError
from apbridge.errors import RefusedError, SettingError
from apbridge.http import Call, GovernedSession, Write

_Declared = TypeVar("_Declared", Operation, ImageRules)

_MOST_PAGES = 100_000
"""More pages than any company has: a list that goes on longer does not end."""


@dataclass(frozen=True)
class Submission:
    """One write, ready to be sent and safe to be sent again."""

    external_id: str
    call: Call
    remote_id: Expression | None = None


@dataclass(frozen=True)
class Acknowledged:
    """What AvidXchange answered to a write.

    Args:
        remote_id: Its own id of the record, where the profile knows where it is.
        created: True for a new record; None where the answer does not tell.
        status: HTTP status.
        request_id: Its name of the request, where it gives one.
        answer: The decoded body.
    """

    remote_id: str | None
    created: bool | None
    status: int
    request_id: str | None
    answer: Any


@dataclass(frozen=True)
class Shown:
    """A record as AvidXchange shows it in a list."""

    external_id: str
    item: Mapping[str, Any]


class AvidXchange:
    """One company in AvidXchange.

    Thread-safe; use as a context manager.

    Args:
        settings: Where it is, and its credentials.
        stop: When set, waits end and nothing is tried again.

    Raises:
        SettingError: The profile is not valid, or a setting that it asks for is missing.
    """

    def __init__(self, settings: AvidXchangeSettings, *, stop: Event | None = None) -> None:
        self.profile = Profile.load(settings.profile)
        self.session = GovernedSession(
            "AvidXchange",
            settings.base_url,
            signer=HeaderSignIn(self.profile.sign_in_headers, settings),
            judge=judge_by(self.profile.errors),
            concurrency=settings.concurrency,
            stop=stop,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()

    def check(self) -> None:
        """Show that address and sign-in are right.

        Raises:
            SettingError: They are not.
        """
        self._get(self.profile.check_path, {}, "say which company it is")

    def upsertion(self, resource: str, record: Mapping[str, Any]) -> Submission:
        """Make ready to create or change a record by its external id.

        Raises:
            SettingError: The profile's template does not fit the record.
        """
        operation = self._operation(resource, "upsert", self._resource(resource).upsert)
        return self._submission(resource, operation, record, f"submit {_words(resource)}")

    def cancellation(self, external_id: str, reason: str) -> Submission:
        """Make ready to take an invoice back."""
        operation = self._operation("invoice", "cancel", self._resource("invoice").cancel)
        record = {"external_id": external_id, "reason": reason}
        return self._submission("invoice", operation, record, "cancel invoice")

    def image(self, external_id: str, image: Mapping[str, Any], content: bytes) -> Submission:
        """Make ready to send an invoice's picture.

        Args:
            external_id: Of the invoice.
            image: name, media_type, size and sha256.
            content: Its bytes.
        """
        rules = self.image_rules
        headers = self._filled("invoice", "image", rules.headers, image)
        call = Call(
            rules.method,
            _path(rules.path, {"external_id": external_id}),
            f"take the image of invoice {external_id}",
            Write.IDEMPOTENT,
            headers={name: str(value) for name, value in headers.items() if value is not None},
            body=content,
        )
        return Submission(external_id, call)

    @property
    def image_rules(self) -> ImageRules:
        """Which pictures the profile takes.

        Raises:
            SettingError: It does not say.
        """
        return self._operation("invoice", "image", self._resource("invoice").image)

    def submit(self, submission: Submission) -> Acknowledged:
        """Send a write, again where its outcome is not known: each is an upsert by our own id.

        Raises:
            RefusedError: AvidXchange does not take the record; `facts` has our word for why (`meaning`) and
                every error (`errors`).
            SettingError: The sign-in was refused.
            UnavailableError: No usable answer came in time.
        """
        try:
            response = self.session.send(submission.call)
        except RefusedError as refused:
            raise _refused("APB-AX-020", refused) from refused
        answer = json.loads(response.content) if response.content else None
        return Acknowledged(
            remote_id=_text(submission.remote_id, answer),
            created=True if response.status_code == HTTPStatus.CREATED else None,
            status=response.status_code,
            request_id=response.headers.get(self.profile.request_id_header or ""),
            answer=answer,
        )

    def shown(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        place: Mapping[str, str] | None = None,
    ) -> Iterator[Shown]:
        """List records as AvidXchange shows them, page after page.

        Args:
            resource: Which kind.
            modified_since: What changed at or after that; perhaps more, where the filter is coarse.
            filters: Filters by our names.
            place: What the path needs, such as `dimension`.

        Raises:
            SettingError: The list is not where the profile says, or cannot be read as it says.
        """
        listing = self._resource(resource).listing
        path = _path(listing.path, place or {})
        purpose = f"list {_words(resource)}s"
        parameters = self._parameters(listing, modified_since, filters or {})
        for _ in range(_MOST_PAGES):
            page = self._get(path, parameters, purpose)
            items = self._read(resource, "list.items", listing.items, page)
            if not isinstance(items, list):
                raise self._does_not_fit(resource, "list.items", "there is no list in the answer")
            for item in items:
                external_id = self._read(resource, "list.external_id", listing.external_id, item)
                # What people entered in AvidXchange itself has no external id and is not ours to know.
                if external_id is not None:
                    yield Shown(str(external_id), item)
            cursor = listing.cursor(page) if listing.cursor else None
            if cursor is None:
                return
            if parameters.get(listing.cursor_parameter) == cursor:
                break
            parameters = {**parameters, listing.cursor_parameter: cursor}
        raise self._does_not_fit(resource, "list.next", "the pages do not end")

    def list(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        place: Mapping[str, str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """List canonical records.

        Whatever the granularity of AvidXchange's filter, nothing older than `modified_since` is given.

        Raises:
            SettingError: As `shown`; or a record holds a word that the profile does not translate.
        """
        for shown in self.shown(resource, modified_since=modified_since, filters=filters, place=place):
            record = self.read(resource, shown, place=place)
            modified = record.get("modified_at")
            if modified_since is None or modified is None or instant(modified) >= modified_since:
                yield record

    def read(self, resource: str, shown: Shown, *, place: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Give the canonical record of what AvidXchange shows.

        Raises:
            SettingError: The profile does not translate a word in it.
        """
        try:
            return {**(place or {}), **self._resource(resource).listing.read(shown.item)}
        except UnknownWordError as unknown:
            raise SettingError(
                "APB-AX-031",
                resource=_words(resource),
                external_id=shown.external_id,
                field=unknown.field,
                word=unknown.word,
                profile=self.profile.name,
                where=f"resources.{resource}.list.read.{unknown.field}.values",
            ) from unknown
        except ExpressionError as failure:
            raise self._does_not_fit(resource, "list.read", str(failure)) from failure

    def fingerprint_shown(self, resource: str, shown: Shown) -> str:
        """Hash, of what AvidXchange shows, the fields that a write would send.

        Where it equals the `fingerprint` of a write's body, there is nothing to send.
        """
        operation = self._operation(resource, "upsert", self._resource(resource).upsert)
        names = operation.body.fields if operation.body else ()
        return fingerprint({name: shown.item.get(name) for name in names})

    def shown_image(self, shown: Shown) -> str | None:
        """Give the sha256 of the picture that a listed invoice has, where the profile knows where it is."""
        rules = self._resource("invoice").image
        return _text(rules.sha256, shown.item) if rules else None

    def _submission(
        self, resource: str, operation: Operation, record: Mapping[str, Any], purpose: str
    ) -> Submission:
        body = None
        if operation.body is not None:
            body = self._filled(resource, "body", operation.body, record)
        external_id = str(record["external_id"])
        call = Call(
            operation.method,
            _path(operation.path, record),
            f"{purpose} {external_id}",
            Write.IDEMPOTENT,
            json=body,
        )
        return Submission(external_id, call, operation.remote_id)

    def _parameters(
        self, listing: Listing, modified_since: datetime | None, filters: Mapping[str, str]
    ) -> dict[str, str | int]:
        parameters = dict(listing.parameters)
        parameters |= {listing.filters[name]: value for name, value in filters.items()}
        since = listing.modified_since
        if since is not None and modified_since is not None:
            moment = modified_since.astimezone(timezone.utc)
            # In which time zone a day begins is not known: one day earlier is early enough in all of them.
            parameters[since.parameter] = (
                f"{moment:%Y-%m-%dT%H:%M:%SZ}"
                if since.granularity == "second"
                else f"{moment - timedelta(days=1):%Y-%m-%d}"
            )
        return parameters

    def _get(self, path: str, parameters: Mapping[str, str | int], purpose: str) -> Any:  # noqa: ANN401
        try:
            return self.session.ask(Call("GET", path, purpose, params=parameters))
        except RefusedError as refused:
            # Reading is refused where the address or the contract is wrong, not where a record is.
            raise SettingError(
                "APB-AX-030",
                purpose=purpose,
                status=refused.status,
                says=refused.facts["says"],
                profile=self.profile.name,
            ) from refused

    def _read(self, resource: str, where: str, expression: Expression, value: Any) -> Any:  # noqa: ANN401
        try:
            return expression(value)
        except ExpressionError as failure:
            raise self._does_not_fit(resource, where, str(failure)) from failure

    def _filled(
        self, resource: str, where: str, template: Template, record: Mapping[str, Any]
    ) -> dict[str, Any]:
        try:
            return template(record)
        except ExpressionError as failure:
            raise self._does_not_fit(resource, where, str(failure)) from failure

    def _resource(self, name: str) -> Resource:
        return self.profile.resources[name]

    def _operation(self, resource: str, name: str, found: _Declared | None) -> _Declared:
        if found is None:
            raise self._does_not_fit(resource, name, "it is not declared")
        return found

    def _does_not_fit(self, resource: str, where: str, problem: str) -> SettingError:
        return SettingError(
            "APB-AX-032", profile=self.profile.name, where=f"resources.{resource}.{where}", problem=problem
        )


def _refused(code: str, refused: RefusedError) -> RefusedError:
    details = refused.facts["details"]
    return RefusedError(
        code,
        status=refused.status,
        reason=refused.reason,
        purpose=refused.facts["purpose"],
        says=refused.facts["says"],
        meaning=details.get("meaning", ""),
        errors=details.get("errors", ()),
    )


def _path(template: str, values: Mapping[str, Any]) -> str:
    safe = {
        name: quote(str(values[name]), safe="") for name in ("external_id", "dimension") if name in values
    }
    return template.format_map(safe)


def _text(expression: Expression | None, value: Any) -> str | None:  # noqa: ANN401
    try:
        found = expression(value) if expression else None
    except ExpressionError:
        return None
    return None if found is None else str(found)


def _words(resource: str) -> str:
    return {"gl_account": "GL account"}.get(resource, resource.replace("_", " "))
