from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, Need, RowUpdate, Status

Apbridge = Callable[..., Any]
TAX_ID = "12-3456789"


def name(number: int) -> str:
    return f"netsuite-1-vendorbill-{number}"


@pytest.fixture
def ledger(project: Path) -> str:
    """Three rejected bills, the first of them tried, with what AvidXchange said."""
    url = f"sqlite:///{project}/.apbridge/ledger.db"
    with Ledger(url) as opened:
        run = opened.start_run("target-avidxchange", "1.0")
        for number in range(1, 4):
            error = RejectedError(
                "APB-TAX-002", word="Bill", name=f"INV-{number} [x]", external_id=name(number)
            )
            payload = {
                "number": f"INV-{number}",
                "total": Decimal("10.10"),
                "currency": "USD",
                "tax_id": TAX_ID,
            }
            entry = RowUpdate(
                "bills",
                name(number),
                str(number),
                "h",
                Status.REJECTED,
                code=error.code,
                says=error.says,
                do=error.do,
                payload=payload,
            )
            opened.write(run.id, "avidxchange", [entry])
        body = {"number": "INV-1", "taxId": TAX_ID}
        with run.audited(
            system="avidxchange", operation="upsert invoice", external_id=name(1), body=body
        ) as answer:
            answer.status, answer.request_id = 422, "req-9"
    return url


@pytest.mark.usefixtures("ledger")
def test_the_list_says_what_is_wrong_and_what_to_do(apbridge: Apbridge):
    said = " ".join(apbridge("exceptions", "list").out.split())
    assert "bill INV-1 " in said
    assert "10.10 USD" in said
    assert "INV-1 [x]" in said
    assert "1-3 of 3" in said
    told = json.loads(apbridge("exceptions", "list", "--size=2", "--page=2", "--json").out)
    assert (told["total"], [one["external_id"] for one in told["exceptions"]]) == (3, [name(3)])
    assert told["exceptions"][0]["do"]
    assert "none here, 0 in all" in apbridge("exceptions", "list", "--code=APB-TAX-020").out


def test_what_many_held_ones_need_is_said_once_a_page(ledger: str, apbridge: Apbridge):
    entries = []
    for number in range(10, 30):
        facts = {"name": f"INV-{number}", "external_id": name(number), "because": "its filter"}
        error = RejectedError("APB-BRK-001", **facts)
        told: dict[str, Any] = {"code": error.code, "says": error.says, "do": error.do}
        entries.append(RowUpdate("bills", name(number), None, "h", Status.WAITING, **told))
    with Ledger(ledger) as opened:
        opened.write(1, "avidxchange", entries)
    said = " ".join(apbridge("exceptions", "list", "--code=APB-BRK-001", "--size=15").out.split())
    assert (said.count("brake_percent"), said.count("Do as above.")) == (1, 14)
    assert [said.count(f"INV-{number}") for number in range(10, 25)] == [1] * 15
    listed = json.loads(apbridge("exceptions", "list", "--code=APB-BRK-001", "--json").out)["exceptions"]
    assert all("brake_percent" in one["do"] for one in listed)


@pytest.mark.usefixtures("project")
def test_a_long_number_leaves_room_for_what_is_wrong(ledger: str, apbridge: Apbridge):
    trace = "7" * 5_000
    entry = RowUpdate(
        "payments", "p-1", "1", "h", Status.REJECTED, says="It is wrong.", payload={"ach_trace": trace}
    )
    with Ledger(ledger) as opened:
        opened.write(opened.start_run("target-netsuite-payments", "1.0").id, "netsuite", [entry])
    said = apbridge("exceptions", "list", "--stream=payments").out
    assert "777…" in said
    assert said.count("7") < 80
    assert "It is wrong." in said


@pytest.mark.usefixtures("ledger")
def test_one_is_shown_with_what_was_said_to_the_other_system(apbridge: Apbridge):
    for words in ((), ("--json",)):
        said = apbridge("exceptions", "show", "inv-1", *words).out
        assert "upsert invoice" in said
        assert "req-9" in said
        assert "HTTP 422" in said
        assert TAX_ID not in said
        assert "[redacted]" in said


@pytest.mark.usefixtures("ledger")
def test_an_unknown_number_is_wrong_use(apbridge: Apbridge):
    ended = apbridge("exceptions", "show", "INV-9")
    assert ended.code == 2
    assert "INV-9" in ended.err
    assert apbridge("audit", "show", "INV-9").code == 2


def test_retry_asks_for_one_many_or_all_of_a_reason(apbridge: Apbridge, ledger: str):
    assert json.loads(apbridge("exceptions", "retry", "INV-1", name(2), "--json").out)["asked_for"] == 2
    with Ledger(ledger) as opened:
        asked = [row.external_id for row in opened.all_rows("avidxchange", "bills", asked=True)]
    assert asked == [name(1), name(2)]
    assert json.loads(apbridge("exceptions", "retry", "--code=APB-TAX-002", "--json").out)["asked_for"] == 3
    assert json.loads(apbridge("exceptions", "retry", "--all", "--json").out)["asked_for"] == 3
    assert "3 will be tried first" in apbridge("exceptions", "retry", "--stream=bills").out
    assert apbridge("exceptions", "retry").code == 2
    assert apbridge("exceptions", "retry", "INV-1", "--all").code == 2


