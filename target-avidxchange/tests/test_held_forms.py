"""What is held of bills and codes that stay as they are in NetSuite, or of which only the image changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import ChangeKind, Ledger, Status
from apbridge.ledger.held import HeldChanges, held_changes
from tests.canonical import CODING, READ, account, bill, line

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

MEMO = {"avidconnect": "memo", "partner": "Comments", "avidsuite": "Memo"}
NAME = {"avidconnect": "name", "partner": "Description", "avidsuite": "Description"}
LIMITS: dict[str, Any] = {"before": READ, "brake_percent": 10}
BILLS = range(1, 13)


def edited(company: ReceivingCompany) -> dict[str, str]:
    """Write a profile that puts other texts into invoices and accounts; return the setting that names it."""
    file, of = company.folder / "ours.yaml", company.profile
    file.write_text(
        f"extends: {of}\nname: ours\nresources:\n"
        f"  invoice: {{upsert: {{body: {{{MEMO[of]}: number}}}}}}\n"
        f"  gl_account: {{upsert: {{body: {{{NAME[of]}: full_name || code}}}}}}\n"
    )
    return {"profile": str(file)}


def held(company: ReceivingCompany) -> list[HeldChanges]:
    with Ledger(company.config["ledger_url"]) as ledger:
        return held_changes(ledger)


def test_what_only_the_profile_sends_otherwise_is_held_as_that_and_changes_go_on(company: ReceivingCompany):
    accounts = [account(n, full_name=f"Costs : {n}") for n in BILLS]
    bills = [bill(n) for n in BILLS]
    company.send(*CODING, *accounts, *bills)
    lowered, renamed = bill(1, line(1, "5.00")), account(1, name="Renamed")
    with pytest.raises(RejectedError) as found:
        company.send(renamed, *accounts[1:], lowered, *bills[1:], **LIMITS, **edited(company))
    assert [(one.stream, one.change, len(one.records)) for one in held(company)] == [
        ("bills", ChangeKind.RESEND, 11),
        ("gl_accounts", ChangeKind.RESEND, 11),
    ]
    assert "11 bills would be sent to AvidXchange again in another form" in found.value.says
    assert "it did not change in NetSuite, nor did its codes" in found.value.says
    assert (company.invoice(1)["total_cents"], company.row(2).code) == (500, "APB-BRK-009")
    # The profile is put right: nothing is left of it, and nothing is written.
    company.calls()
    company.send(*accounts[1:], *bills[1:], **LIMITS)
    assert (held(company), company.calls()["written"]) == ([], 0)


def test_what_people_changed_in_avidxchange_is_not_put_down_to_the_profile(company: ReceivingCompany):
    accounts = [account(n) for n in BILLS]
    company.send(*CODING, *accounts)
    company.run("UPDATE ax_gl_account SET content = replace(content, 'Account', 'Konto')")
    with Ledger(company.config["ledger_url"]) as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE apbridge_records SET content_hash = ''")
    with pytest.raises(RejectedError, match="12 gl accounts would be changed in AvidXchange"):
        company.send(*CODING, *accounts, **LIMITS)


def test_replaced_images_count_as_changes_and_added_ones_do_not(company: ReceivingCompany):
    company.send(*CODING, *map(bill, BILLS))
    first, other = company.picture(), company.picture(text=b"two")
    result = company.send(*(bill(n, images=[first]) for n in BILLS), **LIMITS)
    assert result.counts["bills"] == {"delivered": 12}
    with pytest.raises(RejectedError, match=r"its image was replaced \(12\)"):
        company.send(*(bill(n, images=[other]) for n in BILLS), **LIMITS)
    assert {company.image(n) for n in BILLS} == {first["sha256"]}
    assert (company.row(1).status, company.row(1).code) == (Status.WAITING, "APB-BRK-003")
    # Up to the limit they go.
    again = [bill(n, images=[first if n > 10 else other]) for n in BILLS]
    assert company.send(*again, **LIMITS).counts["bills"] == {"delivered": 10, "unchanged": 2}
    assert company.image(1) == other["sha256"]
