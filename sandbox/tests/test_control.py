"""Orders to the sandbox and to NetSuite's people."""

from typing import Any
from urllib.error import HTTPError

import msgspec
import pytest
import requests

from apbridge_sandbox.testing import Running
from tests.waiting import PATIENCE


def _refused(sandbox: Running, path: str, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(HTTPError) as refused:
        sandbox.control(path, body)
    with refused.value as answer:
        return answer.code, msgspec.json.decode(answer.read())["message"]


def _bill(sandbox: Running, number: str) -> dict[str, Any]:
    (bill,) = [one for one in sandbox.books()["netsuite"]["bills"] if one["id"] == number]
    found: dict[str, Any] = bill
    return found


def _open_bill(sandbox: Running) -> dict[str, Any]:
    bills = sandbox.books()["netsuite"]["bills"]
    return next(bill for bill in bills if bill["status"] == "A" and bill["subsidiary"] == "1")


def _modified(sandbox: Running, table: str, key: str, number: str) -> str:
    assert sandbox.sandbox
    column = "linelastmodifieddate" if table == "ns_transactionline" else "lastmodifieddate"
    with sandbox.sandbox.store.connection() as conn:
        row = conn.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (number,))  # noqa: S608
        return str(row.fetchone()[0])


def test_the_clock_starts_on_a_monday_and_goes_forward(sandbox: Running):
    assert sandbox.control("/control/clock", method="GET")["now"].startswith("2026-11-02T16:00:")
    later = sandbox.control("/control/clock", {"advance_days": 1, "advance_seconds": 3600})["now"]
    assert later.startswith("2026-11-03T17:00:")
    assert _refused(sandbox, "/control/clock", {"advance_seconds": -1})[0] == 422


def test_seeding_anew(sandbox: Running, avidxchange: requests.Session):
    body = {"number": "1", "name": "A", "active": True}
    avidxchange.put("/v1/vendors/v-1", json=body).raise_for_status()
    before = sandbox.books()
    assert sandbox.control("/control/seed", {"seed": 5, "vendors": 9, "bills": 11}) == {
        "seed": 5,
        "vendors": 9,
        "bills": 11,
    }
    after = sandbox.books()
    assert (len(after["netsuite"]["vendors"]), len(after["netsuite"]["bills"])) == (9, 11)
    assert after["avidxchange"]["vendors"] == []
    sandbox.control("/control/seed", {})
    assert sandbox.books()["netsuite"] == before["netsuite"]
    assert avidxchange.get("/v1/company").status_code == 200


def test_switches(sandbox: Running):
    usual = sandbox.control("/control/switches", method="GET")
    assert usual["avidxchange.cancelled_invoice"] == "reopens"
    changed = sandbox.control("/control/switches", {"avidxchange.cancelled_invoice": "stays"})
    assert changed == usual | {"avidxchange.cancelled_invoice": "stays"}
    for wrong in (
        {"avidxchange.mood": "good"},
        {"avidxchange.cancelled_invoice": "vanishes"},
        {"avidxchange.concurrency_limit": True},
    ):
        assert _refused(sandbox, "/control/switches", wrong)[0] == 422
    assert sandbox.control("/control/switches", method="DELETE") == usual


def test_an_edit_moves_the_time_of_change(sandbox: Running):
    bill = _open_bill(sandbox)
    sandbox.control(
        "/control/netsuite/edit", {"table": "transaction", "id": bill["id"], "set": {"memo": "On hold"}}
    )
    assert _bill(sandbox, bill["id"])["memo"] == "On hold"
    assert _modified(sandbox, "ns_transaction", "id", bill["id"]) >= "2026-11-02T16:00:00Z"


def test_an_edit_of_a_line_leaves_the_header(sandbox: Running):
    bill = _open_bill(sandbox)
    header = _modified(sandbox, "ns_transaction", "id", bill["id"])
    line = bill["lines"][0]["uniquekey"]
    order: dict[str, Any] = {
        "table": "transactionline",
        "id": line,
        "set": {"memo": "Recoded", "department": 3},
    }
    sandbox.control("/control/netsuite/edit", order | {"touch": False})
    assert _modified(sandbox, "ns_transactionline", "uniquekey", line) < "2026-11-02"
    sandbox.control("/control/netsuite/edit", order)
    assert _modified(sandbox, "ns_transactionline", "uniquekey", line) >= "2026-11-02T16:00:00Z"
    assert _modified(sandbox, "ns_transaction", "id", bill["id"]) == header
    assert _bill(sandbox, bill["id"])["lines"][0]["department"] == "3"


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"table": "transaction", "id": "1", "set": {"memo": "x"}}, 409),
        ({"table": "nowhere", "id": "1", "set": {"memo": "x"}}, 422),
        ({"table": "vendor", "id": "11", "set": {"colour": "red"}}, 422),
        ({"table": "vendor", "id": "11", "set": {"entityid": None}}, 422),
        ({"table": "vendor", "id": "O'Brien", "set": {"entityid": "x"}}, 422),
        ({"table": "vendor"}, 422),
    ],
)
def test_an_edit_of_what_is_not_there(sandbox: Running, order: dict[str, Any], status: int):
    assert _refused(sandbox, "/control/netsuite/edit", order)[0] == status


