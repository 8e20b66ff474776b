"""Reads with `netsuite-oauth-python`, page after page."""

from __future__ import annotations

import os
from typing import Any

from netsuite_oauth import NetsuiteOauth
from told import PAGE, Take, pages, tell


def read(take: Take) -> None:
    """Read by its `post`."""
    env = os.environ
    client = NetsuiteOauth(
        url=env["SUITEQL"],
        consumer_key=env["NETSUITE_CONSUMER_KEY"],
        consumer_secret=env["NETSUITE_CONSUMER_SECRET"],
        token_id=env["NETSUITE_TOKEN_ID"],
        token_secret=env["NETSUITE_TOKEN_SECRET"],
        account=env["NETSUITE_ACCOUNT"],
    )

    def post(offset: int) -> dict[str, Any]:
        place = {"limit": str(PAGE), "offset": str(offset)}
        answer = client.post({"q": env["QUERY"]}, headers={"Prefer": "transient"}, params=place)
        page: dict[str, Any] = answer.json()
        return page

    pages(post, take)


tell(read)
