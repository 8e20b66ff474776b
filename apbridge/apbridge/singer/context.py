"""What the sinks of a run know of it."""

from __future__ import annotations

from dataclasses import dataclass

from apbridge.ledger import Ledger, Run
from apbridge.singer.brake import Brake
from apbridge.singer.intake import Intake


@dataclass(frozen=True)
class SinkContext:
    """What the sinks of a run share, whatever the other system is.

    Args:
        system: The other system's name in the ledger.
        ledger: The ledger.
        run: The run.
        intake: What the tap has told so far.
        brake: Knows what may go before a person has looked.
        is_dry_run: Nothing may be sent that changes the other system.
    """

    system: str
    ledger: Ledger
    run: Run
    intake: Intake
    brake: Brake
    is_dry_run: bool
