"""Where a vendor payment stands in NetSuite: whether that is final, under way, or no payment."""

from __future__ import annotations

FINAL = frozenset("CF")
"""Statuses after which nothing more is decided: confirmed, approved."""

REFUSED = {"D": "rejected", "E": "declined"}
"""Statuses of a vendor payment that was posted and does not pay."""

VOIDED = "V"

_UNDER_WAY = {"A": "pending approval", "B": "in transit", "Z": "an online payment that is pending approval"}


def describe(status: str) -> str:
    """Return in words what is not decided about a vendor payment."""
    return _UNDER_WAY.get(status, f"in status {status}")
