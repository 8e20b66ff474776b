"""A first sync of bills with lines and images through both programs, against the slower side's limit."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from apbridge_sandbox.testing import Running, running
from benchmarks.telling import NotMeasuredError, Program, Row, Used, against
from demo.meltano import PROGRAMS
from tests.plugins import environment

_SIZE, _SMALL = (10_000, 250), (20, 5)
"""Bills and vendors."""
_NUMBER = "B-"
_LINES = 4
_WITH_IMAGE = 0.6
"""Share of the bills."""
_AT_ONCE = 500
_LATENCY_MS = 100
_NETSUITE, _AVIDXCHANGE = 5, 8
"""Calls in flight that each side allows."""
_MOST = 1.2


def measure(*, small: bool) -> Iterator[Row]:
    """Read and send all that a company has, which AvidXchange knows nothing of yet."""
    bills, vendors = _SMALL if small else _SIZE
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    with TemporaryDirectory() as place:
        folder = Path(place)
        with running(
            vendors=vendors, bills=1, latency_ms=_LATENCY_MS, concurrency_limit=_NETSUITE, in_process=False
        ) as sandbox:
            _enter(sandbox, bills)
            seconds, tap, target = _run(sandbox, folder)
            calls, books = sandbox.calls(), sandbox.books()
    all_of_them = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = all_of_them.ru_utime + all_of_them.ru_stime - own.ru_utime - own.ru_stime
    facts = {
        **tap.facts("tap"),
        **target.facts("target"),
        "sandbox CPU s": round(worked - tap.processor - target.processor, 1),
    }
    yield _row(bills, seconds, calls, books["avidxchange"], facts)


def _row(bills: int, seconds: float, calls: Any, there: Any, facts: dict[str, float]) -> Row:  # noqa: ANN401
    invoices = there["invoices"]
    came = len({one["number"] for one in invoices if one["number"].startswith(_NUMBER)})
    if came != bills:
        message = f"{came} invoices are in AvidXchange of {bills} bills"
        raise NotMeasuredError(message)
    images = sum(bool(one["image"]) for one in invoices)
    lines = sum(len(one["lines"]) for one in invoices)
    records = sum(len(there[kind]) for kind in ("vendors", "gl_accounts", "dimension_values", "invoices"))
    netsuite, avidxchange = calls["netsuite"], calls["avidxchange"]
    least = {
        "NetSuite": netsuite["total"] * _LATENCY_MS / 1000 / _NETSUITE,
        "AvidXchange": (records + images) * _LATENCY_MS / 1000 / _AVIDXCHANGE,
    }
    if avidxchange["writes"] > records + images + len(there["purchase_orders"]):
        message = f"{avidxchange['writes']} writes were made of {records} records and {images} images"
        raise NotMeasuredError(message)
    slower = max(least, key=least.__getitem__)
    case = f"{len(invoices):,} bills, {lines:,} lines, {images:,} images, {_LATENCY_MS} ms"
    facts = {
        "calls to NetSuite": netsuite["total"],
        "in flight": netsuite["peak_concurrency"],
        "calls to AvidXchange": avidxchange["total"],
        "in flight there": avidxchange["peak_concurrency"],
        **facts,
    }
    return against(least[slower], f"{slower}'s limit", case, seconds, bound=_MOST, facts=facts)


def _enter(sandbox: Running, bills: int) -> None:
    """Have somebody enter bills in NetSuite, open and approved."""
    books = sandbox.books()["netsuite"]
    vendors = [one["id"] for one in books["vendors"] if one["isinactive"] == "F" and one["currency"] == "1"]
    accounts = [
        one["acctnumber"]
        for one in books["accounts"]
        if (one["accttype"], one["issummary"], one["isinactive"]) == ("Expense", "F", "F")
    ]

    def bill(number: int) -> dict[str, Any]:
        lines = [
            {"account": accounts[(number + line) % len(accounts)], "amount": "125.50", "memo": f"Line {line}"}
            for line in range(_LINES)
        ]
        made = {"vendor": vendors[number % len(vendors)], "tranid": f"{_NUMBER}{number}", "lines": lines}
        has_image = number % 10 < _WITH_IMAGE * 10
        return {**made, "image": f"Bill {number}"} if has_image else made

    for start in range(0, bills, _AT_ONCE):
        some = [bill(number) for number in range(start, min(start + _AT_ONCE, bills))]
        sandbox.control("/control/netsuite/bills", {"bills": some})
    # What was entered just now is left to the next run.
    sandbox.control("/control/clock", {"advance_seconds": 600})


def _run(sandbox: Running, folder: Path) -> tuple[float, Used, Used]:
    """Run both programs as a shell does, to a good end."""
    spool = {"spool_url": str(folder / "spool")}
    tap_settings = {**spool, "concurrency": str(_NETSUITE)}
    target_settings = {
        **spool,
        "concurrency": str(_AVIDXCHANGE),
        "ledger_url": f"sqlite:///{folder / 'ledger.db'}",
    }
    began = perf_counter()
    tap = Program(
        "tap",
        [PROGRAMS / "tap-netsuite-ap", "--config=ENV"],
        folder,
        env=environment(sandbox, "tap-netsuite-ap", **tap_settings),
        stdout=subprocess.PIPE,
    )
    with tap.stdout or nullcontext() as messages:
        target = Program(
            "target",
            [PROGRAMS / "target-avidxchange", "--config=ENV"],
            folder,
            env=environment(sandbox, "target-avidxchange", **target_settings),
            stdin=messages or subprocess.DEVNULL,
        )
    used = target.ended(), tap.ended()
    return perf_counter() - began, used[1], used[0]
