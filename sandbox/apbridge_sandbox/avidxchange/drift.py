"""Answers otherwise than the contract says: what a release brings that nobody announced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer
from apbridge_sandbox.switches import Switches, listed

_TIMES = {"modifiedAt": "updatedAt", "LastModified": "LastUpdated", "LastChangedDate": "LastUpdated"}
_PAGING = {"nextCursor": "cursor", "Paging": "Pagination"}
_STATUSES = {
    "settled": "at_bank",
    "cleared": "at_bank",
    "Cleared": "Queued At Bank",
}
_FIRST_REFUSAL = 400


def drifted(switches: Switches, method: str, answer: JsonAnswer) -> JsonAnswer:
    """Return an answer as it is where the switches say that something has changed."""
    kinds = listed(switches["avidxchange.drift"])
    if not kinds:
        return answer
    if answer.status >= _FIRST_REFUSAL:
        return JsonAnswer(answer.status, {"fault": {"told": answer.body}}) if "error" in kinds else answer
    body = answer.body
    for kind in kinds if method == "GET" else ():
        if kind in _CHANGES:
            body = _CHANGES[kind](body)
    return JsonAnswer(answer.status, body)


def _renamed(names: Mapping[str, str]) -> Callable[[Any], Any]:
    def rename(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {names.get(key, key): rename(one) for key, one in value.items()}
        return [rename(one) for one in value] if isinstance(value, list) else value

    return rename


def _replaced(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def replace(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: replace(one) for key, one in value.items()}
        return [replace(one) for one in value] if isinstance(value, list) else change(value)

    return replace


_CHANGES = {
    "field": _renamed(_TIMES),
    "paging": _renamed(_PAGING),
    "type": _replaced(lambda value: str(value) if isinstance(value, Decimal) else value),
    "status": _replaced(lambda value: _STATUSES.get(value, value) if isinstance(value, str) else value),
}
