"""How sure a profile is of what it says, operation by operation and field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange.profile_files import EXTENDS
from apbridge.declared_file import Declared, Steps

EVIDENCE = "evidence"
"""The key that says it."""

ASSUMED = "assumed"

WORDS = (ASSUMED, "seen", "documented", "yours")
"""From the least sure to the surest: it is the customer who decides."""

OPEN = "OPEN"
"""What stands in a draft where nobody has said yet: no plugin runs by a profile that has it."""

_REST = "otherwise"
_NOT_SAID = {"name", EXTENDS, EVIDENCE}
_TEMPLATES = ("read", "body")


@dataclass(frozen=True)
class ProfileValue:
    """One value of a profile.

    Args:
        operation: Of which operation, such as `payment.list`, or which other part, such as `sign_in`.
        key: What of it, such as `path` or `read.remit_to.city`.
        is_field: Whether that is a field of a record, and no key of the operation itself.
        steps: Where it stands.
        value: What it is.
    """

    operation: str
    key: str
    is_field: bool
    steps: Steps
    value: Any


@dataclass(frozen=True)
class Sureness:
    """The evidence of each operation, and of each field by its operation and key."""

    operations: Mapping[str, str]
    fields: Mapping[str, str]


def values_of(declared: Any) -> Iterator[ProfileValue]:  # noqa: ANN401
    """Yield every value of a profile, or of what a file adds to one."""
    for name, value in _items(declared):
        if name == "resources":
            for resource, operations in _items(value):
                yield from _of_resource(resource, operations)
        elif name not in _NOT_SAID:
            yield from _plain(name, value, (name,), ())


def open_places(declared: Any) -> list[str]:  # noqa: ANN401
    """Return each key of a profile of which nobody has said yet what it is."""
    found = [
        f"{value.operation}.{value.key}"
        for value in values_of(declared)
        if OPEN in (value.value, value.steps[-1]) or value.value == f"/{OPEN}"
    ]
    return list(dict.fromkeys(found))


def sureness(layers: list[tuple[Declared, Declared]]) -> Sureness:
    """Return how sure each operation and each field is: as sure as the least sure value of it.

    Args:
        layers: Each file and what comes of it and of all that it extends, the uppermost first.
    """
    said = [(layer.position(()).file, dict(_statements(own.value))) for own, layer in layers]
    whole = layers[0][1]
    operations: dict[str, str] = {}
    fields: dict[str, str] = {}
    for part in values_of(whole.value):
        found, name = (
            (fields, f"{part.operation}.{part.key}") if part.is_field else (operations, part.operation)
        )
        word = _evidence(part, whole.position(part.steps).file, said)
        found[name] = min(found.get(name, WORDS[-1]), word, key=WORDS.index)
    return Sureness(operations, fields)


def misnamed(layers: list[tuple[Declared, Declared]]) -> Iterator[tuple[Declared, Steps]]:
    """Yield each file and place that gives the evidence of something that is not there."""
    for own, layer in layers:
        there = [place_of(part) for part in values_of(layer.value)]
        for place, steps in _named(own.value):
            if not any(one[: len(place)] == place for one in there):
                yield own, steps


def _of_resource(resource: str, operations: Any) -> Iterator[ProfileValue]:  # noqa: ANN401
    for operation, keys in _items(operations):
        name = f"{resource}.{operation}"
        for key, value in _items(keys):
            if EVIDENCE in {operation, key}:
                continue
            steps = ("resources", resource, operation, key)
            if key in _TEMPLATES:
                yield from _template(name, value, steps, (key,))
            else:
                yield from _plain(name, value, steps, (key,))


def _template(operation: str, template: Any, steps: Steps, keys: tuple[str, ...]) -> Iterator[ProfileValue]:  # noqa: ANN401
    for name, value in _items(template):
        here, field = (*steps, name), (*keys, name)
        inner = value.get("fields") if isinstance(value, Mapping) else None
        own = {key: one for key, one in value.items() if key != "fields"} if inner else value
        for part in _plain(operation, own, here, ()):
            # All that says how one field is read is one field.
            yield ProfileValue(operation, ".".join(field), is_field=True, steps=part.steps, value=part.value)
        yield from _template(operation, inner, (*here, "fields"), field)


def _plain(operation: str, value: Any, steps: Steps, keys: tuple[str, ...]) -> Iterator[ProfileValue]:  # noqa: ANN401
    inner = _items(value)
    if not inner:
        yield ProfileValue(operation, ".".join(keys), is_field=False, steps=steps, value=value)
    for key, one in inner:
        yield from _plain(operation, one, (*steps, key), (*keys, key))


def _items(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    """Return the keys of a mapping with their values; what is none has none."""
    return [(str(key), one) for key, one in value.items()] if isinstance(value, Mapping) else []


def _evidence(part: ProfileValue, file: str, said: list[tuple[str, dict[Steps, str]]]) -> str:
    place = place_of(part)
    for name, statements in said:
        is_own = name == file
        # What a file says of all its own does not reach down to what it extends.
        for length in range(len(place), -1 if is_own else 0, -1):
            if (word := statements.get(place[:length])) is not None:
                return word
        if is_own:
            break
    return WORDS[-1]


def place_of(part: ProfileValue) -> Steps:
    """Return what a statement calls it: as its keys, without what only a template needs."""
    if not part.is_field:
        return part.steps
    return ("resources", *part.operation.split("."), *part.key.split("."))


def _statements(declared: Any) -> Iterator[tuple[Steps, str]]:  # noqa: ANN401
    for steps, said in _said(declared):
        if isinstance(said, str):
            yield steps, said
        for key, word in said.items() if isinstance(said, Mapping) else ():
            yield (*steps, *([] if key == _REST else str(key).split("."))), word


def _named(declared: Any) -> Iterator[tuple[Steps, Steps]]:  # noqa: ANN401
    """Yield what is named in statements, with where the statement stands."""
    for steps, said in _said(declared):
        for key in said if isinstance(said, Mapping) else ():
            if key != _REST:
                yield (*steps, *str(key).split(".")), (*steps, EVIDENCE, str(key))


def _said(declared: Any) -> Iterator[tuple[Steps, Any]]:  # noqa: ANN401
    """Yield the places where evidence may be given, each with what is said there."""
    places: list[tuple[Steps, Any]] = [((), declared)]
    for resource, operations in _items(dict(_items(declared)).get("resources")):
        places.append((("resources", resource), operations))
        places += [(("resources", resource, name), one) for name, one in _items(operations)]
    return ((steps, one[EVIDENCE]) for steps, one in places if isinstance(one, Mapping) and EVIDENCE in one)
