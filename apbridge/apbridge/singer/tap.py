"""A Singer tap of canonical records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Event
from typing import IO, Any, ClassVar, cast

from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.json import deserialize_json
from typing_extensions import override

from apbridge.errors import APBridgeError, SettingError
from apbridge.json import loads
from apbridge.origin import Origin
from apbridge.redaction import redact_text
from apbridge.settings import COMPANY
from apbridge.singer.garbage import seldom_collected
from apbridge.singer.note import Note, TapProgress
from apbridge.singer.plain import PlainErrors, error_sentence
from apbridge.singer.progress import of_reading, progress
from apbridge.singer.sdk import FencedStream, FencedTap
from apbridge.singer.state import NOTE, UNFINISHED, has_bookmark
from apbridge.singer.writer import MessageWriter


class CanonicalTap(PlainErrors, FencedTap):
    """Emits canonical records, whole lines only, and ends plainly: on an error and on a signal.

    The SDK ends a tap with exit code 0 on SIGTERM, in the middle of a line if it comes to that. Meltano
    would take the run for a complete one.

    Its STATE says, beside the bookmarks, what they were read from, which streams are read, at the end that
    all of them were, and on an error with which sentence it ended: see `Note`. What the target put there for
    the next run is handed back to it.
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

    def origin(self, before: Origin | None) -> Origin | None:  # noqa: ARG002
        """Return what is read from; None where it is all the same.

        Args:
            before: What the bookmarks were read from, as far as that is known.

        Raises:
            SettingError: A setting is wrong.
        """
        return None

    @property
    def known_account(self) -> Mapping[str, Any]:
        """What an earlier run found out of the account, as `found_account` told it."""
        return self._note.account

    def found_account(self) -> Mapping[str, Any]:
        """Return what the next run need not find out anew. Called at the end of a complete run."""
        return self.known_account

    def after_run(self) -> None:
        """Log what no record told of. Called once, when all streams are read to their end.

        Raises:
            UnavailableError: Something could not be read after all: the run is no complete one.
        """

    def calls_made(self) -> int:
        """Return how many calls this run has made; 0 where its records alone tell how far it is.

        Called in another thread.
        """
        return 0

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        # So that a STATE without bookmarks has the usual form too.
        self.state.setdefault("bookmarks", {})
        self._note = Note.of(state) or Note()
        self._note.reading = None

    @contextmanager
    @override
    def reading(self) -> Iterator[None]:
        """Write into the STATE at first which streams are read, and at the end that all were."""
        with seldom_collected(), self._telling_its_end():
            self._note.reading = TapProgress([one.name for one in self.streams.values() if one.selected])
            self._see_where_from()
            self._put_note()
            with progress(self._so_far, self.logger):
                yield
                self.after_run()
        self._note.account = self.found_account()
        self._note.reading.is_complete = True
        self._put_note()
        self.state_writer.write_state(self.state)

    @contextmanager
    def _telling_its_end(self) -> Iterator[None]:
        """Write an error that ends the reading into a last STATE; bookmarks are as they were."""
        try:
            yield
        except Exception as found:
            before = self.message_writer.state or {**self.state, NOTE: self._note.as_json()}
            # Nobody may be there to read it.
            with suppress(APBridgeError):
                self.message_writer.write_message(_failed(before, error_sentence(found, self.name)))
            raise

    def _so_far(self) -> str:
        """Return how far the stream is that is being read."""
        begun = [one for one in self.streams.values() if isinstance(one, FencedStream) and one.began]
        if not begun:
            return ""
        latest = max(begun, key=lambda one: one.began or 0.0)
        seconds = time.monotonic() - (latest.began or 0.0)
        return of_reading(latest.name, latest.read_so_far, latest.expected, seconds, self.calls_made())

    def _see_where_from(self) -> None:
        company = self.config.get(COMPANY)
        if has_bookmark(self.state):
            self._note.require_company(company)
        self._note.company = company
        before = self._note.source
        origin = self.origin(before)
        if origin and before and has_bookmark(self.state) and not before.agrees(origin):
            raise SettingError("APB-SNG-030", before=before, now=origin)
        self._note.source = origin or before

    def _put_note(self) -> None:
        cast("dict[str, Any]", self.state)[NOTE] = self._note.as_json()

    @classmethod
    @override
    def start(cls, state: IO[str] | None, catalog: IO[str] | None, **arguments: Any) -> None:
        before = _loaded(state)
        try:
            chosen = None if catalog is None else deserialize_json(catalog.read())
            tap = cls(state=before, catalog=chosen, **arguments)
        except Exception as found:
            # Of an error that keeps the tap from being made a STATE tells too.
            with suppress(APBridgeError):
                cls.message_writer_class().write_message(_failed(before, error_sentence(found, cls.name)))
            raise
        tap.sync_all()

    @override
    def before_first_state(self) -> None:
        # Until a stream that goes on from a bookmark was read to its end, its bookmark says so: a target must
        # not take what it kept from earlier runs for the newest there is.
        for stream in self.streams.values():
            if stream.selected and stream.replication_method == "INCREMENTAL" and stream.stream_state:
                stream.stream_state[UNFINISHED] = True

    @override
    def signalled(self, number: int) -> None:
        # What was written is in the last STATE but for at most a hundred records, which are sent again.
        self.stop.set()
        self.message_writer.leave(128 + number)


def _loaded(state: IO[str] | None) -> dict[str, Any]:
    """Read the STATE that a run begins with."""
    if state is None:
        return {}
    try:
        found = loads(state.read())
    except (OSError, ValueError):
        raise SettingError("APB-SNG-037", problem="it is not JSON") from None
    bookmarks = found.get("bookmarks", {}) if isinstance(found, dict) else None
    if not isinstance(bookmarks, dict) or not all(isinstance(one, dict) for one in bookmarks.values()):
        raise SettingError("APB-SNG-037", problem="it is no STATE of a tap")
    return dict(found)


def _failed(state: Mapping[str, Any], sentence: str) -> StateMessage:
    """Make the last STATE of a tap that ends with an error."""
    note = Note.of(state) or Note()
    streams = note.reading.streams if note.reading else []
    note.reading = TapProgress(streams, error=redact_text(sentence))
    return StateMessage({"bookmarks": {}, **state, NOTE: note.as_json()})
