"""What a description of an API says, whatever its form: calls, and shapes of what they carry; no values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["object", "list", "text", "number", "flag", "any"]
Evidence = Literal["documented", "seen"]

_FORMS = (
    ("date", re.compile(r"\d{4}-\d{2}-\d{2}")),
    ("date-time", re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")),
    ("uri", re.compile(r"https?://.+")),
)
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")


@dataclass(frozen=True)
class ValueShape:
    """What a value may be.

    Args:
        kind: What JSON calls it; `any` where nobody says.
        fields: Of an object.
        item: Of a list.
        form: `date`, `date-time`, `uri` or `binary`, where it is a text of such a form.
        words: The words that it may be.
        about: What is said of it.
        most: How many characters or items it may have, or how large a number may be.
        needed: Whether it has to be there.
    """

    kind: Kind = "any"
    fields: Mapping[str, ValueShape] = field(default_factory=dict)
    item: ValueShape | None = None
    form: str = ""
    words: tuple[str, ...] = ()
    about: str = ""
    most: int | None = None
    needed: bool = False

    @property
    def is_list_of_objects(self) -> bool:
        """Whether it is a list of records."""
        return self.kind == "list" and self.item is not None and self.item.kind == "object"

    def leaves(self, most: int = 3) -> Iterator[tuple[tuple[str, ...], ValueShape]]:
        """Yield what is in an object by its way there, and what is in the objects in it, so many deep."""
        for name, shape in self.fields.items():
            yield (name,), shape
            if shape.kind == "object" and most > 1:
                for path, inner in shape.leaves(most - 1):
                    yield (name, *path), inner


@dataclass(frozen=True)
class DescribedCall:
    """One call that the API takes.

    Args:
        method: Its HTTP method.
        path: Its path below the API's address; what varies in it stands in braces.
        about: What is said of it.
        query: The parameters of its query.
        headers: Headers of its own.
        body: What it carries; None where it carries nothing, or no JSON.
        media_types: What its body may be.
        answer: What is answered where it is done.
        refusal: What is answered where it is refused.
        answer_headers: Headers of an answer.
    """

    method: str
    path: str
    about: str = ""
    query: Mapping[str, ValueShape] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    body: ValueShape | None = None
    media_types: tuple[str, ...] = ()
    answer: ValueShape | None = None
    refusal: ValueShape | None = None
    answer_headers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class ApiDescription:
    """All that a file says.

    Args:
        kind: What the file is, in words.
        evidence: How sure that is.
        calls: The calls, in the order of the file.
        headers: Headers that sign in.
        token_url: Where credentials are exchanged for a token of OAuth 2.0; empty where that is not done.
        by_password: Whether those are a user's name and password, and not a client's.
        by_bearer: Whether calls carry a bearer that is told once for all, beside such a token or alone.
        stripped: How many secrets there were, by where they stood.
        unread: What could not be followed, such as references to other files.
    """

    kind: str
    evidence: Evidence
    calls: tuple[DescribedCall, ...]
    headers: tuple[str, ...] = ()
    token_url: str = ""
    by_password: bool = False
    by_bearer: bool = False
    stripped: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def shape_of(value: Any, *, keeps_word: bool = False) -> ValueShape:  # noqa: ANN401
    """Return the shape of a value that was seen; the value itself is kept only where it is to be a word."""
    if isinstance(value, Mapping):
        return ValueShape("object", {str(name): shape_of(one) for name, one in value.items()})
    if isinstance(value, list):
        found: ValueShape | None = None
        for one in value:
            found = merged(found, shape_of(one))
        return ValueShape("list", item=found)
    if isinstance(value, bool):
        return ValueShape("flag")
    if isinstance(value, str):
        form = next((name for name, pattern in _FORMS if pattern.fullmatch(value)), "")
        words = (value,) if keeps_word and _WORD.fullmatch(value) else ()
        return ValueShape("text", form=form, words=words)
    return ValueShape() if value is None else ValueShape("number")


def merged(one: ValueShape | None, other: ValueShape | None) -> ValueShape | None:
    """Return the shape of what is sometimes the one and sometimes the other."""
    if one is None or other is None:
        return one or other
    if "any" in {one.kind, other.kind}:
        return one if other.kind == "any" else other
    if one.kind != other.kind:
        return ValueShape()
    names = dict.fromkeys((*one.fields, *other.fields))
    pairs = {name: merged(one.fields.get(name), other.fields.get(name)) for name in names}
    return replace(
        one,
        fields={name: shape for name, shape in pairs.items() if shape},
        item=merged(one.item, other.item),
        form=one.form if one.form == other.form else "",
        words=tuple(dict.fromkeys((*one.words, *other.words))),
    )
