"""Writing Singer messages: fast, exact, and each of them whole."""

from __future__ import annotations

from typing import Any

from singer_sdk.singerlib.encoding import GenericSingerWriter, SingerMessageType
from singer_sdk.singerlib.encoding.simple import Message, StateMessage
from typing_extensions import override

from apbridge import json
from apbridge.singer.stdout import write_line


class Stopped(SystemExit):
    """A signal has come: the program ends with an exit code, and waits for nothing that is under way."""

    code: int


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes JSON Lines to stdout.

    A signal that comes while a line is being written waits until the line is out: half a line would
    cost the target the whole run.
    """

    def __init__(self) -> None:
        self._is_writing = False
        self._waiting: Stopped | None = None
        self._state = b""

    @property
    def state(self) -> Any:  # noqa: ANN401
        """The last STATE written; None before the first."""
        return json.loads(self._state)["value"] if self._state else None

    @override
    def serialize_message(self, message: Message) -> bytes:
        # The SDK copies a whole STATE first, which is as long as there are streams, and is written often.
        if isinstance(message, StateMessage):
            return json.dumps({"type": message.type, "value": message.value})
        return json.dumps(message.to_dict())

    @override
    def write_message(self, message: Message) -> None:
        line = self.format_message(message)
        self._is_writing = True
        try:
            write_line(line, flush=message.type is not SingerMessageType.RECORD)
        finally:
            self._is_writing = False
        if self._waiting:
            raise self._waiting
        if message.type is SingerMessageType.STATE:
            self._state = line

    def leave(self, code: int) -> None:
        """End the program with this exit code as soon as no line is cut by it."""
        if not self._is_writing:
            raise Stopped(code)
        self._waiting = Stopped(code)
