"""Lists: whole days of change, and links to other pages where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from apbridge_sandbox.avidxchange import invoices as core_invoices
from apbridge_sandbox.avidxchange import records
from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.avidsuite import coding
from apbridge_sandbox.avidxchange.avidsuite.batches import external_id_field
from apbridge_sandbox.avidxchange.avidsuite.endpoint import GL_ACCOUNTS, NAMES, SURFACE, dimension_of, local
from apbridge_sandbox.avidxchange.day_lists import begin_of_day, number, page_of, paging
from apbridge_sandbox.avidxchange.listing import LARGEST_PAGE, Shower
from apbridge_sandbox.avidxchange.names import show
from apbridge_sandbox.avidxchange.surface import SurfaceCall

_USUAL_PAGE = 100
_DAYS = {"lastModifiedFrom": (">=", 0), "lastModifiedTo": ("<", 1)}
"""Each filter with how the instant of change compares with the beginning of that day, or of a later one."""

STATUSES = {
    "submitted": (1, "Submitted"),
    "in_workflow": (2, "In Workflow"),
    "approved": (3, "Approved"),
    "rejected": (4, "Rejected"),
    "scheduled": (5, "Scheduled For Payment"),
    "paid": (6, "Paid"),
    "cancelled": (7, "Cancelled"),
}
_NEW_STATUS = (77, "In Extended Review")

Shown = Callable[[SurfaceCall, dict[str, Any]], dict[str, Any]]


def vendors(call: SurfaceCall) -> JsonAnswer:
    """List vendors."""
    return listed(call, "ax_vendor", records.shown, _of("vendor"), by_day=True, named="vendor")


def enterprise_codes(call: SurfaceCall) -> JsonAnswer:
    """List the enterprise codes of one group.

    Raises:
        RefusalError: 400: the group is not said.
    """
    group = call.request.query_params.get("groupName")
    if not group:
        raise refusal(400, "missing_parameter", "Say which groupName.", "groupName")

    def shown(call: SurfaceCall, item: dict[str, Any]) -> dict[str, Any]:
        fields = {name: item[name] for name in ("id", "externalId", "code", "name", "active", "modifiedAt")}
        return {"GroupName": group, **_of("code")(call, fields)}

    if group == GL_ACCOUNTS:
        return listed(call, "ax_gl_account", records.shown, shown, named="code", known=("groupName",))
    where = {"dimension": dimension_of(group)}
    return listed(
        call, "ax_dimension_value", records.shown, shown, named="code", known=("groupName",), where=where
    )


def invoices(call: SurfaceCall) -> JsonAnswer:
    """List invoices with how they stand."""
    return listed(call, "ax_invoice", core_invoices.show, _invoice, by_day=True, named="invoice")


def purchase_orders(call: SurfaceCall) -> JsonAnswer:
    """List purchase orders."""
    return listed(
        call,
        "ax_purchase_order",
        records.shown,
        _document("purchase_order"),
        by_day=True,
        named="purchase_order",
    )


def named(word: tuple[int, str]) -> dict[str, Any]:
    """Show a status or a method."""
    return {"Id": word[0], "Description": word[1]}


def _of(kind: str) -> Shown:
    words = {**NAMES["shown"], **NAMES[kind]}

    def shown(_call: SurfaceCall, item: dict[str, Any]) -> dict[str, Any]:
        found = show(words, item)
        found[external_id_field(kind)] = found.pop("ExternalId")
        found["LastChangedDate"] = local(item["modifiedAt"], "T")
        return found

    return shown


def _document(kind: str) -> Shown:
    shown = _of(kind)

    def document(call: SurfaceCall, item: dict[str, Any]) -> dict[str, Any]:
        found = shown(call, item)
        found["Distributions"] = [coding.shown(line) for line in found["Distributions"]]
        vendor = {"VendorExternalSystemID": found.pop("VendorExternalSystemID", None)}
        own = found.pop("VendorId", None)
        found["BuyerVendor"] = vendor if own is None else {**vendor, "Id": own}
        return found

    return document


def _invoice(call: SurfaceCall, item: dict[str, Any]) -> dict[str, Any]:
    image = item["image"]
    shown = _document("invoice")(call, {**item, "image": None})
    is_new = call.sandbox.switches["avidxchange.new_statuses"] and item["status"] == "submitted"
    shown["InvoiceStatus"] = named(_NEW_STATUS if is_new else STATUSES[item["status"]])
    shown["PONumber"] = ", ".join(item.get("purchaseOrders") or ()) or None
    del shown["Image"]
    shown["ImageUrl"] = f"{SURFACE.prefix}/images/{item['id']}" if image else None
    shown["ImageSha256"] = image["sha256"] if image else None
    return shown


def listed(
    call: SurfaceCall,
    table: str,
    read: Shower,
    shown: Shown,
    *,
    by_day: bool = False,
    named: str | None = None,
    known: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """Answer one page.

    Args:
        call: With `pageNumber`, `pageSize`, and filters.
        table: Whose rows.
        read: Makes items of rows, in `avidconnect`'s words.
        shown: Translates one.
        by_day: Whether there are filters by day of change.
        named: The kind whose external id is a filter.
        known: Parameters that were dealt with.
        where: Columns, each with the text that it holds.

    Raises:
        RefusalError: 400: a parameter is not known or cannot be read.
    """
    query = call.request.query_params
    by_name = {_parameter(named): "external_id"} if named else {}
    days = _DAYS if by_day else {}
    for name in query:
        if name not in {"pageNumber", "pageSize", *by_name, *days, *known}:
            raise refusal(400, "unknown_parameter", f"There is no parameter {name}.", name)
    size = number(query.get("pageSize"), "pageSize", _USUAL_PAGE, LARGEST_PAGE)
    page = number(query.get("pageNumber"), "pageNumber", 1, 10**6)
    tests, values = [f"{column} = ?" for column in where or {}], [*(where or {}).values()]
    for name, column in by_name.items():
        if name in query:
            tests.append(f"{column} = ?")
            values.append(query[name])
    for name, (compares, later) in days.items():
        if name in query:
            tests.append(f"modified_at {compares} ?")
            values.append(begin_of_day(call.sandbox, name, query[name], later=later))
    total, found = page_of(call.sandbox, table, read, tests, values, page, size)
    items = [shown(call, item) for item in found]
    return JsonAnswer(200, {"Items": items, **_paging(call, page, size, total)})


def _parameter(kind: str) -> str:
    name = external_id_field(kind)
    return f"{name[:1].lower()}{name[1:]}s"


def _paging(call: SurfaceCall, page: int, size: int, total: int) -> dict[str, Any]:
    pages_name = str(call.sandbox.switches["avidxchange.page_count"])
    return paging(page, size, total, pages_name, "TotalItems", lambda number: _link(call, number))


def _link(call: SurfaceCall, number: int) -> str:
    url = call.request.url.include_query_params(pageNumber=number)
    form = call.sandbox.switches["avidxchange.page_links"]
    if form == "absolute":
        return str(url)
    rooted = f"{url.path}?{url.query}"
    return rooted if form == "rooted" else rooted.removeprefix(SURFACE.prefix)
