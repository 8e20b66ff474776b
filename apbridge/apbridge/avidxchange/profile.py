"""A profile: one AvidXchange API contract, as data.

Its YAML is checked by `profile.schema.json`; its expressions are compiled once, when it is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from apbridge.avidxchange.checking import checked, unchecked
from apbridge.avidxchange.evidence import open_places
from apbridge.avidxchange.expressions import USUAL, Expression, ProfileFunctions, compiled
from apbridge.avidxchange.groups import Groups
from apbridge.avidxchange.profile_files import ProfileFiles, ProfileProblem, files_of
from apbridge.avidxchange.sign_in_rules import SignInRules, sign_in_rules
from apbridge.avidxchange.template import Template
from apbridge.errors import SettingError


@dataclass(frozen=True)
class Operation:
    """One write: where it goes, what it carries, and what is answered."""

    method: str
    path: str
    parameters: Template | None
    body: Template | None
    wrap: Template | None
    answer: Template
    remote_id: Expression | None
    most: int
    """How many records one call carries at most; where it is more than 1, `wrap` is over the list of their
    bodies."""


@dataclass(frozen=True)
class ModifiedSince:
    """How a list is narrowed to what has changed."""

    parameter: str
    granularity: str
    zone: ZoneInfo | None

    def shown(self, moment: datetime) -> str:
        """Return a moment as the list takes it."""
        if self.granularity == "second":
            return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        if self.zone:
            return f"{moment.astimezone(self.zone):%Y-%m-%d}"
        # In which time zone a day begins is not known: one day earlier is early enough in all of them.
        return f"{moment.astimezone(timezone.utc) - timedelta(days=1):%Y-%m-%d}"


@dataclass(frozen=True)
class NextPage:
    """How to come to the next page; one of `cursor`, `page` and `link`."""

    parameter: str
    cursor: Expression | None
    page: int | None
    more: Expression | None
    link: Expression | None


@dataclass(frozen=True)
class Listing:
    """One list: where it is, how it is paged, and how an item is read."""

    is_post: bool
    path: str
    parameters: Mapping[str, str | int]
    filters: Mapping[str, str]
    modified_since: ModifiedSince | None
    items: Expression
    next_page: NextPage | None
    external_id: Expression
    read: Template
    sent: Template


@dataclass(frozen=True)
class Multipart:
    """How a picture is a part of a form."""

    file: str
    name: Expression
    fields: Template


@dataclass(frozen=True)
class ImageRules:
    """How an invoice's picture is sent, and which pictures are taken."""

    method: str
    path: str
    parameters: Template | None
    headers: Template
    multipart: Multipart | None
    base64: Template | None
    most: int
    largest: int
    media_types: tuple[str, ...]
    answer: Template
    sha256: Expression | None

    def bytes_held(self, size: int) -> int:
        """Return how many bytes are in memory while a picture of so many is made ready and sent.

        In a form it is there once more; in JSON first as text, and then within the whole.
        """
        return size * (4 if self.base64 else 2 if self.multipart else 1)


@dataclass(frozen=True)
class ClearedImageRules:
    """Where the image of a cleared check is; without `content` the answer is the image itself."""

    path: str
    content: Expression | None


@dataclass(frozen=True)
class Resource:
    """What can be done with one kind of record."""

    listing: Listing
    upsert: Operation | None = None
    link: Operation | None = None
    change: Operation | None = None
    cancel: Operation | None = None
    stop: Operation | None = None
    image: ImageRules | None = None
    cleared_image: ClearedImageRules | None = None


@dataclass(frozen=True)
class Meaning:
    """The codes, texts and statuses of refusals that mean one thing to us."""

    word: str
    codes: tuple[str, ...]
    texts: tuple[str, ...]
    statuses: tuple[int, ...]


@dataclass(frozen=True)
class ErrorRules:
    """Where a refusal says what is wrong."""

    message: Expression
    items: Expression | None
    read: Template
    meanings: tuple[Meaning, ...]

    def meaning(self, codes: Sequence[str], says: str, status: int) -> str:
        """Return our word for a refusal; empty where the profile has none."""
        said = says.casefold()
        by_text = (rule.word for rule in self.meanings if any(text in said for text in rule.texts))
        by_code = (rule.word for rule in self.meanings if any(code in rule.codes for code in codes))
        by_status = (rule.word for rule in self.meanings if status in rule.statuses)
        return next(by_code, next(by_text, next(by_status, "")))


@dataclass(frozen=True)
class ResultRules:
    """How an answer says of each item what became of it."""

    items: Expression
    external_id: Expression
    remote_id: Expression | None
    successful: Expression
    message: Expression
    errors: Expression | None


@dataclass(frozen=True)
class Profile:
    """One AvidXchange API contract."""

    name: str
    sign_in: SignInRules
    check_path: str
    company: Expression | None
    request_id_header: str | None
    results: ResultRules | None
    errors: ErrorRules
    groups: Groups
    resources: Mapping[str, Resource]

    @property
    def most(self) -> int:
        """How many records one call carries at most."""
        writes = (
            operation
            for one in self.resources.values()
            for operation in (one.upsert, one.link, one.change, one.cancel)
        )
        return max(one.most for one in writes if one)

    @classmethod
    def load(cls, name: str, time_zone: ZoneInfo | None = None) -> Profile:
        """Load a profile that ships, by its name, or any other by the path of its file.

        Args:
            name: The one or the other.
            time_zone: Of times that are listed without one; UTC, unless told.

        Raises:
            SettingError: There is no such profile, or it is not valid; it says in which line. Or something
                is open in it.
        """
        found = _read(files_of(name), time_zone)
        if isinstance(found, Profile):
            return found
        if isinstance(found, Unsettled):
            raise SettingError("APB-AX-003", profile=name, count=len(found.places), place=found.places[0])
        raise _invalid(found)


