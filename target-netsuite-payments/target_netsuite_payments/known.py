"""What the ledger knows of a batch of payments before it is looked up in NetSuite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apbridge.ledger.credits import Pairs


@dataclass(frozen=True)
class Known:
    """What the ledger knows of payments, by external id.

    Args:
        remote_ids: The vendor payments.
        journals: The journals that were made to void them.
        ways: How they went when NetSuite was last brought in line with them: see `headers.way`.
        credits: Which of their credits cover which bills.
        all_credits: Reads that of all payments.
    """

    remote_ids: Mapping[str, str]
    journals: Mapping[str, str]
    ways: Mapping[str, Mapping[str, str | None]]
    credits: Mapping[str, Pairs] = field(default_factory=dict)
    all_credits: Callable[[], Mapping[str, Pairs]] = dict
