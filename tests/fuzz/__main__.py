"""A campaign: `python -m tests.fuzz 1000000` feeds so many inputs to the parsers, and tells how they fared.

What is found is printed as an entry for the corpus, which `make test` replays.
"""

from __future__ import annotations

import argparse
import resource
import signal
import time
import traceback
from collections.abc import Iterator
from itertools import chain
from random import SystemRandom
from types import FrameType

from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.corpora import written
from tests.fuzz.mutation import mutant
from tests.fuzz.parsers import Parser, holds, parsers

MEMORY = 4 * 1024**3
"""Bytes that the whole campaign may take."""

SECONDS = 60
"""For one input: far more than any takes on a busy machine, and less than for ever."""


_MOST_DRAWN = 1000


class TooLongError(Exception):
    """One input took too long."""


def _too_long(_: int, __: FrameType | None) -> None:
    raise TooLongError


def _campaign(parser: Parser, count: int, seed: int) -> tuple[int, dict[str, bytes]]:
    """Feed a parser; return how many inputs it took, and one input for each place where it broke."""
    taken, broke = 0, dict[str, bytes]()
    drawn = _drawn(parser, min(count // 20, _MOST_DRAWN))
    for data in chain(drawn, _mutants(parser, count - len(drawn), seed)):
        signal.alarm(SECONDS)
        try:
            taken += holds(parser, data)
        except BaseException as found:
            if isinstance(found, KeyboardInterrupt):
                raise
            place = traceback.extract_tb(found.__traceback__)[-1]
            broke.setdefault(f"{type(found).__name__} at {place.filename}:{place.lineno}", data)
        finally:
            signal.alarm(0)
    return taken, broke


def _mutants(parser: Parser, count: int, seed: int) -> Iterator[bytes]:
    return (mutant(parser.seeds, parser.tokens, seed + number) for number in range(count))


def _drawn(parser: Parser, count: int) -> list[bytes]:
    """Let Hypothesis draw inputs: it thinks of more, and takes fifty times as long."""
    drawn: list[bytes] = []

    @settings(
        max_examples=max(count, 1),
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.inputs)
    def draw(data: bytes) -> None:
        drawn.append(data)

    if count:
        draw()
    return drawn[:count]


def main() -> int:
    """Run a campaign; return the exit code: 1 where a parser broke."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
    arguments.add_argument("examples", type=int, help="inputs over all parsers")
    arguments.add_argument("--parsers", nargs="*", help="these alone")
    arguments.add_argument("--seed", type=int, default=SystemRandom().randrange(2**62))
    asked = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _too_long)
    chosen = {name: one for name, one in parsers().items() if not asked.parsers or name in asked.parsers}
    shares = sum(one.share for one in chosen.values())
    print(f"seed {asked.seed}")  # noqa: T201
    broken = 0
    for name, parser in chosen.items():
        count = -(-asked.examples * parser.share // shares)
        began = time.process_time()
        taken, broke = _campaign(parser, count, asked.seed)
        seconds = time.process_time() - began
        print(f"| {name} | {count} | {taken} | {seconds:.0f} |", flush=True)  # noqa: T201
        for place, data in broke.items():
            broken += 1
            print(f"  BROKE: {place}\n  {name}.txt: {written(data)}", flush=True)  # noqa: T201
    return min(broken, 1)


if __name__ == "__main__":
    raise SystemExit(main())
