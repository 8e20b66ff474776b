"""AvidXchange's surfaces behind other names: paths, headers, parameters, fields and words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from apbridge import json

STEPS = {
    "company": "organization",
    "vendors": "suppliers",
    "gl-accounts": "ledger-accounts",
    "dimensions": "segments",
    "values": "options",
    "invoices": "bills",
    "credit-memos": "supplier-credits",
    "purchase-orders": "orders",
    "payments": "disbursements",
    "by-id": "by-internal-id",
    "external-id": "foreign-id",
    "image": "attachment",
    "cancel": "withdraw",
    "cleared-check-image": "check-image",
    "{externalId}": "{foreignId}",
}
HEADERS = {"X-Company-Token": "X-Organization-Token", "X-User-Token": "X-Api-User-Token"}
PARAMETERS = {"modifiedSince": "updatedSince", "cursor": "pageToken", "limit": "pageLimit", "status": "stage"}
FIELDS = {
    "id": "uuid",
    "externalId": "foreignId",
    "modifiedAt": "lastUpdated",
    "items": "records",
    "nextCursor": "nextPageToken",
    "message": "detail",
    "errors": "problems",
    "field": "property",
    "number": "no",
    "name": "title",
    "legalName": "registeredName",
    "printOnCheckAs": "payeeName",
    "isPerson": "individual",
    "taxId": "taxNumber",
    "email": "emailAddress",
    "phone": "telephone",
    "terms": "paymentTerms",
    "currency": "currencyCode",
    "remitTo": "remittanceAddress",
    "line1": "street1",
    "line2": "street2",
    "state": "province",
    "postalCode": "zipCode",
    "active": "enabled",
    "code": "shortCode",
    "type": "category",
    "postable": "canPost",
    "status": "stage",
    "statusReason": "stageRemark",
    "vendorExternalId": "supplierForeignId",
    "vendorId": "supplierUuid",
    "invoiceDate": "issueDate",
    "dueDate": "dueOn",
    "total": "grossAmount",
    "amountPaid": "paidToDate",
    "memo": "remarks",
    "purchaseOrders": "poNumbers",
    "lines": "rows",
    "glCode": "nominalCode",
    "department": "departmentCode",
    "class": "classCode",
    "location": "building",
    "description": "narrative",
    "purchaseOrder": "poNumber",
    "item": "productName",
    "rate": "unitPrice",
    "sha256": "checksum",
    "method": "channel",
    "checkNumber": "chequeNumber",
    "achTrace": "traceId",
    "cardReference": "virtualCardReference",
    "paidOn": "datePaid",
    "settledAt": "completedAt",
    "clearedOn": "dateCleared",
    "replacesPaymentId": "reissueOf",
    "voidedAt": "voidedOn",
    "allocations": "applications",
    "invoiceExternalId": "invoiceForeignId",
    "discount": "discountTaken",
}
WORDS = {
    "submitted": "RECEIVED",
    "in_workflow": "IN_REVIEW",
    "approved": "READY_TO_PAY",
    "rejected": "DECLINED",
    "scheduled": "QUEUED",
    "paid": "PAID_IN_FULL",
    "cancelled": "WITHDRAWN",
    "processing": "INITIATED",
    "issued": "SENT",
    "settled": "DONE_AND_DUSTED",
    "cleared": "COMPLETED",
    "failed": "ERROR",
    "voided": "REVERSED",
    "check": "CHEQUE",
    "ach": "EFT",
    "virtual_card": "VCARD",
}
_WORDED = {"status", "method"}
_IN_FORMS = {"File", "FileName"}
"""Fields of what is no JSON, and not looked into here."""


@dataclass(frozen=True)
class OtherNames:
    """What a surface is hidden behind."""

    steps: Mapping[str, str]
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    fields: Mapping[str, str]
    words: Mapping[str, str]


AVIDCONNECT = OtherNames(STEPS, HEADERS, PARAMETERS, FIELDS, WORDS)


def in_small_letters(document: Mapping[str, Any], keeps: Collection[str]) -> OtherNames:
    """Hide the fields of a description in capitals: in small letters, and behind other words but for some."""
    plain = {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in _properties(document)}
    found = dict[str, str]()
    for name, small in plain.items():
        other = name if name in keeps else FIELDS.get(f"{name[:1].lower()}{name[1:]}", name)
        hidden = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", other).lower()
        free = [one for one in (hidden, small) if one not in found.values() and plain.get(one, name) == name]
        found[name] = name if name in _IN_FORMS else next(iter(free), name)
    assert len({*found.values()}) == len(found), "each is turned back"
    return OtherNames({}, {}, {}, found, {})


def _properties(value: Any, under: str = "") -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, list):
        for one in value:
            yield from _properties(one)
    elif isinstance(value, dict):
        if under == "properties":
            yield from value
        for name, one in value.items():
            yield from _properties(one, name)


def renamed(document: Mapping[str, Any], others: OtherNames = AVIDCONNECT) -> dict[str, Any]:
    """Return a description under the other names."""
    told: dict[str, Any] = _described(document, others)
    told["paths"] = {_path(path, others.steps): item for path, item in told["paths"].items()}
    return told


def _described(value: Any, others: OtherNames, under: str = "") -> Any:  # noqa: ANN401
    if isinstance(value, list):
        if under in {"enum", "required"}:
            names = others.words if under == "enum" else others.fields
            return [names.get(one, one) for one in value]
        return [_described(one, others) for one in value]
    if not isinstance(value, dict):
        return value
    if under == "properties":
        return {others.fields.get(name, name): _described(one, others) for name, one in value.items()}
    found = {name: _described(one, others, name) for name, one in value.items()}
    if value.get("in") in {"query", "header", "path"}:
        names = {**others.headers, **others.parameters, "externalId": "foreignId"}
        found["name"] = names.get(value["name"], value["name"])
    return found


@contextmanager
def behind_other_names(url: str, others: OtherNames = AVIDCONNECT) -> Iterator[str]:
    """Serve what is at an address under the other names; yield where."""
    base = urlsplit(url)
    back = {other: name for name, other in others.steps.items()}
    parameters = {other: name for name, other in others.parameters.items()}
    headers = {other.lower(): name for name, other in others.headers.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            query = urlencode([(parameters.get(name, name), value) for name, value in parse_qsl(parts.query)])
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Type", "").startswith("application/json"):
                sent = _translated(sent, _names(others.fields, back=True), {})
            kept = {headers.get(name.lower(), name): value for name, value in self.headers.items()}
            kept |= {"Content-Length": str(len(sent)), "Host": base.netloc}
            connection = HTTPConnection(base.netloc)
            connection.request(self.command, f"{base.path}{_path(parts.path, back)}?{query}", sent, kept)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if "json" in answer.headers.get("Content-Type", ""):
                content = _translated(content, _names(others.fields), others.words)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _names(names: Mapping[str, str], *, back: bool = False) -> Callable[[str], str]:
    found = {other: name for name, other in names.items()} if back else names
    return lambda name: found.get(name, name)


def _path(path: str, steps: Mapping[str, str]) -> str:
    return "/".join(steps.get(step, step) for step in path.split("/"))


def _translated(content: bytes, name_of: Callable[[str], str], words: Mapping[str, str]) -> bytes:
    return json.dumps(_renamed(json.loads(content), name_of, words)) if content else content


def _renamed(value: Any, name_of: Callable[[str], str], words: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_renamed(one, name_of, words) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name_of(name): words.get(one, one)
        if name in _WORDED and isinstance(one, str)
        else _renamed(one, name_of, words)
        for name, one in value.items()
    }
