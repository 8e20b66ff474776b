"""The picture of an invoice: the right bytes, once."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import SettingError
from apbridge.json import loads
from apbridge.ledger import Status
from tests.canonical import CODING, NS, bill, tombstone

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany


def test_it_follows_its_invoice_and_is_sent_once(company: ReceivingCompany):
    picture = company.picture()
    company.send(*CODING, bill(1, images=[picture]))
    assert company.image(1) == picture["sha256"]
    company.calls()
    company.send(bill(1, memo="New memo", images=[picture]))
    assert company.calls()["written"] == 1


def test_it_is_replaced_when_the_file_changes_and_the_invoice_is_not_sent_again(company: ReceivingCompany):
    company.send(*CODING, bill(1, images=[company.picture()]))
    company.calls()
    other = company.picture(text=b"two")
    assert company.send(bill(1, images=[other])).counts == {"bills": {"delivered": 1}}
    assert company.image(1) == other["sha256"]
    assert company.calls()["written"] == 1


def test_one_that_is_taken_off_its_bill_and_put_back_is_not_sent_again(company: ReceivingCompany):
    picture = company.picture()
    company.send(*CODING, bill(1, images=[picture]))
    company.send(bill(1, memo="Without"))
    company.calls()
    assert company.send(bill(1, memo="Without", images=[picture])).counts == {"bills": {"unchanged": 1}}
    assert company.calls()["written"] == 0
    assert company.image(1) == picture["sha256"]


def test_one_that_comes_later_is_sent_later(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    picture = company.picture()
    company.send(bill(1, images=[picture]))
    assert company.image(1) == picture["sha256"]


def test_of_several_the_first_pdf_is_sent_and_the_others_are_named(
    company: ReceivingCompany, caplog: pytest.LogCaptureFixture
):
    scan = company.picture("scan.png", b"scan", "image/png")
    first, second = company.picture("first.pdf", b"1"), company.picture("second.pdf", b"2")
    company.send(*CODING, bill(1, images=[scan, first, second]))
    assert company.image(1) == first["sha256"]
    assert "not sent: second.pdf, scan.png" in caplog.text


def test_one_that_fails_is_told_on_its_bill_and_the_invoice_stands(company: ReceivingCompany):
    troubles = dict(enumerate(["damaged", "missing", "type", "size", "empty", "refused"], start=1))
    pictures = {n: company.picture("bill.pdf", trouble.encode()) for n, trouble in troubles.items()}
    for n, trouble in troubles.items():
        picture = pictures[n]
        if trouble == "damaged":
            Path(picture["uri"].removeprefix("file://")).write_bytes(b"%PDF-else")
        elif trouble == "missing":
            Path(picture["uri"].removeprefix("file://")).unlink()
        elif trouble == "type":
            picture["media_type"] = "application/msword"
        elif trouble == "size":
            picture["size"] = 10_485_761
        elif trouble == "empty":
            picture["size"] = 0
        else:
            picture["media_type"] = "image/png"
    result = company.send(*CODING, *(bill(n, images=[picture]) for n, picture in pictures.items()))
    assert result.counts["bills"] == {"rejected": 6}
    for n, trouble in troubles.items():
        row = company.row(n)
        assert row.status is Status.REJECTED, trouble
        assert row.reason, trouble
        assert f"Bill INV-{n}" in row.reason
        assert "bill.pdf" in row.reason
        assert company.invoice(n)["status"] == "submitted"
        assert company.image(n) is None
    # Only the images are tried again, and they go as soon as they can.
    company.calls()
    good = {n: company.picture("bill.pdf", trouble.encode()) for n, trouble in troubles.items()}
    again = company.send(*(bill(n, images=[picture]) for n, picture in good.items()))
    assert again.counts == {"bills": {"delivered": 6}}
    assert {n: company.image(n) for n in good} == {n: picture["sha256"] for n, picture in good.items()}
    assert company.calls()["written"] == 6


@pytest.mark.parametrize("is_gone", [False, True])
def test_the_tap_is_asked_for_what_is_damaged_or_gone_but_not_by_a_dry_run(
    company: ReceivingCompany, *, is_gone: bool
):
    picture = company.picture()
    file, wanted = Path(picture["uri"].removeprefix("file://")), company.folder / "spool" / "wanted"
    file.write_bytes(b"%PDF-else")
    if is_gone:
        file.unlink()
    company.send(*CODING)
    company.send(bill(1, images=[picture]), dry_run=True)
    assert file.exists() is not is_gone
    assert not wanted.exists()
    company.send(bill(1, images=[picture]))
    assert not file.exists()
    (asked,) = wanted.glob(f"{NS}/*.json")
    assert loads(asked.read_bytes()) == {"sha256": picture["sha256"], "file": picture["id"], "bill": "1"}
    assert "the tap's next run fetches it again" in (company.row(1).reason or "")


def test_where_the_spool_is_not_here_nothing_is_made(company: ReceivingCompany, tmp_path: Path):
    company.send(*CODING, bill(1, images=[company.picture()]), spool_url=str(tmp_path / "elsewhere"))
    assert "same spool_url" in (company.row(1).reason or "")
    assert not (tmp_path / "elsewhere").exists()


def test_an_invoice_whose_image_failed_is_known_to_be_out(company: ReceivingCompany):
    picture = company.picture() | {"media_type": "image/png"}
    company.send(*CODING, bill(1, images=[picture]))
    company.send(tombstone(1))
    assert company.invoice(1)["status"] == "cancelled"


@pytest.mark.parametrize("trouble", ["damaged", "refused", "down"])
def test_a_failed_image_leaves_the_row_of_its_invoice_acknowledged(company: ReceivingCompany, trouble: str):
    company.given(*CODING)
    picture = company.picture()
    if trouble == "damaged":
        Path(picture["uri"].removeprefix("file://")).write_bytes(b"%PDF-else")
    elif trouble == "refused":
        picture["media_type"] = "image/png"
    else:
        down = {"match": {"path": "image"}, "do": {"status": 401}}
        company.sandbox.control("/control/faults", down)
    with pytest.raises(SettingError) if trouble == "down" else nullcontext():
        company.send(bill(1, images=[picture]))
    company.sandbox.control("/control/faults", method="DELETE")
    row, invoice = company.row(1), company.invoice(1)
    assert row.acknowledged_at
    assert row.facts["body"]
    assert row.facts["total"] == "123.45"
    assert row.facts["images"] == []
    if company.profile == "avidconnect":
        assert row.remote_id == str(invoice["id"])
    company.send(tombstone(1))
    assert company.invoice(1)["status"] == "cancelled"


def test_an_image_that_is_there_is_not_sent_again_without_a_ledger(company: ReceivingCompany):
    messages = [*CODING, bill(1, images=[company.picture()])]
    company.send(*messages)
    company.lose_ledger()
    company.calls()
    company.send(*messages)
    assert company.calls()["written"] == 0
