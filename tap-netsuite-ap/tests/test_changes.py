"""Later runs: every change once, whatever changed it and whenever it shows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.schemas import validator

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap, Synced

pytestmark = pytest.mark.long


@pytest.fixture
def state(changing: SandboxTap) -> Record:
    """The state after a first run, long enough ago for nothing to be left of it."""
    synced = changing.sync()
    changing.pass_time(600)
    return changing.sync(synced.state).state


def bill_with(changing: SandboxTap, status: str = "A") -> int:
    return int(
        changing.sql("SELECT id FROM ns_transaction WHERE type = 'VendBill' AND status = ?", status)[0]["id"]
    )


def only_bill(synced: Synced) -> Record:
    (record,) = synced.records("bills")
    return record


def test_a_changed_bill_comes_once(changing: SandboxTap, state: Record):
    bill = bill_with(changing)
    changing.set_bill(bill, memo="O'Brien's", lastmodifieddate=changing.pass_time(60))

    synced = changing.sync(state)
    assert changing.told(only_bill(synced)) == changing.books()[str(bill)]
    assert changing.sync(synced.state).ids() == []


def test_a_change_to_a_line_alone_is_noticed(changing: SandboxTap, state: Record):
    bill = bill_with(changing)
    when = changing.pass_time(60)
    changing.sql(
        'UPDATE ns_transactionline SET department = 3, linelastmodifieddate = ? WHERE "transaction" = ?'
        " AND id = 1",
        when,
        bill,
    )

    record = only_bill(changing.sync(state))
    assert record["lines"][0]["department_id"] == "3"
    assert record["modified_at"] == when


@pytest.mark.parametrize("touches_bill", [True, False])
def test_a_payment_by_hand_and_its_undoing_are_noticed(
    changing: SandboxTap, state: Record, *, touches_bill: bool
):
    control = changing.sandbox.control
    # An undone payment leaves no link: without this date, it is heard of where the bill's own date moves.
    dates = {"netsuite.payment_touches_bill": touches_bill, "netsuite.accounting_line_dates": "kept"}
    control("/control/switches", dates)
    bill = str(bill_with(changing))
    order = {"bill": bill, "amount": "12.50", "check_number": "70001"}
    payment = control("/control/netsuite/pay-by-hand", order)["id"]
    changing.pass_time(60)

    synced = changing.sync(state)
    paid = only_bill(synced)
    assert changing.told(paid) == changing.books()[bill]
    assert [(one["id"], one["kind"], one["amount"]) for one in paid["applications"]] == [
        (payment, "payment", Decimal("12.5"))
    ]

    changing.pass_time(600)
    control("/control/netsuite/delete", {"type": "vendorpayment", "id": payment})
    changing.pass_time(60)
    undone = only_bill(changing.sync(synced.state))
    assert undone["applications"] == []
    assert undone["amount_due"] == undone["total"]


def test_a_payment_by_hand_is_noticed_though_it_moves_no_date_of_the_bill(
    changing: SandboxTap, state: Record
):
    control = changing.sandbox.control
    for switch in ("payment_touches_bill", "payment_touches_accounting_line"):
        control("/control/switches", {f"netsuite.{switch}": False})
    bill = str(bill_with(changing))
    order = {"bill": bill, "amount": "12.50", "check_number": "70001"}
    payment = control("/control/netsuite/pay-by-hand", order)["id"]
    changing.pass_time(60)
    paid = only_bill(changing.sync(state))
    assert (paid["id"], [one["id"] for one in paid["applications"]]) == (bill, [payment])


def test_a_credit_and_a_payment_of_our_own_are_told_apart(changing: SandboxTap, state: Record):
    bill, when = bill_with(changing), changing.pass_time(60)
    for number, kind, linktype, external_id in (
        (990_001, "VendPymt", "Payment", "avidxchange-payment-7"),
        (990_002, "VendCred", "Payment", None),
        (990_003, "VendPymt", "Related", None),
        (990_004, "VendCred", "Related", None),
    ):
        changing.sql(
            "INSERT INTO ns_transaction (id, type, recordtype, transactionnumber, trandate, status,"
            " total_cents, externalid, createddate, lastmodifieddate)"
            " VALUES (?1, ?2, ?2, ?2 || ?1, '2026-11-02', 'F', 1250, ?3, ?4, ?4)",
            number,
            kind,
            external_id,
            when,
        )
        changing.sql(
            "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype,"
            " linktype, foreignamount_cents, lastmodifieddate)"
            " VALUES (?, 0, 'VendBill', ?, 1, ?, ?, 1250, ?)",
            bill,
            number,
            kind,
            linktype,
            when,
        )

    record = only_bill(changing.sync(state))
    assert [(one["kind"], one["external_id"]) for one in record["applications"]] == [
        ("payment", "avidxchange-payment-7"),
        ("credit", None),
    ]
    assert record["modified_at"] == when


@pytest.mark.parametrize(
    ("columns", "because"),
    [
        ({"paymenthold": "T"}, "it is on payment hold"),
        ({"status": "D", "approvalstatus": 1}, "its status is pending_approval"),
        ({"voided": "T"}, "it is void"),
        ({"status": "B"}, "its status is paid"),
        ({"approvalstatus": 3}, "its approval is rejected"),
    ],
)
def test_a_bill_that_may_no_longer_be_submitted_says_why(
    changing: SandboxTap, state: Record, columns: dict[str, object], because: str
):
    bill = bill_with(changing)
    changing.set_bill(bill, **columns, lastmodifieddate=changing.pass_time(60))
    record = only_bill(changing.sync(state))
    assert (record["is_eligible"], record["ineligible_because"]) == (False, because)
    assert record["lines"]


def test_a_deleted_bill_leaves_a_tombstone(changing: SandboxTap, state: Record):
    bill = str(bill_with(changing))
    changing.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    changing.pass_time(60)
    synced = changing.sync(state)
    record = only_bill(synced)
    assert (record["id"], record["is_deleted"], record["is_eligible"]) == (bill, True, False)
    assert record["external_id"] == f"netsuite-1234567_SB1-vendorbill-{bill}"
    validator("bills")(record)
    assert changing.sync(synced.state).ids() == []


def test_a_vendor_made_inactive_is_told(changing: SandboxTap, state: Record):
    changing.sql(
        "UPDATE ns_vendor SET isinactive = 'T', lastmodifieddate = ? WHERE id = 12", changing.pass_time(60)
    )
    (vendor,) = changing.sync(state).records("vendors")
    assert (vendor["id"], vendor["is_active"]) == ("12", False)


def test_nothing_tied_to_a_second_is_lost_wherever_a_run_is_cut(
    changing: SandboxTap, state: Record, small_pages: None
):
    assert small_pages is None
    when = changing.pass_time(60)
    changing.sql("UPDATE ns_transaction SET lastmodifieddate = ? WHERE type = 'VendBill'", when)

    seen: list[str] = []
    for length in [3, 5, 4, 6, 2, 9, 100]:

        def cut(count: int, length: int = length) -> None:
            if count == length:
                raise changing.Killed

        synced = changing.sync(state, only="bills", on_record=cut)
        state = synced.state
        seen += [record["id"] for record in synced.acknowledged]
    assert sorted(seen) == sorted(changing.books())


def test_a_change_that_shows_late_is_found(changing: SandboxTap, state: Record):
    early, late = (
        int(row["id"])
        for row in changing.sql("SELECT id FROM ns_transaction WHERE type = 'VendBill' LIMIT 2")
    )
    when = changing.pass_time(60)
    changing.set_bill(early, memo="first", lastmodifieddate=when)
    synced = changing.sync(state)
    assert synced.ids() == [str(early)]
    changing.set_bill(late, memo="its transaction took a while", lastmodifieddate=when)
    changing.pass_time(30)
    assert changing.sync(synced.state).ids() == [str(late)]


def test_a_bill_changed_while_its_run_reads_comes_as_it_is_in_the_end(
    changing: SandboxTap, small_pages: None
):
    assert small_pages is None
    bills = [*changing.books()]
    last = bills[-1]

    def edit(count: int) -> None:
        if count == 5:
            changing.set_bill(last, memo="changed meanwhile", lastmodifieddate=changing.pass_time(5))

    first = changing.sync(only="bills", on_record=edit)
    assert sorted(first.ids()) in (sorted(bills), sorted(bills[:-1]))
    changing.pass_time(5)
    second = changing.sync(first.state, only="bills")
    assert second.records("bills")[-1]["memo"] == "changed meanwhile"


def test_a_change_at_local_midnight_is_neither_lost_nor_sent_twice(changing: SandboxTap, state: Record):
    """Midnight of 3 November in the account's time zone is 08:00 UTC; its dates must not matter."""
    bills = [str(i) for i in list(changing.books())[:3]]
    changing.pass_time(17 * 3600)
    for bill, when in zip(bills, ("07:59:59", "08:00:00", "08:00:01"), strict=True):
        changing.set_bill(bill, lastmodifieddate=f"2026-11-03T{when}Z")
    synced = changing.sync(state)
    assert synced.ids() == bills
    assert changing.sync(synced.state).ids() == []


