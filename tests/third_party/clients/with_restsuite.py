"""What someone else does with the client `restsuite`: run by its own Python, it prints what it did."""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout

from restsuite import NetSuiteQL, NetSuiteRest, NetSuiteRESTlet

env = os.environ
ACCOUNT = env["NETSUITE_ACCOUNT"]
HOST = ACCOUNT.lower().replace("_", "-")
RECORDS = f"https://{HOST}.suitetalk.api.netsuite.com/services/rest/record/v1"
RESTLET = f"https://{HOST}.restlets.api.netsuite.com/app/site/hosting/restlet.nl"
BILLS = "SELECT id, tranid FROM transaction WHERE type = 'VendBill' ORDER BY id ASC"

keys = (
    ACCOUNT,
    env["NETSUITE_CONSUMER_KEY"],
    env["NETSUITE_CONSUMER_SECRET"],
    env["NETSUITE_TOKEN_ID"],
    env["NETSUITE_TOKEN_SECRET"],
)
kept, removed = json.loads(env["PAYMENTS"])
queries = NetSuiteQL(*keys)
# It makes a host of the account id as it is, which a sandbox's has not.
queries.url = f"https://{HOST}.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=25"
rest = NetSuiteRest(*keys)
created = [rest.request("POST", f"{RECORDS}/vendorPayment", body=body) for body in (kept, removed)]
urls = [answer.headers["Location"] for answer in created]
changed = rest.request("PATCH", urls[0], body={"memo": "Changed by restsuite"})
deleted = rest.request("DELETE", urls[1])
restlet = NetSuiteRESTlet(*keys).request(
    "POST",
    f"{RESTLET}?script={env['NETSUITE_RESTLET_SCRIPT']}&deploy={env['NETSUITE_RESTLET_DEPLOY']}",
    body={"action": "version"},
)
listed = rest.request("GET", f"{RECORDS}/vendor", params={"q": "id LESS 20", "limit": 5, "offset": 5})
bills = list(queries.suiteql(BILLS))
# It prints what it was refused with, and gives nothing.
with redirect_stdout(sys.stderr):
    refused = queries.suiteql("WITH b AS (SELECT id FROM vendor) SELECT id FROM b")
did = {
    "bills": bills,
    "statuses": [answer.status_code for answer in (*created, changed, deleted)],
    "payment": rest.request("GET", urls[0]).json(),
    "gone": rest.request("GET", urls[1]).status_code,
    "vendors": listed.json(),
    "restlet": restlet.json(),
    "refused": refused,
}
sys.stdout.write(json.dumps(did))
