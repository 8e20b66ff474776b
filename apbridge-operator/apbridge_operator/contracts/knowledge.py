"""What is known of how others name the records and operations of AP: `knowledge.yaml`, `operations.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from apbridge.declared_file import values
from apbridge_operator.contracts.names import words_of

Words = tuple[str, ...]


@dataclass(frozen=True)
class Concept:
    """One field of a record.

    Args:
        name: Our name of it.
        synonyms: What others call it.
        told: What its description may say, whatever it is called.
        untold: What its description says where it is something else.
        kind: What it is, as `knowledge.yaml` says.
        read: Which canonical field it is; None where it is only sent.
        body: The expression that fills it where it is sent; None where it is only read.
        read_as: How it is read, `{}` being where it is found.
        otherwise: What it is read as where there is nothing of the kind.
        is_cut: Whether it is shortened to what is taken.
        inner: The fields of it, where it is an object or a list of objects.
    """

    name: str
    synonyms: tuple[Words, ...]
    told: tuple[Words, ...]
    untold: tuple[Words, ...]
    kind: str
    read: str | None
    body: str | None
    read_as: str
    otherwise: str
    is_cut: bool
    inner: tuple[Concept, ...]


@dataclass(frozen=True)
class ResourceWords:
    """One kind of record: what it is called, and what its fields are."""

    words: tuple[Words, ...]
    concepts: tuple[Concept, ...]


@cache
def known() -> Mapping[str, ResourceWords]:
    """Return what is known of the records, by the profile's names of them."""
    return {
        name: ResourceWords(_synonyms(told["words"]), _concepts(told["fields"]))
        for name, told in _declared("knowledge.yaml").items()
    }


@cache
def terms(kind: str, name: str) -> tuple[Words, ...]:
    """Return what something is called, such as the `cursor` of an `answer`."""
    return _synonyms(_declared("operations.yaml")[kind][name])


@cache
def whole(kind: str) -> Any:  # noqa: ANN401
    """Return a part of `operations.yaml` as it stands."""
    return _declared("operations.yaml")[kind]


@cache
def _declared(file: str) -> Any:  # noqa: ANN401
    return values((resources.files(__package__) / file).read_text(encoding="utf-8"))


def _concepts(fields: Mapping[str, Any]) -> tuple[Concept, ...]:
    return tuple(
        Concept(
            name,
            _synonyms(told["is"]),
            _synonyms(told.get("told", [])),
            _synonyms(told.get("untold", [])),
            told.get("kind", "text"),
            told.get("read", name),
            told.get("body", name),
            told.get("as", ""),
            told.get("else", ""),
            told.get("cut", False),
            _concepts(told.get("fields", {})),
        )
        for name, told in fields.items()
    )


def _synonyms(names: list[str]) -> tuple[Words, ...]:
    return tuple(words_of(str(name)) for name in names)
