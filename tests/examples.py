"""How many examples a campaign draws: few in `make test`, more in `make campaign`."""

from __future__ import annotations

import os


def examples(few: int) -> int:
    """Return how many are asked for by `APBRIDGE_EXAMPLES`; without it, few."""
    return int(os.environ.get("APBRIDGE_EXAMPLES", few))
