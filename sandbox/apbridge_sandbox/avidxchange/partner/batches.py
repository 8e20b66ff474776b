"""Writes of several records at once, answered 200 with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.datastructures import Headers, QueryParams
from typing_extensions import override

from apbridge_sandbox.avidxchange import endpoint as avidconnect
from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.names import read
from apbridge_sandbox.avidxchange.partner.endpoint import NAMES, refused
from apbridge_sandbox.avidxchange.results import successful, taken
from apbridge_sandbox.avidxchange.surface import SurfaceCall, json_of

MOST_ITEMS = 100
_JSON = Headers({"content-type": "application/json"})
_encode = msgspec.json.Encoder(decimal_format="number").encode

Put = Callable[[avidconnect.AvidXchangeCall], JsonAnswer]
"""A handler of `avidconnect`."""


class BatchEndpoint:
    """Takes a list of records under one name and hands each to `avidconnect`'s handler.

    Args:
        within: The name of the list.
        kind: Which words its items use.
        put: The handler.
    """

    def __init__(self, within: str, kind: str, put: Put) -> None:
        self._within = within
        self._names = NAMES[kind]
        self._put = put
        self._has_type = within == "Codes"

    def __call__(self, call: SurfaceCall) -> JsonAnswer:
        """Take a batch.

        Raises:
            RefusalError: 400, 415: it is no batch. 422: it is refused whole, for one of its items.
        """
        return taken(call, self._items(json_of(call)), self._result)

    def _items(self, body: Mapping[str, Any]) -> list[Any]:
        for name in body:
            if name != self._within:
                raise refusal(400, "unknown_field", f"There is no field {name}.", name)
        items = body.get(self._within)
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            message = f"Send a list {self._within} of 1 to {MOST_ITEMS}."
            raise refusal(400, "invalid_value", message, self._within)
        return items

    def _result(self, call: SurfaceCall, item: Any) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(item, dict):
            return failed(call, {"ExternalId": None}, refusal(422, "invalid_value", "It is not an object."))
        content = dict(item)
        names = self._named(content)
        try:
            path = self._path(names)
            if self._has_type:
                path["dimension"] = str(content.pop("CodeType", ""))
            body = _encode(read(self._names, content))
        except RefusalError as error:
            return failed(call, names, error)
        try:
            answer = self._put(avidconnect.AvidXchangeCall(call.sandbox, path, QueryParams(), _JSON, body))
        except RefusalError as error:
            return failed(call, names, error, self._names)
        ids = {"ExternalId": answer.body["externalId"], "Id": int(answer.body["id"])}
        return {**ids, **successful(call, is_good=True)}

    def _named(self, content: dict[str, Any]) -> dict[str, Any]:
        """Take out of an item what names it."""
        return {"ExternalId": content.pop("ExternalId", None)}

    def _path(self, names: Mapping[str, Any]) -> dict[str, str]:
        if not isinstance(names["ExternalId"], str):
            raise refusal(422, "missing_field", "Give its external id.", "ExternalId")
        return {"external_id": names["ExternalId"]}


class OwnIdEndpoint(BatchEndpoint):
    """Takes records that are named by AvidXchange's own ids."""

    @override
    def _named(self, content: dict[str, Any]) -> dict[str, Any]:
        if "externalId" not in self._names and content.get("ExternalId") is None:
            content.pop("ExternalId", None)
        return {"Id": content.pop("Id", None)}

    @override
    def _path(self, names: Mapping[str, Any]) -> dict[str, str]:
        if names["Id"] is None:
            raise refusal(422, "missing_field", "Give its id.", "Id")
        return {"id": str(names["Id"])}


def failed(
    call: SurfaceCall,
    names: Mapping[str, Any],
    error: RefusalError,
    words: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the result of an item that is refused, and count it."""
    call.refused.extend(problem.code for problem in error.problems)
    return {**names, **successful(call, is_good=False), **refused(error, words)}
