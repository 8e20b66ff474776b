"""`record_answers`: the target keeps the shapes of what is answered to writes, and tells of other errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apbridge.avidxchange.recording import KEPT_AS
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from tests.canonical import CODING, bill, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany


def kept(company: ReceivingCompany) -> dict[str, int]:
    """Tell how many answers are kept, by operation."""
    with Ledger(company.config["ledger_url"]) as ledger:
        found = RunHistory(ledger).recall_all(KEPT_AS).values()
    return {one.value["operation"]: one.value["seen"]["answers"] for one in found}


def test_what_is_answered_to_writes_is_kept_and_of_a_dry_run_nothing(company: ReceivingCompany):
    company.send(*CODING, bill(1), record_answers=True, dry_run=True)
    assert kept(company) == {}
    company.send(*CODING, bill(1), record_answers=True)
    found = kept(company)
    assert found["invoice.upsert"] == 1
    assert {"vendor.upsert", "gl_account.upsert", "dimension_value.upsert"} <= found.keys()


def test_without_it_nothing_is_kept(company: ReceivingCompany):
    company.send(*CODING, bill(1))
    assert kept(company) == {}


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)
def test_an_error_of_another_form_is_told_once_and_fails_no_more_than_before(
    company: ReceivingCompany, caplog: pytest.LogCaptureFixture
):
    company.send(*CODING, bill(1), record_answers=True)
    company.switch("avidxchange.drift", "error")
    for warnings in (1, 0):
        caplog.clear()
        ended = company.send(vendor(7, name=""), bill(1), record_answers=True)
        assert ended.counts["vendors"] == {"rejected": 1}
        assert caplog.text.count("APB-AX-044") == warnings
