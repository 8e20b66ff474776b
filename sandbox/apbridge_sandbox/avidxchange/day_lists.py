"""Lists by number of page and whole day of change, as surfaces beside `avidconnect` have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from sqlite3 import Row
from typing import Any
from zoneinfo import ZoneInfo

from apbridge_sandbox.avidxchange.answers import refusal
from apbridge_sandbox.avidxchange.listing import Shower
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.context import Sandbox


def page_of(  # noqa: PLR0917 - a page, and of what
    sandbox: Sandbox,
    table: str,
    read: Shower,
    tests: Sequence[str],
    values: Sequence[str],
    page: int,
    size: int,
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many there are, and one page of them, in the order of ids: a change moves nothing.

    Args:
        sandbox: Whose books.
        table: Whose rows.
        read: Makes items of rows, in `avidconnect`'s words.
        tests: Of the rows, with marks for `values`.
        values: What they are compared with.
        page: Which page, from 1.
        size: Items on a page.
    """
    # The tables and columns are this package's own; every value is bound.
    found = f"FROM {table} WHERE {' AND '.join(tests) or '1'}"
    with sandbox.store.connection() as conn:
        (total,) = conn.execute(f"SELECT COUNT(*) {found}", values).fetchone()
        rows: Sequence[Row] = conn.execute(
            f"SELECT * {found} ORDER BY id LIMIT ? OFFSET ?",
            [*values, size, (page - 1) * size],
        ).fetchall()
        return total, read(conn, rows)


def paging(  # noqa: PLR0917 - a page, and of what
    page: int, size: int, total: int, pages_name: str, total_name: str, link: Callable[[int], str]
) -> dict[str, Any]:
    """Describe where the other pages are; nothing where there is one only.

    Args:
        page: Which page it is.
        size: Items on a page.
        total: Items of all.
        pages_name: What the surface calls the number of pages.
        total_name: What it calls `total`.
        link: Writes the address of a page.
    """
    if total <= size:
        return {}
    pages = -(-total // size)
    links = [("self", page)]
    if page > 1:
        links.append(("previous", page - 1))
    if page < pages:
        links.append(("next", page + 1))
    return {
        "Paging": {
            "PageNumber": page,
            "PageSize": size,
            pages_name: pages,
            total_name: total,
            "Links": [{"Rel": rel, "Href": link(other)} for rel, other in links],
        }
    }


def number(given: str | None, name: str, usual: int, most: int) -> int:
    """Read a number of a query.

    Raises:
        RefusalError: 400: it is none, or too large.
    """
    if given is None:
        return usual
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise refusal(400, "invalid_parameter", f"{name} is from 1 to {most}.", name)
    return int(given)


def begin_of_day(sandbox: Sandbox, name: str, given: str, *, later: int = 0) -> str:
    """Return the instant at which a day, or one so many days later, begins in the zone that the switch says.

    Raises:
        RefusalError: 400: it is no date.
    """
    try:
        day = datetime.strptime(given, "%Y-%m-%d").date()  # noqa: DTZ007 - it is a date
    except ValueError as error:
        message = f"{name} is a date such as 2026-11-02, not {given}."
        raise refusal(400, "invalid_parameter", message, name) from error
    return stamp(_midnight(day + timedelta(days=later), ZoneInfo(sandbox.switches["avidxchange.day_zone"])))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)
