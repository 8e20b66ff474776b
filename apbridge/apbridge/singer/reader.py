"""Reading Singer messages fast, exactly, and without showing them to anybody."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
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
        self._line = 0

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
                message = self.deserialize_json(line)
                self.assert_line_requires(message, {"type"})
                kind = message["type"]
                callback = callbacks.get(kind) if isinstance(kind, str) else None
                if callback is None:
                    raise SettingError(
                        "APB-SNG-004",
                        line=self._line,
                        problem="its type is not of the Singer format",
                    )
                callback(message)
                counts[kind] += 1
        return counts

    def part(self, message: dict[str, Any], name: str, kind: type[_Part]) -> _Part:
        """Return a part of the message at hand, which must be there and of a kind.

        Raises:
            SettingError: It is not.
        """
        self.assert_line_requires(message, {name})
        value = message[name]
        if not isinstance(value, kind):
            problem = f"its {name} is no {_KINDS[kind]}"
            raise SettingError("APB-SNG-004", line=self._line, problem=problem)
        return value

    def _next(self, lines: Iterator[bytes]) -> bytes | None:
        self.watch.idle()
        line = next(lines, None)
        self.watch.busy()
        self._line += 1
        return line

    @override
    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        try:
            message = loads(line)
        except ValueError:
            raise SettingError("APB-SNG-004", line=self._line, problem="it is not JSON") from None
        if not isinstance(message, dict):
            raise SettingError("APB-SNG-004", line=self._line, problem="it is not a JSON object")
        return message

    @override
    def assert_line_requires(self, line_dict: dict[str, Any], requires: set[str]) -> None:  # type: ignore[override]
        missing = sorted(requires - line_dict.keys())
        if missing:
            raise SettingError("APB-SNG-004", line=self._line, problem=f"it has no {', '.join(missing)}")
