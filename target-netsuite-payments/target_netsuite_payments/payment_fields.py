"""Fields of a vendor payment that the settings give it beside what a payment itself is, or leave out.

An account's preferences and forms decide which fields a vendor payment must have, and which it cannot have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from apbridge.errors import RejectedError, SettingError
from apbridge.netsuite.catalog import FieldKind, Fields
from apbridge.schemas.payment import Payment
from target_netsuite_payments.books import Bill

SETTING = "payment_fields"
AS_ON_BILL = "as_on_bill"
OMIT = "omit"

CODES = ("department", "class", "location")
"""Fields that the lines of a bill have too."""

CHOSEN = (*CODES, "customForm")
"""Fields that the settings may give; and custom body fields."""

DISPENSABLE = ("subsidiary", "currency", "apAcct", "postingPeriod", "tranId", "memo", "toBePrinted")
"""Fields that a payment has by itself, and that the settings may leave out: NetSuite fills them in."""

_CUSTOM = re.compile(r"custbody[a-z0-9_]+")
_INTERNAL_ID = re.compile(r"[0-9]+")


def unfit(name: str, kind: FieldKind | None, record_type: str, *wanted: FieldKind) -> str:
    """Return why a field cannot hold what it is to hold.

    Args:
        name: The field.
        kind: What it holds; None where there is no such field.
        record_type: The records that it is to be a field of.
        wanted: What it may hold.
    """
    what = " or ".join(one.value for one in wanted)
    if kind is None:
        return f"{name}: a {record_type} has no such field; name one that holds {what}"
    return f"{name}: it holds {kind.value}, not {what}"


@dataclass(frozen=True)
class FieldRule:
    """What a field is given.

    Args:
        constant: A value; None for none.
        is_as_on_bill: Whether what the bills agree on goes before it.
        is_left_out: Whether the field is not sent at all.
    """

    constant: Any = None
    is_as_on_bill: bool = False
    is_left_out: bool = False


@dataclass(frozen=True)
class PaymentFields:
    """The fields that the settings decide on.

    Args:
        rules: What each is given, by its name in a vendorPayment.
        kinds: What custom fields hold, as NetSuite told.
    """

    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    kinds: Fields = field(default_factory=dict)

    @classmethod
    def from_config(cls, given: Mapping[str, Any] | None) -> PaymentFields:
        """Read the setting.

        Raises:
            SettingError: It names a field that it may not, or gives one what it cannot hold.
        """
        return cls({name: _rule(name, value) for name, value in (given or {}).items()})

    def over(self, general: PaymentFields) -> PaymentFields:
        """Return these with the general ones that they do not name."""
        return PaymentFields({**general.rules, **self.rules}, {**general.kinds, **self.kinds})

    @property
    def custom(self) -> frozenset[str]:
        """The custom fields that are given a value."""
        return frozenset(
            name for name, rule in self.rules.items() if _CUSTOM.fullmatch(name) and not rule.is_left_out
        )

    def kind(self, name: str) -> FieldKind:
        """Return what a field holds: of a custom one, as NetSuite told."""
        return self.kinds.get(name) or (FieldKind.TEXT if _CUSTOM.fullmatch(name) else FieldKind.REFERENCE)

    @property
    def as_on_bill(self) -> frozenset[str]:
        """The fields that are as on the bills."""
        return frozenset(name for name, rule in self.rules.items() if rule.is_as_on_bill)

    @property
    def left_out(self) -> frozenset[str]:
        """The fields that are not sent."""
        return frozenset(name for name, rule in self.rules.items() if rule.is_left_out)

    def knowing(self, fields: Mapping[str, Fields]) -> PaymentFields:
        """Return these with what NetSuite says that the custom ones hold.

        Args:
            fields: The fields of `vendorPayment`, and of `vendorBill` where any is as on the bill.

        Raises:
            SettingError: One is not there, or cannot hold what it is given.
        """
        of_payment, of_bill = fields.get("vendorPayment", {}), fields.get("vendorBill", {})
        for name in sorted(self.custom):
            if name not in of_payment:
                raise _wrong(problem=f"{name}: a vendorPayment has no such field")
            if name in self.as_on_bill and of_bill.get(name) is not of_payment[name]:
                raise _wrong(problem=f"{name}: a vendorBill has no such field of the same kind")
            if (constant := self.rules[name].constant) is not None:
                _written(name, constant, of_payment[name])
        return replace(self, kinds={name: of_payment[name] for name in self.custom})

    def put_into(self, body: Mapping[str, Any], payment: Payment, bills: Sequence[Bill]) -> dict[str, Any]:
        """Return the body of a payment with the fields that the settings give it, and without others.

        Raises:
            RejectedError: Its bills do not agree on a field that is to be as on them.
        """
        filled = dict(body)
        for name, rule in self.rules.items():
            if rule.is_left_out:
                filled.pop(name, None)
                continue
            value = _agreed(name, bills) if rule.is_as_on_bill else rule.constant
            if value is None:
                value = rule.constant
            if value is None:
                found = sorted({bill.agreed.get(name) or "none, or several" for bill in bills})
                raise RejectedError(
                    "APB-PAY-035", payment=payment.id, field=name, found="; ".join(found), setting=SETTING
                )
            filled[name] = _written(name, value, self.kind(name))
        return filled


def _agreed(name: str, bills: Iterable[Bill]) -> str | None:
    values = {bill.agreed.get(name) for bill in bills}
    return values.pop() if len(values) == 1 else None


def _rule(name: str, value: Any) -> FieldRule:  # noqa: ANN401 - as the setting has it
    is_custom = _CUSTOM.fullmatch(name) is not None
    if name not in {*CHOSEN, *DISPENSABLE} and not is_custom:
        others = ", ".join((*CHOSEN, "custbody_…", *DISPENSABLE))
        raise _wrong(problem=f"{name} is no field that it decides on; those are {others}")
    if value is None or value == OMIT:
        return FieldRule(is_left_out=True)
    if name in DISPENSABLE:
        raise _wrong(problem=f"{name} can be {OMIT} and nothing else")
    if value == AS_ON_BILL:
        rule = FieldRule(is_as_on_bill=True)
    elif isinstance(value, Mapping):
        if set(value) != {AS_ON_BILL, "otherwise"} or value[AS_ON_BILL] is not True:
            raise _wrong(problem=f"{name}: an object is {{{AS_ON_BILL}: true, otherwise: <value>}}")
        rule = FieldRule(value["otherwise"], is_as_on_bill=True)
    else:
        rule = FieldRule(value)
    if rule.is_as_on_bill and name == "customForm":
        raise _wrong(problem="customForm: a bill's form is no form of payments; give the internal id of one")
    if rule.constant is not None and not is_custom:
        _written(name, rule.constant, FieldKind.REFERENCE)
    return rule


def _written(name: str, value: Any, kind: FieldKind) -> Any:  # noqa: ANN401 - as JSON has it
    """Write a value as a field of a kind takes it: one of the settings, or one that SuiteQL gave.

    Raises:
        SettingError: It cannot hold that.
    """
    text = str(value).strip()
    try:
        match kind:
            case FieldKind.REFERENCE if _INTERNAL_ID.fullmatch(text):
                return {"id": text}
            case FieldKind.FLAG if text in _FLAGS:
                return _FLAGS[text]
            case FieldKind.WHOLE | FieldKind.NUMBER if not isinstance(value, bool):
                return Decimal(text)
            case FieldKind.DAY:
                return date.fromisoformat(text).isoformat()
            case FieldKind.TEXT | FieldKind.INSTANT:
                return text
    except (InvalidOperation, ValueError) as problem:
        raise _wrong(problem=f"{name}: it holds {kind.value}, which {value!r} is not") from problem
    what = "the internal id of a record" if kind is FieldKind.REFERENCE else kind.value
    raise _wrong(problem=f"{name}: it holds {what}, which {value!r} is not")


_FLAGS = {"True": True, "False": False, "T": True, "F": False}


def _wrong(problem: str) -> SettingError:
    return SettingError("APB-SET-001", setting=SETTING, problem=problem)
