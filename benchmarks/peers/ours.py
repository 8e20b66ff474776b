"""Reads bill headers with the tap's reader, and prints what a peer's script prints."""

from __future__ import annotations

import json
import logging
import sys
from time import perf_counter

from benchmarks.reader.reading import read


def main() -> None:
    """Read from the address that the first argument names."""
    logging.disable(logging.WARNING)
    ids: list[int] = []
    began = perf_counter()
    for places in read(sys.argv[1]):
        ids.extend(number for _, number in places)
    told = {"seconds": perf_counter() - began, "ids": ids, "error": ""}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
