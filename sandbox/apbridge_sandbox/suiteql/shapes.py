"""Queries that differ in nothing but their values, parsed once: a client asks few, each again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from sqlglot import exp

from apbridge_sandbox.suiteql.dialect import parse
from apbridge_sandbox.suiteql.errors import SuiteQLError

_REMEMBERED = 512
_TEXT = r"'(?:[^']|'')*'"
_VALUE = re.compile(_TEXT + r"|(?<![\w.$#])\d{1,9}(?![\w.$#])")
# Where a value may be parsed by what it is, or what looks like one may be none; texts are empty here.
_OTHERS = re.compile(r"""["?]|--|/\*|\w'|\b(?:cast|date|interval|time|timestamp)\b\s*['(]""", re.IGNORECASE)
_NUMBERS_FROM = 10**30
"""Of the numbers that stand for others; no column holds one so large."""
_NUMBERED = re.compile(rf"'\d+'|\b1\d{{{len(str(_NUMBERS_FROM)) - 1}}}\b")

_parsed = lru_cache(maxsize=_REMEMBERED)(parse)
_filling = Lock()


@contextmanager
def parsed(
    query: str, params: tuple[object, ...] = (), *, with_queries: bool = False
) -> Iterator[exp.Select | exp.SetOperation]:
    """Lend a query as it is parsed, to be read only.

    Args:
        query: As `parse` takes it.
        params: Likewise.
        with_queries: Likewise.

    Raises:
        SuiteQLError: Likewise.
    """
    shape = None
    if not params and "==" not in query and not _OTHERS.search(re.sub(_TEXT, "''", query)):
        shape = _shape(_VALUE.sub(_Numbering(), query), with_queries=with_queries)
    if shape is None:
        yield _parsed(query, params, with_queries=with_queries)
        return
    with _filling:
        shape.fill(_VALUE.findall(query))
        yield shape.tree


class _Numbering:
    """Puts in place of each value one that says which it is."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, found: re.Match[str]) -> str:
        number = self._count
        self._count += 1
        return f"'{number}'" if found[0].startswith("'") else str(_NUMBERS_FROM + number)


@dataclass(frozen=True)
class _QueryShape:
    """A query as it is parsed, and for each value that is written in it, in order, its literals."""

    tree: exp.Select | exp.SetOperation
    places: Sequence[Sequence[exp.Literal]]

    def fill(self, values: Sequence[str]) -> None:
        for places, value in zip(self.places, values, strict=True):
            text = value[1:-1].replace("''", "'") if value.startswith("'") else value
            for literal in places:
                literal.set("this", text)


@lru_cache(maxsize=_REMEMBERED)
def _shape(numbered: str, *, with_queries: bool) -> _QueryShape | None:
    """Parse a query whose values say which they are; None where one of them is no literal then."""
    try:
        tree = parse(numbered, with_queries=with_queries)
    except SuiteQLError:
        return None
    literals: dict[tuple[bool, str], list[exp.Literal]] = {}
    for literal in tree.find_all(exp.Literal):
        literals.setdefault((bool(literal.is_string), literal.this), []).append(literal)
    values = [(value.startswith("'"), value.strip("'")) for value in _NUMBERED.findall(numbered)]
    places = [literals.get(value, []) for value in values]
    return _QueryShape(tree, places) if all(places) else None
