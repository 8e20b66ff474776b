"""The RESTlet attaches the images of cleared checks to payments of ours, and does nothing else with files."""

from __future__ import annotations

import base64
from decimal import Decimal

import requests

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import RECORDS, SeededBill, SignedInNetSuite

PICTURE = b"%PDF-1.4"
_ATTACHED = """
SELECT f.* FROM ns_transactionfile a JOIN ns_file f ON f.id = a.file WHERE a."transaction" = ?"""


def _code(answer: requests.Response) -> str:
    assert answer.status_code == 400
    return str(answer.json()["error"]["code"])


def test_it_attaches_a_picture_to_a_payment_of_ours_once(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store
):
    ours, by_hand = (
        netsuite.post(f"{RECORDS}/vendorPayment", json=body).headers["Location"].rpartition("/")[2]
        for body in (
            bills[0].payment(bills[0].unpaid - 1, externalId="avidxchange-payment-5"),
            bills[0].payment(Decimal(1), tranId="by hand"),
        )
    )
    asked = {
        "action": "attach",
        "payment": ours,
        "folder": "7",
        "name": "avidxchange-payment-5.pdf",
        "content": base64.b64encode(PICTURE).decode(),
    }
    netsuite.switch(missing_permissions="Lists -> Documents and Files")
    assert _code(netsuite.restlet(asked)) == "INSUFFICIENT_PERMISSION"
    netsuite.switch(missing_permissions="")
    first = netsuite.restlet(asked).json()
    assert first == {"payment": ours, "file": first["file"], "added": True}
    writes = netsuite.sandbox.calls()["netsuite"]["writes"]
    assert netsuite.restlet(asked).json() == {**first, "added": False}
    assert netsuite.sandbox.calls()["netsuite"]["writes"] == writes
    with store.connection() as conn:
        (row,) = conn.execute(_ATTACHED, (ours,)).fetchall()
    assert (row["name"], row["filetype"], row["content"]) == (asked["name"], "PDF", PICTURE)
    assert _code(netsuite.restlet({**asked, "payment": by_hand})) == "NOT_OUR_PAYMENT"
    assert _code(netsuite.restlet({**asked, "name": "apbridge_restlet.js"})) == "INVALID_REQUEST"
    elsewhere = {**asked, "name": "avidxchange-payment-5.png", "folder": "999"}
    assert _code(netsuite.restlet(elsewhere)) == "INVALID_KEY_OR_REF"
    no_base64 = {**asked, "name": "avidxchange-payment-5.png", "content": "?"}
    assert _code(netsuite.restlet(no_base64)) == "SSS_FILE_CONTENT_INVALID"
