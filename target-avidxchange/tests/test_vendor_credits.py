"""Vendor credits: what a payment may use of each, and what is said where AvidXchange may use more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, Row, Status
from apbridge.links import LinkKind, Links, RecordLink
from target_avidxchange.vendor_credits import scaled
from tests.canonical import (
    CODING,
    NS,
    READ_WITH_CREDITS,
    WITH_CREDITS,
    Message,
    bill,
    credit,
    credit_tombstone,
    department,
    line,
    vendor,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany, TargetResult

HELD: dict[str, Any] = {"is_eligible": False, "ineligible_because": "it is on payment hold"}
VOID = {"is_eligible": False, "ineligible_because": "it is void", "total": 0, "amount_available": 0}
DELETED: Mapping[str, Any] = {"is_deleted": True}
FULL = {"is_eligible": False, "ineligible_because": "its status is applied", "status": "applied"}
INVOICE = f"{NS}-vendorbill-1"


def left(amount: str) -> dict[str, Any]:
    """Return how a credit of 100.00 is told of which so much is not applied."""
    closed = FULL if not Decimal(amount) else {}
    return {"amount_available": Decimal(amount), **closed}


@dataclass(frozen=True)
class Case:
    """A credit of 100.00 that is sent, used there, and told again.

    Attributes:
        then: What it is told as the second time.
        ends: What becomes of that: an outcome, or the code of a rejection.
        stands: Status and total in AvidXchange at the end; None where it was never sent.
        first: How it differs the first time.
        used: What a payment in AvidXchange uses of it in between.
        settles: Whether that payment is settled.
        voids: Whether it is voided then.
    """

    then: Mapping[str, Any]
    ends: str
    stands: tuple[str, str] | None
    first: Mapping[str, Any] = field(default_factory=dict)
    used: str | None = None
    settles: bool = True
    voids: bool = False


SMALLER = {
    "lines": [line(1, "60.00"), line(2, "20.00")],
    "total": Decimal("80.00"),
    "amount_available": Decimal("80.00"),
}
RECODED = {"lines": [line(1, "60.00", 2), line(2, "40.00", memo="Returned")]}
CASES = {
    # Nobody has used it there
    "nothing changed": Case({}, "unchanged", ("submitted", "100.00")),
    "a part is applied by hand": Case(left("30.00"), "delivered", ("submitted", "30.00")),
    "applied by hand in full": Case(left("0"), "delivered", ("cancelled", "100.00")),
    "a part was applied before": Case(
        left("70.00"), "unchanged", ("submitted", "70.00"), first=left("70.00")
    ),
    "a hand application is undone": Case(
        left("100.00"), "delivered", ("submitted", "100.00"), first=left("70.00")
    ),
    "lowered": Case(SMALLER, "delivered", ("submitted", "80.00")),
    "coded otherwise": Case(RECODED, "delivered", ("submitted", "100.00")),
    "held": Case(HELD, "delivered", ("cancelled", "100.00")),
    "void": Case(VOID, "delivered", ("cancelled", "100.00")),
    "deleted": Case(DELETED, "delivered", ("cancelled", "100.00")),
    "held at first": Case({}, "delivered", ("submitted", "100.00"), first=HELD),
    "held, and stays so": Case(HELD, "unchanged", None, first=HELD),
    "applied at first, and voided": Case(VOID, "ignored", None, first=left("0")),
    "of another vendor": Case({"vendor_id": "2"}, "delivered", ("submitted", "100.00")),
    # A payment of AvidXchange's own uses it
    "used, and that is posted": Case(left("60.00"), "unchanged", ("approved", "100.00"), used="40.00"),
    "used in full, and that is posted": Case(left("0"), "unchanged", ("paid", "100.00"), used="100.00"),
    "used, and not posted yet": Case({"memo": None}, "unchanged", ("approved", "100.00"), used="40.00"),
    "applied by hand in place of the posting": Case(
        left("60.00"), "unchanged", ("approved", "100.00"), used="40.00"
    ),
    "used in full, and held": Case(
        {**left("0"), **HELD, "status": "open"}, "unchanged", ("paid", "100.00"), used="100.00"
    ),
    "used, freed, and applied by hand": Case(
        left("60.00"), "delivered", ("submitted", "60.00"), used="40.00", voids=True
    ),
    "used, freed, and the link is gone": Case(
        left("100.00"), "unchanged", ("submitted", "100.00"), used="40.00", voids=True
    ),
    # … and NetSuite has less
    "used, and more is applied by hand": Case(
        left("10.00"), "APB-TAX-060", ("approved", "100.00"), used="40.00"
    ),
    "on its way, and applied by hand": Case(
        left("0"), "APB-TAX-060", ("scheduled", "100.00"), used="100.00", settles=False
    ),
    "on its way, and a part is applied by hand": Case(
        left("30.00"), "APB-TAX-060", ("scheduled", "100.00"), used="50.00", settles=False
    ),
    "on its way, and held": Case(HELD, "APB-TAX-060", ("scheduled", "100.00"), used="10.00", settles=False),
    "used, and voided": Case(VOID, "APB-TAX-060", ("approved", "100.00"), used="40.00"),
    "used in full, and voided": Case(VOID, "APB-TAX-061", ("paid", "100.00"), used="100.00"),
    "used in full, and deleted": Case(DELETED, "APB-TAX-061", ("paid", "100.00"), used="100.00"),
    "used, and lowered": Case(SMALLER, "APB-TAX-060", ("approved", "100.00"), used="40.00"),
    "used, and coded otherwise": Case(RECODED, "APB-TAX-062", ("approved", "100.00"), used="40.00"),
}
NUMBERS = {name: number for number, name in enumerate(CASES, 1)}


def told(number: int, changes: Mapping[str, Any]) -> Message:
    if changes.get("is_deleted"):
        return credit_tombstone(number)
    return credit(number, **changes)


def send(company: ReceivingCompany, *messages: Message, **options: Any) -> TargetResult:  # noqa: ANN401
    """Send what changed; the first run of a ledger reads everything."""
    has_begun = (company.folder / "ledger.db").exists()
    return company.send(
        *messages,
        streams=WITH_CREDITS,
        state=READ_WITH_CREDITS,
        before=READ_WITH_CREDITS if has_begun else None,
        **options,
    )


def stands(company: ReceivingCompany, number: int) -> tuple[str, str] | None:
    name = f"{NS}-vendorcredit-{number}"
    found = company.rows(f"SELECT status, total_cents FROM ax_invoice WHERE external_id = '{name}'")  # noqa: S608
    return (found[0]["status"], f"{Decimal(-found[0]['total_cents']).scaleb(-2):.2f}") if found else None


def row(company: ReceivingCompany, number: int) -> Row:
    name = f"{NS}-vendorcredit-{number}"
    with Ledger(company.config["ledger_url"]) as ledger:
        return ledger.rows("avidxchange", "vendor_credits", [name])[name]


def use(company: ReceivingCompany, number: int, case: Case) -> None:
    """Pay so much of the invoice by a payment of nothing, with the credit."""
    assert case.used
    name = f"{NS}-vendorcredit-{number}"
    shares = [{"external_id": INVOICE, "amount": case.used}, {"external_id": name, "amount": f"-{case.used}"}]
    paid = company.sandbox.control("/control/payments/pay", {"invoices": shares})
    for step in ["settle"] * case.settles + ["void"] * case.voids:
        company.sandbox.control(f"/control/payments/{step}", paid)


def test_every_case_ends_as_it_should(company: ReceivingCompany):
    send(
        company,
        *CODING,
        bill(1, line(1, "5000.00")),
        *(told(NUMBERS[name], one.first) for name, one in CASES.items()),
    )
    company.approve(1)
    for name, case in CASES.items():
        if case.used:
            use(company, NUMBERS[name], case)
    result = send(company, *(told(NUMBERS[name], one.then) for name, one in CASES.items()))
    codes = {name: row(company, number).code for name, number in NUMBERS.items()}
    assert codes == {name: one.ends if one.ends.startswith("APB") else None for name, one in CASES.items()}
    ends = Counter("rejected" if one.ends.startswith("APB") else one.ends for one in CASES.values())
    assert result.counts == {"vendor_credits": ends}
    there = {name: stands(company, number) for name, number in NUMBERS.items()}
    assert there == {name: one.stands for name, one in CASES.items()}

    # Told once more nothing is written, and what is not right is said again.
    company.calls()
    again = send(company, *(told(NUMBERS[name], one.then) for name, one in CASES.items()))
    assert again.counts["vendor_credits"]["rejected"] == ends["rejected"]
    assert {name: stands(company, number) for name, number in NUMBERS.items()} == there
    # Nothing is sent but what AvidXchange refuses once more.
    assert company.calls()["written"] == sum(
        one.ends in {"APB-TAX-060", "APB-TAX-062"} for one in CASES.values()
    )


def test_a_credit_over_a_part_has_its_lines_in_the_same_proportions(company: ReceivingCompany):
    thirds = [line(number, "33.33", quantity=Decimal(3), rate=Decimal("11.11")) for number in (1, 2)]
    whole = credit(1, *thirds, line(3, "33.34"), amount_available=Decimal("10.00"))
    send(company, *CODING, whole)
    assert stands(company, 1) == ("submitted", "10.00")
    lines = company.rows("SELECT amount_cents, quantity FROM ax_invoice_line ORDER BY place")
    assert [(-one["amount_cents"], one["quantity"]) for one in lines] == [
        (333, None),
        (334, None),
        (333, None),
    ]


@pytest.mark.parametrize("wanted", ["0.01", "1.00", "33.33", "99.99", "100.00"])
def test_scaled_lines_sum_to_the_cent(wanted: str):
    lines = [line(1, "150.00"), line(2, "-75.25"), line(3, "0.01"), line(4, "25.24")]
    _, whole = credit(1, *lines)
    part = scaled(whole, Decimal(wanted))
    assert sum(one["amount"] for one in part["lines"]) == part["total"] == Decimal(wanted)


def test_lines_that_do_not_sum_are_refused_by_name(company: ReceivingCompany):
    send(company, *CODING, credit(1, total=Decimal("90.00"), amount_available=Decimal("90.00")))
    assert row(company, 1).code == "APB-TAX-014"


def test_it_comes_after_its_vendor_and_codes(company: ReceivingCompany):
    coded = credit(1, line(1, "100.00", department_id="9"), of_vendor=9)
    assert send(company, *CODING, coded).counts["vendor_credits"] == {"waiting": 1}
    company.calls()
    send(company, vendor(9), department(9))
    assert stands(company, 1) == ("submitted", "100.00")
    writes = company.sandbox.calls()["avidxchange"]["writes_in_order"]
    assert len(writes) == 3
    assert "vendors" in writes[0]


def test_without_a_vendor_it_is_rejected_as_a_credit(company: ReceivingCompany):
    send(company, *CODING, credit(1, vendor_id=None))
    assert (row(company, 1).says or "").startswith("Vendor credit CR-1")


def test_of_a_vendor_that_is_linked_by_its_own_id_it_names_that(company: ReceivingCompany):
    order = {"records": [{"name": "ACME", "active": True}], "dimension": None}
    (own,) = company.sandbox.control("/control/avidxchange/enter/vendors", order)["ids"]
    file = str(company.folder / "links.csv")
    Links.load(file).put(RecordLink("vendors", f"{NS}-vendor-1", LinkKind.HERE, str(own)))
    assert send(company, *CODING, credit(1), links=file).counts["vendor_credits"] == {"delivered": 1}
    (kept,) = company.rows("SELECT content FROM ax_invoice")
    sent = json.loads(kept["content"])
    assert (str(sent["vendorId"]), sent["vendorExternalId"]) == (str(own), None)
    # Once a payment uses it, AvidXchange does not let it go to another record.
    (other,) = company.sandbox.control("/control/avidxchange/enter/vendors", order)["ids"]
    send(company, bill(1), links=file)
    company.approve(1)
    use(company, 1, Case({}, "", None, used="40.00"))
    Links.load(file).put(RecordLink("vendors", f"{NS}-vendor-1", LinkKind.HERE, str(other)))
    send(company, vendor(1), credit(1), links=file)
    assert (row(company, 1).code, stands(company, 1)) == ("APB-VND-008", ("approved", "100.00"))


def test_no_invoice_is_taken_for_a_credit_nor_the_other_way(company: ReceivingCompany):
    send(company, *CODING, bill(1), credit(1))
    company.lose_ledger()
    again = send(company, *CODING, bill(1), credit(1))
    assert again.counts["bills"] == again.counts["vendor_credits"] == {"unchanged": 1}
    with Ledger(company.config["ledger_url"]) as ledger:
        assert len(list(ledger.all_rows("avidxchange", "bills"))) == 1


def test_a_lost_ledger_still_takes_back_what_was_deleted(company: ReceivingCompany):
    send(company, *CODING, credit(1), credit(2))
    company.lose_ledger()
    with pytest.raises(RejectedError, match=f"They are: {NS}-vendorcredit-1[.]") as told_of:
        send(company, *CODING, credit(2))
    assert told_of.value.code == "APB-TAX-064"
    send(company, credit_tombstone(1))
    assert stands(company, 1) == ("cancelled", "100.00")


def test_a_run_that_is_cut_off_submits_it_once(company: ReceivingCompany):
    send(company, *CODING)
    with company.cut_off("vendor_credits"):
        send(company, credit(1))
    company.calls()
    assert send(company, credit(1)).counts["vendor_credits"] == {"unchanged": 1}
    assert company.calls()["written"] == 0


def test_an_answer_that_is_lost_is_looked_up(company: ReceivingCompany):
    send(company, *CODING)
    company.sandbox.control(
        "/control/faults",
        {
            "match": {"path": "/(credit-memos|invoices)", "method": "(PUT|POST)", "times": 1},
            "do": {"drop": "after"},
        },
    )
    send(company, credit(1))
    assert len(company.rows("SELECT 1 FROM ax_invoice")) == 1
    assert row(company, 1).status is Status.DELIVERED


def test_it_is_submitted_and_taken_back_in_one_run(company: ReceivingCompany):
    company.batch = 1
    send(company, *CODING, credit(1), credit_tombstone(1))
    assert stands(company, 1) == ("cancelled", "100.00")
    send(company, credit(1))
    assert stands(company, 1) == ("submitted", "100.00")


def test_the_loudest_one_names_both_figures_and_ends_by_itself(company: ReceivingCompany):
    send(company, *CODING, bill(1, line(1, "5000.00")), credit(1))
    company.approve(1)
    use(company, 1, Case({}, "", None, used="100.00", settles=False))
    send(company, credit(1, **left("25.00")))
    found = row(company, 1)
    assert found.says
    assert found.says.startswith("UNDERPAYMENT RISK: of vendor credit CR-1")
    assert "NetSuite has 25.00 USD left" in found.says
    assert "over 100.00 USD, with 0.00 USD of it used" in found.says
    payment = company.rows("SELECT id FROM ax_payment")[0]["id"]
    company.sandbox.control("/control/payments/fail", {"ids": [str(payment)]})
    assert send(company).counts == {"vendor_credits": {"delivered": 1}}
    assert stands(company, 1) == ("submitted", "25.00")


def test_a_contract_without_credits_says_so_once(company: ReceivingCompany):
    profile = company.folder / "without.yaml"
    profile.write_text(f"extends: {company.profile}\nname: without\nresources:\n  credit: null\n")
    options = {"profile": str(profile)}
    first = send(company, *CODING, credit(1, **HELD), credit(2), credit(3), **options)
    assert first.counts["vendor_credits"] == {"ignored": 2, "rejected": 1}
    assert row(company, 2).code == "APB-TAX-063"
    later = send(company, credit(4), credit(5), credit(2, **left("0")), **options)
    assert later.counts["vendor_credits"] == {"ignored": 3}
    assert company.rows("SELECT 1 FROM ax_invoice") == []
    # Once the contract takes them, a full refresh brings them.
    sent = send(company, credit(3), credit(4))
    assert sent.counts["vendor_credits"] == {"delivered": 2}


def test_a_dry_run_foresees_what_would_be_refused(company: ReceivingCompany):
    send(company, *CODING, bill(1, line(1, "5000.00")), credit(1), credit(2))
    company.approve(1)
    use(company, 1, Case({}, "", None, used="100.00", settles=False))
    company.calls()
    result = send(company, credit(1, **HELD), credit(2, **HELD), credit(3), dry_run=True)
    assert result.counts["vendor_credits"] == {"delivered": 2, "rejected": 1}
    assert company.calls()["written"] == 0
