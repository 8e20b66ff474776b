"""The console over several companies: a page over all, and each one's own pages in a folder of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apbridge.ledger import Ledger
from apbridge_operator.exceptions import Exceptions
from tests.console.morning import bill_name
from tests.console.visits import Served, Visit


@pytest.fixture
def bolts(tmp_path: Path) -> Iterator[Ledger]:
    """The ledger of a company of which nothing is known."""
    with Ledger(f"sqlite:///{tmp_path}/bolt.db") as opened:
        yield opened


@pytest.fixture
def visit(serving: Callable[..., Served], ledger: Ledger, bolts: Ledger) -> Iterator[Visit]:
    with Visit(serving(ledger, bolts, companies=("acme", "bolt"))) as signed_in:
        yield signed_in


def test_one_page_shows_all_companies_and_leads_to_each(visit: Visit, ledger: Ledger):
    page = visit.opened.text
    count = Exceptions(ledger).count()
    assert f'/acme/exceptions">{count}</a>' in page
    assert '/bolt/exceptions">0</a>' in page
    own = visit.page("/acme/")
    assert own.status_code == 200
    assert "apbridge · acme" in own.text
    assert "All companies" in own.text
    assert f"{visit.root.removeprefix(visit.address)}/acme/style.css" in own.text
    assert visit.page("/acme/style.css").status_code == 200
    assert visit.page("/carp/").status_code == 404


def test_exceptions_of_all_are_one_list_with_the_company_of_each(visit: Visit, ledger: Ledger):
    page = visit.page("/exceptions").text
    assert "1,840.20 USD" in page
    assert "<strong>Record names no vendor.</strong> Bill INV-" in page
    assert f"{Exceptions(ledger).count()} record" in page
    assert page.count('/acme/">acme</a>') > 1
    assert '/bolt/">bolt</a>' not in page
    path = f"/acme/exceptions/avidxchange/bills/{bill_name(1)}"
    assert path in page
    assert visit.page(path).status_code == 200
    assert visit.page(path.replace("acme", "bolt")).status_code == 404


def test_what_is_decided_goes_to_the_ledger_of_its_company(visit: Visit, ledger: Ledger, bolts: Ledger):
    all_of = visit.root
    for name, status in (("bolt", 404), ("acme", 303)):
        visit.root = f"{all_of}/acme"
        token = visit.form_token()
        visit.root = f"{all_of}/{name}"
        # A form of one company is none of another's.
        assert visit.decide("dismiss", why="Paid by hand", token=token).status_code == (
            403 if name == "bolt" else status
        )
    (case,) = Exceptions(ledger).find(bill_name(1))
    assert case.dismissed_because == "Paid by hand"
    assert Exceptions(bolts).find(bill_name(1)) == []


def test_health_names_the_company(serving: Callable[..., Served], ledger: Ledger, bolts: Ledger):
    told = serving(ledger, bolts, companies=("acme", "bolt")).get("/health").json()
    assert {one["what"].partition(":")[0] for one in told["signs"]} == {"acme", "bolt"}
