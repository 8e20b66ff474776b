"""The picture of an invoice: the right bytes, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.canonical import CODING, bill, tombstone

from apbridge.ledger import Status

if TYPE_CHECKING:
    from conftest import Company


def test_it_follows_its_invoice_and_is_sent_once(company: Company):
    picture = company.picture()
    company.send(*CODING, bill(1, images=[picture]))
    assert company.image(1) == picture["sha256"]
    company.calls()
    company.send(bill(1, memo="New memo", images=[picture]))
    assert company.calls()["writes"] == 1


def test_it_is_replaced_when_the_file_changes_and_the_invoice_is_not_sent_again(company: Company):
    company.send(*CODING, bill(1, images=[company.picture()]))
    company.calls()
    other = company.picture(text=b"two")
    assert company.send(bill(1, images=[other])).counts == {"bills": {"delivered": 1}}
    assert company.image(1) == other["sha256"]
    assert company.calls()["writes"] == 1


def test_one_that_comes_later_is_sent_later(company: Company):
    company.send(*CODING, bill(1))
    picture = company.picture()
    company.send(bill(1, images=[picture]))
    assert company.image(1) == picture["sha256"]


def test_of_several_the_first_pdf_is_sent_and_the_others_are_named(
    company: Company, caplog: pytest.LogCaptureFixture
):
    scan = company.picture("scan.png", b"scan", "image/png")
    first, second = company.picture("first.pdf", b"1"), company.picture("second.pdf", b"2")
    company.send(*CODING, bill(1, images=[scan, first, second]))
    assert company.image(1) == first["sha256"]
    assert "not sent: second.pdf, scan.png" in caplog.text


@pytest.mark.parametrize("trouble", ["damaged", "missing", "type", "size", "refused"])
def test_one_that_fails_is_told_on_its_bill_and_the_invoice_stands(company: Company, trouble: str):
    picture = company.picture("bill.pdf")
    if trouble == "damaged":
        Path(picture["uri"].removeprefix("file://")).write_bytes(b"%PDF-else")
    elif trouble == "missing":
        Path(picture["uri"].removeprefix("file://")).unlink()
    elif trouble == "type":
        picture["media_type"] = "application/msword"
    elif trouble == "size":
        picture["size"] = 10_485_761
    else:
        picture["media_type"] = "image/png"
    result = company.send(*CODING, bill(1, images=[picture]))
    assert result.counts["bills"] == {"rejected": 1}
    row = company.row(1)
    assert row.status is Status.REJECTED
    assert row.reason
    assert "Bill INV-1" in row.reason
    assert "bill.pdf" in row.reason
    assert company.invoice(1)["status"] == "submitted"
    # Only the image is tried again, and it goes as soon as it can.
    company.calls()
    good = company.picture("bill.pdf")
    assert company.send(bill(1, images=[good])).counts == {"bills": {"delivered": 1}}
    assert company.image(1) == good["sha256"]
    assert company.calls()["writes"] == 1


def test_an_invoice_whose_image_failed_is_known_to_be_out(company: Company):
    picture = company.picture() | {"media_type": "image/png"}
    company.send(*CODING, bill(1, images=[picture]))
    company.send(tombstone(1))
    assert company.invoice(1)["status"] == "cancelled"


def test_an_image_that_is_there_is_not_sent_again_without_a_ledger(company: Company):
    messages = [*CODING, bill(1, images=[company.picture()])]
    company.send(*messages)
    company.lose_ledger()
    company.calls()
    company.send(*messages)
    assert company.calls()["writes"] == 0
