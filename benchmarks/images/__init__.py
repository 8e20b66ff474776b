"""Images of bills fetched from NetSuite by tap-netsuite-ap: its calls, and its memory."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context

from benchmarks.reader import Run, measured
from benchmarks.reader.files import A_THOUSAND_BILLS_HAVE
from benchmarks.reader.server import LIMIT, serve
from benchmarks.telling import NotMeasuredError, Row, against

_FEW, _MANY = 1_000, 12_000
_SMALL_FILE, _LARGE_FILE = 1_000, 100_000
_LATENCY = 0.1
_MOST_CALLS = 30
"""For a thousand bills and small files."""
_MOST_MB = 130
_LINEAR = 1.1


def measure(*, small: bool) -> Iterator[Row]:
    """Read a small company and a large one, with small files and with scans."""
    many = 2 * _FEW if small else _MANY
    few = _reading(_FEW, _SMALL_FILE, 0)
    yield against(
        _MOST_CALLS, "the most", _case(few, _SMALL_FILE), few.calls, "calls", bound=1, facts=few.facts
    )
    for size in (_SMALL_FILE,) if small else (_SMALL_FILE, _LARGE_FILE):
        one = few if size == _SMALL_FILE else _reading(_FEW, size, 0)
        run = _reading(many, size, 0)
        times = many // _FEW
        beside = f"{times} times those of {_FEW:,}"
        yield against(
            one.calls * times, beside, _case(run, size), run.calls, "calls", bound=_LINEAR, facts=run.facts
        )
        memory = f"{_case(run, size)}, memory"
        yield against(_MOST_MB, "the most", memory, run.peak_mb, "MB", bound=1, facts=run.facts)
    if not small:
        late = _reading(many, _LARGE_FILE, _LATENCY)
        limit = late.calls * _LATENCY / LIMIT
        what = f"{_case(late, _LARGE_FILE)} at {_LATENCY * 1000:.0f} ms"
        yield against(limit, "the limit", what, late.seconds, facts=late.facts)


def _case(run: Run, size: int) -> str:
    return f"{run.rows:,} bills, {run.images:,} images of {size // 1000} KB"


def _reading(bills: int, size: int, latency: float) -> Run:
    """Read so many bills with images of a size.

    Raises:
        NotMeasuredError: Not every one came.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(bills, there, size))
    server.start()
    try:
        run = measured(here.recv(), "tap with images", bills, latency)
    finally:
        here.send(None)
        server.join()
    if run.images != bills * A_THOUSAND_BILLS_HAVE // 1000:
        message = f"{run.images:,} images came of {bills:,} bills"
        raise NotMeasuredError(message)
    return run
