"""What people, AvidXchange and NetSuite do in a case of `payment_cases.yaml`, and what both books hold then.

An event is a verb and what it is about, by the names that the case gives to its bills and payments. Amounts
are written `40`, `all`, or with a discount beside them: `40 less 2`, `all less 2`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event
from types import MappingProxyType
from typing import Any

from apbridge.errors import APBridgeError
from apbridge_sandbox.netsuite.posting import (
    change_vendor_payment,
    post_vendor_payment,
    void_vendor_payment,
)
from apbridge_sandbox.netsuite.vendor_payments import Application, VendorPayment, load_payment
from apbridge_sandbox.testing import Running
from tests.case_books import NamedBooks
from tests.in_process import InboundHalf
from tests.waiting import held, until

_VENDORS = {("USD", "1"): "11", ("CAD", "2"): "12", ("CAD", "1"): "13"}
_CURRENCIES = {"USD": 1, "CAD": 2}


class Scene(NamedBooks):
    """One case under way.

    Args:
        sandbox: Both systems, shared with the other cases: each has bills and a ledger of its own.
        half: The tap and the target.
        settings: Of the target.
    """

    def __init__(self, sandbox: Running, half: InboundHalf, settings: Mapping[str, Any]) -> None:
        super().__init__(sandbox, half)
        self._settings = settings
        self.ended: APBridgeError | None = None
        self._meanwhile: Any = None
        # What other cases did is before this one, by more than the tap reads again.
        self.control("/control/clock", {"advance_seconds": 600})
        half.start_date = str(self.control("/control/clock", method="GET")["now"])

    def enter(
        self,
        bills: Mapping[str, Any],
        unsubmitted: Mapping[str, Any] = MappingProxyType({}),
        captured: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Enter bills in NetSuite, and have invoices approved in AvidXchange: `100`, `100 CAD of 2`.

        Args:
            bills: What both have.
            unsubmitted: What only NetSuite has.
            captured: What only AvidXchange has.
        """
        client = self._half.client
        for name, told in {**bills, **unsubmitted}.items():
            total, currency, vendor = entered(str(told))
            line = {"account": "6010", "amount": total}
            order = {"vendor": vendor, "tranid": f"INV-{name}", "lines": [line]}
            (self.bills[name],) = self.control("/control/netsuite/bills", {"bills": [order]})["ids"]
            if name in unsubmitted:
                continue
            for resource, record in self._submissions(name, vendor, currency, Decimal(total)):
                client.submit(client.upsertion(resource, record))
        for name, total in captured.items():
            self.captured[name] = f"captured-{name}-{next(iter(self.bills.values()))}"
            for resource, record in self._submissions(name, "11", "USD", Decimal(total)):
                client.submit(client.upsertion(resource, record))
        named = [self._invoice(name) for name in (*bills, *captured)]
        self.control("/control/invoices/approve", {"external_ids": named})

    def play(self, event: Any) -> None:  # noqa: ANN401
        """Let something happen: a verb, or a verb and what it is about."""
        self.forget()
        verb, about = (event, None) if isinstance(event, str) else next(iter(event.items()))
        getattr(self, "do_" + verb.replace("-", "_"))(about)

    # AvidXchange

    def do_pay(self, about: Mapping[str, Any]) -> None:
        method = about.get("by", "check")
        for name, shares in about.items():
            if name != "by":
                orders = [
                    {"external_id": self._invoice(bill), **_share(told)} for bill, told in shares.items()
                ]
                body = {"invoices": orders, "method": method, "one_payment_per": "all"}
                (self.payments[name],) = self.control("/control/payments/pay", body)["ids"]
                self.numbers[name] = self._paid(name)["checkNumber"]

    def do_paid(self, about: Mapping[str, Any]) -> None:
        self.do_pay(about)
        self.do_settle([name for name in about if name != "by"])

    def do_issue(self, about: str | list[str]) -> None:
        self._step("issue", about)

    def do_settle(self, about: str | list[str]) -> None:
        self._step("settle", about)

    def do_fail(self, about: str | list[str]) -> None:
        self._step("fail", about)

    def do_void(self, about: str | list[str]) -> None:
        self._step("void", about)

    def do_reissue(self, about: Mapping[str, str]) -> None:
        for old, new in about.items():
            body = {"id": self.payments[old]}
            self.payments[new] = self.control("/control/payments/reissue", body)["id"]
            self.numbers[new] = self._paid(new)["checkNumber"]

    def do_turn_into_check(self, about: str) -> None:
        body = {"id": self.payments[about]}
        self.numbers[about] = self.control("/control/payments/turn-into-check", body)["check_number"]

    def do_recall(self, about: str) -> None:
        """AvidXchange takes a settlement back: the payment failed after all."""
        self._rewrite(about, status="failed")

    def do_correct(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        """AvidXchange changes what it says of a payment."""
        for name, columns in about.items():
            self._rewrite(name, **{each: self._written(told) for each, told in columns.items()})

    # NetSuite, by hand

    def do_by_hand(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        for name, told in about.items():
            number = str(told["number"])
            share = _share(told.get("pays", "all"))
            if number.startswith("reference of "):
                number = self._paid(number.removeprefix("reference of "))["cardReference"]
            order = {"bill": self.bills[told["bill"]], "check_number": self.numbers.get(number) or number}
            if "days_ago" in told:
                order["day"] = (self.today - timedelta(days=int(told["days_ago"]))).isoformat()
            self.by_hand[name] = self.control("/control/netsuite/pay-by-hand", order | share)["id"]

    def do_add_to(self, about: Mapping[str, str]) -> None:
        """Somebody lets a vendor payment pay one more bill, and all of it."""
        context = self._sandbox.sandbox
        assert context
        with context.store.write() as connection:
            for name, bill in about.items():
                number = int(self._id(name))
                payment = load_payment(connection, number)
                more = [*payment.applications, Application(int(self.bills[bill]))]
                changed = replace(payment, applications=more)
                change_vendor_payment(connection, number, changed, now=context.clock.now())

    def do_from_bank(self, about: Mapping[str, str]) -> None:
        """Somebody corrects the bank account of a payment that was typed."""
        context = self._sandbox.sandbox
        assert context
        with context.store.write() as connection:
            for name, account in about.items():
                connection.execute(
                    "UPDATE ns_transactionaccountingline SET account = ?"
                    ' WHERE "transaction" = ? AND transactionline = 0',
                    (account, int(self._id(name))),
                )

    def do_void_by_hand(self, about: str) -> None:
        context = self._sandbox.sandbox
        assert context
        with context.store.write() as connection:
            void_vendor_payment(connection, int(self._id(about)), now=context.clock.now())

    def do_delete_by_hand(self, about: str) -> None:
        kind = "vendorbill" if about in self.bills else "vendorpayment"
        self.control("/control/netsuite/delete", {"type": kind, "id": self._id(about)})

    def do_edit(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        for name, columns in about.items():
            self.control(
                "/control/netsuite/edit",
                {"table": "transaction", "id": self._id(name), "set": self._columns(columns)},
            )

    def do_resize(self, about: Mapping[str, str]) -> None:
        """Somebody changes what a bill is over."""
        for name, total in about.items():
            self.do_edit({name: {"total_cents": int(Decimal(total) * 100)}})

    def do_move(self, about: Mapping[str, str]) -> None:
        """Somebody moves a bill to another subsidiary."""
        context = self._sandbox.sandbox
        assert context
        with context.store.write() as connection:
            for name, subsidiary in about.items():
                bill = int(self._id(name))
                connection.execute(
                    "UPDATE ns_transaction SET subsidiary = ? WHERE id = ?", (subsidiary, bill)
                )
                connection.execute(
                    'UPDATE ns_transactionline SET subsidiary = ? WHERE "transaction" = ?',
                    (subsidiary, bill),
                )

    def do_merge(self, about: Mapping[str, str]) -> None:
        """Somebody merges the vendor of some bills into another: all that was its own is the other's."""
        for name, vendor in about.items():
            self.do_edit({name: {"entity": vendor}})

    def do_inactive(self, vendor: str) -> None:
        self._activity(vendor, "T")

    def do_active(self, vendor: str) -> None:
        self._activity(vendor, "F")

    def do_payable(self, about: Mapping[str, str]) -> None:
        """Somebody puts a bill on another payables account, by its number."""
        context = self._sandbox.sandbox
        assert context
        with context.store.write() as connection:
            for name, account in about.items():
                values = int(self.payable(account)), int(self._id(name))
                connection.execute("UPDATE ns_transaction SET account = ? WHERE id = ?", values)
                connection.execute(
                    'UPDATE ns_transactionaccountingline SET account = ? WHERE "transaction" = ?'
                    " AND transactionline = 0",
                    values,
                )

    def do_close(self, _about: None) -> None:
        """Close the present month for payables."""
        self._month(aplocked="T")

    def do_open(self, _about: None) -> None:
        self._month(aplocked="F")

    def do_days(self, about: int) -> None:
        self.control("/control/clock", {"advance_days": int(about)})

    # NetSuite, by itself

    def do_fault(self, about: Mapping[str, Any]) -> None:
        when = {name: _number(told) for name, told in about.get("match", {}).items()}
        do = {name: _number(told) for name, told in about["do"].items()}
        match = {"method": "POST", "path": "/vendorPayment", **when}
        self.control("/control/faults", {"match": match, "do": do})

    def do_meanwhile(self, about: Mapping[str, Any]) -> None:
        """Let something happen while the next write of a payment is on its way."""
        fault = {"match": {"method": "POST", "path": "/vendorPayment", "nth": 1}, "do": {"hold": True}}
        self.control("/control/faults", fault)
        self._meanwhile = about

    def do_switch(self, about: Mapping[str, Any]) -> None:
        values = {f"netsuite.{name}": told == "yes" or _number(told) for name, told in about.items()}
        self.control("/control/switches", values)

    # The programs

    def do_run(self, about: Mapping[str, Any] | None) -> None:
        assert self.ended is None, "the run before this one did not end well"
        event, self._meanwhile = self._meanwhile, None
        over = Event()
        with ThreadPoolExecutor(1) as pool:
            acted = pool.submit(self._once_it_is_on_its_way, event, over) if event else None
            try:
                self.ended = self._half.run(**{**self._settings, **(about or {})})
            finally:
                over.set()
            if acted:
                acted.result()

    def do_post_elsewhere(self, about: str) -> None:
        """Another process posts the same payment."""
        context = self._sandbox.sandbox
        assert context
        paid = self._paid(about)
        bills = {self._invoice(name): int(number) for name, number in self.bills.items()}
        payment = VendorPayment(
            vendor=int(paid["vendorExternalId"].rpartition("-")[2]),
            account=102,
            applications=[
                Application(bills[each["invoiceExternalId"]], int(Decimal(each["amount"]) * 100))
                for each in paid["allocations"]
            ],
            external_id=f"avidxchange-payment-{paid['id']}",
            number=paid["checkNumber"],
        )
        with context.store.write() as connection:
            post_vendor_payment(connection, payment, now=context.clock.now())

    def do_run_fails(self, code: str) -> None:
        self.do_run(None)
        assert self.ended is not None
        assert self.ended.code == code
        self.ended = None

    def do_faults_end(self, _about: None) -> None:
        self.control("/control/faults", method="DELETE")

    def do_lose_the_ledger(self, _about: None) -> None:
        self._half.lose_everything()

    # How

    def _step(self, verb: str, about: str | list[str]) -> None:
        names = about if isinstance(about, list) else [about]
        ids = [self.payments[name] for name in names]
        self.control(f"/control/payments/{verb}", {"ids": ids})

    def _rewrite(self, name: str, **columns: Any) -> None:  # noqa: ANN401
        context = self._sandbox.sandbox
        assert context
        columns["modified_at"] = context.clock.stamp()
        setting = ", ".join(f"{column} = ?" for column in columns)
        with context.store.write() as connection:
            connection.execute(
                f"UPDATE ax_payment SET {setting} WHERE id = ?",  # noqa: S608
                (*columns.values(), int(self.payments[name])),
            )

    def _once_it_is_on_its_way(self, event: Any, over: Event) -> None:  # noqa: ANN401
        until(lambda: over.is_set() or held(self.control))
        try:
            assert not over.is_set(), "no payment was written"
            self.play(event)
        finally:
            self.control("/control/faults/let-go")

    def _written(self, told: str) -> str:
        return {"long": "7" * 5000, "today": self.today.isoformat()}.get(told, told)

    def _columns(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: int(told) if str(told).isdecimal() else told for name, told in columns.items()}
        for name, told in given.items():
            if str(told).startswith("number of "):
                given[name] = self.numbers[str(told).removeprefix("number of ")]
        return given

    def _activity(self, vendor: str, is_inactive: str) -> None:
        order = {"table": "vendor", "id": vendor, "set": {"isinactive": is_inactive}}
        self.control("/control/netsuite/edit", order)

    def _month(self, **values: str) -> None:
        context = self._sandbox.sandbox
        assert context
        with context.store.connection() as connection:
            (row,) = connection.execute(
                "SELECT id FROM ns_accountingperiod WHERE startdate = ? AND isquarter = 'F' AND isyear = 'F'",
                (self.today.replace(day=1).isoformat(),),
            )
        order = {"table": "accountingperiod", "id": str(row["id"]), "set": values}
        self.control("/control/netsuite/edit", order)

    def _id(self, name: str) -> str:
        if name in self.bills or name in self.by_hand:
            return {**self.bills, **self.by_hand}[name]
        context = self._sandbox.sandbox
        assert context
        with context.store.connection() as connection:
            (one,) = connection.execute(
                "SELECT id FROM ns_transaction WHERE type = 'VendPymt' AND externalid = ?",
                (self._external_id(name),),
            )
        return str(one["id"])

    def _external_id(self, name: str) -> str:
        """Return the external id of a payment, `p`, or of its part on a payables account, `p on 2050`."""
        payment, _, number = name.partition(" on ")
        account = f"-ap{self.payable(number)}" if number else ""
        return f"avidxchange-payment-{self.payments[payment]}{account}"


def entered(told: str) -> tuple[str, str, str]:
    """Read what a document is over: amount, currency, and a vendor of that currency and subsidiary."""
    total, currency, subsidiary = (*told.replace(" of ", " ").split(), "USD", "1")[:3]
    return total, currency, _VENDORS[currency, subsidiary if " of " in told else "1"]


def _number(told: Any) -> Any:  # noqa: ANN401
    return int(told) if isinstance(told, str) and told.isdecimal() else told


def _share(told: Any) -> dict[str, str]:  # noqa: ANN401
    amount, _, discount = str(told).partition(" less ")
    return {} | ({} if amount == "all" else {"amount": amount}) | ({"discount": discount} if discount else {})
