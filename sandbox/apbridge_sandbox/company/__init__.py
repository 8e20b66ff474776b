"""The seeded company: a property manager."""

from __future__ import annotations

from dataclasses import dataclass

from apbridge_sandbox.clock import OPENING, Clock
from apbridge_sandbox.store import Store, remember


@dataclass(frozen=True)
class CompanySize:
    """What is seeded: the same figures make the same company, byte for byte."""

    seed: int = 1
    vendors: int = 250
    bills: int = 1000


def seed_company(store: Store, clock: Clock, size: CompanySize) -> None:
    """Make the company in NetSuite, leave AvidXchange empty, and start the clock at its opening."""
    with store.write() as conn:
        remember(conn, "seed", str(size.seed))
    clock.start_at(OPENING)
