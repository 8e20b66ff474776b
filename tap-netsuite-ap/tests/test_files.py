"""Files that are no pictures, too large, or in the way: their bill still flows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Account


def one_file(changing: Account) -> tuple[str, str]:
    (row,) = changing.sql(
        'SELECT held."transaction" AS bill, held.file FROM ns_transactionfile held'
        " JOIN ns_transaction head ON head.id = held.\"transaction\" WHERE head.status = 'A' LIMIT 1"
    )
    return str(row["bill"]), str(row["file"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("filetype = 'EXCEL'", "of type EXCEL, which is no picture of a bill"),
        (f"content = zeroblob({11 * 2**20}), filesize = {11 * 2**20}", "more than the 10485760"),
    ],
)
def test_a_file_that_cannot_be_taken_is_reported_and_its_bill_flows(
    changing: Account, caplog: pytest.LogCaptureFixture, change: str, says: str
):
    bill, file = one_file(changing)
    changing.sql(f"UPDATE ns_file SET {change} WHERE id = ?", file)  # noqa: S608
    bills = {record["id"]: record for record in changing.sync(only="bills").records("bills")}
    assert bills[bill]["images"] == []
    assert sum(len(record["images"]) for record in bills.values()) > 3
    assert any(says in record.getMessage() for record in caplog.records)


def test_a_file_that_changed_is_fetched_anew(changing: Account):
    bill, file = one_file(changing)
    before = {r["id"]: r for r in changing.sync(only="bills").records("bills")}[bill]["images"]
    changing.sql(
        "UPDATE ns_file SET content = CAST('%PDF-1.7 new' AS BLOB), filesize = 12, lastmodifieddate = ?"
        " WHERE id = ?",
        changing.pass_time(60),
        file,
    )
    after = {r["id"]: r for r in changing.sync(only="bills").records("bills")}[bill]["images"]
    assert after[0]["sha256"] != before[0]["sha256"]
    assert after[0]["size"] == 12


def test_an_emptied_spool_is_filled_again(changing: Account):
    first = changing.sync(only="bills").records("bills")
    lost = Path(next(bill for bill in first if bill["images"])["images"][0]["uri"].removeprefix("file://"))
    content = lost.read_bytes()
    lost.unlink()
    assert changing.sync(only="bills").records("bills") == first
    assert lost.read_bytes() == content


def test_files_of_a_bill_that_may_not_be_submitted_are_not_fetched(changing: Account):
    bill, _ = one_file(changing)
    state = changing.sync(only="bills", exclude_vendors=[changing.books()[bill]["vendor_id"]]).state
    changing.set_bill(bill, paymenthold="T", lastmodifieddate=changing.pass_time(60))
    changing.sandbox.control("/control/calls", method="DELETE")
    (record,) = changing.sync(state, only="bills").records("bills")
    assert (record["id"], record["images"]) == (bill, [])
    restlet = changing.sandbox.calls()["netsuite"]["by_operation"]["POST /app/site/hosting/restlet.nl"]
    assert restlet == 1
