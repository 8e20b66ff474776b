"""GL accounts and dimensions that an API has as one object, told apart by the names of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apbridge_operator.contracts.asking import OpenPoint
from apbridge_operator.contracts.described import DescribedCall, ValueShape
from apbridge_operator.contracts.draft import ProfileDraft
from apbridge_operator.contracts.fields import best
from apbridge_operator.contracts.knowledge import known
from apbridge_operator.contracts.names import words_of
from apbridge_operator.contracts.operations import unwrapped

Calls = Mapping[tuple[str, str], DescribedCall]
Operations = dict[str, Any]

_ACCOUNTS, _VALUES = "gl_account", "dimension_value"
_WITH_LINES = ("invoice", "credit", "purchase_order")
_GROUPS = (_ACCOUNTS, "department", "class", "location")


def are_one_object(calls: Calls) -> bool:
    """Return whether accounts and dimensions are written by the same call, and listed by the same."""
    both = [(calls.get((_ACCOUNTS, name)), calls.get((_VALUES, name))) for name in ("upsert", "list")]
    return all(one is not None and one is other and "{" not in one.path for one, other in both)


def grouped(draft: ProfileDraft, found: Mapping[str, Operations], calls: Calls) -> dict[str, str]:
    """Put groups in the place of dimensions: of accounts, values and codes of lines. Return their names.

    Args:
        draft: Asks for them.
        found: The operations, by resource; changed.
        calls: The calls that they are.
    """
    for name, operation in found[_VALUES].items():
        for part in ("body", "parameters"):
            said = operation.get(part, {})
            groups = {key: "group" for key, value in said.items() if value == "dimension"}
            groups |= {key: "{group}" for key, value in said.items() if value == "{dimension}"}
            said |= groups
            if groups and name in found[_ACCOUNTS]:
                ours = found[_ACCOUNTS][name].get(part, {})
                found[_ACCOUNTS][name][part] = {**groups, **ours, **groups}
    for resource in _WITH_LINES:
        call = calls.get((resource, "upsert"))
        if call and call.body and "upsert" in found.get(resource, {}):
            _code_lines(found[resource]["upsert"]["body"], unwrapped(call.body)[2])
    return _names(draft)


def _names(draft: ProfileDraft) -> dict[str, str]:
    names = {}
    for of in _GROUPS:
        point = OpenPoint(
            f"groups.{of}", f"what the group of {of.replace('_', ' ')} codes is called", (), is_needed=True
        )
        names[of] = draft.ask(point) or of
    return names


def _code_lines(body: Operations, sent: ValueShape) -> None:
    for name, told in body.items():
        shape = sent.fields.get(name)
        if isinstance(told, Mapping) and told.get("each") == "lines" and shape and shape.item:
            lists = [(key, one) for key, one in shape.item.fields.items() if one.is_list_of_objects]
            for key, one in lists:
                if key not in told["fields"] and (codes := _codes(key, one.item or ValueShape())):
                    told["fields"][key] = {"each": "group_codes", "fields": codes}


def _codes(name: str, item: ValueShape) -> dict[str, str] | None:
    """Return how each code of a line is told with its group; None where the list is none of codes."""
    concepts = {one.name: one.synonyms for one in known()[_VALUES].concepts}
    own = (words_of(name),)
    code = best(concepts["code"], item.leaves(1), own)
    flat = best(
        concepts["dimension"], ((path, one) for path, one in item.leaves(1) if one.kind == "text"), own
    )
    if code and flat:
        return {code.expression: "code", flat.expression: "group"}
    for key, one in item.fields.items():
        inner = (
            best(concepts["dimension"], one.item.leaves(1)) if one.is_list_of_objects and one.item else None
        )
        if code and inner:
            return {code.expression: "code", key: f"[{{{inner.expression}: group}}]"}
    return None
