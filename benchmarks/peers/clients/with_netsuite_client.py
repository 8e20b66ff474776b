"""Reads with `netsuite-client`: by its own method for queries, or page after page by its `post`."""

from __future__ import annotations

import logging
import os
import sys

from netsuite_client import NetSuiteClient
from told import PAGE, Take, pages, tell

QUERY = os.environ["QUERY"]


def read(take: Take) -> None:
    """Read in the way that the first argument names."""
    env = os.environ
    logging.disable()
    client = NetSuiteClient(
        realm=env["NETSUITE_ACCOUNT"],
        account=env["HOST"],
        consumer_key=env["NETSUITE_CONSUMER_KEY"],
        consumer_secret=env["NETSUITE_CONSUMER_SECRET"],
        token_id=env["NETSUITE_TOKEN_ID"],
        token_secret=env["NETSUITE_TOKEN_SECRET"],
    )
    if sys.argv[1] == "its query":
        take(client.get_suiteql_query(QUERY)["items"])
    else:
        pages(lambda at: client.post(f"{env['SUITEQL']}?limit={PAGE}&offset={at}", {"q": QUERY}), take)


tell(read)
