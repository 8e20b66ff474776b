"""How a target's run ends when something or somebody ends it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from typing_extensions import override

from apbridge.errors import OutcomeUnknownError, UnavailableError
from apbridge.singer.plain import PlainErrors
from apbridge.singer.progress import progress
from apbridge.singer.reading import IncompleteError
from apbridge.singer.sdk import FencedTarget


class InterruptedDrain(Exception):  # noqa: N818, it is no error
    """A signal came: the calls in flight were finished and no new ones begun."""


class Signalled(SystemExit):
    """SIGTERM or SIGINT: the run ends with exit code 128 + its number, once that is safe."""


class EndingTarget(PlainErrors, FencedTarget):
    """Leaves everything in order, whatever ends the run; a signal waits until a message is dealt with."""

    so_far: Callable[[], str]
    """Logs how far the run is. Called in another thread."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        super().__init__(**arguments)
        self._idle = False
        self._signal = 0
        self.stop = Event()
        """Set when a signal has come: for sessions, whose waits it ends."""

    @abc.abstractmethod
    def _break_off(self, status: str, found: BaseException | None) -> None:
        """Leave everything in order and say what was done.

        Args:
            status: `stopped`, `incomplete` or `failed`.
            found: What ended the run; None for a signal.
        """

    def idle(self) -> None:
        """Wait for input from here on: a signal may end the run at once."""
        self._idle = True
        if self._signal:
            raise Signalled(128 + self._signal)

    def busy(self) -> None:
        """Handle a message: a signal must wait."""
        self._idle = False

    @override
    def signalled(self, number: int) -> None:
        self._signal = number
        self.stop.set()
        if self._idle:
            raise Signalled(128 + number)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Log inside how far it is; where the run ends there, leave all in order and say what was done."""
        try:
            with progress(self.so_far, self.logger):
                yield
        except (Signalled, InterruptedDrain):
            self._break_off("stopped", None)
            raise Signalled(128 + self._signal) from None
        except (UnavailableError, OutcomeUnknownError) as found:
            # A run that was told to stop does not wait until the other side is there.
            ended = "incomplete" if isinstance(found, IncompleteError) else "failed"
            self._break_off("stopped" if self._signal else ended, found)
            if self._signal:
                self.logger.warning("%s", found)
                raise Signalled(128 + self._signal) from found
            raise
        except BaseException as found:
            self._break_off("failed", found)
            raise