def test_paying_by_hand_in_part_then_in_full(sandbox: Running):
    bill = _open_bill(sandbox)
    order = {"bill": bill["id"], "check_number": "9001"}
    part = sandbox.control("/control/netsuite/pay-by-hand", order | {"amount": "1.25"})["id"]
    after = _bill(sandbox, bill["id"])
    assert (after["paid"], after["status"]) == ("1.25", "A")
    assert after["applications"] == [
        {"payment": part, "externalid": None, "amount": "1.25", "discount": "0.00"}
    ]
    assert _refused(sandbox, "/control/netsuite/pay-by-hand", order | {"amount": bill["total"]})[0] == 409
    sandbox.control("/control/netsuite/pay-by-hand", order | {"check_number": "9002"})
    after = _bill(sandbox, bill["id"])
    assert (after["unpaid"], after["status"]) == ("0.00", "B")


def test_deleting_leaves_a_trace_and_no_id_comes_again(sandbox: Running):
    assert sandbox.sandbox
    bill = _open_bill(sandbox)
    payment = sandbox.control("/control/netsuite/pay-by-hand", {"bill": bill["id"], "check_number": "1"})[
        "id"
    ]
    order = {"type": "vendorbill", "id": bill["id"]}
    assert "payments applied" in _refused(sandbox, "/control/netsuite/delete", order)[1]
    sandbox.control("/control/netsuite/delete", {"type": "vendorpayment", "id": payment})
    assert _bill(sandbox, bill["id"])["unpaid"] == bill["total"]
    sandbox.control("/control/netsuite/delete", order)
    assert bill["id"] not in {one["id"] for one in sandbox.books()["netsuite"]["bills"]}
    sandbox.control("/control/netsuite/delete", {"type": "location", "id": "11"})
    with sandbox.sandbox.store.connection() as conn:
        traces = [
            tuple(row) for row in conn.execute("SELECT type, recordid FROM ns_deletedrecord ORDER BY id")
        ]
        left = conn.execute(
            'SELECT COUNT(*) FROM ns_transactionline WHERE "transaction" = ?', (bill["id"],)
        ).fetchone()[0]
    assert traces == [("vendorpayment", int(payment)), ("vendorbill", int(bill["id"])), ("location", 11)]
    assert left == 0
    assert _refused(sandbox, "/control/netsuite/delete", order)[0] == 409
    (new,) = _enter(sandbox)
    assert int(new) > int(payment)


def _enter(sandbox: Running, **changes: object) -> list[str]:
    bill = {
        "vendor": "11",
        "tranid": "NEW-1",
        "memo": "Entered today",
        "image": "NEW-1 for 12.50",
        "lines": [
            {"account": "6010", "amount": "10.00", "location": 11, "class": 101},
            {"account": "6020", "amount": 2.5, "department": 1},
        ],
    }
    ids: list[str] = sandbox.control("/control/netsuite/bills", {"bills": [bill | changes]})["ids"]
    return ids


def test_entering_a_bill(sandbox: Running):
    (number,) = _enter(sandbox)
    bill = _bill(sandbox, number)
    assert (bill["total"], bill["status"], bill["trandate"], bill["vendor"]) == (
        "12.50",
        "A",
        "2026-11-02",
        "11",
    )
    assert [(line["account_number"], line["amount"], line["class"]) for line in bill["lines"]] == [
        ("6010", "10.00", "101"),
        ("6020", "2.50", None),
    ]
    assert len(bill["files"]) == 1
    assert _refused(
        sandbox, "/control/netsuite/bills", {"bills": [{"vendor": "1", "tranid": "x", "lines": []}]}
    )
    assert sandbox.control("/control/netsuite/pay-by-hand", {"bill": number, "check_number": "1"})


def test_books_agree_with_themselves(sandbox: Running):
    netsuite = sandbox.books()["netsuite"]
    assert len(netsuite["bills"]) == 20
    for bill in netsuite["bills"]:
        cents = sum(round(float(line["amount"]) * 100) for line in bill["lines"])
        assert cents == round(float(bill["total"]) * 100)
        assert all(line["account_number"] for line in bill["lines"])
    assert set(netsuite["open_payables"]) == {"CAD", "USD"}


@pytest.mark.parametrize("path", ["/control/pay", "/health/x", "/v1/company"])
def test_the_control_port_is_its_own(sandbox: Running, path: str):
    assert requests.get(sandbox.control_url + path, timeout=PATIENCE).status_code == 404
    assert requests.get(sandbox.netsuite_url + "/control/books", timeout=PATIENCE).status_code == 404


def test_health_on_both_ports(sandbox: Running):
    for url in (sandbox.netsuite_url, sandbox.control_url):
        assert requests.get(url + "/health", timeout=PATIENCE).json() == {"status": "ready"}
    assert sandbox.calls()["netsuite"]["total"] == 0
