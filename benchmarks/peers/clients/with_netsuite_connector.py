"""Reads with `netsuite-connector`: by its own method for queries, or page after page by its `post`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from NetSuite_Connector.ODBC import ODBC
from told import PAGE, Take, pages, tell

QUERY = os.environ["QUERY"]


def read(take: Take) -> None:
    """Read in the way that the first argument names; a refusal comes as an answer with a status."""
    env = os.environ
    client = ODBC(
        env["NETSUITE_ACCOUNT"],
        {"consumer_key": env["NETSUITE_CONSUMER_KEY"], "consumer_secret": env["NETSUITE_CONSUMER_SECRET"]},
        {"token_key": env["NETSUITE_TOKEN_ID"], "token_secret": env["NETSUITE_TOKEN_SECRET"]},
    )

    def post(offset: int) -> dict[str, Any]:
        place = {"limit": PAGE, "offset": offset}
        headers = {"Prefer": "transient", "Content-Type": "application/json"}
        answer = client.post(url=env["SUITEQL"], headers=headers, params=place, body={"q": QUERY})
        page: dict[str, Any] = json.loads(answer.response)
        return page

    if sys.argv[1] == "its query":
        take(json.loads(client.query(QUERY).response)["items"])
    else:
        pages(post, take)


tell(read)
