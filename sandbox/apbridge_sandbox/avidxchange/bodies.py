"""What may be sent to AvidXchange. Anything else is refused, field by field."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from apbridge_sandbox.avidxchange.answers import refusal
from apbridge_sandbox.money import Cents, amount, cents

_Short = Annotated[str, Meta(min_length=1, max_length=50)]
_Text = Annotated[str, Meta(max_length=100)]
_Named = Annotated[str, Meta(min_length=1, max_length=100)]
_Long = Annotated[str, Meta(max_length=200)]
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]

Quantity = int | Decimal
"""A quantity or a rate: any number of decimals."""


class RequestBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A body whose fields are all known."""


class RemitTo(RequestBody):
    """Where payments to a vendor go."""

    addressee: _Text | None = None
    line1: _Text | None = None
    line2: _Text | None = None
    city: _Text | None = None
    state: _Text | None = None
    postal_code: _Text | None = None
    country: _Text | None = None


class VendorBody(RequestBody):
    """A vendor."""

    name: _Named
    active: bool
    number: _Text | None = None
    legal_name: _Text | None = None
    print_on_check_as: _Text | None = None
    is_person: bool | None = None
    tax_id: _Text | None = None
    email: _Text | None = None
    phone: _Text | None = None
    terms: _Text | None = None
    currency: _Currency | None = None
    remit_to: RemitTo | None = None


class GlAccount(RequestBody):
    """A GL account. Its name is a code description: 50 characters at most."""

    code: _Short
    name: _Short
    active: bool
    postable: bool
    type: _Text | None = None


class DimensionValue(RequestBody):
    """A value of a dimension. Its name is a code description: 50 characters at most."""

    code: _Short
    name: _Short
    active: bool


class InvoiceLine(RequestBody):
    """A coded line. `number` is the line's own id; `department`, `class` and `location` are codes.

    So are the values of `dimensions`, by the dimension's name: custom segments.
    """

    number: _Short
    gl_code: _Short
    amount: Cents
    department: _Short | None = None
    class_: _Short | None = msgspec.field(default=None, name="class")
    location: _Short | None = None
    dimensions: dict[str, _Short] = {}
    description: _Text | None = None
    purchase_order: _Short | None = None
    item: _Text | None = None
    quantity: Quantity | None = None
    rate: Quantity | None = None


class ExternalIdBody(RequestBody):
    """The external id that a record gets; null takes it away."""

    external_id: str | None


class InvoiceBody(RequestBody):
    """An invoice: its lines add up to its total. Its vendor is named by one of both ids."""

    number: _Short
    invoice_date: date
    currency: _Currency
    total: Cents
    lines: Annotated[list[InvoiceLine], Meta(min_length=1)]
    vendor_external_id: _Named | None = None
    vendor_id: _Short | None = None
    due_date: date | None = None
    memo: _Long | None = None
    purchase_orders: list[_Short] = []


class OrderLine(RequestBody):
    """A line of a purchase order, with what has come of it and what was billed."""

    number: _Short
    gl_code: _Short | None = None
    department: _Short | None = None
    class_: _Short | None = msgspec.field(default=None, name="class")
    location: _Short | None = None
    description: _Text | None = None
    item: _Text | None = None
    quantity: Quantity | None = None
    rate: Quantity | None = None
    amount: Cents | None = None
    quantity_received: Quantity | None = None
    quantity_billed: Quantity | None = None
    closed: bool | None = None


class OrderBody(RequestBody):
    """A purchase order. Its vendor is named by one of both ids."""

    number: _Short
    currency: _Currency
    open: bool
    lines: list[OrderLine]
    vendor_external_id: _Named | None = None
    vendor_id: _Short | None = None
    order_date: date | None = None
    total: Cents | None = None
    memo: _Long | None = None


class Cancellation(RequestBody):
    """Why an invoice is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


_Any = TypeVar("_Any", bound=RequestBody)

# Numbers with a fraction become Decimal before any type is looked at: no amount ever passes through a float.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
_MISSING = re.compile(r"missing required field `(.+?)`")
_PLACE = re.compile(r" - at `\$\.?(.*)`$")


def read(body: bytes, kind: type[_Any]) -> _Any:
    """Read a body.

    Raises:
        RefusalError: 422: no JSON, a field too many, too few, too long, or of a wrong type.
    """
    try:
        return msgspec.convert(_decoder.decode(body), kind, builtin_types=(Decimal,), dec_hook=_cents)
    except msgspec.ValidationError as error:
        raise refusal(422, *_explained(str(error))) from error
    except msgspec.DecodeError as error:
        raise refusal(422, "malformed_json", f"The body is not JSON: {error}.") from error


def _explained(complaint: str) -> tuple[str, str, str | None]:
    """Return code, message and field of a complaint such as "Expected `str` - at `$.lines[0].item`"."""
    found = _PLACE.search(complaint)
    place = found[1] if found else ""
    message = complaint[: found.start()] if found else complaint
    for code, pattern in (("unknown_field", _UNKNOWN), ("missing_field", _MISSING)):
        name = pattern.search(message)
        if name:
            return code, f"{message}.", f"{place}.{name[1]}".lstrip(".")
    code = "too_long" if "length <=" in message else "invalid_value"
    return code, f"{message}.", place or None


def content(body: RequestBody) -> str:
    """Return a body as canonical JSON, to keep and to compare: 10.5 and 10.50 are the same amount."""
    return _encode(body).decode()


def shown(kept: str) -> dict[str, Any]:
    """Return a kept body's fields again, amounts as Decimal."""
    fields: dict[str, Any] = _decoder.decode(kept)
    return fields


def _cents(kind: type, given: object) -> object:
    assert kind is Cents  # noqa: S101 - the only type here that JSON does not have
    return cents(given)


def _amount(given: object) -> object:
    assert isinstance(given, Cents)  # noqa: S101
    return amount(given)


_encode = msgspec.json.Encoder(enc_hook=_amount, decimal_format="number").encode
