"""The picture of what was measured: a bar for each ratio, and a mark where it may end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from benchmarks.telling.results import Measured

_WIDTH, _LINE, _LEFT, _SCALE = 1160, 20, 510, 260
_MOST = 2.0
"""The longest bar: what is longer is cut, and its figure says so."""
_COLOURS = {None: "#7d8590", True: "#2da44e", False: "#cf222e"}
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
    'aria-label="Ratios of what was measured" font-family="system-ui, sans-serif" font-size="12">\n'
    '<rect width="{w}" height="{h}" fill="#ffffff"/>\n'
)


def draw(results: Iterable[Measured]) -> str:
    """Return an SVG of all ratios, each benchmark under its name and what it was measured on."""
    body = [*_lines(results)]
    height = (len(body) + 2) * _LINE
    one = _LEFT + _SCALE
    told = "".join(text.format(y=(place + 1) * _LINE + 14) for place, text in enumerate(body))
    limit = f'<path d="M{one} {_LINE}V{height - _LINE}" stroke="#1f2328" stroke-dasharray="2 3"/>\n'
    above = f'<text x="{one}" y="14" text-anchor="middle" fill="#1f2328">1 = the limit or the peer</text>\n'
    return _HEAD.format(w=_WIDTH, h=height) + limit + above + told + "</svg>\n"


def _lines(results: Iterable[Measured]) -> Iterator[str]:
    for one in results:
        quiet = "" if one.was_quiet else ", busy with other work"
        on = f"{one.date[:10]}, {one.commit}, {one.cores} cores, Python {one.python}{quiet}"
        name = (
            f'<tspan font-weight="bold">{escape(one.name)}</tspan> <tspan fill="#59636e">{escape(on)}</tspan>'
        )
        yield f'<text x="8" y="{{y}}" fill="#1f2328">{_braces(name)}</text>\n'
        for row in one.rows:
            if lost := row["facts"].get("lost"):
                # How fast that was says nothing.
                yield _text(row, f'<text fill="{_COLOURS[False]}">{lost:,} rows lost</text>')
            elif row["ratio"] is not None:
                yield _bar(row)


def _text(row: dict[str, object], drawn: str) -> str:
    """Write a row's case, and what is drawn beside it; `{y}` is where its line of text stands."""
    case = _braces(escape(str(row["case"])))
    return (
        f'<text x="{_LEFT - 8}" y="{{y}}" text-anchor="end" fill="#1f2328">{case}</text>'
        f'<g transform="translate({_LEFT} {{y}})">{drawn}</g>\n'
    )


def _bar(row: dict[str, object]) -> str:
    """Draw one ratio."""
    ratio, bound = float(str(row["ratio"])), row["bound"]
    length = min(ratio, _MOST) * _SCALE
    colour = _COLOURS[row["met"]]  # type: ignore[index]
    most = "" if bound is None else f", at most {bound:.2f}: {'met' if row['met'] else 'not met'}"
    beside = str(row["beside"]).rpartition(", ")[0]
    told = _braces(escape(f"{ratio:.2f} of {beside}{most}"))
    drawn = f'<rect y="-11" width="{length:.0f}" height="14" fill="{colour}" fill-opacity="0.35"/>'
    if bound is not None:
        drawn += f'<rect x="{float(str(bound)) * _SCALE:.0f}" y="-13" width="2" height="18" fill="{colour}"/>'
    return _text(row, f'{drawn}<text x="4" fill="#1f2328">{told}</text>')


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
