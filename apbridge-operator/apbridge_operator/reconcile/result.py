"""What a reconciliation says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from apbridge_operator.reconcile.bridge import Bridge
from apbridge_operator.reconcile.difference import ZERO, Difference

_KEPT = 200
"""Most differences, rows of one step of the bridge and vendors that the ledger keeps of the last one."""


@dataclass(slots=True)
class Total:
    """One line of the totals."""

    netsuite: Decimal = ZERO
    avidxchange: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """By how much NetSuite has more."""
        return self.netsuite - self.avidxchange


Key = tuple[str, str]
"""A name, such as a vendor's, and a currency."""


@dataclass(slots=True)
class Totals:
    """Both sides added up by vendor, by subsidiary and by currency."""

    vendors: dict[Key, Total] = field(default_factory=dict)
    subsidiaries: dict[Key, Total] = field(default_factory=dict)
    currencies: dict[Key, Total] = field(default_factory=dict)

    def add(
        self, vendor: str, subsidiary: str, currency: str, netsuite: Decimal, avidxchange: Decimal
    ) -> None:
        """Add one bill or payment."""
        for totals, name in (
            (self.vendors, vendor), (self.subsidiaries, subsidiary), (self.currencies, "all")
        ):  # fmt: skip
            total = totals.setdefault((name, currency), Total())
            total.netsuite += netsuite
            total.avidxchange += avidxchange


@dataclass(slots=True)
class Reconciliation:
    """All of it."""

    as_of: date | None
    bills: int = 0
    payments: int = 0
    open: Totals = field(default_factory=Totals)
    """Open in NetSuite against unpaid in AvidXchange."""
    paid: Totals = field(default_factory=Totals)
    """Posted in NetSuite against settled in AvidXchange."""
    money: dict[Key, Decimal] = field(default_factory=dict)
    """Invoices' totals by their status in AvidXchange and their currency."""
    bridge: Bridge = field(default_factory=Bridge)
    """From the one to the other."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that nothing explains."""
        return [one for one in self.differences if not one.is_explained]

    def as_fields(self, most: int | None = None) -> dict[str, Any]:
        """Return all that is told, by name; the unexplained differences first.

        Args:
            most: Most differences to tell; all unless given.
        """
        ordered = sorted(self.differences, key=lambda one: (one.is_explained, one.external_id))
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "bills": self.bills,
            "payments": self.payments,
            "differences": len(self.differences),
            "unexplained": len(self.unexplained),
            "open": _fields(self.open),
            "bridge": self.bridge.as_fields(),
            "paid": _fields(self.paid),
            "money": _named(self.money.items()),
            "listed": [_difference(one) for one in ordered[:most]],
        }

    def kept(self) -> dict[str, Any]:
        """Return what the ledger keeps: no totals by vendor, and no differences."""
        told = self.as_fields(0)
        for totals in (told["open"], told["paid"]):
            del totals["vendors"]
        del told["listed"], told["bridge"]
        return told

    def bridged(self) -> dict[str, Any]:
        """Return what the ledger keeps of the bridge."""
        as_of = self.as_of.isoformat() if self.as_of else None
        return {"as_of": as_of, **self.bridge.as_fields(_KEPT)}

    def listed(self) -> list[dict[str, Any]]:
        """Return the differences that the ledger keeps of the last one, the unexplained first."""
        listed: list[dict[str, Any]] = self.as_fields(_KEPT)["listed"]
        return listed


def _fields(totals: Totals) -> dict[str, Any]:
    return {
        name: [
            {
                "name": key[0],
                "currency": key[1],
                "netsuite": total.netsuite,
                "avidxchange": total.avidxchange,
                "difference": total.difference,
            }
            for key, total in sorted(getattr(totals, name).items())
        ]
        for name in ("vendors", "subsidiaries", "currencies")
    }


def _named(money: Iterable[tuple[Key, Decimal]]) -> list[Mapping[str, Any]]:
    return [{"status": key[0], "currency": key[1], "amount": amount} for key, amount in sorted(money)]


def _difference(one: Difference) -> dict[str, Any]:
    names = (
        "kind", "external_id", "number", "vendor", "subsidiary", "currency", "netsuite", "avidxchange",
        "amount", "cause", "says", "do", "code", "run", "has_passed",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names}
