"""Rows of text become typed records."""

from __future__ import annotations

from decimal import Decimal

from apbridge.schemas import schema
from tap_netsuite_ap.records import Shape

VENDOR = ["id", "is_person", "tax_id", "subsidiary_ids", "remit_to__line1", "remit_to__city", "number_"]


def test_a_record_has_the_types_of_its_schema():
    shape = Shape(schema("vendors"), VENDOR)
    assert shape.record(
        {"id": "7", "is_person": "T", "subsidiary_ids": "1, 2", "remit_to__city": "Québec", "number_": "V7"}
    ) == {
        "id": "7",
        "is_person": True,
        "tax_id": None,
        "subsidiary_ids": ["1", "2"],
        "remit_to": {"line1": None, "city": "Québec"},
        "number": "V7",
        "custom_fields": {},
    }


def test_what_is_not_there_is_null_and_no_list_is():
    record = Shape(schema("vendors"), VENDOR).record({"id": "7"})
    assert record["remit_to"] is None
    assert record["subsidiary_ids"] == []


def test_money_stays_exact():
    shape = Shape(schema("bills"), ["total", "exchange_rate"])
    record = shape.record({"total": "90071992547409.91", "exchange_rate": ".73"})
    assert record["total"] == Decimal("90071992547409.91")
    assert record["exchange_rate"] == Decimal("0.73")
