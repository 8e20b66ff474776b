"""SuiteQL over HTTP."""

from __future__ import annotations

from itertools import count

from starlette.responses import Response

from apbridge_sandbox import suiteql
from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, account_of, check_permission, check_token
from apbridge_sandbox.netsuite.endpoint import Call, answer
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    invalid_content,
    invalid_parameter,
    unexpected,
)

QUERY_PATH = "/services/rest/query/v1/suiteql"
PAGE_ROWS = 1000
"""Default and largest page (NetSuite: SuiteQL)."""

_runs = count()


def run_query(call: Call) -> Response:
    """Answer a query with one page of its rows."""
    check_token(call, REST_WEB_SERVICES)
    check_permission(call, "Reports -> SuiteAnalytics Workbook")
    _check_header(call)
    query = _query(call)
    limit, offset = _bounds(call)
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
            "links": _links(call, limit, offset, reachable, more=more),
            "count": len(page.rows),
            "hasMore": more,
            "items": page.rows,
            "offset": offset,
            "totalResults": page.total,
        },
    )


def _check_header(call: Call) -> None:
    preferences = call.request.headers.get("prefer", "").lower().split(",")
    if "transient" not in [preference.strip() for preference in preferences]:
        raise NetSuiteError(
            400,
            "INVALID_HEADER",
            "The required request header 'Prefer' is missing or its value is not 'transient'.",
            where={"o:errorHeader": "Prefer"},
        )


def _query(call: Call) -> str:
    body = call.json()
    for name in body:
        if name != "q":
            # Bind parameters come with release 2026.2 (NetSuite: SuiteQL); this account is before it.
            detail = f"Unknown property '{name}'."
            raise invalid_content(detail, name)
    query = body.get("q")
    if not isinstance(query, str) or not query.strip():
        detail = "The query is missing."
        raise invalid_content(detail, "q")
    return query


def _bounds(call: Call) -> tuple[int, int]:
    """Read limit and offset. What NetSuite says to wrong ones is not known: switches decide."""
    switches = call.sandbox.switches
    limit = _whole(call, "limit", PAGE_ROWS)
    if limit > PAGE_ROWS and switches["netsuite.limit_over_most"] == "clamps":
        limit = PAGE_ROWS
    if not 1 <= limit <= PAGE_ROWS:
        detail = f"The limit has to be between 1 and {PAGE_ROWS}, not {limit}."
        raise invalid_parameter(detail, "limit")
    offset = _whole(call, "offset", 0)
    if offset % limit:
        if switches["netsuite.offset_off_grid"] != "floors":
            detail = f"The offset {offset} is not divisible by the limit {limit}."
            raise invalid_parameter(detail, "offset")
        offset -= offset % limit
    if offset >= suiteql.MOST_ROWS and switches["netsuite.offset_past_cap"] != "empty":
        detail = f"The offset {offset} is beyond the {suiteql.MOST_ROWS} rows that a query can reach."
        raise invalid_parameter(detail, "offset")
    return limit, offset


def _whole(call: Call, name: str, default: int) -> int:
    text = call.request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        detail = f"The value '{text}' of {name} is not a whole number."
        raise invalid_parameter(detail, name)
    return int(text)


def _links(call: Call, limit: int, offset: int, reachable: int, *, more: bool) -> list[dict[str, str]]:
    last = max(reachable - 1, 0) // limit * limit
    places = {"self": offset}
    if more:
        places |= {"next": offset + limit, "last": last}
    if offset:
        places |= {"first": 0, "prev": offset - limit, "last": last}
    return [
        {"rel": relation, "href": f"{call.origin}{QUERY_PATH}?limit={limit}&offset={place}"}
        for relation, place in places.items()
    ]
