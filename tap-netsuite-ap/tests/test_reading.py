"""A first run: every record once, equal to NetSuite's books, in few calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge.schemas import validator
from apbridge.singer.sdk import FencedStream
from apbridge.spool import read
from apbridge_sandbox.calls import System
from apbridge_sandbox.switches import declared
from tap_netsuite_ap.tap import TapNetSuiteAP
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import SandboxTap, Synced


STREAMS = ("subsidiaries", "gl_accounts", "departments", "classes", "locations", "vendors", "bills")


HIDDEN = "netsuite.hidden_columns"


@pytest.fixture(scope="module")
def first(company: SandboxTap) -> Iterator[Synced]:
    """A first reading of an account that hides nothing, as it is while these tests run."""
    control = company.sandbox.control
    control("/control/switches", {HIDDEN: ""})
    control("/control/calls", method="DELETE")
    yield company.sync()
    control("/control/switches", {HIDDEN: declared()[HIDDEN].default})


def test_every_bill_comes_once_and_as_the_books_have_it(company: SandboxTap, first: Synced):
    books = company.books()
    assert {bill["status"] for bill in books.values()} > {"open", "paid"}
    assert Counter(first.ids()) == Counter([*books])
    for record in first.records("bills"):
        book = books[record["id"]]
        if book["status"] != "open":
            book["images"] = []  # its files are not fetched
        assert company.told(record) == book
        assert record["is_eligible"] is (book["status"] == "open")
        assert (record["ineligible_because"] is None) is record["is_eligible"]
        assert record["total"] == sum((Decimal(line["amount"]) for line in record["lines"]), Decimal())


def test_it_is_known_how_many_bills_there_are_before_they_are_read(company: SandboxTap, first: Synced):
    tap = TapNetSuiteAP(config=company.config)
    bills = next(one for one in tap.streams.values() if one.name == "bills")
    assert isinstance(bills, FencedStream)
    assert bills.expected is None
    assert tap.calls_made() == 0
    read = list(bills.get_records(None))
    assert bills.expected == len(read) == len(first.ids())
    assert tap.calls_made() > 0


def test_images_are_in_the_spool_whole(company: SandboxTap, first: Synced):
    images = [image for bill in first.records("bills") for image in bill["images"]]
    assert len(images) > 10
    for image in images:
        content = read(company.config["spool_url"], image["sha256"], image["size"])
        assert content.startswith(b"%PDF")
        assert len(content) == image["size"]
        assert image["media_type"] == "application/pdf"


@pytest.mark.parametrize(
    ("stream", "table"),
    [
        ("vendors", "vendor"),
        ("gl_accounts", "account"),
        ("departments", "department"),
        ("classes", "classification"),
        ("locations", "location"),
        ("subsidiaries", "subsidiary"),
    ],
)
def test_every_other_record_comes_once(company: SandboxTap, first: Synced, stream: str, table: str):
    rows = {str(row["id"]): row for row in company.sql(f"SELECT * FROM ns_{table}")}  # noqa: S608
    assert Counter(first.ids(stream)) == Counter([*rows])
    for record in first.records(stream):
        row = rows[record["id"]]
        assert record["external_id"] == f"netsuite-1234567_SB1-{table}-{record['id']}"
        assert record["is_active"] is (row["isinactive"] == "F")
        assert record["modified_at"] == row["lastmodifieddate"]


def test_vendors_have_their_addresses_subsidiaries_and_terms(company: SandboxTap, first: Synced):
    rows = {
        str(row["id"]): row
        for row in company.sql(
            "SELECT vendor.*, place.*, term.name AS term, currency.symbol FROM ns_vendor vendor"
            " JOIN ns_vendoraddressbookentityaddress place ON place.nkey = vendor.defaultbillingaddress"
            " JOIN ns_term term ON term.id = vendor.terms JOIN ns_currency currency"
            " ON currency.id = vendor.currency"
        )
    }
    for vendor in first.records("vendors"):
        row = rows[vendor["id"]]
        told_of = [vendor[name] for name in ("number", "legal_name", "tax_id", "email", "terms", "currency")]
        assert told_of == [
            row[name] for name in ("entityid", "legalname", "taxidnum", "email", "term", "symbol")
        ]
        assert vendor["name"] == row["companyname"] or vendor["is_person"]
        assert vendor["remit_to"]["line1"] == row["addr1"]
        assert vendor["remit_to"]["postal_code"] == row["zip"]
        homes = company.sql(
            "SELECT subsidiary FROM ns_vendorsubsidiaryrelationship WHERE entity = ? ORDER BY 1", vendor["id"]
        )
        assert vendor["subsidiary_ids"] == [str(home["subsidiary"]) for home in homes]


def test_summary_accounts_take_no_lines(company: SandboxTap, first: Synced):
    summaries = {str(row["id"]) for row in company.sql("SELECT id FROM ns_account WHERE issummary = 'T'")}
    assert summaries
    assert {a["id"] for a in first.records("gl_accounts") if not a["is_postable"]} >= summaries


def test_every_record_is_valid(first: Synced):
    for message in first.messages:
        if message["type"] == "RECORD":
            validator(message["stream"])(message["record"])


def test_records_come_in_order_and_a_state_every_hundred(first: Synced):
    for stream in ("vendors", "bills"):
        places = [(record["modified_at"], int(record["id"])) for record in first.records(stream)]
        assert places == sorted(places)
    since = 0
    for message in first.messages:
        since = 0 if message["type"] == "STATE" else since + (message.get("stream") == "bills")
        assert since <= 101
    schemas = [message["stream"] for message in first.messages if message["type"] == "SCHEMA"]
    assert schemas[-1] == "bills"
    assert schemas[-2] == "vendors"


def test_pages_of_any_size_give_the_same(company: SandboxTap, first: Synced, small_pages: None):
    assert small_pages is None
    again = company.sync()
    for stream in ("vendors", "gl_accounts", "locations", "bills"):
        assert again.records(stream) == first.records(stream)


def test_files_are_fetched_once(company: SandboxTap, first: Synced):
    company.sandbox.control("/control/calls", method="DELETE")
    again = company.sync(only="bills")
    assert again.records("bills") == first.records("bills")
    assert company.sandbox.calls()["netsuite"]["by_operation"]["POST /app/site/hosting/restlet.nl"] == 1


@pytest.mark.parametrize("hidden", ["", declared()[HIDDEN].default])
def test_a_run_with_nothing_new_takes_twelve_calls_and_one_sign_in(company: SandboxTap, hidden: str):
    company.sandbox.control("/control/switches", {HIDDEN: hidden})
    first = company.sync()
    company.pass_time(600)
    settled = company.sync(company.sync(first.state).state)
    company.sandbox.control("/control/calls", method="DELETE")
    idle = company.sync(settled.state)
    calls = company.sandbox.calls()["netsuite"]
    company.sandbox.control("/control/switches", {HIDDEN: ""})
    assert idle.ids("vendors") == idle.ids("bills") == []
    assert calls["sign_ins"] == 1
    # One more than a run without the stream of subsidiaries, which is not selected by default.
    assert calls["total"] - calls["sign_ins"] <= 13
    assert calls["refusals"] == {}


BLOCKED = {
    "o:errorDetails": [{"detail": "Request blocked.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}],
}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "body": BLOCKED},
        {"status": 400, "body": BLOCKED},
        {"status": 502, "html": True},
        {"drop": "before"},
    ],
    ids=["429", "400", "502", "reset"],
)
def test_calls_that_fail_are_made_again(company: SandboxTap, first: Synced, fault: dict[str, object]):
    company.sandbox.control("/control/faults", {"match": {"path": "suiteql", "every": 7}, "do": fault})
    try:
        again = company.sync()
    finally:
        company.sandbox.control("/control/faults", method="DELETE")
    assert [again.records(stream) for stream in STREAMS] == [first.records(stream) for stream in STREAMS]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_no_more_calls_are_in_flight_than_the_setting_says(
    company: SandboxTap, first: Synced, small_pages: None, concurrency: int
):
    assert small_pages is None
    # A call that a test before broke off may still be under way over there.
    books = company.sandbox.sandbox
    assert books
    until(lambda: books.calls.of(System.NETSUITE).in_flight == 0)
    company.sandbox.control("/control/calls", method="DELETE")
    again = company.sync(only="bills", concurrency=concurrency)
    assert again.records("bills") == first.records("bills")
    assert company.sandbox.calls()["netsuite"]["peak_concurrency"] <= concurrency


def test_without_a_restlet_bills_come_without_images(
    company: SandboxTap, first: Synced, caplog: pytest.LogCaptureFixture, tmp_path: Path
):
    bare = company.sync(
        only="bills", restlet_script=None, restlet_deploy=None, spool_url=str(tmp_path / "spool")
    )
    assert bare.ids() == first.ids()
    assert all(not bill["images"] for bill in bare.records("bills"))
    assert [record.getMessage() for record in caplog.records].count(
        "No RESTlet is configured, so bills come without their files. Deploy the RESTlet of suitescript/"
        " and set restlet_script and restlet_deploy. [APB-TNS-010]"
    ) == 1
