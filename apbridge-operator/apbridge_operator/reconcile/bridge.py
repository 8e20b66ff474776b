"""From what is open in the ledger of NetSuite to what is unpaid in AvidXchange; each step has its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from apbridge import words
from apbridge_operator.reconcile.difference import ZERO, Cause, Difference
from apbridge_operator.reconcile.netsuite import NetSuiteBill

Place = tuple[str, str]
"""A subsidiary's name and a currency."""


class BridgeStep(str, Enum):
    """What lies between both ends, in the order in which it is shown."""

    NOT_POSTED = "not_posted"
    HELD = "held"
    EARLY = "early"
    KEPT_BACK = "kept_back"
    WAITING = "waiting"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    IN_FLIGHT = "in_flight"
    PAYMENT = "payment"
    BY_HAND = "by_hand"
    REFUSED = "refused"
    DATES = "dates"
    UNEXPLAINED = "unexplained"

    @property
    def words(self) -> str:
        """What it is called where it is shown."""
        return _WORDS.get(self, self.value)


_WORDS = {
    BridgeStep.NOT_POSTED: "not in the ledger, and unpaid in AvidXchange",
    BridgeStep.HELD: "on payment hold",
    BridgeStep.EARLY: "dated before the start date",
    BridgeStep.KEPT_BACK: "not to be submitted",
    BridgeStep.IN_FLIGHT: "in flight",
    BridgeStep.PAYMENT: "payments not in both systems yet",
    BridgeStep.BY_HAND: "settled in NetSuite, not yet in AvidXchange",
    BridgeStep.REFUSED: "rejected or cancelled in AvidXchange",
    BridgeStep.DATES: "dated on another day",
}
_STEPS = {
    Cause.WAITING: BridgeStep.WAITING,
    Cause.REJECTED: BridgeStep.REJECTED,
    Cause.DISMISSED: BridgeStep.DISMISSED,
    Cause.NOT_ELIGIBLE: BridgeStep.KEPT_BACK,
    Cause.IN_FLIGHT: BridgeStep.IN_FLIGHT,
    Cause.PAYMENT: BridgeStep.PAYMENT,
    Cause.BY_HAND: BridgeStep.BY_HAND,
    Cause.REFUSED_THERE: BridgeStep.REFUSED,
    Cause.DATES: BridgeStep.DATES,
    Cause.UNEXPLAINED: BridgeStep.UNEXPLAINED,
}
_EARLY = "APB-REC-011"

AGES = ("current", "1–30", "31–60", "61–90", "over 90")  # noqa: RUF001 - dashes
"""Days since the due date, as an aging counts them."""


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """A bill on which both ends differ, or what one system's own total has beside the bills that were read.

    Args:
        step: The step that it belongs to.
        external_id: Its name in both systems.
        number: The bill's number.
        vendor: The vendor's name.
        subsidiary: The subsidiary's name; empty where it is not known.
        currency: Its currency.
        netsuite: Open in the ledger.
        avidxchange: Unpaid in AvidXchange.
    """

    step: BridgeStep
    external_id: str
    number: str
    vendor: str
    subsidiary: str
    currency: str
    netsuite: Decimal
    avidxchange: Decimal

    @property
    def amount(self) -> Decimal:
        """What it adds on the way to AvidXchange; below zero where the ledger has more."""
        return self.avidxchange - self.netsuite


@dataclass(slots=True)
class Counted:
    """How many bills, and how much."""

    count: int = 0
    amount: Decimal = ZERO

    def add(self, amount: Decimal) -> None:
        """Count one more."""
        self.count += 1
        self.amount += amount


