"""A small firm with an account of its own: both systems, the four programs, and the people between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.declared_file import from_yaml
from apbridge.errors import APBridgeError
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.testing import Running, running
from tests.accounts.accounts import Account
from tests.accounts.agreement import OURS
from tests.beginnings import UNUSED_ACCOUNTS
from tests.in_process import BANKS, InboundHalf, OutboundHalf
from tests.payment_events import Scene

DAYS = Path(__file__).parent / "days.yaml"
STREAMS = ("vendors", "gl_accounts", "departments", "classes", "locations", "bills")
_PLUGINS = ("tap-netsuite-ap", "target-avidxchange", "target-netsuite-payments")
# Both systems are in this process: of more at once it only has more to do.
_FEW_AT_ONCE = {"concurrency": 2}
_LOCATIONS = {"1": 11, "2": 27}


# Each record of a list is a write of every first run, and most are on no line. The first values of dimensions
# are on what people enter.
_UNUSED_ITEMS = (
    "DELETE FROM ns_item WHERE id NOT IN (SELECT item FROM ns_transactionline WHERE item IS NOT NULL)"
)
_VALUES = {"department": "department", "classification": "class", "location": "location"}
_UNUSED_VALUES = """
DELETE FROM ns_{table} WHERE id NOT IN (1, 101, 11, 27) AND id NOT IN (
    SELECT {column} FROM ns_transactionline WHERE {column} IS NOT NULL
    UNION SELECT parent FROM ns_{table} WHERE parent IS NOT NULL
)
"""


@dataclass(frozen=True)
class Ended:
    """How one half's run ended."""

    half: str
    tap: APBridgeError | None
    target: APBridgeError | None

    @property
    def is_good(self) -> bool:
        """Whether both programs end with exit code 0."""
        return self.tap is None and self.target is None


