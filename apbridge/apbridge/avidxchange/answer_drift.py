"""What is kept of the shapes of answers from run to run, and what of a later shape is told.

A list may have one record a day, so what was seen is added up over runs, and each rule needs enough of it:

- A place is *gone* where every record before had it, at least `_ENOUGH` of them, and none of the last `_GONE`
  has. Where the canonical record may be without the field, so much more is asked for on both sides: a company
  that pays by check for a week has no trace of ACH until it has one.
- A *type* is new after `_ENOUGH` values of others.
- A *word* is told where the profile does not know it, at once: what is known and merely new is no news.
- A *form* of a link is new after `_ENOUGH_LINKS` of others.
- Of *pages*, an answer with less than a whole one need not tell of the next. What is told is that whole ones
  do not any more, at least `_SILENT` in a row: whatever is on the next is not read then.
- An *error* in which the profile finds no words is told at once.
- A *new* place is shown, and told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from apbridge.avidxchange.answer_places import ANY, EACH, PlaceRead
from apbridge.avidxchange.answer_shapes import MOST_WORDS, OTHER, AnswerShape, shown
from apbridge.errors import APBridgeError

_ENOUGH, _GONE = 20, 3
_ENOUGH_OPTIONAL, _GONE_OPTIONAL = 200, 50
_ENOUGH_LINKS = 3
_ENOUGH_PAGES, _SILENT = 3, 2
_MOST_PLACES = 1000
"""Places of one operation that are kept, over all runs; one that the profile reads always is."""
_NULL, _OBJECT = "null", "object"

Counts = dict[str, int]


@dataclass
class SeenPlace:
    """What was seen in one place.

    Args:
        first: When something stood there first, ISO 8601.
        last: And last.
        parent: The place of the objects that it is in; None of what is in none.
        objects: In how many of them it could have been.
        types: How often it was of which type.
        words: Since when each word, and until when.
        empty: How many objects there were since the last that had a value there.
        absent: The same of the key, whose value may be null.
        by: The keys of the profile that read it, at the time.
    """

    first: str
    last: str
    parent: str | None = None
    objects: int = 0
    types: Counts = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    empty: int = 0
    absent: int = 0
    by: list[str] = field(default_factory=list)

    @property
    def keys(self) -> int:
        """How often the key was there."""
        return sum(self.types.values())

    @property
    def values(self) -> int:
        """How often it had a value."""
        return self.keys - self.types.get(_NULL, 0)

    @property
    def presence(self) -> str:
        """In a word how often it is there."""
        if not self.values:
            return "always null" if self.keys else "never"
        if self.values >= self.objects:
            return "always"
        return "sometimes null" if self.keys >= self.objects else "sometimes"


@dataclass
class AnswerChange:
    """One thing in which answers are otherwise than they were.

    Args:
        kind: gone, type, word, form, pages, error or new.
        place: Where.
        was: What was there before.
        now: What is there since.
        by: The keys of the profile that read it.
        before: How many had it so.
        first: Since when, ISO 8601.
        last: When it was seen last.
        since: In how many it was seen.
        back: When it was as before again; None where it was not.
    """

    kind: str
    place: str
    was: str
    now: str
    by: list[str]
    before: int
    first: str
    last: str
    since: int = 0
    back: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether somebody has to hear of it; what was back before they did was wrong meanwhile."""
        return self.kind != "new"

    def is_like(self, other: AnswerChange) -> bool:
        """Return whether both are about the same."""
        return (self.kind, self.place, self.now) == (other.kind, other.place, other.now)

    def sentence(self, profile: str, operation: str) -> APBridgeError:
        """Return what is to be said of it, with what to do."""
        facts = {
            "profile": profile,
            "operation": operation,
            "place": self.place,
            "was": self.was,
            "now": self.now,
            "where": ", ".join(self.by) or "nothing",
            "before": self.before,
            "since": self.since,
        }
        if self.kind == "gone":
            return APBridgeError("APB-AX-040", **facts)
        if self.kind == "type":
            return APBridgeError("APB-AX-041", **facts)
        if self.kind == "word":
            return APBridgeError("APB-AX-042", **facts)
        if self.kind == "form":
            return APBridgeError("APB-AX-043", **facts)
        if self.kind == "pages":
            return APBridgeError("APB-AX-046", **facts)
        return APBridgeError("APB-AX-044", **facts)


