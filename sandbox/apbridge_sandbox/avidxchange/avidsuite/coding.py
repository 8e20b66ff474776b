"""The coding of a line: here a list of enterprise codes, each with its group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apbridge_sandbox.avidxchange.answers import refusal
from apbridge_sandbox.avidxchange.avidsuite.endpoint import GL_ACCOUNTS, dimension_of, group_of

_CODES, _VALUE, _GROUPS, _NAME = (
    "EnterpriseCodes",
    "EnterpriseCodeValue",
    "EnterpriseCodeGroups",
    "CodeGroupName",
)
_OWN_FIELDS = ("department", "class", "location")


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take the coding of a line apart, into the fields that `avidconnect` has for it.

    Raises:
        RefusalError: 422: it is not written so.
    """
    line = {name: value for name, value in given.items() if name != _CODES}
    for core in ("glCode", *_OWN_FIELDS, "dimensions"):
        if core in line:
            raise refusal(422, "unknown_field", f"There is no field {core}.", core)
    codes = given.get(_CODES)
    if not isinstance(codes, list):
        raise refusal(422, "missing_field", f"Give {_CODES}, a list.", _CODES)
    others: dict[str, Any] = {}
    for one in codes:
        group, code = _read(one)
        dimension = dimension_of(group)
        if group == GL_ACCOUNTS:
            line["glCode"] = code
        elif dimension in _OWN_FIELDS:
            line[dimension] = code
        else:
            others[dimension] = code
    return {**line, **({"dimensions": others} if others else {})}


def _read(one: Any) -> tuple[str, Any]:  # noqa: ANN401
    groups: Any = one.get(_GROUPS) if isinstance(one, dict) else None
    is_right = (
        isinstance(one, dict)
        and one.keys() == {_VALUE, _GROUPS}
        and isinstance(groups, list)
        and len(groups) == 1
        and isinstance(groups[0], dict)
        and groups[0].keys() == {_NAME}
        and isinstance(groups[0][_NAME], str)
    )
    if not is_right:
        message = f"A code has {_VALUE} and {_GROUPS}, with one {_NAME}."
        raise refusal(422, "invalid_value", message, _CODES)
    return groups[0][_NAME], one[_VALUE]


def shown(line: Mapping[str, Any]) -> dict[str, Any]:
    """Put the coding of a line together again."""
    core = {name: line.get(name) for name in _OWN_FIELDS} | dict(line.get("dimensions") or {})
    codes = {GL_ACCOUNTS: line.get("glCode"), **{group_of(name): code for name, code in core.items()}}
    listed = [{_VALUE: code, _GROUPS: [{_NAME: group}]} for group, code in codes.items() if code is not None]
    apart = {"glCode", "dimensions", *_OWN_FIELDS}
    return {**{name: value for name, value in line.items() if name not in apart}, _CODES: listed}
