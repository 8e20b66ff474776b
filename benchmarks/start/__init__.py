"""The processor time that each plugin takes to start, against a bare one of the SDK's."""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median

_PLUGINS = {
    "tap-netsuite-ap": "tap_netsuite_ap.tap:TapNetSuiteAP",
    "tap-avidxchange": "tap_avidxchange.tap:TapAvidXchange",
    "target-avidxchange": "target_avidxchange.target:TargetAvidXchange",
    "target-netsuite-payments": "target_netsuite_payments.target:TargetNetSuitePayments",
}
_BARE = {"tap": "benchmarks.start.bare:BareTap", "target": "benchmarks.start.bare:BareTarget"}
_TIMES = 11
_MOST = 1.3
_COLUMNS = "{:<26} {:<10} {:>8} {:>8}  {}\n"
_PROGRAM = """
import sys
from importlib import import_module
module, name = sys.argv.pop(1).split(":")
plugin = getattr(import_module(module), name)
if sys.argv[1:]:
    plugin.cli()
"""


def main() -> None:
    """Measure, and print a table; end with an error where a ratio is above the limit."""
    sys.stdout.write(_COLUMNS.format("plugin", "is told", "seconds", "bare", ""))
    ratios = [
        _compare(name, place, words)
        for words in ((), ("--version",), ("--about",))
        for name, place in _PLUGINS.items()
    ]
    if max(ratios) > _MOST:
        sys.exit(f"A plugin takes {max(ratios):.2f} times as long as a bare one, more than {_MOST}")


def _compare(name: str, place: str, words: tuple[str, ...]) -> float:
    """Start a plugin and a bare one by turns: what else the machine does meets both."""
    bare = _BARE[name.split("-", maxsplit=1)[0]]
    for one in (place, bare):
        _processor(one, words)  # the first reads from disk
    both = [(_processor(place, words), _processor(bare, words)) for _ in range(_TIMES)]
    ours, theirs = (median(seconds) for seconds in zip(*both, strict=True))
    ratio = float(ours / theirs)
    told = " ".join(words) or "(import)"
    beside = f"{ratio:.2f} of the bare one"
    sys.stdout.write(_COLUMNS.format(name, told, f"{ours:.3f}", f"{theirs:.3f}", beside))
    sys.stdout.flush()
    return ratio


def _processor(place: str, words: tuple[str, ...]) -> float:
    """Return how much processor time a process takes from beginning to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _PROGRAM, place, *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
