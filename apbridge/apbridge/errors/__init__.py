"""Every sentence that a person may have to act on, under a code that never changes.

The sentences live in `sentences/*.yaml`, one file an area, each entry with what happened (`says`) and
what to do about it (`do`), as `str.format` templates over the facts that the raiser gives. One that means
that somebody may be paid twice is `urgent`. One that can stand on an exception has a `title`, for lists.
"""

from apbridge.errors.catalogue import CatalogueEntry, catalogue, title, urgent
from apbridge.errors.kinds import (
    APBridgeError,
    HeldError,
    OutcomeUnknownError,
    OvertakenError,
    RefusedError,
    RejectedError,
    SettingError,
    UnavailableError,
    UnderWayError,
    where,
)

__all__ = [
    "APBridgeError",
    "CatalogueEntry",
    "HeldError",
    "OutcomeUnknownError",
    "OvertakenError",
    "RefusedError",
    "RejectedError",
    "SettingError",
    "UnavailableError",
    "UnderWayError",
    "catalogue",
    "title",
    "urgent",
    "where",
]
