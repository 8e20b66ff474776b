"""Vendor credits that a payment uses: an allocation below zero names one, and the payment is over the net."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apbridge import json
from apbridge.errors import APBridgeError, RejectedError
from apbridge.ledger.credits import Pairs
from apbridge.netsuite import NetSuite
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge.schemas.identifiers import CREDIT, OUR_PAYMENTS, internal_id
from apbridge.schemas.payment import Payment

RECORD_TYPE = "vendorCredit"

_CREDITS = Query.load(__package__, "credits", "read the credits that payments use", ["id"])
_APPLICATIONS = Query.load(
    __package__, "credit_applications", "read what credits are applied to", ["credit", "bill"]
)
_USES = Query.load(__package__, "credit_uses", "read what else uses credits", ["credit", "document"])

_NOT_APPROVED = {"1": "pending approval", "3": "rejected"}
_PROBLEM = "a row without what was asked for"


@dataclass(frozen=True)
class Credit:
    """A vendor credit.

    Args:
        id: Internal id.
        number: The vendor's number of it.
        vendor: Internal id of the vendor.
        approval: Its approval status; None where the account has none.
        is_voided: Whether it was voided.
        symbol: ISO 4217 code of its currency; None where NetSuite does not show it.
        currency: Internal id of the currency; None where the account has one currency only.
        subsidiary: Internal id; None where the account is not OneWorld.
        ap_account: Internal id of the payables account; None where NetSuite does not show it.
        total: What it is over, in its currency.
        applied: What of it is applied to each bill.
        elsewhere: What of it is used otherwise.
    """

    id: str
    number: str
    vendor: str
    approval: str | None
    is_voided: bool
    symbol: str | None
    currency: str | None
    subsidiary: str | None
    ap_account: str | None
    total: Decimal
    applied: Mapping[str, Decimal] = field(default_factory=dict)
    elsewhere: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        """How much of it is not used."""
        return self.total - sum(self.applied.values(), self.elsewhere)


def credits_used(payment: Payment, account: str) -> dict[str, Decimal]:
    """Return how much a payment uses of each credit of this account, as far as it names any."""
    used: dict[str, Decimal] = {}
    for each in payment.allocations:
        if credit := internal_id(each.invoice, account, CREDIT):
            used[credit] = used.get(credit, Decimal(0)) - each.amount
    return used


def read_credits(reader: Reader, ids: Iterable[str]) -> dict[str, Credit]:
    """Read credits by internal id. One that does not exist, or that the role may not see, is left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    asked = [
        reader.look_up(query, wanted, by=by)
        for query, by in ((_CREDITS, "id"), (_APPLICATIONS, "credit"), (_USES, "credit"))
    ]
    found, applied, used = (one() for one in asked)
    with as_documented(_CREDITS.purpose, _PROBLEM):
        return {
            number: _credit(row, applied.get(number, ()), used.get(number, ()))
            for number, (*_, row) in found.items()
        }


def spread(
    wanted: Mapping[str, Decimal],
    used: Mapping[str, Decimal],
    most: Callable[[str, str], Decimal] | None = None,
) -> dict[tuple[str, str], Decimal]:
    """Return which credit covers which bill, always the same for the same amounts.

    Args:
        wanted: What is to be covered of each bill.
        used: What there is of each credit.
        most: Gives how much of a bill a credit may cover at most; None where that is all of it.
    """
    pairs: dict[tuple[str, str], Decimal] = {}
    left = dict(used)
    for bill in sorted(wanted, key=int):
        rest = wanted[bill]
        for credit in sorted(left, key=int):
            part = min(rest, left[credit], *([most(credit, bill)] if most else ()))
            if part > 0:
                pairs[credit, bill] = part
                rest, left[credit] = rest - part, left[credit] - part
    return pairs


