"""A bill whose submission no row tells of, because the run was cut off before it could write one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from tests.canonical import CODING, READ, Message, bill, line, tombstone, vendor

from apbridge.errors import UnavailableError
from apbridge.ledger import Entry, Ledger, Status

if TYPE_CHECKING:
    from conftest import Company


def send_and_be_cut_off(company: Company, *messages: Message) -> None:
    """Submit, and lose the ledger just when it is to be told of a bill's delivery."""
    write = Ledger.write

    def cut_off(self: Ledger, run_id: int, system: str, entries: Sequence[Entry]) -> Mapping[str, datetime]:
        if any(one.stream == "bills" and one.status is Status.DELIVERED for one in entries):
            raise UnavailableError("APB-LED-002", ledger="it", problem="gone")
        return write(self, run_id, system, entries)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "write", cut_off)
        with pytest.raises(UnavailableError):
            company.send(*messages, before=READ)
    assert company.invoice(1)["status"] == "submitted"


@pytest.mark.parametrize(
    ("spoilt", "outcome"),
    [
        (bill(1, of_vendor=7), "waiting"),
        (bill(1, line(1, "123.45", account_id=None)), "rejected"),
        (bill(1, total="much"), "rejected"),
    ],
)
def test_it_is_taken_back_though_the_bill_could_not_be_sent_in_between(
    company: Company, spoilt: Message, outcome: str
):
    company.send(*CODING, bill(2))
    send_and_be_cut_off(company, bill(1))
    for _ in range(2):
        assert company.send(spoilt, before=READ).counts == {"bills": {outcome: 1}}
    assert company.send(tombstone(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "cancelled"


def test_it_is_corrected_though_a_wrong_bill_came_in_between(company: Company):
    company.send(*CODING, bill(1))
    send_and_be_cut_off(company, bill(1, line(1, "999.00")))
    company.send(bill(1, of_vendor=7), before=READ)
    assert company.send(bill(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert '"999.00"' not in company.invoice(1)["content"]
    assert company.send(bill(1), before=READ).counts == {"bills": {"unchanged": 1}}


def test_it_is_taken_back_though_it_waited_before_in_the_same_run(company: Company):
    company.send(*CODING, bill(2))
    company.batch = 1
    send_and_be_cut_off(company, *CODING, bill(1, of_vendor=3), vendor(3))
    assert company.row(1).status is Status.WAITING
    assert company.send(tombstone(1), before=READ).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "cancelled"