@dataclass(frozen=True)
class Unsettled:
    """A draft, with the places that are open in it."""

    places: tuple[str, ...]


@lru_cache
def _read(files: ProfileFiles, time_zone: ZoneInfo | None) -> Profile | Unsettled | Sequence[ProfileProblem]:
    """Check and build a profile once: a process may open several clients by it."""
    if files.are_shipped:
        return _build(unchecked(files), time_zone)
    declared, problems = checked(files)
    if not problems and (places := open_places(declared)):
        return Unsettled(tuple(places))
    return problems or _build(declared, time_zone)


def _invalid(problems: Sequence[ProfileProblem]) -> SettingError:
    first, *others = problems
    more = f" (and {len(others)} more)" if others else ""
    return SettingError("APB-AX-002", profile=first.file, line=first.line, problem=f"{first}{more}")


def _build(declared: Mapping[str, Any], time_zone: ZoneInfo | None) -> Profile:
    answers = declared.get("answers", {})
    functions = ProfileFunctions(time_zone) if time_zone else USUAL
    return Profile(
        name=declared["name"],
        sign_in=sign_in_rules(declared["sign_in"]),
        check_path=declared["check"]["path"],
        company=_optional(declared["check"], "company"),
        request_id_header=answers.get("request_id"),
        results=_results(answers.get("results")),
        errors=_errors(declared["errors"]),
        groups=Groups(declared.get("groups", {})),
        resources={name: _resource(resource, functions) for name, resource in declared["resources"].items()},
    )


def _results(declared: Mapping[str, Any] | None) -> ResultRules | None:
    if declared is None:
        return None
    return ResultRules(
        items=compiled(declared["items"]),
        external_id=compiled(declared["external_id"]),
        remote_id=_optional(declared, "remote_id"),
        successful=compiled(declared["successful"]),
        message=compiled(declared["message"]),
        errors=_optional(declared, "errors"),
    )


def _errors(declared: Mapping[str, Any]) -> ErrorRules:
    return ErrorRules(
        message=compiled(declared["message"]),
        items=_optional(declared, "items"),
        read=Template.compile(declared.get("read", {})),
        meanings=tuple(
            Meaning(
                word,
                tuple(rule.get("codes", ())),
                tuple(text.casefold() for text in rule.get("texts", ())),
                tuple(rule.get("statuses", ())),
            )
            for word, rule in declared["meanings"].items()
        ),
    )


def _resource(declared: Mapping[str, Any], functions: ProfileFunctions) -> Resource:
    return Resource(
        listing=_listing(declared["list"], functions),
        upsert=_operation(declared.get("upsert")),
        link=_operation(declared.get("link")),
        change=_operation(declared.get("change")),
        cancel=_operation(declared.get("cancel")),
        stop=_operation(declared.get("stop")),
        image=_image(declared.get("image")),
        cleared_image=_cleared_image(declared.get("cleared_image")),
    )


def _operation(declared: Mapping[str, Any] | None) -> Operation | None:
    if declared is None:
        return None
    return Operation(
        method=declared["method"],
        path=declared["path"],
        parameters=_template(declared, "parameters"),
        body=_template(declared, "body"),
        wrap=_template(declared, "wrap"),
        answer=Template.compile(declared["answer"]),
        remote_id=_optional(declared, "remote_id"),
        most=declared.get("most", 1),
    )


def _listing(declared: Mapping[str, Any], functions: ProfileFunctions) -> Listing:
    since = declared.get("modified_since")
    zone = since.get("zone") if since else None
    following = declared.get("next")
    return Listing(
        is_post=declared.get("method") == "POST",
        path=declared["path"],
        parameters=declared.get("parameters", {}),
        filters=declared.get("filters", {}),
        modified_since=ModifiedSince(
            since["parameter"], since["granularity"], ZoneInfo(zone) if zone else None
        )
        if since
        else None,
        items=compiled(declared["items"]),
        next_page=NextPage(
            parameter=following.get("parameter", ""),
            cursor=_optional(following, "cursor"),
            page=following.get("page"),
            more=_optional(following, "more"),
            link=_optional(following, "link"),
        )
        if following
        else None,
        external_id=compiled(declared["external_id"]),
        read=Template.compile(declared["read"], functions),
        sent=Template.compile(declared.get("sent", {})),
    )


def _image(declared: Mapping[str, Any] | None) -> ImageRules | None:
    if declared is None:
        return None
    multipart = declared.get("multipart")
    return ImageRules(
        method=declared["method"],
        path=declared["path"],
        parameters=_template(declared, "parameters"),
        headers=Template.compile(declared.get("headers", {})),
        multipart=Multipart(
            multipart["file"], compiled(multipart["name"]), Template.compile(multipart.get("fields", {}))
        )
        if multipart
        else None,
        base64=_template(declared, "base64"),
        most=declared["most"],
        largest=declared["largest"],
        media_types=tuple(declared["media_types"]),
        answer=Template.compile(declared["answer"]),
        sha256=_optional(declared, "sha256"),
    )


def _cleared_image(declared: Mapping[str, Any] | None) -> ClearedImageRules | None:
    return ClearedImageRules(declared["path"], _optional(declared, "content")) if declared else None


def _optional(declared: Mapping[str, Any], key: str) -> Expression | None:
    return compiled(declared[key]) if key in declared else None


def _template(declared: Mapping[str, Any], key: str) -> Template | None:
    return Template.compile(declared[key]) if key in declared else None
