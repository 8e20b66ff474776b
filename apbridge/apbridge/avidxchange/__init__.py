"""AvidXchange: one client, driven by a profile that says how the contract is spoken."""

from apbridge.avidxchange.answers import FieldError
from apbridge.avidxchange.client import AvidXchange
from apbridge.avidxchange.expressions import fingerprint, instant, utc_text
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.reader import AvidXchangeReader, Shown
from apbridge.avidxchange.sending import Acknowledged, Submission
from apbridge.avidxchange.settings import AvidXchangeSettings

__all__ = [
    "Acknowledged",
    "AvidXchange",
    "AvidXchangeReader",
    "AvidXchangeSettings",
    "FieldError",
    "Profile",
    "Shown",
    "Submission",
    "fingerprint",
    "instant",
    "utc_text",
]
