"""From one page of a list to the next: by a cursor, by page number, or by a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from apbridge.avidxchange.expressions import ExpressionError
from apbridge.avidxchange.profile import Listing, NextPage

_LINK = re.compile(r"[^\s\\\x00-\x1f\x7f]{1,8192}")

Parameters = Mapping[str, str | int]


@dataclass(frozen=True)
class PagePosition:
    """Where one page is.

    Args:
        path: Below the base URL; or a whole address, as a link gives it.
        parameters: Of its query.
    """

    path: str
    parameters: Parameters


def first_page(listing: Listing, path: str, parameters: Parameters) -> PagePosition:
    """Return the first page of a list."""
    following = listing.next_page
    if following and following.page is not None:
        parameters = {**parameters, following.parameter: following.page}
    return PagePosition(path, parameters)


def next_page(
    listing: Listing,
    page: PagePosition,
    answer: Any,  # noqa: ANN401
    base: str,
    *,
    is_empty: bool,
) -> PagePosition | None:
    """Return the page after one, or None after the last.

    Args:
        listing: The rules.
        page: The one that was read.
        answer: What it said.
        base: The address that all paths are below; a link may be relative to it, or to that of the page.
        is_empty: Whether it had no items.

    Raises:
        ExpressionError: An expression of the profile does not fit.
    """
    following = listing.next_page
    if following is None:
        return None
    if following.link:
        link = following.link(answer)
        if link:
            return PagePosition(_address(base, page.path, link), {})
        if following.more and following.more(answer) is True:
            message = "there is a further page, or may be, and the answer gives no link to it"
            raise ExpressionError(message)
        return None
    if following.cursor:
        cursor = following.cursor(answer)
        if not isinstance(cursor, str | int | None):
            message = "the cursor is neither a text nor a whole number"
            raise ExpressionError(message)
        return (
            None
            if cursor is None
            else PagePosition(page.path, {**page.parameters, following.parameter: cursor})
        )
    return _numbered(following, page, answer, is_empty=is_empty)


def _address(base: str, page: str, link: Any) -> str:  # noqa: ANN401
    """Return the address of a link. It may be relative, and its query is what the next page needs."""
    if isinstance(link, str) and _LINK.fullmatch(link):
        with suppress(ValueError):
            below = urlsplit(base).path
            rooted = link.startswith("/") and not link.startswith("//")
            # What stands behind a gateway does not know below which path it is reached.
            place = f"{below}{link}" if rooted and not link.startswith(f"{below}/") else link
            whole = urljoin(page if urlsplit(page).scheme else base + page, place)
            urlsplit(whole)
            return whole
    message = "the link to the next page is no address"
    raise ExpressionError(message)


def _numbered(following: NextPage, page: PagePosition, answer: Any, *, is_empty: bool) -> PagePosition | None:  # noqa: ANN401
    is_last = is_empty if following.more is None else following.more(answer) is not True
    if is_last:
        return None
    number = int(page.parameters[following.parameter]) + 1
    return PagePosition(page.path, {**page.parameters, following.parameter: number})
