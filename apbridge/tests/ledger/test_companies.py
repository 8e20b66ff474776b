"""Each company's ledger is its own: by its name, and by a schema where they share a database."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from apbridge.errors import SettingError
from apbridge.ledger import DryRunLedger, Ledger
from apbridge.ledger.identity import owner_of
from apbridge.origin import Origin
from tests.databases import new_database

END = Origin.of("netsuite", "https://one.example.com", account="1")


def test_a_ledger_is_of_the_company_that_took_it_and_no_other_opens_it(new_url: Callable[[], str]) -> None:
    url = new_url()
    with Ledger(url) as nobodys:
        nobodys.identity.take(END)
    # A project that becomes one of several companies goes on with its ledger.
    with Ledger(url, company="acme") as ledger:
        ledger.identity.take()
    Ledger(url, company="acme").close()
    for kind in (Ledger, DryRunLedger):
        with pytest.raises(SettingError, match="is that of company acme, and this run is of company bolt"):
            kind(url, company="bolt")
        with pytest.raises(SettingError, match="is that of company acme, and this run is of no company"):
            kind(url)
    with Ledger(url, company="acme") as ledger:
        ledger.identity.see(END)
        assert ledger.identity.origin("netsuite") == END


def test_of_two_companies_that_open_a_new_ledger_at_once_one_has_it(new_url: Callable[[], str]) -> None:
    url = new_url()
    with Ledger(url, company="acme") as acme, Ledger(url, company="bolt") as bolt:
        acme.identity.take(END)
        with pytest.raises(SettingError, match="is that of company acme, and this run is of company bolt"):
            bolt.identity.take(Origin.of("netsuite", "https://two.example.com", account="2"))
    assert owner_of(url) == ("acme", {"netsuite": END})


def test_whose_a_ledger_is_is_told_without_making_one(new_url: Callable[[], str], tmp_path: Path) -> None:
    url = new_url()
    assert owner_of(url) == (None, {})
    with Ledger(url):
        assert owner_of(url) == (None, {})
    absent = tmp_path / "none" / "ledger.db"
    assert owner_of(f"sqlite:///{absent}") == (None, {})
    assert not absent.parent.exists()


def test_a_run_that_was_not_let_in_leaves_the_ledger_nobodys(new_url: Callable[[], str]) -> None:
    url = new_url()
    Ledger(url, company="acme").close()
    Ledger(url, company="bolt").close()


def test_schemas_of_one_database_know_nothing_of_each_other() -> None:
    database = new_database()
    with Ledger(database) as public:
        public.start_run("target-toy", "1.0")
    for name in ("acme", "bolt-east", "bolt_east"):
        url = f"{database}&schema={name}"
        with Ledger(url, company=name[:4]) as ledger:
            assert f"?schema={name}" in ledger.database.name
            assert ledger.is_new("target-toy")
            assert ledger.start_run("target-toy", "1.0").id == 1
            ledger.identity.take(END)
            ledger.audit.verify()
        # It is found again, and not made anew.
        with Ledger(url, company=name[:4]) as ledger:
            assert ledger.start_run("target-toy", "1.0").id == 2
    with Ledger(database) as public:
        assert public.start_run("target-toy", "1.0").id == 2
        assert public.identity.origin("netsuite") is None


def test_a_role_that_may_make_no_schema_uses_one_that_is_there() -> None:
    database = new_database()
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE clerk LOGIN"))
        connection.execute(text('CREATE SCHEMA "acme" AUTHORIZATION clerk'))
    engine.dispose()
    mine = database.replace("apbridge@", "clerk@")
    for _ in range(2):
        Ledger(f"{mine}&schema=acme").close()
    with pytest.raises(Exception, match="permission denied"):
        Ledger(f"{mine}&schema=bolt")


def test_many_that_make_one_at_once_make_it_once() -> None:
    database = new_database()
    urls = [f"{database}&schema={name}" for name in ("acme", "bolt") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(Ledger, urls))
    generations = {one.identity.mark()["generation"] for one in ledgers}
    for one in ledgers:
        one.close()
    assert len(generations) == 2


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///a.db?schema=acme", "a SQLite file has no schemas"),
        ("postgresql://db/ap?schema=Acme", "a schema is named once"),
        ('postgresql://db/ap?schema=a"b', "a schema is named once"),
        ("postgresql://db/ap?schema=a&schema=b", "a schema is named once"),
    ],
)
def test_a_schema_that_is_none_is_said(url: str, problem: str) -> None:
    with pytest.raises(SettingError, match=re.escape(problem)):
        Ledger(url)
