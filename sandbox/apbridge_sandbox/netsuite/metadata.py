"""The metadata catalog: which record types there are, and their fields, as JSON Schema or OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, account_of, check_permission, check_token
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, answer, no_content
from apbridge_sandbox.netsuite.errors import NetSuiteError, invalid_parameter, no_such_record_type
from apbridge_sandbox.netsuite.record_types import ReadFieldKind, RecordField, RecordType, record_types
from apbridge_sandbox.suiteql import AccountView

CATALOG_PATH = "/services/rest/record/v1/metadata-catalog"
_RECORDS_PATH = "/services/rest/record/v1"

_JSON = "application/json"
_SCHEMA = "application/schema+json"
_OPENAPI = "application/swagger+json"
_DRAFT = "http://json-schema.org/draft-06/hyper-schema#"

_TYPES: dict[ReadFieldKind, dict[str, str]] = {
    ReadFieldKind.TEXT: {"type": "string"},
    ReadFieldKind.DATE: {"type": "string", "format": "date"},
    ReadFieldKind.DATETIME: {"type": "string", "format": "date-time"},
    ReadFieldKind.MONEY: {"type": "number", "format": "double"},
    ReadFieldKind.NUMBER: {"type": "number", "format": "float"},
    ReadFieldKind.WHOLE: {"type": "integer", "format": "int64"},
    ReadFieldKind.FLAG: {"type": "boolean"},
}

_Schemas = dict[str, dict[str, Any]]


def anything(call: NetSuiteCall) -> Response:
    """Answer whoever asks what there is at all: that the sign-in is good."""
    check_token(call, REST_WEB_SERVICES)
    return no_content()


def index(call: NetSuiteCall) -> Response:
    """List the record types that the role may see; `select` names some. As OpenAPI where that is accepted."""
    check_token(call, REST_WEB_SERVICES)
    account = account_of(call.sandbox.switches)
    chosen = _selected(call, account)
    accepted = _accepted(call)
    if accepted == _OPENAPI:
        return _answer(_OPENAPI, _openapi(chosen, account, call.origin))
    if accepted == _SCHEMA:
        raise _not_acceptable(accepted)
    items = [_entry(f"{call.origin}{CATALOG_PATH}", kind) for kind in chosen]
    return answer(200, {"items": items, "links": [{"rel": "self", "href": f"{call.origin}{CATALOG_PATH}"}]})


def record_type(call: NetSuiteCall) -> Response:
    """Describe one record type, or one of the schemas that the others refer to."""
    check_token(call, REST_WEB_SERVICES)
    account = account_of(call.sandbox.switches)
    name = call.path("type").lower()
    kind = record_types().get(name.partition("-")[0])
    if kind:
        if kind.feature in account.features_off:
            raise no_such_record_type(call.path("type"))
        check_permission(call, kind.permission)
    accepted = _accepted(call)
    if accepted == _OPENAPI and kind and kind.name.lower() == name:
        return _answer(_OPENAPI, _openapi([kind], account, call.origin))
    if accepted == _JSON and kind:
        return answer(200, _entry(f"{call.origin}{CATALOG_PATH}", kind))
    schemas = {
        **_general(CATALOG_PATH + "/"),
        **(_schemas(kind, account, CATALOG_PATH + "/") if kind else {}),
    }
    for spelt, schema in schemas.items():
        if spelt.lower() == name:
            return _answer(_SCHEMA, {**schema, "$schema": _DRAFT})
    raise no_such_record_type(call.path("type"))


def _selected(call: NetSuiteCall, account: AccountView) -> list[RecordType]:
    there = {name: kind for name, kind in record_types().items() if kind.is_there(account)}
    asked = call.request.query_params.get("select")
    if not asked:
        return list(there.values())
    names = [name.strip().lower() for name in asked.split(",")]
    unknown = [name for name in names if name not in there]
    if unknown:
        detail = f"Record type '{unknown[0]}' does not exist."
        raise invalid_parameter(detail, "select")
    return [there[name] for name in names]


def _accepted(call: NetSuiteCall) -> str:
    accepted = call.request.headers.get("accept", "*/*").partition(",")[0].partition(";")[0].strip().lower()
    if accepted in {"*/*", "application/*", ""}:
        return _JSON
    if accepted not in {_JSON, _SCHEMA, _OPENAPI}:
        raise _not_acceptable(accepted)
    return accepted


def _not_acceptable(accepted: str) -> NetSuiteError:
    detail = f"The value '{accepted}' of the header 'Accept' is not supported by this resource."
    return NetSuiteError(406, "NOT_ACCEPTABLE", detail, where={"o:errorHeader": "Accept"})


def _entry(catalog: str, kind: RecordType) -> dict[str, Any]:
    """Name a record type, and where its descriptions are. NetSuite writes it in lower case here."""
    name = kind.name.lower()
    url = f"{catalog}/{name}"
    links = [
        {"rel": "canonical", "href": url, "mediaType": _JSON},
        {"rel": "alternate", "href": url, "mediaType": _OPENAPI},
        {"rel": "alternate", "href": url, "mediaType": _SCHEMA},
        {"rel": "describes", "href": catalog.replace("metadata-catalog", name)},
    ]
    return {"name": name, "links": links}


def _answer(media_type: str, value: object) -> Response:
    return Response(json.dumps(value), media_type=media_type)


def _general(refer: str) -> _Schemas:
    link = {
        "rel": {"title": "Relationship", "type": "string", "readOnly": True},
        "href": {"title": "Hypertext Reference", "type": "string", "readOnly": True},
    }
    return {
        "nsLink": {"type": "object", "properties": link},
        "nsResource": {"type": "object", "properties": _reference_properties(refer)},
    }


def _schemas(kind: RecordType, account: AccountView, refer: str) -> _Schemas:
    """Describe a record type, its sublists and their lines.

    Args:
        kind: The record type.
        account: What account and role have.
        refer: What a reference to another schema begins with.
    """
    properties = {
        "id": {"title": "Internal ID", "type": "string", "nullable": True},
        **_properties(kind.fields_of(kind.name, account), account, refer),
        "links": _links(refer),
    }
    schemas: _Schemas = {}
    for name, sublist in kind.sublists_of(account).items():
        collection, element = f"{kind.name}-{name}Collection", f"{kind.name}-{name}Element"
        properties[name] = {"$ref": refer + collection}
        schemas[collection] = _collection(refer, element)
        line = _properties(sublist.fields_of(kind.name, account), account, refer)
        schemas[element] = {"type": "object", "properties": {**line, "links": _links(refer)}}
    searched = ["id", *kind.fields_of(kind.name, account)]
    return {kind.name: {"type": "object", "properties": properties, "x-ns-filterable": searched}, **schemas}


def _properties(fields: Mapping[str, RecordField], account: AccountView, refer: str) -> dict[str, Any]:
    return {name: _property(field, account, refer) for name, field in fields.items()}


def _property(field: RecordField, account: AccountView, refer: str) -> dict[str, Any]:
    target = record_types().get((field.shows or "").lower())
    if field.kind is ReadFieldKind.REFERENCE and target and target.is_there(account):
        return {"$ref": refer + target.name}
    described: dict[str, Any] = {"title": field.title}
    if field.help:
        described["description"] = field.help
    if field.kind in _TYPES:
        described |= _TYPES[field.kind]
    else:
        described |= {"type": "object", "properties": _reference_properties(refer)}
    if field.kind is ReadFieldKind.CHOICE and not field.display.of:
        # A display over two columns has the words of other record types too.
        described["properties"]["id"]["enum"] = sorted(map(str, field.display.words))
    described["nullable"] = True
    if field.is_custom:
        described["x-ns-custom-field"] = True
    return described


def _reference_properties(refer: str) -> dict[str, Any]:
    return {
        "id": {"title": "Internal identifier", "type": "string"},
        "refName": {"title": "Reference Name", "type": "string"},
        "externalId": {"title": "External identifier", "type": "string"},
        "links": _links(refer),
    }


def _links(refer: str) -> dict[str, Any]:
    return {"title": "Links", "type": "array", "readOnly": True, "items": {"$ref": f"{refer}nsLink"}}


def _collection(refer: str, element: str) -> dict[str, Any]:
    counts = {
        name: {"title": title, "type": "integer", "format": "int64", "readOnly": True}
        for name, title in (("totalResults", "Total Results"), ("count", "Count"), ("offset", "Query Offset"))
    }
    more = {"title": "Has More Results", "type": "boolean", "readOnly": True}
    items = {"type": "array", "items": {"$ref": refer + element}}
    return {
        "type": "object",
        "properties": {"links": _links(refer), **counts, "hasMore": more, "items": items},
    }


def _openapi(kinds: list[RecordType], account: AccountView, origin: str) -> dict[str, Any]:
    refer = "#/components/schemas/"
    schemas = _general(refer)
    paths = {}
    for kind in kinds:
        schemas |= _schemas(kind, account, refer)
        answered = {
            "content": {"application/vnd.oracle.resource+json": {"schema": {"$ref": refer + kind.name}}}
        }
        operation = {"tags": [kind.name], "responses": {"200": {"description": kind.title, **answered}}}
        paths[f"/{kind.name}/{{id}}"] = {"get": operation}
    # A reference may lead to a record type that was not asked for.
    others = [kind for kind in record_types().values() if kind.is_there(account) and kind.name not in schemas]
    schemas |= {kind.name: {"type": "object", "properties": _reference_properties(refer)} for kind in others}
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST API", "version": "v1"},
        "servers": [{"url": origin + _RECORDS_PATH}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
