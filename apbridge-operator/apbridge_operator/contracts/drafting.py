"""A profile drafted from what an API's description says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apbridge.avidxchange.canonical import STREAMS
from apbridge.avidxchange.evidence import OPEN, place_of, values_of
from apbridge_operator.contracts.answers import common_answers, errors, sign_in
from apbridge_operator.contracts.asking import BELOW_ZERO, NOTHING, Asker, Asking, OpenPoint
from apbridge_operator.contracts.credits import below_zero
from apbridge_operator.contracts.described import ApiDescription, DescribedCall
from apbridge_operator.contracts.draft import ProfileDraft
from apbridge_operator.contracts.fields import best
from apbridge_operator.contracts.knowledge import known, terms
from apbridge_operator.contracts.names import words_of
from apbridge_operator.contracts.one_object import are_one_object, grouped
from apbridge_operator.contracts.operations import (
    CallCandidate,
    are_sure,
    operations,
    profile_path,
)
from apbridge_operator.contracts.parts import listing, open_listing, picture, write

_NEEDED = {
    ("vendor", "list"),
    ("vendor", "upsert"),
    ("gl_account", "list"),
    ("gl_account", "upsert"),
    ("dimension_value", "list"),
    ("dimension_value", "upsert"),
    ("invoice", "list"),
    ("invoice", "upsert"),
    ("payment", "list"),
}
_ORDER = ("upsert", "link", "change", "list", "cancel", "image", "stop", "cleared_image")
_OF: Mapping[str, tuple[str, ...]] = {
    "vendor": ("upsert", "link", "change", "list"),
    "gl_account": ("upsert", "link", "change", "list"),
    "dimension_value": ("upsert", "link", "change", "list"),
    "invoice": ("upsert", "list", "cancel", "image"),
    "credit": ("upsert", "list", "cancel"),
    "purchase_order": ("upsert", "list"),
    "payment": ("cleared_image", "list", "stop"),
}
_MOST_CANDIDATES = 4


@dataclass(frozen=True)
class LearnedProfile:
    """A draft, and how it came about.

    Args:
        declared: What the profile says.
        chosen: The call that each operation is, with its score and its reason.
        draft: Why each value is what it is, and what is open.
    """

    declared: Mapping[str, Any]
    chosen: Mapping[tuple[str, str], CallCandidate]
    draft: ProfileDraft


def learned(description: ApiDescription, name: str, ask: Asker) -> LearnedProfile:
    """Draft a profile.

    Args:
        description: What is known.
        name: What errors are to call the profile.
        ask: Who says what the description does not settle.
    """
    draft = ProfileDraft(Asking(ask))
    chosen = _choose(draft, description)
    calls = {key: one.call for key, one in chosen.items()}
    are_below_zero = ("credit", "list") not in calls and _are_below_zero(draft)
    if are_below_zero:
        calls |= {
            ("credit", name): calls["invoice", name] for name in _OF["credit"] if ("invoice", name) in calls
        }
    upserts = [call for (_, operation), call in calls.items() if operation == "upsert"]
    parts: dict[str, Any] = {
        "sign_in": sign_in(draft, description),
        "check": _check(draft, description, calls),
        "answers": common_answers(draft, description, upserts),
        "errors": errors(draft, description),
    }
    results = parts["answers"].get("results")
    found = {resource: _resource(draft, resource, calls, results) for resource in STREAMS}
    if are_one_object(calls):
        parts["groups"] = grouped(draft, found, calls)
    if are_below_zero:
        below_zero(found["invoice"], found["credit"])
    declared = {
        "name": name,
        "evidence": description.evidence,
        **{key: value for key, value in parts.items() if value},
        "resources": {resource: one for resource, one in found.items() if one},
    }
    if known_otherwise := _evidence(draft, declared):
        declared["evidence"] = {"otherwise": description.evidence, **known_otherwise}
    return LearnedProfile(declared, chosen, draft)


def _are_below_zero(draft: ProfileDraft) -> bool:
    text = "how vendor credits are told: no calls of their own were found"
    return draft.ask(OpenPoint("resources.credit", text, (BELOW_ZERO, NOTHING))) == BELOW_ZERO


def _evidence(draft: ProfileDraft, declared: Mapping[str, Any]) -> dict[str, str]:
    """Return the evidence of what is surer or less sure than the description, by its place."""
    there = {place[:end] for place in map(place_of, values_of(declared)) for end in range(1, len(place) + 1)}
    found = {}
    for key, word in draft.evidence.items():
        steps = tuple(key.split("."))
        # A word that is translated is a part of its field.
        while steps and steps not in there:
            steps = steps[:-1]
        if len(steps) > 1:
            found[".".join(steps)] = word
    return found


def _choose(draft: ProfileDraft, description: ApiDescription) -> dict[tuple[str, str], CallCandidate]:
    found = operations(description)
    chosen: dict[tuple[str, str], CallCandidate] = {}
    for resource, names in _OF.items():
        for operation in names:
            candidates = found.get((resource, operation), [])
            if not candidates and resource == "gl_account":
                # Accounts and dimensions are one object in some contracts: which it is has to be said.
                candidates = [
                    replace(one, score=0.0) for one in found.get(("dimension_value", operation), [])
                ]
            if candidates and are_sure(candidates):
                chosen[resource, operation] = candidates[0]
                continue
            is_asked = candidates or (resource, operation) in _NEEDED
            if is_asked and (said := _said(draft, description, resource, operation, candidates)):
                chosen[resource, operation] = said
    return chosen


def _said(
    draft: ProfileDraft,
    description: ApiDescription,
    resource: str,
    operation: str,
    candidates: list[CallCandidate],
) -> CallCandidate | None:
    names = tuple(one.call.name for one in candidates[:_MOST_CANDIDATES])
    why = f" ({candidates[0].why})" if candidates else ""
    text = f"which call is {operation} of {resource.replace('_', ' ')}s{why}"
    key = f"resources.{resource}.{operation}"
    answer = draft.ask(OpenPoint(key, text, names, (resource, operation) in _NEEDED))
    if answer in {None, OPEN}:
        return None
    call = next((one for one in description.calls if one.name == answer), None)
    return CallCandidate(call, 1.0, "you said so") if call else None


def _check(
    draft: ProfileDraft, description: ApiDescription, calls: Mapping[tuple[str, str], DescribedCall]
) -> dict[str, Any]:
    for call in description.calls:
        last = words_of(call.path.rpartition("/")[2])
        if call.method == "GET" and "{" not in call.path and last in terms("check", "paths"):
            company = None
            if call.answer:
                names = (*known()["vendor"].concepts[0].synonyms, words_of("company id"))
                company = best(names, call.answer.leaves(2))
            found = {"path": call.path} | ({"company": company.expression} if company else {})
            return dict(draft.because("check.path", found, f"it reads who is calling ({' '.join(last)})"))
    vendors = calls.get(("vendor", "list"))
    path = vendors.path if vendors and "{" not in vendors.path else f"/{OPEN}"
    return {"path": draft.assume("check.path", path, "nothing is there that only says who is calling")}


def _resource(
    draft: ProfileDraft,
    resource: str,
    calls: Mapping[tuple[str, str], DescribedCall],
    results: Mapping[str, Any] | None,
) -> dict[str, Any]:
    own = {operation: calls[resource, operation] for operation in _ORDER if (resource, operation) in calls}
    is_needed = (resource, "list") in _NEEDED
    if "list" not in own and not is_needed:
        return {}
    found: dict[str, Any] = {}
    for operation in _ORDER:
        key = f"resources.{resource}.{operation}"
        call = own.get(operation)
        if operation == "list":
            found["list"] = (
                listing(draft, resource, call, own.get("upsert")) if call else open_listing(draft, resource)
            )
        elif call is None and operation == "upsert" and (resource, operation) in _NEEDED:
            found["upsert"] = {"method": "PUT", "path": f"/{OPEN}", "answer": {}, "body": {OPEN: OPEN}}
        elif call is None:
            continue
        elif operation == "image":
            found["image"] = picture(draft, call, own.get("list"), results)
        elif operation == "cleared_image":
            found["cleared_image"] = _cleared(call)
        else:
            found[operation] = write(draft, resource, operation, call, results)
        draft.whys.setdefault(key, call.name if call else "nothing was found")
    return found


def _cleared(call: DescribedCall) -> dict[str, Any]:
    content = best(terms("answer", "base64"), call.answer.leaves(2)) if call.answer else None
    return {"path": profile_path(call)} | ({"content": content.expression} if content else {})
