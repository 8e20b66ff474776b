"""What our Singer taps and targets stand on: plain errors, and targets that acknowledge."""

from apbridge.singer.context import SinkContext
from apbridge.singer.outcomes import Action, Kind, Outcome, PartlyDeliveredError
from apbridge.singer.plain import PlainErrors
from apbridge.singer.sink import AcknowledgingSink, Record
from apbridge.singer.tap import CanonicalTap
from apbridge.singer.target import AcknowledgingTarget

__all__ = [
    "AcknowledgingSink",
    "AcknowledgingTarget",
    "Action",
    "CanonicalTap",
    "Kind",
    "Outcome",
    "PartlyDeliveredError",
    "PlainErrors",
    "Record",
    "SinkContext",
]
