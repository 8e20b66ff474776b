"""What someone else does with `netsuite-oauth-python`: run by its own Python, it prints what it did."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from netsuite_oauth import NetsuiteOauth
from requests import HTTPError

env = os.environ
ACCOUNT = env["NETSUITE_ACCOUNT"]
HOST = ACCOUNT.lower().replace("_", "-")
SERVICES = f"https://{HOST}.suitetalk.api.netsuite.com/services/rest"
RESTLET = f"https://{HOST}.restlets.api.netsuite.com/app/site/hosting/restlet.nl"
PAYMENT = "record/v1/vendorPayment"
VENDORS = {"q": "SELECT id, entityid FROM vendor ORDER BY id ASC"}


def client(url: str, secret: str = env["NETSUITE_TOKEN_SECRET"]) -> NetsuiteOauth:
    """Make a client: each is for one address."""
    return NetsuiteOauth(
        url=url if "://" in url else f"{SERVICES}/{url}",
        consumer_key=env["NETSUITE_CONSUMER_KEY"],
        consumer_secret=env["NETSUITE_CONSUMER_SECRET"],
        token_id=env["NETSUITE_TOKEN_ID"],
        token_secret=secret,
        account=ACCOUNT,
    )


def refusal(url: str, **options: str) -> dict[str, Any]:
    """Return what a call was refused with."""
    try:
        client(url, **options).get()
    except HTTPError as error:
        refused: dict[str, Any] = error.response.json()
        return refused
    return {}


kept, removed = json.loads(env["PAYMENTS"])
(line,) = kept["apply"]["items"]
pages: list[dict[str, Any]] = []
while not pages or pages[-1]["hasMore"]:
    place = {"limit": "10", "offset": str(sum(page["count"] for page in pages))}
    headers = {"Prefer": "transient"}
    pages.append(client("query/v1/suiteql").post(VENDORS, headers=headers, params=place).json())
# The same payment twice by its external id, and once more of the bill itself.
for memo in ("First", "Second"):
    client(f"{PAYMENT}/eid:{kept['externalId']}").put({**kept, "memo": memo})
made = client(
    f"record/v1/vendorBill/{removed['apply']['items'][0]['doc']['id']}/!transform/vendorPayment"
).post({"account": removed["account"], "externalId": removed["externalId"]})
client(made.headers["Location"]).delete()
client(f"record/v1/vendorBill/{line['doc']['id']}").patch({"memo": "Changed by netsuite-oauth-python"})
did = {
    "vendors": [item for page in pages for item in page["items"]],
    "payment": client(f"{PAYMENT}/eid:{kept['externalId']}")
    .get(params={"expandSubResources": "true"})
    .json(),
    "departments": client("record/v1/department").get(params={"q": 'name START_WITH "A"', "limit": 3}).json(),
    "restlet": client(
        f"{RESTLET}?script={env['NETSUITE_RESTLET_SCRIPT']}&deploy={env['NETSUITE_RESTLET_DEPLOY']}"
    )
    .post({"action": "version"})
    .json(),
    "refusals": {
        "gone": refusal(made.headers["Location"]),
        "signature": refusal("record/v1/vendor", secret="0" * 64),
    },
}
sys.stdout.write(json.dumps(did))
