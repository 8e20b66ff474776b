"""A profile's file, checked: each mistake with its line and its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError, best_match  # type: ignore[import-untyped]

from apbridge import json
from apbridge.avidxchange.canonical import misread
from apbridge.avidxchange.expressions import ExpressionError, compiled
from apbridge.declared_file import MalformedFileError, YamlFile

_Path = tuple[str | int, ...]
_formats = FormatChecker(())


@dataclass(frozen=True)
class Problem:
    """One mistake in a profile.

    Args:
        line: Where, from 1.
        key: Of what, such as `resources.vendor.list.items`; empty where it is the file itself.
        says: What is wrong with it.
    """

    line: int
    key: str
    says: str

    def __str__(self) -> str:
        return f"{self.key}: {self.says}" if self.key else self.says


def checked(text: str) -> tuple[Any, list[Problem]]:
    """Read a profile's YAML and check it by `profile.schema.json` and by what it has to read.

    Returns:
        What it declares, and every mistake in it.
    """
    try:
        file = YamlFile(text)
        declared = file.value(file.root)
    except MalformedFileError as failure:
        return None, [Problem(failure.line, "", failure.says)]
    lines: dict[_Path, int] = {}
    problems = list(_walked(file.root, (), lines))
    failures = [best_match([failure]) for failure in _validator().iter_errors(declared)]
    # A key that is misspelt is also one that is missing: what is there is told first.
    for found in sorted(failures, key=lambda one: bool(one.validator == "required")):
        problems += _problems(found, lines)
    if not problems:
        problems += [Problem(_line(path, lines), _told(path), says) for path, says in misread(declared)]
    return declared, problems


@cache
def schema() -> Mapping[str, Any]:
    """Give the JSON Schema of profiles."""
    file = resources.files("apbridge.avidxchange") / "profile.schema.json"
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema(), format_checker=_formats)


@_formats.checks("jmespath", ExpressionError)  # type: ignore[untyped-decorator]
def _is_expression(value: object) -> bool:
    if isinstance(value, str):
        compiled(value)
    return True


@_formats.checks("time-zone", (KeyError, OSError, ValueError))  # type: ignore[untyped-decorator]
def _is_zone(value: object) -> bool:
    if isinstance(value, str):
        ZoneInfo(value)
    return True


def _walked(node: yaml.Node | None, path: _Path, lines: dict[_Path, int]) -> Iterator[Problem]:
    """Note the line of every key; a key that is there twice would silently win over the first."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            line = key.start_mark.line + 1
            if here[-1] in seen:
                yield Problem(line, _told(here), "it is there twice")
            seen.add(str(here[-1]))
            lines[here] = line
            yield from _walked(value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            item = (*path, index)
            lines[item] = value.start_mark.line + 1
            yield from _walked(value, item, lines)


def _problems(failure: ValidationError, lines: Mapping[_Path, int]) -> Iterator[Problem]:
    path: _Path = tuple(failure.absolute_path)
    for key, says in _explained(failure):
        place = path if key is None else (*path, key)
        yield Problem(_line(place, lines), _told(place), says)


def _explained(failure: ValidationError) -> list[tuple[str | None, str]]:
    """Say what is wrong, of the value or of one of its keys."""
    schema, value = failure.schema, failure.instance
    if failure.validator == "additionalProperties" and isinstance(value, Mapping):
        known = schema.get("properties", {})
        hint = f"it is not a key here; there are {', '.join(known)}"
        return [(str(key), hint) for key in value if key not in known]
    if failure.validator == "format":
        return [(None, _first_line(failure.cause) if failure.cause else f"it is not a {schema['format']}")]
    if failure.validator == "enum":
        return [(None, f"{value!r} is none of {', '.join(map(str, failure.validator_value))}")]
    if failure.validator in {"oneOf", "anyOf"} and isinstance(value, Mapping):
        ways = ["+".join(one.get("required", ())) for one in failure.validator_value]
        return [
            (None, f"it takes {' or '.join(way for way in ways if way)}, not {'+'.join(value) or 'nothing'}")
        ]
    if failure.validator == "not":
        return [(None, f"it takes only one of {', '.join(failure.validator_value['required'])}")]
    return [(None, str(failure.message))]


def _first_line(cause: BaseException) -> str:
    if isinstance(cause, ExpressionError):
        return str(cause)
    return "there is no such time zone"


def _line(path: _Path, lines: Mapping[_Path, int]) -> int:
    """Find the line of a key, or of the nearest above it that is in the file."""
    texts = tuple(step if isinstance(step, int) else str(step) for step in path)
    return next((lines[texts[:end]] for end in range(len(texts), 0, -1) if texts[:end] in lines), 1)


def _told(path: Sequence[str | int]) -> str:
    return ".".join(str(step) for step in path)
