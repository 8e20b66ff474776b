"""Files that are written by a program, and checked to be as it would write them."""

from __future__ import annotations

import sys
from pathlib import Path


def write_or_check(file: Path, text: str, command: str) -> None:
    """Write a file; with `--check` among the program's arguments only say whether it is as it should be.

    Args:
        file: The file.
        text: What it should hold.
        command: What writes it anew, for whoever finds that it does not.

    Raises:
        SystemExit: It is checked, and is not as it should be.
    """
    if "--check" not in sys.argv:
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        sys.exit(f"{file.name} is not as it should be: run `{command}`.")
