"""Both systems compared after real runs, with differences made by hand: each is found, with its cause."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Entry, Ledger, Status
from apbridge.ledger.chronicle import Chronicle
from apbridge.ledger.tables import records, runs
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.reconcile import Cause, Difference, Result, reconcile
from apbridge_sandbox.testing import Running, running
from demo.rehearsal import PROGRAMS
from tests.pipeline import Pipe
from tests.plugins import environment

BEFORE_ALL = datetime(2000, 1, 1, tzinfo=timezone.utc)
AFTER_ALL = datetime(2099, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class World:
    """Both systems after a run each way."""

    sandbox: Running
    folder: Path

    @property
    def ledger(self) -> Ledger:
        return Ledger(f"sqlite:///{self.folder}/ledger.db")

    def compare(
        self,
        *,
        last_run: datetime = AFTER_ALL,
        surface: str = "avidconnect",
        **more: Any,  # noqa: ANN401
    ) -> Result:
        """Compare as if the last run each way had begun then."""
        contract = self.sandbox.avidxchange_settings(surface)
        account = {
            name.removeprefix("NETSUITE_").lower(): value
            for name, value in self.sandbox.credentials.items()
            if name.startswith("NETSUITE_")
        }
        with self.ledger as ledger:
            with ledger.database.writing() as connection:
                connection.execute(update(runs).values(started_at=last_run))
            with (
                NetSuite(NetSuiteSettings.from_config(account)) as netsuite,
                AvidXchange(AvidXchangeSettings.from_config(contract)) as avidxchange,
            ):
                return reconcile(netsuite, avidxchange, ledger, **more)

    def difference(self, external_id: str, **more: Any) -> Difference:  # noqa: ANN401
        """Compare, and give the one difference on a record."""
        (found,) = [one for one in self.compare(**more).differences if one.external_id == external_id]
        return found

    def take(self) -> tuple[str, Mapping[str, Any]]:
        """Give an approved invoice of which nothing is paid, and its bill, for one test alone."""
        books = self.sandbox.books()
        for invoice in books["avidxchange"]["invoices"]:
            name = invoice["externalId"]
            if invoice["status"] == "approved" and name not in TAKEN and not float(invoice["amountPaid"]):
                TAKEN.add(name)
                (bill,) = [one for one in books["netsuite"]["bills"] if name.endswith(f"-{one['id']}")]
                return name, bill
        message = "no open bill is left; seed more"
        raise AssertionError(message)

    def settle(self, name: str, **share: str) -> str:
        """Pay an invoice and let it settle, without an inbound run; give the payment's external id."""
        order = {"invoices": [{"external_id": name, **share}], "method": "check"}
        (payment,) = self.sandbox.control("/control/payments/pay", order)["ids"]
        self.sandbox.control("/control/payments/settle", {"ids": [payment]})
        return f"avidxchange-payment-{payment}"


TAKEN: set[str] = set()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reconcile")
    with running(vendors=15, bills=70) as sandbox:
        Pipe(sandbox, folder).run_well()
        made = World(sandbox, folder)
        sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        for share in ({}, {"amount": "1.25"}, {"discount": "0.75"}) * 4:
            made.settle(made.take()[0], **share)
        sandbox.control("/control/clock", {"advance_days": 2})
        inbound(made)
        yield made


def inbound(world: World) -> None:
    banks = [
        {"currency": currency, "subsidiary": subsidiary, "account": account}
        for currency, subsidiary, account in (
            ("USD", "1", "102"),
            ("CAD", "1", "103"),
            ("CAD", "2", "107"),
            ("USD", "2", "108"),
        )
    ]
    into = {"ledger_url": f"sqlite:///{world.folder}/ledger.db", "bank_accounts": json.dumps(banks)}
    tap = subprocess.run(
        [PROGRAMS / "tap-avidxchange", "--config=ENV"],
        env=environment(world.sandbox, "tap-avidxchange"),
        cwd=world.folder,
        capture_output=True,
        check=True,
    )
    target = subprocess.run(
        [PROGRAMS / "target-netsuite-payments", "--config=ENV"],
        input=tap.stdout,
        env=environment(world.sandbox, "target-netsuite-payments", **into),
        cwd=world.folder,
        capture_output=True,
        check=False,
    )
    assert target.returncode == 0, target.stderr.decode()


