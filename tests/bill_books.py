"""Both books, by the names that a case gives to its bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apbridge_sandbox.testing import Running

_CENT = Decimal("0.01")
_DIMENSIONS = {"department": "department", "class": "classification", "location": "location"}


@dataclass(frozen=True)
class Invoice:
    """An invoice in AvidXchange's books."""

    status: str
    total: Decimal
    paid: Decimal

    @property
    def is_live(self) -> bool:
        return self.status not in {"cancelled", "rejected"}

    @property
    def to_pay(self) -> Decimal:
        """What AvidXchange means to pay of it yet."""
        return self.total - self.paid if self.is_live else Decimal(0)

    def __str__(self) -> str:
        return f"{self.status} {self.total}".removesuffix(".00")


class BillBooks:
    """What both systems hold of one case.

    Args:
        sandbox: Both systems.
    """

    def __init__(self, sandbox: Running) -> None:
        self._sandbox = sandbox
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.bills: dict[str, str] = {}
        self.entered: dict[str, Any] = {}

    def external_id(self, name: str) -> str:
        """Return the external id of a bill."""
        return f"netsuite-{self._account}-vendorbill-{self.bills[name]}"

    def invoices(self) -> Mapping[str, Invoice]:
        """Return the invoices of the case's bills."""
        query = "SELECT external_id, status, total_cents, paid_cents FROM ax_invoice"
        shown = {
            row["external_id"]: Invoice(
                row["status"], _amount(row["total_cents"]), _amount(row["paid_cents"])
            )
            for row in self.read(query)
        }
        return {name: shown[self.external_id(name)] for name in self.bills if self.external_id(name) in shown}

    def due(self) -> Mapping[str, Decimal]:
        """Return what is open of each bill in NetSuite; one that is deleted is not there."""
        rows = self.read(
            "SELECT id, total_cents - paid_cents AS due FROM ns_transaction WHERE type = 'VendBill'"
        )
        found = {str(row["id"]): _amount(row["due"]) for row in rows}
        return {name: found[number] for name, number in self.bills.items() if number in found}

    def is_payable(self, name: str) -> bool:
        """Return whether NetSuite wants a bill paid."""
        (row,) = self.read("SELECT * FROM ns_transaction WHERE id = ?", int(self.bills[name]))
        is_open = (row["status"], row["voided"], row["paymenthold"]) == ("A", "F", "F")
        return is_open and row["approvalstatus"] in {None, 2}

    def miscoded(self, name: str) -> str | None:
        """Return which line of an invoice is coded to what its bill is not on; None where none is."""
        sent = self.read(
            "SELECT l.* FROM ax_invoice_line l JOIN ax_invoice i ON i.id = l.invoice_id"
            " WHERE i.external_id = ? AND l.number NOT LIKE 'credit-%' ORDER BY l.place",
            self.external_id(name),
        )
        lines = self.read(
            'SELECT * FROM ns_transactionline WHERE "transaction" = ?'
            " AND mainline = 'F' AND expenseaccount IS NOT NULL ORDER BY id",
            int(self.bills[name]),
        )
        for line, there in zip(lines, sent, strict=True):
            whose = self._owner("ax_gl_account", "code = ?", there["gl_code"])
            if whose != f"account-{line['expenseaccount']}":
                return f"GL code {there['gl_code']} is of {whose}, not of account {line['expenseaccount']}"
            for dimension, kind in _DIMENSIONS.items():
                code, wanted = there[dimension], line[dimension]
                if wanted is None and code is None:
                    continue
                whose = self._owner("ax_dimension_value", "dimension = ? AND code = ?", dimension, code)
                if whose != f"{kind}-{wanted}":
                    return f"{dimension} {code} is of {whose}, not of {kind} {wanted}"
        return None

    def masters(self) -> Mapping[str, str]:
        """Return the codes of what AvidXchange has, by kind and id, such as `account-165`."""
        found = {}
        for table in ("ax_vendor", "ax_gl_account", "ax_dimension_value"):
            for row in self.read(f"SELECT * FROM {table}"):  # noqa: S608
                code = row["code"] if "code" in row.keys() else "active"  # noqa: SIM118 - a row of SQLite
                found[self.short(row["external_id"])] = code if row["active"] else "inactive"
        return found

    def account_id(self, number: str) -> str:
        """Return the internal id of the account that has that number now."""
        (row,) = self.read("SELECT id FROM ns_account WHERE acctnumber = ?", number)
        return str(row["id"])

    @property
    def now(self) -> str:
        assert self._sandbox.sandbox
        return self._sandbox.sandbox.clock.stamp()

    def read(self, query: str, *values: Any) -> list[Any]:  # noqa: ANN401
        """Ask the books."""
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.connection() as connection:
            return connection.execute(query, values).fetchall()

    def change(self, statement: str, *values: Any) -> None:  # noqa: ANN401
        """Change the books."""
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.write() as connection:
            connection.execute(statement, values)

    def _owner(self, table: str, where: str, *values: Any) -> str | None:  # noqa: ANN401
        rows = self.read(f"SELECT external_id FROM {table} WHERE {where}", *values)  # noqa: S608
        return self.short(rows[0]["external_id"]) if rows else None

    def short(self, external_id: str) -> str:
        """Return kind and id of an external id, such as `account-165`."""
        return external_id.removeprefix(f"netsuite-{self._account}-")


def _amount(cents: int) -> Decimal:
    return (Decimal(cents) / 100).quantize(_CENT)
