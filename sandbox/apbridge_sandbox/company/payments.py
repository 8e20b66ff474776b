"""How a vendor payment of the seeded company stands in NetSuite's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.company.documents import Ids, Party
from apbridge_sandbox.company.masters import period_id
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.money import base_of


@dataclass(frozen=True)
class BillPayment:
    """A vendor payment over one or more bills, each with the cents applied to it, in `party.currency`."""

    id: int
    party: Party
    bank_account: int
    check_number: str
    day: date
    created: datetime
    bills: Sequence[tuple[int, int]]


def write_payment(batch: RowBuffer, ids: Ids, payment: BillPayment) -> None:
    """Write a payment: the bank is credited, payables are debited, a line and a link a bill.

    The bills' own rows are not touched.
    """
    total = sum(cents for _, cents in payment.bills)
    moment = stamp(payment.created)
    party = payment.party
    batch.add(
        "ns_transaction",
        id=payment.id,
        type="VendPymt",
        recordtype="vendorpayment",
        tranid=payment.check_number,
        transactionnumber=f"VENDPYMT{payment.id}",
        trandate=payment.day.isoformat(),
        entity=party.vendor,
        status="F",
        currency=party.currency,
        exchangerate=str(party.rate),
        total_cents=total,
        postingperiod=period_id(payment.day),
        subsidiary=party.subsidiary,
        account=payment.bank_account,
        createddate=moment,
        lastmodifieddate=moment,
    )
    debits = [(cents, base_of(cents, party.rate), None, party.ap_account) for _, cents in payment.bills]
    base = sum(debit for _, debit, *_ in debits)
    bank = (-total, None, base, payment.bank_account)
    for place, (cents, debit, credit, account) in enumerate((bank, *debits)):
        batch.add(
            "ns_transactionline",
            uniquekey=next(ids.line),
            id=place,
            transaction=payment.id,
            mainline="F" if place else "T",
            subsidiary=party.subsidiary,
            amount_cents=cents,
            linelastmodifieddate=moment,
        )
        batch.add(
            "ns_transactionaccountingline",
            transaction=payment.id,
            transactionline=place,
            account=account,
            debit_cents=debit,
            credit_cents=credit,
            lastmodifieddate=moment,
        )
    for place, (bill, cents) in enumerate(payment.bills, start=1):
        batch.add(
            "ns_link",
            id=next(ids.link),
            previousdoc=bill,
            previousline=0,
            previoustype="VendBill",
            nextdoc=payment.id,
            nextline=place,
            nexttype="VendPymt",
            linktype="Payment",
            foreignamount_cents=cents,
            lastmodifieddate=moment,
        )
