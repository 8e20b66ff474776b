"""Which field of an API is which of ours: candidates by name, type and form, each with score and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apbridge import json
from apbridge_operator.contracts.described import ValueShape
from apbridge_operator.contracts.knowledge import Concept, Words
from apbridge_operator.contracts.names import likeness, words_of

Path = tuple[str, ...]

SURE, WORTH_ASKING, AHEAD = 0.8, 0.55, 0.04
"""From which score on a candidate is taken, or asked about; and how far it has to be ahead of the next."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NESTED = 0.97
_FITS: Mapping[str, Mapping[str, float]] = {
    "text": {"text": 1, "number": 0.7},
    "id": {"text": 1, "number": 1},
    "number": {"number": 1, "text": 0.8},
    "flag": {"flag": 1, "text": 0.6},
    "day": {"text": 1},
    "instant": {"text": 1, "number": 0.5},
    "words": {"text": 1},
    "object": {"object": 1},
    "list": {"list": 1},
}
_READ_OF_ABOUT = 300
_TOLD = 0.9
_MISFIT, _UNKNOWN = 0.25, 0.97
_FORMS: Mapping[str, Mapping[str, float]] = {
    "day": {"date": 1, "date-time": 0.9},
    "instant": {"date-time": 1, "date": 0.8},
}
_OTHER_FORM, _NO_FORM = 0.6, 0.96


@dataclass(frozen=True)
class FieldCandidate:
    """A field of the API that may be one of ours.

    Args:
        path: The way to it.
        shape: What it is.
        score: How likely, up to 1.
        why: What speaks for it.
    """

    path: Path
    shape: ValueShape
    score: float
    why: str

    @property
    def expression(self) -> str:
        """What reads it."""
        return expression(self.path)


def expression(path: Path) -> str:
    """Return the JMESPath of a way through objects."""
    return ".".join(name if _NAME.fullmatch(name) else json.dumps(name).decode() for name in path)


def best(
    names: Iterable[Words], shapes: Iterable[tuple[Path, ValueShape]], own: tuple[Words, ...] = ()
) -> FieldCandidate | None:
    """Return the field that is likeliest called one of these names, where that is sure enough to be taken."""
    told = tuple(names)
    scored = [FieldCandidate(path, shape, *_by_name(path, told, own)) for path, shape in shapes]
    found = max(scored, key=lambda one: one.score, default=None)
    return found if found and found.score >= SURE else None


def matched(
    concepts: Sequence[Concept], shape: ValueShape, own: tuple[Words, ...]
) -> dict[str, list[FieldCandidate]]:
    """Return for each of our fields its candidates, the one that it gets first.

    A field of the API is one of ours, so the likeliest pairs are made first.

    Args:
        concepts: Our fields.
        shape: The object that has the API's.
        own: What the record is called: `VendorName` of a vendor is its name.
    """
    leaves = list(shape.leaves())
    pairs = [(concept, _candidate(concept, path, leaf, own)) for concept in concepts for path, leaf in leaves]
    pairs = [pair for pair in pairs if pair[1].score >= WORTH_ASKING]
    # In the order of both where the scores are the same: the outcome is always one.
    pairs.sort(key=lambda pair: -pair[1].score)
    given: dict[str, FieldCandidate] = {}
    taken: set[Path] = set()
    for concept, candidate in pairs:
        if concept.name not in given and candidate.path not in taken:
            given[concept.name] = candidate
            taken.add(candidate.path)
    found = {}
    for concept in concepts:
        others = [one for of, one in pairs if of is concept and one.path not in taken]
        if concept.name in given:
            found[concept.name] = [given[concept.name], *others]
    return found


def is_sure(candidates: Sequence[FieldCandidate]) -> bool:
    """Return whether the first is so likely, and so far ahead, that nobody need be asked."""
    first, *others = candidates
    return first.score >= SURE and all(first.score - other.score >= AHEAD for other in others)


def _candidate(concept: Concept, path: Path, shape: ValueShape, own: tuple[Words, ...]) -> FieldCandidate:
    score, why = _by_name(path, concept.synonyms, own)
    fit = _UNKNOWN if shape.kind == "any" else _FITS[concept.kind].get(shape.kind, _MISFIT)
    if concept.kind in _FORMS and shape.kind == "text":
        fit *= _FORMS[concept.kind].get(shape.form, _OTHER_FORM) if shape.form else _NO_FORM
    elif shape.form in {"date", "date-time"}:
        fit *= _OTHER_FORM
    about = f" {' '.join(words_of(shape.about[:_READ_OF_ABOUT]))} "
    if (said := _said(concept.told, about)) and score < _TOLD and fit > _NO_FORM:
        score, why = _TOLD, f"its description says {said}"
    elif said := _said(concept.untold, about):
        score, why = score * _OTHER_FORM, f"{why}, but its description says {said}"
    elif score < WORTH_ASKING and fit > _NO_FORM and (said := _said(concept.synonyms, about, least=2)):
        score, why = WORTH_ASKING + 0.05, f"it is described as {said}"
    kind = f"{shape.form or shape.kind}"
    return FieldCandidate(path, shape, round(score * fit, 3), f"{why}, {kind}")


def _said(phrases: tuple[Words, ...], about: str, least: int = 1) -> str:
    """Return the first of these phrases, of so many words at least, that a description has, or nothing."""
    said = (" ".join(one) for one in phrases if len(one) >= least)
    return next((one for one in said if f" {one} " in about), "")


def _by_name(path: Path, synonyms: tuple[Words, ...], own: tuple[Words, ...]) -> tuple[float, str]:
    """Return how alike a field's name is to one of these, and what speaks for it."""
    names = list(_called(path, own))
    scored = [(likeness(name, synonym), synonym) for name in names for synonym in synonyms]
    score, synonym = max(scored, key=lambda one: one[0], default=(0.0, ()))
    # What is a step further in, is a little less likely than what is not.
    return score * _NESTED ** (len(path) - 1), f"its name is like {' '.join(synonym)}"


def _called(path: Path, own: tuple[Words, ...]) -> Iterable[Words]:
    steps = [words_of(step) for step in path]
    whole = tuple(word for step in steps for word in step)
    yield whole
    for prefix in own:
        if len(whole) > len(prefix) and whole[: len(prefix)] == prefix:
            yield whole[len(prefix) :]
