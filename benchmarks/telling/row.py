"""What a benchmark tells: one figure, and the limit or the peer that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class NotMeasuredError(Exception):
    """What ran did not do what it should, so that its figures say nothing."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        case: What was measured, such as `60,000 headers at 250 ms`; no other row of its benchmark has it.
        figure: Its value; None where there is none, and `note` says why.
        unit: `s`, `ms`, `MB`, `calls`, `rows/s`.
        beside: The limit or the peer, with its own figure, such as `the limit, 3.00 s`.
        ratio: What was measured in shares of that.
        bound: The most that the ratio may be; None where nothing was promised.
        facts: Other figures of the same run, by what they are, such as `calls`.
        note: What else is to be known about it.
    """

    case: str
    figure: float | None
    unit: str = ""
    beside: str = ""
    ratio: float | None = None
    bound: float | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Return whether the ratio is within its bound, as it is shown; None where nothing was promised."""
        if self.bound is None:
            return None
        return self.ratio is not None and round(self.ratio, 2) <= self.bound


def against(
    limit: float,
    of: str,
    case: str,
    figure: float,
    unit: str = "s",
    *,
    bound: float | None = None,
    facts: Mapping[str, float] | None = None,
    note: str = "",
) -> Row:
    """Return the row of a figure that is held against a limit or a peer of the same unit.

    Args:
        limit: The figure of the limit or the peer.
        of: What that is, such as `the limit`.
        case: What was measured.
        figure: Its value.
        unit: Of both figures.
        bound: The most that the one may be in shares of the other.
        facts: Other figures of the same run.
        note: What else is to be known about it.
    """
    beside = f"{of}, {shown(limit, unit)}"
    return Row(case, figure, unit, beside, figure / limit, bound, facts or {}, note)


def shown(figure: float, unit: str = "") -> str:
    """Write a figure with its unit, to three digits or more."""
    digits = 0 if figure == int(figure) or abs(figure) >= 100 else 2 if abs(figure) >= 1 else 3  # noqa: PLR2004
    return f"{figure:,.{digits}f} {unit}".rstrip()
