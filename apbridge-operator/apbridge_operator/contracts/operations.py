"""Which call of an API is which operation of a profile: candidates, each with its score and its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from apbridge_operator.contracts.described import ApiDescription, DescribedCall, ValueShape
from apbridge_operator.contracts.fields import AHEAD, SURE, best
from apbridge_operator.contracts.knowledge import Words, known, terms
from apbridge_operator.contracts.names import likeness, words_of

_NEUTRAL = ("value", "item", "option", "search", "query", "list", "all")
_SEVERAL = {("batch",), ("bulk",), ("import",)}
"""Of a write: it takes several at once. A list of that name is another one."""
_MASTERS = {"vendor", "gl_account", "dimension_value"}
_WRITES = {"POST", "PUT", "PATCH"}
_SAME = 0.9
_STEP = 0.004


@dataclass(frozen=True)
class CallCandidate:
    """A call that may be an operation.

    Args:
        call: The call.
        score: How likely, up to 1.
        why: What speaks for it, or against.
    """

    call: DescribedCall
    score: float
    why: str


@dataclass(frozen=True)
class _Place:
    """What the path of a call says: whose it is, and what comes after that."""

    resource: str
    dimension: str
    actions: tuple[Words, ...]
    variables: tuple[str, ...]


def operations(description: ApiDescription) -> dict[tuple[str, str], list[CallCandidate]]:
    """Return for each operation, by resource and name, the calls that may be it, the likeliest first."""
    found: dict[tuple[str, str], list[CallCandidate]] = {}
    for call in description.calls:
        place = _place(call.path)
        if place is None:
            continue
        for operation, score, why in _judged(call, place):
            shorter = score - _STEP * call.path.count("/")
            found.setdefault((place.resource, operation), []).append(
                CallCandidate(call, round(shorter, 3), why)
            )
    return {key: sorted(one, key=lambda each: -each.score) for key, one in found.items()}


def are_sure(candidates: list[CallCandidate]) -> bool:
    """Return whether the first is so likely, and so far ahead, that nobody need be asked."""
    first, *others = candidates
    return first.score >= SURE and all(first.score - other.score >= AHEAD / 2 for other in others)


def profile_path(call: DescribedCall) -> str:
    """Return the path of a call as a profile has it."""
    place = _place(call.path)
    steps = []
    for step in call.path.split("/"):
        name = _variable(step)
        if not name:
            steps.append(step.replace("{", "").replace("}", ""))
        elif place and name == place.dimension:
            steps.append("{dimension}")
        else:
            steps.append("{external_id}" if names_external_id(name) else "{remote_id}")
    return "/" + "/".join(steps).lstrip("/")


def names_external_id(variable: str) -> bool:
    """Return whether what varies in a path is our id of the record, going by its name."""
    synonyms = terms_of_external_id()
    return any(likeness(words_of(variable), synonym) >= _SAME for synonym in synonyms)


def terms_of_external_id() -> tuple[Words, ...]:
    """Return what others call our id of a record."""
    concept = next(one for one in known()["vendor"].concepts if one.name == "external_id")
    return (*concept.synonyms, words_of("external reference"))


def unwrapped(body: ValueShape) -> tuple[str, int | None, ValueShape]:
    """Return the list that a body wraps its record in, and the record.

    Returns:
        The name of the list, empty without one; how many records it takes, if that is said; the record.
    """
    lists = [(name, shape) for name, shape in body.fields.items() if shape.is_list_of_objects]
    if len(body.fields) == 1 and lists and lists[0][1].item:
        return lists[0][0], lists[0][1].most, lists[0][1].item
    return "", None, body


def _place(path: str) -> _Place | None:
    steps = path.strip("/").split("/")
    for index in range(len(steps) - 1, -1, -1):
        resource = "" if _variable(steps[index]) else _resource(words_of(steps[index]))
        if resource:
            return _after(resource, steps[index + 1 :])
    return None


def _after(resource: str, steps: list[str]) -> _Place:
    actions = [words_of(step) for step in steps if not _variable(step)]
    variables = [_variable(step) for step in steps if _variable(step)]
    dimension = ""
    if (
        resource == "dimension_value"
        and variables
        and words_of(variables[0])[:1] not in {("id",), ("external",)}
    ):
        dimension = variables.pop(0)
    acts = tuple(action for action in actions if action and action not in {(word,) for word in _NEUTRAL})
    return _Place(resource, dimension, acts, tuple(variables))


def _variable(step: str) -> str:
    return step[1:-1] if step.startswith("{") and step.endswith("}") else ""


def _resource(words: Words) -> str:
    for name, resource in known().items():
        if any("".join(words) == "".join(synonym) for synonym in resource.words):
            return name
    return ""


def _judged(call: DescribedCall, place: _Place) -> Iterator[tuple[str, float, str]]:
    """Yield what a call may be, how likely, and why."""
    if call.method != "GET":
        place = replace(place, actions=tuple(one for one in place.actions if one not in _SEVERAL))
    acts = {
        name: _acts(place, name) for name in ("link", "change", "cancel", "stop", "image", "cleared_image")
    }
    if call.method == "GET":
        if place.resource == "payment" and acts["cleared_image"]:
            yield "cleared_image", 0.95, "it reads the image of a check"
        elif not place.actions and not place.variables:
            has_list = call.answer is not None and any(True for _ in lists_in(call.answer))
            yield (
                "list",
                0.95 if has_list else 0.7,
                "it reads the collection" + (", and answers a list" if has_list else ""),
            )
        return
    if place.resource in {"invoice", "credit"} and acts["cancel"]:
        yield "cancel", 0.95, f"its path ends in {acts['cancel']}"
    elif place.resource in {"invoice", "credit"} and call.method == "DELETE":
        yield "cancel", 0.7, "it deletes one"
    elif place.resource == "payment" and (acts["stop"] or call.method == "DELETE"):
        yield "stop", 0.95 if acts["stop"] else 0.85, f"it stops one ({acts['stop'] or 'DELETE'})"
    elif place.resource == "invoice" and acts["image"]:
        yield "image", 0.95, f"its path ends in {acts['image']}"
    elif call.method in _WRITES and place.resource != "payment":
        yield from _written(call, place, is_link=bool(acts["link"]), is_change=bool(acts["change"]))


def _written(
    call: DescribedCall, place: _Place, *, is_link: bool, is_change: bool
) -> Iterator[tuple[str, float, str]]:
    if is_link and place.resource in _MASTERS:
        yield "link", 0.95, "its path ends in the external id"
    elif is_change and place.resource in _MASTERS:
        yield "change", 0.95, "its path goes by AvidXchange's own id"
    elif place.variables and names_external_id(place.variables[-1]) and not place.actions:
        yield "upsert", 0.95, "its path names the record by our id"
    elif place.variables and not place.actions:
        yield "change", 0.7, "it changes one that is there"
    elif not place.actions:
        item = unwrapped(call.body)[2] if call.body else ValueShape()
        is_named = best(terms_of_external_id(), item.leaves(1), known()[place.resource].words) is not None
        yield (
            "upsert",
            0.93 if is_named else 0.5,
            (
                "it carries our id"
                if is_named
                else "it creates one, and carries no id of ours: twice may be two"
            ),
        )


def _acts(place: _Place, name: str) -> str:
    if not place.actions:
        return ""
    # As written together too: a path says `externalids`.
    last = place.actions[-1]
    return " ".join(last) if any("".join(last) == "".join(term) for term in terms("actions", name)) else ""


def lists_in(answer: ValueShape) -> Iterator[tuple[tuple[str, ...], ValueShape]]:
    """Yield the lists of records in an answer, with the way to each."""
    if answer.is_list_of_objects:
        yield (), answer
    for path, shape in answer.leaves(2):
        if shape.is_list_of_objects:
            yield path, shape
