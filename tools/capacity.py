"""Write the tables of `docs/capacity.md`, from what `docs/capacity.yaml` declares and what was measured.

`python -m tools.capacity` writes them; with `--check` it only says whether the page is as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from benchmarks.telling.results import Measured, read
from tools.generated import write_or_check

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/capacity.md"
DECLARED = ROOT / "docs/capacity.yaml"

FUNCTIONS = {"ceil": ceil, "min": min}
"""What formulas may call."""
_HEADS = {
    "given": ("name", "value", "what"),
    "documented": ("name", "value", "what"),
    "measured": ("name", "value", "what", "`python -m benchmarks …`, its row and figure", "measured"),
    "derived": ("name", "value", "what", "how"),
}
_EXACT = 1000


def page(before: str) -> str:
    """Return the page with its tables made anew.

    Raises:
        LookupError: Something that was to be measured is not among the results.
    """
    declared: dict[str, dict[str, Any]] = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    values: dict[str, float] = {}
    after = before
    for part, head in _HEADS.items():
        rows = [head, ("---",) * len(head), *_rows(part, declared[part], values)]
        table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        begin, end = f"<!-- {part} -->\n", f"<!-- /{part} -->"
        above, _, rest = after.partition(begin)
        after = f"{above}{begin}{table}{end}{rest.partition(end)[2]}"
    return after


def shown(value: float) -> str:
    """Write a value to three digits or more."""
    return f"{value:,.0f}" if value >= _EXACT or value == int(value) else f"{value:.3g}"


def _rows(part: str, declared: Mapping[str, Any], values: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table, and add their values, as shown, to those known."""
    results = {one.name: one for one in read()}
    for name, one in declared.items():
        more: tuple[str, ...] = ()
        if part == "measured":
            value, source = _measured(results, *one["of"])
            benchmark, case, fact = one["of"]
            more = (f"`{benchmark}`: {case}" + ("" if fact == "figure" else f": {fact}"), source)
        elif part == "derived":
            value = eval(one["is"], {"__builtins__": {}}, {**FUNCTIONS, **values})  # noqa: S307 - our own file
            more = (f"`{one['is']}`",)
        else:
            value = one["value"]
        told = shown(value)
        # What is computed on is what is shown: so that a reader who computes comes to the same.
        values[name] = float(told.replace(",", ""))
        yield (f"`{name}`", f"{told} {one['unit']}".rstrip(), one["says"], *more)


def _measured(results: Mapping[str, Measured], benchmark: str, case: str, fact: str) -> tuple[float, str]:
    found = results[benchmark]
    row = next((row for row in found.rows if row["case"] == case), None)
    if row is None:
        raise LookupError(benchmark, case)
    quiet = "" if found.was_quiet else ", on a busy machine"
    value = row["figure"] if fact == "figure" else row["facts"][fact]
    return float(value), f"{found.date[:10]}{quiet}"


def main() -> None:
    """Write the page, or check it."""
    write_or_check(PAGE, page(PAGE.read_text(encoding="utf-8")), "make capacity")


if __name__ == "__main__":
    main()