def test_a_first_run_brings_what_is_deleted_already(changing: SandboxTap):
    bill = str(bill_with(changing))
    changing.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    changing.pass_time(60)
    first = changing.sync(only="bills", start_date="2026-06-01")
    assert [record["id"] for record in first.records("bills") if record["is_deleted"]] == [bill]
    assert changing.sync(first.state, only="bills").ids() == []


def test_a_first_run_that_was_cut_goes_on_with_every_change_whatever_start_date_says(
    changing: SandboxTap, small_pages: None
):
    assert small_pages is None
    start = sorted(bill["bill_date"] for bill in changing.books().values())[20]

    def cut(count: int) -> None:
        if count == 5:
            raise changing.Killed

    first = changing.sync(only="bills", start_date=start, on_record=cut)
    # It was sent, and may have been submitted; now it is dated back.
    (dated_back,) = {record["id"] for record in first.acknowledged[:1]}
    changing.set_bill(dated_back, trandate="2020-01-01", lastmodifieddate=changing.pass_time(60))
    told = {record["id"]: record for record in changing.sync(first.state, start_date=start).records("bills")}
    assert told[dated_back]["ineligible_because"] == f"its date, 2020-01-01, is before start_date, {start}"
    wanted = {number for number, bill in changing.books().items() if bill["bill_date"] >= start}
    assert wanted <= told.keys() | set(first.ids())