def test_after_a_run_each_way_all_is_in_balance(world: World):
    books = world.sandbox.books()
    result = world.compare()
    assert [one for one in result.differences if one.cause is not Cause.NOT_ELIGIBLE] == []
    assert result.unexplained == []
    assert result.payments > 5
    unpaid = {key[1]: total.avidxchange for key, total in result.open.currencies.items() if total.avidxchange}
    assert unpaid == {name: Decimal(total) for name, total in books["avidxchange"]["unpaid"].items()}
    here = sum(total.netsuite for total in result.open.vendors.values())
    assert here == sum(total.netsuite for total in result.open.subsidiaries.values())
    assert all(not total.difference for total in result.paid.vendors.values())


def test_it_only_reads_and_in_bulk(world: World):
    world.sandbox.control("/control/calls", method="DELETE")
    world.compare()
    calls = world.sandbox.calls()
    assert [system["writes"] for system in calls.values()] == [0, 0]
    # A sign-in, the bills, the payments, and what was deleted or applied; two lists.
    assert calls["netsuite"]["total"] <= 5
    assert calls["avidxchange"]["total"] <= 2


def test_by_another_contract_it_finds_the_same(world: World):
    found, other = world.compare(), world.compare(surface="partner")
    assert other.open == found.open
    assert other.paid == found.paid
    assert [(one.external_id, one.cause) for one in other.differences] == [
        (one.external_id, one.cause) for one in found.differences
    ]


@pytest.mark.parametrize(
    "off", [("oneworld",), ("multicurrency",), ("oneworld", "multicurrency")], ids="-".join
)
def test_an_account_without_a_feature_is_compared_too(world: World, off: tuple[str, ...]):
    everything = world.compare()
    switched = {f"netsuite.{name}": False for name in off}
    world.sandbox.control("/control/switches", switched)
    try:
        found = world.compare()
    finally:
        world.sandbox.control("/control/switches", method="DELETE")
    assert found.bills == everything.bills
    assert [one.external_id for one in found.differences] == [
        one.external_id for one in everything.differences
    ]
    named = {name for name, _ in everything.open.subsidiaries}
    assert ({name for name, _ in found.open.subsidiaries} == named) is ("oneworld" not in off)


def test_a_bill_paid_by_hand_is_told_with_its_payment(world: World):
    name, bill = world.take()
    world.sandbox.control("/control/netsuite/pay-by-hand", {"bill": bill["id"], "check_number": "7001"})
    found = world.difference(name)
    assert (found.cause, found.netsuite, found.avidxchange) == (Cause.BY_HAND, 0, Decimal(bill["unpaid"]))
    assert "payment 7001" in found.says


