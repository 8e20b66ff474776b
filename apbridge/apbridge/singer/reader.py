"""Reading Singer messages fast, exactly, and without showing them to anybody."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol, TypeVar

from singer_sdk.singerlib.encoding import GenericSingerReader
from typing_extensions import override

from apbridge.errors import SettingError
from apbridge.json import loads
from apbridge.singer.ahead import lines_ahead
from apbridge.singer.garbage import seldom_collected

_Part = TypeVar("_Part", str, dict[str, Any])
_KINDS: dict[type, str] = {str: "text", dict: "JSON object"}


_METADATA = "_sdc_"
"""What the names of fields begin with that Singer keeps for itself; taps add some of their own."""


def without_metadata(record: Any) -> Any:  # noqa: ANN401
    """Take out of a record what is about it and not of it, such as `_sdc_filename` of tap-jsonl."""
    if isinstance(record, dict):
        for name in [name for name in record if name.startswith(_METADATA)]:
            del record[name]
    return record


class InputWatch(Protocol):
    """Told when the reader waits for input: only then may a signal end the run at once."""

    def ending(self) -> AbstractContextManager[None]:
        """Wrap the reading: how it ends is dealt with here."""

    def idle(self) -> None:
        """Input is waited for from here on."""

    def busy(self) -> None:
        """A message is at hand."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads JSON Lines; numbers with a fraction become `Decimal`.

    The SDK's own readers log the line that they cannot read; it may hold a tax id.
    """

    watch: InputWatch

    def __init__(self) -> None:
        """Begin at line 1."""
        super().__init__()
        self.line = 0
        """Number of the line at hand."""

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        lines = lines_ahead(file_input or self.default_input)
        with seldom_collected(), self.watch.ending():
            while (line := self._next(lines)) is not None:
                kind, message = self.message(line, callbacks)
                callbacks[kind](message)
                counts[kind] += 1
        return counts

    def message(self, line: bytes, kinds: Container[str]) -> tuple[str, dict[str, Any]]:
        """Read the next line: the type of its message, and the message.

        Args:
            line: The line.
            kinds: The types that there are.

        Raises:
            SettingError: It is none of the Singer format.
        """
        self.line += 1
        message = self.deserialize_json(line)
        self.assert_line_requires(message, {"type"})
        kind = message["type"]
        if not isinstance(kind, str) or kind not in kinds:
            problem = "its type is not of the Singer format"
            raise SettingError("APB-SNG-004", line=self.line, problem=problem)
        return kind, message

    def schema_of(self, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the stream of a SCHEMA, and how its records are described.

        Raises:
            SettingError: Something of it is missing.
        """
        stream, described = self.part(message, "stream", str), self.part(message, "schema", dict)
        self.part(described, "properties", dict)
        return stream, described

    def record_of(self, message: dict[str, Any]) -> tuple[str, Any]:
        """Return the stream of a RECORD, and the record.

        Raises:
            SettingError: Something of it is missing.
        """
        self.assert_line_requires(message, {"record"})
        return self.part(message, "stream", str), message["record"]

    def state_of(self, message: dict[str, Any]) -> Any:  # noqa: ANN401
        """Return what a STATE holds.

        Raises:
            SettingError: It holds nothing.
        """
        self.assert_line_requires(message, {"value"})
        return message["value"]

    def part(self, message: dict[str, Any], name: str, kind: type[_Part]) -> _Part:
        """Return a part of the message at hand, which must be there and of a kind.

        Raises:
            SettingError: It is not.
        """
        self.assert_line_requires(message, {name})
        value = message[name]
        if not isinstance(value, kind):
            problem = f"its {name} is no {_KINDS[kind]}"
            raise SettingError("APB-SNG-004", line=self.line, problem=problem)
        return value

    def _next(self, lines: Iterator[bytes]) -> bytes | None:
        self.watch.idle()
        line = next(lines, None)
        self.watch.busy()
        return line

    @override
    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        try:
            message = loads(line)
        except ValueError:
            raise SettingError("APB-SNG-004", line=self.line, problem="it is not JSON") from None
        if not isinstance(message, dict):
            raise SettingError("APB-SNG-004", line=self.line, problem="it is not a JSON object")
        return message

    @override
    def assert_line_requires(self, line_dict: dict[str, Any], requires: set[str]) -> None:  # type: ignore[override]
        missing = sorted(requires - line_dict.keys())
        if missing:
            raise SettingError("APB-SNG-004", line=self.line, problem=f"it has no {', '.join(missing)}")
