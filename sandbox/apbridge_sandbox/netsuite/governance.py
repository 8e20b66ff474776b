"""Governance limits."""

from __future__ import annotations

from starlette.responses import Response

from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, check_permission, check_token
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, answer

GOVERNANCE_PATH = "/services/rest/system/v1/governanceLimits"


def limits(call: NetSuiteCall) -> Response:
    """Return the account's limits. Administrators only."""
    check_token(call, REST_WEB_SERVICES)
    check_permission(call, "Setup -> Integration Management")
    limit = call.sandbox.options.concurrency_limit
    return answer(
        200,
        {
            "links": [{"rel": "self", "href": f"{call.origin}{GOVERNANCE_PATH}"}],
            "accountConcurrencyLimit": limit,
            "accountUnallocatedConcurrencyLimit": limit,
            "integrationConcurrencyLimit": limit,
            "integrationLimitType": "internal",
        },
    )
