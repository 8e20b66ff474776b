"""Vendor credits: read with lines and applications, whatever their change is told by."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.schemas import validator
from tap_netsuite_ap.tap import TapNetSuiteAP
from tests.undated import HOUR, UNDATED

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap, Synced

CREDITS = "vendor_credits"


class CreditingAccount:
    """An account with an open bill, and vendor credits that somebody enters; the STATE from run to run."""

    def __init__(self, tap: SandboxTap) -> None:
        self.tap = tap
        self.do = tap.sandbox.control
        self.state: Record = {}
        books = sorted(tap.books().values(), key=lambda one: -(one["amount_due"] or 0))
        self.bill = next(one for one in books if one["status"] == "open" and one["currency"] == "USD")

    def enter(self, *amounts: str, **changes: object) -> str:
        """Enter a credit of the bill's vendor, coded as the bill's first line."""
        account = self.bill["lines"][0]["account_number"]
        lines = [{"account": account, "amount": amount, "memo": "Back"} for amount in amounts]
        new = {"vendor": self.bill["vendor_id"], "tranid": "CR-1", "lines": lines, **changes}
        (number,) = self.do("/control/netsuite/credits", {"credits": [new]})["ids"]
        return str(number)

    def apply(self, credit: str, amount: str) -> None:
        self.do(
            "/control/netsuite/apply-credit", {"credit": credit, "bill": self.bill["id"], "amount": amount}
        )

    def run(self, after: float = 2 * HOUR, **settings: Any) -> Synced:  # noqa: ANN401
        self.tap.pass_time(after)
        synced = self.tap.sync(self.state, only=CREDITS, **settings)
        self.state = synced.state
        for record in synced.records(CREDITS):
            validator(CREDITS)(record)
        return synced

    def told(self, **settings: Any) -> list[Record]:  # noqa: ANN401
        return self.run(**settings).records(CREDITS)


@pytest.fixture
def account(changing: SandboxTap) -> CreditingAccount:
    return CreditingAccount(changing)


@pytest.mark.parametrize("balance", ["hidden", "positive", "negative"])
@pytest.mark.parametrize("links", ["bill", "payment"])
def test_a_credit_is_read_whole(account: CreditingAccount, balance: str, links: str):
    account.do("/control/switches", {"netsuite.credit_balance": balance, "netsuite.credit_links": links})
    number = account.enter("30.00", "12.50", memo="Returned")
    account.apply(number, "2.50")
    told = {one["id"]: one for one in account.told()}[number]
    assert (told["total"], told["amount_available"]) == (Decimal("42.5"), Decimal(40))
    assert (told["number"], told["memo"], told["currency"]) == ("CR-1", "Returned", "USD")
    assert (told["status"], told["is_eligible"], told["ineligible_because"]) == ("open", True, None)
    assert told["external_id"].endswith(f"-vendorcredit-{number}")
    assert [(one["kind"], one["amount"], one["memo"]) for one in told["lines"]] == [
        ("expense", Decimal(30), "Back"),
        ("expense", Decimal("12.5"), "Back"),
    ]
    assert told["lines"][0]["account_number"] == account.bill["lines"][0]["account_number"]
    (applied,) = told["applications"]
    assert (applied["kind"], applied["bill_id"], applied["amount"]) == (
        "bill",
        account.bill["id"],
        Decimal("2.5"),
    )
    # A bill says the same of it.
    bill = {one["id"]: one for one in account.tap.sync(only="bills").records("bills")}[account.bill["id"]]
    assert (number, "credit") in {(one["id"], one["kind"]) for one in bill["applications"]}


def test_each_change_is_told_once(account: CreditingAccount):
    number = account.enter("30.00")
    assert number in account.run().ids(CREDITS)
    assert account.run().ids(CREDITS) == []
    account.apply(number, "10.00")
    (told,) = account.told()
    assert told["amount_available"] == Decimal(20)
    account.apply(number, "30.00")
    (told,) = account.told()
    assert (told["status"], told["amount_available"], told["is_eligible"]) == ("applied", Decimal(0), False)
    account.apply(number, "0")
    (told,) = account.told()
    assert (told["status"], told["amount_available"], told["applications"]) == ("open", Decimal(30), [])
    account.do("/control/netsuite/void-credit", {"id": number})
    (told,) = account.told()
    assert (told["is_eligible"], told["ineligible_because"]) == (False, "it is void")
    assert account.run().ids(CREDITS) == []


@pytest.mark.parametrize("spelled", ["record", "code", "words", "short", "localised"])
def test_a_deletion_is_told(account: CreditingAccount, spelled: str):
    account.do("/control/switches", {"netsuite.deleted_record_types": spelled})
    number = account.enter("30.00")
    account.run()
    account.do("/control/netsuite/delete", {"type": "vendorcredit", "id": number})
    (told,) = account.told()
    assert (told["id"], told["is_deleted"], told["lines"]) == (number, True, [])
    assert account.run().ids(CREDITS) == []


def test_what_no_date_tells_is_heard_within_one_sweep(account: CreditingAccount):
    account.do("/control/switches", UNDATED)
    number = account.enter("30.00")
    account.run()
    before = account.tap.sql("SELECT lastmodifieddate FROM ns_transaction WHERE id = ?", int(number))
    account.apply(number, "10.00")
    account.tap.sql("UPDATE ns_transaction SET lastmodifieddate = ? WHERE id = ?", before[0][0], int(number))
    assert account.run(after=60).ids(CREDITS) == []  # no sweep is due yet
    (told,) = account.told()
    assert (told["id"], told["amount_available"]) == (number, Decimal(20))
    assert account.run().ids(CREDITS) == []


def test_a_changed_line_is_told(account: CreditingAccount):
    number = account.enter("30.00")
    account.run()
    line = account.tap.sql(
        "SELECT uniquekey FROM ns_transactionline WHERE \"transaction\" = ? AND mainline = 'F'", int(number)
    )[0]["uniquekey"]
    account.tap.pass_time(60)
    account.do(
        "/control/netsuite/edit", {"table": "transactionline", "id": str(line), "set": {"memo": "Other"}}
    )
    (told,) = account.told()
    assert told["lines"][0]["memo"] == "Other"


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        ({"start_date": "2027-01-01"}, None),
        ({"exclude_vendors": ["{vendor}"]}, "exclude_vendors leaves out its vendor, {vendor}"),
        ({"vendors": ["1"]}, "vendors leaves out its vendor, {vendor}"),
        ({"subsidiaries": ["999"]}, "subsidiaries leaves out its subsidiary, {subsidiary}"),
        ({"bill_filter": "t.memo = 'x'"}, ""),
    ],
)
def test_the_settings_decide_what_is_submitted(
    account: CreditingAccount, settings: dict[str, Any], because: str | None
):
    number = account.enter("30.00")
    facts = {"vendor": account.bill["vendor_id"], "subsidiary": account.bill["subsidiary_id"]}
    given = {
        name: [one.format_map(facts) for one in value] if isinstance(value, list) else value
        for name, value in settings.items()
    }
    told = {one["id"]: one for one in account.told(**given)}
    if because is None:
        assert number not in told
        return
    assert (told[number]["ineligible_because"] or "") == because.format_map(facts)


def test_a_credit_on_hold_or_not_approved_is_not_submitted(account: CreditingAccount):
    held, pending = account.enter("30.00"), account.enter("20.00")
    account.do("/control/netsuite/edit", {"table": "transaction", "id": held, "set": {"paymenthold": "T"}})
    changes = {"approvalstatus": 1, "status": "D"}
    account.do("/control/netsuite/edit", {"table": "transaction", "id": pending, "set": changes})
    told = {one["id"]: one["ineligible_because"] for one in account.told()}
    assert told[held] == "it is on payment hold"
    assert told[pending] == "its status is pending_approval"


def test_it_is_read_by_who_selects_it_alone(account: CreditingAccount):
    streams = TapNetSuiteAP(config=account.tap.config).streams
    assert streams["bills"].selected_by_default
    assert not streams[CREDITS].selected_by_default


def test_a_role_without_bill_credits_is_told_of_the_credits_that_bills_name(account: CreditingAccount):
    number = account.enter("30.00")
    account.apply(number, "10.00")
    account.tap.pass_time(60)
    account.do("/control/switches", {"netsuite.missing_permissions": "Transactions -> Bill Credits"})
    synced = account.tap.sync(only=("bills", CREDITS), fails=True)
    assert synced.failure
    assert synced.failure.code == "APB-TNS-005"
    assert synced.failure.facts["hidden"] == f"vendor credits {number}"
    account.do("/control/switches", {"netsuite.missing_permissions": ""})
    assert number in account.tap.sync(only=("bills", CREDITS)).ids(CREDITS)
