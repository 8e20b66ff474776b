"""Three companies, two of them of one NetSuite account, each with what people do in it and with its books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from itertools import count
from typing import Any

from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks, Comparison
from tests.inbound import BANKS

Book = dict[str, Any]
_NUMBERS = 1_000_000
"""So many payments may each company have."""
_OURS = "avidxchange-payment-"


class Company:
    """A company: some subsidiaries of a NetSuite account, and a company in AvidXchange.

    Args:
        name: Its own.
        netsuite: The sandbox whose NetSuite is its.
        avidxchange: The sandbox whose AvidXchange is its.
        company_id: AvidXchange's.
        subsidiaries: Whose bills it submits.
    """

    def __init__(
        self,
        name: str,
        netsuite: Running,
        avidxchange: Running,
        company_id: int,
        subsidiaries: tuple[str, ...],
    ) -> None:
        self.name = name
        self.netsuite = netsuite
        self.avidxchange = avidxchange
        self.subsidiaries = subsidiaries
        self._company_id = company_id
        self._account = netsuite.credentials["NETSUITE_ACCOUNT_ID"]
        self._numbers = count(1)
        self._in_payment: set[str] = set()
        self._call_it(company_id)

    def _call_it(self, company_id: int) -> None:
        assert self.avidxchange.sandbox
        with self.avidxchange.sandbox.store.write() as connection:
            connection.execute("UPDATE ax_company SET id = ?", (company_id,))

    def declared(self) -> Book:
        """Return what `companies.yaml` says of it."""
        netsuite = (
            "account_id",
            "base_url",
            "certificate_id",
            "private_key_path",
            "restlet_script",
            "restlet_deploy",
        )
        return {
            "netsuite": {name: self.netsuite.credentials[f"NETSUITE_{name.upper()}"] for name in netsuite},
            "avidxchange": {
                "base_url": self.avidxchange.credentials["AVIDXCHANGE_BASE_URL"],
                "company_id": str(self._company_id),
            },
            "tap-netsuite-ap": {"subsidiaries": list(self.subsidiaries)},
            "target-netsuite-payments": {
                "bank_accounts": [{**one} for one in BANKS if one["subsidiary"] in self.subsidiaries]
            },
        }

    def secrets(self) -> dict[str, str]:
        """Return its credentials, as variables."""
        prefix = f"{self.name.upper()}_"
        tokens = ("AVIDXCHANGE_COMPANY_TOKEN", "AVIDXCHANGE_USER_TOKEN")
        return {
            f"{prefix}NETSUITE_CLIENT_ID": self.netsuite.credentials["NETSUITE_CLIENT_ID"],
            **{f"{prefix}{name}": self.avidxchange.credentials[name] for name in tokens},
        }

    def enters(self, number: int) -> None:
        """Somebody types bills, every other with an image."""
        book = self.netsuite.books()["netsuite"]
        vendors = [
            one["id"]
            for one in book["vendors"]
            if one["subsidiary"] in self.subsidiaries and one["isinactive"] == "F"
        ]
        line = next(line for bill in book["bills"] for line in bill["lines"] if line["kind"] == "expense")
        bills = []
        for _ in range(number):
            turn = next(self._numbers)
            name = f"{self.name}-{turn}"
            lines = [{"account": line["account_number"], "amount": f"{100 + turn}.{turn % 100:02}"}]
            image = {"image": f"Invoice {name}"} if turn % 2 else {}
            bills.append({"vendor": vendors[turn % len(vendors)], "tranid": name, "lines": lines, **image})
        self.netsuite.control("/control/netsuite/bills", {"bills": bills})

    def pays(self) -> None:
        """AvidXchange settles what is under way, and pays half of what is open."""
        control = self.avidxchange.control
        book = self.avidxchange.books()["avidxchange"]
        control("/control/payments/settle", {"ids": "all"})
        control("/control/invoices/approve", {"external_ids": "all"})
        names = sorted(
            one["externalId"]
            for one in book["invoices"]
            if Decimal(str(one["amountUnpaid"])) > 0 and one["externalId"] not in self._in_payment
        )
        some = names[: -(-len(names) // 2)]
        if some:
            invoices = [{"external_id": name} for name in some]
            order = {"invoices": invoices, "method": "check", "one_payment_per": "invoice"}
            control("/control/payments/pay", order)
            if not self._in_payment:
                self._number()
        self._in_payment.update(some)

    def ends(self) -> None:
        """AvidXchange voids a payment that has settled, and settles all that is under way."""
        control = self.avidxchange.control
        payments = self.avidxchange.books()["avidxchange"]["payments"]
        (first, *_) = [one["id"] for one in payments if one["status"] == "settled"]
        control("/control/payments/void", {"ids": [first]})
        control("/control/payments/settle", {"ids": "all"})

    def _number(self) -> None:
        """Give the first payments numbers that no other company's have, and so all that come after them.

        In a NetSuite account that two companies have together a payment's number is its name.
        """
        more = self._company_id * _NUMBERS
        assert self.avidxchange.sandbox
        with self.avidxchange.sandbox.store.write() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute("UPDATE ax_payment SET id = id + ?", (more,))
            connection.execute("UPDATE ax_allocation SET payment_id = payment_id + ?", (more,))

    # The books

    def differing(self) -> list[Comparison]:
        """Return what is not the same in both books."""
        avidxchange = self.avidxchange.books()["avidxchange"]
        books = {"netsuite": self._own(self.netsuite.books()["netsuite"]), "avidxchange": avidxchange}
        return [line for line in BothBooks(books, self._account).compare() if not line.agree]

    def _own(self, netsuite: Book) -> Book:
        """Return what of NetSuite's book is this company's, without what is voided."""
        bills = [one for one in netsuite["bills"] if one["subsidiary"] in self.subsidiaries]
        is_open: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in bills:
            if one["status"] == "A":
                is_open[one["currency"]] += Decimal(one["unpaid"])
        payments = [
            one
            for one in netsuite["payments"]
            if one["subsidiary"] in self.subsidiaries and one["voided"] == "F"
        ]
        return {**netsuite, "bills": bills, "payments": payments, "open_payables": dict(is_open)}

    def said_twice(self) -> list[str]:
        """Return what is in a book more than once: a bill as an invoice, a settlement as a payment."""
        invoices = [one["externalId"] for one in self.avidxchange.books()["avidxchange"]["invoices"]]
        posted = [
            one["externalid"]
            for one in self.netsuite.books()["netsuite"]["payments"]
            if (one["externalid"] or "").startswith(_OURS)
        ]
        return sorted({name for names in (invoices, posted) for name in names if names.count(name) > 1})


@contextmanager
def three() -> Iterator[list[Company]]:
    """Run three sandboxes, and give three companies: two are subsidiaries of one NetSuite account."""
    with ExitStack() as stack:
        first, second, third = (
            stack.enter_context(running(seed=seed, vendors=16, bills=40, latency_ms=20)) for seed in (1, 2, 3)
        )
        yield [
            Company("acme", first, first, 7001, ("1",)),
            Company("bolt", first, second, 7002, ("2",)),
            Company("carp", third, third, 7003, ("1", "2")),
        ]
