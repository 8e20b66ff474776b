"""Between the table of records and what the ledger gives and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apbridge.json import dumps, loads
from apbridge.ledger.doubt import TrailMark
from apbridge.ledger.payloads import Payloads
from apbridge.ledger.rows import OPEN, Need, Row, RowUpdate, Status
from apbridge.ledger.search_keys import described, storable
from apbridge.redaction import redact_text


class Values:
    """Translates both ways.

    Args:
        payloads: How records are kept.
    """

    def __init__(self, payloads: Payloads) -> None:
        self.payloads = payloads

    def of(
        self, run_id: int, system: str, entry: RowUpdate, known: TrailMark, now: datetime
    ) -> dict[str, Any]:
        """Return the columns of what a run has found out about a record."""
        open_status = entry.status in OPEN
        is_kept = open_status or known.look_again_at is not None
        about = (system, entry.stream, entry.external_id)
        payload, needs_refetch = self.payloads.keep(entry.payload, *about) if is_kept else (None, False)
        must_come_again = entry.held is not None and entry.read_by is None
        return {
            "system": system,
            "stream": entry.stream,
            "external_id": entry.external_id,
            "source_id": storable(entry.source_id) if entry.source_id else None,
            # What was found in the other system has no writes on the trail that would tell its doubt.
            "content_hash": "" if entry.in_doubt else entry.content_hash,
            "status": entry.status.value,
            "remote_id": entry.remote_id,
            "attempts": 1,
            "code": entry.code,
            "says": _told(entry.says),
            "do": _told(entry.do),
            "waits_for": dumps(entry.waits_for).decode() if entry.waits_for else None,
            "facts": None if entry.facts is None else dumps(entry.facts).decode(),
            "payload": payload,
            "needs_refetch": needs_refetch or must_come_again,
            "acknowledged_at": now if entry.acknowledged else None,
            "first_seen": now,
            "last_seen": now,
            "run_id": run_id,
            "open_since": now if open_status else None,
            "retry_asked_at": None,
            "dismissed_at": None,
            "dismissed_by": None,
            "dismissed_because": None,
            "source_modified_at": entry.source_modified_at,
            "trail_seq": known.trail_seq,
            "look_again_at": known.look_again_at,
            **described(entry.payload),
        }

    def row(self, found: Any) -> Row:  # noqa: ANN401
        """Return what a row of the table says."""
        values = found._mapping  # noqa: SLF001
        about = (values["system"], values["stream"], values["external_id"])
        restored = self.payloads.restore(values["payload"], *about)
        return Row(
            **{
                **values,
                "status": Status(values["status"]),
                "waits_for": tuple(Need(*need) for need in loads(values["waits_for"] or "[]")),
                "facts": loads(values["facts"] or "{}"),
                "payload": restored.record,
                "refused": restored.refused,
            }
        )


def _told(text: str | None) -> str | None:
    # A sentence may quote what a record says.
    return storable(redact_text(text)) if text else None
