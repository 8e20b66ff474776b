"""AvidXchange's refusals, said to whom can do something about them."""

from __future__ import annotations

from apbridge.errors import RefusedError, RejectedError
from apbridge.singer import Record

_CODES = {
    "unknown_vendor": "APB-TAX-011",
    "unknown_gl_code": "APB-TAX-012",
    "unknown_dimension": "APB-TAX-013",
    "lines_do_not_sum": "APB-TAX-014",
}
"""By what the profile says that a refusal means."""


def rejection(refused: RefusedError, word: str, record: Record) -> RejectedError:
    """Say a refusal of a record."""
    return RejectedError(
        _CODES.get(refused.facts["meaning"], "APB-TAX-010"),
        word=word,
        name=name_of(record),
        external_id=record["external_id"],
        says=refused.facts["says"],
        status=refused.status,
    )


def name_of(record: Record) -> str:
    """Give the name that people know a record by."""
    return str(record.get("number") or record.get("name") or record["id"])
