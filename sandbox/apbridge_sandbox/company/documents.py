"""How a bill and a purchase order stand in NetSuite's tables.

The general ledger balances: every posted document's accounting lines have equal debits and
credits, in its subsidiary's base currency.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import count

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.company.masters import period_id
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.sources import chart
from apbridge_sandbox.money import base_of


@dataclass
class Ids:
    """The next internal ids. Transactions of all types share one sequence, as NetSuite's do."""

    transaction: Iterator[int]
    line: Iterator[int]
    link: Iterator[int]
    file: Iterator[int]

    @classmethod
    def after(cls, conn: sqlite3.Connection) -> Ids:
        """Go on after what the books hold."""
        row = conn.execute(
            """SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'ns_transaction'), 1000),
                      COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'ns_transactionline'), 5000),
                      (SELECT COALESCE(MAX(id), 0) FROM ns_link),
                      (SELECT COALESCE(MAX(id), 500) FROM ns_file)"""
        ).fetchone()
        return cls(*(count(1 + last) for last in row))


@dataclass(frozen=True)
class DocumentLine:
    """One coded line of a bill or a purchase order; `cents` is positive where it is owed to the vendor.

    `account` is the posting account's internal id: the expense's, the item's or the tax's. Of a purchase
    order `received` and `billed` are the quantities.
    """

    account: int
    cents: int
    memo: str | None = None
    item: int | None = None
    itemtype: str | None = None
    is_tax: bool = False
    quantity: str | None = None
    rate: str | None = None
    department: int | None = None
    classification: int | None = None
    location: int | None = None
    received: str | None = None
    billed: str | None = None


@dataclass(frozen=True)
class Party:
    """Whom a document is with, where and in which currency. `rate` leads to the base currency."""

    vendor: int
    subsidiary: int
    currency: int
    rate: Decimal
    ap_account: int


@dataclass(frozen=True)
class Image:
    """A file attached to a bill."""

    name: str
    content: bytes
    filetype: str = "PDF"


@dataclass(frozen=True)
class Document:
    """What a bill and a purchase order have in common."""

    id: int
    party: Party
    tranid: str
    day: date
    created: datetime
    modified: datetime
    lines: Sequence[DocumentLine]
    memo: str | None = None


@dataclass(frozen=True)
class VendorBill(Document):
    """A vendor bill. `status` is NetSuite's letter: A open, B paid in full, D pending approval, E rejected.

    With `order`, line n of the bill bills line n of that purchase order.
    """

    due: date | None = None
    status: str = "A"
    closed: date | None = None
    order: int | None = None
    images: Sequence[Image] = field(default_factory=tuple)


_APPROVAL = {"A": 2, "B": 2, "D": 1, "E": 3}
_POSTING = {"A": "T", "B": "T", "D": "F", "E": "F"}
_LINE_TYPES = {"COGS": "COGS", "FixedAsset": "ASSET", "OthCurrAsset": "ASSET", "Income": "INCOME"}


def write_bill(batch: RowBuffer, ids: Ids, bill: VendorBill) -> None:
    """Write a bill with its lines, accounting lines, purchase order links and files."""
    total = sum(line.cents for line in bill.lines)
    _write_header(
        batch,
        bill,
        kind="VendBill",
        recordtype="vendorbill",
        number=f"VENDBILL{bill.id}",
        duedate=bill.due.isoformat() if bill.due else None,
        closedate=bill.closed.isoformat() if bill.closed else None,
        status=bill.status,
        approvalstatus=_APPROVAL[bill.status],
        paid_cents=total if bill.status == "B" else 0,
        posting=_POSTING[bill.status],
        account=bill.party.ap_account,
    )
    _write_lines(batch, ids, bill, createdfrom=bill.order)
    _write_accounting(batch, bill)
    if bill.order:
        for place, line in enumerate(bill.lines, start=1):
            if not line.is_tax:
                source = ("PurchOrd", bill.order, place)
                _write_link(batch, ids, source, ("VendBill", bill.id, place), line.cents, bill)
    for image in bill.images:
        _write_image(batch, ids, bill, image)


def write_order(batch: RowBuffer, ids: Ids, order: Document, status: str = "G") -> None:
    """Write a purchase order, fully billed unless told. It posts nothing."""
    _write_header(
        batch,
        order,
        kind="PurchOrd",
        recordtype="purchaseorder",
        number=f"PURCHORD{order.id}",
        status=status,
        approvalstatus=1 if status == "A" else 2,
        posting="F",
    )
    _write_lines(batch, ids, order)


