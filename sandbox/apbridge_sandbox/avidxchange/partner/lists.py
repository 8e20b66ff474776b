"""Lists: pages by number, with a link to the next; filters by whole day of change and by external id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apbridge_sandbox.avidxchange import invoices as core_invoices
from apbridge_sandbox.avidxchange import payments as core_payments
from apbridge_sandbox.avidxchange import records
from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.day_lists import begin_of_day, number, page_of, paging
from apbridge_sandbox.avidxchange.listing import LARGEST_PAGE, Shower
from apbridge_sandbox.avidxchange.names import show
from apbridge_sandbox.avidxchange.partner.endpoint import NAMES
from apbridge_sandbox.avidxchange.surface import SurfaceCall

_USUAL_PAGE = 100
ISSUED_WORDS = {
    "check": "Sent To Printer",
    "ach": "ACH Credit Issued",
    "virtual_card": "Virtual Card Processing",
}
_ISSUED = "Issued To Supplier"
STATUS_WORDS = {
    "processing": "Processing",
    "settled": "Cleared",
    "cleared": "Cleared",
    "failed": "Error",
    "voided": "Void",
}
METHOD_WORDS = {"check": "Check", "ach": "AvidPay Direct", "virtual_card": "Virtual Card"}

_Shown = Callable[[dict[str, Any]], dict[str, Any]]


def vendors(call: SurfaceCall) -> JsonAnswer:
    """List vendors."""
    return _listed(call, "ax_vendor", "Vendors", records.shown, _of("vendor"), by_day=True)


def gl_accounts(call: SurfaceCall) -> JsonAnswer:
    """List GL accounts."""
    return _listed(call, "ax_gl_account", "GLAccounts", records.shown, _of("gl_account"))


def codes(call: SurfaceCall) -> JsonAnswer:
    """List the codes of one type.

    Raises:
        RefusalError: 400: the type is not said.
    """
    wanted = call.request.query_params.get("codeType")
    if not wanted:
        raise refusal(400, "missing_parameter", "Say which codeType.", "codeType")

    def shown(item: dict[str, Any]) -> dict[str, Any]:
        return {"CodeType": wanted, **_of("code")(item)}

    return _listed(call, "ax_dimension_value", "Codes", records.shown, shown, where={"codeType": "dimension"})


def invoices(call: SurfaceCall) -> JsonAnswer:
    """List invoices with how they stand."""
    return _listed(call, "ax_invoice", "Invoices", core_invoices.show, _invoice, by_day=True)


def payments(call: SurfaceCall) -> JsonAnswer:
    """List payments with what each gives to which invoice."""
    return _listed(call, "ax_payment", "Payments", core_payments.show, _payment, by_day=True)


def purchase_orders(call: SurfaceCall) -> JsonAnswer:
    """List purchase orders."""
    return _listed(
        call, "ax_purchase_order", "PurchaseOrders", records.shown, _of("purchase_order"), by_day=True
    )


def _of(kind: str) -> _Shown:
    words = {**NAMES["shown"], **NAMES[kind]}
    return lambda item: show(words, item)


def _invoice(item: dict[str, Any]) -> dict[str, Any]:
    shown = _of("invoice")(item)
    # What was sent as an external id comes back as an object.
    shown["Vendor"] = {"ExternalId": shown.pop("VendorExternalId")}
    shown["InvoiceStatus"] = (
        "Scheduled For Payment"
        if item["status"] == "scheduled"
        else str(item["status"]).replace("_", " ").title()
    )
    return shown


def _payment(item: dict[str, Any]) -> dict[str, Any]:
    shown = show(NAMES["payment"], item)
    shown["PaymentId"] = int(item["id"])
    method, status = item["method"], item["status"]
    words = {**STATUS_WORDS, "issued": ISSUED_WORDS.get(method, _ISSUED)}
    shown["PaymentMethod"] = METHOD_WORDS.get(method, method)
    shown["PaymentStatus"] = words.get(status, status)
    # A day comes with a time of no zone.
    shown["ClearedDate"] = item["clearedOn"] and f"{item['clearedOn']} 00:00:00"
    reason = item["exceptionReason"]
    shown["Exceptions"] = [{"ReasonCode": {"Id": 1, "Description": reason}}] if reason else []
    return shown


def _listed(
    call: SurfaceCall,
    table: str,
    within: str,
    read: Shower,
    shown: _Shown,
    *,
    by_day: bool = False,
    where: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """Answer one page, in the order of ids, so that a change moves nothing from one page to another.

    Args:
        call: With `pageNumber`, `pageSize`, and filters.
        table: Whose rows.
        within: The name of the list in the answer.
        read: Makes items of rows, in `avidconnect`'s words.
        shown: Translates one.
        by_day: Whether `lastModifiedFrom` is a filter.
        where: Parameters that are needed, each with its column.

    Raises:
        RefusalError: 400: a parameter is not known or cannot be read.
    """
    query = call.request.query_params
    columns = dict(where or {})
    if table != "ax_payment":
        columns["externalId"] = "external_id"
    for name in query:
        if name not in {"pageNumber", "pageSize", *columns, *(["lastModifiedFrom"] if by_day else [])}:
            raise refusal(400, "unknown_parameter", f"There is no parameter {name}.", name)
    size = number(query.get("pageSize"), "pageSize", _USUAL_PAGE, LARGEST_PAGE)
    page = number(query.get("pageNumber"), "pageNumber", 1, 10**6)
    tests = [f"{column} = ?" for name, column in columns.items() if name in query]
    values = [query[name] for name in columns if name in query]
    if "lastModifiedFrom" in query:
        tests.append("modified_at >= ?")
        values.append(begin_of_day(call.sandbox, "lastModifiedFrom", query["lastModifiedFrom"]))
    total, found = page_of(call.sandbox, table, read, tests, values, page, size)
    items = [shown(item) for item in found]
    return JsonAnswer(200, {within: items, **_paging(call, page, size, total)})


def _paging(call: SurfaceCall, page: int, size: int, total: int) -> dict[str, Any]:
    def link(number: int) -> str:
        return str(call.request.url.include_query_params(pageNumber=number))

    return paging(page, size, total, "TotalPages", "TotalCount", link)
