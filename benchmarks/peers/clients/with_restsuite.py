"""Reads with `restsuite`, whose method for queries follows the pages itself."""

from __future__ import annotations

import os

from restsuite import NetSuiteQL
from told import PAGE, Take, tell


def read(take: Take) -> None:
    """Read by one call of its method."""
    env = os.environ
    client = NetSuiteQL(
        env["NETSUITE_ACCOUNT"],
        env["NETSUITE_CONSUMER_KEY"],
        env["NETSUITE_CONSUMER_SECRET"],
        env["NETSUITE_TOKEN_ID"],
        env["NETSUITE_TOKEN_SECRET"],
    )
    # It makes a host of the account id as it is, which a sandbox's has not.
    client.url = f"{env['SUITEQL']}?limit={PAGE}"
    take(client.suiteql(env["QUERY"]))


tell(read)