def _write_header(
    batch: RowBuffer,
    document: Document,
    *,
    kind: str,
    recordtype: str,
    number: str,
    **columns: str | int | None,
) -> None:
    batch.add(
        "ns_transaction",
        id=document.id,
        type=kind,
        recordtype=recordtype,
        tranid=document.tranid,
        transactionnumber=number,
        trandate=document.day.isoformat(),
        entity=document.party.vendor,
        currency=document.party.currency,
        exchangerate=str(document.party.rate),
        total_cents=sum(line.cents for line in document.lines),
        postingperiod=period_id(document.day),
        memo=document.memo,
        subsidiary=document.party.subsidiary,
        createddate=stamp(document.created),
        lastmodifieddate=stamp(document.modified),
        **columns,
    )


def _write_lines(batch: RowBuffer, ids: Ids, document: Document, *, createdfrom: int | None = None) -> None:
    moment = stamp(document.modified)
    subsidiary = document.party.subsidiary
    batch.add(
        "ns_transactionline",
        uniquekey=next(ids.line),
        id=0,
        transaction=document.id,
        mainline="T",
        subsidiary=subsidiary,
        memo=document.memo,
        amount_cents=-sum(line.cents for line in document.lines),
        linelastmodifieddate=moment,
    )
    for place, line in enumerate(document.lines, start=1):
        is_expense = line.item is None and not line.is_tax
        batch.add(
            "ns_transactionline",
            uniquekey=next(ids.line),
            id=place,
            transaction=document.id,
            taxline="T" if line.is_tax else "F",
            item=line.item,
            itemtype=line.itemtype,
            # An item's or a tax's account is told by its accounting line alone.
            expenseaccount=line.account if is_expense else None,
            department=line.department,
            **{"class": line.classification},
            location=line.location,
            subsidiary=subsidiary,
            memo=line.memo,
            quantity=line.quantity,
            rate=line.rate,
            quantityshiprecv=line.received,
            quantitybilled=line.billed,
            amount_cents=line.cents,
            createdfrom=None if line.is_tax else createdfrom,
            accountinglinetype=_line_type(line),
            linelastmodifieddate=moment,
        )


def _line_type(line: DocumentLine) -> str | None:
    """Return what NetSuite calls a line's posting: of an item it may be any of these, or nothing."""
    if line.is_tax:
        return "TAX"
    if line.item is None or line.itemtype == "Service":
        return None
    return _LINE_TYPES.get(_account_types().get(line.account, ""), "EXPENSE")


@cache
def _account_types() -> dict[int, str]:
    return {account.id: account.type for account in chart().values()}


def _write_accounting(batch: RowBuffer, bill: VendorBill) -> None:
    """Write what the bill posts, or would: a bill that is not approved has its lines too, unposted."""
    moment = stamp(bill.modified)
    amounts = [base_of(line.cents, bill.party.rate) for line in bill.lines]
    total = sum(amounts)
    batch.add(
        "ns_transactionaccountingline",
        transaction=bill.id,
        transactionline=0,
        account=bill.party.ap_account,
        debit_cents=None,
        credit_cents=total,
        amountpaid_cents=total if bill.status == "B" else 0,
        amountunpaid_cents=total if bill.status == "A" else 0,
        posting=_POSTING[bill.status],
        lastmodifieddate=moment,
    )
    for place, (line, amount) in enumerate(zip(bill.lines, amounts, strict=True), start=1):
        batch.add(
            "ns_transactionaccountingline",
            transaction=bill.id,
            transactionline=place,
            account=line.account,
            debit_cents=amount if amount >= 0 else None,
            credit_cents=-amount if amount < 0 else None,
            posting=_POSTING[bill.status],
            lastmodifieddate=moment,
        )


def _write_link(  # noqa: PLR0917
    batch: RowBuffer,
    ids: Ids,
    previous: tuple[str, int, int],
    following: tuple[str, int, int],
    cents: int,
    document: Document,
) -> None:
    batch.add(
        "ns_link",
        id=next(ids.link),
        previoustype=previous[0],
        previousdoc=previous[1],
        previousline=previous[2],
        nexttype=following[0],
        nextdoc=following[1],
        nextline=following[2],
        linktype="OrdBill",
        foreignamount_cents=cents,
        lastmodifieddate=stamp(document.created),
    )


def _write_image(batch: RowBuffer, ids: Ids, bill: VendorBill, image: Image) -> None:
    number = next(ids.file)
    batch.add(
        "ns_file",
        id=number,
        name=image.name,
        filetype=image.filetype,
        filesize=len(image.content),
        url=f"/core/media/media.nl?id={number}",
        folder=12,
        content=image.content,
        sha256=hashlib.sha256(image.content).hexdigest(),
        lastmodifieddate=stamp(bill.created),
    )
    batch.add("ns_transactionfile", transaction=bill.id, file=number)
