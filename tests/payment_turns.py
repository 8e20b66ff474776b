"""Histories in which cards become checks, and bills are on several payables accounts."""

from __future__ import annotations

from typing import Any

from apbridge.schemas.identifiers import whole_payment
from tests.payment_history import Book, PaymentHistory


class TurningHistory(PaymentHistory):
    """What may happen to payments, and what may happen to how they are paid and posted too."""

    def card(self, which: int, _much: int) -> None:
        """Pay all invoices of a vendor by one virtual card."""
        payable = [one for one in self._invoices() if one["status"] in {"approved", "scheduled"}]
        if payable:
            vendor = payable[which % len(payable)]["vendorExternalId"]
            orders = [
                {"external_id": one["externalId"]} for one in payable if one["vendorExternalId"] == vendor
            ]
            body = {"invoices": orders, "method": "virtual_card", "one_payment_per": "all"}
            self._control("/control/payments/pay", body)

    def turn(self, which: int, _much: int) -> None:
        """Turn a virtual card into a check."""
        cards = [one for one in self._payments() if one["method"] == "virtual_card"]
        if cards:
            self._control("/control/payments/turn-into-check", {"id": cards[which % len(cards)]["id"]})

    def payable(self, which: int, much: int) -> None:
        """Put a bill to which nothing is applied on another payables account, as NetSuite lets people do."""
        bills = [one for one in self._bills() if one["unpaid"] == one["total"]]
        context = self._sandbox.sandbox
        assert context
        if not bills:
            return
        account, bill = ("2000", "2050", "2050")[much % 3], int(bills[which % len(bills)]["id"])
        with context.store.write() as connection:
            (row,) = connection.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (account,))
            values = row["id"], bill
            connection.execute("UPDATE ns_transaction SET account = ? WHERE id = ?", values)
            connection.execute(
                'UPDATE ns_transactionaccountingline SET account = ? WHERE "transaction" = ?'
                " AND transactionline = 0",
                values,
            )

    def _vendor_payments(self) -> list[Book]:
        """Return NetSuite's vendor payments, the standing ones of one payment as one."""
        found: list[Book] = []
        wholes: dict[str, dict[str, Any]] = {}
        names = [one["externalid"] for one in super()._vendor_payments() if one["externalid"]]
        assert len(names) == len({*names}), "an external id is there twice"
        for one in super()._vendor_payments():
            name = one["externalid"] or ""
            whole = whole_payment(name)
            if whole == name or one["voided"] == "T":
                found.append(one)
            elif whole in wholes:
                wholes[whole]["applications"] = [*wholes[whole]["applications"], *one["applications"]]
            else:
                wholes[whole] = {**one, "externalid": whole}
        return [*found, *wholes.values()]