def check_credits(
    payment: Payment,
    used: Mapping[str, Decimal],
    known: Mapping[str, Credit],
    of_bills: Mapping[str, Collection[str | None]],
) -> None:
    """Make sure that NetSuite lets a payment use its credits.

    Args:
        payment: What AvidXchange says.
        used: What it uses of each.
        known: The credits, as NetSuite holds them.
        of_bills: What the bills have of what credits must have too: `vendor`, `currency`, `subsidiary`,
            `payables account`.

    Raises:
        RejectedError: One is not there, does not go with the bills, or has less left.
    """
    for number, amount in used.items():
        if number not in known:
            raise RejectedError("APB-PAY-100", payment=payment.id, credit=number, amount=f"{amount:.2f}")
        credit = known[number]
        facts = facts_of(payment, credit, amount)
        if credit.is_voided:
            raise RejectedError("APB-PAY-104", **facts)
        if credit.approval in _NOT_APPROVED:
            raise RejectedError("APB-PAY-105", status=_NOT_APPROVED[credit.approval], **facts)
        has = {
            "vendor": credit.vendor,
            "currency": credit.symbol or credit.currency,
            "subsidiary": credit.subsidiary,
            "payables account": credit.ap_account,
        }
        for what, value in has.items():
            others = {each for each in of_bills.get(what, ()) if each is not None}
            if value is not None and others and others != {value}:
                listed = ", ".join(sorted(others))
                raise RejectedError("APB-PAY-103", what=what, of_credit=value, of_bills=listed, **facts)
        if credit.left < amount:
            raise RejectedError("APB-PAY-106", left=f"{credit.left:.2f}", by=_used_by(credit), **facts)


