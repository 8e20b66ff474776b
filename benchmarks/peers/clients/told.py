"""Tells as JSON what a reading by somebody's client came to: the seconds, the ids, and what it ended with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from time import perf_counter
from typing import Any

PAGE = 1000
Take = Callable[[Iterable[Any]], None]


def tell(read: Callable[[Take], object]) -> None:
    """Read, and print what came.

    Args:
        read: Reads all, and hands over rows as they come.
    """
    ids: list[str] = []
    error = ""
    began = perf_counter()
    try:
        with redirect_stdout(sys.stderr):
            read(lambda rows: ids.extend(row["id"] for row in rows))
    except Exception as failure:  # noqa: BLE001 - whatever a client raises is its answer
        error = f"{type(failure).__name__}: {failure}"[:200]
    told = {"seconds": perf_counter() - began, "ids": ids, "error": error}
    sys.stdout.write(json.dumps(told))


def pages(post: Callable[[int], dict[str, Any]], take: Take) -> None:
    """Ask for page after page by offset, as long as there is more: what a client leaves to its caller."""
    offset, more = 0, True
    while more:
        page = post(offset)
        take(page["items"])
        offset, more = offset + page["count"], page["hasMore"]
