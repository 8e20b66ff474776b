"""Redaction: how its time grows with the length of a text.

Each text repeats one piece that a pattern could try again and again; a text of four times the length should
take four times as long. In quadratic time it would take sixteen.
"""

from __future__ import annotations

import sys
import time

from apbridge.redaction import redact_text

_SHORT, _LONG = 16_000, 64_000
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


def main() -> None:
    """Measure each text at both lengths: the best of three, in processor time."""
    sys.stdout.write(f"{'':<26}{_SHORT:>10,}{_LONG:>10,}  ratio\n")
    for name, piece in _PIECES.items():
        short, long = (_seconds(piece * (length // len(piece))) for length in (_SHORT, _LONG))
        sys.stdout.write(f"{name:<26}{short:>9.3f}s{long:>9.3f}s  {long / short:.1f}\n")


def _seconds(text: str) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        redact_text(text)
        taken.append(time.process_time() - began)
    return min(taken)
