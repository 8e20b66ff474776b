"""Do both books agree, or is it said why not? By the sandbox's books, the ledger's file and the logs."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import apbridge.errors

Book = Mapping[str, Any]
OURS = "avidxchange-payment-"
_SENTENCES = Path(apbridge.errors.__file__).parent / "sentences"
_GONE = {"cancelled", "rejected"}
_UNDONE = {"D", "E", "V"}
"""Statuses of a vendor payment that pays nothing."""
_OPEN_ROWS = """
SELECT system, stream, external_id, status, code, says, do FROM apbridge_records
WHERE status IN ('waiting', 'rejected')"""
_MASTERS = {
    "vendors": ("vendors", "vendor"),
    "accounts": ("gl_accounts", "account"),
    "departments": ("departments", "department"),
    "classes": ("classes", "classification"),
    "locations": ("locations", "location"),
}
_DIMENSIONS = {"department", "classification", "location"}
# What the log says of a field that comes to nothing, where it is not the field's own name.
_WORDS = {
    "class": "class",
    "purchaseOrder": "purchase order",
    "purchaseOrders": "purchase order",
    "remitTo": "address",
    "taxId": "tax",
    "printOnCheckAs": "check",
    "legalName": "legal",
    "dueDate": "due date",
    "description": "memo",
    "image": "file",
}


class Part(Enum):
    """What of the books is compared apart, and can differ for a reason of its own."""

    MASTERS = "masters"
    """Vendors, accounts and dimensions that are in AvidXchange."""
    BILLS = "bills"
    """Bills and their invoices, and what is due of them."""
    GONE = "gone"
    """Invoices whose bills are gone."""
    PAYMENTS = "payments"
    """Payments of AvidXchange that are in NetSuite."""
    REST = "rest"
    """That a run with nothing new writes nothing but what is refused as an exception."""


@dataclass(frozen=True)
class Open:
    """An exception that the ledger holds open."""

    system: str
    stream: str
    external_id: str
    status: str
    code: str | None
    says: str | None
    do: str | None


@dataclass(frozen=True)
class Evidence:
    """What is left when the loop is over."""

    account: str
    books: Book
    open: list[Open]
    said: str
    is_hidden: bool
    """NetSuite hides records from this role."""
    approvals: frozenset[str]
    """Approval statuses of bills that may be submitted."""


def read_open(ledger: Path) -> list[Open]:
    """Read the exceptions that are open, past the product's own reader."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return [Open(*row) for row in connection.execute(_OPEN_ROWS)]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


@cache
def sentences() -> frozenset[str]:
    """Return the codes of the catalogue."""
    texts = (yaml.safe_load(file.read_text("utf-8")) for file in _SENTENCES.glob("*.yaml"))
    return frozenset(code for found in texts for code in found)


def disagreements(found: Evidence, differs: AbstractSet[Part] = frozenset()) -> Iterator[str]:
    """Describe what is neither equal in both books nor said in words, but for the parts that may differ."""
    yield from _twice(found)
    yield from _sentences(found)
    for part, compared in _PARTS.items():
        if part not in differs:
            yield from compared(found)


def _twice(found: Evidence) -> Iterator[str]:
    """Describe what was done twice, or for no reason: no sentence is an excuse for that."""
    ours = Counter(
        one["externalid"]
        for one in found.books["netsuite"]["payments"]
        if (one["externalid"] or "").startswith(OURS) and _is_standing(one)
    )
    yield from (f"{name} is posted {times} times" for name, times in ours.items() if times > 1)
    bills = Counter(
        (one["vendorExternalId"], one["number"], one["total"])
        for one in found.books["avidxchange"]["invoices"]
        if one["status"] not in _GONE
    )
    entered = Counter(
        (f"netsuite-{found.account}-vendor-{one['vendor']}", one["tranid"], one["total"])
        for one in found.books["netsuite"]["bills"]
    )
    for name, times in bills.items():
        if times > max(entered[name], 1):
            yield f"{name} is submitted {times} times"


