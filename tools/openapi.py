"""Write `sandbox/openapi/`: what AvidXchange's API in the sandbox takes and answers, as OpenAPI 3.1."""

from __future__ import annotations

import json
from pathlib import Path

from apbridge_sandbox import avidxchange
from apbridge_sandbox.avidxchange import lifecycle, partner
from apbridge_sandbox.avidxchange.endpoint import PREFIX
from apbridge_sandbox.avidxchange.images import MEDIA_TYPES
from apbridge_sandbox.avidxchange.listing import LARGEST_PAGE
from apbridge_sandbox.avidxchange.partner.batches import MOST_ITEMS
from apbridge_sandbox.avidxchange.partner.endpoint import NAMES
from apbridge_sandbox.avidxchange.partner.lists import ISSUED_WORDS, METHOD_WORDS, STATUS_WORDS
from apbridge_sandbox.calls import PARTNER_PREFIX, PARTNER_SIGN_IN_PATH
from tools.description import (
    document,
    header_key,
    kind_of,
    operation,
    query,
    reference,
    refusal,
    routes_of,
    words_for,
)
from tools.generated import write_or_check
from tools.openapi_avidsuite import avidsuite_description
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
SURFACES = ("avidconnect", "avidsuite", "partner")


def main() -> None:
    """Write the descriptions, or with `--check` see that they are as they should be."""
    FOLDER.mkdir(exist_ok=True)
    for surface in SURFACES:
        text = json.dumps(described(surface), indent=1, ensure_ascii=False) + "\n"
        write_or_check(FOLDER / f"{surface}.json", text, "python -m tools.openapi")


def described(surface: str) -> Schema:
    """Return the description of one surface."""
    return {"avidconnect": _avidconnect, "avidsuite": avidsuite_description, "partner": _partner}[surface]()


def _avidconnect() -> Schema:
    paths: Schema = {}
    schemas: Schema = {}
    for method, path in routes_of(avidxchange.routes(), PREFIX):
        paths.setdefault(path, {})[method] = _resource_style(method, path, schemas)
    keys = {name: header_key(name) for name in ("X-Company-Token", "X-User-Token")}
    refused = refusal("message", "errors", "field", "code")
    return document(
        "AvidXchange in the sandbox, resource style",
        paths,
        keys,
        [{name: [] for name in keys}],
        refused,
        schemas,
    )


def _resource_style(method: str, path: str, schemas: Schema) -> Schema:
    kind, last = kind_of(path), path.rpartition("/")[2]
    if last == "company":
        return operation("Who is calling", answer=object_of({"id": TEXT, "name": TEXT}))
    if last == "cleared-check-image":
        return operation("The image of a cleared check", path=path, content={"application/pdf": {}})
    if last == "image":
        picture = {"schema": {"type": "string", "format": "binary"}}
        header = {"name": "X-File-Name", "in": "header", "required": True, "schema": TEXT}
        return operation(
            "Attach the image of an invoice",
            path=path,
            parameters=[header],
            body=dict.fromkeys(MEDIA_TYPES, picture),
            answer=object_of(IMAGE["properties"]),
        )
    shown = reference(schemas, f"{kind}_shown", shown_schema(kind))
    if method == "get":
        listed = object_of({"items": list_of(shown), "nextCursor": TEXT_OR_NULL})
        return operation(
            f"List: {words_for(kind)}", path=path, parameters=_cursor_filters(kind), answer=listed
        )
    sent = {"external-id": "link", "cancel": "cancellation", "stop": "cancellation"}.get(last, kind)
    summary = {"external-id": "Set the external id of", "cancel": "Cancel", "stop": "Stop"}.get(
        last, "Create or change" if "by-id" not in path else "Change"
    )
    body = {"application/json": {"schema": reference(schemas, sent, sent_schema(sent))}}
    return operation(f"{summary}: {words_for(kind)}", path=path, body=body, answer=shown)


