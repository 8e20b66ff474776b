"""The example of another ERP: its export, and what AvidXchange must have by it."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from apbridge_sandbox.testing import Running
from demo.meltano import ROOT

EXAMPLE = ROOT / "examples/another-erp"
TAP = EXAMPLE / "tap_another_erp.py"

_NAMED = "anothererp-main"


def rows(export: Path, file: str) -> list[dict[str, str]]:
    """Return the rows of one file of an export."""
    with (export / file).open(encoding="utf-8", newline="") as read:
        return list(csv.DictReader(read))


def expected(export: Path) -> dict[str, Any]:
    """Return what AvidXchange must have by an export, by external id."""
    lines = defaultdict(list)
    for line in rows(export, "bill_lines.csv"):
        lines[line["bill_no"]].append((line["account_no"], Decimal(line["amount"]), line["text"]))
    return {
        "vendors": {
            f"{_NAMED}-vendor-{one['supplier_no']}": (one["name"], one["tax_no"] or None, not one["inactive"])
            for one in rows(export, "suppliers.csv")
        },
        "gl_accounts": {
            f"{_NAMED}-account-{one['account_no']}": (one["account_no"], one["title"], bool(one["posting"]))
            for one in rows(export, "accounts.csv")
        },
        "invoices": {
            f"{_NAMED}-vendorbill-{one['bill_no']}": (
                f"{_NAMED}-vendor-{one['supplier_no']}",
                one["supplier_invoice"],
                one["day"],
                one["due"],
                Decimal(one["total"]),
                lines[one["bill_no"]],
            )
            for one in rows(export, "bills.csv")
            if not one["on_hold"] and not one["deleted"]
        },
    }


def in_avidxchange(sandbox: Running) -> dict[str, Any]:
    """Return the same of what AvidXchange has; invoices that are cancelled are not there."""
    books = sandbox.books()["avidxchange"]
    return {
        "vendors": {
            one["externalId"]: (one["name"], one["taxId"], one["active"]) for one in books["vendors"]
        },
        "gl_accounts": {
            one["externalId"]: (one["code"], one["name"], one["postable"]) for one in books["gl_accounts"]
        },
        "invoices": {
            one["externalId"]: (
                one["vendorExternalId"],
                one["number"],
                one["invoiceDate"],
                one["dueDate"],
                Decimal(one["total"]),
                [(line["glCode"], Decimal(line["amount"]), line["description"]) for line in one["lines"]],
            )
            for one in books["invoices"]
            if one["status"] != "cancelled"
        },
    }


def writes(sandbox: Running) -> int:
    """Count the writes to either system."""
    return sum(int(told["writes"]) for told in sandbox.calls().values())
