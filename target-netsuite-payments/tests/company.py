"""NetSuite's own books, read where the sandbox keeps them: what the tests judge by."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from threading import Event
from typing import Any

from apbridge_sandbox.netsuite.applying import ApplyRules, keep_balances
from apbridge_sandbox.netsuite.books import next_transaction, remove_links, remove_rows
from apbridge_sandbox.netsuite.posting import (
    change_vendor_payment,
    delete_vendor_payment,
    void_vendor_payment,
)
from apbridge_sandbox.netsuite.vendor_payments import load_payment
from apbridge_sandbox.testing import Running
from tests.waiting import held, until

ACCOUNT = "1234567_SB1"


@dataclass(frozen=True)
class OpenBill:
    """A bill as the books had it when the test took it, and the numbers of the company's next payments."""

    id: str
    vendor: str
    symbol: str
    subsidiary: str
    unpaid: Decimal
    payments: Iterator[int] = field(repr=False, compare=False)

    @property
    def external_id(self) -> str:
        return f"netsuite-{ACCOUNT}-vendorbill-{self.id}"


@dataclass(frozen=True)
class OpenCredit:
    """A vendor credit of the vendor of a bill."""

    id: str

    @property
    def external_id(self) -> str:
        return f"netsuite-{ACCOUNT}-vendorcredit-{self.id}"


@dataclass
class PostedPayment:
    """A vendor payment in the books, with what it takes off each bill."""

    id: str
    number: str | None
    external_id: str | None
    vendor: str
    account: str
    day: str
    currency: str
    subsidiary: str
    memo: str
    total: Decimal
    is_voided: bool
    is_printed: bool
    applied: dict[str, Decimal] = field(default_factory=dict)
    discounts: dict[str, Decimal] = field(default_factory=dict)


