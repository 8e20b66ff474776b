"""What is known of a bill's invoice in AvidXchange, between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apbridge.ledger import Row
from apbridge.ledger.rows import LET_THROUGH
from apbridge.links import SENT_FOR
from apbridge.words import WITHDRAWN
from target_avidxchange.remote import RemoteRecord


@dataclass(frozen=True)
class AcknowledgedInvoice:
    """An invoice that AvidXchange has acknowledged.

    Args:
        remote_id: AvidXchange's id of it.
        body: Fingerprint of what was sent last; None where that no longer stands.
        total: Its total, as sent last.
        images: sha256 of its pictures.
        is_withdrawn: We have cancelled it.
        credited: How much less than its bill it is over, for credits that were applied to that.
        whole: Fingerprint of what would have been sent last without those credits; of a credit, if
            nothing of it were applied.
        source: Fingerprint of the record that it was sent for, and its codes, in whatever form it was sent.
        ours: External ids of our own payments that NetSuite showed applied to its bill.
        let_through: Key of a change of it that may be made: see `apbridge.singer.brake`.
        sent_for: Which record of AvidXchange its vendor was, by the vendor's external id.
    """

    remote_id: str | None = None
    body: str | None = None
    total: str | None = None
    images: tuple[str, ...] = ()
    is_withdrawn: bool = False
    ours: tuple[str, ...] = ()
    let_through: str | None = None
    credited: str | None = None
    whole: str | None = None
    source: str | None = None
    sent_for: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def known(cls, row: Row | None) -> AcknowledgedInvoice | None:
        """Read it from the ledger; None where no invoice was ever acknowledged."""
        if row is None or row.acknowledged_at is None:
            return None
        facts = row.facts
        return cls(
            row.remote_id,
            facts.get("body"),
            facts.get("total"),
            tuple(facts.get("images", ())),
            facts.get("is_withdrawn", False),
            tuple(facts.get("ours", ())),
            facts.get(LET_THROUGH),
            facts.get("credited"),
            facts.get("whole"),
            facts.get("source"),
            facts.get(SENT_FOR) or {},
        )

    @classmethod
    def of(cls, row: Row | None, there: RemoteRecord | None) -> AcknowledgedInvoice | None:
        """Return what is known of it, by the ledger and by what AvidXchange shows."""
        shown, known = cls.shown(there) if there else None, cls.known(row)
        if row and row.content_hash:
            return known or shown
        # It is in doubt: what AvidXchange shows says more. What is not shown may not be as it was sent last.
        if shown and known:
            return replace(shown, ours=known.ours, let_through=known.let_through, sent_for=known.sent_for)
        return shown or (replace(known, body=None, is_withdrawn=False) if known else None)

    @classmethod
    def shown(cls, there: RemoteRecord) -> AcknowledgedInvoice:
        """Read it from what AvidXchange shows."""
        is_ours_to_reopen = there.status == "cancelled" and (there.status_reason or "").startswith(WITHDRAWN)
        return cls(
            there.remote_id,
            None if is_ours_to_reopen else there.fingerprint,
            str(there.total),
            (there.image,) if there.image else (),
            is_ours_to_reopen,
        )

    def is_with_another(self, now: Mapping[str, str]) -> bool:
        """Return whether it was sent when its vendor was another record of AvidXchange than now."""
        return any(self.sent_for.get(name, own_id) != own_id for name, own_id in now.items())

    @property
    def without_credits(self) -> str | None:
        """Fingerprint of what was sent last, but for credits; None where that is not known."""
        return self.whole or (None if self.credited else self.body)

    def facts(self) -> Mapping[str, Any]:
        """Return what the ledger keeps."""
        return {
            "body": self.body,
            "total": self.total,
            "images": list(self.images),
            "is_withdrawn": self.is_withdrawn,
            "ours": list(self.ours),
            "credited": self.credited,
            "source": self.source,
            **({"whole": self.whole} if self.whole else {}),
            **({SENT_FOR: dict(self.sent_for)} if self.sent_for else {}),
        }
