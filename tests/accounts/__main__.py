"""A campaign: `python -m tests.accounts` runs the loop under many accounts, and tells how each ended.

The ten firms, every value of every switch alone, and combinations drawn from a seed: what is asked for.
Of what fails the fewest switches that still fail are looked for.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from collections.abc import Iterator
from random import SystemRandom

import yaml

from apbridge.avidxchange.profile_files import shipped
from tests.accounts.accounts import Account, accounts
from tests.accounts.choices import USUAL, alone, combination
from tests.accounts.outcome import outcome, usual
from tests.accounts.reduction import fewest

_SHOWN = 6


def main() -> int:
    """Run a campaign; return the exit code: 1 where an account failed."""
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)  # noqa: T201
    failed = 0
    for account in _chosen(asked):
        wrong = _tried(account)
        if wrong:
            failed += 1
            _show(account, wrong, reduces=not asked.account)
    print(f"{failed} failed")  # noqa: T201
    return min(failed, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.accounts")
    parser.add_argument("--examples", type=int, default=0, help="combinations to draw")
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(2**31), help="of the first of them"
    )
    parser.add_argument(
        "--alone", nargs="?", const="", help="every value alone, of switches whose name has this"
    )
    parser.add_argument("--most", type=int, help="so many of the values alone, drawn by the seed")
    parser.add_argument("--account", help="one of the ten, by its name")
    parser.add_argument("--firms", action="store_true", help="the ten")
    parser.add_argument("--contract", default="avidconnect", choices=shipped(), help="of --switches")
    parser.add_argument("--switches", nargs="*", metavar="NAME=VALUE", help="these alone")
    return parser.parse_args()


def _chosen(asked: argparse.Namespace) -> Iterator[Account]:
    if asked.switches is not None:
        pairs = [one.partition("=") for one in asked.switches]
        switches = {name: yaml.safe_load(value or "''") for name, _, value in pairs}
        yield Account("these", "", asked.contract, switches, USUAL, "")
    if asked.firms or asked.account:
        yield from (one for one in accounts() if asked.account in {None, one.name})
    if asked.alone is not None:
        values = [one for one in alone() if asked.alone in one.name]
        if asked.most is not None:
            values = random.Random(asked.seed).sample(values, min(asked.most, len(values)))  # noqa: S311
        yield from values
    yield from (combination(asked.seed + number) for number in range(asked.examples))


def _tried(account: Account) -> list[str]:
    try:
        ended = outcome(account)
    except Exception:  # noqa: BLE001, the campaign goes on
        return [traceback.format_exc()]
    more = ended.open - usual(account.contract).open
    told = ", ".join(f"{times} x {code}" for code, times in sorted(more.items())) or "as usual"
    print(f"{ended.seconds:5.1f} s  {account.name:60} {told}", flush=True)  # noqa: T201
    return ended.wrong


def _show(account: Account, wrong: list[str], *, reduces: bool) -> None:
    print(f"FAILED: {account.name}, {account.contract}: {account.switches}")  # noqa: T201
    for line in wrong[:_SHOWN]:
        print(f"  {line}")  # noqa: T201
    if len(wrong) > _SHOWN:
        print(f"  and {len(wrong) - _SHOWN} more")  # noqa: T201
    if reduces and len(account.switches) > 1:
        few = fewest(account.switches, lambda some: bool(_tried(_with(account, some))))
        words = " ".join(f"'{name}={value}'" for name, value in few.items())
        print(f"  fewest: python -m tests.accounts --contract {account.contract} --switches {words}")  # noqa: T201
    sys.stdout.flush()


def _with(account: Account, switches: dict[str, bool | int | str]) -> Account:
    return Account("  fewer", "", account.contract, switches, account.settings, "")


if __name__ == "__main__":
    raise SystemExit(main())
