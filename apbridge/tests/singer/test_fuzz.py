"""Malformed records: each is rejected by its field, none stops the target, their neighbours arrive."""

from __future__ import annotations

import copy
import random
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apbridge.ledger import Ledger, Status
from apbridge.schemas import schema
from tests.singer.messages import SCHEMAS, bill, bill_name, vendor, vendor_name

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

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


def full_bill(number: int) -> dict[str, Any]:
    """Return a bill in which every part of the schema is there."""
    message = bill(
        number,
        number,
        images=[{"id": "5", "name": "a.pdf", "media_type": "application/pdf", "size": 1}],
        applications=[{"id": "9", "kind": "payment", "amount": 1, "date": "2026-11-02"}],
        custom_fields={"custbody_a": "x"},
        status="open",
    )
    message["record"]["images"][0] |= {"sha256": "0" * 64, "uri": "file:///a"}
    return message


def spoil(record: dict[str, Any], rng: random.Random) -> str:
    """Break a record in one place so that it no longer fits its schema; return the field's name."""
    while True:
        broken = copy.deepcopy(record)
        holder: Any = broken
        rules: Any = schema("bills")
        name = ""
        while True:
            name = rng.choice(sorted(rules["properties"]))
            rule = rules["properties"][name]
            inner = holder.get(name)
            if "items" in rule and inner and isinstance(inner[0], dict) and rng.random() < 0.7:
                holder, rules = inner[0], rule["items"]
                continue
            break
        how = rng.choice(["drop", "replace", "add"])
        if how == "drop":
            if name not in rules["required"]:
                continue
            del holder[name]
        elif how == "add":
            name = f"field_{rng.randrange(10**6)}"
            holder[name] = rng.choice(JUNK)
        else:
            holder[name] = rng.choice(JUNK)
        if not _fits(broken):
            record.clear()
            record.update(broken)
            return name


def _fits(record: dict[str, Any]) -> bool:
    """Ask another implementation of JSON Schema, as far as both check the same."""
    import jsonschema  # noqa: PLC0415
    from jsonschema import FormatChecker  # noqa: PLC0415

    validator = jsonschema.Draft202012Validator(schema("bills"), format_checker=FormatChecker(["date"]))
    plain = json_like(record)
    return bool(validator.is_valid(plain))


def json_like(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: json_like(item) for name, item in value.items()}
    return [json_like(item) for item in value] if isinstance(value, list) else value


def test_a_thousand_malformed_records(context: ToyContext) -> None:
    rng = random.Random(20261102)  # noqa: S311
    messages = [*SCHEMAS]
    fields: dict[str, str] = {}
    for number in range(1000):
        broken = full_bill(number)
        fields[bill_name(number)] = spoil(broken["record"], rng)
        messages += [broken, vendor(number), full_bill(number + 10_000)]
        messages[-1]["record"]["vendor_id"] = str(number)
    done = context.run(messages)
    good = {vendor_name(n) for n in range(1000)} | {bill_name(n + 10_000) for n in range(1000)}
    assert set(done.books.delivered) == good
    assert done.tally.as_counts()["bills"]["rejected"] == 1000
    with Ledger(context.url) as ledger:
        rows = list(ledger.all_rows("toy", "bills", [Status.REJECTED]))
    assert len(rows) == 1000
    for row in rows:
        if row.external_id in fields:
            assert re.search(rf"\b{fields[row.external_id]}\b", str(row.reason)), row.reason
        else:
            assert "external_id" in str(row.reason)
