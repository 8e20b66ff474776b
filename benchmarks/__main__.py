"""`python -m benchmarks [name …]`: measure with those that are named, or with all; README.md says more."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from typing import Any

from benchmarks.telling import NotMeasuredError, Row
from benchmarks.telling.picture import draw
from benchmarks.telling.results import HERE, Clock, keep, measured, read
from benchmarks.telling.table import HEAD, line

NAMES = sorted({module.name for module in iter_modules([str(HERE)])} - {"__main__", "telling"})
PICTURE = HERE / "results.svg"


def main() -> None:
    """Measure, print one table, and keep what was measured; 1 where a bound was not met."""
    about = [f"  {name:<10} {(getdoc(_load(name)) or '').splitlines()[0]}" for name in NAMES]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="\n".join(about),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="all that there are, unless named")
    parser.add_argument(
        "--small", action="store_true", help="the least that runs: proves that each works, and keeps nothing"
    )
    told = parser.parse_args()
    if unknown := set(told.names) - {*NAMES}:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    _say(HEAD)
    all_met = [_measure(name, small=told.small) for name in told.names or NAMES]
    sys.exit(0 if all(all_met) else 1)


def _measure(name: str, *, small: bool) -> bool:
    """Measure with one benchmark, and return whether it could and each bound was met."""
    clock, rows, is_whole = Clock(), list[Row](), True
    try:
        for row in _load(name).measure(small=small):
            rows.append(row)
            _say(line(name, row, judged=not small))
    except NotMeasuredError as error:
        _say(f"{name:<10} NOT MEASURED, as all that was to follow: {error}")
        is_whole = False
    if small or not rows:
        return is_whole
    new = measured(name, rows, clock.others())
    keep(new)
    PICTURE.write_text(draw(read()), encoding="utf-8")
    if not new.was_quiet:
        _say(f"{name:<10} others kept {new.others} cores busy meanwhile: measure again on a quiet machine")
    return is_whole and all(row.met is not False for row in rows)


def _load(name: str) -> Any:  # noqa: ANN401
    return import_module(f"benchmarks.{name}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
