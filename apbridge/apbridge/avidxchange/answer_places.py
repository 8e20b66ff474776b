"""Where a profile looks in AvidXchange's answers: each place, with the keys of the profile that read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath  # type: ignore[import-untyped]

from apbridge.avidxchange.canonical import STREAMS
from apbridge.schemas import schema

EACH = "[]"
"""Stands in a place for each item of a list."""

ANY = "*"
"""Stands in a place for every key of an object whose keys are data."""

ERRORS = "errors"
"""What reads a refusal, whatever was asked for."""

Place = tuple[str, ...]
_Found = tuple[Place, int]
"""A place, and in how many lists that an expression itself makes what stands there is."""

_WRITES = ("upsert", "change", "link", "cancel", "stop", "image")
_OURS = "external_id"
"""What records lack that people have entered in AvidXchange itself."""
_OTHERWISE = "||"
"""In an expression: something else stands in for what is not there."""
_EITHER = ("answers.results.items", "answers.results.successful")
"""Read in any form: a list or one object, true or "true"."""


@dataclass
class PlaceRead:
    """One place that a profile reads.

    Args:
        by: The keys of the profile.
        may_lack: Whether a record is one without it, too.
        words: The words that are translated there; None where it holds none.
        is_link: Whether it is the link to the next page.
        takes_any: Whether it is read whatever its type is.
    """

    by: list[str] = field(default_factory=list)
    may_lack: bool = True
    words: frozenset[str] | None = None
    is_link: bool = False
    takes_any: bool = False

    @property
    def is_paging(self) -> bool:
        """Whether it only tells of the next page."""
        return all(".list.next." in key for key in self.by)


@dataclass
class AnswerPlaces:
    """Every place that a profile reads.

    Args:
        of: The places, by the operation, such as `payment.list`.
        names: Every name of a field that stands in the profile.
    """

    of: dict[str, dict[Place, PlaceRead]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    @classmethod
    def of_profile(cls, declared: Mapping[str, Any]) -> AnswerPlaces:
        """Find them in what a valid profile declares."""
        found = cls()
        found._look(declared)
        return found

    def _look(self, declared: Mapping[str, Any]) -> None:
        self._plain("check", [()], declared["check"], "check", {"company": False})
        self._plain(ERRORS, [()], declared["errors"], ERRORS, {"message": True, "items": True})
        self._template(ERRORS, [()], declared["errors"].get("read", {}), "errors.read", {})
        for resource, operations in declared["resources"].items():
            self._listing(f"{resource}.list", operations["list"], schema(STREAMS[resource]))
            for name in _WRITES:
                if name in operations:
                    self._write(resource, name, operations[name], declared)
            if image := operations.get("cleared_image"):
                self._plain(
                    f"{resource}.cleared_image",
                    [()],
                    image,
                    f"resources.{resource}.cleared_image",
                    {"content": False},
                )
        self._share_words(declared["resources"])

    def _share_words(self, resources: Mapping[str, Any]) -> None:
        """Join the words of lists of one address: each shows the records of the other too."""
        together: dict[tuple[str, Place], list[PlaceRead]] = {}
        for resource, operations in resources.items():
            for place, one in self.of[f"{resource}.list"].items():
                if one.words is not None:
                    together.setdefault((operations["list"]["path"], place), []).append(one)
        for some in together.values():
            known = frozenset().union(*(one.words or () for one in some))
            for one in some:
                one.words = known

    def _listing(self, operation: str, listing: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        where = f"resources.{operation}"
        items = self._each(self._read(operation, [((), 0)], listing["items"], f"{where}.items"))
        self._plain(operation, items, listing, where, {_OURS: True})
        self._template(operation, items, listing["read"], f"{where}.read", record)
        self._template(operation, items, listing.get("sent", {}), f"{where}.sent", {})
        following = listing.get("next", {})
        self._plain(operation, [()], following, f"{where}.next", {"cursor": False, "more": False})
        if link := following.get("link"):
            for place, _ in self._read(operation, [((), 0)], link, f"{where}.next.link"):
                self._at(operation, place).is_link = True

    def _write(self, resource: str, name: str, write: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
        operation, where = f"{resource}.{name}", f"resources.{resource}.{name}"
        self._add_names(write.get("body", {}))
        results = declared.get("answers", {}).get("results")
        bases: list[Place] = [()]
        if results and name != "image":
            found = self._read(operation, [((), 0)], results["items"], "answers.results.items")
            bases = [*self._each(found), *(place for place, _ in found)]
            needed = {"external_id": False, "remote_id": False, "successful": False}
            self._plain(
                operation, bases, results, "answers.results", {**needed, "message": True, "errors": True}
            )
        self._template(operation, bases, write["answer"], f"{where}.answer", None)
        self._plain(operation, bases, write, where, {"remote_id": False})

    def _plain(
        self,
        operation: str,
        bases: Iterable[Place],
        declared: Mapping[str, Any],
        where: str,
        keys: Mapping[str, bool],
    ) -> None:
        for key, may_lack in keys.items():
            if key in declared:
                self._read(
                    operation,
                    [(base, 0) for base in bases],
                    declared[key],
                    f"{where}.{key}",
                    may_lack=may_lack,
                )

    def _template(
        self,
        operation: str,
        bases: list[Place],
        template: Mapping[str, Any],
        where: str,
        record: Mapping[str, Any] | None,
    ) -> None:
        """Follow a template.

        Args:
            operation: Whose answers it reads.
            bases: Where they begin, for it.
            template: Its fields.
            where: Its key in the profile.
            record: The schema of what it makes; None where all of it is needed.
        """
        known = (record or {}).get("properties", {})
        for name, value in template.items():
            inner = known.get(name, {})
            may_lack = record is not None and (not inner or name == _OURS or "null" in inner.get("type", ()))
            key = f"{where}.{name}"
            if isinstance(value, str):
                self._from(operation, bases, value, key, may_lack=may_lack)
            elif "map" in value:
                for place, _ in self._from(operation, bases, value["map"], key, may_lack=may_lack):
                    one = self._at(operation, place)
                    one.words = (one.words or frozenset()) | frozenset(value["values"])
            else:
                found = self._from(operation, bases, value.get("each") or value["of"], key, may_lack=may_lack)
                within = self._each(found) if "each" in value else [place for place, _ in found]
                self._template(operation, within, value["fields"], key, inner.get("items", inner))

    def _from(
        self, operation: str, bases: list[Place], text: str, key: str, *, may_lack: bool
    ) -> list[_Found]:
        return self._read(operation, [(base, 0) for base in bases], text, key, may_lack=may_lack)

    def _read(
        self, operation: str, bases: list[_Found], text: str, key: str, *, may_lack: bool = False
    ) -> list[_Found]:
        """Note all that an expression reads, and return where what it gives stands."""
        seen: list[Place] = []
        found = list(_walk(jmespath.compile(text).parsed, bases, seen))
        begin = min(len(base) for base, _ in bases)
        may_lack = may_lack or _OTHERWISE in text
        for place in seen:
            for length in range(begin + 1, len(place) + 1):
                if place[length - 1] != EACH:
                    self._note(operation, place[:length], key, may_lack=may_lack)
        return found

    def _note(self, operation: str, place: Place, key: str, *, may_lack: bool) -> None:
        one = self._at(operation, place)
        if key not in one.by:
            one.by.append(key)
        one.may_lack = one.may_lack and may_lack
        one.takes_any = one.takes_any or key in _EITHER
        self.names.add(place[-1])

    def _at(self, operation: str, place: Place) -> PlaceRead:
        return self.of.setdefault(operation, {}).setdefault(place, PlaceRead())

    def _each(self, found: Iterable[_Found]) -> list[Place]:
        return [place if depth else (*place, EACH) for place, depth in found]

    def _add_names(self, body: Mapping[str, Any]) -> None:
        for name, value in body.items():
            self.names.add(name)
            if isinstance(value, Mapping):
                self._add_names(value.get("fields", {}))


Node = Mapping[str, Any]


def _walk(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    """Follow the tree of an expression from some places, note what it reads, and yield what it gives."""
    return _KINDS.get(node["type"], _any)(node, bases, seen)


def _field(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    for place, _ in bases:
        seen.append((*place, node["value"]))
        yield seen[-1], 0


def _here(_node: Node, bases: list[_Found], _seen: list[Place]) -> Iterator[_Found]:
    yield from bases


def _chain(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    for child in node["children"]:
        # The limits of a slice are numbers.
        if isinstance(child, Mapping):
            bases = list(_walk(child, bases, seen))
    yield from bases


def _index(_node: Node, bases: list[_Found], _seen: list[Place]) -> Iterator[_Found]:
    return map(_item, bases)


def _projection(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    left, right, *condition = node["children"]
    listed = list(_walk(left, bases, seen))
    is_of_values = node["type"] == "value_projection"
    items = [((*place, ANY), 0) for place, _ in listed] if is_of_values else list(map(_item, listed))
    for one in condition:
        list(_walk(one, items, seen))
    for place, depth in _walk(right, items, seen):
        yield place, depth + 1


def _listed(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    for child in node["children"]:
        for place, depth in _walk(child, bases, seen):
            yield place, depth + 1


def _any(node: Node, bases: list[_Found], seen: list[Place]) -> Iterator[_Found]:
    """Follow what decides, or what a function makes of it: any of it may be what is given."""
    for child in node["children"]:
        yield from _walk(child, bases, seen)


_KINDS = {
    "field": _field,
    "identity": _here,
    "current": _here,
    "subexpression": _chain,
    "pipe": _chain,
    "index_expression": _chain,
    "flatten": _chain,
    "slice": _chain,
    "index": _index,
    "projection": _projection,
    "filter_projection": _projection,
    "value_projection": _projection,
    "multi_select_list": _listed,
}


def _item(found: _Found) -> _Found:
    place, depth = found
    return (place, depth - 1) if depth else ((*place, EACH), 0)
