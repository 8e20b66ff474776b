"""The table that `make bench` prints, a row as soon as it is measured."""

from __future__ import annotations

from benchmarks.telling.row import Row, shown

_COLUMNS = "{:<10} {:<68} {:>13}  {:<36} {:>6} {:>5}  {:<7} {}"

HEAD = _COLUMNS.format("benchmark", "what", "figure", "held against", "ratio", "most", "", "with").rstrip()


def line(name: str, row: Row, *, judged: bool = True) -> str:
    """Write a row.

    Args:
        name: Of its benchmark.
        row: What it tells.
        judged: Whether to say if its bound was met: of a small run that says nothing.
    """
    met = {None: "", True: "met", False: "NOT MET"}[row.met if judged else None]
    bound = f"{row.bound:.2f}" if judged and row.bound is not None else ""
    facts = ", ".join(f"{what} {shown(value)}" for what, value in row.facts.items())
    figures = (
        "" if row.figure is None else shown(row.figure, row.unit),
        row.beside,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        bound,
        met,
        "; ".join(filter(None, (facts, row.note))),
    )
    return _COLUMNS.format(name, row.case, *figures).rstrip()