@dataclass
class SeenAnswers:
    """What was seen of the answers to one operation.

    Args:
        first: When the first came, ISO 8601.
        last: And the last.
        answers: How many.
        places: What is where.
        changes: In what they are otherwise than they were, as far as nobody has accepted it.
        unread: How many refusals the profile found no words in.
        whole_page: How many records the longest page had that told of a next one.
        told: How many pages told of a next one.
        silent: How many whole ones since the last that did have told of none.
        accepted: When somebody last said that they are right as they are.
    """

    first: str
    last: str
    answers: int = 0
    places: dict[str, SeenPlace] = field(default_factory=dict)
    changes: list[AnswerChange] = field(default_factory=list)
    unread: int = 0
    whole_page: int = 0
    told: int = 0
    silent: int = 0
    accepted: str | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> SeenAnswers:
        """Read what was kept."""
        places = {name: SeenPlace(**one) for name, one in kept["places"].items()}
        changes = [AnswerChange(**one) for one in kept["changes"]]
        return cls(**{**kept, "places": places, "changes": changes})

    def kept(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)

    def accept(self, now: datetime) -> int:
        """Take all for right as it is, and return how many changes that were not accepted."""
        many, self.changes = len(self.changes), []
        for place in self.places.values():
            if place.values < place.objects:
                # How often it is there is counted from here on: what comes back for good may be gone again.
                place.objects = place.empty = place.absent = 0
                place.types = dict.fromkeys(place.types, 0)
        self.whole_page = self.told = self.silent = 0
        self.accepted = _text(now)
        return many


_Changes = Iterator[AnswerChange]


