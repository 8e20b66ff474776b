"""Lists: pages by cursor, filters by status and by time of change."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from sqlite3 import Row
from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.clock import stamp

LARGEST_PAGE = 1000
_USUAL_PAGE = 100

Shower = Callable[[Any, Sequence[Row]], list[dict[str, Any]]]
"""Makes the items of rows, with a connection to look up what else they show."""


def listed(
    call: AvidXchangeCall,
    table: str,
    show: Shower,
    *,
    statuses: Sequence[str] = (),
    where: dict[str, str] | None = None,
) -> JsonAnswer:
    """Answer one page, in order of change.

    An item that changes while its list is paged through is shown once more, at its new place.

    Args:
        call: With `modifiedSince` (inclusive, to the second), `status`, `cursor`, `limit`.
        table: Whose rows.
        show: Makes their items.
        statuses: What `status` may be; without, there is no such filter.
        where: Columns that have one value.

    Raises:
        RefusalError: 422: a parameter is not known or cannot be read.
    """
    known = {"modifiedSince", "cursor", "limit"} | ({"status"} if statuses else set())
    for name in call.query:
        if name not in known:
            raise refusal(422, "unknown_parameter", f"There is no parameter {name}.", name)
    limit = _limit(call.query.get("limit"))
    tests, values = [f"{column} = ?" for column in where or {}], [*(where or {}).values()]
    if "status" in call.query:
        tests.append("status = ?")
        values.append(_status(call.query["status"], statuses))
    if "modifiedSince" in call.query:
        tests.append("modified_at >= ?")
        values.append(_instant(call.query["modifiedSince"]))
    if "cursor" in call.query:
        tests.append("(modified_at, id) > (?, CAST(? AS INTEGER))")
        values += _after(call.query["cursor"])
    # The tables and columns are this package's own; every value is bound.
    query = (
        f"SELECT * FROM {table} WHERE {' AND '.join(tests) or '1'} ORDER BY modified_at, id LIMIT {limit + 1}"  # noqa: S608
    )
    with call.sandbox.store.connection() as conn:
        rows = conn.execute(query, values).fetchall()
        page = rows[:limit]
        items = show(conn, page)
    more = len(rows) > limit
    return JsonAnswer(200, {"items": items, "nextCursor": _cursor(page[-1]) if more else None})


def _limit(given: str | None) -> int:
    if given is None:
        return _USUAL_PAGE
    if not given.isdecimal() or not 1 <= int(given) <= LARGEST_PAGE:
        raise refusal(422, "invalid_limit", f"limit is from 1 to {LARGEST_PAGE}.", "limit")
    return int(given)


def _status(given: str, statuses: Sequence[str]) -> str:
    if given not in statuses:
        raise refusal(422, "invalid_status", f"status is one of {', '.join(statuses)}.", "status")
    return given


def _instant(given: str) -> str:
    try:
        moment = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError as error:
        raise _no_instant(given) from error
    if moment.tzinfo is None:
        raise _no_instant(given)
    return stamp(moment)


def _no_instant(given: str) -> Exception:
    message = f"modifiedSince is a date-time with its zone, such as 2026-11-02T16:00:00Z, not {given}."
    return refusal(422, "invalid_modified_since", message, "modifiedSince")


def _cursor(last: Row) -> str:
    return base64.urlsafe_b64encode(f"{last['modified_at']} {last['id']}".encode()).decode()


def _after(cursor: str) -> list[str]:
    try:
        moment, number = base64.urlsafe_b64decode(cursor).decode().split(" ")
    except (binascii.Error, ValueError) as error:
        raise refusal(422, "invalid_cursor", "cursor is not one that was given.", "cursor") from error
    return [moment, number]
