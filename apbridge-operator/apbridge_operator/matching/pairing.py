"""Pairs of records that may be one: what speaks for each, and how surely it is one.

A pair is sure only where nothing but the spelling differs and nobody else comes into question: the same
tax id and a like name, or the same name at the same address. Whatever contradicts, such as another tax id or
another branch, makes it unclear, however alike the names are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rapidfuzz import fuzz, process

from apbridge.likeness import Name, exact, names

_PROPOSED = 84.0
"""Of 100: names less alike than that are no reason to look at a pair."""
_ALIKE = 88.0
"""Of 100: a slip of the pen, where an address or a tax id says the same."""
_MOST_CANDIDATES = 3


class Grade(str, Enum):
    """How surely two records are one."""

    SURE = "sure"
    LIKELY = "likely"
    UNCLEAR = "unclear"
    NONE = "none"
    """There is nothing in the other system that looks like it."""


_RANK = {grade: place for place, grade in enumerate(Grade)}


@dataclass(frozen=True)
class MatchParty:
    """A record, by what two systems may know it by.

    Args:
        id: In NetSuite its external id, in AvidXchange its own id.
        name: Its name.
        others: Further names: legal, on checks, of the addressee.
        code: Of a GL account or a dimension's value.
        tax: What of its tax id is compared.
        tax_shown: What of it may be shown.
        address: Where payments go, to be compared.
        town: Its town, to be compared.
        address_shown: Where payments go, to be read.
        external_id: In AvidXchange, where another program gave it one.
    """

    id: str
    name: str
    others: tuple[str, ...] = ()
    code: str = ""
    tax: str = ""
    tax_shown: str = ""
    address: str = ""
    town: str = ""
    address_shown: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class ProposedPair:
    """Two records that may be one; the second is None where there is none.

    Args:
        here: In NetSuite.
        there: In AvidXchange.
        grade: How surely they are one.
        because: What speaks for it, and what against it.
        score: How alike their names are, of 100.
    """

    here: MatchParty
    there: MatchParty | None
    grade: Grade
    because: tuple[str, ...] = ()
    score: float = 0.0


def propose(
    here: Sequence[MatchParty], there: Sequence[MatchParty], shared_taxes: Collection[str] = ()
) -> list[ProposedPair]:
    """Propose pairs, the surest first: three at most for a record of NetSuite, or one without a partner.

    Args:
        here: Of NetSuite.
        there: Of AvidXchange.
        shared_taxes: Tax ids that several records of one side have, those that are linked included.
    """
    pool = _Pool(there)
    shared = {*shared_taxes, *several(here), *several(there)}
    judged: defaultdict[str, list[ProposedPair]] = defaultdict(list)
    for one in here:
        for other in pool.candidates(one):
            found = _judged(one, other, is_own_tax=one.tax not in shared)
            if found.grade is not Grade.NONE:
                judged[one.id].append(found)
    proposed = _unambiguous(judged)
    told = [pair for one in here for pair in proposed.get(one.id) or [ProposedPair(one, None, Grade.NONE)]]

    def place(pair: ProposedPair) -> tuple[int, str, str, float]:
        return _RANK[pair.grade], pair.here.name.casefold(), pair.here.id, -pair.score

    return sorted(told, key=place)


def several(parties: Iterable[MatchParty]) -> set[str]:
    """Return the tax ids that several records of one side have."""
    return {tax for tax, count in Counter(one.tax for one in parties).items() if tax and count > 1}


class _Pool:
    """AvidXchange's records, to find those that come into question for one of NetSuite."""

    def __init__(self, parties: Iterable[MatchParty]) -> None:
        self._parties = {one.id: one for one in parties}
        self._by: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._words: dict[str, list[str]] = defaultdict(list)
        for one in self._parties.values():
            for key in _keys(one):
                self._by[key].add(one.id)
            for words in dict.fromkeys(name.words for name in names(one.name) if name.words):
                self._words[words].append(one.id)
        self._spelt = [*self._words]

    def candidates(self, one: MatchParty) -> Iterator[MatchParty]:
        found = {party for key in _keys(one) for party in self._by.get(key, ())}
        for name in filter(_is_told, names(one.name)):
            alike = process.extract(
                name.words, self._spelt, scorer=fuzz.ratio, score_cutoff=_PROPOSED, limit=10
            )
            found.update(party for words, *_ in alike for party in self._words[words])
        return (self._parties[party] for party in sorted(found))


def _keys(one: MatchParty) -> Iterator[tuple[str, str]]:
    if one.tax:
        yield "tax", one.tax
    if one.code:
        yield "code", one.code
    for words in _all_words(one):
        yield "words", words


def _judged(here: MatchParty, there: MatchParty, *, is_own_tax: bool) -> ProposedPair:
    found = _Evidence(here, there)
    if found.is_same_tax and not is_own_tax:
        # One tax id of several records, as of a chain's branches, tells none of them from the others.
        grade = Grade.UNCLEAR
    elif found.contradicts:
        grade = Grade.UNCLEAR if found.is_same_tax or found.score >= _PROPOSED else Grade.NONE
    elif found.is_surely_one:
        grade = Grade.SURE
    elif found.is_likely_one:
        grade = Grade.LIKELY
    else:
        is_worth_it = found.score >= _PROPOSED or found.has_other_name or found.is_same_code
        grade = Grade.UNCLEAR if is_worth_it else Grade.NONE
    return ProposedPair(here, there, grade, tuple(found.told()), found.score)


