"""Bills read from NetSuite by other people's clients and by ours, from the same server in the same run."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers.headers import headers
from benchmarks.peers.whole import whole
from benchmarks.telling import Row

_HEADERS, _SMALL_HEADERS = 60_000, 2_000
_BILLS, _SMALL_BILLS = 100, 4
_BLOCK_EVERY = 7


def measure(*, small: bool) -> Iterator[Row]:
    """Read headers by SuiteQL, and bills with their lines by records."""
    if small:
        yield from headers(_SMALL_HEADERS, 0.01, (0,))
        yield from whole(_SMALL_BILLS, 10)
    else:
        yield from headers(_HEADERS, 0.25, (0, _BLOCK_EVERY))
        yield from whole(_BILLS, 250)
