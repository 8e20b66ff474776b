"""A Singer tap of canonical records."""

from __future__ import annotations

from functools import cached_property
from threading import Event
from types import FrameType
from typing import ClassVar

from singer_sdk import Tap
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from typing_extensions import override

from apbridge.singer.plain import PlainErrors
from apbridge.singer.state import UNFINISHED
from apbridge.singer.writer import MessageWriter


class CanonicalTap(PlainErrors, Tap):
    """Emits canonical records, whole lines only, and ends plainly: on an error and on a signal.

    The SDK ends a tap with exit code 0 on SIGTERM, in the middle of a line if it comes to that. Meltano
    would take the run for a complete one.
    """

    message_writer_class = MessageWriter
    message_writer: MessageWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
        TapCapabilities.CATALOG,
        TapCapabilities.DISCOVER,
        TapCapabilities.STATE,
        TapCapabilities.TEST,
    ]

    @cached_property
    def stop(self) -> Event:
        """Set when a signal has come: for sessions, whose waits it ends."""
        return Event()

    @override
    def _reset_state_progress_markers(self) -> None:
        # Called at the beginning of a run, before its first STATE. Until a stream that goes on from a
        # bookmark was read to its end, its bookmark says so: a target must not take what it kept from
        # earlier runs for the newest there is.
        super()._reset_state_progress_markers()
        for stream in self.streams.values():
            if stream.selected and stream.replication_method == "INCREMENTAL" and stream.stream_state:
                stream.stream_state[UNFINISHED] = True

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # What was written is in the last STATE but for at most a hundred records, which are sent again.
        self.stop.set()
        self.message_writer.leave(128 + signum)
