"""Chance that repeats: everything is drawn from the seed's own generator."""

from __future__ import annotations

from random import Random


def chance(rng: Random, share: float) -> bool:
    """Draw true in that share of cases."""
    return rng.random() < share
