"""A draft as YAML, with a note at what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from apbridge import json
from apbridge.printable import printable

_PLAIN = re.compile(r"[A-Za-z_/](?:[\w ./{}()'`|,&?=\[\]@<>!-]*[\w./})'`\]])?")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z_/][\w./()-]*")
_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~")
_WIDTH = 100
_WRAPPING = {"fields", "list"}


def as_yaml(declared: Mapping[str, Any], whys: Mapping[str, str], head: tuple[str, ...]) -> str:
    """Return a draft as the text of a file.

    Args:
        declared: What it says.
        whys: A note for a key, by its place.
        head: Lines that it begins with, as notes.
    """
    lines = [*(f"# {printable(one)}".rstrip() for one in head), ""]
    for key, value in declared.items():
        lines += [*_lines(key, value, key, whys, 0), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(key: str, value: Any, place: str, whys: Mapping[str, str], deep: int) -> Iterator[str]:  # noqa: ANN401
    begin = "  " * deep + f"{_key(key)}:"
    note = f"  # {printable(whys[place])}" if place in whys else ""
    if not isinstance(value, Mapping):
        yield f"{begin} {_value(value)}{note}"
        return
    flow = _flow(value)
    is_noted = any(one.startswith(f"{place}.") for one in whys)
    if not is_noted and len(begin) + len(flow) < _WIDTH and not _has_inner(value):
        yield f"{begin} {flow}{note}"
        return
    yield begin + note
    for name, inner in value.items():
        # A field of an object is noted by its own name, without what only a template needs.
        at = place if name == "fields" else f"{place}.{name}"
        yield from _lines(
            str(name),
            inner,
            at,
            {} if at == place and not isinstance(inner, Mapping) else _without(whys, at, place),
            deep + 1,
        )


def _without(whys: Mapping[str, str], at: str, place: str) -> Mapping[str, str]:
    return {key: why for key, why in whys.items() if key != place} if at == place else whys


def _has_inner(value: Mapping[str, Any]) -> bool:
    return any(isinstance(one, Mapping) and one for one in value.values())


def _flow(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _text(value, _PLAIN_IN_FLOW)


def _value(value: Any) -> str:  # noqa: ANN401
    return _flow(value) if isinstance(value, list) else _text(value, _PLAIN)


def _key(key: str) -> str:
    return (
        key
        if re.fullmatch(r"[A-Za-z_][\w .-]*\w|[A-Za-z_]", key) and not _WORDS.fullmatch(key)
        else _quoted(key)
    )


def _text(value: Any, plain: re.Pattern[str]) -> str:  # noqa: ANN401
    if isinstance(value, str) and not (plain.fullmatch(value) and not _WORDS.fullmatch(value)):
        return _quoted(value)
    return value if isinstance(value, str) else json.dumps(value).decode()


def _quoted(text: str) -> str:
    return json.dumps(printable(text)).decode()
