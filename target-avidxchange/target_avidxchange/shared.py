"""What the sinks share beside what any target's sinks know."""

from __future__ import annotations

from dataclasses import dataclass

from apbridge.avidxchange import AvidXchange
from apbridge.links import Links
from apbridge.mapping import Coding
from target_avidxchange.codes import Codes
from target_avidxchange.remote import RemoteIndexes
from target_avidxchange.room import Room
from target_avidxchange.sent_codes import SentCodes


@dataclass(frozen=True)
class Shared:
    """What the sinks of one run share.

    Args:
        client: AvidXchange.
        coding: What the mapping files say.
        remote_indexes: What AvidXchange has, by stream.
        codes: The codes that AvidXchange has.
        sent_codes: By which codes documents were sent.
        spool_url: Where the tap puts pictures.
        room: What pictures may take of memory.
        links: Which records are which that AvidXchange had before us.
        holds_vendors: A vendor that nobody has decided about is not created.
    """

    client: AvidXchange
    coding: Coding
    remote_indexes: RemoteIndexes
    codes: Codes
    sent_codes: SentCodes
    spool_url: str
    room: Room
    links: Links
    holds_vendors: bool
