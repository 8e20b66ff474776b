"""Inputs as text, one a line: in `corpus/<parser>.txt` what broke a parser once, or is known to break others.

What is no printable ASCII is written as Python writes it, and `«…»*900` repeats a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_REPEATED = re.compile(r"«(.*?)»\*(\d+)")


def written(data: bytes) -> str:
    """Write an input as a line of the corpus."""
    return data.decode("latin-1").encode("unicode_escape").decode()


def read(line: str) -> bytes:
    """Read an input from a line of the corpus."""
    whole = _REPEATED.sub(lambda found: found[1] * int(found[2]), line)
    return whole.encode().decode("unicode_escape").encode("latin-1")


def entries(name: str, folder: str = "corpus") -> Iterator[bytes]:
    """Yield the inputs of one file."""
    file = Path(__file__).with_name(folder) / f"{name}.txt"
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("# "):
                yield read(line)
