"""NetSuite: sign-in, SuiteQL, records and RESTlets, as SuiteTalk REST speaks."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from apbridge_sandbox.netsuite import certificates, governance, metadata, query, records, sign_in
from apbridge_sandbox.netsuite.endpoint import endpoint
from apbridge_sandbox.netsuite.restlet import RESTLET_PATH, run_restlet

_RECORD = f"{records.RECORDS_PATH}/{{type}}"
_ANYTHING = "/services/rest/*"
"""What clients ask for to see that they are let in."""


def routes() -> list[BaseRoute]:
    """Return NetSuite's routes."""
    return [
        Route(sign_in.TOKEN_PATH, endpoint(sign_in.token), methods=["POST"]),
        Route(certificates.CERTIFICATES_PATH, endpoint(certificates.certificates), methods=["GET", "POST"]),
        Route(certificates.REVOKE_PATH, endpoint(certificates.revoke), methods=["POST"]),
        Route(query.QUERY_PATH, endpoint(query.run_query), methods=["POST"]),
        Route(governance.GOVERNANCE_PATH, endpoint(governance.limits), methods=["GET"]),
        Route(_ANYTHING, endpoint(metadata.anything), methods=["OPTIONS"]),
        Route(metadata.CATALOG_PATH, endpoint(metadata.index), methods=["GET"]),
        Route(f"{metadata.CATALOG_PATH}/", endpoint(metadata.index), methods=["GET"]),
        Route(f"{metadata.CATALOG_PATH}/{{type}}", endpoint(metadata.record_type), methods=["GET"]),
        Route(f"{_RECORD}/{{id}}/!transform/{{target}}", endpoint(records.transform), methods=["POST"]),
        Route(_RECORD, endpoint(records.collection), methods=["GET", "POST"]),
        Route(f"{_RECORD}/", endpoint(records.collection), methods=["GET", "POST"]),
        Route(f"{_RECORD}/{{id}}", endpoint(records.record), methods=["GET", "PUT", "PATCH", "DELETE"]),
        Route(f"{_RECORD}/{{id}}/{{sublist}}", endpoint(records.sublist), methods=["GET"]),
        Route(f"{_RECORD}/{{id}}/{{sublist}}/{{line}}", endpoint(records.sublist), methods=["GET"]),
        Route(RESTLET_PATH, endpoint(run_restlet), methods=["GET", "POST", "PUT", "DELETE"]),
    ]
