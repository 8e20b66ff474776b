"""Reading on while what came is dealt with: a tap need not wait while the other system is written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import RawIOBase
from queue import Empty, Queue
from threading import Thread

from apbridge.waits import WAKES

_CHUNK = 2**16
"""Bytes that one read takes at most: what a pipe holds."""
_CHUNKS = 64
"""Held at most: 4 MiB, which is more than two batches of bills."""


def lines_ahead(source: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream without their ends, reading up to 4 MiB ahead in another thread.

    Args:
        source: A buffered file or pipe of which nothing was read. Anything else is read as it is asked for.

    Raises:
        OSError: It cannot be read on.
    """
    raw = getattr(source, "raw", None)
    if not isinstance(raw, RawIOBase):
        return iter(source)
    chunks: Queue[bytes | OSError] = Queue(_CHUNKS)
    # The raw file: a thread that waits in a buffered one holds a lock which the interpreter needs to end.
    Thread(target=_read, args=(raw, chunks), name="input", daemon=True).start()
    return _lines(chunks)


def _read(raw: RawIOBase, chunks: Queue[bytes | OSError]) -> None:
    try:
        while (chunk := raw.read(_CHUNK)) is not None:
            chunks.put(chunk)
            if not chunk:
                return
        # Nothing there yet is no end, and is told only where the pipe was opened so.
        chunks.put(BlockingIOError("the input does not wait"))
    except OSError as failure:
        chunks.put(failure)


def _lines(chunks: Queue[bytes | OSError]) -> Iterator[bytes]:
    begun: list[bytes] = []
    while chunk := _next(chunks):
        first, *others = chunk.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun = others[-1:]
    if last := b"".join(begun):
        yield last


def _next(chunks: Queue[bytes | OSError]) -> bytes:
    while True:
        try:
            chunk = chunks.get(timeout=WAKES)
        except Empty:
            continue
        if isinstance(chunk, OSError):
            raise chunk
        return chunk
