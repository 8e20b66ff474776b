"""The description of the `avidsuite` surface: what is nested and named otherwise there."""

from __future__ import annotations

from collections.abc import Iterable

from apbridge_sandbox.avidxchange import avidsuite
from apbridge_sandbox.avidxchange.avidsuite.batches import MOST_ITEMS, external_id_field
from apbridge_sandbox.avidxchange.avidsuite.endpoint import NAMES
from apbridge_sandbox.avidxchange.avidsuite.lists import STATUSES
from apbridge_sandbox.avidxchange.avidsuite.payments import ISSUED, METHODS
from apbridge_sandbox.avidxchange.avidsuite.payments import STATUSES as PAYMENT_STATUSES
from apbridge_sandbox.avidxchange.listing import LARGEST_PAGE
from apbridge_sandbox.calls import AVIDSUITE_PREFIX, AVIDSUITE_SIGN_IN_PATH
from tools.description import document, operation, query, reference, routes_of
from tools.schemas import (
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

_KINDS = {
    "vendors": "vendor",
    "enterprisecodes": "code",
    "invoices": "invoice",
    "purchaseorders": "purchase_order",
    "payments": "payment",
}
_APART = {"glCode", "department", "class", "location", "dimensions"}
_LOCAL = {"type": ["string", "null"], "examples": ["2026-11-02T10:00:00"], "description": "Without a zone."}
_CODES = list_of(
    object_of(
        {"EnterpriseCodeValue": TEXT, "EnterpriseCodeGroups": list_of(object_of({"CodeGroupName": TEXT}))}
    )
)
_IMAGE = dict.fromkeys(("FileName", "ContentType", "Content"), TEXT)
_PAGING: Schema = object_of(
    {
        "PageNumber": WHOLE,
        "PageSize": WHOLE,
        "PageCount": WHOLE,
        "Pages": WHOLE,
        "TotalItems": WHOLE,
        "Links": list_of(object_of({"Rel": TEXT, "Href": TEXT})),
    }
)


def avidsuite_description() -> Schema:
    """Return the description of the surface."""
    paths: Schema = {}
    schemas: Schema = {}
    for method, path in routes_of(avidsuite.routes(), AVIDSUITE_PREFIX):
        if AVIDSUITE_PREFIX + path != AVIDSUITE_SIGN_IN_PATH:
            paths.setdefault(path, {})[method] = _described(method, path, schemas)
    token = AVIDSUITE_SIGN_IN_PATH.removeprefix(AVIDSUITE_PREFIX)
    ways = {
        "gateway": {"type": "http", "scheme": "bearer"},
        "user": {"type": "oauth2", "flows": {"password": {"tokenUrl": token, "scopes": {}}}},
    }
    refused = object_of({"exception": object_of({"reason": TEXT, "detail": TEXT})})
    title = "AvidXchange in the sandbox, as an older integration calls it"
    return document(title, paths, ways, [{name: [] for name in ways}], refused, schemas)


def _described(method: str, path: str, schemas: Schema) -> Schema:
    last = path.rpartition("/")[2]
    kind = next(kind for step, kind in _KINDS.items() if f"/{step}" in path)
    item = reference(schemas, "result_item", object_of({"Id": WHOLE, **_ids()}))
    result = {"Successful": YES_OR_NO, "Errors": list_of(object_of({"Message": TEXT})), "Item": item}
    results = reference(schemas, "results", object_of({"Results": list_of(object_of(result))}))
    if last == "getclearedcheckimage":
        return operation("The image of a cleared check", path=path, content={"application/pdf": {}})
    if last in {"batches", "paymenthistory"}:
        rows = {"batches": {"BatchId": WHOLE}, "paymenthistory": _HISTORY}[last]
        return operation(f"List: {last}", path=path, answer=object_of({"Items": list_of(object_of(rows))}))
    if method == "delete":
        return operation("Stop payments", parameters=[query("paymentIds", TEXT)], answer=results)
    if method == "get":
        return _listed(kind, path, schemas)
    if last == "image":
        body = {"application/json": {"schema": object_of(_IMAGE)}}
        return operation("Attach the image of an invoice", path=path, body=body, answer=results)
    sent = {"externalids": "link", "cancel": "cancellation"}.get(last, kind)
    name = f"{kind}_{last}" if last in {"externalids", "byid", "cancel"} else kind
    record = reference(schemas, name, _sent(kind, sent, by_own_id=last in {"externalids", "byid"}))
    batch = object_of({"Items": {**list_of(record), "minItems": 1, "maxItems": MOST_ITEMS}})
    return operation(
        f"Write: {name}", path=path, body={"application/json": {"schema": batch}}, answer=results
    )


_HISTORY: Schema = {
    "Id": WHOLE,
    "PaymentID": WHOLE,
    "PaymentProcessName": TEXT,
    "Description": TEXT,
    "Comment": TEXT_OR_NULL,
    "InsertDateTime": _LOCAL,
}


def _ids() -> Schema:
    return {external_id_field(kind): TEXT_OR_NULL for kind in ("vendor", "invoice", "code")}


def _listed(kind: str, path: str, schemas: Schema) -> Schema:
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}
    found = [query("pageNumber", {"type": "integer", "minimum": 1}), query("pageSize", size)]
    if kind == "code":
        found.append(query("groupName", TEXT) | {"required": True})
    else:
        found += [
            query(name, {"type": "string", "format": "date"})
            for name in ("lastModifiedFrom", "lastModifiedTo")
        ]
    if kind == "payment":
        found += [query(name, TEXT) for name in ("batchId", "paymentIds")]
    else:
        name = external_id_field(kind)
        found.append(query(f"{name[0].lower()}{name[1:]}s", TEXT))
    shown = reference(schemas, f"{kind}_shown", _shown(kind))
    answer = object_of({"Items": list_of(shown), "Paging": reference(schemas, "paging", _PAGING)})
    return operation(f"List: {kind}", path=path, parameters=found, answer=answer)


