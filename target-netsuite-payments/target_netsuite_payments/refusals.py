"""What NetSuite means when it refuses a vendor payment, in words that say which setting answers it."""

from __future__ import annotations

import re

from apbridge.errors import RefusedError, RejectedError
from apbridge.schemas.payment import Payment
from target_netsuite_payments.payment_fields import AS_ON_BILL, CODES, DISPENSABLE, OMIT, SETTING
from target_netsuite_payments.periods import NEXT_OPEN, OVERRIDE

_ASKED = re.compile(r"Please enter value\(s\) for: (.+?)\.?$", re.IGNORECASE)
_HIDDEN = re.compile(r"set a value for element (\w+)", re.IGNORECASE)
_CODE = re.compile(r"Invalid (department|class|location) reference key (\d+)", re.IGNORECASE)
_VENDOR = re.compile(r"Invalid entity reference key", re.IGNORECASE)
_PERIOD = re.compile(r"\b(?:accounting|posting) period\b", re.IGNORECASE)
_LINE = re.compile(r"\bsublist apply\b", re.IGNORECASE)

_LABELS = {"department": "department", "class": "class", "location": "location"}
_CLOSED = {NEXT_OPEN: "APB-PAY-038", OVERRIDE: "APB-PAY-037"}


def is_period_closed(refused: RefusedError) -> bool:
    """Return whether NetSuite refuses the day."""
    return _PERIOD.search(_words(refused)) is not None


def is_line_unknown(refused: RefusedError) -> bool:
    """Return whether NetSuite does not find the line of a bill that is paid."""
    return _LINE.search(_words(refused)) is not None


def is_vendor_refused(refused: RefusedError) -> bool:
    """Return whether NetSuite refuses the vendor."""
    return _VENDOR.search(_words(refused)) is not None


def explained(payment: Payment, refused: RefusedError, closed_period: str) -> RejectedError | None:
    """Return what a refusal means, where a setting answers it.

    Args:
        payment: What is refused.
        refused: How.
        closed_period: The setting.
    """
    words = _words(refused)
    facts = {"payment": payment.id, "setting": SETTING, "words": words}
    if found := _ASKED.search(words):
        labels = [label.strip() for label in found[1].split(",")]
        known = [f"{_LABELS[label.lower()]}: {AS_ON_BILL}" for label in labels if label.lower() in _LABELS]
        others = ["custbody_…: <value>"] if len(known) < len(labels) else []
        example = ", ".join([*known, *others])
        return RejectedError("APB-PAY-032", labels=", ".join(labels), example=example, **facts)
    if found := _HIDDEN.search(words):
        names = {name.lower(): name for name in (*CODES, "customForm", *DISPENSABLE)}
        name = names.get(found[1].lower(), found[1])
        is_dispensable = found[1].lower() in names or name.startswith("custbody")
        code = "APB-PAY-033" if is_dispensable else "APB-PAY-034"
        return RejectedError(code, field=name, omit=f"{name}: {OMIT}", **facts)
    if found := _CODE.search(words):
        return RejectedError("APB-PAY-081", field=found[1].lower(), value=found[2], **facts)
    if is_period_closed(refused):
        return RejectedError(_CLOSED.get(closed_period, "APB-PAY-036"), paid_on=payment.paid_on, **facts)
    return None


def _words(refused: RefusedError) -> str:
    return str(refused.facts["says"])
