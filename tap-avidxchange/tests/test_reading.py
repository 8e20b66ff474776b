"""What the tap gives: AvidXchange's lists, whole, as canonical records, once."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge import spool
from apbridge.avidxchange.profile_files import source
from apbridge.errors import SettingError
from apbridge.schemas import validator
from tap_avidxchange.streams import STREAMS

if TYPE_CHECKING:
    from tests.avidxchange_company import PayingCompany

ALL = tuple(stream.name for stream in STREAMS)  # type: ignore[misc]  # its class knows it already


def test_payments_come_with_what_they_pay(company: PayingCompany):
    first, second = company.submit(2)
    order = [
        {"external_id": first, "amount": "60.50", "discount": "1.25"},
        {"external_id": second},
    ]
    paid = company.control("/control/payments/pay", {"invoices": order, "method": "check"})
    company.control("/control/payments/settle", paid)
    (payment,) = company.read().records("payments")
    assert payment["external_id"] == f"avidxchange-payment-{paid['ids'][0]}"
    assert (payment["status"], payment["method"], payment["amount"]) == (
        "settled",
        "check",
        Decimal("161.50"),
    )
    assert payment["allocations"] == [
        {"invoice_external_id": first, "amount": Decimal("60.50"), "discount": Decimal("1.25")},
        {"invoice_external_id": second, "amount": Decimal("101.00"), "discount": Decimal("0.00")},
    ]
    assert payment["check_number"]
    assert payment["settled_at"].endswith("Z")


def test_every_stream_gives_valid_canonical_records(company: PayingCompany):
    company.submit(3)
    company.pay()
    read = company.read(streams=ALL)
    counts = {stream: len(read.records(stream)) for stream in ALL}
    assert counts == {
        "payments": 3,
        "invoices": 3,
        "vendors": 1,
        "gl_accounts": 1,
        "dimension_values": 2,
    }
    for stream in ALL:
        for record in read.records(stream):
            validator(stream)(record)
    assert {record["dimension"] for record in read.records("dimension_values")} == {"department", "location"}


def test_only_payments_come_without_a_catalog(company: PayingCompany):
    company.submit(1)
    company.pay()
    assert {one.get("stream") for one in company.read().messages} == {"payments", None}


def test_more_than_one_page_comes_whole(company: PayingCompany):
    company.submit(230)
    company.pay()
    read = company.read(streams=("payments", "invoices"))
    assert len(set(read.ids())) == len(read.ids()) == 230
    assert len(set(read.ids("invoices"))) == len(read.ids("invoices")) == 230


def test_a_record_that_the_profile_reads_wrongly_ends_the_run(company: PayingCompany, tmp_path: Path):
    company.submit(1)
    company.pay()
    text = source(company.profile)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(re.sub(r"(\n +amount: )\w+(.*\n +paid_on)", r"\1total\2", text))
    with pytest.raises(SettingError, match=r"payment avidxchange-payment-\d+ .* amount must be number"):
        company.read(profile=str(wrong))


def test_what_becomes_of_a_payment_after_it_settled_is_read(company: PayingCompany):
    company.submit(1)
    (number,) = company.pay(settle=False)
    company.control("/control/payments/exception", {"ids": [number], "reason": "Returned by the supplier"})
    before = company.read()
    (payment,) = before.records("payments")
    assert payment["exception_reason"] == "Returned by the supplier"
    assert (payment["cleared_on"], payment["has_cleared_image"]) == (None, False)
    assert payment["page_url"].endswith(number)
    company.later(1)
    company.control("/control/payments/settle", {"ids": [number]})
    company.control("/control/payments/exception", {"ids": [number]})
    company.control("/control/payments/clear", {"ids": [number]})
    (payment,) = company.read(before.state).records("payments")
    assert (payment["status"], payment["cleared_on"]) == ("settled", payment["settled_at"][:10])
    assert payment["native_status"].lower() == "cleared"
    assert not payment["exception_reason"]
    is_check = payment["method"] == "check"
    assert payment["has_cleared_image"] is is_check
    assert bool(payment["avidpay_check_number"]) is is_check


def test_words_that_nobody_has_heard_of_stop_no_run(company: PayingCompany):
    company.submit(2)
    first, second = company.pay()
    company.control("/control/payments/reword", {"ids": [first], "status": "Stale Dated", "method": "Wire"})
    read = {record["id"]: record for record in company.read().records("payments")}
    payment = read[first]
    assert (payment["status"], payment["native_status"]) == ("unknown", "Stale Dated")
    assert (payment["method"], payment["native_method"]) == ("unknown", "Wire")
    assert read[second]["status"] == "settled"


def test_images_of_cleared_checks_are_fetched_where_that_is_asked_for(company: PayingCompany, tmp_path: Path):
    company.submit(3)
    company.control("/control/payments/clear", {"ids": company.pay()})
    told = company.read(cleared_images=True, spool_url=str(tmp_path)).records("payments")
    read = {record["id"]: record for record in told}
    checks = {number for number, record in read.items() if record["method"] == "check"}
    assert {number for number, record in read.items() if record["cleared_image"]} == checks
    assert len(checks) == 1
    for number in checks:
        validator("payments")(read[number])
        image = read[number]["cleared_image"]
        assert image["name"] == f"avidxchange-payment-{number}.pdf"
        content = spool.read(str(tmp_path), image["sha256"], image["size"])
        assert f"Check {read[number]['check_number']}".encode() in content
    assert not any(record["cleared_image"] for record in company.read().records("payments"))


@pytest.mark.parametrize("status", [403, 404, 200])
def test_an_image_that_is_not_given_holds_no_payment_up(company: PayingCompany, tmp_path: Path, status: int):
    company.submit(3)
    numbers = company.pay()
    company.control("/control/payments/clear", {"ids": numbers})
    match = {"method": "GET", "path": "image", "times": 100}
    company.control(
        "/control/faults", {"match": match, "do": {"status": status, "body": {"Content": "AAAA"}}}
    )
    read = company.read(cleared_images=True, spool_url=str(tmp_path))
    assert sorted(read.ids()) == sorted(numbers)
    assert not any(record["cleared_image"] for record in read.records("payments"))
    assert company.read(read.state, cleared_images=True, spool_url=str(tmp_path)).records("payments") == []
