"""Redaction: how its time grows with the length of a text.

Each text repeats one piece that a pattern could try again and again; a text of four times the length should
take four times as long. In quadratic time it would take sixteen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from apbridge.redaction import redact_text
from benchmarks.telling import Row, against

_SHORT, _LONG = 16_000, 64_000
_MOST = 1.5
_PIECES = {
    "prose": "Bill 2026-11-02 of Acme Widgets, $1,234.50, line 12. ",
    "labels": "token",
    "a label and a value": "password: a ",
    "digits": "4444 ",
    "beginnings of an IBAN": "DE89 ",
    "quotes that never close": 'password="\\"',
    "addresses": "://a:",
    "beginnings of a token": "-eyJ",
    "beginnings of a key": "-----BEGIN A",
    "tags": "<password>",
    "signs that nobody sees": "\N{EN DASH}\N{ZERO WIDTH SPACE}1",
}


def measure(*, small: bool) -> Iterator[Row]:
    """Mask each text at both lengths: the best of three, in processor time."""
    for name, piece in list(_PIECES.items())[: 2 if small else None]:
        short, long = (_seconds(piece * (length // len(piece))) for length in (_SHORT, _LONG))
        times, case = _LONG // _SHORT, f"{_LONG:,} characters: {name}"
        yield against(times * short, f"{times} times as long as {_SHORT:,}", case, long, bound=_MOST)


def _seconds(text: str) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        redact_text(text)
        taken.append(time.process_time() - began)
    return min(taken)
