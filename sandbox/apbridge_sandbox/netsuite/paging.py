"""Pages: which one was asked for, and the links to the others. SuiteQL and lists of records share them."""

from __future__ import annotations

from urllib.parse import quote

from apbridge_sandbox.netsuite.endpoint import NetSuiteCall
from apbridge_sandbox.netsuite.errors import invalid_parameter

PAGE_ROWS = 1000
"""Default and largest page (NetSuite: SuiteQL, record collections)."""


def bounds(call: NetSuiteCall) -> tuple[int, int]:
    """Read limit and offset. What NetSuite says to wrong ones is not known: switches decide.

    Raises:
        NetSuiteError: One of them is refused.
    """
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
    return limit, offset


def links(call: NetSuiteCall, limit: int, offset: int, reachable: int, *, more: bool) -> list[dict[str, str]]:
    """Link a page to itself and to those around it. `reachable` rows are there to be paged through."""
    last = max(reachable - 1, 0) // limit * limit
    places = {"self": offset}
    if more:
        places |= {"next": offset + limit, "last": last}
    if offset:
        places |= {"first": 0, "prev": offset - limit, "last": last}
    query = call.request.query_params.get("q")
    url = f"{call.url}?{f'q={quote(query)}&' if query else ''}"
    return [
        {"rel": relation, "href": f"{url}limit={limit}&offset={place}"} for relation, place in places.items()
    ]


def check_parameters(call: NetSuiteCall, *known: str) -> None:
    """Make sure that no query parameter is given that the resource does not have.

    Raises:
        NetSuiteError: One is.
    """
    for name in call.request.query_params:
        if name not in known:
            detail = f"Invalid query parameter name '{name}'. Provide a valid query parameter name."
            raise invalid_parameter(detail, name)


def _whole(call: NetSuiteCall, name: str, default: int) -> int:
    text = call.request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal():
        detail = f"The value '{text}' of {name} is not a whole number."
        raise invalid_parameter(detail, name)
    return int(text)