def test_retry_of_a_dismissed_one_that_waited_lets_it_wait_again(apbridge: Apbridge, ledger: str):
    needs = (Need("vendors", "netsuite-1-vendor-3"),)
    entry = RowUpdate(
        "bills", name(4), "4", "h", Status.WAITING, waits_for=needs, payload={"number": "INV-4"}
    )
    with Ledger(ledger) as opened:
        opened.write(1, "avidxchange", [entry])
    assert apbridge("exceptions", "dismiss", "INV-4", "--why", "x", "--who", "Ann").code == 0
    assert json.loads(apbridge("exceptions", "retry", "INV-4", "--json").out)["asked_for"] == 1
    with Ledger(ledger) as opened:
        (row,) = opened.all_rows("avidxchange", "bills", asked=True)
    assert (row.status, row.waits_for, row.payload) == (Status.WAITING, needs, entry.payload)


@pytest.mark.usefixtures("ledger")
def test_dismiss_takes_it_off_the_list_and_is_on_the_trail(apbridge: Apbridge):
    assert apbridge("exceptions", "dismiss", "INV-2").code == 2
    ended = apbridge("exceptions", "dismiss", "INV-2", "--why", "a duplicate", "--who", "Ann")
    assert "1 dismissed by Ann" in ended.out
    assert json.loads(apbridge("exceptions", "list", "--json").out)["total"] == 2
    dismissed = json.loads(apbridge("exceptions", "list", "--status=dismissed", "--json").out)["exceptions"]
    assert [(one["number"], one["dismissed_by"]) for one in dismissed] == [("INV-2", "Ann")]
    said = apbridge("audit", "show", "INV-2").out
    assert "a duplicate" in said
    assert "dismiss exception" in said
    assert apbridge("audit", "verify").code == 0


@pytest.mark.usefixtures("ledger")
def test_export_is_csv_that_no_spreadsheet_takes_for_formulas(apbridge: Apbridge, ledger: str):
    entry = RowUpdate(
        "bills",
        name(9),
        "9",
        "h",
        Status.REJECTED,
        code=None,
        says="=1+1",
        payload={"number": "-HYPERLINK()"},
    )
    with Ledger(ledger) as opened:
        opened.write(1, "avidxchange", [entry])
    rows = list(csv.DictReader(io.StringIO(apbridge("exceptions", "export").out)))
    assert [row["external_id"] for row in rows] == [name(1), name(2), name(3), name(9)]
    assert (rows[0]["status"], rows[0]["amount"]) == ("rejected", "10.10")
    assert rows[0]["title"] == "Record names no vendor"
    assert (rows[3]["says"], rows[3]["number"]) == ("'=1+1", "'-HYPERLINK()")
    lines = apbridge("exceptions", "export", "--json").out.splitlines()
    assert [json.loads(line)["number"] for line in lines][:3] == ["INV-1", "INV-2", "INV-3"]


# Full-width signs stand as far from the plain ones as all of ASCII does.
FULL_WIDTH = [chr(ord(sign) + 0xFEE0) for sign in "=+-@"]


@pytest.mark.parametrize("beginning", [*"=+-@", "\N{MINUS SIGN}", *FULL_WIDTH, " =", "\t", "\r", "\n"])
def test_no_cell_of_an_export_begins_as_a_formula_does(apbridge: Apbridge, ledger: str, beginning: str):
    typed = f"{beginning}1+1\r=2"
    entry = RowUpdate("bills", name(9), "9", "h", Status.REJECTED, says=typed, payload={})
    with Ledger(ledger) as opened:
        opened.write(1, "avidxchange", [entry])
        run = opened.start_run("target-avidxchange", "1.0")
        with run.audited(system="avidxchange", operation="upsert invoice", external_id=typed, body={}):
            pass
    exported = {words: apbridge(*words, "export").out for words in (("exceptions",), ("audit",))}
    exceptions, trail = (list(csv.DictReader(io.StringIO(out, newline=""))) for out in exported.values())
    # What begins a line of its own, in a terminal or in a file, is a blank by then.
    shown = re.sub(r"[\t\r\n]", " ", typed)
    assert [exceptions[-1]["says"], trail[-1]["external_id"]] == [f"'{shown}"] * 2


@pytest.mark.usefixtures("ledger")
def test_the_trail_is_shown_exported_and_cut(apbridge: Apbridge):
    assert "upsert invoice" in apbridge("audit", "show").out
    assert json.loads(apbridge("audit", "show", "--since=2099-01-01", "--json").out) == []
    assert apbridge("audit", "show", "--since=soon").code == 2
    lines = [json.loads(line) for line in apbridge("audit", "export", "--json").out.splitlines()]
    assert [(one["seq"], one["phase"]) for one in lines] == [(1, "sent"), (2, "answered")]
    rows = list(csv.DictReader(io.StringIO(apbridge("audit", "export").out)))
    assert [row["hash"] for row in rows] == [one["hash"] for one in lines]
    assert json.loads(apbridge("audit", "show", "INV-1", "--json").out)["records"][0]["number"] == "INV-1"


def test_a_broken_trail_is_found_and_ends_with_1(apbridge: Apbridge, ledger: str):
    with Ledger(ledger) as opened, opened.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER apbridge_audit_no_update")
        connection.exec_driver_sql("UPDATE apbridge_audit SET status = 200 WHERE seq = 2")
    ended = apbridge("audit", "verify")
    assert ended.code == 1
    assert "Row 2 of the trail is wrong" in ended.out
    assert json.loads(apbridge("audit", "verify", "--json").out)["broken_at"] == 2
