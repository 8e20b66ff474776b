"""Writes of several records at once, answered 200 with a result for each: in words, and without a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.datastructures import Headers, QueryParams
from typing_extensions import override

from apbridge_sandbox.avidxchange import endpoint as avidconnect
from apbridge_sandbox.avidxchange.answers import FieldProblem, JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.avidsuite import coding
from apbridge_sandbox.avidxchange.avidsuite.endpoint import GL_ACCOUNTS, NAMES, dimension_of
from apbridge_sandbox.avidxchange.names import field as place_of
from apbridge_sandbox.avidxchange.names import read
from apbridge_sandbox.avidxchange.results import successful, taken
from apbridge_sandbox.avidxchange.surface import SurfaceCall, json_of

MOST_ITEMS = 100
_WITHIN = "Items"
_JSON = Headers({"content-type": "application/json"})
_encode = msgspec.json.Encoder(decimal_format="number").encode

_EXTERNAL_ID = {"vendor": "VendorExternalSystemID", "invoice": "InvoiceExternalSystemID"}
_USUAL_EXTERNAL_ID = "ExternalSystemID"

_ABOUT_A_FIELD = {"invalid_value", "too_long"}

Put = Callable[[avidconnect.AvidXchangeCall], JsonAnswer]
"""A handler of `avidconnect`."""


def external_id_field(kind: str) -> str:
    """Return what the external id of a kind of record is called."""
    return _EXTERNAL_ID.get(kind, _USUAL_EXTERNAL_ID)


class ItemsEndpoint:
    """Takes a list of records and hands each, in `avidconnect`'s words, to its handler.

    Args:
        kind: Which words its items use.
        put: The handler.
        by_own_id: Whether records are named by AvidXchange's own ids.
    """

    def __init__(self, kind: str, put: Put, *, by_own_id: bool = False) -> None:
        self._kind = kind
        self._put = put
        self._by_own_id = by_own_id

    def __call__(self, call: SurfaceCall) -> JsonAnswer:
        """Take a batch.

        Raises:
            RefusalError: 400, 415: it is no batch. 422: it is refused whole, for one of its items.
        """
        body = json_of(call)
        for name in body:
            if name != _WITHIN:
                raise refusal(400, "unknown_field", f"There is no field {name}.", name)
        items = body.get(_WITHIN)
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            message = f"Send a list {_WITHIN} of 1 to {MOST_ITEMS}."
            raise refusal(400, "invalid_value", message, _WITHIN)
        return taken(call, items, self._result)

    def _result(self, call: SurfaceCall, item: Any) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(item, dict):
            return failed(call, item, refusal(422, "invalid_value", "It is not an object."))
        content = dict(item)
        try:
            path = self._path(content)
            core = read(NAMES[self._kind], self._told(content))
            put, more = self._handler(path, core)
            body = _encode(more)
            answer = put(avidconnect.AvidXchangeCall(call.sandbox, path, QueryParams(), _JSON, body))
        except RefusalError as error:
            return failed(call, item, error)
        ids = {self._name: answer.body["externalId"], "Id": int(answer.body["id"])}
        return {**successful(call, is_good=True), "Errors": [], "Item": {**item, **ids}}

    def _path(self, content: dict[str, Any]) -> dict[str, str]:
        """Take out of an item what names it.

        Raises:
            RefusalError: 422: nothing does.
        """
        name = self._name
        if self._by_own_id:
            own = content.pop("Id", None)
            if own is None:
                raise refusal(422, "missing_field", "Give its Id.", "Id")
            if self._kind == "link":
                content["ExternalId"] = content.pop(name, None)
            elif content.get(name) is None:
                content.pop(name, None)
            return {"id": str(own)}
        external_id = content.pop(name, None)
        if not isinstance(external_id, str):
            raise refusal(422, "missing_field", f"Give its {name}.", name)
        return {"external_id": external_id}

    @property
    def _name(self) -> str:
        """What the external id is called."""
        return external_id_field("vendor" if self._kind == "link" else self._kind)

    def _told(self, content: dict[str, Any]) -> dict[str, Any]:
        """Bring what is nested here into the form that `avidconnect` has."""
        if self._kind not in {"invoice", "purchase_order"}:
            return content
        vendor = content.pop("BuyerVendor", None) or {}
        for name in vendor if isinstance(vendor, dict) else ["BuyerVendor"]:
            if name not in {"VendorExternalSystemID", "Id"}:
                raise refusal(422, "unknown_field", f"There is no field BuyerVendor.{name}.", name)
        for name in ("VendorExternalSystemID", "VendorId"):
            if name in content:
                raise refusal(422, "unknown_field", f"There is no field {name}.", name)
        content["VendorExternalSystemID"] = vendor.get("VendorExternalSystemID")
        content["VendorId"] = vendor.get("Id")
        if self._kind == "invoice":
            orders = content.get("PONumber")
            content["PONumber"] = orders.split(", ") if isinstance(orders, str) else []
        lines = content.get("Distributions")
        if isinstance(lines, list):
            content["Distributions"] = [
                coding.told(line) if isinstance(line, dict) else line for line in lines
            ]
        return content

    def _handler(self, path: dict[str, str], core: dict[str, Any]) -> tuple[Put, dict[str, Any]]:  # noqa: ARG002
        return self._put, core


class EnterpriseCodes(ItemsEndpoint):
    """Takes enterprise codes: GL accounts and values of dimensions, by the group that each says.

    Args:
        kind: Which words its items use.
        put_account: The handler of a GL account.
        put_value: The handler of a dimension's value.
        by_own_id: As of `ItemsEndpoint`.
    """

    def __init__(self, kind: str, put_account: Put, put_value: Put, *, by_own_id: bool = False) -> None:
        super().__init__(kind, put_account, by_own_id=by_own_id)
        self._put_value = put_value

    @override
    def _path(self, content: dict[str, Any]) -> dict[str, str]:
        group = content.pop("GroupName", None)
        if not isinstance(group, str):
            raise refusal(422, "missing_field", "Give its GroupName.", "GroupName")
        path = super()._path(content)
        return path if group == GL_ACCOUNTS else {**path, "dimension": dimension_of(group)}

    @property
    @override
    def _name(self) -> str:
        return _USUAL_EXTERNAL_ID

    @override
    def _handler(self, path: dict[str, str], core: dict[str, Any]) -> tuple[Put, dict[str, Any]]:
        if "dimension" in path:
            return self._put_value, core
        # What cannot be posted to is not active: there is no word for it.
        return self._put, core if self._kind == "link" else {**core, "postable": True}


def failed(call: SurfaceCall, item: Any, error: RefusalError) -> dict[str, Any]:  # noqa: ANN401
    """Return the result of an item that is refused, and count it."""
    call.refused.extend(problem.code for problem in error.problems)
    errors = [{"Message": _told(problem)} for problem in error.problems]
    return {**successful(call, is_good=False), "Errors": errors, "Item": item}


def _told(problem: FieldProblem) -> str:
    """Return what is wrong in words that name the field, where they do not yet."""
    field = place_of(NAMES["invoice"], problem.field)
    return f"{field}: {problem.message}" if field and problem.code in _ABOUT_A_FIELD else problem.message
