"""Vendor payments: told when they are voided or gone, and said to be hidden where the role sees none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.undated import HOUR

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap, Synced

STREAM = "vendor_payments"
NO_PAY_BILLS = {"netsuite.missing_permissions": "Transactions -> Pay Bills"}
ALL = {"netsuite.missing_permissions": ""}


class PayingAccount:
    """An account with vendor payments, and the STATE from run to run."""

    def __init__(self, tap: SandboxTap) -> None:
        self.tap = tap
        self.do = tap.sandbox.control
        self.state: Record = {}

    def run(self, after: float = 2 * HOUR, *, fails: bool = False) -> Synced:
        self.tap.pass_time(after)
        synced = self.tap.sync(self.state, only=STREAM, fails=fails)
        self.state = synced.state
        return synced

    def pay(self) -> str:
        """Pay a cent of an open bill by hand, in a period that is open still."""
        bill = next(number for number, one in self.tap.books().items() if one["status"] == "open")
        paid = {"bill": bill, "amount": "0.01", "check_number": "1"}
        return str(self.do("/control/netsuite/pay-by-hand", paid)["id"])

    def delete(self, number: str) -> None:
        self.do("/control/netsuite/delete", {"type": "vendorpayment", "id": number})


@pytest.fixture
def account(changing: SandboxTap) -> PayingAccount:
    return PayingAccount(changing)


@pytest.mark.usefixtures("small_pages")
def test_what_is_deleted_while_a_first_reading_has_ended_early_is_told(account: PayingAccount):
    paid = {account.pay() for _ in range(4)}
    account.tap.pass_time(60)
    every = account.tap.sync(only=STREAM).ids(STREAM)

    def end(count: int) -> None:
        if count == len(every) - 1:
            raise account.tap.Killed

    cut = account.tap.sync(only=STREAM, on_record=end)
    gone = next(one["id"] for one in cut.acknowledged if one["id"] in paid)
    account.state = cut.state
    account.delete(gone)
    resumed = account.run().records(STREAM)
    assert [one["id"] for one in resumed if one["is_deleted"]] == [gone]
    assert {one["id"] for one in (*cut.acknowledged, *resumed)} == set(every)
    assert account.run().ids(STREAM) == []


def test_one_that_is_gone_without_a_note_of_its_deletion_ends_each_run_with_an_error(account: PayingAccount):
    gone = account.pay()
    assert gone in account.run().ids(STREAM)
    account.do("/control/switches", {"netsuite.missing_permissions": "Setup -> Deleted Records"})
    account.delete(gone)
    for after in (2 * HOUR, 60):  # whether a sweep is due or not
        failure = account.run(after, fails=True).failure
        assert failure
        assert (failure.code, failure.facts["payments"]) == ("APB-TNS-019", gone)
    account.do("/control/switches", ALL)
    (told,) = account.run(60).records(STREAM)
    assert (told["id"], told["is_deleted"]) == (gone, True)
    assert account.run().ids(STREAM) == []


def test_a_role_that_loses_pay_bills_deletes_no_payment_and_says_so(account: PayingAccount):
    every = account.run().ids(STREAM)
    account.do("/control/switches", NO_PAY_BILLS)
    synced = account.run(fails=True)
    assert synced.failure
    assert synced.failure.code == "APB-TNS-019"
    assert synced.ids(STREAM) == []
    account.do("/control/switches", ALL)
    assert account.run().ids(STREAM) == []
    assert every


def test_a_role_without_pay_bills_is_told_of_the_payments_that_bills_name(changing: SandboxTap):
    changing.sandbox.control("/control/switches", NO_PAY_BILLS)
    synced = changing.sync(only=("bills", STREAM), fails=True)
    assert synced.failure
    assert synced.failure.code == "APB-TNS-005"
    assert synced.failure.facts["hidden"].startswith("vendor payments ")
    changing.sandbox.control("/control/switches", ALL)
    assert changing.sync(synced.state, only=("bills", STREAM)).failure is None
