"""Each column that NetSuite may refuse, alone: no stream dies, nothing else changes, and it is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import UnavailableError
from apbridge.schemas import validator
from apbridge_sandbox.switches import declared
from apbridge_sandbox.testing import running
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest

if TYPE_CHECKING:
    from apbridge.netsuite.queries.query import Query
    from tests.conftest import Record, SandboxTap

    Hide = Callable[..., None]

pytestmark = pytest.mark.long

PARTS = {"bill_lines": "lines", "bill_applications": "applications", "purchase_order_lines": "lines"}
"""Where the fields of a query are that gives parts of bills."""

ALSO = {
    "includes_children": {"subsidiary_ids"},
    "number_": {"number"},
    "parent_id": {"parent_id", "subsidiary_ids"},
    "purchase_order": {"purchase_order", "purchase_orders"},
    "rule_0": {"is_eligible", "ineligible_because"},
    "rule_2": {"is_eligible", "ineligible_because"},
    "rule_3": {"is_eligible", "ineligible_because"},
}
"""What of a record a column comes to, where it is not the field of its own name."""

INSTEAD = {
    *(f"{table}.subsidiary" for table in ("account", "department", "classification", "location", "vendor")),
    "transaction.foreignamountunpaid",
    "transaction.foreignamountpaid",
    "transactionaccountingline.accountingbook",
}
"""Columns of which nothing goes missing: the values are elsewhere too."""


SPARE = {"transaction.foreignamountpaid", "transactionline.accountinglinetype"}
"""Columns that are asked only where another one is refused."""

NAMELESS = {"vendor.legalname", "transaction.memo", "department.subsidiary"}
"""Columns that are refused here without a word of which it is. Each such refusal is waited upon."""


def read_by() -> dict[str, list[Query]]:
    """Return the queries that read a stream's records."""
    (bills,) = [entry.query for entry in manifest().streams if entry.name == "bills"]
    found = {entry.name: [entry.query, *entry.join_queries] for entry in manifest().streams}
    parts = [query for name, query in manifest().queries.items() if name.startswith("bill")]
    found["bills"] = [Eligibility.from_config({}).mark(bills), *parts]
    for lists in ("gl_accounts", "departments", "classes"):
        found[lists].append(manifest().queries["subsidiary_tree"])
    return found


