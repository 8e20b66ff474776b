"""AvidXchange's refusals, said to whom can do something about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from apbridge import json
from apbridge.avidxchange import fingerprint
from apbridge.errors import RefusedError, RejectedError
from apbridge.schemas.identifiers import name_of
from apbridge.singer import Record

_MOST_NAMED = 5

_CODES = {
    "unknown_vendor": "APB-TAX-011",
    "unknown_gl_code": "APB-TAX-012",
    "unknown_dimension": "APB-TAX-013",
    "lines_do_not_sum": "APB-TAX-014",
    "duplicate_code": "APB-VND-006",
}
"""By what the profile says that a refusal means."""


def rejection(refused: RefusedError, word: str, record: Record) -> RejectedError:
    """Return the refusal of a record."""
    return RejectedError(
        _CODES.get(refused.facts["meaning"], "APB-TAX-010"),
        word=word,
        name=name_of(record),
        external_id=record["external_id"],
        says=refused.facts["says"],
        status=refused.status,
    )


def image_not_taken(refused: RefusedError, bill: Record, image: Mapping[str, Any]) -> RejectedError:
    """Return the refusal of a bill's picture."""
    return RejectedError("APB-TAX-042", **facts_of(bill), image=image["name"], says=refused.facts["says"])


def facts_of(bill: Record, **amounts: Decimal | int | str | None) -> dict[str, str]:
    """Return what a sentence says of a bill: its names, and amounts in its currency."""
    told = {name: _money(amount, bill.get("currency")) for name, amount in amounts.items()}
    return {"name": name_of(bill), "external_id": bill["external_id"], **told}


def differences(before: bytes | None, now: Mapping[str, Any]) -> str:
    """Name the fields in which a body differs from the one that was sent before, in AvidXchange's words."""
    if before is None:
        return "its content"
    found = list(_differences("", json.loads(before), now))
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + more or "its content"


def _differences(name: str, before: Any, now: Any) -> Iterator[str]:  # noqa: ANN401
    if fingerprint([before]) == fingerprint([now]):
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for part, value in now.items():
            yield from _differences(f"{name}.{part}".lstrip("."), before.get(part), value)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for place, (old, new) in enumerate(zip(before, now, strict=True), 1):
            yield from _differences(f"{name} {place}", old, new)
    elif isinstance(now, list):
        yield f"{name} ({len(now)}, was {len(before or ())})"
    else:
        yield f"{name} ({_shown(now)}, was {_shown(before)})"


def _shown(value: Any) -> str:  # noqa: ANN401
    return "nothing" if value is None else str(value)


def _money(amount: Decimal | int | str | None, currency: str | None) -> str:
    return f"{Decimal(amount or 0):,.2f} {currency or ''}".rstrip()
