"""How AvidXchange's lists behave, by the profile: read one or two pages of each, and look at their form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import Any

from apbridge.avidxchange import AvidXchangeReader, Shown
from apbridge.errors import APBridgeError
from apbridge_operator.survey import safe
from apbridge_operator.survey.result import Found

_LATELY = timedelta(days=2)
_PAGES = 2
_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_SIZE = re.compile(r"limit|size|count|top|take", re.IGNORECASE)
_TOTAL = re.compile(r"total|count", re.IGNORECASE)
_WORDS = ("status", "method")
"""Canonical fields whose values are words of a contract."""


def listing(reader: AvidXchangeReader, resource: str, place: Mapping[str, str]) -> Found:
    """Read up to two pages of a list, and what has changed lately.

    Raises:
        APBridgeError: The list is not where the profile says, or cannot be read as it says.
    """
    answers = list(islice(reader.answers(resource, place=place), _PAGES))
    answer, items = answers[0]
    listed = reader.profile.resources[resource].listing
    since = None
    if listed.modified_since:
        lately = datetime.now(timezone.utc) - _LATELY
        next(reader.answers(resource, modified_since=lately, place=place))
        since = listed.modified_since.granularity
    records, untranslated = _read(reader, resource, place, items)
    named = {name for item in items if isinstance(item, Mapping) for name in item if _NAME.fullmatch(name)}
    found = {name for record in records for name, value in record.items() if value not in (None, "", [], {})}
    return {
        "records": safe.amount(len(items)),
        "next_page": len(answers) > 1,
        "page": _page_size(listed.parameters, len(items), has_next=len(answers) > 1),
        "order": _order(records),
        "total": _tells_total(answer),
        "since": since,
        "names": sorted(named),
        "fields": sorted(found),
        "not_seen": sorted(set(listed.read.fields) - found) if records else [],
        "untranslated": untranslated,
        **{word: _words(records, word) for word in _WORDS if word in listed.read.fields},
    }


def _read(
    reader: AvidXchangeReader, resource: str, place: Mapping[str, str], items: Sequence[Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read items; one with a word that the profile does not translate is no record, and the word is told."""
    records, untranslated = [], set()
    for item in items:
        try:
            records.append(reader.read(resource, Shown("", item), place=place))
        except APBridgeError as error:  # noqa: PERF203 - few items, and each may have its own word
            if error.code != "APB-AX-031":
                raise
            untranslated.add(safe.word(str(error.facts["word"])))
    for record in records:
        for word in _WORDS:
            if record.get(word) == "unknown":
                untranslated.add(safe.word(str(record.get(f"native_{word}"))))
    return records, sorted(untranslated)


def size_parameter(parameters: Mapping[str, str | int]) -> str | None:
    """Return which of a list's parameters asks for so many records a page; None where none does."""
    return next((name for name, value in parameters.items() if _is_size(name, value)), None)


def _is_size(name: str, value: str | int) -> bool:
    return bool(_SIZE.search(name)) and str(value).isdecimal()


def _page_size(parameters: Mapping[str, str | int], shown: int, *, has_next: bool) -> str:
    name = size_parameter(parameters)
    if name is None:
        return "not asked for"
    asked = int(parameters[name])
    if shown > asked:
        return "longer than asked for"
    if has_next and shown < asked:
        return "shorter than asked for"
    return "as asked for" if has_next else "one page"


def _order(records: Sequence[Mapping[str, Any]]) -> str:
    """Return in which order the records came, by when they changed or else by their ids."""
    shown: Sequence[Sequence[Any]] = (_moments(records), _ids(records))
    for marks in shown:
        if len(set(marks)) > 1:
            pairs = list(pairwise(marks))
            if all(before <= after for before, after in pairs):
                return "ascending"
            if all(before >= after for before, after in pairs):
                return "descending"
    return "none seen" if len(records) > 1 else "too few"


def _moments(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(one["modified_at"]) for one in records if one.get("modified_at")]


def _ids(records: Sequence[Mapping[str, Any]]) -> list[int]:
    return [int(one["id"]) for one in records if str(one.get("id")).isdecimal()]


def _tells_total(answer: Any) -> bool:  # noqa: ANN401
    """Return whether an answer, or a part of it that is no list, has a number named as a total."""
    if not isinstance(answer, Mapping):
        return False
    return any(
        (isinstance(value, int) and bool(_TOTAL.search(name))) or _tells_total(value)
        for name, value in answer.items()
    )


def _words(records: Sequence[Mapping[str, Any]], field: str) -> list[str]:
    return sorted({safe.word(str(record[field])) for record in records if record.get(field)})


def places(resource: str, dimensions: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Yield where the lists of a resource are: of dimensions there is one each."""
    yield from ({"dimension": name} for name in dimensions) if resource == "dimension_value" else ({},)