def test_a_settled_payment_on_its_way_explains_its_bill(world: World):
    name, bill = world.take()
    payment = world.settle(name, amount="1.00", discount="0.50")
    assert world.difference(payment, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    on_bill = world.difference(name, last_run=BEFORE_ALL)
    assert (on_bill.cause, on_bill.amount) == (Cause.PAYMENT, Decimal("1.50"))
    assert on_bill.number == bill["tranid"]

    assert world.difference(payment).cause is Cause.UNEXPLAINED
    assert world.difference(name).cause is Cause.UNEXPLAINED

    entry = Entry("payments", payment, None, "h", Status.REJECTED, code="APB-PAY-050", reason="It is closed.")
    with world.ledger as ledger:
        ledger.write(1, "netsuite", [entry])
    rejected = world.difference(payment)
    assert (rejected.cause, rejected.says, rejected.code) == (Cause.REJECTED, "It is closed.", "APB-PAY-050")
    assert world.difference(name).cause is Cause.PAYMENT


def test_a_payment_voided_since_it_was_posted(world: World):
    posted = next(
        one["externalid"] for one in world.sandbox.books()["netsuite"]["payments"] if one["externalid"]
    )
    number = posted.removeprefix("avidxchange-payment-")
    world.sandbox.control("/control/payments/void", {"ids": [number]})
    found = world.difference(posted, last_run=BEFORE_ALL)
    assert (found.cause, found.avidxchange) == (Cause.IN_FLIGHT, None)
    assert "voided" in world.difference(posted).says
    assert not world.difference(posted).is_explained


def test_a_deleted_bill_that_is_still_to_be_paid(world: World):
    name, bill = world.take()
    world.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill["id"]})
    found = world.difference(name, last_run=BEFORE_ALL)
    assert (found.cause, found.netsuite) == (Cause.IN_FLIGHT, None)
    found = world.difference(name)
    assert (found.cause, found.says) == (
        Cause.UNEXPLAINED,
        "NetSuite has no such bill, and AvidXchange means to pay it.",
    )


def test_a_bill_that_the_ledger_never_heard_of(world: World):
    result = world.compare()
    held = next(one for one in result.differences if one.cause is Cause.NOT_ELIGIBLE)
    assert held.says.startswith("It is not submitted: ")
    TAKEN.add(held.external_id)
    with world.ledger as ledger, ledger.database.writing() as connection:
        connection.execute(delete(records).where(records.c.external_id == held.external_id))
    assert world.difference(held.external_id).cause is Cause.UNEXPLAINED
    assert world.difference(held.external_id, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    start = date(2099, 1, 1)
    assert world.difference(held.external_id, start=start).cause is Cause.NOT_ELIGIBLE


def test_a_rejected_bill_is_told_with_its_reason_and_a_dismissed_one_as_such(world: World):
    name, bill = world.take()
    world.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill["id"]})
    for status, cause in ((Status.REJECTED, Cause.REJECTED), (Status.WAITING, Cause.WAITING)):
        entry = Entry("bills", name, None, "h", status, code="APB-TAX-030", reason="Twice.")
        with world.ledger as ledger:
            ledger.write(1, "avidxchange", [entry])
        found = world.difference(name)
        assert (found.cause, found.says, found.code) == (cause, "Twice.", "APB-TAX-030")


def test_as_of_a_day_puts_back_what_was_paid_later(world: World):
    paid_on = min(
        date.fromisoformat(one["paidOn"]) for one in world.sandbox.books()["avidxchange"]["payments"]
    )
    result = world.compare(as_of=paid_on - timedelta(days=1))
    assert result.payments == 0
    untouched = [one for one in result.differences if one.cause is not Cause.NOT_ELIGIBLE]
    assert {one.external_id for one in untouched} <= TAKEN
    now = sum(total.netsuite for total in world.compare().open.currencies.values())
    assert sum(total.netsuite for total in result.open.currencies.values()) > now


def test_the_command_ends_with_1_where_something_is_unexplained_and_keeps_what_it_found(world: World):
    name, _ = world.take()
    world.settle(name)
    env = environment(world.sandbox, "target-avidxchange", ledger_url=f"sqlite:///{world.folder}/ledger.db")
    command = [PROGRAMS / "apbridge", f"--project={world.folder}", "reconcile"]
    env |= world.sandbox.credentials
    world.compare()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words], env=env, cwd=world.folder, capture_output=True, text=True, check=False
        )

    told = run("--json")
    assert told.returncode == 1, told.stderr
    fields = json.loads(told.stdout)
    assert fields["unexplained"] >= 2
    assert fields["listed"][0]["cause"] == "unexplained"
    said = run("--by-vendor").stdout
    assert "differences are unexplained" in said
    assert "Open in NetSuite" in said
    with world.ledger as ledger:
        kept = Chronicle(ledger).reconciliations()
        assert [one.unexplained for one in kept] == [fields["unexplained"]] * 2
        assert Chronicle(ledger).in_balance_since() is None
