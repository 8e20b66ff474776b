"""A campaign guided by coverage, where atheris is installed: `python -m tests.fuzz.guided profile`.

The words after the parser's name are libFuzzer's own, such as `-max_total_time=60`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Fuzz one parser until something breaks or libFuzzer has had enough."""
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["apbridge", "apbridge_operator", "jmespath", "yaml"]):
        from tests.fuzz.parsers import holds, parsers  # noqa: PLC0415

    parser = parsers()[sys.argv.pop(1)]
    # Coverage leads away from the first inputs: they are laid beside its own.
    folder = Path(tempfile.mkdtemp(prefix="apbridge-fuzz-"))
    for number, seed in enumerate(parser.seeds):
        (folder / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), *sys.argv[1:]], lambda data: holds(parser, data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
