"""What a person lets through of what is held: exactly these records, each with this one change."""

from __future__ import annotations

from apbridge.ledger import Ledger
from apbridge.ledger.held import HeldChanges, let_through
from apbridge.redaction import redact_text
from apbridge_operator.exceptions import BY_HAND


def approve(ledger: Ledger, held: HeldChanges, *, because: str, by: str, version: str) -> int:
    """Approve held changes, once: the next run that brings a record as it is now makes its change.

    Each is on the audit trail, with who and why.

    Args:
        ledger: Where they are held.
        held: The changes, as they were shown.
        because: Why, in a person's words.
        by: Who, in that person's words.
        version: Of this program.

    Returns:
        How many there were: what has come otherwise meanwhile is left held.
    """
    run = ledger.start_run(BY_HAND, version)
    why = redact_text(because)
    done = 0
    for one in held.records:
        body = {
            "by": by,
            "because": why,
            "stream": held.stream,
            "system": held.system,
            "change": held.change.value,
            "content": one.key,
        }
        with run.audited(
            system=BY_HAND,
            operation=f"approve to {held.change.value}",
            external_id=one.external_id,
            body=body,
        ) as answer:
            found = let_through(ledger, held.system, held.stream, {one.external_id: one.key})
            answer.body = {"approved": bool(found)}
        done += len(found)
    run.finish("finished", {BY_HAND: {"approved": done}} if done else {})
    return done