def _sent(kind: str, sent: str, *, by_own_id: bool) -> Schema:
    record = renamed(sent_schema(sent), NAMES[sent])
    fields = _nested(kind, dict(record["properties"])) if sent == kind else dict(record["properties"])
    if sent == "link":
        del fields["ExternalId"]
    own = {"Id": WHOLE} if by_own_id else {}
    group = {"GroupName": TEXT} if kind == "code" else {}
    # A cancellation names its invoice as everything else is named.
    name = external_id_field("code" if sent == "cancellation" else kind)
    return object_of({**own, name: TEXT, **group, **fields})


def _shown(kind: str) -> Schema:
    words = NAMES["payment"] if kind == "payment" else {**NAMES["shown"], **NAMES[kind]}
    fields = _nested(kind, dict(renamed(shown_schema(kind), words)["properties"]))
    fields["LastChangedDate"] = _LOCAL
    if kind == "payment":
        return object_of(fields | _payment())
    del fields["ExternalId"]
    fields[external_id_field(kind)] = TEXT_OR_NULL
    if kind == "code":
        fields["GroupName"] = TEXT
    if kind == "invoice":
        del fields["Image"]
        fields |= {"ImageUrl": TEXT_OR_NULL, "ImageSha256": TEXT_OR_NULL}
        fields["InvoiceStatus"] = _named(word for _, word in STATUSES.values())
    return object_of(fields)


def _payment() -> Schema:
    words = dict.fromkeys(word for _, word in (*PAYMENT_STATUSES.values(), *ISSUED.values()))
    return {
        "PaymentId": WHOLE,
        "BatchId": WHOLE,
        "Status": _named(words),
        "PaymentMethod": _named(word for _, word in METHODS.values()),
        "Vendor": object_of({external_id_field("vendor"): TEXT_OR_NULL}),
        "ExternalPaymentIds": list_of(object_of({"Value": TEXT})),
        "BankAccount": object_of({"ClientIds": list_of(WHOLE)}),
        "ClearedDate": _LOCAL,
        "SettledDate": _LOCAL,
        "VoidedDate": _LOCAL,
        "Exceptions": list_of(object_of({"ReasonCode": object_of({"Id": WHOLE, "Description": TEXT})})),
    }


def _nested(kind: str, fields: Schema) -> Schema:
    """Return the fields of a document with its vendor and its coding as they are nested."""
    if kind not in {"invoice", "purchase_order"}:
        return fields
    del fields["VendorExternalSystemID"], fields["VendorId"]
    fields["BuyerVendor"] = object_of({external_id_field("vendor"): TEXT_OR_NULL, "Id": TEXT_OR_NULL})
    if kind == "invoice":
        fields["PONumber"] = TEXT_OR_NULL
    line = fields["Distributions"]["items"]
    own = {name: one for name, one in line["properties"].items() if name not in _APART}
    fields["Distributions"] = list_of(object_of({**own, "EnterpriseCodes": _CODES}))
    return fields


def _named(words: Iterable[str]) -> Schema:
    return object_of({"Id": WHOLE, "Description": {"type": "string", "enum": [*words]}})
