"""The processor time that each plugin takes to start, against a bare one of the SDK's."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.telling import Row, against

_PLUGINS = {
    "tap-netsuite-ap": "tap_netsuite_ap.tap:TapNetSuiteAP",
    "tap-avidxchange": "tap_avidxchange.tap:TapAvidXchange",
    "target-avidxchange": "target_avidxchange.target:TargetAvidXchange",
    "target-netsuite-payments": "target_netsuite_payments.target:TargetNetSuitePayments",
}
_BARE = {"tap": "benchmarks.start.bare:BareTap", "target": "benchmarks.start.bare:BareTarget"}
_TIMES = 11
_WAYS = ((), ("--version",), ("--about",))
_MOST = 1.3
_PROGRAM = """
import sys
from importlib import import_module
module, name = sys.argv.pop(1).split(":")
plugin = getattr(import_module(module), name)
if sys.argv[1:]:
    plugin.cli()
"""


def measure(*, small: bool) -> Iterator[Row]:
    """Start each plugin in three ways."""
    times = 1 if small else _TIMES
    for words in _WAYS[:1] if small else _WAYS:
        for name, place in _PLUGINS.items():
            yield _compare(name, place, words, times)


def _compare(name: str, place: str, words: tuple[str, ...], times: int) -> Row:
    """Start a plugin and a bare one by turns: what else the machine does meets both."""
    bare = _BARE[name.split("-", maxsplit=1)[0]]
    both = [(_processor(place, words), _processor(bare, words)) for _ in range(times)]
    ours, theirs = (median(seconds) for seconds in zip(*both, strict=True))
    case = f"{name} {' '.join(words) or '(import)'}"
    return against(theirs, "a bare one", case, ours, "s of CPU", bound=_MOST)


def _processor(place: str, words: tuple[str, ...]) -> float:
    """Return how much processor time a process takes from beginning to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _PROGRAM, place, *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
