"""The vendors that AvidXchange had before us, and which of NetSuite's they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apbridge_sandbox.testing import Running


@dataclass(frozen=True)
class FirstDay:
    """What AvidXchange had: its own ids by the internal ids of the vendors in NetSuite that they are.

    Args:
        alike: Those that are one.
        namesakes: Of those that are not: the vendor in NetSuite that they are called like.
        taxes: Every tax id of either system.
    """

    alike: Mapping[str, str]
    namesakes: Mapping[str, str]
    taxes: frozenset[str]


def enter_first_day(sandbox: Running, *, alike: int, namesakes: int, others: int) -> FirstDay:
    """Enter vendors in AvidXchange: some as NetSuite has them, some like others, some of its own."""
    order = {"alike": alike, "namesakes": namesakes, "others": others}
    entered = sandbox.control("/control/avidxchange/enter/first-day", order)
    assert (len(entered["alike"]), len(entered["namesakes"])) == (alike, namesakes)
    assert sandbox.sandbox
    with sandbox.sandbox.store.connection() as connection:
        ours = connection.execute("SELECT taxidnum FROM ns_vendor WHERE taxidnum IS NOT NULL").fetchall()
    theirs = {one.get("taxId") for one in sandbox.books()["avidxchange"]["vendors"]}
    taxes = {str(row[0]) for row in ours} | {str(one) for one in theirs if one}
    return FirstDay(entered["alike"], entered["namesakes"], frozenset(taxes))