def optional() -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return each stream and column that it may be without, with what is made of it."""
    columns = [
        (stream, one) for stream, queries in read_by().items() for query in queries for one in query.columns
    ]
    # What any stream or plugin cannot do without, the sandbox does not hide.
    hideable = set(declared()["netsuite.hidden_columns"].of or ())
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for stream, one in columns:
        if one.name in hideable:
            fields = found.setdefault((stream, one.name), set())
            fields |= {(one.query, field) for field in one.fields}
    return found


OPTIONAL = optional()


@pytest.fixture(scope="module")
def small(account_of: type[SandboxTap]) -> Iterator[SandboxTap]:
    with running(vendors=5, bills=12) as sandbox:
        lines = [{"quantity": 10, "rate": "2.50", "account": "6010", "item": 1, "memo": "ten"}]
        sandbox.control("/control/netsuite/orders", {"vendor": "11", "tranid": "PO1", "lines": lines})
        # What is entered at this very moment the tap leaves to its next run.
        sandbox.control("/control/clock", {"advance_seconds": 60})
        yield account_of(sandbox)


@pytest.fixture(scope="module")
def whole(small: SandboxTap) -> dict[str, dict[str, Record]]:
    """What is read where nothing is refused."""
    small.sandbox.control("/control/switches", {"netsuite.hidden_columns": ""})
    synced = small.sync()
    for entry in manifest().streams:
        if not entry.is_selected:
            synced.messages += small.sync(only=entry.name).messages
    return {name: {one["id"]: one for one in synced.records(name)} for name in read_by()}


@pytest.fixture
def hide(small: SandboxTap) -> Iterator[Hide]:
    """Hides columns; they are shown again."""

    def turn(*columns: str, status: int = 400) -> None:
        values = {"netsuite.hidden_columns": ", ".join(columns), "netsuite.unknown_column_status": status}
        small.sandbox.control("/control/switches", values)

    yield turn
    turn()


def less(record: Record, fields: set[tuple[str, str]]) -> Record:
    """Return a record without what is made of a column."""
    found: dict[str, Any] = {**record, "modified_at": None, "lines": [*record.get("lines", ())]}
    for query, field in fields:
        names = ALSO.get(field, {field.partition("__")[0]})
        part = PARTS.get(query)
        if part:
            found[part] = [{**one, **dict.fromkeys(names & one.keys())} for one in found.get(part, ())]
        found |= dict.fromkeys((names if not part else names & {"purchase_orders"}) & found.keys())
    return found


@pytest.mark.parametrize("one", OPTIONAL, ids="-".join)
def test_a_column_that_is_refused_costs_its_own_field_and_is_named(
    small: SandboxTap,
    whole: dict[str, dict[str, Record]],
    hide: Hide,
    caplog: pytest.LogCaptureFixture,
    one: tuple[str, str],
):
    stream, column = one
    hide(column, status=500 if column in NAMELESS else 400)
    fields = set() if column in INSTEAD else OPTIONAL[stream, column]
    records = small.sync(only=stream).records(stream)
    assert {record["id"]: less(record, fields) for record in records} == {
        number: less(record, fields) for number, record in whole[stream].items()
    }
    for record in records:
        validator(stream)(record)
    table, _, name = column.partition(".")
    said = [one.getMessage() for one in caplog.records if one.name.startswith("apbridge.netsuite.queries")]
    if column in SPARE:
        assert said == []
        return
    assert [one for one in said if re.search(rf"\b{name}\b.*\b{table}\b", one)], said
    assert not [one for one in said if "no list" in one or "permission" in one.lower()], said


def subsidiaries_by_the_books(small: SandboxTap) -> dict[tuple[str, str], set[str]]:
    """Return the subsidiaries that each record of a list counts for."""
    below = {str(row["id"]): str(row["parent"]) for row in small.sql("SELECT id, parent FROM ns_subsidiary")}
    found = {}
    for stream, table in (
        ("gl_accounts", "account"),
        ("departments", "department"),
        ("classes", "classification"),
    ):
        for row in small.sql(f"SELECT id, subsidiary, includechildren FROM ns_{table}"):  # noqa: S608
            own = set(row["subsidiary"].split(", "))
            more = {one for one, parent in below.items() if parent in own and row["includechildren"] == "T"}
            found[stream, str(row["id"])] = own | more
    return found


def test_a_record_of_a_parent_counts_for_the_children_that_it_includes(
    small: SandboxTap, whole: dict[str, dict[str, Record]], hide: Hide
):
    books = subsidiaries_by_the_books(small)
    assert {len(one) for one in books.values()} == {1, 2}
    (restricted,) = small.sql(
        "SELECT COUNT(*) AS n FROM ns_department WHERE subsidiary = '1' AND includechildren = 'T'"
    )
    assert restricted["n"] > 0
    hide("account.subsidiary", "department.subsidiary", "classification.subsidiary", "location.subsidiary")
    synced = small.sync()
    for records in (whole, {name: {one["id"]: one for one in synced.records(name)} for name in whole}):
        told = {(stream, number): set(records[stream][number]["subsidiary_ids"]) for stream, number in books}
        assert told == books
    assert whole["bills"].keys() == set(synced.ids("bills"))


def test_lists_without_subsidiaries_take_none_from_bills_and_no_account_for_another_kind(
    small: SandboxTap, whole: dict[str, dict[str, Record]], hide: Hide, caplog: pytest.LogCaptureFixture
):
    hide("account.subsidiary", "department.subsidiary", "classification.subsidiary", "location.subsidiary")
    small.sandbox.control("/control/switches", {"netsuite.subsidiary_maps": False})
    try:
        synced = small.sync()
    finally:
        small.sandbox.control("/control/switches", {"netsuite.subsidiary_maps": True})
    assert {one["id"]: one for one in synced.records("bills")} == whole["bills"]
    assert {one["id"]: one for one in synced.records("vendors")} == whole["vendors"]
    for stream in ("gl_accounts", "departments", "classes", "locations"):
        assert {str(one["subsidiary_ids"]) for one in synced.records(stream)} == {"[]"}
    assert "OneWorld" not in caplog.text
    for table in ("account", "department", "classification", "location"):
        assert f"no table {table}subsidiarymap" in caplog.text


def test_what_is_due_is_not_guessed(small: SandboxTap, hide: Hide, caplog: pytest.LogCaptureFixture):
    hide("transaction.foreignamountunpaid", "transaction.foreignamountpaid")
    with pytest.raises(UnavailableError, match="bills"):
        small.sync()
    assert "transaction.foreignamountpaid, transaction.foreignamountunpaid" in caplog.text


def test_what_is_refused_is_asked_once_a_day(small: SandboxTap, hide: Hide):
    hide("account.lastmodifieddate", "vendor.legalname", "vendor.subsidiary")
    state = small.sync(small.sync().state).state
    small.sandbox.control("/control/calls", method="DELETE")
    state = small.sync(state).state
    assert small.sandbox.calls()["netsuite"]["refusals"] == {}
    # What is granted is seen a day later.
    hide()
    state["apbridge"]["account"]["since"] = "2026-01-01T00:00:00+00:00"
    synced = small.sync(state)
    assert all(one["modified_at"] for one in synced.records("gl_accounts"))
    assert "account" not in synced.state["apbridge"]


def test_a_line_without_an_amount_is_no_part_of_its_bill(
    small: SandboxTap, whole: dict[str, dict[str, Record]]
):
    (last,) = small.sql('SELECT "transaction" AS bill, MAX(id) AS id FROM ns_transactionline')
    bill = max(whole["bills"], key=lambda number: len(whole["bills"][number]["lines"]))
    small.sql(
        'INSERT INTO ns_transactionline (id, "transaction", memo, linelastmodifieddate)'
        " VALUES (?, ?, 'Thank you', '2026-01-01T00:00:00Z')",
        last["id"] + 100,
        bill,
    )
    try:
        (record,) = [one for one in small.sync(only="bills").records("bills") if one["id"] == bill]
    finally:
        small.sql("DELETE FROM ns_transactionline WHERE memo = 'Thank you'")
    assert record == whole["bills"][bill]