def _cursor_filters(kind: str) -> list[Schema]:
    words = {"invoice": [*lifecycle.INVOICE_STATUSES], "payment": [*lifecycle.PAYMENT_STATUSES]}
    status = [query("status", {"type": "string", "enum": words[kind]})] if kind in words else []
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}
    return [query("modifiedSince", INSTANT), *status, query("cursor", TEXT), query("limit", limit)]


def _partner() -> Schema:
    paths: Schema = {}
    schemas: Schema = {}
    for method, path in routes_of(partner.routes(), PARTNER_PREFIX):
        if PARTNER_PREFIX + path != PARTNER_SIGN_IN_PATH:
            paths.setdefault(path, {})[method] = _batch_style(method, path, schemas)
    token_url = PARTNER_SIGN_IN_PATH.removeprefix(PARTNER_PREFIX)
    flows = {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}}
    ways = {"oauth": {"type": "oauth2", "flows": flows}, "company": header_key("X-Company-Id")}
    title = "AvidXchange in the sandbox, batch style"
    return document(
        title,
        paths,
        ways,
        [{name: [] for name in ways}],
        refusal("Message", "Errors", "Field", "Code"),
        schemas,
    )


def _batch_style(method: str, path: str, schemas: Schema) -> Schema:
    kind, last = kind_of(path), path.rpartition("/")[2]
    if last == "company":
        return operation("Who is calling", answer=object_of({"CompanyId": TEXT, "CompanyName": TEXT}))
    if last == "getclearedcheckimage":
        answer = object_of({"PaymentId": WHOLE, "Content": {"type": "string", "contentEncoding": "base64"}})
        return operation("The image of a cleared check", path=path, answer=answer)
    result = {"ExternalId": TEXT, "Id": WHOLE, "Successful": YES_OR_NO}
    results = reference(
        schemas,
        "results",
        object_of(
            {
                "Results": list_of(
                    object_of({**result, **refusal("Message", "Errors", "Field", "Code")["properties"]})
                )
            }
        ),
    )
    if last == "image":
        form = object_of({"File": {"type": "string", "format": "binary"}})
        body = {"multipart/form-data": {"schema": form}}
        return operation("Attach the image of an invoice", path=path, body=body, answer=results)
    if method == "delete":
        return operation("Stop payments", parameters=[query("paymentIds", TEXT)], answer=results)
    within = {"gl_account": "GLAccounts"}.get(kind, "".join(word.title() for word in kind.split("_")) + "s")
    if method == "get":
        shown = reference(schemas, f"{kind}_shown", _shown_as_partner(kind))
        listed = object_of({within: list_of(shown), "Paging": reference(schemas, "paging", _PAGING)})
        filters = _page_filters(kind)
        return operation(f"List: {words_for(kind)}", path=path, parameters=filters, answer=listed)
    sent = {"externalids": "link", "cancel": "cancellation"}.get(last, kind)
    item = renamed(sent_schema(sent), NAMES[sent])
    own = {"Id": WHOLE} if last in {"externalids", "byid"} else {"ExternalId": TEXT}
    type_ = {"CodeType": TEXT} if kind == "code" and last != "byid" else {}
    item["properties"] = {**own, **type_, **item["properties"]}
    summary = {"externalids": "Set the external ids of", "cancel": "Cancel", "byid": "Change"}.get(
        last, "Create or change"
    )
    name = f"{kind}_{last}" if last in {"externalids", "cancel", "byid"} else kind
    body = {"application/json": {"schema": _batch(within, reference(schemas, name, item))}}
    return operation(f"{summary}: {words_for(kind)}", path=path, body=body, answer=results)


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
    found = [query("pageNumber", {"type": "integer", "minimum": 1}), query("pageSize", size)]
    if kind not in {"gl_account", "code"}:
        found.append(query("lastModifiedFrom", {"type": "string", "format": "date"}))
    if kind != "payment":
        found.append(query("externalId", TEXT))
    return [*found, query("codeType", TEXT) | {"required": True}] if kind == "code" else found


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


if __name__ == "__main__":
    main()
