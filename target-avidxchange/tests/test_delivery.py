"""What arrives in AvidXchange, in which order, and how often."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from apbridge import json
from apbridge.errors import APBridgeError, SettingError
from apbridge.http import GovernedSession
from target_avidxchange.target import TargetAvidXchange
from tests.canonical import (
    CODING,
    READ,
    STREAMS,
    account,
    applied,
    bill,
    department,
    line,
    location,
    shuffled,
    singer,
    vendor,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

pytestmark = pytest.mark.long

CODED: dict[str, Any] = {"department_id": "1", "class_id": "1", "location_id": "1"}


def test_everything_lands_once_with_its_coding(company: ReceivingCompany):
    lines = [line(1, "70.10", **CODED), line(2, "-20.05", 2, memo="Credit"), line(3, "0")]
    result = company.send(*CODING, bill(1, *lines), state={"bookmarks": {}})
    assert result.counts == {
        "vendors": {"delivered": 2},
        "gl_accounts": {"delivered": 2},
        "departments": {"delivered": 1},
        "classes": {"delivered": 1},
        "locations": {"delivered": 1},
        "bills": {"delivered": 1},
    }
    (told,) = result.states
    assert told["bookmarks"] == {}
    shown = json.loads(company.invoice(1)["content"])
    assert shown["total"] == Decimal("50.05")
    assert [(one["glCode"], one["amount"]) for one in shown["lines"]] == [
        ("6001", Decimal("70.10")),
        ("6002", Decimal("-20.05")),
        ("6001", Decimal("0.00")),
    ]
    assert [shown["lines"][0][name] for name in ("department", "class", "location")] == ["1", "1", "1"]


@pytest.mark.parametrize("seed", range(5))
def test_no_order_of_messages_makes_an_invoice_come_too_early(company: ReceivingCompany, seed: int):
    bills = [bill(n, line(1, "5.00", 1 + n % 2, **CODED), of_vendor=1 + n % 2) for n in range(1, 13)]
    result = company.send(*shuffled([*CODING, *bills, *bills[:5]], seed))
    assert result.counts["bills"] == {"delivered": 12}
    assert company.calls()["refusals"] == {}
    assert len(company.rows("SELECT 1 FROM ax_invoice")) == 12


def stages(company: ReceivingCompany) -> list[int]:
    """Return in which order writes came since last time: of vendors (0), of coding (1), of invoices (2)."""
    kinds = (("/vendors",), ("account", "/dimensions", "codes"), ("/invoices",))
    told = [one.lower() for one in company.calls()["writes_in_order"]]
    found = [next(n for n, words in enumerate(kinds) if any(w in one for w in words)) for one in told]
    return [stage for stage, _ in groupby(found)]


@pytest.mark.parametrize("seed", range(3))
def test_vendors_are_written_before_coding_and_coding_before_bills_however_they_come(
    company: ReceivingCompany, seed: int
):
    bills = [bill(n, line(1, "5.00", 1 + n % 2, **CODED), of_vendor=1 + n % 2) for n in range(1, 9)]
    bills.append(bill(9, images=[company.picture()]))
    streams = [*STREAMS[::-1]]
    company.send(*shuffled([*CODING, *bills], seed), streams=streams)
    assert stages(company) == [0, 1, 2]
    # All of these may go at once: what they refer to is acknowledged, and changes.
    changed = [
        vendor(1, name="New Name"),
        account(1, name="New Name"),
        location(1, full_name="New Name"),
        *(bill(n, memo="New memo") for n in range(1, 9)),
    ]
    company.send(*shuffled(changed, seed), before=READ, streams=streams)
    assert stages(company) == [0, 1, 2]


@pytest.mark.parametrize("batch", [1, 3])
def test_so_it_is_in_every_batch(company: ReceivingCompany, batch: int):
    company.given(*CODING)
    company.calls()
    company.batch = batch
    changed = [
        bill(1),
        vendor(1, name="New"),
        bill(2),
        account(1, name="New"),
        bill(3),
        vendor(2, name="New"),
    ]
    company.send(*changed, streams=STREAMS[::-1], brake_off=True)
    assert stages(company) == ([2, 0, 2, 1, 2, 0] if batch == 1 else [0, 2, 0, 1, 2])


def test_a_second_run_asks_for_nothing_but_what_changed(company: ReceivingCompany):
    messages = [*CODING, bill(1, line(1, "9.99", **CODED), images=[company.picture()])]
    company.send(*messages)
    company.calls()
    result = company.send(*messages)
    assert company.asked_for() == ["what changed"]
    assert result.counts["bills"] == {"unchanged": 1}
    assert result.counts["vendors"] == {"unchanged": 2}


def test_what_our_own_payments_change_of_a_bill_is_nothing_to_send(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.calls()
    partly = bill(1, amount_due=Decimal("23.45"), applications=[applied(9, "100.00", ours=True)])
    paid = bill(
        1,
        amount_due=Decimal(0),
        status="paid",
        is_eligible=False,
        ineligible_because="its status is paid",
        applications=[applied(9, "100.00", ours=True), applied(10, "23.45", ours=True)],
    )
    for message in (partly, paid):
        assert company.send(message).counts == {"bills": {"unchanged": 1}}
    assert company.asked_for() == ["what changed"] * 2


def test_a_bill_waits_for_its_vendor_and_codes_and_goes_by_itself(company: ReceivingCompany):
    coded = bill(1, line(1, "5.00", 2, **CODED), of_vendor=2)
    result = company.send(vendor(1), account(1), coded)
    assert result.counts["bills"] == {"waiting": 1}
    waits = {need.external_id.removeprefix("netsuite-1234567_SB1-") for need in company.row(1).waits_for}
    assert waits == {"vendor-2", "account-2", "department-1", "classification-1", "location-1"}
    company.send(*CODING[:4])
    assert company.invoice(1) is None
    result = company.send(*CODING[4:])
    assert result.counts["bills"] == {"delivered": 1}
    assert company.invoice(1)["status"] == "submitted"
    assert company.calls()["refusals"] == {}


def test_a_changed_bill_is_sent_again_while_that_is_allowed(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    result = company.send(bill(1, line(1, "99.00")))
    assert result.counts["bills"] == {"delivered": 1}
    assert company.invoice(1)["total_cents"] == 9900
    assert len(company.rows("SELECT 1 FROM ax_invoice")) == 1


def test_a_vendor_that_changes_is_sent_again_and_nothing_else(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.calls()
    company.send(*shuffled([vendor(1, name="New Name"), *CODING[1:], bill(1)], 1))
    assert company.calls()["written"] == 1


def test_ineligible_and_never_submitted_is_ignored(company: ReceivingCompany):
    held = bill(1, is_eligible=False, ineligible_because="it is on payment hold")
    assert company.send(*CODING, held).counts["bills"] == {"ignored": 1}
    assert company.invoice(1) is None
    assert company.send(bill(1)).counts["bills"] == {"delivered": 1}


def test_without_its_ledger_a_full_refresh_writes_nothing(company: ReceivingCompany):
    picture = company.picture()
    messages = [*CODING, department(2), location(2), bill(1, images=[picture]), bill(2)]
    company.send(*messages)
    company.calls()
    company.lose_ledger()
    result = company.send(*messages)
    calls = company.calls()
    assert calls["writes"] == 0
    assert result.counts["bills"] == {"unchanged": 2}
    assert company.send(*messages).counts["bills"] == {"unchanged": 2}
    assert company.asked_for() == ["what changed"]


def test_without_its_ledger_only_what_differs_is_written(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    company.lose_ledger()
    company.calls()
    result = company.send(*CODING, bill(1), bill(2, line(1, "1.00")), bill(3))
    assert result.counts["bills"] == {"unchanged": 1, "delivered": 2}
    assert company.calls()["written"] == 2


def test_a_bill_that_the_refresh_did_not_bring_is_still_known_to_be_out(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    company.lose_ledger()
    company.send(*CODING, bill(2), state={"bookmarks": {}})
    company.send(bill(1, is_eligible=False, ineligible_because="it is on payment hold"), before=READ)
    assert company.invoice(1)["status"] == "cancelled"


def test_a_bookmark_without_a_ledger_asks_for_a_full_refresh(company: ReceivingCompany):
    company.given(*CODING)
    company.lose_ledger()
    with pytest.raises(Exception, match="--full-refresh"):
        company.send(before={"bookmarks": {"bills": {"replication_key_value": "2026-11-02"}}})


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # the other names it in a setting
def test_tokens_of_another_company_stop_the_run_and_new_ones_of_the_same_do_not(company: ReceivingCompany):
    def asked() -> int:
        return sum(count for name, count in company.calls()["by_operation"].items() if "company" in name)

    company.send(*CODING, bill(1))
    assert asked() == 1
    company.send(*CODING, bill(1))
    assert asked() == 0

    company.run("UPDATE ax_company SET company_token = 'rotated-token'")
    company.send(*CODING, bill(1), company_token="rotated-token")
    assert asked() == 1
    company.send(*CODING, bill(1), company_token="rotated-token")
    assert asked() == 0

    company.run("UPDATE ax_company SET id = 4711, company_token = 'of-another-company'")
    with pytest.raises(SettingError, match="company 4711") as found:
        company.send(*CODING, bill(1), bill(2), company_token="of-another-company")
    assert found.value.code == "APB-LED-012"
    assert company.calls()["written"] == 0


def test_a_call_that_fails_is_tried_no_more_once_a_signal_has_come(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    target = TargetAvidXchange(config=company.config)
    monkeypatch.setattr(GovernedSession, "_tell", lambda *_: target.stop.set())
    busy = {"status": 503, "headers": {"Retry-After": "50"}}
    company.sandbox.control("/control/faults", {"match": {"path": "/vendors"}, "do": busy})
    with pytest.raises((APBridgeError, SystemExit)):
        target.listen(BytesIO(singer([vendor(1)], None, None)))  # type: ignore[arg-type]  # as `send` says
    asked = company.calls()["by_operation"]
    assert [count for call, count in asked.items() if "vendors" in call] == [1]
