"""Both books, by the names that a case gives to its bills and payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apbridge.ledger import Row
from apbridge_sandbox.avidxchange import payments
from apbridge_sandbox.testing import Running
from tests.in_process import InboundHalf

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Seen:
    """What both systems and the ledger held once, of all cases.

    Attributes:
        books: Both books.
        rejected: What the ledger has as rejected, by AvidXchange's id.
        said: What was logged.
        today: The sandbox's day then; its clock goes on with every other case.
    """

    books: Any
    rejected: Mapping[str, Row]
    said: str
    today: date


class NamedBooks:
    """What both systems and the ledger hold of one case.

    All is read once, when it is first asked; `forget` before anything else happens.

    Args:
        sandbox: Both systems.
        half: The tap and the target, with their ledger.
    """

    def __init__(self, sandbox: Running, half: InboundHalf) -> None:
        self.control = sandbox.control
        self._sandbox = sandbox
        self._half = half
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.bills: dict[str, str] = {}
        self.captured: dict[str, str] = {}
        self.payments: dict[str, str] = {}
        self.by_hand: dict[str, str] = {}
        self.numbers: dict[str, str | None] = {}
        self._seen: Seen | None = None

    def forget(self) -> None:
        """Read all anew when it is next asked."""
        self._seen = None

    def see(self) -> Seen:
        """Return what is in the books, of every case."""
        if self._seen is None:
            self._seen = Seen(self._sandbox.books(), self._half.rejected(), self._half.said, self.today)
        return self._seen

    def show(self, seen: Seen) -> None:
        """Answer from what was read before."""
        self._seen = seen

    def held(self) -> dict[str, Any]:
        """Return what NetSuite holds under the external id of each payment: what it pays on which bill."""
        found = {}
        for one in self._vendor_payments():
            name = self._named(one)
            if name is None:
                continue
            assert name not in found, f"{name} is posted twice"
            bills = {number: bill for bill, number in self.bills.items()}
            applied = {bills[each["bill"]]: _written(each) for each in one["applications"]}
            found[name] = "voided" if one["voided"] == "T" else applied
        return found

    def linked(self) -> dict[str, str]:
        """Return which payments are vendor payments that somebody recorded by hand."""
        hands = {number: name for name, number in self.by_hand.items()}
        found = ((self._named(one), hands.get(one["id"])) for one in self._vendor_payments())
        return {name: hand for name, hand in found if name and hand}

    def looks(self, name: str) -> dict[str, Any]:
        """Return what a clerk sees of a payment in NetSuite."""
        (one,) = (each for each in self._vendor_payments() if self._named(each) == name)
        return {
            "bank": one["account"],
            "currency": one["currency"],
            "subsidiary": one["subsidiary"],
            "number": one["tranid"],
            "memo": one["memo"],
            "day": one["trandate"],
            "amount": _plain(one["total"]),
            "printed": one["tobeprinted"] == "T",
        }

    def open(self) -> dict[str, str]:
        """Return what is open in NetSuite of each bill that is there."""
        bills = {number: bill for bill, number in self.bills.items()}
        found = (bill for bill in self._books()["netsuite"]["bills"] if bill["id"] in bills)
        return {bills[bill["id"]]: _plain(bill["unpaid"]) for bill in found}

    def unpaid(self) -> dict[str, str]:
        """Return what is unpaid in AvidXchange of each invoice."""
        ours = {self._invoice(bill): bill for bill in self.bills}
        return {
            ours[one["externalId"]]: _plain(one["amountUnpaid"])
            for one in self._books()["avidxchange"]["invoices"]
            if one["externalId"] in ours
        }

    def rejected(self) -> dict[str, tuple[str | None, str]]:
        """Return code and reason of each rejected payment."""
        names = {number: name for name, number in self.payments.items()}
        rows = self.see().rejected.items()
        return {names[number]: (row.code, row.reason or "") for number, row in rows if number in names}

    @property
    def today(self) -> date:
        assert self._sandbox.sandbox
        return self._sandbox.sandbox.clock.today()

    def _books(self) -> Any:  # noqa: ANN401
        return self.see().books

    def _named(self, vendor_payment: Mapping[str, Any]) -> str | None:
        names = {f"avidxchange-payment-{number}": name for name, number in self.payments.items()}
        payment, _, account = (vendor_payment["externalid"] or "").partition("-ap")
        name = names.get(payment)
        return f"{name} on {self._payables()[account]}" if name and account else name

    def payable(self, number: str) -> str:
        """Return the internal id of a payables account."""
        return next(account for account, known in self._payables().items() if known == number)

    def _payables(self) -> dict[str, str]:
        """Return the numbers of the payables accounts, by internal id."""
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.connection() as connection:
            rows = connection.execute("SELECT id, acctnumber FROM ns_account WHERE accttype = 'AcctPay'")
            return {str(row["id"]): row["acctnumber"] for row in rows}

    def _vendor_payments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._books()["netsuite"]["payments"]
        return found

    def _paid(self, name: str) -> dict[str, Any]:
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.connection() as connection:
            query = "SELECT * FROM ax_payment WHERE id = ?"
            rows = connection.execute(query, (int(self.payments[name]),)).fetchall()
            (found,) = payments.show(connection, rows)
        return found

    def _submissions(
        self, name: str, vendor: str, currency: str, total: Decimal
    ) -> list[tuple[str, dict[str, Any]]]:
        own = f"netsuite-{self._account}"
        return [
            ("vendor", {"external_id": f"{own}-vendor-{vendor}", "name": vendor, "is_active": True}),
            (
                "gl_account",
                {
                    "external_id": f"{own}-account-1",
                    "code": "6010",
                    "name": "Repairs",
                    "is_active": True,
                    "is_postable": True,
                },
            ),
            (
                "invoice",
                {
                    "external_id": self._invoice(name),
                    "number": f"INV-{name}",
                    "vendor_external_id": f"{own}-vendor-{vendor}",
                    "bill_date": "2026-10-30",
                    "currency": currency,
                    "total": total,
                    "purchase_orders": [],
                    "lines": [{"id": "1", "gl_code": "6010", "amount": total, "codes": {}, "segments": {}}],
                },
            ),
        ]

    def _invoice(self, bill: str) -> str:
        return self.captured.get(bill) or f"netsuite-{self._account}-vendorbill-{self.bills[bill]}"


def _written(application: Mapping[str, Any]) -> str:
    amount, discount = _plain(application["amount"]), _plain(application["discount"])
    return amount if discount == "0" else f"{amount} less {discount}"


def _plain(amount: object) -> str:
    """Write 40.00 as the table does: 40, and 40.50 as 40.50."""
    exact = Decimal(str(amount)).quantize(_CENT)
    return f"{exact:f}".removesuffix(".00")
