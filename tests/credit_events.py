"""What happens in a case of `credit_cases.yaml` beside what happens in one of `payment_cases.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from typing_extensions import override

from apbridge_sandbox.testing import Running
from tests.credit_memos import credit_id, enter_credit
from tests.in_process import InboundHalf
from tests.payment_events import Scene, entered


class CreditScene(Scene):
    """One case with vendor credits. A payment that uses one names it beside its bills: `{a: 100, c: -30}`."""

    def __init__(self, sandbox: Running, half: InboundHalf, settings: Mapping[str, Any]) -> None:
        super().__init__(sandbox, half, settings)
        self.credits: dict[str, str] = {}

    def enter_credits(self, told: Mapping[str, str]) -> None:
        """Enter credits in both systems: `100`, `100 CAD of 2`, of the vendor of such bills."""
        for name, one in told.items():
            total, currency, vendor = entered(one)
            self.credits[name] = enter_credit(self._sandbox, vendor, total, currency=currency)

    def left(self) -> dict[str, str]:
        """Return what is left in NetSuite of each credit that is there."""
        names = {number: name for name, number in self.credits.items()}
        found = self._books()["netsuite"]["credits"]
        return {names[one["id"]]: _plain(one["available"]) for one in found if one["id"] in names}

    @override
    def held(self) -> dict[str, Any]:
        """Return what each vendor payment of ours pays itself, and what it uses of credits."""
        names = {number: name for name, number in self.credits.items()}
        found = super().held()
        for one in self._vendor_payments():
            name = self._named(one)
            if name and found[name] != "voided":
                used = {names[each["credit"]]: _plain(each["amount"]) for each in one["credits"]}
                found[name] = {**found[name], **used}
        return found

    def do_apply(self, about: Mapping[str, Mapping[str, str]]) -> None:
        """Somebody applies a credit to bills in NetSuite; 0 takes it off."""
        for credit, bills in about.items():
            for bill, amount in bills.items():
                order = {"credit": self.credits[credit], "bill": self.bills[bill], "amount": amount}
                self.control("/control/netsuite/apply-credit", order)

    def do_void_credit(self, about: str) -> None:
        self.control("/control/netsuite/void-credit", {"id": self.credits[about]})

    def do_delete_credit(self, about: str) -> None:
        order = {"type": "vendorcredit", "id": self.credits[about]}
        self.control("/control/netsuite/delete", order)

    def do_reallocate(self, about: Mapping[str, Mapping[str, str]]) -> None:
        """AvidXchange corrects what a payment pays on bills, and what it uses of credits."""
        context = self._sandbox.sandbox
        assert context
        for name, shares in about.items():
            with context.store.write() as connection:
                connection.executemany(
                    "UPDATE ax_allocation SET amount_cents = ? WHERE payment_id = ?"
                    " AND invoice_id = (SELECT id FROM ax_invoice WHERE external_id = ?)",
                    [
                        (int(Decimal(told) * 100), int(self.payments[name]), self._invoice(document))
                        for document, told in shares.items()
                    ],
                )
            self._rewrite(name)

    @override
    def _id(self, name: str) -> str:
        return self.credits.get(name) or super()._id(name)

    @override
    def _invoice(self, bill: str) -> str:
        if bill in self.credits:
            return credit_id(self._sandbox, self.credits[bill])
        return super()._invoice(bill)


def _plain(amount: object) -> str:
    return f"{Decimal(str(amount)):.2f}".removesuffix(".00")
