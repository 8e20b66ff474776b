"""`python -m benchmarks [name …]`: run the benchmarks that are named, or all."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from pkgutil import iter_modules

_NAMES = sorted(
    module.name for module in iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"
)


def main() -> None:
    """Run each benchmark's `main`, under the first line of its docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(_NAMES))
    names = parser.parse_args().names
    if unknown := set(names) - {*_NAMES}:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    for name in names or _NAMES:
        benchmark = import_module(f"benchmarks.{name}")
        sys.stdout.write(f"{name}: {(getdoc(benchmark) or '').splitlines()[0]}\n")
        benchmark.main()


if __name__ == "__main__":
    main()
