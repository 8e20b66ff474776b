"""A profile: one AvidXchange API contract, as data.

The YAML is checked by `profile.schema.json`; its expressions are compiled once, when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError, best_match  # type: ignore[import-untyped]

from apbridge import json
from apbridge.avidxchange.expressions import Expression, ExpressionError, compiled
from apbridge.avidxchange.template import Template
from apbridge.errors import SettingError

_PACKAGE = resources.files("apbridge.avidxchange")
_SHIPPED = _PACKAGE / "profiles"


@dataclass(frozen=True)
class Operation:
    """One write: where it goes and what it carries."""

    method: str
    path: str
    body: Template | None = None
    remote_id: Expression | None = None


@dataclass(frozen=True)
class ModifiedSince:
    """How a list is narrowed to what has changed."""

    parameter: str
    granularity: str


@dataclass(frozen=True)
class Listing:
    """One list: where it is, how it is paged, and how an item is read."""

    path: str
    parameters: Mapping[str, str | int]
    filters: Mapping[str, str]
    modified_since: ModifiedSince | None
    items: Expression
    cursor: Expression | None
    cursor_parameter: str
    external_id: Expression
    read: Template


@dataclass(frozen=True)
class ImageRules:
    """How an invoice's picture is sent, and which pictures are taken."""

    method: str
    path: str
    headers: Template
    most: int
    largest: int
    media_types: tuple[str, ...]
    sha256: Expression | None


@dataclass(frozen=True)
class Resource:
    """What can be done with one kind of record."""

    listing: Listing
    upsert: Operation | None = None
    cancel: Operation | None = None
    image: ImageRules | None = None


@dataclass(frozen=True)
class Meaning:
    """The codes and statuses of refusals that mean one thing to us."""

    word: str
    codes: tuple[str, ...]
    statuses: tuple[int, ...]


@dataclass(frozen=True)
class ErrorRules:
    """Where a refusal says what is wrong."""

    message: Expression
    items: Expression | None
    read: Template
    meanings: tuple[Meaning, ...]

    def meaning(self, codes: Sequence[str], status: int) -> str:
        """Give our word for a refusal; empty where the profile has none."""
        by_code = (rule.word for rule in self.meanings if any(code in rule.codes for code in codes))
        by_status = (rule.word for rule in self.meanings if status in rule.statuses)
        return next(by_code, next(by_status, ""))


@dataclass(frozen=True)
class Profile:
    """One AvidXchange API contract."""

    name: str
    sign_in_headers: Mapping[str, str]
    check_path: str
    request_id_header: str | None
    errors: ErrorRules
    resources: Mapping[str, Resource]

    @classmethod
    def load(cls, name: str) -> Profile:
        """Load a profile that ships, by its name, or any other by the path of its file.

        Raises:
            SettingError: There is no such profile, or it is not valid; it says in which line.
        """
        text = _text(name)
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            declared = yaml.safe_load(text)
        except yaml.YAMLError as failure:
            mark = getattr(failure, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise _invalid(name, line, "it is not YAML") from failure
        failure_found = best_match(_validator().iter_errors(declared))
        if failure_found is not None:
            raise _invalid(name, _line(root, failure_found.absolute_path), _problem(failure_found))
        try:
            return _build(declared)
        except ExpressionError as failure:
            raise _invalid(name, _line_of_text(text, str(failure)), str(failure)) from failure


def shipped() -> list[str]:
    """Give the names of the profiles that ship."""
    return sorted(file.name.removesuffix(".yaml") for file in _SHIPPED.iterdir())


def _text(name: str) -> str:
    if name in shipped():
        return (_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingError("APB-AX-001", profile=name, shipped=", ".join(shipped())) from failure


@cache
def _validator() -> Draft202012Validator:
    text = (_PACKAGE / "profile.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _invalid(profile: str, line: int, problem: str) -> SettingError:
    return SettingError("APB-AX-002", profile=profile, line=line, problem=problem)


def _problem(failure: ValidationError) -> str:
    where = ".".join(str(step) for step in failure.absolute_path)
    return f"{where}: {failure.message}" if where else str(failure.message)


def _line(root: yaml.Node | None, path: Sequence[str | int]) -> int:
    """Find the line that a path of keys leads to."""
    node, line = root, 1
    for step in path:
        children = dict(_children(node))
        if step not in children:
            break
        line, node = children[step]
    return line


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, tuple[int, yaml.Node]]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, (key.start_mark.line + 1, value)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, (value.start_mark.line + 1, value)


def _line_of_text(text: str, message: str) -> int:
    quoted = re.match(r"'(.*)' is not JMESPath", message)
    position = text.find(quoted[1]) if quoted else -1
    return text.count("\n", 0, max(position, 0)) + 1


def _build(declared: Mapping[str, Any]) -> Profile:
    return Profile(
        name=declared["name"],
        sign_in_headers=declared["sign_in"]["headers"],
        check_path=declared["check"]["path"],
        request_id_header=declared.get("answers", {}).get("request_id"),
        errors=_errors(declared["errors"]),
        resources={name: _resource(resource) for name, resource in declared["resources"].items()},
    )


def _errors(declared: Mapping[str, Any]) -> ErrorRules:
    return ErrorRules(
        message=compiled(declared["message"]),
        items=_optional(declared, "items"),
        read=Template.compile(declared.get("read", {})),
        meanings=tuple(
            Meaning(word, tuple(rule.get("codes", ())), tuple(rule.get("statuses", ())))
            for word, rule in declared["meanings"].items()
        ),
    )


def _resource(declared: Mapping[str, Any]) -> Resource:
    return Resource(
        listing=_listing(declared["list"]),
        upsert=_operation(declared.get("upsert")),
        cancel=_operation(declared.get("cancel")),
        image=_image(declared.get("image")),
    )


def _operation(declared: Mapping[str, Any] | None) -> Operation | None:
    if declared is None:
        return None
    return Operation(
        method=declared["method"],
        path=declared["path"],
        body=Template.compile(declared["body"]) if "body" in declared else None,
        remote_id=_optional(declared, "remote_id"),
    )


def _listing(declared: Mapping[str, Any]) -> Listing:
    next_page = declared.get("next", {})
    since = declared.get("modified_since")
    return Listing(
        path=declared["path"],
        parameters=declared.get("parameters", {}),
        filters=declared.get("filters", {}),
        modified_since=ModifiedSince(**since) if since else None,
        items=compiled(declared["items"]),
        cursor=_optional(next_page, "cursor"),
        cursor_parameter=next_page.get("parameter", ""),
        external_id=compiled(declared["external_id"]),
        read=Template.compile(declared["read"]),
    )


def _image(declared: Mapping[str, Any] | None) -> ImageRules | None:
    if declared is None:
        return None
    return ImageRules(
        method=declared["method"],
        path=declared["path"],
        headers=Template.compile(declared["headers"]),
        most=declared["most"],
        largest=declared["largest"],
        media_types=tuple(declared["media_types"]),
        sha256=_optional(declared, "sha256"),
    )


def _optional(declared: Mapping[str, Any], key: str) -> Expression | None:
    return compiled(declared[key]) if key in declared else None