class PostingCompany:
    """NetSuite's own books, read where the sandbox keeps them."""

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox
        self.control = sandbox.control
        self._taken: set[str] = set()
        self._payments = count(1)
        self._disturbed: set[str] = set()

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.connection() as connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def change(self, table: str, record: str, **values: object) -> None:
        """Edit a record as a person would."""
        self.control("/control/netsuite/edit", {"table": table, "id": record, "set": values})

    def bills(
        self, number: int = 1, *, currency: str = "USD", subsidiary: int = 1, in_parts: bool = False
    ) -> list[OpenBill]:
        """Take open bills of one vendor, none of them paid in part; due at once, or in instalments."""
        found = self.rows(
            "SELECT t.id, t.entity, c.symbol, t.subsidiary, t.total_cents FROM ns_transaction t "
            "JOIN ns_currency c ON c.id = t.currency WHERE t.type = 'VendBill' AND t.status = 'A' "
            "AND t.paid_cents = 0 AND t.paymenthold = 'F' AND t.locked = 'F' AND t.total_cents > 1000 "
            "AND c.symbol = ? AND t.subsidiary = ? "
            'AND ? = EXISTS (SELECT 1 FROM ns_installment i WHERE i."transaction" = t.id) ORDER BY t.id',
            currency,
            subsidiary,
            in_parts,
        )
        by_vendor: dict[str, list[OpenBill]] = {}
        for row in found:
            if str(row["id"]) not in self._taken:
                bill = OpenBill(
                    str(row["id"]),
                    str(row["entity"]),
                    row["symbol"],
                    str(row["subsidiary"]),
                    Decimal(row["total_cents"]) / 100,
                    self._payments,
                )
                some = by_vendor.setdefault(bill.vendor, [])
                some.append(bill)
                if len(some) == number:
                    self._taken |= {each.id for each in some}
                    return some
        message = f"no {number} open bills in {currency} are left; seed more"
        raise AssertionError(message)

    def bill(self, **wanted: Any) -> OpenBill:  # noqa: ANN401
        return self.bills(1, **wanted)[0]

    def unpaid(self, bill: OpenBill | str) -> Decimal:
        number = bill if isinstance(bill, str) else bill.id
        (row,) = self.rows("SELECT total_cents - paid_cents AS open FROM ns_transaction WHERE id = ?", number)
        return Decimal(row["open"]) / 100

    def status(self, bill: OpenBill) -> str:
        return str(self.rows("SELECT status FROM ns_transaction WHERE id = ?", bill.id)[0]["status"])

    def payments(self, external_id: str | None = None) -> list[PostedPayment]:
        """Return the vendor payments under an external id, or all."""
        found = self.rows(
            "SELECT t.*, c.symbol FROM ns_transaction t JOIN ns_currency c ON c.id = t.currency "
            "WHERE t.type = 'VendPymt' AND (? IS NULL OR t.externalid = ?) ORDER BY t.id",
            external_id,
            external_id,
        )
        payments = [
            PostedPayment(
                str(row["id"]),
                row["tranid"],
                row["externalid"],
                str(row["entity"]),
                str(row["account"]),
                row["trandate"],
                row["symbol"],
                str(row["subsidiary"]),
                row["memo"] or "",
                Decimal(row["total_cents"]) / 100,
                row["voided"] == "T",
                row["tobeprinted"] == "T",
            )
            for row in found
        ]
        for payment in payments:
            for link in self.rows(
                "SELECT * FROM ns_link WHERE nextdoc = ? AND linktype = 'Payment'", payment.id
            ):
                bill = str(link["previousdoc"])
                payment.applied[bill] = Decimal(link["foreignamount_cents"]) / 100
                if link["discount_cents"]:
                    payment.discounts[bill] = Decimal(link["discount_cents"]) / 100
        return payments

    def vendor_payment(self, number: str) -> PostedPayment:
        """Return a vendor payment by its internal id."""
        (payment,) = (each for each in self.payments() if each.id == number)
        return payment

    def payment(self, record: Mapping[str, Any]) -> PostedPayment:
        """Return the one vendor payment of a payment."""
        (payment,) = self.payments(record["external_id"])
        return payment

    def pay_by_hand(self, bill: OpenBill, amount: Decimal, number: str) -> str:
        """Record a payment as a person would, and return its internal id."""
        order = {"bill": bill.id, "amount": str(amount), "check_number": number}
        return str(self.control("/control/netsuite/pay-by-hand", order)["id"])

    def credit(self, bill: OpenBill, total: str, **order: Any) -> OpenCredit:  # noqa: ANN401
        """Enter a credit of a bill's vendor that goes with the bill."""
        (row,) = self.rows("SELECT * FROM ns_transaction WHERE id = ?", bill.id)
        new = {
            "vendor": bill.vendor,
            "tranid": f"CM-{bill.id}",
            "lines": [{"account": "6010", "amount": total}],
            "subsidiary": row["subsidiary"],
            "currency": row["currency"],
            "ap_account": row["account"],
            **order,
        }
        (number,) = self.control("/control/netsuite/credits", {"credits": [new]})["ids"]
        return OpenCredit(number)

    def left(self, credit: OpenCredit) -> Decimal:
        """Return what of a credit is not used."""
        return self.unpaid(credit.id)

    def covered(self, credit: OpenCredit) -> dict[str, Decimal]:
        """Return which bills a credit is applied to."""
        query = (
            "SELECT previousdoc, SUM(foreignamount_cents) AS cents FROM ns_link"
            " WHERE nextdoc = ? AND linktype = 'Payment' GROUP BY previousdoc"
        )
        return {str(row["previousdoc"]): Decimal(row["cents"]) / 100 for row in self.rows(query, credit.id)}

    def apply_by_hand(self, credit: OpenCredit, bill: OpenBill, amount: str) -> None:
        """Apply a credit to a bill as a person would, whatever it was before."""
        order = {"credit": credit.id, "bill": bill.id, "amount": amount}
        self.control("/control/netsuite/apply-credit", order)

    def delete_payment(self, payment: str) -> None:
        """Delete a vendor payment as a person would."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            now = self.sandbox.sandbox.clock.now()
            delete_vendor_payment(connection, int(payment), now=now, context="UI")

    def void_payment(self, payment: str) -> None:
        """Void a vendor payment as a person would."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            void_vendor_payment(connection, int(payment), now=self.sandbox.sandbox.clock.now())

    def decide(self, number: str, decision: str) -> None:
        """Decide about a vendor payment, or about a journal that is to void one, as a person would."""
        self.control("/control/netsuite/decide", {"id": number, "decision": decision})

    def journals(self, payment: str) -> list[str]:
        """Return the journals that were made to void a vendor payment."""
        query = (
            'SELECT DISTINCT t.id FROM ns_transaction t JOIN ns_transactionline l ON l."transaction" = t.id'
            " WHERE t.type = 'Journal' AND l.createdfrom = ? ORDER BY t.id"
        )
        return [str(row["id"]) for row in self.rows(query, payment)]

    def pay_a_journal_instead(self, payment: str) -> str:
        """Apply a payment to a journal of payables instead of its bills, and return the journal."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            journal = next_transaction(connection)
            copied = (
                "trandate, entity, currency, exchangerate, total_cents, postingperiod, subsidiary,"
                " createddate, lastmodifieddate"
            )
            connection.execute(
                "INSERT INTO ns_transaction (id, type, recordtype, tranid, transactionnumber, status,"  # noqa: S608
                f" approvalstatus, posting, {copied}) SELECT ?, 'Journal', 'journalentry', 'JE' || ?,"
                f" 'JOURNAL' || ?, 'B', 2, 'T', {copied} FROM ns_transaction WHERE id = ?",
                (journal, journal, journal, int(payment)),
            )
        self.unapply(payment)
        with self.sandbox.sandbox.store.write() as connection:
            connection.execute(
                "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype,"
                " linktype, foreignamount_cents, lastmodifieddate) SELECT ?, 0, 'Journal', id, 1, type,"
                " 'Payment', total_cents, lastmodifieddate FROM ns_transaction WHERE id = ?",
                (journal, int(payment)),
            )
        return str(journal)

    def forget_what_a_journal_voids(self, payment: str) -> None:
        """Let the journals that void a vendor payment not name it: some accounts may show them so."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            for journal in self.journals(payment):
                connection.execute(
                    'UPDATE ns_transactionline SET createdfrom = NULL WHERE "transaction" = ?',
                    (int(journal),),
                )

    def delete_journal(self, journal: str) -> None:
        """Delete a journal as a person would."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            remove_rows(connection, int(journal))

    def unapply(self, payment: str) -> None:
        """Take a vendor payment off its bills as a person would, and leave it there."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            bills = remove_links(connection, int(payment))
            now = self.sandbox.sandbox.clock.now()
            keep_balances(connection, bills, now, ApplyRules(touch_bill=True, touch_accounting_line=True))

    def let_link_carry_the_payment_alone(self, payment: str) -> None:
        """Let a payment's link be over what was paid, without the discount: some accounts show it so."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            connection.execute(
                "UPDATE ns_link SET foreignamount_cents = foreignamount_cents - discount_cents"
                " WHERE nextdoc = ? AND linktype = 'Payment'",
                (int(payment),),
            )

    def custom(self, number: str) -> dict[str, Any]:
        """Return the custom fields of a transaction that hold something."""
        (row,) = self.rows("SELECT custom FROM ns_transaction WHERE id = ?", number)
        found: dict[str, Any] = json.loads(row["custom"])
        return found

    @contextlib.contextmanager
    def closed_period(self, month: str) -> Iterator[None]:
        """Close a month for payables while the block runs."""
        (period,) = self.rows(
            "SELECT id FROM ns_accountingperiod WHERE startdate = ? AND isquarter = 'F' AND isyear = 'F'",
            f"{month}-01",
        )
        self.change("accountingperiod", str(period["id"]), aplocked="T")
        yield
        self.change("accountingperiod", str(period["id"]), aplocked="F")

    @contextlib.contextmanager
    def meanwhile(
        self, method: str, path: str, act: Callable[[], object], *, nth: int = 1, **do: object
    ) -> Iterator[None]:
        """Do something while the nth such call from now is on its way; `do` is what becomes of that call."""
        self.fault({"hold": True, **do}, method=method, path=path, nth=nth)
        over = Event()

        def wait_and_act() -> None:
            until(lambda: over.is_set() or held(self.control))
            try:
                assert not over.is_set(), "there was no such call"
                act()
            finally:
                self.control("/control/faults/let-go")

        with ThreadPoolExecutor(1) as pool:
            acted = pool.submit(wait_and_act)
            try:
                yield
            finally:
                over.set()
            acted.result()

    @contextlib.contextmanager
    def on_the_wire(self, method: str, path: str, **when: int) -> Iterator[Callable[[], None]]:
        """Hold a call, or those told, on its way until the test lets it go."""
        self.fault({"hold": True}, method=method, path=path, **(when or {"times": 1}))

        def let_go() -> None:
            self.control("/control/faults/let-go", {})

        try:
            yield let_go
        finally:
            let_go()

    def until_held(self, number: int) -> None:
        """Wait until as many calls are held."""
        until(lambda: held(self.control) == number)

    def move_application(self, payment: str, bill: OpenBill) -> None:
        """Apply a payment that pays one bill to another one instead, as a person would."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            now = self.sandbox.sandbox.clock.now()
            before = load_payment(connection, int(payment))
            moved = [replace(each, bill=int(bill.id)) for each in before.applications]
            change_vendor_payment(connection, int(payment), replace(before, applications=moved), now=now)

    def fault(
        self, do: Mapping[str, Any], *, method: str = "POST", path: str = "/vendorPayment", **when: int
    ) -> None:
        """Make calls go wrong: every one, unless told which."""
        self._disturbed.add("faults")
        self.control("/control/faults", {"match": {"method": method, "path": path, **when}, "do": dict(do)})

    def switch(self, **values: object) -> None:
        """Make NetSuite behave in another way that it may, until the test ends."""
        self._disturbed.add("switches")
        self.control("/control/switches", {f"netsuite.{name}": value for name, value in values.items()})

    def calm(self) -> None:
        """End the faults and switches of the test, if it had any: most have none."""
        while self._disturbed:
            self.control(f"/control/{self._disturbed.pop()}", method="DELETE")

    @property
    def writes(self) -> int:
        return int(self.sandbox.calls()["netsuite"]["writes"])

    @property
    def calls(self) -> int:
        return int(self.sandbox.calls()["netsuite"]["total"])

    def forget_calls(self) -> None:
        self.control("/control/calls", method="DELETE")
