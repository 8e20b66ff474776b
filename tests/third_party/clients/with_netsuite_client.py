"""What someone else does with the client `netsuite-client`: run by its own Python, it prints what it read."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from netsuite_client import NetSuiteClient, NetSuiteError

QUERY = "SELECT id, acctnumber, accttype FROM account ORDER BY id ASC"

quiet = logging.getLogger("quiet")
quiet.disabled = True


def client(secret: str) -> NetSuiteClient:
    """Make a client; a refusal is not worth a second try here."""
    env = os.environ
    account = env["NETSUITE_ACCOUNT"]
    return NetSuiteClient(
        realm=account,
        account=account.lower().replace("_", "-"),
        consumer_key=env["NETSUITE_CONSUMER_KEY"],
        consumer_secret=env["NETSUITE_CONSUMER_SECRET"],
        token_id=env["NETSUITE_TOKEN_ID"],
        token_secret=secret,
        logger=quiet,
        max_retries=0,
    )


def refusal(query: str, secret: str) -> str:
    """Return what a query was refused with."""
    try:
        client(secret).get_suiteql_query(query)
    except NetSuiteError as error:
        return str(error)
    return ""


secret = os.environ["NETSUITE_TOKEN_SECRET"]
netsuite = client(secret)
base = f"https://{netsuite.account}.suitetalk.api.netsuite.com/services/rest"
pages: list[dict[str, Any]] = []
while not pages or pages[-1]["hasMore"]:
    offset = sum(page["count"] for page in pages)
    pages.append(netsuite.post(f"{base}/query/v1/suiteql?limit=50&offset={offset}", {"q": QUERY}))
read = {
    "accounts": [item for page in pages for item in page["items"]],
    "everything": netsuite.get_suiteql_query(QUERY),
    "vendor": netsuite.get(f"{base}/record/v1/vendor/11", {"expandSubResources": "true"}),
    "departments": netsuite.get(f"{base}/record/v1/department", {"q": 'name START_WITH "A"', "limit": 3}),
    "refusals": {
        "syntax": refusal("SELECT id FROM account LIMIT 5", secret),
        "signature": refusal(QUERY, "0" * 64),
    },
}
sys.stdout.write(json.dumps(read))