def test_settings_mark_bills_and_only_start_date_keeps_some_from_a_first_run(changing: SandboxTap):
    books = changing.books()
    some_vendor = next(bill["vendor_id"] for bill in books.values() if bill["status"] == "open")
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"start_date": "2026-06-01"}, "bill_date", lambda bill: bill["bill_date"] >= "2026-06-01"),
        ({"subsidiaries": ["2"]}, "subsidiary_id", lambda bill: bill["subsidiary_id"] == "2"),
        ({"vendors": [some_vendor]}, "vendor_id", lambda bill: bill["vendor_id"] == some_vendor),
        ({"exclude_vendors": [some_vendor]}, "vendor_id", lambda bill: bill["vendor_id"] != some_vendor),
        ({"bill_filter": "t.foreigntotal < -5000"}, "total", lambda bill: bill["total"] > 5000),
    ]

    def check(records: list[Record], field: str, allowed: Any) -> None:  # noqa: ANN401
        for record in records:
            expected = books[record["id"]]["status"] == "open" and allowed(books[record["id"]])
            assert record["is_eligible"] is expected, (field, record)

    when = changing.pass_time(60)
    for settings, field, allowed in cases:
        assert len({allowed(bill) for bill in books.values() if bill["status"] == "open"}) == 2, field
        first = changing.sync(only="bills", **settings)
        assert set(first.ids()) == {
            i for i, bill in books.items() if "start_date" not in settings or allowed(bill)
        }
        check(first.records("bills"), field, allowed)
    changing.sql("UPDATE ns_transaction SET lastmodifieddate = ? WHERE type = 'VendBill'", when)
    start = {"bookmarks": {"bills": {"replication_key": "modified_at", "replication_key_value": when}}}
    changing.pass_time(5)
    for settings, field, allowed in cases:
        marked = changing.sync(start, only="bills", **settings).records("bills")
        assert len(marked) == len(books)
        check(marked, field, allowed)
