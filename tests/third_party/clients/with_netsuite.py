"""What someone else does with the client `netsuite`: run by its own Python, it prints what it read."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable
from typing import Any

from netsuite import Config, NetSuite
from netsuite.exceptions import NetsuiteAPIRequestError

BILLS = (
    "SELECT id, tranid, trandate, foreigntotal, memo FROM transaction WHERE type = 'VendBill' ORDER BY id ASC"
)
PAGE = 25


async def refusal(call: Awaitable[object]) -> dict[str, Any]:
    """Return what a call was refused with."""
    try:
        await call
    except NetsuiteAPIRequestError as error:
        return {"status": error.status_code, **json.loads(error.response_text)}
    return {}


async def main() -> None:
    """Read bills by pages, a vendor, a bill with its lines, schemas; and be refused."""
    netsuite = NetSuite(Config.from_env())
    rest = netsuite.rest_api
    bills: list[Any] = []
    while True:
        page = await rest.suiteql(BILLS, limit=PAGE, offset=len(bills))
        bills += page["items"]
        if not page["hasMore"]:
            break
    vendors = await rest.get("/record/v1/vendor", params={"q": "id LESS 20", "limit": 5, "offset": 5})
    vendor = vendors["items"][0]["id"]
    bill = f"/record/v1/vendorBill/{bills[0]['id']}"
    schema = await rest.jsonschema("vendorBill")
    openapi = await rest.openapi(["vendor"])
    wrong = Config.from_env()
    wrong.auth.token_secret = "0" * 64
    read = {
        "bills": bills,
        "vendors": vendors,
        "vendor": await rest.get(f"/record/v1/vendor/{vendor}"),
        "bill": await rest.get(bill, params={"expandSubResources": "true"}),
        "custom": sorted(name for name in schema["properties"] if name.startswith("custbody_")),
        "paths": list(openapi["paths"]),
        "refusals": {
            "column": await refusal(rest.suiteql("SELECT shoesize FROM vendor")),
            "record": await refusal(rest.get("/record/v1/vendor/999999")),
            "type": await refusal(rest.get("/record/v1/shoes")),
            "signature": await refusal(NetSuite(wrong).rest_api.get(bill)),
            "restlet": await refusal(
                netsuite.restlet.post(
                    os.environ["NETSUITE_RESTLET_SCRIPT"],
                    deploy=os.environ["NETSUITE_RESTLET_DEPLOY"],
                    json={"action": "?"},
                )
            ),
        },
    }
    sys.stdout.write(json.dumps(read))


asyncio.run(main())
