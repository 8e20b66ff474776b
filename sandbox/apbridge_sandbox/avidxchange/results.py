"""Results of a batch, item by item, as surfaces answer them that write so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.surface import SurfaceCall

Result = dict[str, Any]

_NAMES = {"ExternalId", "Id", "Item"}
"""What a result says whose it is by, on one surface or another."""


def taken(call: SurfaceCall, items: Sequence[Any], take: Callable[[SurfaceCall, Any], Result]) -> JsonAnswer:
    """Take the items of a batch, in the way that the switches say.

    Args:
        call: That brings them.
        items: One or more.
        take: Takes one, and returns its result.

    Raises:
        RefusalError: 422: it is refused whole, for one of its items.
    """
    way = call.sandbox.switches["avidxchange.batch"]
    if way == "nameless":
        return _taken_by_nobodys_result(call, items, take)
    if way != "whole" or len(items) == 1:
        results = [take(call, item) for item in items]
        if way == "drops":
            results = [one for one in results if _is_good(one)]
        return results_of(call, results)
    with call.sandbox.store.write():
        results = [take(call, item) for item in items]
        if not all(map(_is_good, results)):
            raise refusal(422, "batch_refused", "An item is not valid: nothing of it was taken.")
    return results_of(call, results)


class _NothingTakenError(Exception):
    """Undoes a batch."""


def _taken_by_nobodys_result(
    call: SurfaceCall, items: Sequence[Any], take: Callable[[SurfaceCall, Any], Result]
) -> JsonAnswer:
    failed: list[Result] = []
    with suppress(_NothingTakenError), call.sandbox.store.write():
        results = [take(call, item) for item in items]
        failed = [one for one in results if not _is_good(one)]
        if failed:
            raise _NothingTakenError
    if failed:
        results = [{name: said for name, said in failed[0].items() if name not in _NAMES}]
    return results_of(call, results)


def results_of(call: SurfaceCall, results: list[Result]) -> JsonAnswer:
    """Answer with the results, in the form that the switches say."""
    call.records = max(1, len(results))
    form = call.sandbox.switches["avidxchange.results"]
    if form == "none":
        return JsonAnswer(200, {"Results": []})
    if form == "object" and len(results) == 1:
        return JsonAnswer(200, {"Results": results[0]})
    return JsonAnswer(200, {"Results": results})


def successful(call: SurfaceCall, *, is_good: bool) -> Mapping[str, bool | str]:
    """Return whether an item is good, in the form that the switches ask for."""
    as_text = call.sandbox.switches["avidxchange.successful"] == "text"
    return {"Successful": str(is_good).lower() if as_text else is_good}


def _is_good(result: Mapping[str, Any]) -> bool:
    return result["Successful"] in {True, "true"}
