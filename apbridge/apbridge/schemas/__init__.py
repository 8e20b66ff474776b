"""The canonical AP records: the published interface between taps and targets.

Each stream's JSON Schema (2020-12) is the file of its name in this folder. Records are validated as
they stand: dates stay strings, numbers with a fraction stay `Decimal`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import fastjsonschema

from apbridge.errors import RejectedError
from apbridge.json import MAX_DIGITS, OutsizedNumber
from apbridge.schemas.identifiers import EXTERNAL_ID

_FOLDER = resources.files(__package__)

CANONICAL = tuple(
    sorted(file.name.removesuffix(".json") for file in _FOLDER.iterdir() if file.name.endswith(".json"))
)
"""Names of the canonical streams: those that have a schema here."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME_UTC = re.compile(r"(T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?(?:Z|[+-]00:00)")
_JSON_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (dict, "object"),
    (list, "array"),
    (type(None), "null"),
    (OutsizedNumber, f"a number of more than {MAX_DIGITS} digits"),
)
_WANTED = {
    "date": "must be a date, such as 2026-11-02",
    "date-time": "must be a date-time in UTC, such as 2026-11-02T16:00:00Z",
    "pattern": "must match {}",
    "minLength": "must be at least {} characters long",
    "maxLength": "must be at most {} characters long",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
}
OUTSIZED = "APB-SNG-023"
"""Code of a rejection for a value that is beyond all bounds: it says nothing of the records beside it."""

_BOUNDS = {"minimum", "maximum", "maxLength"}


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return a canonical stream's JSON Schema. The caller must not change it.

    Raises:
        KeyError: No canonical stream has that name.
    """
    if stream not in CANONICAL:
        raise KeyError(stream)
    text = (_FOLDER / f"{stream}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def validator(stream: str) -> Callable[[Any], None]:
    """Return the check of a canonical stream's records; compiled once a process.

    The check returns nothing and changes nothing. What it raises names the field and never shows a
    value, for a value may be a tax id.

    Raises:
        KeyError: No canonical stream has that name.
    """
    compiled = fastjsonschema.compile(
        schema(stream), formats={"date": _is_date, "date-time": _is_date_time}, use_default=False
    )

    def check(record: Any) -> None:  # noqa: ANN401
        try:
            compiled(record)
        except fastjsonschema.JsonSchemaValueException as found:
            field, problem = _field_and_problem(found)
            is_outsized = found.rule in _BOUNDS or isinstance(found.value, OutsizedNumber)
            raise RejectedError(
                OUTSIZED if is_outsized else "APB-SNG-010",
                stream=stream,
                external_id=_name(record),
                field=field,
                problem=problem,
            ) from None

    return check


def in_order(moment: object) -> str | None:
    """Return a date-time in a form in which later ones sort after earlier ones; None for what is none."""
    if not isinstance(moment, str) or not _is_date_time(moment):
        return None
    time, fraction = _TIME_UTC.fullmatch(moment, 10).groups("")  # type: ignore[union-attr]
    return f"{moment[:10]}{time}.{fraction:0<6.6}Z"


def _name(record: Any) -> str:  # noqa: ANN401
    found = record.get("external_id") if isinstance(record, Mapping) else None
    return found if isinstance(found, str) and EXTERNAL_ID.fullmatch(found) else "(no external_id)"


def _field_and_problem(found: fastjsonschema.JsonSchemaValueException) -> tuple[str, str]:
    path = (found.name or "data").removeprefix("data").removeprefix(".")
    rule, value = found.rule, found.value
    if rule == "required":
        missing = [name for name in found.rule_definition if name not in value]
        return ", ".join(_joined(path, name) for name in missing), "is missing"
    if rule == "additionalProperties":
        unknown = sorted(set(value) - set(found.definition.get("properties", ())))
        return ", ".join(_joined(path, name[:100]) for name in unknown[:10]), "is not part of the schema"
    field = path or "the record"
    if rule == "type":
        allowed = found.rule_definition
        names = [allowed] if isinstance(allowed, str) else allowed
        return field, f"must be {' or '.join(names)}, not {_json_type(value)}"
    if rule == "enum":
        return field, f"must be one of {', '.join(str(item) for item in found.rule_definition)}"
    wanted = _WANTED.get(str(found.rule_definition if rule == "format" else rule), "must fit the schema")
    return field, wanted.format(found.rule_definition)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _json_type(value: Any) -> str:  # noqa: ANN401
    return next((name for kinds, name in _JSON_TYPES if isinstance(value, kinds)), "number")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    return _TIME_UTC.fullmatch(text, 10) is not None and _is_date(text[:10])
