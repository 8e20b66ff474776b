"""Money by status over time: the geometry of one chart a currency; a template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apbridge.ledger.run_history import PastReconciliation

STATUSES = ("in approval", "approved", "scheduled", "paid")
"""What invoices are counted as, from the bottom of a bar to its top."""

_STATUS = {
    "submitted": "in approval",
    "in_workflow": "in approval",
    "approved": "approved",
    "scheduled": "scheduled",
    "paid": "paid",
}
WIDTH, HEIGHT = 600, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 10, 24
_WIDEST = 36.0
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a bar."""

    status: str
    x: float
    y: float
    width: float
    height: float
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One reconciliation."""

    label: str
    middle: float
    shows_label: bool
    pieces: Sequence[Piece]
    amounts: Sequence[Decimal]


@dataclass(frozen=True, slots=True)
class Chart:
    """One currency over time.

    Args:
        currency: Its code.
        bars: From the oldest to the newest.
        lines: Heights that are marked, with their amounts in words.
    """

    currency: str
    bars: Sequence[Bar]
    lines: Sequence[tuple[float, str]]


def charts(past: Sequence[PastReconciliation]) -> list[Chart]:
    """Draw what reconciliations found, the oldest first: one chart a currency."""
    money = [_by_currency(one) for one in past]
    currencies = sorted({currency for one in money for currency in one})
    return [_chart(currency, past, [one.get(currency, {}) for one in money]) for currency in currencies]


def _chart(currency: str, past: Sequence[PastReconciliation], amounts: Sequence[dict[str, Decimal]]) -> Chart:
    top = _round_up(max(sum(one.values(), Decimal(0)) for one in amounts))
    slot = (WIDTH - _LEFT - _RIGHT) / len(past)
    width = min(slot * 0.7, _WIDEST)
    every = -(-len(past) // 6)
    bars = []
    for place, (one, by_status) in enumerate(zip(past, amounts, strict=True)):
        middle = _LEFT + slot * (place + 0.5)
        y, pieces = float(HEIGHT - _BOTTOM), []
        for status in STATUSES:
            amount = by_status.get(status, Decimal(0))
            height = float(amount / top) * (HEIGHT - _TOP - _BOTTOM)
            y -= height
            if amount > 0:
                x = round(middle - width / 2, 1)
                pieces.append(Piece(status, x, round(y, 1), round(width, 1), round(height, 1), amount))
        shows = (len(past) - 1 - place) % every == 0
        listed = [by_status.get(status, Decimal(0)) for status in STATUSES]
        bars.append(Bar(f"{one.at:%b} {one.at.day}", round(middle, 1), shows, pieces, listed))
    span = HEIGHT - _TOP - _BOTTOM
    lines = [
        (round(HEIGHT - _BOTTOM - span * step / _STEPS, 1), _short(top * step / _STEPS))
        for step in range(_STEPS + 1)
    ]
    return Chart(currency, bars, lines)


def _by_currency(one: PastReconciliation) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    for money in one.summary.get("money", ()):
        status = _STATUS.get(money["status"])
        if status:
            by_status = found.setdefault(money["currency"], {})
            by_status[status] = by_status.get(status, Decimal(0)) + Decimal(money["amount"])
    return found


def _round_up(amount: Decimal) -> Decimal:
    """Return the next amount of which a quarter is easily said."""
    if amount <= 0:
        return Decimal(1)
    step = Decimal(10) ** (amount.adjusted())
    for factor in (Decimal("1.2"), Decimal(2), Decimal(4), Decimal(6), Decimal(8), Decimal(10)):
        if amount <= step * factor:
            return step * factor
    return step * 12


def _short(amount: Decimal) -> str:
    for size, unit in ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "k")):
        if amount >= size:
            return f"{(amount / size).normalize():f}{unit}"
    return f"{amount.normalize():f}"
