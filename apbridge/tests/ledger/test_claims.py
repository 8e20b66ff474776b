"""A record of the other system is claimed by one record of ours, over all processes."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

from apbridge.ledger import Ledger
from apbridge.ledger.dry_run import DryRunLedger
from tests import forked

_CLAIMING = """
import sys
from apbridge.ledger import Ledger
url, name = sys.argv[1:]
with Ledger(url) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    print(*(ledger.claims.claim(1, "netsuite", str(number), name) for number in range(60)))
"""


def test_whoever_comes_first_has_it(ledger: Ledger) -> None:
    claims = ledger.claims
    assert claims.claim(1, "netsuite", "7", "payment-1") == "payment-1"
    assert claims.claim(2, "netsuite", "7", "payment-2") == "payment-1"
    assert claims.claim(3, "netsuite", "7", "payment-1") == "payment-1"
    assert claims.claim(2, "netsuite", "8", "payment-2") == "payment-2"
    assert claims.claim(2, "avidxchange", "7", "payment-2") == "payment-2"
    assert claims.holders("netsuite", ["7", "8", "9"]) == {"7": "payment-1", "8": "payment-2"}


def test_it_is_given_up_by_whom_it_belongs_to(ledger: Ledger) -> None:
    claims = ledger.claims
    claims.claim(1, "netsuite", "7", "payment-1")
    claims.give_up("netsuite", "7", "payment-2")
    assert claims.claim(2, "netsuite", "7", "payment-2") == "payment-1"
    claims.give_up("netsuite", "7", "payment-1")
    assert claims.claim(2, "netsuite", "7", "payment-2") == "payment-2"


def test_processes_that_claim_at_once(url: str) -> None:
    Ledger(url).close()
    names = [f"payment-{number}" for number in range(4)]
    claiming = [
        forked.Program("-c", _CLAIMING, url, name, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in names
    ]
    for process in claiming:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in claiming:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    told = set()
    for process in claiming:
        with process:
            assert process.stdout
            told.add(tuple(process.stdout.read().split()))
    assert len(told) == 1
    assert len(told.pop()) == 60


def test_threads_that_claim_and_give_up_at_once(ledger: Ledger) -> None:
    def claim(place: int) -> str:
        name = f"payment-{place % 3}"
        holder = ledger.claims.claim(place, "netsuite", "7", name)
        ledger.claims.give_up("netsuite", "7", name)
        return holder

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(claim, range(60))) <= {"payment-0", "payment-1", "payment-2"}


def test_a_dry_run_knows_the_claims_and_makes_none(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.claims.claim(1, "netsuite", "7", "payment-1")
        with DryRunLedger(url) as copy:
            assert copy.claims.claim(2, "netsuite", "7", "payment-2") == "payment-1"
            assert copy.claims.claim(2, "netsuite", "8", "payment-2") == "payment-2"
        assert ledger.claims.claim(3, "netsuite", "8", "payment-3") == "payment-3"