@dataclass(frozen=True)
class NewAnswers:
    """Answers to one operation that nobody has seen yet.

    Args:
        shape: Theirs.
        reads: What the profile reads of them; nothing of refusals, which have rules of their own.
        unread: How many refusals the profile found no words in.
        says: How refusals were written in which it found none.
        pages: Of each page of a list how many records it had, and whether it told of a next one.
        now: When they came.
    """

    shape: AnswerShape
    reads: Mapping[str, PlaceRead]
    unread: int
    says: str
    pages: Sequence[tuple[int, bool]]
    now: datetime

    def add_to(self, seen: SeenAnswers | None) -> tuple[SeenAnswers, list[AnswerChange]]:
        """Add them to what was seen; return that, and what is news."""
        moment = _text(self.now)
        seen = seen or SeenAnswers(moment, moment)
        seen.last = moment
        seen.changes = [one for one in seen.changes if self._matters(one)]
        news = []
        for one in [*self._changes(seen, moment)]:
            known = next((old for old in seen.changes if old.is_like(one)), None)
            if known is None:
                seen.changes.append(one)
                news.append(one)
            else:
                known.last, known.back = moment, None
                known.since = one.since if one.kind in {"gone", "pages"} else known.since + one.since
        return seen, [one for one in news if one.is_told]

    def _matters(self, change: AnswerChange) -> bool:
        """Return whether the profile was not changed in answer to a change."""
        if change.kind in {"new", "error", "pages"}:
            return True
        read = self.reads.get(change.place)
        return read is not None and not (change.kind == "word" and change.now in (read.words or ()))

    def _changes(self, seen: SeenAnswers, moment: str) -> _Changes:
        came = {shown(place): (place, one) for place, one in self.shape.places()}
        before = {name: one.types.get(_OBJECT, 0) for name, one in seen.places.items()}
        seen.answers += sum(self.shape.types.values())
        for name, (place, one) in came.items():
            known = seen.places.get(name)
            if known is None:
                if len(seen.places) >= _MOST_PLACES and name not in self.reads:
                    continue
                parent = shown(place[:-1]) if place and place[-1] != EACH else None
                there = 0 if parent is None else before.get(parent, 0)
                known = seen.places[name] = SeenPlace(moment, moment, parent, there)
                if there >= _ENOUGH and place[-1] != ANY:
                    yield self._change("new", name, "", _types(one.types), there, moment)
            else:
                yield from self._other_types(name, known, one, moment)
            yield from self._other_words(name, known, one, moment)
            known.by = self.reads[name].by if name in self.reads else []
            _count(known, one, moment)
        for name, known in seen.places.items():
            parent_came = came.get(known.parent) if known.parent is not None else None
            objects = parent_came[1].types.get(_OBJECT, 0) if parent_came else 0
            if objects:
                here = came[name][1] if name in came else None
                yield from self._gone(seen, name, known, objects, here, moment)
        if self.unread:
            yield from self._unread(seen, moment)
        yield from self._silent_pages(seen, moment)

    def _other_types(self, name: str, known: SeenPlace, one: AnswerShape, moment: str) -> _Changes:
        read = self.reads.get(name)
        other = one.types.keys() - known.types.keys() - {_NULL}
        if read and not read.takes_any and other and known.values >= _ENOUGH:
            now = {kind: many for kind, many in one.types.items() if kind in other}
            yield self._change(
                "type", name, _types(known.types), _types(now), known.values, moment, sum(now.values())
            )

    def _other_words(self, name: str, known: SeenPlace, one: AnswerShape, moment: str) -> _Changes:
        read = self.reads.get(name)
        for told, many in one.words.items():
            word = _word_kept(told, known, read)
            if read and word not in known.words:
                if read.words is not None and word not in read.words:
                    yield self._change("word", name, "", word, known.values, moment, many)
                elif read.is_link and known.values >= _ENOUGH_LINKS:
                    was = " or ".join(sorted(known.words))
                    yield self._change("form", name, was, word, known.values, moment, many)
            known.words.setdefault(word, [moment, moment])[1] = moment

    def _gone(  # noqa: PLR0917 - all of one place
        self,
        seen: SeenAnswers,
        name: str,
        known: SeenPlace,
        objects: int,
        one: AnswerShape | None,
        moment: str,
    ) -> _Changes:
        read = self.reads.get(name)
        types = one.types if one else {}
        has_key, has_value = bool(types), bool(types.keys() - {_NULL})
        known.objects += objects
        known.empty = 0 if has_value else known.empty + objects
        known.absent = 0 if has_key else known.absent + objects
        if has_value:
            for change in seen.changes:
                if (change.kind, change.place) == ("gone", name) and change.back is None:
                    change.back = moment
        # The last page need not tell of the next: see `_silent_pages`.
        if read is None or (read.is_paging and known.parent == ""):
            return
        enough, gone = (_ENOUGH_OPTIONAL, _GONE_OPTIONAL) if read.may_lack else (_ENOUGH, _GONE)
        had, had_key = known.objects - known.empty, known.objects - known.absent
        if known.absent >= gone and known.keys == had_key >= enough:
            yield self._change("gone", name, "there", "absent", had_key, moment, known.absent)
        elif known.empty >= gone and known.values == had >= enough:
            yield self._change("gone", name, "there", "null", had, moment, known.empty)

    def _silent_pages(self, seen: SeenAnswers, moment: str) -> _Changes:
        silent = 0
        for records, tells in self.pages:
            if tells:
                seen.whole_page, seen.told, seen.silent = max(seen.whole_page, records), seen.told + 1, 0
            elif records and records == seen.whole_page:
                # A longer one is of a time in which more goes on a page.
                seen.silent += 1
                silent += 1
        if silent and seen.silent >= _SILENT and seen.told >= _ENOUGH_PAGES:
            by = sorted({key for read in self.reads.values() for key in read.by if ".list.next." in key})
            yield AnswerChange("pages", "", "each", "none", by, seen.told, moment, moment, seen.silent)

    def _unread(self, seen: SeenAnswers, moment: str) -> _Changes:
        if not seen.unread:
            by = ["errors.message", "errors.items"]
            yield AnswerChange("error", "", "", self.says, by, seen.answers, moment, moment, self.unread)
        seen.unread += self.unread

    def _change(  # noqa: PLR0917 - all that is said of it
        self, kind: str, place: str, was: str, now: str, before: int, moment: str, since: int = 0
    ) -> AnswerChange:
        read = self.reads.get(place)
        return AnswerChange(kind, place, was, now, read.by if read else [], before, moment, moment, since)


def _word_kept(word: str, known: SeenPlace, read: PlaceRead | None) -> str:
    """Return what is kept of a word: each run may bring others, and many unknown ones are data."""
    profile_has = read.words if read and read.words is not None else frozenset()
    is_kept = word in known.words or word in profile_has
    return word if is_kept or len(known.words.keys() - profile_has) < MOST_WORDS else OTHER


def _count(known: SeenPlace, one: AnswerShape, moment: str) -> None:
    if one.types.keys() - {_NULL}:
        known.last = moment
    for kind, many in one.types.items():
        known.types[kind] = known.types.get(kind, 0) + many


def _types(counts: Mapping[str, int]) -> str:
    return " or ".join(sorted(counts.keys() - {_NULL})) or _NULL


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
