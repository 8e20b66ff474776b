"""What our Singer taps and targets stand on: plain errors, and targets that acknowledge."""

from typing import TYPE_CHECKING

from apbridge.lazy import lazily

if TYPE_CHECKING:
    from apbridge.singer.context import SinkContext
    from apbridge.singer.outcomes import Action, Outcome, OutcomeKind, PartlyDeliveredError
    from apbridge.singer.plain import PlainErrors
    from apbridge.singer.sink import AcknowledgingSink, Record
    from apbridge.singer.tap import CanonicalTap
    from apbridge.singer.target import AcknowledgingTarget
else:  # a tap has no use for the ledger, which targets bring
    __getattr__ = lazily(
        __name__,
        {
            "context": ("SinkContext",),
            "outcomes": ("Action", "OutcomeKind", "Outcome", "PartlyDeliveredError"),
            "plain": ("PlainErrors",),
            "sink": ("AcknowledgingSink", "Record"),
            "tap": ("CanonicalTap",),
            "target": ("AcknowledgingTarget",),
        },
    )

__all__ = [
    "AcknowledgingSink",
    "AcknowledgingTarget",
    "Action",
    "CanonicalTap",
    "Outcome",
    "OutcomeKind",
    "PartlyDeliveredError",
    "PlainErrors",
    "Record",
    "SinkContext",
]
