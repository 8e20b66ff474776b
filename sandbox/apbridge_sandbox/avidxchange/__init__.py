"""AvidXchange as the `avidconnect` profile assumes it: resource style, Company and User tokens.

`partner` stands over the same books in another style.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from apbridge_sandbox.avidxchange import linking
from apbridge_sandbox.avidxchange.answers import JsonAnswer
from apbridge_sandbox.avidxchange.credit_memos import cancel_credit, list_credits, put_credit
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall, route
from apbridge_sandbox.avidxchange.images import put_image
from apbridge_sandbox.avidxchange.invoices import cancel_invoice, list_invoices, put_invoice
from apbridge_sandbox.avidxchange.masters import (
    DIMENSION_VALUE,
    GL_ACCOUNT,
    VENDOR,
    list_dimension_values,
    list_gl_accounts,
    list_vendors,
    put_dimension_value,
    put_gl_account,
    put_vendor,
)
from apbridge_sandbox.avidxchange.payments import get_cleared_image, list_payments
from apbridge_sandbox.avidxchange.purchase_orders import list_orders, put_order
from apbridge_sandbox.avidxchange.stops import stop_payment

_MASTERS = (
    ("vendors", VENDOR),
    ("gl-accounts", GL_ACCOUNT),
    ("dimensions/{dimension}/values", DIMENSION_VALUE),
)


def routes() -> list[BaseRoute]:
    """Return AvidXchange's routes, under `/avidconnect`."""
    return [
        route("GET", "/v1/company", _company),
        route("GET", "/v1/vendors", list_vendors),
        route("PUT", "/v1/vendors/{external_id}", put_vendor),
        route("GET", "/v1/gl-accounts", list_gl_accounts),
        route("PUT", "/v1/gl-accounts/{external_id}", put_gl_account),
        route("GET", "/v1/dimensions/{dimension}/values", list_dimension_values),
        route("PUT", "/v1/dimensions/{dimension}/values/{external_id}", put_dimension_value),
        *(route("PUT", f"/v1/{path}/by-id/{{id}}", linking.change(of)) for path, of in _MASTERS),
        *(route("PUT", f"/v1/{path}/by-id/{{id}}/external-id", linking.link(of)) for path, of in _MASTERS),
        route("GET", "/v1/invoices", list_invoices),
        route("PUT", "/v1/invoices/{external_id}", put_invoice),
        route("PUT", "/v1/invoices/{external_id}/image", put_image),
        route("POST", "/v1/invoices/{external_id}/cancel", cancel_invoice),
        route("GET", "/v1/credit-memos", list_credits),
        route("PUT", "/v1/credit-memos/{external_id}", put_credit),
        route("POST", "/v1/credit-memos/{external_id}/cancel", cancel_credit),
        route("GET", "/v1/purchase-orders", list_orders),
        route("PUT", "/v1/purchase-orders/{external_id}", put_order),
        route("GET", "/v1/payments", list_payments),
        route("POST", "/v1/payments/{id}/stop", stop_payment),
        route("GET", "/v1/payments/{id}/cleared-check-image", get_cleared_image),
    ]


def _company(call: AvidXchangeCall) -> JsonAnswer:
    """Return who the caller is: the connection test."""
    with call.sandbox.store.connection() as conn:
        row = conn.execute("SELECT id, name FROM ax_company").fetchone()
    return JsonAnswer(200, {"id": str(row["id"]), "name": row["name"]})
