"""What the sinks share beside what any target's sinks know."""

from __future__ import annotations

from dataclasses import dataclass

from apbridge.avidxchange import AvidXchange
from apbridge.mapping import Coding
from target_avidxchange.codes import Codes
from target_avidxchange.present import Directories


@dataclass(frozen=True)
class Shared:
    """What the sinks of one run share.

    Args:
        client: AvidXchange.
        coding: What the mapping files say.
        directories: What AvidXchange has, by stream.
        codes: The codes that AvidXchange has.
    """

    client: AvidXchange
    coding: Coding
    directories: Directories
    codes: Codes
