"""What accounts tell otherwise of the same books: links without dates, spellings of what was deleted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.netsuite.signed_in import SeededBill, SignedInNetSuite

LINKS = (
    "SELECT k.nextdoc, TO_CHAR(SYS_EXTRACT_UTC(k.lastmodifieddate), 'YYYY-MM-DD') AS changed"
    " FROM nexttransactionlinelink k WHERE k.linktype = 'Payment' AND k.previousdoc = {}"
)
AMOUNTS = (
    "SELECT k.foreignamount AS amount FROM nexttransactionlinelink k"
    " WHERE k.linktype = 'Payment' AND k.previousdoc = {}"
)


@pytest.mark.parametrize("dates", ["kept", "null"])
def test_links_may_have_no_dates(netsuite: SignedInNetSuite, bills: list[SeededBill], dates: str):
    netsuite.switch(link_dates=dates)
    bill = bills[0].id
    netsuite.sandbox.control("/control/netsuite/apply", {"kind": "journal", "bill": bill})
    (link,) = netsuite.rows(LINKS.format(bill))
    assert ("changed" in link) is (dates == "kept")
    later = f"{LINKS.format(bill)} AND k.lastmodifieddate > TO_DATE('2020-01-01', 'YYYY-MM-DD')"
    assert len(netsuite.rows(later)) == (dates == "kept")


@pytest.mark.parametrize(("carries", "amount"), [("closes", "10.0"), ("paid", "8.0")])
def test_a_link_may_leave_out_a_discount(
    netsuite: SignedInNetSuite, bills: list[SeededBill], carries: str, amount: str
):
    netsuite.switch(link_discount=carries)
    order = {"bill": bills[0].id, "check_number": "901", "amount": "8.00", "discount": "2.00"}
    netsuite.sandbox.control("/control/netsuite/pay-by-hand", order)
    (link,) = netsuite.rows(AMOUNTS.format(bills[0].id))
    assert Decimal(str(link["amount"])) == Decimal(amount)


@pytest.mark.parametrize(
    ("style", "bill", "vendor"),
    [
        ("record", "vendorbill", "vendor"),
        ("code", "VendBill", "Vendor"),
        ("words", "Vendor Bill", "Vendor"),
        ("short", "Bill", "Vendor"),
        ("localised", "Lieferantenrechnung", "Lieferant"),
    ],
)
def test_types_of_deleted_records_are_spelled_in_many_ways(
    netsuite: SignedInNetSuite, bills: list[SeededBill], style: str, bill: str, vendor: str
):
    netsuite.switch(deleted_record_types=style, merge_notes_deletion=True)
    control, gone = netsuite.sandbox.control, bills[0]
    control("/control/netsuite/delete", {"type": "vendorbill", "id": gone.id})
    vendors = netsuite.sandbox.books()["netsuite"]["vendors"]
    into = next(one["id"] for one in vendors if one["id"] != gone.vendor)
    control("/control/netsuite/merge-vendors", {"vendor": gone.vendor, "into": into})
    found = netsuite.rows("SELECT DISTINCT type FROM deletedrecord ORDER BY type ASC")
    assert [row["type"] for row in found] == sorted([bill, vendor])


def test_a_table_is_read_without_its_id(netsuite: SignedInNetSuite):
    question = "SELECT city FROM vendoraddressbookentityaddress ORDER BY city ASC"
    rows = netsuite.rows(question)
    assert rows
    netsuite.switch(hidden_columns="vendoraddressbookentityaddress.nkey")
    assert netsuite.rows(question) == rows
