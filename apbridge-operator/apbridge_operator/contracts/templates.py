"""The templates of a draft: a record that is read, and a body that is sent, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apbridge.schemas import schema
from apbridge_operator.contracts.asking import OpenPoint
from apbridge_operator.contracts.described import ValueShape
from apbridge_operator.contracts.draft import ProfileDraft
from apbridge_operator.contracts.fields import FieldCandidate, expression, is_sure, matched
from apbridge_operator.contracts.knowledge import Concept, Words, whole
from apbridge_operator.contracts.names import likeness, words_of

Template = dict[str, Any]

_READ = {"id": "text({})", "instant": "utc({})"}
_SAME_WORD = 0.93
_WITH_OTHERWISE = {"payment.status", "payment.method", "invoice.status", "credit.status"}
_NATIVE = ("status", "method")
_MOST_CANDIDATES = 4


def read_template(  # noqa: PLR0917 - a template, and what it is made of
    draft: ProfileDraft,
    resource: str,
    stream: str,
    concepts: Sequence[Concept],
    item: ValueShape,
    own: tuple[Words, ...],
) -> Template:
    """Return how a canonical record is read out of an item of a list."""
    return _read(draft, resource, f"resources.{resource}.list.read", schema(stream), concepts, item, own)


def body_template(
    draft: ProfileDraft, key: str, concepts: Sequence[Concept], sent: ValueShape, own: tuple[Words, ...]
) -> Template:
    """Return how a body is filled; fields that the API needs and nobody knows are asked."""
    wanted = [concept for concept in concepts if concept.body]
    chosen = _chosen(draft, key, wanted, matched(wanted, sent, own), needed=())
    template: Template = {}
    for concept in wanted:
        candidate = chosen.get(concept.name)
        if isinstance(candidate, FieldCandidate):
            _put(template, candidate.path, _sent(draft, key, concept, candidate))
            draft.whys.setdefault(
                f"{key}.{'.'.join(candidate.path)}", f"{candidate.why} ({candidate.score:.2f})"
            )
        elif candidate:
            template[candidate] = concept.body
    for name, shape in sent.fields.items():
        if shape.needed and name not in template:
            point = OpenPoint(
                f"{key}.{name}", f"what is sent as {name}, which AvidXchange needs", (), is_needed=True
            )
            template[name] = draft.ask(point)
    return template


def _read(  # noqa: PLR0917 - a template, and what it is made of
    draft: ProfileDraft,
    resource: str,
    key: str,
    record: Mapping[str, Any],
    concepts: Sequence[Concept],
    item: ValueShape,
    own: tuple[Words, ...],
) -> Template:
    wanted = [one for one in concepts if one.read in record["properties"]]
    found = matched(wanted, item, own)
    needed = [one.name for one in wanted if one.read in record.get("required", ()) and not one.otherwise]
    chosen = _chosen(draft, key, wanted, found, needed)
    template: Template = {}
    for concept in wanted:
        name, candidate = str(concept.read), chosen.get(concept.name)
        here = f"{key}.{name}"
        if isinstance(candidate, FieldCandidate):
            template[name] = _shown(draft, resource, here, record, concept, candidate)
            draft.whys.setdefault(here, f"{candidate.why} ({candidate.score:.2f})")
        elif candidate:
            template[name] = candidate
        elif concept.otherwise and name in record.get("required", ()):
            same = template.get(concept.otherwise)
            told = same if isinstance(same, str) else concept.otherwise
            template[name] = draft.assume(here, told, "nothing of the kind was found")
        if concept.kind == "words" and f"native_{name}" in record["properties"] and name in template:
            native = template[name]["map"] if isinstance(template[name], Mapping) else template[name]
            template[f"native_{name}"] = native
    return template


def _chosen(
    draft: ProfileDraft,
    key: str,
    concepts: Sequence[Concept],
    found: Mapping[str, Sequence[FieldCandidate]],
    needed: Sequence[str],
) -> dict[str, FieldCandidate | str]:
    """Return for each of our fields the API's, or the expression that was said of it."""
    chosen: dict[str, FieldCandidate | str] = {}
    for concept in concepts:
        candidates = found.get(concept.name, ())
        if candidates and is_sure(candidates):
            chosen[concept.name] = candidates[0]
        elif candidates or concept.name in needed:
            named = tuple(one.expression for one in candidates[:_MOST_CANDIDATES])
            text = f"which field is {(concept.read or concept.name).replace('_', ' ')}"
            point = OpenPoint(f"{key}.{concept.read or concept.name}", text, named, concept.name in needed)
            answer = draft.ask(point)
            same = next((one for one in candidates if one.expression == answer), None)
            if answer is not None:
                chosen[concept.name] = same or answer
    return chosen


