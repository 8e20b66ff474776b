"""The shape of answers: which keys there are, of which types, and how often. Never a value.

Of the values only words of the fields that a profile translates are kept, such as statuses, and of a link
how it is written. A key may be data too: in a map by ids, dates or names. So a key is kept only where the
profile has that name, or where it is made of words that names of fields are usually made of; else it is `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from apbridge.avidxchange.answer_places import ANY, EACH, AnswerPlaces, Place, PlaceRead
from apbridge.schemas import CANONICAL, schema

OTHER = "(other)"
"""Stands for what is no word, where words are looked for."""

_MOST_KEYS = 100
"""Different keys of one object, beyond which they are data."""
MOST_WORDS = 20
"""Words of one field that the profile does not know, beyond which they are data."""
_REMEMBERED = 1000
"""Keys of which it is remembered, in memory, whether they are names."""
_DEEPEST = 12
_LONGEST = 60

_TYPES: Mapping[type, str] = {
    str: "string",
    dict: "object",
    list: "list",
    bool: "boolean",
    type(None): "null",
}
_NUMBER = "number"
_NESTING = frozenset({dict, list})
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME = re.compile(r"[A-Za-z_@$#-][A-Za-z_.-]*[0-9]?")
_WORD = re.compile(r"(?=.{2,40}$)[A-Za-z]+(?:[ _/-][A-Za-z]+){0,3}")


class ShapeRules:
    """What of an answer may be kept.

    Args:
        places: Where the profile looks.
    """

    def __init__(self, places: AnswerPlaces) -> None:
        self._names = places.names
        own = {part.lower() for name in places.names for part in _PARTS.findall(name)}
        self._words = own | _usual_words()
        self.is_name = lru_cache(_REMEMBERED)(self._is_name)
        """Returns whether a key is the name of a field, and not data."""

    def _is_name(self, key: str) -> bool:
        if key in self._names:
            return True
        if len(key) > _LONGEST or not _NAME.fullmatch(key):
            return False
        parts = _PARTS.findall(key)
        return bool(parts) and all(part.lower() in self._words for part in parts)


class AnswerShape:
    """What stands in one place of the answers to one operation, counted.

    Args:
        rules: What may be kept.
        place: Where it is.
        read: What the profile reads of that operation's answers.
    """

    __slots__ = ("_children", "_each", "_place", "_read", "_reads", "_rules", "types", "words")

    def __init__(self, rules: ShapeRules, place: Place, reads: Mapping[Place, PlaceRead]) -> None:
        self._rules = rules
        self._place = place
        self._reads = reads
        read = reads.get(place)
        self._read = read if read and (read.words is not None or read.is_link) else None
        self._children: dict[str, AnswerShape] = {}
        self._each: AnswerShape | None = None
        self.types: dict[str, int] = {}
        self.words: dict[str, int] = {}

    def add(self, value: Any) -> None:  # noqa: ANN401
        """Count a value, and all that is in it."""
        name = _TYPES.get(type(value), _NUMBER)
        self.types[name] = self.types.get(name, 0) + 1
        if name == "object":
            children = self._children
            for key, one in value.items():
                child = children.get(key) or self._child(key)
                kind = type(one)
                if kind in _NESTING or child._read is not None:  # noqa: SLF001 - its own kind
                    child.add(one)
                else:
                    # Most are plain, and a call for each takes longer than to count it.
                    name = _TYPES.get(kind, _NUMBER)
                    child.types[name] = child.types.get(name, 0) + 1
        elif name == "list":
            if value and len(self._place) < _DEEPEST:
                if self._each is None:
                    self._each = AnswerShape(self._rules, (*self._place, EACH), self._reads)
                add = self._each.add
                for one in value:
                    add(one)
        elif self._read and name == "string":
            self._add_word(self._read, value)

    def places(self) -> Iterator[tuple[Place, AnswerShape]]:
        """Yield this place and each in it, once."""
        yield self._place, self
        # What is folded stands under many keys.
        for one in dict.fromkeys(self._children.values()):
            yield from one.places()
        if self._each is not None:
            yield from self._each.places()

    def _child(self, key: str) -> AnswerShape:
        is_kept = (
            len(self._children) < _MOST_KEYS and len(self._place) < _DEEPEST and self._rules.is_name(key)
        )
        name = key if is_kept else ANY
        found = self._children.get(name)
        if found is None:
            found = self._children[name] = AnswerShape(self._rules, (*self._place, name), self._reads)
        return found

    def _add_word(self, read: PlaceRead, value: str) -> None:
        if read.words is not None:
            known = value in read.words or value in self.words
            is_word = known or (len(self.words) < MOST_WORDS + len(read.words) and _WORD.fullmatch(value))
            word = value if is_word else OTHER
        elif read.is_link:
            word = _form_of(value)
        else:
            return
        self.words[word] = self.words.get(word, 0) + 1


def _form_of(link: str) -> str:
    """Return how a link is written."""
    if re.match(r"[a-z]+://|//", link, re.IGNORECASE):
        return "absolute"
    return {"/": "from the root", "?": "a query", "#": "a fragment"}.get(link[:1], "relative")


@cache
def _usual_words() -> frozenset[str]:
    text = (resources.files("apbridge.avidxchange") / "field_words.txt").read_text(encoding="utf-8")
    told = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    ours = {part for stream in CANONICAL for name in _names(schema(stream)) for part in name.split("_")}
    return frozenset(told | ours)


def _names(field: Mapping[str, Any]) -> Iterator[str]:
    for name, one in field.get("properties", {}).items():
        yield name
        yield from _names(one)
    if isinstance(within := field.get("items"), Mapping):
        yield from _names(within)


def shown(place: Place) -> str:
    """Return a place as text, such as `items[].remitTo.city`."""
    text = ""
    for key in place:
        if key == EACH:
            text += EACH
        else:
            name = key if re.fullmatch(r"[\w*@$#-]+", key) else f'"{key}"'
            text += f".{name}" if text else name
    return text
