"""What the ledger knows of a batch of payments before it is looked up in NetSuite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from apbridge.ledger.credits import Pairs
from target_netsuite_payments.headers import WAY


@dataclass(frozen=True)
class Known:
    """What the ledger knows of payments, by external id.

    Args:
        remote_ids: The vendor payments.
        journals: The journals that were made to void them.
        ways: How they went when NetSuite was last brought in line with them: see `headers.way`.
        credits: Which of their credits cover which bills.
        all_credits: Reads that of all payments.
        sent_credits: Reads which credits were sent for payments as covering which bills.
        under_way: Reads the external ids of vendor payments that were sent for payments and may still arrive.
        parts: Which vendor payments they are, where they are several: see `parts.PARTS`.
    """

    remote_ids: Mapping[str, str]
    journals: Mapping[str, str]
    ways: Mapping[str, Mapping[str, str | None]]
    credits: Mapping[str, Pairs] = field(default_factory=dict)
    all_credits: Callable[[], Mapping[str, Pairs]] = dict
    sent_credits: Callable[[Iterable[str]], Mapping[str, Pairs]] = lambda _: {}
    under_way: Callable[[Iterable[str]], Mapping[str, AbstractSet[str]]] = lambda _: {}
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def with_parts(self, parts: Mapping[str, Mapping[str, Any]]) -> Known:
        """Return this with what is known of the parts of payments, each under its own external id."""
        whole = {name: value for name, value in self.remote_ids.items() if name not in parts}
        parts = {
            one: {name: {WAY: self.ways.get(one), **part} for name, part in some.items()}
            for one, some in parts.items()
        }
        every = {name: part for some in parts.values() for name, part in some.items()}
        return replace(
            self,
            remote_ids={**whole, **{name: part["id"] for name, part in every.items()}},
            journals={
                **self.journals,
                **{name: part["journal"] for name, part in every.items() if "journal" in part},
            },
            ways={
                **self.ways,
                **{name: part[WAY] for name, part in every.items() if part[WAY]},
            },
            parts=parts,
        )
