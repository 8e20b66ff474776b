"""What of an account may be in a report: words of fixed vocabularies, shares and amounts in coarse steps.

Anybody may come to read a report. So no value gets into it but through here, and the queries read no column
that holds a name, a number of a document, an amount or an id where its values are kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

OTHER = "other"
"""Stands for a word that may not be told."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_CUSTOM = re.compile(r"cust|cseg", re.IGNORECASE)
_MOST = ((0, "none"), (1, "one"), (9, "a few"), (99, "tens"), (999, "hundreds"), (99_999, "thousands"))
_DAY = (
    ("2026", "YYYY"),
    ("March", "MONTH"),
    ("Mar", "MON"),
    ("03", "MM"),
    ("3", "M"),
    ("04", "DD"),
    ("4", "D"),
)
_TIME = re.compile(r"\d{1,2}(?P<mark>[:-])\d{2}(?:[:-]\d{2})?(?: (?P<half>[AaPp][Mm]))?$")
_FORM = re.compile(r"[YMDONTH]{1,5}(?:[-/. ]{1,2}[YMDONTH]{1,5}){2}")

_TOLD = re.compile(r"[A-Za-z0-9-][A-Za-z0-9 ,;.:/>()_-]{0,999}|")
_LONG_NUMBER = re.compile(r"[0-9]{4}")
_MOST_NUMBER = 999

SAMPLE_DAY = "2026-03-04"
"""A day whose form shows which part is which, and whether zeros are written."""


def word(text: str, known: Collection[str] | None = None) -> str:
    """Return a word of a vocabulary; an account's own words by their kind alone.

    Args:
        text: The word.
        known: The whole vocabulary, for words out of data: a company's own word may be anybody's name. None
            for the words that a program or a contract has chosen.
    """
    if known is not None and text in known:
        return text
    if _CUSTOM.match(text):
        return "custom"
    return text if known is None and _WORD.fullmatch(text) else OTHER


def amount(number: int) -> str:
    """Return about how many there are."""
    return next((name for most, name in _MOST if number <= most), "more")


def share(part: int, whole: int) -> str | None:
    """Return about which share of the rows it is; None where there are none."""
    if whole == 0:
        return None
    if part in {0, whole}:
        return "none" if part == 0 else "all"
    rate = part / whole
    return "few" if rate < 0.1 else "most" if rate > 0.9 else "some"  # noqa: PLR2004


def form_of_day(shown: str) -> str:
    """Return the form in which `SAMPLE_DAY` was written, such as `M/D/YYYY`."""
    for part, name in _DAY:
        shown = shown.replace(part, name, 1)
    return shown if _FORM.fullmatch(shown) else OTHER


def form_of_time(shown: str) -> str:
    """Return the form of the time of day at the end of a text, as NetSuite's preferences name it."""
    found = _TIME.search(shown)
    return (
        OTHER
        if found is None
        else f"{'h' if found['half'] else 'H'}{found['mark']}mm{' a' if found['half'] else ''}"
    )


def is_safe(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value holds words and small numbers alone: a guard over a probe that forgets it."""
    return all(_is_safe(part) for part in _parts(value))


def _is_safe(part: object) -> bool:
    if isinstance(part, str):
        return bool(_TOLD.fullmatch(part)) and not _LONG_NUMBER.search(part)
    return part is None or (isinstance(part, int) and abs(part) <= _MOST_NUMBER)


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(value, Mapping):
        yield from _parts([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _parts(each)
    else:
        yield value
