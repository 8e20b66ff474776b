"""Whether a list of AvidXchange is as a profile says: its pages, filters, fields, words, times, amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any

from apbridge.avidxchange import AvidXchangeReader, Shown, fingerprint, instant
from apbridge.avidxchange.canonical import STREAMS
from apbridge.avidxchange.unknown_words import words
from apbridge.errors import APBridgeError, RejectedError, SettingError
from apbridge.schemas import schema, validator
from apbridge.schemas.money import amounts, decimals_of, has_decimals
from apbridge_operator.survey.avidxchange import size_parameter
from apbridge_operator.trial.result import TrialResults

NOBODY = "apbridge-trial-nobody"
"""The external id of no record."""

_PAGES = 4
_LARGEST = 20
"""Records of a page that is asked for to see a second one."""
_LATER = timedelta(days=3)
"""After the newest change, whole days and their zones included, nothing has changed."""
_OF_A_TIME = re.compile(r"utc\(([A-Za-z_][\w.]*)\)")
_HAS_ZONE = re.compile(r"([Zz]|[+-]\d\d:?\d\d)\s*")
_PATH = re.compile(r"[A-Za-z_][\w.]*")
_NATIVE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_WORDS = ("status", "method")


def misfit(stream: str, record: Mapping[str, Any]) -> RejectedError | None:
    """Return what keeps a record from being a canonical one; None where nothing does."""
    blank = {name: None for name, one in schema(stream)["properties"].items() if "null" in one["type"]}
    try:
        validator(stream)({**blank, **record})
    except RejectedError as wrong:
        return wrong
    return None


@dataclass
class ListTrial:
    """Tries one list; no more than 16 calls of it, and nothing is written.

    Args:
        reader: AvidXchange.
        resource: Which list.
        place: Which dimension, where it is one.
        read: What the profile's `list.read` says, as declared.
        has_zone: Whether a setting says in which zone times without one are.
        results: What was found so far, by the names of checks.
    """

    reader: AvidXchangeReader
    resource: str
    place: Mapping[str, str]
    read: Mapping[str, Any]
    has_zone: bool
    results: TrialResults
    items: Sequence[Any] = ()
    """What its first page shows."""
    records: Sequence[Mapping[str, Any]] = ()
    """The same as canonical records."""
    _has_next: bool = field(default=False, init=False)

    def run(self) -> None:
        """Try all of it, as far as the company has something to see it by."""
        with self.results.trying(self._name("list"), self._where("")):
            self.items, self._has_next = self._first_page()
            said = f"{len(self.items)} records on the first page"
            keys = ("path", "items", "method") if self.items else ("path", "method")
            self.results.passed(self._name("list"), f"{said}.", *self._shows(*keys))
            if not self.items:
                self.results.unknown(self._name("records"), "The list is empty: nothing of it can be seen.")
                return
            checks = (self._records, self._times, self._amounts, self._pages, self._changed, self._found)
            for check in checks:
                name = check.__name__.removeprefix("_")
                with self.results.trying(self._name(name), self._where(_PLACES[name])):
                    check()

    def _name(self, check: str) -> str:
        of = f" ({self.place['dimension']})" if self.place else ""
        return f"{self.resource}.list.{check}{of}" if check != "list" else f"{self.resource}.list{of}"

    def _where(self, key: str) -> str:
        return ".".join(filter(None, ["resources", self.resource, "list", key]))

    def _shows(self, *keys: str) -> list[str]:
        return [f"{self.resource}.list.{key}" for key in keys]

    @property
    def _listing(self) -> Any:  # noqa: ANN401
        return self.reader.profile.resources[self.resource].listing

    def _fail(self, check: str, error: APBridgeError, key: str) -> None:
        self.results.failed(self._name(check), error, self._where(key))

    def _first_page(self, **asked: Any) -> tuple[list[Any], bool]:  # noqa: ANN401
        """Return the items of the first page that has some, and whether one follows."""
        answers = self.reader.answers(self.resource, place=self.place, **asked)
        pages = [items for _, items in islice(answers, 2)]
        return pages[0] or pages[-1], len(pages) > 1

    def _asked(self, **asked: Any) -> list[Any]:  # noqa: ANN401
        return next(items for _, items in self.reader.answers(self.resource, place=self.place, **asked))

    def _id(self, item: Any) -> str:  # noqa: ANN401
        return str(self._listing.read.fields["id"](item) or fingerprint(item))

    def _own(self, item: Any) -> str | None:  # noqa: ANN401
        found = self._listing.external_id(item)
        return None if found is None else str(found)

    # Fields and words

    def _records(self) -> None:
        """Read each item, and look at its fields."""
        problems: dict[str, APBridgeError] = {}
        records = []
        for item in self.items:
            name = self._own(item)
            record = self.reader.read(self.resource, Shown(name or self._id(item), item), place=self.place)
            # What people entered over there has no external id.
            wrong = misfit(STREAMS[self.resource], record if name else {**record, "external_id": "x"})
            if wrong is not None:
                key = str(wrong.facts["field"])
                facts = {"list": words(self.resource), "field": key, "problem": wrong.facts["problem"]}
                problems.setdefault(f"read.{key}", APBridgeError("APB-TRY-010", **facts))
            for one in self.reader.unknown_words.within(self.resource, record):
                problems.setdefault(f"read.{one.facts['field']}.values", one)
            records.append(record)
        self.records = records
        for key, error in problems.items():
            self._fail("records", error, re.split(r"[\[ ]", key)[0])
        seen = {name for name in self.read if any(is_there(one.get(name)) for one in records)}
        self._misnamed(sorted(set(self.read) - seen))
        if not problems:
            said = (
                f"{len(records)} records are read, each with {len(seen)} of {len(self.read)} fields or fewer."
            )
            shown = (f"read.{name}" for name in sorted(seen - self._untold_words()))
            self.results.passed(self._name("records"), said, *self._shows("external_id", *shown))

    def _untold_words(self) -> set[str]:
        """Name the fields of words of which the profile has some that nobody was seen to have."""
        untold = set()
        for name in self.read.keys() & _WORDS:
            declared = self.read[name]
            told = {one.get(f"native_{name}") for one in self.records}
            if isinstance(declared, Mapping) and not told >= set(declared.get("values", {})):
                untold.add(name)
        return untold

    def _misnamed(self, unseen: Sequence[str]) -> None:
        """Look, of fields that no record has, whether one of a name like theirs is there and not read."""
        there = {key for item in self.items if isinstance(item, Mapping) for key in item}
        native = {key for key in there if _NATIVE.fullmatch(key)}
        used = set(re.findall(r"\w+", " ".join(_texts(self.read))))
        unread = {key.casefold(): key for key in native - used}
        empty = []
        for name in unseen:
            text = self.read[name] if isinstance(self.read[name], str) else ""
            path = next(iter(_PATH.findall(text.partition("(")[2] or text)), "").partition(".")[0]
            like = get_close_matches(path.casefold(), unread, 1, 0.8) if path and path not in there else []
            if like:
                facts = {"list": words(self.resource), "field": name, "path": path, "like": unread[like[0]]}
                self._fail("records", APBridgeError("APB-TRY-011", **facts), f"read.{name}")
            elif not text.startswith(("`", "'")):
                empty.append(name)
        if empty:
            rest = (
                f" Shown, and not read by the profile: {', '.join(sorted(unread.values()))}."
                if unread
                else ""
            )
            said = (
                f"No record has {', '.join(empty)}, so that nobody sees whether they are named right.{rest}"
            )
            self.results.unknown(self._name("fields"), said)

    def _times(self) -> None:
        """See that times are read in the zone that they are in."""
        paths = [
            (name, found[1])
            for name, text in self.read.items()
            if isinstance(text, str) and (found := _OF_A_TIME.fullmatch(text))
        ]
        shown = [(name, str(value)) for name, path in paths for value in self._values(path)]
        bare = [name for name, value in shown if "T" in value.replace(" ", "T") and not _has_zone(value)]
        if bare and not self.has_zone:
            facts = {"list": words(self.resource), "field": bare[0]}
            self._fail("times", APBridgeError("APB-TRY-012", **facts), f"read.{bare[0]}")
        elif shown:
            said = "They have no zone and are read as in time_zone: compare one with AvidXchange's screens."
            self.results.passed(self._name("times"), said if bare else f"{len(shown)} times have their zone.")

    def _values(self, path: str) -> Iterator[Any]:
        for value in self.items:
            found: Any = value
            for key in path.split("."):
                found = found.get(key) if isinstance(found, Mapping) else None
            if found is not None:
                yield found

    def _amounts(self) -> None:
        """See that amounts have the decimals of their currency, and that those of a payment add up."""
        count = 0
        for record in self.records:
            places = decimals_of(record.get("currency"))
            for name, amount in amounts(record):
                count += 1
                if not has_decimals(amount, places):
                    facts = {"list": words(self.resource), "field": name, "places": places}
                    self._fail("amounts", APBridgeError("APB-TRY-013", **facts), "read")
                    return
            shares = record.get("allocations")
            if shares and sum(one["amount"] or 0 for one in shares) != record["amount"]:
                self._fail("amounts", APBridgeError("APB-TRY-014"), "read.allocations")
                return
        if count:
            self.results.passed(
                self._name("amounts"), f"{count} amounts are exact, and add up where they must."
            )

    # Pages

    def _pages(self) -> None:
        name, ids = size_parameter(self._listing.parameters), [self._id(one) for one in self.items]
        if len(ids) == 1:
            self.results.unknown(self._name("pages"), "One record makes no second page.")
            return
        if name is None:
            self._natural_pages(ids)
            return
        size = min(_LARGEST, -(-len(ids) // 3))
        # A parameter may be declared as a text.
        asked = type(self._listing.parameters[name])(size)
        answers = self.reader.answers(self.resource, place=self.place, parameters={name: asked})
        pages = [[self._id(one) for one in items] for _, items in islice(answers, _PAGES)]
        if len(pages[0]) > size:
            facts = {"list": words(self.resource), "parameter": name, "asked": size, "shown": len(pages[0])}
            self._fail("pages", APBridgeError("APB-TRY-020", **facts), f"parameters.{name}")
            return
        self._compare(ids, pages, is_whole=len(pages) < _PAGES)

    def _natural_pages(self, ids: Sequence[str]) -> None:
        if not self._has_next:
            said = "The profile asks for no page size, and all that there is is on one page."
            self.results.unknown(self._name("pages"), said)
            return
        answers = self.reader.answers(self.resource, place=self.place)
        self._compare(
            ids, [[self._id(one) for one in items] for _, items in islice(answers, 2)], is_whole=False
        )

    def _compare(self, ids: Sequence[str], pages: Sequence[Sequence[str]], *, is_whole: bool) -> None:
        """Compare records page by page with those of one large page."""
        seen, facts = [*chain.from_iterable(pages)], {"list": words(self.resource)}
        ends_early = is_whole and (set(ids) - set(seen))
        if len(set(seen)) < len(seen):
            self._fail("pages", APBridgeError("APB-TRY-021", **facts), "next")
        elif ends_early and len(pages) == 1:
            self._fail("pages", APBridgeError("APB-TRY-022", **facts, shown=len(seen)), "next")
        elif ends_early or not set(ids[: len(seen)]) <= set(seen):
            self._fail("pages", APBridgeError("APB-TRY-023", **facts), "next")
        elif len(seen) == len(pages[0]):
            # Of a list that is shared with others, such as credits among invoices, a page may have none.
            self.results.unknown(self._name("pages"), "Small pages show too few records of this kind.")
        else:
            said = f"{len(pages)} pages of {len(pages[0])} show each record once, as one large page does."
            self.results.passed(self._name("pages"), said, *self._shows("next", "parameters"))

    # Filters

    def _changed(self) -> None:
        since = self._listing.modified_since
        if since is None:
            return
        moments = {
            self._id(item): instant(str(record["modified_at"]))
            for item, record in zip(self.items, self.records, strict=False)
            if record.get("modified_at")
        }
        if not moments:
            self.results.unknown(self._name("changed"), "No record shows when it was changed.")
            return
        middle = sorted(moments.values())[len(moments) // 2]
        left = {name for name, one in moments.items() if one >= middle} - self._shown_since(middle)
        facts = {"list": words(self.resource), "parameter": since.parameter}
        if left and not self._has_next:
            self._fail("changed", APBridgeError("APB-TRY-030", **facts, count=len(left)), "modified_since")
            return
        later = max(moments.values()) + _LATER
        if stale := self._shown_since(later) & moments.keys():
            error = APBridgeError("APB-TRY-031", **facts, count=len(stale))
            self._fail("changed", error, "modified_since.parameter")
            return
        said = f"{since.parameter} shows what changed since then, and nothing else."
        self.results.passed(self._name("changed"), said, *self._shows("modified_since"))

    def _shown_since(self, moment: datetime) -> set[str]:
        return {self._id(one) for one in self._asked(modified_since=moment)}

    def _found(self) -> None:
        """Look one record up by each filter; then one that is not there."""
        for name in self._listing.filters:
            of = self._own if name == "external_id" else self._native_status
            value = next(filter(None, map(of, self.items)), None)
            if value is None:
                said = f"No record has what {name} filters by."
                self.results.unknown(self._name("found"), said)
                continue
            try:
                found = self._asked(filters={name: value})
            except SettingError as refused:
                if name == "external_id" or refused.code != "APB-AX-030":
                    raise
                # It may be filtered by other words than those that are shown.
                self.results.unknown(self._name("found"), f"A {name} that it shows may not be asked for.")
                continue
            facts = {"list": words(self.resource), "parameter": self._listing.filters[name]}
            others = [one for one in found if of(one) != value]
            nobody = [] if name != "external_id" else self._asked(filters={name: NOBODY})
            if others or nobody:
                self._fail("found", APBridgeError("APB-TRY-032", **facts), f"filters.{name}")
            elif not found:
                self._fail("found", APBridgeError("APB-TRY-033", **facts), f"filters.{name}")
            elif name == "external_id" and not self._is_as_listed(value, found[0]):
                self._fail("found", APBridgeError("APB-TRY-034", **facts), f"filters.{name}")
            else:
                said = f"{self._listing.filters[name]} finds what it names, and nothing else."
                self.results.passed(self._name("found"), said, *self._shows(f"filters.{name}"))

    def _native_status(self, item: Any) -> str | None:  # noqa: ANN401
        native = self._listing.read.fields.get("native_status")
        return native(item) if native else None

    def _is_as_listed(self, name: str, item: Any) -> bool:  # noqa: ANN401
        listed = next(one for one in self.items if self._own(one) == name)
        first, second = (
            self.reader.read(self.resource, Shown(name, one), place=self.place) for one in (listed, item)
        )
        return first == second


_PLACES = {
    "records": "read",
    "times": "read",
    "amounts": "read",
    "pages": "next",
    "changed": "modified_since",
    "found": "filters",
}
"""Where in `list` the profile says what each check is about."""


def _has_zone(text: str) -> bool:
    return bool(_HAS_ZONE.search(text[10:]))


def is_there(value: object) -> bool:
    """Return whether a field, or one within it, holds something."""
    if isinstance(value, Mapping):
        return any(map(is_there, value.values()))
    return value not in (None, "", [])


def _texts(declared: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(declared, str):
        yield declared
    elif isinstance(declared, Mapping):
        for one in declared.values():
            yield from _texts(one)
