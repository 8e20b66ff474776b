"""What the role may do with vendor payments, by the level of its permission."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id

pytestmark = pytest.mark.usefixtures("audited")


def test_a_role_without_the_permission(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(missing_permissions="Transactions -> Pay Bills")
    answer = netsuite.post(PAYMENT, json=bills[0].payment())
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert "'Transactions -> Pay Bills' permission" in error["detail"]


@pytest.mark.parametrize(
    ("level", "allowed"),
    [
        ("View", {"read"}),
        ("Create", {"read", "post", "upsert", "transform"}),
        ("Edit", {"read", "post", "upsert", "transform", "change", "upsert again"}),
        ("Full", {"read", "post", "upsert", "transform", "change", "upsert again", "void", "delete"}),
    ],
)
def test_a_role_with_a_lower_level_may_do_less(
    netsuite: SignedInNetSuite, bills: list[SeededBill], level: str, allowed: set[str]
):
    body = bills[0].payment(Decimal(1))
    bank = {"account": {"id": bills[0].bank}}
    ours = "avidxchange-payment-1"
    posted = [posted_id(netsuite.post(PAYMENT, json={**body, "externalId": one})) for one in (ours, "other")]
    if level != "Full":
        netsuite.switch(permission_levels=f"Transactions -> Pay Bills: {level}")
    answers = {
        "read": netsuite.get(f"{PAYMENT}/{posted[0]}"),
        "post": netsuite.post(PAYMENT, json=body),
        "upsert": netsuite.put(f"{PAYMENT}/eid:new", json=body),
        "transform": netsuite.post(f"{RECORDS}/vendorBill/{bills[0].id}/!transform/vendorPayment", json=bank),
        "change": netsuite.patch(f"{PAYMENT}/{posted[0]}", json={"memo": "changed"}),
        "upsert again": netsuite.put(f"{PAYMENT}/eid:{ours}", json={"memo": "changed"}),
        "void": netsuite.restlet({"action": "void", "payment": posted[0]}),
        "delete": netsuite.delete(f"{PAYMENT}/{posted[1]}"),
    }
    assert {name for name, answer in answers.items() if answer.ok} == allowed
    for name in answers.keys() - allowed:
        told = answers[name].json()
        error = told.get("error") or told["o:errorDetails"][0]
        assert "a higher level of the 'Transactions -> Pay Bills' permission" in str(error)
        assert "INSUFFICIENT_PERMISSION" in str(error)
        assert answers[name].status_code == (400 if name == "void" else 403)
