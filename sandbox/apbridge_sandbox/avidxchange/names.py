"""The words of another surface for what `avidconnect` calls otherwise, both ways: see its `names.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from apbridge_sandbox.avidxchange.answers import refusal

Names = Mapping[str, Any]
"""Each field of `avidconnect` with its name here; of an object or a list of them, its fields' names too."""

_STEP = re.compile(r"([^.\[]+)((?:\[\d+\])*)")


@cache
def names_of(surface: str) -> Mapping[str, Names]:
    """Return the names of a surface, by kind of record."""
    text = (resources.files(__package__) / surface / "names.json").read_bytes()
    found: Mapping[str, Names] = msgspec.json.decode(text)
    return found


def read(kind: Names, given: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Translate what was sent.

    Raises:
        RefusalError: 422: a field is not known here.
    """
    known = {_name(told): (core, _inner(told)) for core, told in kind.items()}
    translated = {}
    for name, value in given.items():
        if name not in known:
            field = f"{place}{name}"
            raise refusal(422, "unknown_field", f"There is no field {name}.", field)
        core, inner = known[name]
        translated[core] = _read(inner, value, f"{place}{name}")
    return translated


def _read(inner: Names | None, value: Any, place: str) -> Any:  # noqa: ANN401
    if inner and isinstance(value, dict):
        return read(inner, value, f"{place}.")
    if inner and isinstance(value, list):
        return [_read(inner, item, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def show(kind: Names, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Translate what `avidconnect` shows."""
    return {_name(kind[core]): _show(_inner(kind[core]), value) for core, value in shown.items()}


def _show(inner: Names | None, value: Any) -> Any:  # noqa: ANN401
    if inner and isinstance(value, dict):
        return show(inner, value)
    if inner and isinstance(value, list):
        return [_show(inner, item) for item in value]
    return value


def field(kind: Names, core: str | None) -> str | None:
    """Translate the place of a field, such as `lines[0].glCode`."""
    if core is None:
        return None
    inner: Names | None = kind
    steps = []
    for name, index in _STEP.findall(core):
        told = (inner or {}).get(name, name[:1].upper() + name[1:])
        steps.append(_name(told) + index)
        inner = _inner(told)
    return ".".join(steps)


def code(core: str) -> str:
    """Translate an error code: `unknown_gl_code` is `UnknownGlCode` here."""
    return "".join(word.capitalize() for word in core.split("_"))


def _name(told: str | list[Any]) -> str:
    return told if isinstance(told, str) else str(told[0])


def _inner(told: str | list[Any]) -> Names | None:
    return None if isinstance(told, str) else told[1]
