"""The standard output: what cannot be written there is said in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from apbridge.errors import UnavailableError


def write_line(line: bytes, *, flush: bool = True) -> None:
    """Write a line.

    Args:
        line: Without its end.
        flush: Let it be seen at once.

    Raises:
        UnavailableError: Nobody reads it any more, or it cannot be written.
    """
    with writing():
        if sys.stdout is None:
            raise UnavailableError("APB-SNG-036", problem="it is closed")
        out = getattr(sys.stdout, "buffer", None)
        if out is None:  # captured as text, as test suites do
            sys.stdout.write(line.decode() + "\n")
        else:
            out.write(line + b"\n")
        if flush:
            sys.stdout.flush()


@contextmanager
def writing() -> Iterator[None]:
    """Explain in a sentence why what is written inside cannot be.

    Raises:
        UnavailableError: Nobody reads it any more, or it cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        _give_up()
        raise UnavailableError("APB-SNG-035") from None
    except (OSError, ValueError) as found:
        _give_up()
        problem = getattr(found, "strerror", None) or "it is closed"
        raise UnavailableError("APB-SNG-036", problem=problem) from None


def _give_up() -> None:
    """Discard what is left: Python would try once more at its end, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
