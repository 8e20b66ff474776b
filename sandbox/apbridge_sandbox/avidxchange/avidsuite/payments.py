"""Payments: listed, stopped, and what has become of each."""

from __future__ import annotations

from typing import Any

from apbridge_sandbox.avidxchange import payments as core
from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.avidsuite.batches import failed
from apbridge_sandbox.avidxchange.avidsuite.endpoint import NAMES, local
from apbridge_sandbox.avidxchange.avidsuite.lists import listed as page
from apbridge_sandbox.avidxchange.avidsuite.lists import named
from apbridge_sandbox.avidxchange.names import show
from apbridge_sandbox.avidxchange.results import results_of, successful
from apbridge_sandbox.avidxchange.stops import stop
from apbridge_sandbox.avidxchange.surface import SurfaceCall

ISSUED = {
    "check": (6, "Sent To Printer"),
    "ach": (8, "ACH Credit Issued"),
    "virtual_card": (9, "Virtual Card Processing"),
}
STATUSES = {
    "processing": (3, "Processing"),
    "settled": (10, "Cleared"),
    "cleared": (10, "Cleared"),
    "failed": (11, "Error"),
    "voided": (12, "Void"),
}
_NEW_STATUS = (99, "Queued At Bank")
METHODS = {"check": (1, "Check"), "ach": (2, "AvidPay Direct"), "virtual_card": (3, "Virtual Card")}
_UNHEARD_OF = 98
"""The id of a word that was put in place of another."""


def listed(call: SurfaceCall) -> JsonAnswer:
    """List payments with what each gives to which invoice; some of them by `paymentIds` or `batchId`."""
    query = call.request.query_params
    where = {}
    if "batchId" in query:
        where["REPLACE(paid_on, '-', '')"] = query["batchId"]
    if "paymentIds" in query:
        where["CAST(id AS TEXT)"] = query["paymentIds"]
    return page(
        call, "ax_payment", core.show, _payment, by_day=True, known=("batchId", "paymentIds"), where=where
    )


def batches(call: SurfaceCall) -> JsonAnswer:
    """List the batches of payments: those of one day are one."""
    with call.sandbox.store.connection() as conn:
        days = conn.execute("SELECT DISTINCT paid_on FROM ax_payment ORDER BY paid_on").fetchall()
    return JsonAnswer(200, {"Items": [{"BatchId": _batch(row["paid_on"])} for row in days]})


def history(call: SurfaceCall) -> JsonAnswer:
    """List what has become of a payment.

    Raises:
        RefusalError: 404: there is no such payment.
    """
    number = call.request.path_params["id"]
    with call.sandbox.store.connection() as conn:
        row = conn.execute("SELECT * FROM ax_payment WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise refusal(404, "unknown_payment", f"There is no payment {number}.")
    steps = [
        ("Payment created", None, f"{row['paid_on']} 00:00:00"),
        ("Payment settled", None, local(row["settled_at"])),
        ("Payment voided", None, local(row["voided_at"])),
        ("Exception", row["exception_reason"], row["exception_reason"] and local(row["modified_at"])),
    ]
    items = [
        {
            "Id": place,
            "PaymentID": int(number),
            "PaymentProcessName": "Payment",
            "Description": says,
            "Comment": comment,
            "InsertDateTime": moment,
        }
        for place, (says, comment, moment) in enumerate(steps, 1)
        if moment
    ]
    return JsonAnswer(200, {"Items": items})


def stopped(call: SurfaceCall) -> JsonAnswer:
    """Stop payments by AvidXchange's own ids. A result says that the request was taken, not how it ended.

    Raises:
        RefusalError: 400: none is named.
    """
    numbers = call.request.query_params.get("paymentIds", "")
    if not numbers:
        raise refusal(400, "missing_parameter", "Say which paymentIds.", "paymentIds")
    return results_of(call, [_stop(call, number) for number in numbers.split(",")])


def _stop(call: SurfaceCall, number: str) -> dict[str, Any]:
    item = {"PaymentId": number}
    try:
        with call.sandbox.store.write() as conn:
            stop(call.sandbox, conn, number)
    except RefusalError as error:
        return failed(call, item, error)
    return {**successful(call, is_good=True), "Errors": [], "Item": item}


def _payment(call: SurfaceCall, item: dict[str, Any]) -> dict[str, Any]:
    shown = show(NAMES["payment"], item)
    method, status = item["method"], item["status"]
    words = {**STATUSES, "issued": ISSUED.get(method, (7, "Issued To Supplier"))}
    is_new = call.sandbox.switches["avidxchange.new_statuses"] and status == "issued"
    reason = item["exceptionReason"]
    return {
        **shown,
        "PaymentId": int(item["id"]),
        "BatchId": _batch(item["paidOn"]),
        "Status": named(_NEW_STATUS if is_new else words.get(status, (_UNHEARD_OF, status))),
        "PaymentMethod": named(METHODS.get(method, (_UNHEARD_OF, method))),
        "Vendor": {"VendorExternalSystemID": item["vendorExternalId"]},
        "ExternalPaymentIds": [],
        "BankAccount": {"ClientIds": [1]},
        # A day comes with a time of no zone.
        "ClearedDate": item["clearedOn"] and f"{item['clearedOn']} 00:00:00",
        "Exceptions": [{"ReasonCode": {"Id": 1, "Description": reason}}] if reason else [],
        "SettledDate": local(item["settledAt"]),
        "VoidedDate": local(item["voidedAt"]),
        "LastChangedDate": local(item["modifiedAt"]),
    }


def _batch(paid_on: str) -> int:
    return int(paid_on.replace("-", ""))
