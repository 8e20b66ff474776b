"""AvidXchange as the `partner` profile assumes it: batch style, OAuth 2.0 client credentials, a company id.

It stands over the same books as `avidconnect` and refuses the same: each item of a batch is handed, in
`avidconnect`'s words, to the handler of that surface, and its answer is translated back.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from apbridge_sandbox.avidxchange import credit_memos, linking, masters, purchase_orders
from apbridge_sandbox.avidxchange.partner import images, lists, stops
from apbridge_sandbox.avidxchange.partner.batches import BatchEndpoint, OwnIdEndpoint
from apbridge_sandbox.avidxchange.partner.endpoint import SURFACE, company
from apbridge_sandbox.avidxchange.partner.sign_in import token_route

_MASTERS = (
    ("vendors", "Vendors", "vendor", masters.VENDOR),
    ("glaccounts", "GLAccounts", "gl_account", masters.GL_ACCOUNT),
    ("codes", "Codes", "code", masters.DIMENSION_VALUE),
)


def routes() -> list[BaseRoute]:
    """Return its routes, under `/partner`."""
    route = SURFACE.route
    return [
        token_route(),
        route("GET", "/api/v2/company", company),
        route("GET", "/api/v2/vendors", lists.vendors),
        route("POST", "/api/v2/vendors", BatchEndpoint("Vendors", "vendor", masters.put_vendor)),
        route("GET", "/api/v2/glaccounts", lists.gl_accounts),
        route(
            "POST", "/api/v2/glaccounts", BatchEndpoint("GLAccounts", "gl_account", masters.put_gl_account)
        ),
        route("GET", "/api/v2/codes", lists.codes),
        route("POST", "/api/v2/codes", BatchEndpoint("Codes", "code", masters.put_dimension_value)),
        *(
            route("POST", f"/api/v2/{path}/byid", OwnIdEndpoint(within, kind, linking.change(of)))
            for path, within, kind, of in _MASTERS
        ),
        *(
            route("POST", f"/api/v2/{path}/externalids", OwnIdEndpoint(within, "link", linking.link(of)))
            for path, within, _, of in _MASTERS
        ),
        route("GET", "/api/v2/invoices", lists.invoices),
        route("POST", "/api/v2/invoices", BatchEndpoint("Invoices", "invoice", credit_memos.put_signed)),
        route(
            "POST",
            "/api/v2/invoices/cancel",
            BatchEndpoint("Invoices", "cancellation", credit_memos.cancel_signed),
        ),
        route("POST", "/api/v2/invoices/{id}/image", images.post_image),
        route("GET", "/api/v2/purchaseorders", lists.purchase_orders),
        route(
            "POST",
            "/api/v2/purchaseorders",
            BatchEndpoint("PurchaseOrders", "purchase_order", purchase_orders.put_order),
        ),
        route("GET", "/api/v2/payments", lists.payments),
        route("DELETE", "/api/v2/payments", stops.delete_payments),
        route("GET", "/api/v2/payments/{id}/getclearedcheckimage", images.cleared_check),
    ]
