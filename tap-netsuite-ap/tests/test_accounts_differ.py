"""Accounts and roles that lack something: said in one line, left empty; no crash and no silent gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import SettingError, UnavailableError
from apbridge.schemas import validator

if TYPE_CHECKING:
    from tests.conftest import SandboxTap, Synced

    Switch = Callable[..., None]

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _nothing_hidden(company: SandboxTap) -> Iterator[None]:
    """What is hidden by default is not what these tests are about."""
    assert company.sandbox.sandbox
    before = company.sandbox.sandbox.switches["netsuite.hidden_columns"]
    company.sandbox.control("/control/switches", {"netsuite.hidden_columns": ""})
    yield
    company.sandbox.control("/control/switches", {"netsuite.hidden_columns": before})


@pytest.fixture
def switch(company: SandboxTap) -> Iterator[Switch]:
    """Turns switches of the sandbox; they are put back."""
    control = company.sandbox.control
    assert company.sandbox.sandbox
    switches = company.sandbox.sandbox.switches
    before: dict[str, object] = {}

    def turn(**values: object) -> None:
        named = {f"netsuite.{name}": value for name, value in values.items()}
        for name in named:
            before.setdefault(name, switches[name])
        control("/control/switches", named)

    yield turn
    control("/control/switches", before)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("apbridge.netsuite.queries.features")
    ]


def check_whole(company: SandboxTap, synced: Synced, *, lines_without: tuple[str, ...] = ()) -> None:
    books = company.books()
    assert sorted(synced.ids()) == sorted(books)
    for record in synced.records("bills"):
        validator("bills")(record)
        told, book = company.told(record), books[record["id"]]
        assert record["is_eligible"] is (book["status"] == "open")
        if not record["is_eligible"]:
            book["images"] = []  # its files are not fetched
        for bill in (told, book):
            for field in ("subsidiary_id", "currency", "exchange_rate"):
                bill.pop(field)
            for line in bill["lines"]:
                for field in lines_without:
                    line.pop(field)
        assert told == book


@pytest.mark.parametrize("status", [400, 500])
def test_an_account_with_nothing_but_the_basics(
    company: SandboxTap, switch: Switch, status: int, caplog: pytest.LogCaptureFixture
):
    switch(
        oneworld=False,
        multicurrency=False,
        departments=False,
        classes=False,
        locations=False,
        itemtype=False,
        unknown_column_status=status,
    )
    synced = company.sync()
    check_whole(company, synced, lines_without=("department_id", "class_id", "location_id"))
    for stream in ("departments", "classes", "locations", "subsidiaries"):
        assert synced.ids(stream) == []
    assert len(synced.ids("vendors")) == len(company.sql("SELECT id FROM ns_vendor"))
    for vendor in synced.records("vendors"):
        validator("vendors")(vendor)
        assert (vendor["subsidiary_ids"], vendor["currency"]) == ([], None)
        assert vendor["terms"]
    for bill in synced.records("bills"):
        assert bill["currency"] is bill["exchange_rate"] is bill["subsidiary_id"] is None
    assert len(said(caplog)) == len(set(said(caplog))) == 8


def test_an_account_with_one_currency_has_that_of_the_setting(company: SandboxTap, switch: Switch):
    switch(multicurrency=False)
    synced = company.sync(currency="USD")
    for stream in ("vendors", "bills"):
        assert {record["currency"] for record in synced.records(stream)} == {"USD"}


@pytest.mark.parametrize(
    ("feature", "codes"),
    [
        ("oneworld", {118}),
        ("multicurrency", {108}),
        ("departments", {111, 126}),
        ("classes", {106, 126}),
        ("locations", {115, 126}),
        ("itemtype", set()),
        ("custom_segments", set()),
    ],
)
def test_a_feature_that_is_off_is_said_in_a_line_for_each_thing_that_is_missing(
    company: SandboxTap, switch: Switch, feature: str, codes: set[int], caplog: pytest.LogCaptureFixture
):
    switch(**{feature: False})
    field = {"departments": ("department_id",), "classes": ("class_id",), "locations": ("location_id",)}
    check_whole(company, company.sync(), lines_without=field.get(feature, ()))
    assert sorted(line.rsplit("[APB-TNS-", 1)[1] for line in said(caplog)) == [
        f"{code}]" for code in sorted(codes)
    ]


def test_an_account_that_has_everything_pays_nothing(company: SandboxTap):
    company.sandbox.control("/control/calls", method="DELETE")
    company.sync()
    assert company.sandbox.calls()["netsuite"]["refusals"] == {}


def test_a_list_that_the_role_may_not_see_does_not_take_the_coding_from_lines(
    company: SandboxTap, switch: Switch, caplog: pytest.LogCaptureFixture
):
    switch(missing_permissions="Lists -> Departments")
    synced = company.sync()
    assert synced.ids("departments") == []
    check_whole(company, synced)
    (sentence,) = said(caplog)
    assert "give the role Lists, Departments" in sentence


def test_bills_without_their_currency_are_not_read_where_there_are_several(
    company: SandboxTap, switch: Switch, caplog: pytest.LogCaptureFixture
):
    switch(missing_permissions="Lists -> Currency")
    with pytest.raises(UnavailableError, match="bills"):
        company.sync()
    assert "Give the role Lists, Currency" in caplog.text
    assert "NetSuite refuses currency, without which we cannot read bills" in caplog.text


@pytest.mark.parametrize(
    ("date_format", "time_format", "file_types"),
    [
        ("D/M/YYYY", "14:10", "names"),
        ("DD-Mon-YYYY", "2-10 pm", "codes"),
        ("DD.MM.YYYY", "14-10", "names"),
        ("YYYY-MM-DD", "14:10", "codes"),
    ],
)
def test_how_the_user_sees_dates_and_types_changes_nothing(
    company: SandboxTap, switch: Switch, date_format: str, time_format: str, file_types: str
):
    before = company.sync()
    switch(date_format=date_format, time_format=time_format, file_types=file_types)
    after = company.sync()
    assert before.records("bills")
    for stream in ("vendors", "gl_accounts", "bills"):
        assert after.records(stream) == before.records(stream)
    check_whole(company, after)


def test_a_restriction_that_cannot_be_judged_lets_nothing_through(company: SandboxTap, switch: Switch):
    switch(oneworld=False)
    with pytest.raises(SettingError, match="subsidiaries asks of bills"):
        company.sync(only="bills", subsidiaries=["1"])


def test_deletions_that_the_role_may_not_see_are_said(
    company: SandboxTap, switch: Switch, caplog: pytest.LogCaptureFixture
):
    state = company.sync(only="bills").state
    switch(missing_permissions="Setup -> Deleted Records")
    company.sync(state, only="bills")
    (sentence,) = said(caplog)
    assert "Setup, Deleted Records" in sentence


def test_bills_that_cannot_be_read_at_all_are_not_the_fault_of_a_setting(company: SandboxTap, switch: Switch):
    switch(missing_permissions="Lists -> Accounts")
    with pytest.raises(UnavailableError, match="bills"):
        company.sync(only="bills", bill_filter="t.memo IS NULL")


def test_a_stream_that_cannot_be_read_stops_no_other_and_ends_the_run_with_an_error(
    company: SandboxTap, switch: Switch
):
    switch(missing_permissions="Lists -> Accounts")
    with pytest.raises(UnavailableError, match="gl_accounts, bills"):
        company.sync()


def test_a_name_is_taken_from_whatever_is_shown(company: SandboxTap, switch: Switch):
    names = ("vendor.companyname", "vendor.altname", "account.fullname", "account.accountsearchdisplayname")
    switch(hidden_columns=", ".join(names))
    synced = company.sync()
    vendors = company.sql("SELECT id, entityid FROM ns_vendor")
    accounts = company.sql("SELECT id, acctnumber FROM ns_account")
    for stream, rows in (("vendors", vendors), ("gl_accounts", accounts)):
        told = {record["id"]: record["name"] for record in synced.records(stream)}
        assert told == {str(number): name for number, name in rows}
    assert {record["full_name"] for record in synced.records("gl_accounts")} == {
        number for _, number in accounts
    }
