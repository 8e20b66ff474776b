"""The image of a cleared check, attached to the vendor payment, once for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from apbridge import spool
from apbridge.errors import SettingError
from apbridge.ledger import Status

from .company import PostingCompany
from .program import Target
from .records import in_full, voided

PICTURE = b"%PDF-1.4 a check"
NONE = {"has_cleared_image": True, "cleared_image": None}


def cleared(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a payment's record after its check was cleared, and its image fetched into the spool."""
    image = {"name": f"{record['external_id']}.pdf", "media_type": "application/pdf"}
    spooled = asdict(spool.put(str(folder), PICTURE))
    return {**record, "has_cleared_image": True, "cleared_image": {**image, **spooled}}


def attached(company: PostingCompany, payment: str) -> list[tuple[str, bytes]]:
    rows = company.rows(
        "SELECT f.name, f.content FROM ns_transactionfile a JOIN ns_file f ON f.id = a.file"
        ' WHERE "transaction" = ?',
        payment,
    )
    return [(row["name"], row["content"]) for row in rows]


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Any]:
    return {"check_image_folder": 7, "spool_url": str(tmp_path / "spool")}


def test_it_is_attached_once_for_ever(
    company: PostingCompany,
    target: Target,
    another_target: Callable[[], Target],
    images: dict[str, Any],
):
    record = in_full(company.bill())
    assert target.run(record, **images).counts == {"delivered": 1}
    posted = company.payment(record)
    later = cleared(record, images["spool_url"])
    company.forget_calls()
    assert target.run(later, **images).counts == {"delivered": 1}
    assert attached(company, posted.id) == [(f"{record['external_id']}.pdf", PICTURE)]
    assert company.payment(record) == posted
    company.forget_calls()
    assert target.run(later, **images).counts == {"unchanged": 1}
    assert company.calls == 0
    target.run({**later, "settled_at": "2026-11-02T16:00:00Z"}, **images)
    assert another_target().run(later, **images).counts == {"delivered": 1}
    assert company.writes == 0
    assert len(attached(company, posted.id)) == 1
    assert not any(PICTURE.decode() in str(row) for row in target.trail(record))


def test_it_comes_with_a_payment_that_is_new_and_survives_a_lost_answer(
    company: PostingCompany, target: Target, images: dict[str, Any]
):
    bill = company.bill()
    record = cleared(in_full(bill), images["spool_url"])
    company.fault({"drop": "after"}, path="restlet", times=1)
    assert target.run(record, **images).counts == {"delivered": 1}
    assert len(attached(company, company.payment(record).id)) == 1
    assert company.unpaid(bill) == 0


@pytest.mark.parametrize(
    "do",
    [
        {"status": 400, "body": {"error": {"code": "UNKNOWN_ACTION", "message": "No."}}},
        {"status": 200, "body": {"payment": "1", "file": "7", "added": True}},
        {"status": 200, "body": {"other": "script"}},
    ],
)
def test_what_is_not_taken_holds_no_payment_up_and_is_told(
    company: PostingCompany, target: Target, images: dict[str, Any], do: dict[str, Any]
):
    bill, other = company.bill(), company.bill()
    record = cleared(in_full(bill), images["spool_url"])
    company.fault(do, path="restlet")
    assert target.run(record, in_full(other), **images).counts == {"delivered": 1, "rejected": 1}
    posted, row = company.payment(record), target.row(record)
    assert (row.status, row.code, row.remote_id) == (Status.REJECTED, "APB-PAY-124", posted.id)
    assert (company.unpaid(bill), company.unpaid(other), attached(company, posted.id)) == (0, 0, [])
    company.calm()
    target.run(**images)
    assert (target.row(record).status, len(attached(company, posted.id))) == (Status.DELIVERED, 1)
    assert company.payment(record) == posted


def test_a_folder_that_is_not_there_is_told(company: PostingCompany, target: Target, images: dict[str, Any]):
    record = cleared(in_full(company.bill()), images["spool_url"])
    target.run(record, **{**images, "check_image_folder": "999"})
    assert target.row(record).code == "APB-PAY-124"
    assert "999" in str(target.row(record).says)
    target.run(**images)
    assert len(attached(company, company.payment(record).id)) == 1


def test_one_that_was_not_fetched_is_told_until_it_is(
    company: PostingCompany, target: Target, images: dict[str, Any]
):
    bill = company.bill()
    record = in_full(bill)
    target.run({**record, **NONE}, **images)
    assert (target.row(record).code, company.unpaid(bill)) == ("APB-PAY-125", 0)
    target.run(cleared(record, Path(images["spool_url"])), **images)
    assert len(attached(company, company.payment(record).id)) == 1
    lost = cleared(in_full(company.bill()), Path(images["spool_url"]) / "elsewhere")
    lost["cleared_image"]["sha256"] = "0" * 64
    target.run(lost, **images)
    assert target.row(lost).code == "APB-PAY-125"


def test_without_the_setting_nobody_is_asked(company: PostingCompany, target: Target, images: dict[str, Any]):
    record = in_full(company.bill())
    target.run(record)
    company.forget_calls()
    assert target.run(cleared(record, images["spool_url"])).counts == {"unchanged": 1}
    assert company.calls == 0


def test_a_dry_run_attaches_nothing_and_a_void_neither(
    company: PostingCompany, target: Target, images: dict[str, Any]
):
    record = in_full(company.bill())
    target.run(record)
    later, number = cleared(record, images["spool_url"]), company.payment(record).id
    assert target.run(later, dry_run=True, **images).counts == {"delivered": 1}
    target.run(voided(later), **images)
    assert (attached(company, number), company.payment(record).is_voided) == ([], True)


def test_it_takes_a_restlet(company: PostingCompany, target: Target, images: dict[str, Any]):
    with pytest.raises(SettingError, match="check_image_folder is set, but no RESTlet"):
        target.run(
            in_full(company.bill()), **images, restlet_script=None, restlet_deploy=None, on_void="delete"
        )
