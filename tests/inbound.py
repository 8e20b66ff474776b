"""The inbound half as two programs over a pipe, and what people do in both systems meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apbridge.ledger import Ledger, Status
from apbridge_sandbox.testing import Running
from demo.books import BothBooks
from tests.entering import put
from tests.plugins import environment
from tests.programs import ended, start
from tests.waiting import held, until

Bill = Mapping[str, Any]

BANKS = [
    {"currency": "USD", "subsidiary": "1", "account": "102"},
    {"currency": "CAD", "subsidiary": "1", "account": "103"},
    {"currency": "CAD", "subsidiary": "2", "account": "107"},
    {"currency": "USD", "subsidiary": "2", "account": "108"},
]
_PAYMENTS = ("Payments", "…", "Open payables")


@dataclass(frozen=True)
class Pipeline:
    """Both programs under way."""

    tap: BaseProcess
    target: BaseProcess
    place: Path

    @property
    def log(self) -> str:
        """What both said."""
        return (self.place / "log").read_text(encoding="utf-8")


class Inbound:
    """A company whose open bills are all approved in AvidXchange, and the programs between the systems.

    Args:
        sandbox: The company, its AvidXchange empty.
        folder: For the ledger, the settings and the logs.
    """

    def __init__(self, sandbox: Running, folder: Path) -> None:
        self.control = sandbox.control
        self.folder = folder
        self.state: Any = {}
        self._sandbox = sandbox
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self._runs = 0
        self.bills: list[Bill] = [bill for bill in self.books.netsuite["bills"] if bill["status"] == "A"]
        self._submit()

    # The programs

    def start(self, ledger: str = "ledger", **settings: object) -> Pipeline:
        """Start both with the state that was acknowledged last, as Meltano does."""
        self._runs += 1
        place = self.folder / str(self._runs)
        place.mkdir()
        config = {"ledger_url": f"sqlite:///{self.folder / ledger}.db", "bank_accounts": BANKS, **settings}
        (place / "target.json").write_text(json.dumps(config), encoding="utf-8")
        (place / "state.json").write_text(json.dumps(self.state), encoding="utf-8")
        reading, writing = os.pipe()
        with (place / "log").open("wb") as log, (place / "out").open("wb") as out:
            tap = start(
                "tap-avidxchange",
                "--config=ENV",
                "--state=state.json",
                env=environment(self._sandbox, "tap-avidxchange"),
                cwd=place,
                files=(0, writing, log.fileno()),
            )
            target = start(
                "target-netsuite-payments",
                "--config=ENV",
                "--config=target.json",
                env=environment(self._sandbox, "target-netsuite-payments"),
                cwd=place,
                files=(reading, out.fileno(), log.fileno()),
                waits={"PAUSES": (0.0, 0.05, 0.1)},
            )
        os.close(reading)
        os.close(writing)
        return Pipeline(tap, target, place)

    def end(self, pipeline: Pipeline) -> int:
        """Wait for both, keep the state that the target acknowledged last, and return its exit code."""
        code = ended(pipeline.target)
        ended(pipeline.tap)
        if acknowledged := (pipeline.place / "out").read_text(encoding="utf-8").splitlines():
            self.state = json.loads(acknowledged[-1])
        return code

    def run(self, ledger: str = "ledger", **settings: object) -> tuple[int, str]:
        """Run both; return the target's exit code and what both said."""
        pipeline = self.start(ledger, **settings)
        return self.end(pipeline), pipeline.log

    def run_until_done(self, **settings: Any) -> str:  # noqa: ANN401
        """Run again and again, as a schedule does; return all that was said."""
        said = ""
        for _ in range(6):
            code, log = self.run(**settings)
            said += log
            if not code:
                return said
        raise AssertionError(said[-4000:])

    # What people and AvidXchange do

    def id(self, bill: Bill) -> str:
        return f"netsuite-{self._account}-vendorbill-{bill['id']}"

    def take(self, number: int = 1, *, currency: str = "USD") -> list[Bill]:
        """Take open bills of one vendor that no payment was made for."""
        by_vendor: dict[Any, list[Bill]] = {}
        for bill in self.bills:
            if bill["currency"] == currency:
                some = by_vendor.setdefault((bill["vendor"], bill["subsidiary"]), [])
                some.append(bill)
                if len(some) == number:
                    self.bills = [each for each in self.bills if each not in some]
                    return some
        message = f"no {number} open bills in {currency} are left; seed more"
        raise AssertionError(message)

    def pay(self, *bills: Bill, settle: bool = True, **share: str) -> Any:  # noqa: ANN401
        """Pay bills by one check, whole unless told, and give AvidXchange's payment."""
        orders = [{"external_id": self.id(bill), **share} for bill in bills]
        body = {"invoices": orders, "method": "check", "one_payment_per": "all"}
        (payment,) = self.control("/control/payments/pay", body)["ids"]
        if settle:
            self.control("/control/payments/settle", {"ids": [payment]})
        return payment

    def pay_each(self) -> None:
        """Pay every bill that is left by a check of its own."""
        invoices = [{"external_id": self.id(bill)} for bill in self.bills]
        self.control(
            "/control/payments/pay", {"invoices": invoices, "method": "check", "one_payment_per": "invoice"}
        )
        self.control("/control/payments/settle", {"ids": "all"})

    def check_number(self, payment: str) -> str:
        (found,) = [one for one in self.books.avidxchange["payments"] if one["id"] == payment]
        return str(found["checkNumber"])

    def by_hand(self, bill: Bill, number: str, amount: str | None = None) -> None:
        """Type a payment in NetSuite."""
        order = {"bill": bill["id"], "check_number": number, **({"amount": amount} if amount else {})}
        self.control("/control/netsuite/pay-by-hand", order)

    def edit(self, table: str, record: str, **values: object) -> None:
        self.control("/control/netsuite/edit", {"table": table, "id": record, "set": values})

    def period(self, first_day: str, **values: object) -> None:
        """Lock a month's period for payables, or open it."""
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.connection() as connection:
            (row,) = connection.execute(
                "SELECT id FROM ns_accountingperiod WHERE startdate = ? AND isquarter = 'F' AND isyear = 'F'",
                (first_day,),
            )
        self.edit("accountingperiod", str(row["id"]), **values)

    def fault(
        self, do: Mapping[str, Any], *, method: str = "POST", path: str = "/vendorPayment", **when: int
    ) -> None:
        self.control("/control/faults", {"match": {"method": method, "path": path, **when}, "do": dict(do)})

    def hold(self, *, method: str = "POST", path: str = "/vendorPayment") -> None:
        """Keep the next such call on the wire until it is let go."""
        self.fault({"hold": True}, method=method, path=path, times=1)

    def killed_on_the_wire(
        self,
        *,
        method: str = "POST",
        path: str = "/vendorPayment",
        **settings: Any,  # noqa: ANN401
    ) -> None:
        """Run until such a call is on the wire, and kill the run there."""
        self.hold(method=method, path=path)
        pipeline = self.start(**settings)
        until(lambda: held(self.control) == 1)
        pipeline.target.kill()
        self.end(pipeline)

    def let_go(self) -> None:
        """Let what is on the wire arrive, and wait until it is dealt with."""
        self.control("/control/faults/let-go", {})
        until(lambda: held(self.control) == 0)

    def run_half_an_hour_later(self, ledger: str = "ledger", **settings: object) -> tuple[int, str]:
        """Run once nothing that was sent until now can be on the wire any more."""
        with sqlite3.connect(self.folder / f"{ledger}.db") as connection:
            connection.execute(
                "UPDATE apbridge_records SET look_again_at = last_seen WHERE look_again_at IS NOT NULL"
            )
        connection.close()
        return self.run(ledger, in_doubt_minutes=0, **settings)

    def end_faults(self) -> None:
        self.control("/control/faults", method="DELETE")

    # The books

    @property
    def books(self) -> BothBooks:
        return BothBooks(self._sandbox.books(), self._account)

    def posted(self, payment: str | None = None) -> list[Any]:
        """Return NetSuite's vendor payments that are ours, or those of one payment."""
        return [
            one
            for one in self.books.netsuite["payments"]
            if (one["externalid"] or "").startswith("avidxchange-payment-")
            and payment in {None, one["externalid"].removeprefix("avidxchange-payment-")}
        ]

    def live(self, payment: str) -> list[Any]:
        """Return what NetSuite has of a payment that is not voided."""
        return [one for one in self.posted(payment) if one["voided"] == "F"]

    def unpaid(self, bill: Bill) -> Decimal:
        (found,) = [one for one in self.books.netsuite["bills"] if one["id"] == bill["id"]]
        return Decimal(found["unpaid"])

    def disagreements(self) -> list[Any]:
        """Return what differs between both books in payments, in what they pay, and in what is open."""
        return [one for one in self.books.compare() if one.what.startswith(_PAYMENTS) and not one.agree]

    def reasons(self, ledger: str = "ledger") -> dict[str, str | None]:
        """Return the codes of what the ledger has as rejected, by AvidXchange's payment."""
        with Ledger(f"sqlite:///{self.folder / ledger}.db") as opened:
            rows = opened.all_rows("netsuite", "payments", (Status.REJECTED,))
            return {str(row.source_id): row.code for row in rows}

    def writes(self) -> int:
        """Count the writes to NetSuite since the last time."""
        found = int(self._sandbox.calls()["netsuite"]["writes"])
        self.control("/control/calls", method="DELETE")
        return found

    def _submit(self) -> None:
        put(self._sandbox, "gl-accounts/gl", {"code": "1", "name": "All", "active": True, "postable": True})
        for vendor in {bill["vendor"] for bill in self.bills}:
            put(
                self._sandbox,
                f"vendors/netsuite-{self._account}-vendor-{vendor}",
                {"name": str(vendor), "active": True},
            )
        for bill in self.bills:
            line = {"number": "1", "glCode": "1", "amount": float(bill["total"])}
            invoice = {
                "number": bill["tranid"],
                "vendorExternalId": f"netsuite-{self._account}-vendor-{bill['vendor']}",
                "invoiceDate": "2026-11-01",
                "currency": bill["currency"],
                "total": float(bill["total"]),
                "lines": [line],
            }
            put(self._sandbox, f"invoices/{quote(self.id(bill))}", invoice)
        self.control("/control/invoices/approve", {"external_ids": "all"})
