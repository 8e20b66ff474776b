"""What AvidXchange tells of a payment beside what is posted, in custom fields of its vendor payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from apbridge.errors import RefusedError, RejectedError, SettingError
from apbridge.netsuite.catalog import FieldKind, Fields
from apbridge.schemas.payment import LONGEST_TEXT, Payment, readable
from target_netsuite_payments.payment_fields import unfit
from target_netsuite_payments.refusals import is_period_closed

SETTING = "payment_facts"

KINDS: Mapping[str, tuple[FieldKind, ...]] = {
    "method": (FieldKind.TEXT,),
    "status": (FieldKind.TEXT,),
    "avidpay_check_number": (FieldKind.TEXT,),
    "cleared_on": (FieldKind.DAY, FieldKind.TEXT),
    "exception_reason": (FieldKind.TEXT,),
    "page_url": (FieldKind.TEXT,),
}
"""Each fact → the kinds of fields that may hold it."""


@dataclass(frozen=True)
class PaymentFacts:
    """The facts for which the settings name a field.

    Args:
        fields: The custom body field of each fact.
        kinds: What those fields hold, as NetSuite told.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    kinds: Fields = field(default_factory=dict)

    def knowing(self, of_payment: Fields) -> PaymentFacts:
        """Return these with what NetSuite says that their fields hold.

        Args:
            of_payment: The fields of `vendorPayment`.

        Raises:
            SettingError: One is not there, or cannot hold its fact.
        """
        for fact, name in self.fields.items():
            kind = of_payment.get(name)
            if kind not in KINDS[fact]:
                problem = unfit(name, kind, "vendorPayment", *KINDS[fact])
                raise SettingError("APB-SET-001", setting=f"{SETTING}.{fact}", problem=problem)
        return replace(self, kinds={name: of_payment[name] for name in self.fields.values()})

    def of(self, payment: Payment) -> dict[str, str | None]:
        """Return what each field is to hold; None for nothing."""
        return {name: _written(payment.facts[fact]) for fact, name in self.fields.items()}

    def new(self, payment: Payment) -> dict[str, str]:
        """Return what a vendor payment is created with."""
        return {name: value for name, value in self.of(payment).items() if value is not None}

    def changed(self, payment: Payment, held: Mapping[str, str]) -> dict[str, str | None]:
        """Return what is to be changed.

        Args:
            payment: What AvidXchange says.
            held: What the fields hold, an empty one an empty text. One that NetSuite does not show is changed
                in any case.
        """
        return {name: value for name, value in self.of(payment).items() if held.get(name) != (value or "")}


def not_taken(payment: Payment, remote_id: str, names: str, refused: RefusedError) -> RejectedError:
    """Return what to say of facts that NetSuite does not take, the payment itself being posted.

    Args:
        payment: The payment.
        remote_id: Internal id of its vendor payment.
        names: The fields.
        refused: NetSuite's refusal.
    """
    code = "APB-PAY-123" if is_period_closed(refused) else "APB-PAY-122"
    words = refused.facts["says"]
    return RejectedError(code, payment=payment.id, remote_id=remote_id, fields=names, words=words)


def _written(value: str | None) -> str | None:
    return readable(value).strip()[:LONGEST_TEXT] or None if value else None