def _shown(  # noqa: PLR0917 - a field, and what it is made of
    draft: ProfileDraft,
    resource: str,
    key: str,
    record: Mapping[str, Any],
    concept: Concept,
    candidate: FieldCandidate,
) -> Any:  # noqa: ANN401
    if concept.kind == "words":
        return _translated(draft, f"{resource}.{concept.name}", key, candidate)
    known = record["properties"][concept.read]
    if concept.kind == "object" and concept.inner:
        inner = _read(draft, resource, key, known, concept.inner, candidate.shape, ())
        return {"of": candidate.expression, "fields": inner}
    if concept.kind == "list" and concept.inner:
        item = candidate.shape.item or ValueShape()
        inner = _read(draft, resource, key, known["items"], concept.inner, item, _own(candidate))
        return {"each": candidate.expression, "fields": inner}
    if concept.read_as:
        return concept.read_as.replace("{}", candidate.expression)
    if concept.kind == "day" and candidate.shape.form != "date":
        return f"day({candidate.expression})"
    return _READ.get(concept.kind, "{}").replace("{}", candidate.expression)


def _translated(draft: ProfileDraft, kind: str, key: str, candidate: FieldCandidate) -> Any:  # noqa: ANN401
    """Return how a word is translated; what is no word that is known is asked, and never guessed."""
    ours = whole("words")[kind]
    values: dict[str, str] = {}
    for word in candidate.shape.words:
        told = words_of(word)
        same = next((one for one, names in ours.items() for name in names if _is_like(told, str(name))), None)
        if same is None:
            point = OpenPoint(f"{key}.values.{word}", f"what {word!r} stands for", tuple(ours))
            same = draft.ask(point) or ""
        if same in ours:
            values[word] = same
    if not candidate.shape.words:
        why = "the words are not in the description: these are assumed"
        values = draft.assume(f"{key}.values", {one: one for one in ours}, why)
    unknown = {"otherwise": "unknown"} if kind in _WITH_OTHERWISE else {}
    return {"map": candidate.expression, "values": values, **unknown}


def _is_like(told: Words, name: str) -> bool:
    return likeness(told, words_of(name)) >= _SAME_WORD


def _sent(draft: ProfileDraft, key: str, concept: Concept, candidate: FieldCandidate) -> Any:  # noqa: ANN401
    here = f"{key}.{'.'.join(candidate.path)}"
    if concept.kind == "object" and concept.inner:
        inner = body_template(draft, here, concept.inner, candidate.shape, ())
        return {"of": concept.body, "fields": inner} if inner else concept.body
    if concept.kind == "list" and concept.inner:
        item = candidate.shape.item or ValueShape()
        inner = body_template(draft, here, concept.inner, item, _own(candidate))
        return {"each": concept.body, "fields": inner}
    if concept.is_cut and candidate.shape.most:
        return f"shorten({concept.body}, `{candidate.shape.most}`)"
    return concept.body


def _put(template: Template, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401
    """Put a value where it is sent; an object on the way there is made."""
    for name in path[:-1]:
        template = template.setdefault(name, {"of": "@", "fields": {}})["fields"]
    template[path[-1]] = value


def _own(candidate: FieldCandidate) -> tuple[Words, ...]:
    return (words_of(candidate.path[-1]),)


def shown_elsewhere(
    concepts: Sequence[Concept], sent: ValueShape, item: ValueShape, own: tuple[Words, ...]
) -> dict[str, str]:
    """Return the fields of a body that an item of the list shows elsewhere than under the same name."""
    wanted = [one for one in concepts if one.body and one.kind not in {"object", "list"}]
    bodies, shown = matched(wanted, sent, own), matched(wanted, item, own)
    return {
        bodies[one.name][0].path[0]: expression(shown[one.name][0].path)
        for one in wanted
        if one.name in bodies and one.name in shown and len(bodies[one.name][0].path) == 1
        if is_sure(bodies[one.name])
        and is_sure(shown[one.name])
        and bodies[one.name][0].path != shown[one.name][0].path
    }
