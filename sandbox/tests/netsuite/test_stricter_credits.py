"""What NetSuite refuses of vendor credits, and of parameters and external ids of any write."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id
from tests.netsuite.test_credits import CREDIT, applying, enter, paid, refused

pytestmark = pytest.mark.usefixtures("audited")


@pytest.mark.parametrize(
    ("method", "at", "parameter"),
    [
        ("POST", "vendorPayment", {"replace": "apply"}),
        ("PATCH", "vendorPayment/{payment}", {"replce": "apply"}),
        ("PATCH", "vendorPayment/{payment}", {"replace": "aply"}),
        ("PATCH", "vendorPayment/{payment}", {"replace": ""}),
        ("PATCH", "vendorCredit/{credit}", {"replace": "credit"}),
        ("PUT", "vendorPayment/eid:p-9", {"upsert": "true"}),
        ("DELETE", "vendorCredit/{credit}", {"force": "true"}),
        ("POST", "vendorBill/{bill}/!transform/vendorPayment", {"replace": "apply"}),
    ],
)
def test_a_parameter_that_a_write_does_not_have_is_refused(  # noqa: PLR0917 - pytest gives them by name
    sandbox: Running,
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    method: str,
    at: str,
    parameter: dict[str, str],
):
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "10.00")
    payment = posted_id(netsuite.post(PAYMENT, json=bill.payment(bill.unpaid - 20)))
    path = at.format(payment=payment, credit=credit, bill=bill.id)
    body = {"memo": "x"} if method == "PATCH" else bill.payment()
    answer = netsuite.request(method, f"{RECORDS}/{path}", params=parameter, json=body)
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (400, "INVALID_PARAMETER")
    assert error["o:errorQueryParam"] == next(iter(parameter))
    assert netsuite.bill(bill)["status"] == "A"


@pytest.mark.parametrize("sublist", ["apply", "credit"])
@pytest.mark.parametrize(
    ("field", "value"), [("line", 1.5), ("line", "1"), ("amount", 1.005), ("amount", "1.00"), ("apply", "T")]
)
def test_a_line_of_another_type_is_refused(  # noqa: PLR0917 - pytest gives them by name
    sandbox: Running,
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    sublist: str,
    field: str,
    value: Any,  # noqa: ANN401
):
    body = paid(bills[0], **{f"c{enter(sandbox, bills[0].vendor, '10.00')}": 1})
    body[sublist]["items"][0][field] = value
    answer = netsuite.post(PAYMENT, json=body)
    assert "Invalid Field Value" in refused(answer)
    assert error_of(answer)["o:errorPath"] == f"{sublist}.items[0].{field}"


@pytest.mark.parametrize("of", ["vendorCredit", "vendorBill", "vendorPayment"])
def test_an_external_id_is_one_transactions(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill], of: str
):
    bill = bills[0]
    posted_id(netsuite.post(PAYMENT, json=bill.payment(bill.unpaid - 20) | {"externalId": "p-1"}))
    at = {
        "vendorCredit": lambda: enter(sandbox, bill.vendor, "10.00"),
        "vendorBill": lambda: bills[1].id,
        "vendorPayment": lambda: posted_id(netsuite.post(PAYMENT, json=bills[1].payment())),
    }[of]()
    for name, status in (("p-2", 204), ("p-2", 204), ("p-1", 400)):
        answer = netsuite.patch(f"{RECORDS}/{of}/{at}", json={"externalId": name})
        assert answer.status_code == status
    assert error_of(answer)["o:errorCode"] == "DUP_RCRD"


def test_a_credit_of_a_closed_period_is_not_deleted(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    credit = enter(sandbox, bills[0].vendor, "10.00")
    (row,) = netsuite.rows(f"SELECT postingperiod AS id FROM transaction WHERE id = {credit}")  # noqa: S608
    lock = {"table": "accountingperiod", "id": row["id"], "set": {"aplocked": "T"}}
    sandbox.control("/control/netsuite/edit", lock)
    assert "accounting period" in refused(netsuite.delete(f"{CREDIT}/{credit}"))
    sandbox.control("/control/netsuite/delete", {"type": "vendorcredit", "id": credit})


@pytest.mark.parametrize("status", ["D", "E"])
def test_a_credit_that_is_not_approved_is_not_applied(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill], status: str
):
    credit = enter(sandbox, bills[0].vendor, "10.00")

    def stands(letter: str) -> None:
        order = {"table": "transaction", "id": credit, "set": {"status": letter}}
        sandbox.control("/control/netsuite/edit", order)

    stands(status)
    answer: requests.Response = netsuite.patch(f"{CREDIT}/{credit}", json=applying((bills[0], 1)))
    assert "not approved" in refused(answer)
    stands("A")
    assert netsuite.patch(f"{CREDIT}/{credit}", json=applying((bills[0], 1))).status_code == 204
