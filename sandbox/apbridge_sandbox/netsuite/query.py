"""SuiteQL over HTTP."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from starlette.responses import Response

from apbridge_sandbox import suiteql
from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, account_of, check_permission, check_token
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, answer
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    invalid_content,
    invalid_parameter,
    invalid_value,
    unexpected,
)
from apbridge_sandbox.netsuite.paging import bounds, check_parameters, links

QUERY_PATH = "/services/rest/query/v1/suiteql"
_runs = count()


def run_query(call: NetSuiteCall) -> Response:
    """Answer a query with one page of its rows."""
    check_token(call, REST_WEB_SERVICES)
    check_permission(call, "Reports -> SuiteAnalytics Workbook")
    _check_header(call)
    query, params = _query(call)
    check_parameters(call, "limit", "offset")
    limit, offset = bounds(call)
    if offset >= suiteql.MOST_ROWS and call.sandbox.switches["netsuite.offset_past_cap"] != "empty":
        detail = f"The offset {offset} is beyond the {suiteql.MOST_ROWS} rows that a query can reach."
        raise invalid_parameter(detail, "offset")
    sandbox = call.sandbox
    try:
        with sandbox.store.connection() as conn:
            page = suiteql.run(
                conn,
                query,
                account_of(sandbox.switches),
                now=sandbox.clock.now(),
                seed=sandbox.options.company.seed + next(_runs),
                limit=limit,
                offset=offset,
                params=params,
            )
    except suiteql.SuiteQLError as error:
        is_column = isinstance(error, suiteql.UnknownColumnError)
        if is_column and sandbox.switches["netsuite.unknown_column_status"] == 500:  # noqa: PLR2004
            raise unexpected() from error
        raise invalid_parameter(error.detail, "q") from error
    reachable = min(page.total, suiteql.MOST_ROWS)
    end = offset + len(page.rows)
    more = end < reachable
    if page.total > suiteql.MOST_ROWS and end >= suiteql.MOST_ROWS:
        more = sandbox.switches["netsuite.has_more_at_cap"]
    return answer(
        200,
        {
            "links": links(call, limit, offset, reachable, more=more),
            "count": len(page.rows),
            "hasMore": more,
            "items": page.rows,
            "offset": offset,
            "totalResults": page.total,
        },
    )


def _check_header(call: NetSuiteCall) -> None:
    preferences = call.request.headers.get("prefer", "").lower().split(",")
    if "transient" not in [preference.strip() for preference in preferences]:
        raise NetSuiteError(
            400,
            "INVALID_HEADER",
            "The required request header 'Prefer' is missing or its value is not 'transient'.",
            where={"o:errorHeader": "Prefer"},
        )


def _query(call: NetSuiteCall) -> tuple[str, tuple[object, ...]]:
    # Published clients send a query without a Content-Type.
    body = call.json(is_assumed=True)
    # Bind parameters come with release 2026.2 (NetSuite: SuiteQL).
    known = {"q", "params"} if call.sandbox.switches["netsuite.release"] == "2026.2" else {"q"}
    for name in body:
        if name not in known:
            detail = f"Unknown property '{name}'."
            raise invalid_content(detail, name)
    query = body.get("q")
    if not isinstance(query, str) or not query.strip():
        detail = "The query is missing."
        raise invalid_content(detail, "q")
    params = body.get("params", [])
    if not isinstance(params, list) or not all(_is_param(each) for each in params):
        raise invalid_value(params, "params")
    return query, tuple(params)


def _is_param(value: object) -> bool:
    return value is None or (isinstance(value, str | int | Decimal) and not isinstance(value, bool))
