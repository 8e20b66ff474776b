"""Write `sandbox/openapi/`: what AvidXchange's API in the sandbox takes and answers, as OpenAPI 3.1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.routing import Route

from apbridge_sandbox import avidxchange
from apbridge_sandbox.avidxchange import lifecycle, partner
from apbridge_sandbox.avidxchange.endpoint import PREFIX
from apbridge_sandbox.avidxchange.images import MEDIA_TYPES
from apbridge_sandbox.avidxchange.listing import LARGEST_PAGE
from apbridge_sandbox.avidxchange.partner.batches import MOST_ITEMS
from apbridge_sandbox.avidxchange.partner.endpoint import NAMES
from apbridge_sandbox.avidxchange.partner.lists import ISSUED_WORDS, METHOD_WORDS, STATUS_WORDS
from apbridge_sandbox.calls import PARTNER_PREFIX, PARTNER_SIGN_IN_PATH
from tools.generated import write_or_check
from tools.schemas import (
    IMAGE,
    INSTANT,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    YES_OR_NO,
    Schema,
    list_of,
    object_of,
    renamed,
    sent_schema,
    shown_schema,
)

FOLDER = Path(__file__).parents[1] / "sandbox" / "openapi"
SURFACES = ("avidconnect", "partner")

_FIRST_STEPS = {
    "vendors": "vendor",
    "gl-accounts": "gl_account",
    "glaccounts": "gl_account",
    "dimensions": "code",
    "codes": "code",
    "invoices": "invoice",
    "credit-memos": "credit_memo",
    "purchase-orders": "purchase_order",
    "purchaseorders": "purchase_order",
    "payments": "payment",
}
"""What is below a path that begins so."""


def main() -> None:
    """Write the descriptions, or with `--check` see that they are as they should be."""
    FOLDER.mkdir(exist_ok=True)
    for surface in SURFACES:
        text = json.dumps(described(surface), indent=1, ensure_ascii=False) + "\n"
        write_or_check(FOLDER / f"{surface}.json", text, "python -m tools.openapi")


def described(surface: str) -> Schema:
    """Return the description of one surface."""
    return _avidconnect() if surface == "avidconnect" else _partner()


def _avidconnect() -> Schema:
    paths: Schema = {}
    schemas: Schema = {}
    for method, path in _routes(avidxchange.routes(), PREFIX):
        paths.setdefault(path, {})[method] = _resource_style(method, path, schemas)
    keys = {name: _header_key(name) for name in ("X-Company-Token", "X-User-Token")}
    refusal = _refusal("message", "errors", "field", "code")
    return _document(
        "AvidXchange in the sandbox, resource style",
        paths,
        keys,
        [{name: [] for name in keys}],
        refusal,
        schemas,
    )


def _resource_style(method: str, path: str, schemas: Schema) -> Schema:
    kind, last = _kind(path), path.rpartition("/")[2]
    if last == "company":
        return _operation("Who is calling", answer=object_of({"id": TEXT, "name": TEXT}))
    if last == "cleared-check-image":
        return _operation("The image of a cleared check", path=path, content={"application/pdf": {}})
    if last == "image":
        picture = {"schema": {"type": "string", "format": "binary"}}
        header = {"name": "X-File-Name", "in": "header", "required": True, "schema": TEXT}
        return _operation(
            "Attach the image of an invoice",
            path=path,
            parameters=[header],
            body=dict.fromkeys(MEDIA_TYPES, picture),
            answer=object_of(IMAGE["properties"]),
        )
    shown = _reference(schemas, f"{kind}_shown", shown_schema(kind))
    if method == "get":
        listed = object_of({"items": list_of(shown), "nextCursor": TEXT_OR_NULL})
        return _operation(f"List: {_words(kind)}", path=path, parameters=_cursor_filters(kind), answer=listed)
    sent = {"external-id": "link", "cancel": "cancellation", "stop": "cancellation"}.get(last, kind)
    summary = {"external-id": "Set the external id of", "cancel": "Cancel", "stop": "Stop"}.get(
        last, "Create or change" if "by-id" not in path else "Change"
    )
    body = {"application/json": {"schema": _reference(schemas, sent, sent_schema(sent))}}
    return _operation(f"{summary}: {_words(kind)}", path=path, body=body, answer=shown)


def _cursor_filters(kind: str) -> list[Schema]:
    words = {"invoice": [*lifecycle.INVOICE_STATUSES], "payment": [*lifecycle.PAYMENT_STATUSES]}
    status = [_query("status", {"type": "string", "enum": words[kind]})] if kind in words else []
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}
    return [_query("modifiedSince", INSTANT), *status, _query("cursor", TEXT), _query("limit", limit)]


def _partner() -> Schema:
    paths: Schema = {}
    schemas: Schema = {}
    for method, path in _routes(partner.routes(), PARTNER_PREFIX):
        if PARTNER_PREFIX + path != PARTNER_SIGN_IN_PATH:
            paths.setdefault(path, {})[method] = _batch_style(method, path, schemas)
    token_url = PARTNER_SIGN_IN_PATH.removeprefix(PARTNER_PREFIX)
    flows = {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}}
    ways = {"oauth": {"type": "oauth2", "flows": flows}, "company": _header_key("X-Company-Id")}
    title = "AvidXchange in the sandbox, batch style"
    return _document(
        title,
        paths,
        ways,
        [{name: [] for name in ways}],
        _refusal("Message", "Errors", "Field", "Code"),
        schemas,
    )


def _batch_style(method: str, path: str, schemas: Schema) -> Schema:
    kind, last = _kind(path), path.rpartition("/")[2]
    if last == "company":
        return _operation("Who is calling", answer=object_of({"CompanyId": TEXT, "CompanyName": TEXT}))
    if last == "getclearedcheckimage":
        answer = object_of({"PaymentId": WHOLE, "Content": {"type": "string", "contentEncoding": "base64"}})
        return _operation("The image of a cleared check", path=path, answer=answer)
    result = {"ExternalId": TEXT, "Id": WHOLE, "Successful": YES_OR_NO}
    results = _reference(
        schemas,
        "results",
        object_of(
            {
                "Results": list_of(
                    object_of({**result, **_refusal("Message", "Errors", "Field", "Code")["properties"]})
                )
            }
        ),
    )
    if last == "image":
        form = object_of({"File": {"type": "string", "format": "binary"}})
        body = {"multipart/form-data": {"schema": form}}
        return _operation("Attach the image of an invoice", path=path, body=body, answer=results)
    if method == "delete":
        return _operation("Stop payments", parameters=[_query("paymentIds", TEXT)], answer=results)
    within = {"gl_account": "GLAccounts"}.get(kind, "".join(word.title() for word in kind.split("_")) + "s")
    if method == "get":
        shown = _reference(schemas, f"{kind}_shown", _shown_as_partner(kind))
        listed = object_of({within: list_of(shown), "Paging": _reference(schemas, "paging", _PAGING)})
        filters = _page_filters(kind)
        return _operation(f"List: {_words(kind)}", path=path, parameters=filters, answer=listed)
    sent = {"externalids": "link", "cancel": "cancellation"}.get(last, kind)
    item = renamed(sent_schema(sent), NAMES[sent])
    own = {"Id": WHOLE} if last in {"externalids", "byid"} else {"ExternalId": TEXT}
    type_ = {"CodeType": TEXT} if kind == "code" and last != "byid" else {}
    item["properties"] = {**own, **type_, **item["properties"]}
    summary = {"externalids": "Set the external ids of", "cancel": "Cancel", "byid": "Change"}.get(
        last, "Create or change"
    )
    name = f"{kind}_{last}" if last in {"externalids", "cancel", "byid"} else kind
    body = {"application/json": {"schema": _batch(within, _reference(schemas, name, item))}}
    return _operation(f"{summary}: {_words(kind)}", path=path, body=body, answer=results)


_PAGING = {
    "type": "object",
    "properties": {
        "PageNumber": WHOLE,
        "PageSize": WHOLE,
        "TotalPages": WHOLE,
        "TotalCount": WHOLE,
        "Links": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"Rel": TEXT, "Href": {"type": "string", "format": "uri"}},
            },
        },
    },
}


def _batch(within: str, item: Schema) -> Schema:
    return object_of({within: {**list_of(item), "minItems": 1, "maxItems": MOST_ITEMS}})


def _page_filters(kind: str) -> list[Schema]:
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}
    found = [_query("pageNumber", {"type": "integer", "minimum": 1}), _query("pageSize", size)]
    if kind not in {"gl_account", "code"}:
        found.append(_query("lastModifiedFrom", {"type": "string", "format": "date"}))
    if kind != "payment":
        found.append(_query("externalId", TEXT))
    return [*found, _query("codeType", TEXT) | {"required": True}] if kind == "code" else found


def _shown_as_partner(kind: str) -> Schema:
    named = NAMES["payment"] if kind == "payment" else {**NAMES["shown"], **NAMES[kind]}
    shown = renamed(shown_schema(kind), named)
    fields = shown["properties"]
    if kind == "payment":
        fields["PaymentId"] = WHOLE
        words = [*dict.fromkeys((*STATUS_WORDS.values(), *ISSUED_WORDS.values()))]
        fields["PaymentStatus"] = {"type": "string", "enum": words}
        fields["PaymentMethod"] = {"type": "string", "enum": [*METHOD_WORDS.values()]}
        fields["ClearedDate"] = {"type": ["string", "null"], "examples": ["2026-11-02 00:00:00"]}
        reason = object_of({"Id": WHOLE, "Description": TEXT})
        fields["Exceptions"] = list_of(object_of({"ReasonCode": reason}))
    if kind == "invoice":
        statuses = [word.replace("_", " ").title() for word in lifecycle.INVOICE_STATUSES]
        statuses[statuses.index("Scheduled")] = "Scheduled For Payment"
        fields["InvoiceStatus"] = {"type": "string", "enum": statuses}
        del fields["VendorExternalId"]
        fields["Vendor"] = object_of({"ExternalId": TEXT_OR_NULL})
    return {**shown, "properties": {**({"CodeType": TEXT} if kind == "code" else {}), **fields}}


def _routes(routes: Any, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for route in routes:
        assert isinstance(route, Route)  # noqa: S101 - there is nothing else
        for method in sorted((route.methods or set()) - {"HEAD"}):
            path = route.path.removeprefix(prefix).replace("{external_id}", "{externalId}")
            yield method.lower(), path


def _kind(path: str) -> str:
    return next((kind for step, kind in _FIRST_STEPS.items() if f"/{step}" in path), "company")


def _words(kind: str) -> str:
    return {"code": "values of a dimension (department, class, location)", "gl_account": "GL accounts"}.get(
        kind, f"{kind.replace('_', ' ')}s"
    )


def _operation(
    summary: str,
    *,
    path: str = "",
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
    answer: Schema | None = None,
    content: Schema | None = None,
) -> Schema:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in re.findall(r"{(\w+)}", path)
    ]
    told = content or {"application/json": {"schema": answer}}
    found: Schema = {"summary": summary}
    if all_of := [*in_path, *(parameters or [])]:
        found["parameters"] = all_of
    if body:
        found["requestBody"] = {"required": True, "content": body}
    found["responses"] = {
        "200": {"description": "Done.", "content": told},
        "4XX": {"$ref": "#/components/responses/Refused"},
    }
    return found


def _refusal(message: str, errors: str, field: str, code: str) -> Schema:
    error = {field: TEXT_OR_NULL, code: TEXT, message: TEXT}
    return object_of({message: TEXT, errors: list_of(object_of(error))})


def _document(  # noqa: PLR0917 - its parts
    title: str, paths: Schema, ways: Schema, needed: list[Schema], refusal: Schema, schemas: Schema
) -> Schema:
    refused = {"description": "Refused.", "content": {"application/json": {"schema": refusal}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": Path("VERSION").read_text(encoding="utf-8").strip()},
        "security": needed,
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Refused": refused}, "securitySchemes": ways},
    }


def _reference(schemas: Schema, name: str, schema: Schema) -> Schema:
    """Keep a schema under a name, and return what refers to it."""
    named = "".join(word.title() for word in name.split("_"))
    assert schemas.setdefault(named, schema) == schema  # noqa: S101 - a name is one thing
    return {"$ref": f"#/components/schemas/{named}"}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema}


def _header_key(name: str) -> Schema:
    return {"type": "apiKey", "in": "header", "name": name}


if __name__ == "__main__":
    main()
