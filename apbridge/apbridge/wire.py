"""Whether a write may still be on the wire: the session that sends it tells, the audit trail asks.

A call that got no answer may still arrive: after the one that repeated it, or when its process has long gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Wire:
    """What the calls of one write have left behind."""

    is_clear: bool = True
    """Whether each of them was answered, or never sent."""


_current: ContextVar[Wire | None] = ContextVar("wire", default=None)


@contextmanager
def watched() -> Iterator[Wire]:
    """Watch the calls that this thread sends inside."""
    wire = Wire()
    token = _current.set(wire)
    try:
        yield wire
    finally:
        _current.reset(token)


def unanswered() -> None:
    """Record that a call was sent and not answered."""
    wire = _current.get()
    if wire is not None:
        wire.is_clear = False
