"""Reads with the client `netsuite`: page after page, or all pages at once after the first."""

from __future__ import annotations

import asyncio
import os
import sys

from netsuite import Config, NetSuite
from netsuite.rest_api import NetSuiteRestApi
from told import PAGE, Take, tell

QUERY = os.environ["QUERY"]


async def one_by_one(rest: NetSuiteRestApi, take: Take) -> None:
    """Await each page before the next."""
    offset, more = 0, True
    while more:
        page = await rest.suiteql(QUERY, limit=PAGE, offset=offset)
        take(page["items"])
        offset, more = offset + page["count"], page["hasMore"]


async def gathered(rest: NetSuiteRestApi, take: Take) -> None:
    """Await the first page, and then all others together."""
    first = await rest.suiteql(QUERY, limit=PAGE)
    take(first["items"])
    offsets = range(PAGE, first["totalResults"], PAGE)
    for page in await asyncio.gather(*(rest.suiteql(QUERY, limit=PAGE, offset=at) for at in offsets)):
        take(page["items"])


def read(take: Take) -> None:
    """Read in the way that the first argument names; the second is how many calls may be in flight."""
    config = Config.from_env()
    rest = NetSuiteRestApi(config, concurrent_requests=int(sys.argv[2])) if sys.argv[2:] else None
    way = {"one by one": one_by_one, "gathered": gathered}[sys.argv[1]]
    asyncio.run(way(rest or NetSuite(config).rest_api, take))


tell(read)
