"""What is said of changes that are held: see `apbridge.singer.brake`."""

from __future__ import annotations

from decimal import Decimal

from apbridge import json
from apbridge.errors import HeldError
from apbridge.ledger import ChangeKind
from apbridge.schemas.identifiers import name_of
from apbridge.singer import AcknowledgingSink, Record
from target_avidxchange.credited import credited, invoiced
from target_avidxchange.images import Choice
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.withdrawal import Withdrawal, applied_by_us, is_open, is_ours, settled, unexplained


def hold_withdrawal(
    sink: AcknowledgingSink, bill: Record, known: AcknowledgedInvoice, gone: Withdrawal
) -> None:
    """Hold back that a bill is withdrawn; urgently where it may be paid by now, and is then paid twice.

    What documents of others have settled goes at once and is not counted: no filter and no role applies a
    payment to a bill, and AvidXchange would pay it once more meanwhile.

    Raises:
        HeldError: It may not be yet.
    """
    is_settled_by_others = not all(map(is_ours, bill["applications"]))
    # A filter that leaves out a bill of which a part is open leaves that to nobody.
    is_settled_by_others &= bill["is_eligible"] or not is_open(bill)
    if is_settled_by_others and not bill["is_deleted"] and unexplained(bill) <= 0:
        return
    facts = {"because": gone.because, "name": name_of(bill), "external_id": bill["external_id"]}
    is_settled = bill["is_deleted"] or settled(bill) > applied_by_us(bill)
    held = HeldError("APB-BRK-002", **facts) if is_settled else HeldError("APB-BRK-001", **facts)
    sink.hold_back(ChangeKind.WITHDRAW, bill, known.let_through, held)


def hold_correction(
    sink: AcknowledgingSink,
    bill: Record,
    known: AcknowledgedInvoice,
    now: AcknowledgedInvoice,
    pictures: Choice,
) -> None:
    """Hold back that an invoice that stands is changed; what more credits alone take off it goes at once.

    Args:
        sink: The sink of bills.
        bill: The bill.
        known: What is known of its invoice.
        now: What is to be known of it.
        pictures: What it is to have: the first that it gets goes at once.

    Raises:
        HeldError: It may not be yet.
    """
    is_pictured_anew = bool(known.images) and any(one["sha256"] not in known.images for one in pictures.sent)
    is_with_another = known.is_with_another(now.sent_for)
    if not known.body or (known.body == now.body and not is_pictured_anew and not is_with_another):
        return
    # No filter and no role applies a credit, and AvidXchange would pay that part meanwhile.
    is_credited = credited(bill) > Decimal(known.credited or 0) and now.whole == known.without_credits
    # Where it is refused, the invoice is withdrawn: who has let that through has let through this too.
    is_let_through = known.let_through == sink.key_of(ChangeKind.WITHDRAW, bill)
    if (is_credited and not is_pictured_anew and not is_with_another) or is_let_through:
        return
    if known.source == now.source and not is_with_another:
        change, held = held_form("bill", bill)
    else:
        because = _why_corrected(bill, known, now)
        facts = {"because": because, "name": name_of(bill), "external_id": bill["external_id"]}
        change, held = ChangeKind.CHANGE, HeldError("APB-BRK-003", **facts)
    sink.hold_back(change, bill, known.let_through, held)


def _why_corrected(bill: Record, known: AcknowledgedInvoice, now: AcknowledgedInvoice) -> str:
    if known.is_with_another(now.sent_for):
        return "its vendor is linked to another record of AvidXchange"
    if known.body == now.body:
        return "its image was replaced"
    before, total = json.number(known.total or ""), invoiced(bill)
    if isinstance(before, Decimal) and total is not None and before != total:
        return "its total changed"
    return "its content changed, and its total did not"


def held_form(word: str, record: Record) -> tuple[ChangeKind, HeldError]:
    """Return that what is sent for a record differs, though the record does not."""
    because = "it did not change in NetSuite, nor did its codes; the profile, or this program, is another one"
    name = f"{word} {name_of(record)}"
    held = HeldError("APB-BRK-009", because=because, name=name, external_id=record["external_id"])
    return ChangeKind.RESEND, held


CHANGED = "it changed in NetSuite or in the mapping"


def held_upsert(
    word: str, record: Record, *, was_active: bool, because: str = CHANGED
) -> tuple[ChangeKind, HeldError]:
    """Return what is done to a record that AvidXchange has, and that it is to be done.

    Args:
        word: What people call such a record.
        record: The record.
        was_active: AvidXchange has it as active.
        because: Why it is changed, where it does not become inactive.
    """
    if was_active and not record.get("is_active", True):
        return ChangeKind.DEACTIVATE, held_inactive(word, record, "NetSuite has it as inactive")
    name = f"{word} {name_of(record)}"
    held = HeldError("APB-BRK-005", because=because, name=name, external_id=record["external_id"])
    return ChangeKind.CHANGE, held


def held_inactive(word: str, record: Record, because: str) -> HeldError:
    """Return that a record is to be made inactive."""
    name = f"{word} {name_of(record)}"
    return HeldError("APB-BRK-004", because=because, name=name, external_id=record["external_id"])


def held_credit(change: ChangeKind, credit: Record, because: str) -> HeldError:
    """Return that a vendor credit is to be withdrawn or changed."""
    code = "APB-BRK-007" if change is ChangeKind.WITHDRAW else "APB-BRK-008"
    return HeldError(code, because=because, name=name_of(credit), external_id=credit["external_id"])
