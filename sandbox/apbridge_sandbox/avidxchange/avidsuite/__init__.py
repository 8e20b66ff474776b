"""AvidXchange as the `avidsuite` profile knows it: a user behind a gateway, enterprise codes, whole days.

What an older integration's calls show is so here, and what they do not show is in the same style. It stands
over the same books as `avidconnect` and refuses the same, in words alone: an error of a result has no code.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from apbridge_sandbox.avidxchange import credit_memos, masters, purchase_orders
from apbridge_sandbox.avidxchange.avidsuite import images, lists, payments
from apbridge_sandbox.avidxchange.avidsuite.batches import EnterpriseCodes, ItemsEndpoint
from apbridge_sandbox.avidxchange.avidsuite.endpoint import SURFACE
from apbridge_sandbox.avidxchange.avidsuite.sign_in import token_route
from apbridge_sandbox.avidxchange.linking import change, link


def routes() -> list[BaseRoute]:
    """Return its routes, under `/avidsuite`."""
    route, vendor = SURFACE.route, masters.VENDOR
    codes = (masters.GL_ACCOUNT, masters.DIMENSION_VALUE)
    put = (masters.put_gl_account, masters.put_dimension_value)
    return [
        token_route(),
        route("GET", "/v1/vendors", lists.vendors),
        route("POST", "/v1/vendors", ItemsEndpoint("vendor", masters.put_vendor)),
        route("POST", "/v1/vendors/byid", ItemsEndpoint("vendor", change(vendor), by_own_id=True)),
        route("POST", "/v1/vendors/externalids", ItemsEndpoint("link", link(vendor), by_own_id=True)),
        route("GET", "/v1/enterprisecodes", lists.enterprise_codes),
        route("POST", "/v1/enterprisecodes", EnterpriseCodes("code", *put)),
        route(
            "POST", "/v1/enterprisecodes/byid", EnterpriseCodes("code", *map(change, codes), by_own_id=True)
        ),
        route(
            "POST",
            "/v1/enterprisecodes/externalids",
            EnterpriseCodes("link", *map(link, codes), by_own_id=True),
        ),
        route("GET", "/v1/invoices", lists.invoices),
        route("POST", "/v1/invoices", ItemsEndpoint("invoice", credit_memos.put_signed)),
        route("POST", "/v1/invoices/cancel", ItemsEndpoint("cancellation", credit_memos.cancel_signed)),
        route("POST", "/v1/invoices/{id}/image", images.post_image),
        route("GET", "/v1/purchaseorders", lists.purchase_orders),
        route("POST", "/v1/purchaseorders", ItemsEndpoint("purchase_order", purchase_orders.put_order)),
        route("GET", "/v1/payments", payments.listed),
        route("DELETE", "/v1/payments", payments.stopped),
        route("GET", "/v1/payments/batches", payments.batches),
        route("GET", "/v1/payments/{id}/paymenthistory", payments.history),
        route("GET", "/v1/payments/{id}/getclearedcheckimage", images.cleared_check),
    ]
