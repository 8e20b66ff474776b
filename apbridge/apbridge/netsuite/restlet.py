"""The RESTlet of `suitescript/`: what this library expects of it.

Any script may be deployed under the ids that are set, and a proxy may answer in its place. So each answer is
read before it counts; what cannot be read raises a `ValueError` that tells where it differs, and no value.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

LEVELS = ("NONE", "VIEW", "CREATE", "EDIT", "FULL")
"""Levels of a permission, from the lowest to the highest."""

TRIED = "2026-07-19T03:04:00Z"
"""The instant that `try` writes and reads back."""

VERSION = "1.5.0"
"""As the script says it; a test compares both."""

MOST_FILES = 480
"""Files whose content is asked for in one call at most, as the script says it."""

_Id = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]
_Moment = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]


class Version(Struct):
    """Which script answers, and who asked it."""

    version: str
    user: str | None = None
    role: str | None = None


class Trial(Version, kw_only=True):
    """Which script answers, and whether it reads dates and files there.

    `date` has what an instant looks like there (`shown`) and as what that was read (`read`); `file` whether a
    bill has a file (`found`), its `type`, and whether its content came (`read`). Either may be `failed`, the
    code of an error.
    """

    date: dict[str, str]
    file: dict[str, str | bool]


class File(Struct, frozen=True):
    """A file attached to a bill, as NetSuite lists it."""

    bill: _Id
    id: _Id
    name: str
    type: str
    size: int
    modified: _Moment

    @property
    def changed_at(self) -> str:
        """The last second at which it may have changed."""
        return _end_of_minute(self.modified)


@dataclass(frozen=True)
class Unreadable:
    """A file of which the RESTlet tells in another shape.

    Args:
        id: Its internal id, where that much is told.
        name: Its name, likewise.
        problem: Where it differs.
    """

    id: str
    name: str
    problem: str


@dataclass(frozen=True)
class FileListing:
    """The files of some bills, by bill."""

    files: dict[str, list[File]] = field(default_factory=dict)
    unreadable: dict[str, list[Unreadable]] = field(default_factory=dict)


class _Permissions(Struct):
    permissions: dict[str, Literal["NONE", "VIEW", "CREATE", "EDIT", "FULL"]]


class _Files(Struct):
    files: list[Any]


class _Change(Struct):
    bill: _Id
    modified: _Moment


class _Changes(Struct):
    bills: list[_Change]


class _Content(Struct):
    content: str


class Refusal(Struct):
    """Why one file of several is not handed out."""

    code: str
    message: str


class Given(Struct):
    """What came of one file of several: its content, why it is refused, or neither yet."""

    id: _Id
    content: str | None = None
    failed: Refusal | None = None

    def decoded(self) -> bytes:
        """Return the bytes of the file."""
        return _decoded(self.content or "")


class _Contents(Struct):
    files: list[Any]


class _OfPayment(Struct):
    payment: _Id


class _Voided(_OfPayment):
    voided_by: str = msgspec.field(name="voidedBy")


class _Attached(_OfPayment):
    file: _Id
    added: bool


_ToldT = TypeVar("_ToldT", bound=_OfPayment)


def version(answer: Any) -> Version:  # noqa: ANN401
    """Read an answer to `version`."""
    return msgspec.convert(answer, Version)


def trial(answer: Any) -> Trial:  # noqa: ANN401
    """Read an answer to `try`."""
    return msgspec.convert(answer, Trial)


def permissions(answer: Any) -> Mapping[str, str]:  # noqa: ANN401
    """Read an answer to `permissions`: a level by each id; one that it did not know is left out."""
    return msgspec.convert(answer, _Permissions).permissions


def listing(answer: Any, bills: Collection[str]) -> FileListing:  # noqa: ANN401
    """Read an answer to `files`.

    What is told of a file in another shape stays with its bill, if that at least is one of those asked for.
    """
    found = FileListing()
    for number, told in enumerate(msgspec.convert(answer, _Files).files):
        bill = told.get("bill") if isinstance(told, dict) else None
        try:
            file = msgspec.convert(told, File, strict=False)
            found.files.setdefault(file.bill, []).append(file)
        except ValueError as failure:
            problem = str(failure)
            if not isinstance(bill, str) or bill not in bills:
                message = f"{problem} (file {number + 1} of the list)"
                raise ValueError(message) from failure
            unreadable = Unreadable(_text(told.get("id")), _text(told.get("name")), problem)
            found.unreadable.setdefault(bill, []).append(unreadable)
    return found


def changes(answer: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Read an answer to `changed`: when files may have changed at last, and of which bill, in order."""
    told = msgspec.convert(answer, _Changes).bills
    return sorted(
        ((_end_of_minute(one.modified), one.bill) for one in told), key=lambda one: (one[0], int(one[1]))
    )


def content(answer: Any) -> bytes:  # noqa: ANN401
    """Read an answer to `content`: the bytes of the file."""
    return _decoded(msgspec.convert(answer, _Content).content)


def contents(answer: Any) -> list[Given]:  # noqa: ANN401
    """Read an answer to `contents`: what came of each file. What is told in another shape counts as not told.

    The contents are decoded by whoever takes them, one after the other: all at once would be twice as much.
    """
    found = []
    for told in msgspec.convert(answer, _Contents).files:
        with suppress(ValueError):
            found.append(msgspec.convert(told, Given))
    return found


def voided(answer: Any, payment: str) -> str:  # noqa: ANN401
    """Read an answer to `void`: what voided the payment. One that names another says nothing of it."""
    return _of_payment(msgspec.convert(answer, _Voided), payment).voided_by


def attached(answer: Any, payment: str) -> str:  # noqa: ANN401
    """Read an answer to `attach`: the file. One that names another payment says nothing of it."""
    return _of_payment(msgspec.convert(answer, _Attached), payment).file


def _of_payment(told: _ToldT, payment: str) -> _ToldT:
    if told.payment != payment:
        message = "it names another vendor payment"
        raise ValueError(message)
    return told


def _decoded(content: str) -> bytes:
    if not content:
        message = "its content is empty"
        raise ValueError(message)
    try:
        return base64.b64decode(content, validate=True)
    except ValueError as failure:
        message = "its content is not base64"
        raise ValueError(message) from failure


def _end_of_minute(moment: str) -> str:
    """Return the last second of a minute. NetSuite's searches tell no seconds, and none may be missed."""
    return f"{moment[:17]}59Z"


def _text(told: object) -> str:
    return told if isinstance(told, str) and told else "?"
