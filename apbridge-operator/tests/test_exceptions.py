from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text, update

from apbridge.errors import APBridgeError, RejectedError, SettingError, catalogue, urgent
from apbridge.ledger import Ledger, Need, RowUpdate, Status
from apbridge.ledger.tables import records
from apbridge_operator.exceptions import Exceptions, Which

FIELDS = {"problem": "is missing", "field": "total", "stream": "bills", "missing": "vendors x"}


def rejected(number: int, code: str = "APB-SNG-010", stream: str = "bills") -> RowUpdate:
    external_id = f"netsuite-1-vendorbill-{number:05}"
    error = RejectedError(code, external_id=external_id, ending="x", **FIELDS)
    return RowUpdate(
        stream,
        external_id,
        str(number),
        f"hash-{number}",
        Status.REJECTED,
        code=code,
        says=error.says,
        do=error.do,
        payload={
            "id": str(number),
            "number": f"INV-{number}",
            "total": Decimal("10.10"),
            "currency": "USD",
            "tax_id": "12-3456789",
        },
    )


@pytest.fixture
def exceptions(ledger: Ledger) -> Exceptions:
    run = ledger.start_run("target-toy", "1.0")
    ledger.write(run.id, "toy", [rejected(number) for number in range(5)])
    ledger.write(run.id, "toy", [rejected(number, "APB-SNG-011") for number in range(5, 7)])
    settled = replace(rejected(9), status=Status.DELIVERED, code=None, says=None, do=None, acknowledged=True)
    ledger.write(run.id, "toy", [settled])
    return Exceptions(ledger)


