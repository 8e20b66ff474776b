"""How a waiting or rejected record is kept.

Tax ids and bank details are never in the ledger in clear, and a record without them must never be
sent: it would wipe them on the other side. So a record that holds such a field is kept without its
value and marked `withheld`: it can be shown to a person but not sent from here. Instead it is asked
from the tap again: while a stream has such a row, the target holds that stream's bookmark where it
was, so that the tap reads the record anew at the next run.

This is the one place that decides. With a key, sealing the payload here ends `withheld` rows.
"""

from __future__ import annotations

from typing import Any

from apbridge.json import dumps, loads
from apbridge.redaction import redact


def keep(record: Any) -> tuple[bytes, bool]:  # noqa: ANN401
    """Give what may be stored of a record, and whether a secret was withheld from it."""
    shown = redact(record)
    return dumps(shown), shown != record


def restore(stored: bytes | None) -> Any:  # noqa: ANN401
    """Give the record that was kept, numbers as `Decimal`; None where none was."""
    return None if stored is None else loads(stored)
