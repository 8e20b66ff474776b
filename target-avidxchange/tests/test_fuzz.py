"""Malformed records of every stream: each is rejected by its field, the run goes on, valid ones arrive."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from apbridge.ledger import Ledger, Status
from apbridge.schemas import schema
from tests.canonical import (
    CODING,
    STREAMS,
    Message,
    account,
    bill,
    class_,
    department,
    line,
    location,
    vendor,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

JUNK = [
    "",
    "x" * 300,
    "\u0000",
    "💥",
    -1,
    0,
    Decimal("1.5"),
    True,
    None,
    [],
    {},
    [[]],
    {"a": {}},
    "2026-13-01",
]
MAKERS: dict[str, Callable[[int], Message]] = dict(
    zip(STREAMS, (vendor, account, department, class_, location, bill), strict=True)
)
CHECKS = {
    stream: Draft202012Validator(schema(stream), format_checker=FormatChecker(["date"])) for stream in STREAMS
}


def whole(stream: str, number: int) -> dict[str, Any]:
    """Return a valid record with parts inside."""
    if stream != "bills":
        return MAKERS[stream](number)[1]
    image = {"id": "5", "name": "a.pdf", "media_type": "application/pdf", "size": 1}
    applied = {"id": "9", "kind": "payment", "amount": 1, "date": "2026-11-02"}
    image |= {"sha256": "0" * 64, "uri": "file:///a"}
    return bill(number, line(1, "1"), images=[image], applications=[applied])[1]


def spoil(stream: str, record: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """Break a record in one place so that it does not fit its schema; return the field's name with it."""
    while True:
        broken = copy.deepcopy(record)
        holder, rules = broken, schema(stream)
        name = rng.choice(sorted(rules["properties"]))
        inner = holder.get(name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and rng.random() < 0.7:
            holder, rules = inner[0], rules["properties"][name]["items"]
            name = rng.choice(sorted(rules["properties"]))
        how = rng.choice(["drop", "replace", "add"])
        if how == "drop":
            holder.pop(name, None)
        else:
            name = f"field_{rng.randrange(10**6)}" if how == "add" else name
            holder[name] = rng.choice(JUNK)
        if not CHECKS[stream].is_valid(plain(broken)):
            return broken, name


def plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)
def test_a_thousand_malformed_records_of_all_streams(company: ReceivingCompany):
    rng = random.Random(20261102)  # noqa: S311
    messages: list[Message] = [*CODING]
    fields: dict[tuple[str, str], str] = {}
    valid = [bill(number) for number in range(1, 51)]
    for number in range(1000):
        stream = STREAMS[number % len(STREAMS)]
        record, field = spoil(stream, whole(stream, 10_000 + number), rng)
        fields[stream, f"{number}"] = field
        messages.append((stream, record))
        if number % 20 == 0:
            messages.append(valid[number // 20])
    result = company.send(*messages)
    assert sum(counts.get("rejected", 0) for counts in result.counts.values()) == 1000
    assert result.counts["bills"]["delivered"] == len(valid)
    assert {row["external_id"] for row in company.rows("SELECT external_id FROM ax_invoice")} == {
        one[1]["external_id"] for one in valid
    }
    assert len(company.rows("SELECT 1 FROM ax_vendor")) == 2
    with Ledger(company.config["ledger_url"]) as ledger:
        rows = [
            row for stream in STREAMS for row in ledger.all_rows("avidxchange", stream, [Status.REJECTED])
        ]
    assert len(rows) == 1000
    for row in rows:
        found = re.search(r"-(1\d{4})$", row.external_id)
        field = fields[row.stream, str(int(found[1]) - 10_000)] if found else "external_id"
        assert re.search(rf"\b{field}\b", str(row.reason)), row.reason
