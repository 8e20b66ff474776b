"""A tap is not held up while what it told is dealt with."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from apbridge.singer.ahead import lines_ahead
from tests.waiting import until

LONG = b"x" * 300_000


@pytest.fixture
def pipe() -> Iterator[tuple[Iterator[bytes], int]]:
    """Return the lines out of a pipe, and what they are written into."""
    out, into = os.pipe()
    with open(out, "rb") as source:  # noqa: PTH123 - it has no path
        yield lines_ahead(source), into


def test_a_tap_may_write_on_while_nothing_is_taken(pipe: tuple[Iterator[bytes], int]) -> None:
    """A pipe alone holds 64 KiB; here its writer would wait for ever."""
    lines, into = pipe
    first, rest = b'{"type": "STATE"}\n', LONG + b"\n" + b"{}\n" * 300_000
    os.write(into, first)
    assert next(lines) == first.rstrip()
    os.set_blocking(into, False)
    left = memoryview(rest)

    def is_written() -> bool:
        nonlocal left
        try:
            left = left[os.write(into, left) :]
        except BlockingIOError:
            return False
        return not left

    until(is_written)
    os.close(into)
    assert list(lines) == rest.splitlines()


def test_a_last_line_needs_no_end_and_an_empty_one_is_a_line(pipe: tuple[Iterator[bytes], int]) -> None:
    lines, into = pipe
    os.write(into, b"\n{}\r\n\nlast")
    os.close(into)
    assert list(lines) == [b"", b"{}\r", b"", b"last"]


def test_what_cannot_be_read_is_no_end() -> None:
    out, into = os.pipe()
    os.set_blocking(out, False)
    with open(out, "rb") as source, pytest.raises(BlockingIOError):  # noqa: PTH123 - it has no path
        next(lines_ahead(source))
    os.close(into)
