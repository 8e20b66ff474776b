"""Whatever comes in whatever order, and twice: the books end as the last version of each record says."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apbridge import json
from tests import forked
from tests.canonical import (
    READ,
    Message,
    account,
    bill,
    class_,
    department,
    line,
    location,
    singer,
    tombstone,
    vendor,
)
from tests.examples import examples
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

pytestmark = pytest.mark.long

HELD: dict[str, Any] = {"is_eligible": False, "ineligible_because": "it is on payment hold"}

few = st.integers(1, 3)
versions = st.integers(0, 2).map(str)
masters = st.one_of(
    st.builds(lambda n, v: vendor(n, name=f"Vendor {v}"), few, versions),
    st.builds(lambda n, v: account(n, name=f"Account {v}"), few, versions),
    st.builds(lambda n, v: department(n, full_name=f"Department {v}"), few, versions),
    st.builds(lambda n, v: class_(n, full_name=f"Class {v}"), few, versions),
    st.builds(lambda n, v: location(n, full_name=f"Location {v}"), few, versions),
)
optional = st.one_of(st.none(), few.map(str))
lines = st.lists(
    st.builds(
        lambda amount, number, *of: line(
            1, f"{amount}.50", number, department_id=of[0], class_id=of[1], location_id=of[2]
        ),
        st.integers(1, 999),
        few,
        optional,
        optional,
        optional,
    ),
    min_size=1,
    max_size=3,
).map(lambda made: [one | {"id": str(place)} for place, one in enumerate(made)])
bills = st.one_of(
    st.builds(
        lambda n, of, found, v: bill(n, *found, of_vendor=of, memo=v), st.integers(1, 5), few, lines, versions
    ),
    st.builds(lambda n, found: bill(n, *found, **HELD), st.integers(1, 5), lines),
    st.builds(tombstone, st.integers(1, 5)),
)
inputs = st.lists(st.one_of(masters, masters, bills), min_size=15, max_size=60)
THE_REST: list[Message] = [
    made(n) for made in (vendor, account, department, class_, location) for n in (1, 2, 3)
]
"""What every bill may need."""


def key(message: Message) -> tuple[str, str]:
    return message[0], message[1]["external_id"]


def last(messages: Iterable[Message]) -> dict[tuple[str, str], dict[str, Any]]:
    return {key(message): message[1] for message in messages}


def complete(messages: list[Message], seed: int) -> list[Message]:
    """Put what is missing anywhere in between."""
    rng = random.Random(seed)  # noqa: S311
    mixed = list(messages)
    for one in THE_REST:
        if key(one) not in last(messages):
            mixed.insert(rng.randrange(len(mixed) + 1), one)
    return mixed


def shown(company: ReceivingCompany, table: str) -> dict[str, dict[str, Any]]:
    rows = company.rows(f"SELECT * FROM {table}")  # noqa: S608
    return {row["external_id"]: row for row in rows}


def check(company: ReceivingCompany, messages: list[Message]) -> None:
    """Compare AvidXchange's books with the last version of every record."""
    wanted = last(messages)
    tables = {"vendors": "ax_vendor", "gl_accounts": "ax_gl_account"}
    books = {stream: shown(company, tables.get(stream, "ax_dimension_value")) for stream, _ in wanted}
    books["bills"] = shown(company, "ax_invoice")
    for (stream, name), record in wanted.items():
        found = books[stream].get(name)
        if stream != "bills":
            assert found, name
            content = json.loads(found["content"])
            assert content["name"] == record["name" if stream in tables else "full_name"]
        elif not record["is_eligible"]:
            assert found is None or found["status"] == "cancelled"
        else:
            assert found, name
            assert found["status"] == "submitted"
            content = json.loads(found["content"])
            assert (content["total"], content.get("memo")) == (record["total"], record.get("memo"))
            assert content["vendorExternalId"].endswith(f"-vendor-{record['vendor_id']}")
            told = [(one["amount"], one["glCode"], one.get("department")) for one in content["lines"]]
            assert told == [
                (one["amount"], one["account_number"], one["department_id"]) for one in record["lines"]
            ]
    names = {name for stream, name in wanted if stream == "bills"}
    assert books["bills"].keys() <= names
    assert company.calls()["refusals"] == {}


@settings(
    max_examples=examples(3),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(messages=inputs, seed=st.integers(0, 999), batch=st.integers(1, 8), cut=st.integers(0, 60))
def test_any_order_ends_as_the_last_version_says(
    company: ReceivingCompany, messages: list[Message], seed: int, batch: int, cut: int
):
    company.begin_anew()
    company.batch = batch
    mixed = complete(messages, seed)
    # Two runs, the second of which begins somewhere before where the first one ended, as after a crash.
    company.send(*mixed[:cut], state={"bookmarks": {}})
    company.send(*mixed[max(0, cut - 10) :], before=READ)
    check(company, mixed)


def test_two_processes_at_once_end_the_same(company: ReceivingCompany):
    rng = random.Random(20261102)  # noqa: S311
    records = [
        bill(n, line(1, f"{n}.50", 1 + n % 3, department_id=None), of_vendor=1 + n % 3) for n in range(1, 31)
    ]
    orders = [[*THE_REST, *records, *records[:9]] for _ in range(2)]
    config = company.folder / "config.json"
    config.write_bytes(json.dumps(company.config))
    programs = []
    for number, order in enumerate(orders):
        rng.shuffle(order)
        given = company.folder / f"input-{number}"
        given.write_bytes(singer(order, {"bookmarks": {}}))
        with given.open("rb") as messages:
            programs.append(
                forked.Program(
                    "target-avidxchange",
                    "--config",
                    config,
                    stdin=messages,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
    assert [program.wait(PATIENCE) for program in programs] == [0, 0]
    company.send(*records, before=READ)
    check(company, [*THE_REST, *records])