def test_pages_hold_each_exception_once_the_oldest_first(exceptions: Exceptions) -> None:
    pages = [exceptions.page(limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    ids = [one.external_id for page in pages for one in page]
    assert ids == [f"netsuite-1-vendorbill-{number:05}" for number in range(7)]
    assert [one.external_id for one in exceptions.every()] == ids
    assert exceptions.count() == 7


@pytest.mark.parametrize("code", sorted(urgent()))
def test_the_urgent_come_first_on_whichever_page(exceptions: Exceptions, ledger: Ledger, code: str) -> None:
    worst = [replace(rejected(number), code=code) for number in range(20, 24)]
    nameless = replace(rejected(30), code=None, says=None, do=None)
    ledger.write(1, "toy", [*worst, nameless])
    pages = [exceptions.page(limit=3, offset=offset) for offset in range(0, 12, 3)]
    ids = [int(one.external_id[-5:]) for page in pages for one in page]
    assert ids == [20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 30]
    assert [one.is_urgent for one in pages[1]] == [True, False, False]
    assert [int(one.external_id[-5:]) for one in exceptions.every()] == ids
    assert exceptions.reasons()[0].code == code
    assert exceptions.page(Which(code="APB-SNG-011"))[0].external_id.endswith("-00005")


def test_a_case_says_what_is_wrong_and_what_to_do(exceptions: Exceptions) -> None:
    first = exceptions.page(limit=1)[0]
    assert first.name == "bill INV-0"
    assert (first.amount, first.currency, first.attempts) == ("10.10", "USD", 1)
    assert first.says == "Record netsuite-1-vendorbill-00000 of bills is not valid: total is missing."
    assert first.do == "Correct it in the system it comes from; its next change there is taken up by itself."


CAUSE = RejectedError("APB-SPL-002", image="a.pdf", sha256="0" * 64)
TOLD_ON = {"says": CAUSE.says, "do": CAUSE.do}
IN_TWO_PARTS = (
    # The first two tell another one's parts on, where no pattern finds the seam.
    RejectedError("APB-TAX-041", name="INV-1", external_id="b-1", image="a.pdf", **TOLD_ON),
    SettingError("APB-SET-004", setting="token", **TOLD_ON, why="vault:token"),
    RejectedError("APB-SNG-008", plugin="target-x", stream="cats", taken="dogs"),
)


@pytest.mark.parametrize("error", IN_TWO_PARTS, ids=[error.code for error in IN_TWO_PARTS])
def test_what_is_wrong_and_what_to_do_are_told_apart(
    exceptions: Exceptions, ledger: Ledger, error: APBridgeError
) -> None:
    told = replace(rejected(50), code=error.code, says=error.says, do=error.do)
    ledger.write(1, "toy", [told])
    (one,) = exceptions.find(told.external_id)
    assert (one.says, one.do) == (error.says, error.do)


def test_the_parts_of_what_is_told_on_within_another_sentence_are_the_right_ones() -> None:
    in_bill, in_setting, _ = IN_TWO_PARTS
    about = "Bill INV-1 (b-1) is in AvidXchange, but without its image a.pdf"
    assert (in_bill.says, in_bill.do) == (f"{about}: {CAUSE.says}", CAUSE.do)
    assert in_setting.says.endswith(f"which does not give it. {CAUSE.says}")
    assert in_setting.do == f"{CAUSE.do} This is vault:token."


def test_a_row_keeps_what_it_was_told_when_a_sentence_is_written_anew_or_taken_out(
    exceptions: Exceptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(one.says, one.do) for one in exceptions.every()]
    assert all(do for _, do in before)
    anew = {
        code: replace(entry, says="Otherwise.", do="Do it {otherwise}.")
        for code, entry in catalogue().items()
        if code != "APB-SNG-011"
    }
    monkeypatch.setattr(sys.modules["apbridge.errors.catalogue"], "catalogue", lambda: anew)
    with pytest.raises(KeyError):
        rejected(5, "APB-SNG-011")
    assert [(one.says, one.do) for one in exceptions.every()] == before


def test_reasons_are_counted(exceptions: Exceptions) -> None:
    assert [(one.code, one.count) for one in exceptions.reasons()] == [("APB-SNG-010", 5), ("APB-SNG-011", 2)]
    assert exceptions.count(Which(code="APB-SNG-011", system="toy", stream="bills")) == 2
    assert exceptions.count(Which(stream="vendors")) == 0


@pytest.mark.parametrize(
    "wrong", ["9e999999", "NaN", "sNaN", "-Infinity", "ten", "", "1000000000000000", "-1E+15"]
)
def test_reasons_are_added_up_by_currency_and_what_is_no_amount_hides_no_other(
    exceptions: Exceptions, ledger: Ledger, wrong: str
) -> None:
    amounts = {8: "-0.30", 9: "1E+2", 10: "4", 11: wrong, 12: "0.7"}
    ledger.write(1, "toy", [rejected(number) for number in amounts])
    with ledger.database.writing() as connection:
        for number, amount in amounts.items():
            changes = {"amount": amount} | ({"currency": None} if number == 12 else {})
            this = records.c.external_id == rejected(number).external_id
            connection.execute(update(records).where(this).values(**changes))
    told = {one.code: (one.count, one.amounts) for one in exceptions.reasons()}
    assert told == {
        "APB-SNG-010": (10, {"USD": pytest.approx(154.2), "": pytest.approx(0.7)}),
        "APB-SNG-011": (2, {"USD": pytest.approx(20.2)}),
    }


@pytest.mark.parametrize(
    ("kept", "told", "read"),
    [
        (("1234.5", "USD"), "1234.50", "1,234.50 USD"),
        (("1E+2", "USD"), "100.00", "100.00 USD"),
        (("-7", None), "-7.00", "-7.00"),
        (("8000.00", "JPY"), "8000", "8,000 JPY"),
        (("1.5", "KWD"), "1.500", "1.500 KWD"),
        # No cent is rounded away, and what is no amount is shown as it is.
        (("0.125", "USD"), "0.125", "0.125 USD"),
        (("1E+999999999", "USD"), "1E+999999999", "1E+999999999 USD"),
        (("1E-999999999", "USD"), "1E-999999999", "1E-999999999 USD"),
        (("sNaN", "USD"), "sNaN", "sNaN USD"),
        (("ten", None), "ten", "ten"),
        ((None, "USD"), None, ""),
    ],
)
def test_money_is_shown_in_the_decimals_of_its_currency(
    exceptions: Exceptions, ledger: Ledger, kept: tuple[str | None, str | None], told: str | None, read: str
) -> None:
    amount, currency = kept
    this = records.c.external_id == rejected(3).external_id
    with ledger.database.writing() as connection:
        connection.execute(update(records).where(this).values(amount=amount, currency=currency))
    (one,) = exceptions.find(rejected(3).external_id)
    assert (one.amount, one.worth) == (told, read)


@pytest.mark.parametrize(
    ("external_id", "page"),
    [
        ("netsuite-1234567_SB1-vendorbill-42", "accounting/transactions/vendbill.nl?id=42"),
        ("netsuite-1234567_SB1-vendorcredit-42", "accounting/transactions/vendcred.nl?id=42"),
        ("netsuite-1234567_SB1-purchaseorder-42", "accounting/transactions/purchord.nl?id=42"),
        ("netsuite-1234567_SB1-vendorpayment-42", "accounting/transactions/vendpymt.nl?id=42"),
        ("netsuite-1234567_SB1-vendor-42", "common/entity/vendor.nl?id=42"),
        ("netsuite-1234567_SB1-department-42", None),
        ("avidxchange-payment-42", None),
        ("another-erp-vendor-42", None),
        ("netsuite-evil.example/-vendor-42", None),
    ],
)
def test_a_record_of_netsuite_has_its_page_there(
    exceptions: Exceptions, external_id: str, page: str | None
) -> None:
    (known,) = exceptions.find(rejected(3).external_id)
    at = page and f"https://1234567-sb1.app.netsuite.com/app/{page}"
    assert replace(known, external_id=external_id).netsuite_page == at


def test_a_reason_says_what_it_amounts_to(exceptions: Exceptions, ledger: Ledger) -> None:
    ledger.write(1, "toy", [rejected(number, "APB-SNG-013") for number in range(20, 22)])
    with ledger.database.writing() as connection:
        for number, currency in ((20, "JPY"), (21, "USD")):
            this = records.c.external_id == rejected(number).external_id
            connection.execute(update(records).where(this).values(amount="4000.5", currency=currency))
    told = {one.code: (one.title, one.worth) for one in exceptions.reasons()}
    assert told["APB-SNG-013"] == ("Waits for another record", "4,000 JPY, 4,000.50 USD")
    assert told["APB-SNG-010"] == ("Record is not valid", "50.50 USD")


def test_a_code_of_another_version_has_no_title(exceptions: Exceptions, ledger: Ledger) -> None:
    ledger.write(1, "toy", [replace(rejected(30), code="APB-SNG-999"), replace(rejected(31), code=None)])
    found = {one.external_id[-2:]: one.title for one in exceptions.every()}
    assert (found["30"], found["31"], found["01"]) == ("", "", "Record is not valid")


def test_reasons_are_read_from_one_index_in_its_order(tmp_path: Path) -> None:
    """Of SQLite alone: of so few rows PostgreSQL reads the table."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    exceptions = Exceptions(ledger)
    said: list[tuple[str, Any]] = []

    def hear(*told: Any) -> None:  # noqa: ANN401
        said.append((told[2], told[3]))

    event.listen(ledger.database.engine, "before_cursor_execute", hear)
    exceptions.reasons()
    event.remove(ledger.database.engine, "before_cursor_execute", hear)
    ((statement, values),) = [one for one in said if one[0].startswith("SELECT")]
    with ledger.database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    ledger.close()
    assert [row[-1] for row in plan] == [
        "SCAN apbridge_records USING COVERING INDEX apbridge_records_open_sums"
    ]


def test_of_reasons_the_urgent_are_told_first_and_only_what_is_open_is_counted(
    exceptions: Exceptions, ledger: Ledger
) -> None:
    risk = replace(rejected(7), code="APB-TAX-030")
    ledger.write(1, "toy", [risk])
    assert [one.code for one in exceptions.reasons()] == ["APB-TAX-030", "APB-SNG-010", "APB-SNG-011"]
    exceptions.dismiss(exceptions.find(risk.external_id), because="x", by="Ann", version="1")
    assert [one.code for one in exceptions.reasons()] == ["APB-SNG-010", "APB-SNG-011"]
    assert exceptions.reasons(Which(statuses=frozenset({Status.DISMISSED}))) == []


def test_what_is_asked_for_again_keeps_its_age_and_what_is_dismissed_is_no_longer_asked_for(
    exceptions: Exceptions, ledger: Ledger
) -> None:
    long_ago = datetime(2026, 1, 2, tzinfo=timezone.utc)
    with ledger.database.writing() as connection:
        connection.execute(update(records).values(open_since=long_ago))
    cases = exceptions.page(limit=1)
    exceptions.ask_again(cases)
    (case,) = exceptions.find(cases[0].external_id)
    assert case.open_since == long_ago
    assert case.retry_asked_at
    exceptions.dismiss([case], because="x", by="Ann", version="1")
    (case,) = exceptions.find(cases[0].external_id)
    assert case.retry_asked_at is None
    assert list(ledger.all_rows("toy", "bills", asked=True)) == []


def test_a_record_is_shown_without_its_secrets(exceptions: Exceptions) -> None:
    (case,) = exceptions.find("netsuite-1-vendorbill-00003")
    shown = exceptions.record(case)
    assert isinstance(shown, dict)
    assert shown["number"] == "INV-3"
    assert "12-3456789" not in str(shown)


def test_its_age_counts_from_when_it_went_wrong(exceptions: Exceptions, ledger: Ledger) -> None:
    long_ago = datetime(2026, 1, 2, tzinfo=timezone.utc)
    with ledger.database.writing() as connection:
        connection.execute(update(records).values(first_seen=long_ago, open_since=long_ago))
    again = replace(rejected(1), content_hash="another")
    ledger.write(2, "toy", [again])
    (case,) = exceptions.find(again.external_id)
    assert (case.open_since, case.attempts) == (long_ago, 1)
    ledger.write(3, "toy", [replace(again, status=Status.DELIVERED, code=None, says=None, do=None)])
    assert exceptions.find(again.external_id) == []
    ledger.write(4, "toy", [again])
    assert exceptions.find(again.external_id)[0].open_since != long_ago


def test_dismissing_says_who_and_why_on_the_trail(exceptions: Exceptions, ledger: Ledger) -> None:
    cases = exceptions.page(Which(code="APB-SNG-011"))
    assert exceptions.dismiss(cases, because="paid by hand, token=s3cr3ts", by="Ann", version="1") == 2
    assert exceptions.count() == 5
    (case,) = exceptions.find(cases[0].external_id)
    assert (case.status, case.dismissed_by, case.open_since) == (Status.DISMISSED, "Ann", None)
    assert exceptions.count(Which(statuses=frozenset({Status.DISMISSED}))) == 2
    with ledger.database.reading() as connection:
        (body,) = connection.execute(
            text("SELECT body FROM apbridge_audit WHERE phase = 'sent' AND external_id = :one"),
            {"one": case.external_id},
        ).scalars()
    assert "Ann" in body
    assert "paid by hand" in body
    assert "s3cr3ts" not in body + str(case.dismissed_because)
    assert ledger.verify().broken_at is None
    # Its row is no older than the trail says: nothing that the target wrote is in doubt.
    assert ledger.rows("toy", "bills", [case.external_id])[case.external_id].content_hash


def test_what_was_delivered_meanwhile_is_neither_dismissed_nor_asked_for(
    exceptions: Exceptions, ledger: Ledger
) -> None:
    cases = exceptions.page(limit=2)
    ledger.write(5, "toy", [replace(rejected(0), status=Status.DELIVERED, code=None, says=None, do=None)])
    assert exceptions.dismiss(cases[:1], because="x", by="Ann", version="1") == 0
    assert exceptions.ask_again(cases) == 1
    asked = ledger.all_rows("toy", "bills", asked=True)
    assert [row.external_id for row in asked] == [cases[1].external_id]


@pytest.mark.parametrize("changes", [{"content_hash": "x"}, {"says": "x"}, {"do": None}, {"code": None}])
def test_what_has_changed_since_it_was_read_is_left_alone(
    exceptions: Exceptions, ledger: Ledger, changes: dict[str, Any]
) -> None:
    """Also between the moment in which the console compares the version, and that in which it writes."""
    seen = exceptions.find(rejected(3).external_id)
    ledger.write(1, "toy", [replace(rejected(3), **changes)])
    (now,) = exceptions.find(rejected(3).external_id)
    assert now.version != seen[0].version
    assert exceptions.ask_again(seen) == 0
    assert exceptions.dismiss(seen, because="x", by="Ann", version="1") == 0
    assert exceptions.dismiss([now], because="x", by="Ann", version="1") == 1


def test_one_that_waited_when_it_was_dismissed_waits_again(exceptions: Exceptions, ledger: Ledger) -> None:
    needs = (Need("vendors", "netsuite-1-vendor-3"),)
    waiting = replace(rejected(8, "APB-SNG-013"), status=Status.WAITING, waits_for=needs)
    ledger.write(1, "toy", [waiting])
    cases = exceptions.find(waiting.external_id)
    assert exceptions.dismiss(cases, because="x", by="Ann", version="1") == 1
    assert exceptions.ask_again(exceptions.find(waiting.external_id)) == 1
    (row,) = ledger.all_rows("toy", "bills", asked=True)
    assert (row.external_id, row.status, row.waits_for) == (waiting.external_id, Status.WAITING, needs)
    assert row.payload["number"] == "INV-8"


def test_a_dismissed_one_can_be_taken_up_again(exceptions: Exceptions) -> None:
    cases = exceptions.page(limit=1)
    exceptions.dismiss(cases, because="x", by="Ann", version="1")
    assert exceptions.ask_again(exceptions.find(cases[0].external_id)) == 1
    (case,) = exceptions.find(cases[0].external_id)
    assert case.status is Status.REJECTED
    assert (case.dismissed_at, case.dismissed_by, case.dismissed_because) == (None, None, None)
    assert case.open_since
    assert case.retry_asked_at
