"""Which ledger it is, and what it is between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.origin import Origin

ONE = Origin.of("netsuite", "https://one.example.com", account="1")
TWO = Origin.of("netsuite", "https://one.example.com", account="2")
HOST_ONLY = Origin.of("avidxchange", "https://API.example.com/v1")
COMPANY = Origin.of("avidxchange", "https://api.example.com/v2", company="7")


def write(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    with run.audited(system="toy", operation="put", external_id="bill-1", body={}):
        pass


def test_each_ledger_has_a_generation_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path}/another.db") as another:
        assert another.identity.mark()["generation"] != ledger.identity.mark()["generation"]
        with pytest.raises(SettingError, match="APB-LED-010"):
            ledger.identity.check(another.identity.mark(), 1)


def test_its_place_is_the_end_of_its_trail(ledger: Ledger) -> None:
    before = ledger.identity.mark()
    ledger.identity.check(before, 2)
    write(ledger)
    after = ledger.identity.mark()
    assert (before["place"], after["place"]) == (0, 2)
    for mark in (before, after):
        ledger.identity.check(mark, 2)
    for spoilt in ({**after, "hash": "0" * 64}, {**after, "place": 3}, {**after, "run": 2}):
        with pytest.raises(SettingError, match="APB-LED-011"):
            ledger.identity.check(spoilt, 2)


def test_a_copy_that_lacks_a_run_is_older_though_the_run_wrote_nothing(ledger: Ledger) -> None:
    write(ledger)
    before = ledger.identity.mark()
    ledger.start_run("target-toy", "1.0").finish("finished", {"bills": {"rejected": 1}})
    after = ledger.identity.mark()
    assert before["place"] == after["place"]
    with ledger.database.writing() as connection:
        connection.execute(text("DELETE FROM apbridge_runs WHERE id = 2"))
    ledger.identity.check(before, 2)
    with pytest.raises(SettingError, match="run 2"):
        ledger.identity.check(after, 2)


def test_it_knows_what_it_is_between_once_it_was_told(ledger: Ledger) -> None:
    ledger.identity.see(ONE)
    ledger.identity.see(TWO)
    ledger.identity.take(ONE, HOST_ONLY)
    assert ledger.identity.origin("netsuite") == ONE
    assert ledger.identity.origin("toy") is None
    ledger.identity.see(ONE, COMPANY)
    with pytest.raises(SettingError, match="is of NetSuite account 1 at one") as found:
        ledger.identity.see(HOST_ONLY, TWO)
    assert "name NetSuite account 2" in str(found.value)
    # What becomes known is kept beside what was.
    ledger.identity.take(COMPANY)
    ledger.identity.take(HOST_ONLY)
    assert ledger.identity.origin("avidxchange") == COMPANY


def test_two_that_tell_it_at_once_do_not_disturb_each_other(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: ledger.identity.take(ONE, COMPANY), range(8))) == [None] * 8
    assert ledger.identity.origin("netsuite") == ONE