class Firm(Scene):
    """An account under way.

    Args:
        account: How it behaves, and what the firm has set.
        sandbox: Both systems, new.
        folder: For the ledger and the spool.
        client: What AvidXchange is asked by.
    """

    def __init__(self, account: Account, sandbox: Running, folder: Path, client: AvidXchange) -> None:
        half = InboundHalf(sandbox, folder, client, account.contract)
        reads, writes, posts = ({**_FEW_AT_ONCE, **account.settings.get(plugin, {})} for plugin in _PLUGINS)
        super().__init__(sandbox, half, {"bank_accounts": BANKS, **posts})
        half.start_date = None
        self._out = OutboundHalf(
            sandbox,
            half.ledger_url,
            folder / "spool",
            account.contract,
            streams=STREAMS,
            reads=reads,
            # In so small a firm all that may happen to a bill happens at once.
            writes={"brake_percent": 100, **writes},
        )
        self.account = account
        self.sandbox = sandbox
        self.ended: list[Ended] = []  # type: ignore[assignment]  # of every run, not of the last alone
        self.left_out: list[str] = []
        self._narrow()
        self.control("/control/switches", account.switches)

    @property
    def said(self) -> str:
        """All that the four programs logged."""
        return self._out.said + self._half.said

    @property
    def ledger_url(self) -> str:
        """Where the ledger of both halves is."""
        return self._half.ledger_url

    @property
    def states(self) -> str:
        """What is kept between runs beside the ledger."""
        return f"{self._out.state} {self._half.state}"

    def live(self) -> None:
        """Let everything happen that happens in `days.yaml`."""
        for event in from_yaml(DAYS.read_text("utf-8"), as_text=True).value:
            self._happen(event)

    def _happen(self, event: Any) -> None:  # noqa: ANN401
        # What belongs to a bill or a payment that is not there does not happen.
        try:
            self.play(event)
        except (LookupError, HTTPError) as why:
            self.left_out.append(f"{event}: {why!r}")

    # The programs

    def do_outbound(self, _about: None = None) -> None:
        """Run the outbound half."""
        # The tap leaves what is being written at this very moment to its next run.
        self.control("/control/clock", {"advance_seconds": 10})
        target = self._out.run()
        self.ended.append(Ended("outbound", self._out.tap_ended, target))

    def do_inbound(self, _about: None = None) -> None:
        """Run the inbound half."""
        target = self._half.run(streams=("payments", "invoices"), **self._settings)
        self.ended.append(Ended("inbound", self._half.tap_ended, target))

    # What people do

    def do_enter(self, about: Mapping[str, Any]) -> None:
        """Enter bills in NetSuite: `100`, `100 CAD of 2`, or as well a status or an image."""
        for name, told in about.items():
            more = told if isinstance(told, dict) else {"total": told}
            total, currency, subsidiary = (*more["total"].replace(" of ", " ").split(), "USD", "1")[:3]
            if " of " not in more["total"]:
                subsidiary = "1"
            vendor = self.vendor(currency, subsidiary)
            coding = {"department": 1, "class": 101, "location": _LOCATIONS[subsidiary]}
            order = {
                "vendor": vendor,
                "tranid": f"INV {name}",
                "lines": [
                    {"account": "6010", "amount": str(Decimal(total) - 5), "memo": "Labour", **coding},
                    {"account": "6310", "amount": "5"},
                ],
                **{key: value for key, value in more.items() if key != "total"},
            }
            try:
                (self.bills[name],) = self.control("/control/netsuite/bills", {"bills": [order]})["ids"]
            except HTTPError as why:
                self.left_out.append(f"{name}: {why!r}")

    def do_raise(self, about: Mapping[str, str]) -> None:
        """Somebody changes what a bill is over, in its first line."""
        context = self.sandbox.sandbox
        assert context
        now = context.clock.stamp()
        with context.store.write() as connection:
            for name, total in about.items():
                bill, cents = int(self.bills[name]), int(Decimal(total) * 100)
                (before,) = connection.execute("SELECT total_cents FROM ns_transaction WHERE id = ?", (bill,))
                more = cents - before["total_cents"]
                connection.execute(
                    "UPDATE ns_transaction SET total_cents = ?, lastmodifieddate = ? WHERE id = ?",
                    (cents, now, bill),
                )
                for line, change, side in ((0, -more, "credit"), (1, more, "debit")):
                    key = (bill, line)
                    connection.execute(
                        "UPDATE ns_transactionline SET amount_cents = amount_cents + ?"
                        ' WHERE "transaction" = ? AND id = ?',
                        (change, *key),
                    )
                    connection.execute(
                        f"UPDATE ns_transactionaccountingline SET {side}_cents = {side}_cents + ?"  # noqa: S608
                        ' WHERE "transaction" = ? AND transactionline = ?',
                        (more, *key),
                    )
                connection.execute(
                    "UPDATE ns_transactionaccountingline SET amountunpaid_cents = amountunpaid_cents + ?"
                    ' WHERE "transaction" = ? AND transactionline = 0',
                    (more, bill),
                )

    def do_approve_bill(self, about: str) -> None:
        """Somebody approves a bill in NetSuite."""
        self.do_edit({about: {"status": "A", "approvalstatus": "2"}})

    def do_approve(self, about: list[str]) -> None:
        """Approve invoices in AvidXchange."""
        self._decide("approve", about)

    def do_refuse(self, about: list[str]) -> None:
        """Reject invoices in AvidXchange."""
        self._decide("reject", about)

    def do_paid(self, about: Mapping[str, Any]) -> None:
        """Pay, and settle the payment."""
        self.do_pay(about)
        self.do_settle([name for name in about if name != "by"])

    def do_decide(self, about: Mapping[str, Any]) -> None:
        """Decide in NetSuite on payments that wait for approval there: on some, or on all that are left."""
        for decision, names in about.items():
            for number, external_id in self._pending("VendPymt").items():
                if names == "all" or external_id in {OURS + self.payments[name] for name in names}:
                    self.control("/control/netsuite/decide", {"id": number, "decision": decision})

    def do_decide_journals(self, about: str) -> None:
        """Decide in NetSuite on the journals that are to void payments."""
        for number in self._pending("Journal"):
            self.control("/control/netsuite/decide", {"id": number, "decision": about})

    def do_apply(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        """Enter documents of others that settle bills: a prepayment, a journal, a credit."""
        for name, told in about.items():
            order = {**told, "bill": self.bills[told["bill"]]}
            self.by_hand[name] = self.control("/control/netsuite/apply", order)["id"]

    def do_unapply(self, about: str) -> None:
        """Take such a document off its bill."""
        self.control("/control/netsuite/unapply", {"id": self.by_hand[about]})

    def do_merge(self, about: Mapping[str, str]) -> None:
        """Merge vendors in NetSuite."""
        for vendor, into in about.items():
            self.control("/control/netsuite/merge-vendors", {"vendor": vendor, "into": into})

    def vendor(self, currency: str, subsidiary: str) -> str:
        """Return a vendor.

        Raises:
            LookupError: The account has none such.
        """
        return {("USD", "1"): "11", ("CAD", "2"): "12", ("CAD", "1"): "13"}[currency, subsidiary]

    def _pending(self, kind: str) -> dict[str, str | None]:
        """Return what waits for approval in NetSuite, and its external ids."""
        context = self.sandbox.sandbox
        assert context
        with context.store.connection() as connection:
            query = (
                "SELECT id, externalid FROM ns_transaction"
                " WHERE type = ? AND status = 'A' AND approvalstatus = 1 ORDER BY id"
            )
            return {str(row["id"]): row["externalid"] for row in connection.execute(query, (kind,))}

    def _decide(self, verb: str, about: list[str]) -> None:
        # One that is not there, or was never submitted, keeps no other from being decided on.
        for name in about:
            if name in self.bills:
                order = {"external_ids": [self._invoice(name)]}
                try:
                    self.control(f"/control/invoices/{verb}", order)
                except HTTPError as why:
                    self.left_out.append(f"{verb} {name}: {why!r}")

    def _narrow(self) -> None:
        """Leave in NetSuite what such an account has, and of the lists only what is used."""
        context = self.sandbox.sandbox
        assert context
        with context.store.write() as connection:
            connection.execute(_UNUSED_ITEMS)
            connection.execute(UNUSED_ACCOUNTS)
            for table, column in _VALUES.items():
                connection.execute(_UNUSED_VALUES.format(table=table, column=column))
            switches = self.account.switches
            if switches.get("netsuite.oneworld", True) and switches.get("netsuite.multicurrency", True):
                return
            strange = "subsidiary <> 1 OR currency <> 1"
            rows = connection.execute(f"SELECT id FROM ns_transaction WHERE {strange}").fetchall()  # noqa: S608
            for row in rows:
                books.remove_rows(connection, row["id"])
            connection.execute(f"DELETE FROM ns_vendor WHERE {strange}")  # noqa: S608


@contextmanager
def firm(account: Account, folder: Path) -> Iterator[Firm]:
    """Open a firm with such an account, before its first run."""
    with running(vendors=6, bills=5, folder=folder) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings(account.contract))
        client = AvidXchange(settings)
        try:
            yield Firm(account, sandbox, folder, client)
        finally:
            client.close()
