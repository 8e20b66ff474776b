"""Histories in which payments use vendor credits, and people use and void them beside."""

from __future__ import annotations

from decimal import Decimal

from tests.credit_memos import enter_credit
from tests.payment_history import VENDORS, Book, pick, some_of
from tests.payment_turns import TurningHistory


class CreditHistory(TurningHistory):
    """What may happen to payments, and what may happen to the credits that they use too."""

    def credit(self, which: int, much: int) -> None:
        """A vendor credits something, and AvidXchange has it as a credit memo."""
        vendor = VENDORS[which % len(VENDORS)]
        currency = "CAD" if vendor == VENDORS[-1] else "USD"
        total = f"{some_of(much, Decimal(60)) + 1:.2f}"
        enter_credit(self._sandbox, vendor, total, currency=currency)

    def pay_with_credit(self, which: int, much: int) -> None:
        """Pay an invoice with some of a credit of its vendor, or with nothing else."""
        payable = [one for one in self._invoices() if one["status"] in {"approved", "scheduled"}]
        vendors = {one["vendorExternalId"] for one in payable}
        usable = [one for one in self._of_credits() if one["vendorExternalId"] in vendors]
        credit = pick(usable, which)
        vendor, free = credit["vendorExternalId"], Decimal(str(credit["amountAvailable"]))
        invoice = pick([one for one in payable if one["vendorExternalId"] == vendor], much)
        unpaid = Decimal(str(invoice["amountUnpaid"]))
        used = min(some_of(much, free) or free, unpaid)
        paid = used if much % 3 == 0 else unpaid
        orders = [
            {"external_id": invoice["externalId"], "amount": str(paid)},
            {"external_id": credit["externalId"], "amount": str(-used)},
        ]
        body = {"invoices": orders, "method": "check", "one_payment_per": "all"}
        payments = self._control("/control/payments/pay", body)
        if much % 2:
            self._control("/control/payments/settle", payments)

    def void_with_credit(self, which: int, _much: int) -> None:
        """AvidXchange voids a payment that uses a credit."""
        using = [one for one in self._of({"issued", "settled"}) if self._used(one)]
        self._control("/control/payments/void", {"ids": [pick(using, which)["id"]]})

    def use_credit(self, which: int, much: int) -> None:
        """Somebody applies some of a credit to a bill over as much, which AvidXchange never sees."""
        credit = pick([one for one in self._credits() if Decimal(one["available"]) > 0], which)
        some = some_of(much, Decimal(credit["available"])) or Decimal("0.01")
        line = {"account": "6010", "amount": str(some)}
        order = {"vendor": credit["vendor"], "tranid": f"CR-{credit['id']}-{much}", "lines": [line]}
        (bill,) = self._control("/control/netsuite/bills", {"bills": [order]})["ids"]
        applied = {"credit": credit["id"], "bill": bill, "amount": str(some)}
        self._control("/control/netsuite/apply-credit", applied)
        self._applied_by_hand[credit["id"]] += some

    def void_credit(self, which: int, _much: int) -> None:
        """Somebody voids a credit that is applied to nothing."""
        unused = [one for one in self._credits() if not Decimal(one["applied"]) and one["voided"] == "F"]
        self._control("/control/netsuite/void-credit", {"id": pick(unused, which)["id"]})

    def _of_credits(self) -> list[Book]:
        return [one for one in self._all_credits() if Decimal(str(one["amountAvailable"])) > 0]

    def _credits(self) -> list[Book]:
        return list(self._sandbox.books()["netsuite"]["credits"])
