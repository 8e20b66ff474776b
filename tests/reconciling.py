"""Both systems after real runs, compared as if the last run had begun when a test says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import update

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.http import Call, Idempotency
from apbridge.ledger import Ledger
from apbridge.ledger.tables import records, runs
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Difference, Reconciliation, reconcile
from apbridge_sandbox.testing import Running
from tests import forked
from tests.beginnings import Beginnings
from tests.in_process import netsuite_config
from tests.pipeline import Pipe
from tests.plugins import environment, run

BEFORE_ALL = datetime(2000, 1, 1, tzinfo=timezone.utc)
AFTER_ALL = datetime(2099, 1, 1, tzinfo=timezone.utc)

_BANKS = [
    {"currency": currency, "subsidiary": subsidiary, "account": account}
    for currency, subsidiary, account in (
        ("USD", "1", "102"),
        ("CAD", "1", "103"),
        ("CAD", "2", "107"),
        ("USD", "2", "108"),
    )
]


@dataclass
class ReconcileContext:
    """Both systems after a run, and what people do in either of them."""

    sandbox: Running
    folder: Path
    taken: set[str] = field(default_factory=set)

    @property
    def ledger(self) -> Ledger:
        return Ledger(f"sqlite:///{self.folder}/ledger.db")

    def avidxchange(self, surface: str = "avidconnect") -> AvidXchange:
        return AvidXchange(AvidXchangeSettings.from_config(self.sandbox.avidxchange_settings(surface)))

    # The comparison

    def compare(
        self,
        *,
        last_run: datetime = AFTER_ALL,
        surface: str = "avidconnect",
        **more: Any,  # noqa: ANN401
    ) -> Reconciliation:
        """Compare as if the last run each way had begun then."""
        self.last_ran(last_run)
        with (
            self.ledger as ledger,
            NetSuite(NetSuiteSettings.from_config(netsuite_config(self.sandbox))) as netsuite,
            self.avidxchange(surface) as avidxchange,
        ):
            return reconcile(netsuite, avidxchange, ledger, **more)

    def differences(self, external_id: str, **more: Any) -> list[Difference]:  # noqa: ANN401
        """Compare, and return the differences on a record."""
        return [one for one in self.compare(**more).differences if one.external_id == external_id]

    def difference(self, external_id: str, **more: Any) -> Difference:  # noqa: ANN401
        """Compare, and return the one difference on a record."""
        (found,) = self.differences(external_id, **more)
        return found

    def last_ran(self, moment: datetime) -> None:
        """Let all runs have begun then."""
        with self.ledger as ledger, ledger.database.writing() as connection:
            connection.execute(update(runs).values(started_at=moment))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `apbridge reconcile`."""
        url = f"sqlite:///{self.folder}/ledger.db"
        env = environment(self.sandbox, "target-avidxchange", ledger_url=url) | self.sandbox.credentials
        return forked.run(
            "apbridge", f"--project={self.folder}", "reconcile", *words, env=env, cwd=self.folder
        )

    # Runs

    def outbound(self) -> None:
        """Run from NetSuite to AvidXchange, some minutes after what was done last."""
        self.later(minutes=10)
        Pipe(self.sandbox, self.folder).run_well()

    def inbound(self) -> None:
        """Run from AvidXchange to NetSuite, with no STATE."""
        url = f"sqlite:///{self.folder}/ledger.db"
        into = {"ledger_url": url, "bank_accounts": json.dumps(_BANKS)}
        tap = run("tap-avidxchange", env=environment(self.sandbox, "tap-avidxchange"), cwd=self.folder)
        assert tap.returncode == 0, tap.stderr
        env = environment(self.sandbox, "target-netsuite-payments", **into)
        target = run("target-netsuite-payments", stdin=tap.stdout, env=env, cwd=self.folder)
        assert target.returncode == 0, target.stderr

    # What people and AvidXchange do

    def later(self, **time: int) -> datetime:
        """Let time pass, and return a moment in the middle of it."""
        while_ = timedelta(**time)
        now = self.sandbox.control("/control/clock", {"advance_seconds": int(while_.total_seconds())})["now"]
        return datetime.fromisoformat(now.replace("Z", "+00:00")) - while_ / 2

    def take(self, status: str = "approved") -> tuple[str, Mapping[str, Any]]:
        """Return an invoice that stands so and of which nothing is paid, and its bill, for one test alone."""
        books = self.sandbox.books()
        for invoice in books["avidxchange"]["invoices"]:
            name = invoice["externalId"]
            if invoice["status"] == status and name not in self.taken and not float(invoice["amountPaid"]):
                self.taken.add(name)
                return name, self.bill(name)
        message = "no such bill is left; seed more"
        raise AssertionError(message)

    def bill(self, name: str) -> Mapping[str, Any]:
        bills: list[Mapping[str, Any]] = self.sandbox.books()["netsuite"]["bills"]
        return next(one for one in bills if name.endswith(f"-{one['id']}"))

    def invoice(self, name: str) -> dict[str, Any]:
        invoices: list[dict[str, Any]] = self.sandbox.books()["avidxchange"]["invoices"]
        return next(one for one in invoices if one["externalId"] == name)

    def edit(self, name: str, *, touch: bool = True, **columns: object) -> None:
        """Change a bill in NetSuite; without `touch` it was long ago."""
        order = {"table": "transaction", "id": name.rpartition("-")[2], "set": columns, "touch": touch}
        self.sandbox.control("/control/netsuite/edit", order)

    def edit_payment(self, name: str, **columns: Any) -> None:  # noqa: ANN401
        """Change the vendor payment that was posted for a payment."""
        (found,) = [one for one in self.sandbox.books()["netsuite"]["payments"] if one["externalid"] == name]
        self.edit(f"-{found['id']}", **columns)

    def pay_by_hand(self, name: str, number: str, amount: str | None = None) -> None:
        order = {"bill": name.rpartition("-")[2], "check_number": number}
        order |= {"amount": amount} if amount else {}
        self.sandbox.control("/control/netsuite/pay-by-hand", order)

    def journal_of(self, payment: str) -> str:
        """Return the journal that was made to void a vendor payment."""
        query = 'SELECT DISTINCT "transaction" AS id FROM ns_transactionline WHERE createdfrom = ?'
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.connection() as books:
            (found,) = books.execute(query, (int(payment),))
        return str(found["id"])

    def forget_what_it_voids(self, journal: str) -> None:
        """Let a journal be one that the payment linked to it pays."""
        query = 'UPDATE ns_transactionline SET createdfrom = NULL WHERE "transaction" = ?'
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as books:
            books.execute(query, (int(journal),))

    def settle(self, name: str, **share: str) -> str:
        """Pay an invoice and let it settle, without an inbound run; return the payment's external id."""
        order = {"invoices": [{"external_id": name, **share}], "method": "check"}
        (payment,) = self.sandbox.control("/control/payments/pay", order)["ids"]
        self.sandbox.control("/control/payments/settle", {"ids": [payment]})
        return f"avidxchange-payment-{payment}"

    def sent(self, name: str) -> Mapping[str, Any]:
        """Return what was sent for an invoice, as AvidXchange shows it."""
        with self.avidxchange() as client:
            shown = next(one for one in client.shown("invoice") if one.external_id == name)
            return client.body_shown("invoice", shown)

    def arrive(self, name: str, body: Mapping[str, Any]) -> None:
        """Let what was sent for an invoice once arrive in AvidXchange, without the ledger's knowing."""
        with self.avidxchange() as client:
            late = Call("PUT", f"/v1/invoices/{name}", "send it late", Idempotency.IDEMPOTENT, json=body)
            client.session.send(late)

    # What the ledger says

    def note(self, name: str, **columns: object) -> None:
        """Let the ledger's rows of a record say something else."""
        with self.ledger as ledger, ledger.database.writing() as connection:
            connection.execute(update(records).where(records.c.external_id == name).values(**columns))


@contextmanager
def context(beginnings: Beginnings, folder: Path, *, bills: int) -> Iterator[ReconcileContext]:
    """Yield a company whose bills have been submitted."""
    with beginnings.company(folder, vendors=15, bills=bills) as sandbox:
        yield ReconcileContext(sandbox, folder)


@contextmanager
def both_books_with_payments(
    beginnings: Beginnings, folder: Path, *, bills: int
) -> Iterator[ReconcileContext]:
    """Yield one whose invoices are approved, and of which some have been paid, with the payments posted."""
    with context(beginnings, folder, bills=bills) as made:
        made.sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        for share in ({}, {"amount": "1.25"}, {"discount": "0.75"}) * 4:
            made.settle(made.take()[0], **share)
        made.later(days=2)
        made.inbound()
        yield made