def losses(found: Evidence, usual: Evidence) -> Iterator[str]:
    """Describe what AvidXchange lacks of a record, has in the usual account, and nothing is said of."""
    news = "\n".join(sorted({*_plain(found.said)} - {*_plain(usual.said)})).lower()
    lost = defaultdict(list)
    for place, (before, now) in _both(usual, found):
        for field, value in before.items():
            if field != "statusReason" and not _is_empty(value) and _is_empty(now.get(field)):
                lost[field].append(place)
    for field, places in lost.items():
        word = _WORDS.get(field, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", field)).lower()
        if word not in news:
            yield f"{field} of {len(places)} records is lost, of {places[0]} for one, and nothing is said"


def _sentences(found: Evidence) -> Iterator[str]:
    for row in found.open:
        if row.code not in sentences() or not row.says or not row.do or _is_blank(row.says + row.do):
            yield f"{row.external_id} is {row.status} without a sentence: {row}"
    if "Traceback" in found.said or "APB-SNG-012" in found.said:
        yield f"an unexpected exception: {found.said[found.said.find('Traceback') :][:2000]}"


def _masters(found: Evidence) -> Iterator[str]:
    ours, theirs = found.books["netsuite"], found.books["avidxchange"]
    known = {
        one["externalId"]: one
        for name in ("vendors", "gl_accounts", "dimension_values")
        for one in theirs[name]
    }
    rows = {row.external_id for row in found.open}
    for table, (stream, kind) in _MASTERS.items():
        missing = [
            name
            for record in ours[table]
            if (name := f"netsuite-{found.account}-{kind}-{record['id']}") not in known and name not in rows
        ]
        # A list of dimensions may be missing where the account or the role lacks it: then it is named.
        is_named = kind in _DIMENSIONS and _has_word(found.said, f"list of {stream}")
        if missing and not (found.is_hidden or is_named):
            yield f"{len(missing)} {stream} are missing without a word: {missing[:3]}"


def _bills(found: Evidence) -> Iterator[str]:
    ours, theirs = found.books["netsuite"], found.books["avidxchange"]
    said = {row.external_id for row in found.open}
    invoices = {one["externalId"]: one for one in theirs["invoices"]}
    said_of = _payments_said(found)
    bills = {f"netsuite-{found.account}-vendorbill-{one['id']}": one for one in ours["bills"]}
    for name, bill in bills.items():
        invoice = invoices.get(name)
        is_live = invoice is not None and invoice["status"] not in _GONE
        # What AvidXchange's own people have rejected is theirs to decide on.
        is_refused = invoice is not None and invoice["status"] == "rejected"
        if name in said:
            continue
        if _is_due(bill, found.approvals) and not is_live and not is_refused and not found.is_hidden:
            yield f"{name} ({bill['tranid']}) is open and not submitted, and nothing is said: {invoice}"
        if invoice is None or not is_live:
            continue
        yield from _content(name, bill, invoice)
        is_said = any(bill["id"] in some for some in said_of)
        if bill["unpaid"] != invoice["amountUnpaid"] and not is_said:
            yield (
                f"{name} ({bill['tranid']}): {bill['unpaid']} is open, {invoice['amountUnpaid']} unpaid in"
                f" AvidXchange, and nothing is said"
            )
        if not _is_due(bill, found.approvals) and Decimal(invoice["amountUnpaid"]) and not is_said:
            yield f"{name} ({bill['tranid']}) is not to be paid and {invoice['status']}; nothing is said"


def _gone(found: Evidence) -> Iterator[str]:
    bills = {f"netsuite-{found.account}-vendorbill-{one['id']}" for one in found.books["netsuite"]["bills"]}
    said = {row.external_id for row in found.open}
    for invoice in found.books["avidxchange"]["invoices"]:
        name = invoice["externalId"]
        if name not in bills and invoice["status"] not in _GONE and name not in said:
            yield f"{name} is {invoice['status']}, its bill is gone, and nothing is said"


def _is_due(bill: Book, approvals: frozenset[str]) -> bool:
    is_approved = bill["approvalstatus"] is None or bill["approvalstatus"] in approvals
    return bill["status"] == "A" and bill["paymenthold"] == "F" and is_approved


def _content(name: str, bill: Book, invoice: Book) -> Iterator[str]:
    """Compare what both call by the same name; what is missing is looked at apart."""
    pairs = [
        ("number", bill["tranid"], invoice["number"]),
        ("vendor", bill["vendor"], invoice["vendorExternalId"].rpartition("-")[2]),
        ("date", bill["trandate"], invoice["invoiceDate"]),
        ("currency", bill["currency"], invoice["currency"] or bill["currency"]),
        ("total", Decimal(bill["total"]), Decimal(invoice["total"])),
        ("due date", bill["duedate"], invoice["dueDate"] or bill["duedate"]),
        ("lines", len(bill["lines"]), len(invoice["lines"])),
    ]
    lines = {line["number"]: line for line in invoice["lines"]}
    for line in bill["lines"]:
        other = lines.get(line["uniquekey"], {})
        pairs += [
            (f"{what} of line {line['uniquekey']}", line[what], other.get(what) or line[what])
            for what in ("department", "class", "location")
        ]
        pairs += [
            (f"account of line {line['uniquekey']}", line["account_number"], other.get("glCode")),
            (f"amount of line {line['uniquekey']}", line["amount"], other.get("amount")),
        ]
    for what, ours, theirs in pairs:
        if ours != theirs:
            yield f"{name} ({bill['tranid']}): {what} is {ours} in NetSuite, {theirs} in AvidXchange"


def _payments(found: Evidence) -> Iterator[str]:
    said = {row.external_id for row in found.open if row.stream == "payments"}
    paid = {OURS + one["id"]: one for one in found.books["avidxchange"]["payments"]}
    held = defaultdict(list)
    for one in found.books["netsuite"]["payments"]:
        if (one["externalid"] or "").startswith(OURS):
            held[one["externalid"]].append(one)
    for name in held.keys() - paid.keys():
        yield f"{name} is in NetSuite and no payment of AvidXchange"
    for name, payment in paid.items():
        live = [one for one in held[name] if _is_standing(one)]
        if name in said:
            continue
        if bool(live) != (payment["status"] == "settled"):
            yield f"{name} is {payment['status']}, NetSuite has {live}, and nothing is said"
        elif live and _applied(live[0]) != _shares(payment):
            yield f"{name} pays {_applied(live[0])} in NetSuite, {_shares(payment)} in AvidXchange"


_PARTS = {
    Part.MASTERS: _masters,
    Part.BILLS: _bills,
    Part.GONE: _gone,
    Part.PAYMENTS: _payments,
}


def _payments_said(found: Evidence) -> list[set[str]]:
    """Return, for each payment of which something is said, the bills that it is about."""
    said = {row.external_id for row in found.open if row.stream == "payments"}
    return [set(_shares(one)) for one in found.books["avidxchange"]["payments"] if OURS + one["id"] in said]


def _is_standing(vendor_payment: Book) -> bool:
    """Return whether a vendor payment counts: neither voided, nor refused, nor reversed by a journal."""
    is_undone = vendor_payment["voided"] == "T" or vendor_payment["status"] in _UNDONE
    return not is_undone and vendor_payment["reversed_by"] is None


def _applied(vendor_payment: Book) -> dict[str, Decimal]:
    return {
        each["bill"]: Decimal(each["amount"]) + Decimal(each["discount"])
        for each in vendor_payment["applications"]
    }


def _shares(payment: Book) -> dict[str, Decimal]:
    return {
        each["invoiceExternalId"].rpartition("-")[2]: Decimal(each["amount"]) + Decimal(each["discount"])
        for each in payment["allocations"]
    }


def _is_empty(value: object) -> bool:
    return value in (None, "", [], {})


def _is_blank(sentence: str) -> bool:
    """Return whether a value was never put into a sentence."""
    return bool(re.search(r"\{[a-z_]+\}", sentence))


def _has_word(said: str, words: str) -> bool:
    """Return whether a sentence of the catalogue has these words."""
    return any(words in line.lower() for line in _plain(said))


def _plain(said: str) -> Iterable[str]:
    return (line for line in said.splitlines() if "[APB-" in line)


def _both(usual: Evidence, found: Evidence) -> Iterator[tuple[str, tuple[Book, Book]]]:
    """Yield what AvidXchange has of the same record in both accounts: masters, invoices and their lines."""
    before, now = usual.books["avidxchange"], found.books["avidxchange"]
    for name in ("vendors", "gl_accounts", "dimension_values"):
        known = {one["externalId"]: one for one in now[name]}
        yield from (
            (one["externalId"], (one, known[one["externalId"]]))
            for one in before[name]
            if one["externalId"] in known
        )
    # Bills of other accounts have other ids, for not everything happens in each.
    invoices = {(one["vendorExternalId"], one["number"]): one for one in now["invoices"]}
    for one in before["invoices"]:
        other = invoices.get((one["vendorExternalId"], one["number"]))
        if other:
            yield one["externalId"], (one, other)
            lines = zip(one["lines"], other["lines"], strict=False)
            yield from ((one["externalId"], pair) for pair in lines)