def credit_lines(used: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Write what a payment uses of credits."""
    return [
        {"doc": {"id": credit}, "apply": True, "amount": amount} for credit, amount in sorted(used.items())
    ]


def apply_body(totals: Mapping[str, Decimal]) -> dict[str, Any]:
    """Write what a credit is applied to by itself: all of it, so that sending it twice is as sending it once.

    Args:
        totals: Of each bill; nothing takes it off.
    """
    items = [
        {"doc": {"id": bill}, "apply": True, "amount": amount}
        if amount
        else {"doc": {"id": bill}, "apply": False}
        for bill, amount in sorted(totals.items())
    ]
    return {"apply": {"items": items}}


def patch_credit(netsuite: NetSuite, credit: str, body: Mapping[str, Any], purpose: str) -> None:
    """Change what a credit is applied to.

    Raises:
        RefusedError: NetSuite does not take it.
        OutcomeUnknownError: It may or may not be done.
    """
    netsuite.patch(RECORD_TYPE, credit, body, purpose=purpose)


def _used_by(credit: Credit) -> str:
    used = [f"{amount:.2f} on bill {bill}" for bill, amount in sorted(credit.applied.items())]
    if credit.elsewhere:
        used.append(f"{credit.elsewhere:.2f} by payments")
    return ", ".join(used) or "nothing"


def _credit(row: Row, applied: Iterable[Row], used: Iterable[Row]) -> Credit:
    return Credit(
        id=row["id"],
        number=row.get("tranid", row["id"]),
        vendor=row["entity"],
        approval=row.get("approvalstatus"),
        is_voided=row.get("voided") == "T",
        symbol=row.get("symbol"),
        currency=row.get("currency"),
        subsidiary=row.get("subsidiary"),
        ap_account=row.get("apaccount"),
        total=abs(_amount(row["total"])),
        applied={str(int(each["bill"])): abs(_amount(each["amount"])) for each in applied},
        elsewhere=sum((abs(_amount(each["amount"])) for each in used), Decimal(0)),
    )


def _amount(text: str) -> Decimal:
    found = json.number(text)
    if isinstance(found, Decimal):
        return found
    raise ValueError(text)


def part_of(pairs: Pairs, credit: str) -> dict[str, Decimal]:
    """Return what a credit covers of each bill."""
    return {bill: amount for (which, bill), amount in pairs.items() if which == credit}


def facts_of(payment: Payment, credit: Credit, amount: Decimal) -> dict[str, str]:
    """Return the facts of a sentence about what a payment uses of a credit."""
    return {
        "payment": payment.id,
        "credit": credit.id,
        "number": credit.number,
        "amount": f"{amount:.2f}",
    }


def taken_off(
    payment: Payment, credit: str, known: Credit | None, wanted: Decimal, now: Decimal
) -> RejectedError:
    """Return why a payment is rejected whose credit does not cover its bills any more."""
    return RejectedError(
        "APB-PAY-110",
        payment=payment.id,
        credit=credit,
        number=known.number if known else credit,
        amount=f"{wanted:.2f}",
        applied=f"{now:.2f}",
    )


def check_covers(payment: Payment, pairs: Pairs, known: Mapping[str, Credit]) -> None:
    """Make sure that what the ledger knows to be applied for a payment still is.

    Raises:
        RejectedError: Somebody has taken it off.
    """
    for credit in sorted({credit for credit, _ in pairs}, key=int):
        part = part_of(pairs, credit)
        applied = known[credit].applied if credit in known else {}
        now = sum((min(amount, applied.get(bill, Decimal(0))) for bill, amount in part.items()), Decimal(0))
        if now < (wanted := sum(part.values(), Decimal(0))):
            raise taken_off(payment, credit, known.get(credit), wanted, now)


def check_unchanged(
    payment: Payment, wanted: Mapping[str, Decimal], used: Mapping[str, Decimal], pairs: Pairs
) -> None:
    """Make sure that AvidXchange has a payment over nothing as it was when its credits were applied.

    Args:
        payment: What AvidXchange says.
        wanted: What of it is on each bill.
        used: What it uses of each credit.
        pairs: What is applied for it.

    Raises:
        RejectedError: AvidXchange has corrected it since.
    """
    on_bills: defaultdict[str, Decimal] = defaultdict(Decimal)
    of_credits: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (credit, bill), amount in pairs.items():
        on_bills[bill] += amount
        of_credits[credit] += amount
    if (on_bills, of_credits) != (wanted, used):
        now = told(spread(wanted, used))
        raise RejectedError("APB-PAY-116", payment=payment.id, applied=told(pairs), wanted=now)


def told(pairs: Pairs) -> str:
    """Write which credits cover which bills, for people."""
    return ", ".join(
        f"{amount:.2f} of credit {credit} on bill {bill}" for (credit, bill), amount in sorted(pairs.items())
    )


def left_difference(
    credit: Credit, expected: Decimal, actual: Credit | None, users: Mapping[str, Mapping[str, Decimal]]
) -> APBridgeError | None:
    """Return how what is left of a credit differs from what should be; None where it does not.

    Args:
        credit: As it was read.
        expected: What should be left.
        actual: As NetSuite has it.
        users: How much of it which payments are known to have on each bill, by their external ids.
    """
    applied = actual.applied if actual else {}
    short = [
        _short(bill, users[bill], applied.get(bill, Decimal(0)))
        for bill in sorted(users, key=int)
        if sum(users[bill].values()) > applied.get(bill, Decimal(0))
    ]
    facts = {"credit": credit.id, "number": credit.number}
    # A bill is open that payments have paid, perhaps not the payment that is told of it.
    if short:
        return RejectedError("APB-PAY-119", short="; ".join(short), **facts)
    facts["expected"] = f"{expected:.2f}"
    if actual is None:
        return RejectedError("APB-PAY-113", actual="nothing", **facts)
    if actual.left == expected:
        return None
    return APBridgeError("APB-PAY-113", actual=f"{actual.left:.2f}", **facts)


def _short(bill: str, users: Mapping[str, Decimal], applied: Decimal) -> str:
    used = ", ".join(
        f"payment {name.removeprefix(OUR_PAYMENTS)} used {amount:.2f}"
        for name, amount in sorted(users.items())
    )
    missing = sum(users.values(), -applied)
    return f"bill {bill} lacks {missing:.2f} ({used}; {applied:.2f} is applied)"