@dataclass(slots=True)
class Bridge:
    """Both ends and what lies between them, by subsidiary and currency."""

    starts: dict[Place, Decimal] = field(default_factory=dict)
    """What NetSuite itself says is open in its ledger."""
    ends: dict[Place, Decimal] = field(default_factory=dict)
    """What AvidXchange shows as unpaid. It knows no subsidiaries: those are of the bills."""
    rows: list[BridgeRow] = field(default_factory=list)
    beside: dict[tuple[str, str, str], Counted] = field(default_factory=dict)
    """Bills that are not in the ledger, by why, subsidiary and currency."""
    aging: dict[tuple[str, str, str], list[Decimal]] = field(default_factory=dict)
    """What is open in the ledger, by vendor, subsidiary and currency, and by days since it was due."""

    @property
    def places(self) -> list[Place]:
        """Every subsidiary and currency of which there is something."""
        found = {*self.starts, *self.ends, *((one.subsidiary, one.currency) for one in self.rows)}
        return sorted(found, key=lambda place: place[::-1])

    def steps(self, *places: Place) -> dict[BridgeStep, Counted]:
        """Add up the rows of some places, by step and in the order of steps."""
        found: dict[BridgeStep, Counted] = {}
        for one in self.rows:
            if (one.subsidiary, one.currency) in places:
                found.setdefault(one.step, Counted()).add(one.amount)
        return {step: found[step] for step in BridgeStep if step in found}

    def of_step(self, step: BridgeStep) -> list[BridgeRow]:
        """Return the rows of one step, the largest first."""
        found = (one for one in self.rows if one.step is step)
        return sorted(found, key=lambda one: (-abs(one.amount), one.external_id))

    def as_fields(self, most: int | None = None) -> dict[str, Any]:
        """Return all of it, by name.

        Args:
            most: Most rows of one step, and most vendors of the aging, the largest first; all unless given.
        """
        return {
            "ages": AGES,
            "places": [self._place(*place) for place in self.places],
            "rows": [_row(one) for step in BridgeStep for one in self.of_step(step)[:most]],
            "beside": [
                {"because": key[0], "subsidiary": key[1], "currency": key[2], **_counted(one)}
                for key, one in sorted(self.beside.items())
            ],
            "vendors": len(self.aging),
            "aging": [
                {"vendor": key[0], "subsidiary": key[1], "currency": key[2], "amounts": amounts}
                for key, amounts in sorted(self.aging.items(), key=lambda one: (-sum(one[1]), one[0]))[:most]
            ],
        }

    def _place(self, subsidiary: str, currency: str) -> dict[str, Any]:
        place = (subsidiary, currency)
        return {
            "subsidiary": subsidiary,
            "currency": currency,
            "netsuite": self.starts.get(place, ZERO),
            "steps": [
                {"step": step.value, "words": step.words, **_counted(one)}
                for step, one in self.steps(place).items()
            ],
            "avidxchange": self.ends.get(place, ZERO),
            "aging": [
                sum((amounts[nth] for key, amounts in self.aging.items() if key[1:] == place), ZERO)
                for nth in range(len(AGES))
            ],
        }


def step_of(bill: NetSuiteBill | None, difference: Difference | None) -> BridgeStep:
    """Return the step to which a bill belongs on which both ends differ."""
    cause = difference.cause if difference else Cause.UNEXPLAINED
    if bill and not bill.posts and (difference is None or cause is not Cause.UNEXPLAINED):
        return BridgeStep.NOT_POSTED
    if cause is Cause.NOT_ELIGIBLE and bill and bill.because == words.ON_HOLD:
        return BridgeStep.HELD
    if cause is Cause.NOT_ELIGIBLE and difference and difference.code == _EARLY:
        return BridgeStep.EARLY
    return _STEPS[cause]


def age(due: date, at: date) -> int:
    """Return the place in `AGES` of what was due on a day."""
    days = (at - due).days
    return 0 if days <= 0 else min((days - 1) // 30, 3) + 1


def _counted(one: Counted) -> dict[str, Any]:
    return {"count": one.count, "amount": one.amount}


def _row(one: BridgeRow) -> dict[str, Any]:
    names = ("external_id", "number", "vendor", "subsidiary", "currency", "netsuite", "avidxchange", "amount")
    return {"step": one.step.value} | {name: getattr(one, name) for name in names}