class _Evidence:
    """What speaks for a pair, and what against it."""

    def __init__(self, here: MatchParty, there: MatchParty) -> None:
        self._here, self._there = here, there
        ours, theirs = names(here.name), names(there.name)
        best = max((_likeness(one, other), one, other) for one in ours for other in theirs)
        self.score, one, other = best
        self._one, self._other = one, other
        self.is_exact = bool(exact(here.name)) and exact(here.name) == exact(there.name)
        self.is_same_tax = bool(here.tax) and here.tax == there.tax
        self.is_same_code = bool(here.code) and here.code == there.code
        self.is_same_address = bool(here.address) and here.address == there.address
        self.has_other_name = bool(_all_words(here) & _all_words(there))
        self._against = list(self._contradictions(one, other))

    def _contradictions(self, one: Name, other: Name) -> Iterator[str]:
        here, there = self._here, self._there
        if here.tax and there.tax and here.tax != there.tax:
            yield f"another tax id ({here.tax_shown}, {there.tax_shown})"
        if _numbers(one) != _numbers(other) and _numbers(one) and _numbers(other):
            yield "another number in its name"
        if one.branch != other.branch and one.branch and other.branch:
            yield f"another branch ({one.branch}, {other.branch})"

    @property
    def contradicts(self) -> bool:
        return bool(self._against)

    @property
    def is_same_name(self) -> bool:
        """The words and the legal form are the same, or one leaves its legal form out."""
        ours, theirs = self._one.forms, self._other.forms
        return self.is_same_words and (not ours or not theirs or bool(ours & theirs))

    @property
    def is_surely_one(self) -> bool:
        if self._here.code or self._there.code:
            return self.is_same_code and (self.is_exact or self.is_same_name)
        if self.is_same_tax:
            is_alike = self.score >= _ALIKE and (self.is_same_words or not self._is_elsewhere)
            return is_alike or self.has_other_name
        return self.is_same_address and (self.is_exact or (self.is_same_name and self._is_same_branch))

    @property
    def is_same_words(self) -> bool:
        """The words are the same, whatever the legal form."""
        return bool(self._one.words) and self._one.words == self._other.words

    @property
    def _is_elsewhere(self) -> bool:
        return bool(self._here.town and self._there.town) and self._here.town != self._there.town

    @property
    def _is_same_branch(self) -> bool:
        return self._one.branch == self._other.branch

    @property
    def is_likely_one(self) -> bool:
        if self._here.code or self._there.code:
            return self.is_same_name
        if self.is_same_tax or (self.is_same_address and (self.score >= _ALIKE or self.has_other_name)):
            return True
        return self.is_same_name and not self._is_elsewhere

    def told(self) -> Iterator[str]:
        if self.is_same_tax:
            yield f"same tax id ({self._here.tax_shown})"
        if self.is_same_code:
            yield f"same code ({self._here.code})"
        if self.is_exact:
            yield "same name"
        elif self.is_same_words:
            yield "same name but for its spelling" if self.is_same_name else "same name, another legal form"
        elif self.score >= _PROPOSED:
            yield f"names alike ({self.score:.0f} of 100)"
        elif self.has_other_name:
            yield "the name on checks, the legal name or the addressee is the same"
        if self.is_same_address:
            yield "same address"
        elif self._is_elsewhere:
            yield "another town"
        yield from self._against


def _all_words(one: MatchParty) -> set[str]:
    return {name.words for text in (one.name, *one.others) for name in names(text) if name.words}


def _is_told(name: Name) -> bool:
    return bool(name.words)


def _likeness(one: Name, other: Name) -> float:
    return fuzz.ratio(one.words, other.words) if one.words and other.words else 0.0


def _numbers(name: Name) -> frozenset[str]:
    return frozenset(word for word in name.words.split() if word.isdigit())


def _unambiguous(judged: Mapping[str, Sequence[ProposedPair]]) -> dict[str, list[ProposedPair]]:
    """Take a pair for what it seems only where no other of its grade or better has a record of it."""
    best: dict[tuple[str, str], list[Grade]] = defaultdict(list)
    for pairs in judged.values():
        for pair in pairs:
            assert pair.there  # noqa: S101 - it was found
            best["here", pair.here.id].append(pair.grade)
            best["there", pair.there.id].append(pair.grade)

    def settled(pair: ProposedPair) -> ProposedPair:
        assert pair.there  # noqa: S101 - it was found
        rivals = [*best["here", pair.here.id], *best["there", pair.there.id]]
        as_good = sum(_RANK[grade] <= _RANK[pair.grade] for grade in rivals) - 2
        if as_good <= 0 or pair.grade is Grade.UNCLEAR:
            return pair
        return replace(pair, grade=Grade.UNCLEAR, because=(*pair.because, "not the only one"))

    proposed: dict[str, list[ProposedPair]] = {}
    for here, pairs in judged.items():
        ranked = sorted(map(settled, pairs), key=lambda one: (_RANK[one.grade], -one.score))
        is_sure = ranked[0].grade is Grade.SURE
        proposed[here] = ranked[: 1 if is_sure else _MOST_CANDIDATES]
    return proposed
