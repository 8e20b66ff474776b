from __future__ import annotations

import gc
import io
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from apbridge.json import dumps
from apbridge_operator.records import Problem, RecordCheck

ERP = "harvest-main"
DAY = "2026-11-02T16:00:00Z"
LATER = "2026-11-03T16:00:00Z"

Message = dict[str, Any]


def vendor(number: int, /, **changes: object) -> Message:
    record = {
        "id": str(number),
        "external_id": f"{ERP}-vendor-{number}",
        "number": f"V{number}",
        "name": f"Vendor {number}",
        "is_person": False,
        "subsidiary_ids": [],
        "is_active": True,
        "modified_at": DAY,
    }
    return told("vendors", record | changes)


def account(number: int, /, **changes: object) -> Message:
    record = {
        "id": str(number),
        "external_id": f"{ERP}-account-{number}",
        "number": str(number),
        "name": "Repairs",
        "full_name": "Repairs",
        "type": "Expense",
        "subsidiary_ids": [],
        "is_postable": True,
        "is_active": True,
    }
    return told("gl_accounts", record | changes)


def bill(own_id: int, /, *amounts: str, **changes: object) -> Message:
    lines: list[dict[str, Any]] = [
        {"id": str(place), "kind": "expense", "account_id": "6100", "amount": Decimal(amount)}
        for place, amount in enumerate(amounts or ("80.00", "20.00"), 1)
    ]
    record = {
        "id": str(own_id),
        "external_id": f"{ERP}-vendorbill-{own_id}",
        "number": f"INV-{own_id}",
        "vendor_id": "1",
        "bill_date": "2026-11-02",
        "currency": "USD",
        "total": sum((line["amount"] for line in lines), Decimal(0)),
        "is_eligible": True,
        "applications": [],
        "purchase_orders": [],
        "lines": lines,
        "images": [],
        "is_deleted": False,
        "modified_at": DAY,
    }
    return told("bills", record | changes)


def coded(number: str) -> dict[str, Any]:
    return {"id": "1", "kind": "expense", "account_id": "6100", "account_number": number, "amount": 100}


def payment(number: int, amount: str = "98.00", **changes: object) -> Message:
    record = {
        "id": f"harvest-{number}",
        "external_id": f"avidxchange-payment-harvest-{number}",
        "status": "settled",
        "method": "check",
        "check_number": str(number),
        "currency": "USD",
        "amount": Decimal(amount),
        "paid_on": "2026-11-02",
        "allocations": [
            {
                "invoice_external_id": "netsuite-1234567-vendorbill-7",
                "amount": Decimal("98.00"),
                "discount": Decimal(0),
            }
        ],
        "modified_at": DAY,
    }
    return told("payments", record | changes)


def told(stream: str, record: dict[str, Any]) -> Message:
    return {"type": "RECORD", "stream": stream, "record": record}


