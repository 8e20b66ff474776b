from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from apbridge.errors import RejectedError
from apbridge.schemas import CANONICAL, in_order, schema, validator

VENDOR: dict[str, Any] = {
    "id": "7",
    "external_id": "netsuite-1234567_SB1-vendor-7",
    "number": "V7",
    "name": "O'Brien & Söhne",
    "is_person": False,
    "subsidiary_ids": ["1"],
    "remit_to": {"line1": "1 Main St"},
    "is_active": True,
    "created_at": None,
    "modified_at": "2026-11-02T16:00:00Z",
}
PAYMENT: dict[str, Any] = {
    "id": "P1",
    "external_id": "P1",
    "status": "settled",
    "amount": Decimal("10.10"),
    "paid_on": "2026-11-02",
    "allocations": [{"invoice_external_id": "i", "amount": Decimal("10.10"), "discount": 0}],
    "modified_at": "2026-11-02T16:00:00.123456+00:00",
}


@pytest.mark.parametrize("stream", CANONICAL)
def test_a_schema_is_a_valid_one_that_allows_nothing_else(stream: str):
    found = schema(stream)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["title"] == stream
    assert found["additionalProperties"] is False
    assert {"id", "external_id"} <= set(found["required"])
    assert validator(stream) is validator(stream)


@pytest.mark.parametrize("known", [schema, validator])
def test_a_stream_that_is_not_canonical_has_none(known: Callable[[str], object]):
    with pytest.raises(KeyError):
        known("../errors/kinds")


def test_a_good_record_passes_and_is_left_as_it_is():
    for stream, record in (("vendors", VENDOR), ("payments", PAYMENT)):
        before = repr(record)
        validator(stream)(record)
        assert repr(record) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": 3}, "name must be string, not number"),
        ({"name": None}, "name must be string, not null"),
        ({"is_active": "yes"}, "is_active must be boolean, not string"),
        ({"tax_id": []}, "tax_id must be string or null, not array"),
        ({"id": ""}, "id must be at least 1 characters long"),
        ({"external_id": "a b"}, "external_id must match ^[A-Za-z0-9_-]+$"),
        ({"external_id": "a\n"}, "external_id must match ^[A-Za-z0-9_-]+$"),
        ({"external_id": "a" * 101}, "external_id must be at most 100 characters long"),
        ({"subsidiary_ids": ["1", 2]}, "subsidiary_ids[1] must be string, not number"),
        ({"remit_to": {"zip": "1"}}, "remit_to.zip is not part of the schema"),
        ({"remit_to": {"city": {}}}, "remit_to.city must be string or null, not object"),
        ({"custom_fields": {"custentity_a": []}}, "custom_fields.custentity_a must be string or number"),
        ({"modified_at": "2026-11-02T16:00:00"}, "modified_at must be a date-time in UTC"),
        ({"modified_at": "2026-11-02T16:00:00+01:00"}, "modified_at must be a date-time in UTC"),
        ({"modified_at": "2026-11-02T24:00:00Z"}, "modified_at must be a date-time in UTC"),
        ({"modified_at": "2026-02-29T16:00:00Z"}, "modified_at must be a date-time in UTC"),
        ({"modified_at": ""}, "modified_at must be a date-time in UTC"),
    ],
)
def test_what_is_wrong_is_said_by_field(change: dict[str, Any], sentence: str):
    with pytest.raises(RejectedError) as found:
        validator("vendors")({**VENDOR, **change})
    assert sentence in found.value.says
    assert "Record " in found.value.says


def test_a_payment_is_checked_to_the_last_allocation():
    spoilt = {**PAYMENT, "allocations": [*PAYMENT["allocations"], {"amount": 1, "discount": 0}]}
    with pytest.raises(RejectedError, match=r"allocations\[1\].invoice_external_id is missing"):
        validator("payments")(spoilt)
    with pytest.raises(RejectedError, match=r"paid_on must be a date, such as 2026-11-02"):
        validator("payments")({**PAYMENT, "paid_on": "11/2/2026"})
    with pytest.raises(RejectedError, match="status must be one of processing, issued"):
        validator("payments")({**PAYMENT, "status": "paid"})


def test_a_tax_id_is_never_shown():
    with pytest.raises(RejectedError) as found:
        validator("vendors")({**VENDOR, "tax_id": ["12-3456789"], "12-3456789": 1})
    assert "12-3456789" not in str(found.value.__cause__)
    assert "12-3456789" not in found.value.says.replace("12-3456789 is not part", "")


@pytest.mark.parametrize("record", [None, [], 3, "x"])
def test_what_is_no_object_is_no_record(record: object):
    with pytest.raises(RejectedError, match="the record must be object"):
        validator("vendors")(record)


def test_moments_sort_as_time_goes_on_however_they_are_written():
    earlier = ["2026-11-02T16:00:00.4Z", "2026-11-02T16:00:00.41+00:00", "2026-11-02T16:00:00.5Z"]
    assert sorted(map(str, map(in_order, reversed(earlier)))) == list(map(in_order, earlier))
    same = ["2026-11-02T16:00:00Z", "2026-11-02T16:00:00.000-00:00", f"2026-11-02T16:00:00.{'0' * 50}Z"]
    assert set(map(in_order, same)) == {"2026-11-02T16:00:00.000000Z"}


@pytest.mark.parametrize("moment", [None, 5, "", "2026-11-02", "2026-11-31T16:00:00Z", "2026\0", "now" * 20])
def test_what_is_no_moment_sorts_nowhere(moment: object):
    assert in_order(moment) is None
