from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apbridge.errors import HeldError
from apbridge.ledger import ChangeKind, Ledger, RowUpdate, Status
from apbridge.ledger.held import held_changes
from apbridge.ledger.rows import HELD, HELD_BECAUSE

Apbridge = Callable[..., Any]
URL = "sqlite:///.apbridge/ledger.db"


def hold(*numbers: int, content: str = "c", change: ChangeKind = ChangeKind.WITHDRAW) -> None:
    with Ledger(URL) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        entries = []
        for number in numbers:
            name = f"netsuite-1-vendorbill-{number}"
            because = f"its date, 2026-10-{number:02}, is before start_date, 2026-11-01"
            held = HeldError("APB-BRK-001", because=because, name=f"INV-{number}", external_id=name)
            payload = {"number": f"INV-{number}", "total": Decimal("10.10"), "currency": "USD"}
            payload |= {"vendor_id": str(number), "due_date": f"2026-11-{number:02}"}
            entry = RowUpdate(
                "bills",
                name,
                str(number),
                content,
                Status.WAITING,
                code=held.code,
                says=held.says,
                do=held.do,
                payload=payload,
                held={HELD: change.key(content), HELD_BECAUSE: because},
            )
            entries.append(entry)
        vendor = RowUpdate(
            "vendors", "netsuite-1-vendor-2", "2", "c", Status.DELIVERED, facts={"name": "Acme"}
        )
        ledger.write(run.id, "avidxchange", [*entries, vendor])


def key(apbridge: Apbridge) -> str:
    (found,) = json.loads(apbridge("approve", "--json").out)["held"]
    return str(found["key"])


@pytest.mark.usefixtures("project")
def test_what_is_held_is_shown_in_plain_words(apbridge: Apbridge):
    hold(*range(1, 13))
    shown = apbridge("approve")
    assert shown.code == 1
    assert "12 bills would be withdrawn from AvidXchange, 121.20 USD in all" in shown.out
    assert "12 for: such as that its date, 2026-10-01, is before start_date" in shown.out
    assert "INV-1 (netsuite-1-vendorbill-1), 10.10 USD, due 2026-11-01: its date" in shown.out
    assert "INV-2 (netsuite-1-vendorbill-2), Acme, 10.10 USD, due 2026-11-02: its date" in shown.out
    assert "and 2 more: apbridge exceptions list" in shown.out
    assert key(apbridge) in shown.out
    assert "held all the same" in apbridge("exceptions", "retry", "--all").out
    assert "secrets" not in apbridge("exceptions", "show", "INV-1").out


@pytest.mark.usefixtures("empty_ledger")
def test_nothing_held_is_well(apbridge: Apbridge):
    shown = apbridge("approve")
    assert (shown.code, shown.out) == (0, "Nothing is held.\n")


@pytest.mark.usefixtures("project")
def test_a_key_lets_exactly_that_through_and_stands_on_the_trail(apbridge: Apbridge):
    hold(1, 2, 3)
    shown = key(apbridge)
    assert "APB-BRK-012" in apbridge("approve", shown).err
    told = apbridge("approve", shown, "--why", "The subsidiary was sold", "--who", "Ann")
    assert "3 bills would be withdrawn from AvidXchange: 3 approved by Ann" in told.out
    assert "approved, with the next run" in apbridge("approve").out
    assert apbridge("approve").code == 0
    trail = apbridge("audit", "show", "INV-2").out
    assert "approve to withdraw" in trail
    assert "The subsidiary was sold" in trail
    assert "APB-BRK-011" in apbridge("approve", shown, "--why", "again").err


@pytest.mark.usefixtures("project")
def test_a_key_is_no_blank_cheque(apbridge: Apbridge):
    hold(1, 2, 3)
    shown = key(apbridge)
    hold(4)
    assert "APB-BRK-011" in apbridge("approve", shown, "--why", "x").err
    shown = key(apbridge)
    hold(4, content="other")
    assert "APB-BRK-011" in apbridge("approve", shown, "--why", "x").err
    assert key(apbridge) != shown
    with Ledger(URL) as ledger:
        assert held_changes(ledger, is_approved=True) == []


@pytest.mark.usefixtures("project")
def test_what_came_otherwise_after_it_was_approved_is_held_again(apbridge: Apbridge):
    hold(1)
    apbridge("approve", key(apbridge), "--why", "x")
    hold(1, content="other")
    assert apbridge("approve").code == 1