def begun(stream: str, **more: object) -> Message:
    return {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": [], **more}


def state(**bookmarks: object) -> Message:
    return {"type": "STATE", "value": {"bookmarks": bookmarks}}


def reached(moment: str) -> dict[str, str]:
    return {"replication_key": "modified_at", "replication_key_value": moment}


RIGHT = (
    begun("vendors"),
    vendor(1),
    begun("gl_accounts"),
    account(6100),
    begun("bills", bookmark_properties=["modified_at"]),
)
END = state(bills=reached(LATER))


def check(
    messages: Iterable[Message | bytes],
    into: str = "target-avidxchange",
    elsewhere: tuple[str, ...] = (),
    most: int = 5,
) -> list[Problem]:
    lines = (line if isinstance(line, bytes) else dumps(line) for line in messages)
    found = RecordCheck(into, elsewhere, most)
    found.read(io.BytesIO(b"".join(line + b"\n" for line in lines)))
    return found.mistakes.problems


def test_what_is_right_has_nothing_wrong():
    assert check([*RIGHT, bill(1), bill(2, modified_at=LATER), state(bills=reached(LATER))]) == []
    assert check([begun("payments"), payment(1), state(payments={})], "target-netsuite-payments") == []


def test_the_same_record_once_more_is_no_mistake():
    again = [
        bill(1),
        bill(2, modified_at=LATER),
        bill(1),
        state(bills=reached(LATER)),
        bill(2, modified_at=LATER),
    ]
    assert check([*RIGHT, *again]) == []


def test_what_is_due_may_be_less_by_what_is_applied_or_by_a_discount_that_our_payment_left():
    def applied(amount: str, name: str | None) -> dict[str, Any]:
        return {
            "id": "9",
            "kind": "payment",
            "external_id": name,
            "amount": Decimal(amount),
            "date": "2026-11-02",
        }

    by_hand = bill(1, amount_due=60, applications=[applied("40.00", None)])
    discounted = bill(2, amount_due=2, applications=[applied("97.00", "avidxchange-payment-7")])
    assert check([*RIGHT, by_hand, discounted, END]) == []


def test_a_bill_that_is_not_to_be_sent_may_have_gaps_and_one_is_coded_by_its_number():
    gaps = bill(1, is_eligible=False, bill_date=None, currency=None)
    assert check([*RIGHT, gaps, bill(2, lines=[coded("6100")], total=100), END]) == []


def test_a_deleted_record_need_not_be_more_than_its_name():
    gone: dict[str, Any] = {
        "id": "7",
        "external_id": f"{ERP}-vendorbill-7",
        "is_eligible": False,
        "applications": [],
        "purchase_orders": [],
        "lines": [],
        "images": [],
        "is_deleted": True,
        "modified_at": DAY,
    }
    assert check([*RIGHT, told("bills", gone), END]) == []


def test_a_bill_that_is_not_to_be_paid_may_lack_what_it_refers_to():
    assert check([begun("bills"), bill(1, is_eligible=False, vendor_id=None), END]) == []


UTC = "2026-11-02T10:00:00-06:00"
WRONG: dict[str, tuple[list[Message | bytes], str, int | None]] = {
    "no JSON": ([b"Connecting to the database"], "APB-SNG-004", 6),
    "no SCHEMA": ([told("vendor_credits", {})], "APB-SNG-005", 6),
    "a stream of nobody's": ([begun("projects"), told("projects", {})], "APB-SNG-008", 6),
    "batches": ([{"type": "BATCH"}], "APB-SNG-007", 6),
    "versions": ([{"type": "ACTIVATE_VERSION", "stream": "bills", "version": 1}], "APB-RCD-013", 6),
    "a field that is missing": ([told("bills", {"id": "1"})], "APB-SNG-010", 6),
    "money as text": ([bill(1, total="100.00")], "APB-SNG-010", 6),
    "a time that is not UTC": ([bill(1, modified_at=UTC)], "APB-SNG-010", 6),
    "money beyond all bounds": ([bill(1, total=Decimal("1e30"))], "APB-SNG-023", 6),
    "a bill's name": ([bill(1, external_id="bill-1")], "APB-SNG-011", 6),
    "a vendor's name": ([vendor(2, external_id=f"{ERP}-supplier-2")], "APB-SNG-011", 6),
    "no vendor": ([bill(1, vendor_id=None)], "APB-TAX-002", 6),
    "no account": (
        [bill(1, total=1, lines=[{"id": "1", "kind": "item", "amount": 1}])],
        "APB-TAX-003",
        6,
    ),
    "no number": ([bill(1, number=" ")], "APB-TAX-016", 6),
    "a vendor that comes later": ([bill(1, vendor_id="2"), vendor(2)], "APB-RCD-002", 6),
    "a vendor that never comes": ([bill(1, vendor_id="2")], "APB-RCD-003", 6),
    "told twice": ([bill(1), bill(1, memo="Other")], "APB-RCD-004", 7),
    "no date of the bill": ([bill(1, bill_date=None)], "APB-RCD-014", 6),
    "no currency": ([bill(1, currency=" ")], "APB-RCD-014", 6),
    "a currency by its name": ([bill(1, currency="dollar")], "APB-RCD-014", 6),
    "settled by nobody": ([bill(1, amount_due=Decimal("60.00"))], "APB-RCD-016", 6),
    "a vendor without a name": ([vendor(3, name="")], "APB-RCD-014", 6),
    "a line coded otherwise": ([bill(1, lines=[coded("6900")], total=100)], "APB-RCD-015", 6),
    "a line coded by an id": ([account(6100, number="61", modified_at=DAY), bill(1)], "APB-RCD-015", 7),
    "not in order": ([bill(1, modified_at=LATER), bill(2)], "APB-RCD-005", 7),
    "after its bookmark": ([bill(1), state(bills=reached(LATER)), bill(2)], "APB-RCD-006", 8),
    "a STATE of one bookmark": ([{"type": "STATE", "value": {"since": LATER}}], "APB-RCD-007", 6),
    "a STATE that is a text": ([{"type": "STATE", "value": LATER}], "APB-RCD-007", 6),
    "a bookmark that is a text": ([state(bills=LATER)], "APB-RCD-007", 6),
    "deleted and active": ([vendor(2, is_deleted=True)], "APB-RCD-009", 6),
    "deleted and to be paid": ([bill(1, is_deleted=True)], "APB-RCD-009", 6),
    "alive after its deletion": (
        [bill(1, is_deleted=True, is_eligible=False), bill(1, modified_at=LATER)],
        "APB-RCD-010",
        7,
    ),
    "a tenth of a cent": ([bill(1, "80.001", "19.999")], "APB-RCD-011", 6),
    "half a yen": ([bill(1, "80.5", "20.5", currency="JPY")], "APB-RCD-011", 6),
    "lines that are less": ([bill(1, total=Decimal("107.50"))], "APB-RCD-012", 6),
    "unfinished": ([state(bills={"progress_markers": {}})], "APB-SNG-033", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_by_its_code_and_line(name: str):
    messages, code, line = WRONG[name]
    end = [] if name == "unfinished" else [END]
    problems = {one.code: one for one in check([*RIGHT, *messages, *end])}
    assert [*problems] == [code]
    assert problems[code].first[0].line == line
    assert problems[code].first[0].do


PAYMENTS = {
    "under another name": (payment(1, external_id="harvest-1"), "APB-PAY-010"),
    "of nothing": (payment(1, allocations=[]), "APB-PAY-011"),
    "not over what it pays": (payment(1, "99.00"), "APB-PAY-013"),
    "of somebody else's bill": (
        payment(1, allocations=[{"invoice_external_id": "7", "amount": 98, "discount": 0}]),
        "APB-PAY-014",
    ),
    "without a day": (payment(1, paid_on=None), "APB-PAY-017"),
    "of a status that nobody knows": (payment(1, status="unknown"), "APB-PAY-120"),
}


@pytest.mark.parametrize("name", PAYMENTS)
def test_a_payment_is_refused_as_its_target_would(name: str):
    message, code = PAYMENTS[name]
    assert [
        one.code
        for one in check([begun("payments"), message, state(payments={})], "target-netsuite-payments")
    ] == [code]


def test_nothing_is_incomplete():
    assert [one.code for one in check([])] == ["APB-SNG-034"]


def test_a_bookmark_under_the_name_that_a_stream_had_before_a_map_is_none_of_it():
    (problem,) = check([*RIGHT, bill(1), state(suppliers={}, gl_accounts={}, bills=reached(DAY))])
    assert problem.code == "APB-RCD-007"
    assert "suppliers" in problem.first[0].says
    assert "vendors" in problem.first[0].says


def test_bookmarks_of_streams_that_are_not_selected_any_more_are_no_mistake():
    assert check([*RIGHT, bill(1), state(vendors={}, gl_accounts={}, bills=reached(DAY), locations={})]) == []


def test_no_state_at_the_end_is_told():
    assert [one.code for one in check([*RIGHT, bill(1)])] == ["APB-RCD-008"]
    assert [one.code for one in check([*RIGHT, state(bills={}), bill(1)])] == ["APB-RCD-008"]


def test_a_state_that_would_say_the_same_again_need_not_be_told():
    before = state(vendors=reached(LATER), bills=reached(DAY))
    assert check([before, *RIGHT, bill(1)]) == []


def test_what_is_elsewhere_need_not_be_told():
    messages = [begun("bills"), bill(1), END]
    assert [one.code for one in check(messages)] == ["APB-RCD-003"]
    assert [one.code for one in check(messages, elsewhere=("vendors",))] == ["APB-RCD-003"]
    assert check(messages, elsewhere=("vendors", "gl_accounts")) == []


def test_a_change_may_be_told_in_the_same_run():
    assert check([*RIGHT, bill(1), bill(1, modified_at=LATER), END]) == []


def test_what_the_tap_goes_on_from_covers_nothing_of_this_run():
    before = state(bills=reached(LATER))
    assert check([before, *RIGHT, state(bills=reached(LATER)), bill(1), END]) == []


def test_metadata_of_other_taps_is_no_mistake():
    assert check([*RIGHT, bill(1, _sdc_filename="bills.jsonl"), END]) == []


def test_three_decimals_are_right_where_the_currency_has_them():
    assert check([*RIGHT, bill(1, "80.125", currency="KWD"), END]) == []


def test_of_each_kind_the_first_are_kept_and_all_are_counted():
    problems = check([*RIGHT, *(bill(number, vendor_id=None) for number in range(9)), END], most=2)
    assert [(one.code, one.count, len(one.first)) for one in problems] == [("APB-TAX-002", 9, 2)]


def test_what_is_wrong_never_shows_a_value_that_may_be_secret():
    tax_id = "12-3456789"
    (problem,) = check([*RIGHT, vendor(2, tax_id=[tax_id]), END])
    assert tax_id not in str(problem)


def test_no_more_is_kept_of_more_records():
    held: list[int] = []

    def lines() -> Iterator[bytes]:
        for message in RIGHT:
            yield dumps(message)
        for number in range(3_000):
            if number in {1_000, 2_999}:
                gc.collect()
                held.append(sys.getallocatedblocks())
            yield dumps(bill(number))
        yield dumps(END)

    RecordCheck("target-avidxchange", (), 5).read(lines())  # type: ignore[arg-type]
    # Whatever were kept of each record would be a block at least.
    assert held[1] - held[0] < 1_000
