"""What people do in both systems in a case of `bill_cases.yaml`, and what both books hold then.

An event is a verb and what it is about, by the names that the case gives to its bills and documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger, Row, Status
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import reconcile
from apbridge_sandbox.testing import Running
from tests.bill_books import BillBooks
from tests.in_process import InboundHalf, OutboundHalf, netsuite_config

FEW = ("vendors", "gl_accounts", "bills")
STREAMS = ("vendors", "gl_accounts", "departments", "classes", "locations", "bills")
_USUAL = {"vendor": "11", "account": "6010"}
_FIELDS = {"date": "trandate", "hold": "paymenthold", "number": "tranid", "status": "status"}
_TABLES = {"class": "classification"}
_SETTINGS = {"account": "gl_mapping"}


class BillScene(BillBooks):
    """One case under way.

    Args:
        sandbox: Both systems, as after the first run of the company's vendors and codes.
        out: The way to AvidXchange.
        back: The way of payments, with the same ledger.
        folder: For the mapping tables.
    """

    def __init__(self, sandbox: Running, out: OutboundHalf, back: InboundHalf, folder: Path) -> None:
        super().__init__(sandbox)
        self.control = sandbox.control
        self.ended: APBridgeError | None = None
        self.documents: dict[str, str] = {}
        self.payments: dict[str, str] = {}
        self._out = out
        self._back = back
        self._folder = folder

    def play(self, event: Any) -> None:  # noqa: ANN401
        """Play an event: a verb, or a verb and what it is about."""
        verb, about = (event, None) if isinstance(event, str) else next(iter(event.items()))
        getattr(self, "do_" + verb.replace(" ", "_"))(about)

    # The programs

    def do_run(self, _about: None) -> None:
        """Run the way to AvidXchange two hours later, and one sweep with it."""
        assert self.ended is None, f"the run before this one did not end well: {self.ended}"
        self.control("/control/clock", {"advance_seconds": 7200})
        self.ended = self._out.run()
        assert self._out.tap_ended is None, self._out.tap_ended

    def do_run_ends(self, code: str) -> None:
        """Run, and let the end of the run be an error of this code."""
        self.do_run(None)
        assert self.ended is not None
        assert self.ended.code == code
        self.ended = None

    def do_run_reads_not(self, code: str) -> None:
        """Run, and let the tap end with an error of this code: the target delivers what it has read."""
        self.control("/control/clock", {"advance_seconds": 7200})
        self._out.run()
        assert self._out.tap_ended is not None
        assert self._out.tap_ended.code == code

    def do_dry_run(self, about: Mapping[str, str]) -> None:
        """Run dry, and see what it says would become of bills."""
        report = self._folder / "dry.json"
        before, state = self._out.writes, self._out.state
        self._out.writes = {**before, "dry_run": True, "dry_run_report": str(report)}
        self.do_run(None)
        self._out.writes, self._out.state = before, state
        bills = yaml.safe_load(report.read_text(encoding="utf-8"))["streams"]["bills"]
        told = {
            one["external_id"]: what
            for what, listed in bills.items()
            if isinstance(listed, list)
            for one in listed
        }
        assert {name: told.get(self.external_id(name)) for name in about} == about

    def do_back(self, _about: None) -> None:
        """Run the way of payments."""
        ended = self._back.run()
        assert ended is None, ended

    def do_compare(self, about: Mapping[str, str] | None) -> None:
        """Compare both sides, and find what bills differ in, by field; nothing unless told."""
        says = self._compared()
        assert says.keys() == (about or {}).keys(), says
        for name, field in (about or {}).items():
            told = says[name]
            assert (f": {field} (" in told, told.count(" in NetSuite, ")) == (True, 1), told

    def do_compare_finds(self, about: list[str]) -> None:
        """Compare both sides, and find that these bills differ."""
        assert sorted(self._compared()) == sorted(about)

    def _compared(self) -> dict[str, str]:
        with (
            Ledger(self._out.ledger_url) as ledger,
            NetSuite(NetSuiteSettings.from_config(netsuite_config(self._sandbox))) as netsuite,
        ):
            found = reconcile(netsuite, self._back.client, ledger).differences
        names = {self.external_id(name): name for name in self.bills}
        return {names.get(one.external_id, one.external_id): one.says for one in found}

    def do_full_refresh(self, _about: None) -> None:
        self._out.state = {}

    def do_lose_the_ledger(self, _about: None) -> None:
        self._back.lose_everything()
        self._out.ledger_url, self._out.state = self._back.ledger_url, {}

    def do_map(self, about: Mapping[str, Mapping[str, str]]) -> None:
        """Write the mapping table of a dimension, or of accounts, anew."""
        for of, codes in about.items():
            setting = _SETTINGS.get(of, "dimension_mapping")
            rules: list[dict[str, str]] = [
                {"account": value, "code": code}
                if of == "account"
                else {"dimension": of, "value": value, "code": code}
                for value, code in codes.items()
            ]
            file = self._folder / f"{setting}.yaml"
            file.write_text(yaml.safe_dump(rules), encoding="utf-8")
            self._out.writes = {**self._out.writes, setting: str(file)}

    # NetSuite, by hand

    def do_enter(self, about: Mapping[str, Any]) -> None:
        """Enter bills: `100`, or what differs from 100 for vendor 11 on account 6010."""
        for name, told in about.items():
            of = {**_USUAL, **(told if isinstance(told, dict) else {"amount": told})}
            line = {"account": of["account"], "amount": of.get("amount", "100")}
            line |= {kind: int(of[kind]) for kind in ("department", "class", "location") if kind in of}
            order = {"vendor": of["vendor"], "tranid": of.get("number", f"INV-{name}"), "lines": [line]}
            (self.bills[name],) = self.control("/control/netsuite/bills", {"bills": [order]})["ids"]
            self.entered[name] = told

    def do_enter_again(self, about: Mapping[str, str]) -> None:
        """Enter a bill anew that is there or was: the same vendor, number and amount."""
        for new, old in about.items():
            told = self.entered[old]
            of = told if isinstance(told, dict) else {"amount": told}
            self.do_enter({new: {"number": f"INV-{old}", **of}})

    def do_edit(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        """Change fields of a bill; an empty text empties one."""
        for name, fields in about.items():
            columns = {_FIELDS[field]: told or None for field, told in fields.items()}
            order = {"table": "transaction", "id": self.bills[name], "set": columns}
            self.control("/control/netsuite/edit", order)

    def do_renumber(self, about: Mapping[str, str]) -> None:
        """Change the numbers of accounts, all at once."""
        ids = {old: self.account_id(old) for old in about}
        for old, new in about.items():
            self.control(
                "/control/netsuite/edit", {"table": "account", "id": ids[old], "set": {"acctnumber": new}}
            )

    def do_deactivate(self, about: Mapping[str, str]) -> None:
        self._set_inactive(about, "T")

    def do_activate(self, about: Mapping[str, str]) -> None:
        self._set_inactive(about, "F")

    def do_apply(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        """Apply documents of others: `{credit: a, amount: 40}`; all that is open unless told."""
        for name, told in about.items():
            (kind,) = told.keys() - {"amount"}
            order = {"bill": self.bills[told[kind]]}
            order |= {"amount": told["amount"]} if "amount" in told else {}
            path, more = "apply", {"kind": kind}
            if kind == "by hand":
                path, more = "pay-by-hand", {"check_number": f"9{len(self.documents):02d}"}
            self.documents[name] = self.control(f"/control/netsuite/{path}", {**order, **more})["id"]

    def do_unapply(self, about: str) -> None:
        self.control("/control/netsuite/unapply", {"id": self.documents[about]})

    def do_lower(self, about: Mapping[str, str]) -> None:
        for name, amount in about.items():
            self.control("/control/netsuite/lower", {"bill": self.bills[name], "amount": amount})

    def do_merge(self, about: Mapping[str, str]) -> None:
        for vendor, into in about.items():
            self.control("/control/netsuite/merge-vendors", {"vendor": vendor, "into": into})

    def do_delete(self, about: Any) -> None:  # noqa: ANN401
        """Delete a bill or a document by name, a master, or our payment of a bill: `{payment: a}`."""
        kind, number = "vendorbill", self.bills.get(str(about), "")
        if isinstance(about, dict):
            ((kind, number),) = dict[str, str](about).items()
            number = self.account_id(number) if kind == "account" else number
            number = self._posted(number) if kind == "payment" else number
            kind = {"class": "classification", "payment": "vendorpayment"}.get(kind, kind)
        elif about in self.documents:
            kind, number = "vendorpayment", self.documents[about]
        order = {"type": kind, "id": number}
        self.control("/control/netsuite/delete", order)

    def do_switch(self, about: Mapping[str, Any]) -> None:
        values = {name: told == "yes" if told in {"yes", "no"} else told for name, told in about.items()}
        self.control("/control/switches", values)

    def do_days(self, about: str) -> None:
        self.control("/control/clock", {"advance_days": int(about)})

    # AvidXchange

    def do_approve(self, about: list[str]) -> None:
        names = [self.external_id(name) for name in about]
        self.control("/control/invoices/approve", {"external_ids": names})

    def do_pay(self, about: Mapping[str, str]) -> None:
        """Approve and pay invoices, and settle the payments: an amount, or all."""
        for name, amount in about.items():
            share = {"external_id": self.external_id(name)} | ({} if amount == "all" else {"amount": amount})
            paid = self.control("/control/payments/pay", {"invoices": [share]})
            self.control("/control/payments/settle", paid)
            (self.payments[name],) = paid["ids"]

    def do_cancel(self, about: str) -> None:
        """Somebody cancels an invoice in AvidXchange."""
        self.change(
            "UPDATE ax_invoice SET status = 'cancelled', status_reason = 'by hand', modified_at = ?"
            " WHERE external_id = ?",
            self.now,
            self.external_id(about),
        )

    def do_fault(self, about: Mapping[str, Any]) -> None:
        match = {name: int(told) if name == "nth" else told for name, told in about["match"].items()}
        do = {name: int(told) if told.isdecimal() else told for name, told in about["do"].items()}
        self.control("/control/faults", {"match": match, "do": do})

    # What the ledger holds

    def rows(self, *statuses: Status, stream: str = "bills") -> dict[str, Row]:
        """Return the rows of these statuses, of bills by name and of others by external id."""
        names = {self.external_id(name): name for name in self.bills}
        with Ledger(self._out.ledger_url) as ledger:
            found = ledger.all_rows("avidxchange", stream, statuses)
            return {names.get(row.external_id, self.short(row.external_id)): row for row in found}

    def open_rows(self) -> dict[str, Row]:
        """Return every row that somebody has to look at, or that waits, of whatever stream."""
        rows: dict[str, Row] = {}
        for stream in STREAMS:
            rows |= self.rows(Status.REJECTED, Status.WAITING, stream=stream)
        return rows

    @property
    def said(self) -> str:
        return self._out.said

    def in_silence(self) -> dict[str, str]:
        """Return the bills that end wrong, and nobody is told: what is wrong with each."""
        told = self.rows(Status.REJECTED, Status.WAITING).keys()
        return {name: wrong for name, wrong in self._wrong() if name not in told}

    def _wrong(self) -> Iterator[tuple[str, str]]:
        due = self.due()
        for name, invoice in self.invoices().items():
            if (excess := invoice.to_pay - due.get(name, Decimal(0))) > 0:
                yield name, f"{excess} too much is to be paid"
            elif name in due and invoice.is_live and (wrong := self.miscoded(name)):
                yield name, wrong
        for name, amount in due.items():
            to_pay = self.invoices()[name].to_pay if name in self.invoices() else Decimal(0)
            if to_pay < amount and self.is_payable(name):
                yield name, f"{amount - to_pay} is to be paid by nobody"

    def _posted(self, name: str) -> str:
        """Return the vendor payment that our payment of a bill is."""
        external_id = f"avidxchange-payment-{self.payments[name]}"
        (row,) = self.read("SELECT id FROM ns_transaction WHERE externalid = ?", external_id)
        return str(row["id"])

    def _set_inactive(self, about: Mapping[str, str], value: str) -> None:
        for kind, number in about.items():
            table = _TABLES.get(kind, kind)
            key = self.account_id(number) if kind == "account" else number
            self.control("/control/netsuite/edit", {"table": table, "id": key, "set": {"isinactive": value}})
