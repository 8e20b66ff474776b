"""More bills than a page has rows, whatever NetSuite says of there being more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.netsuite.client import PAGE_ROWS, QueryPage
from apbridge_operator.reconcile.netsuite import NetSuiteSide
from apbridge_sandbox.testing import Running, running
from tests.in_process import netsuite_config

_MANY = 2 * PAGE_ROWS


class Lying(NetSuite):
    """An account that says one thing of every page, as NetSuite may at its cap of 100,000 rows."""

    says: bool
    asked = 0

    def suiteql(self, query: str, *, limit: int = PAGE_ROWS, offset: int = 0, purpose: str) -> QueryPage:
        self.asked += 1
        page = super().suiteql(query, limit=limit, offset=offset, purpose=purpose)
        return QueryPage(page.items, self.says, page.total)


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    with running(vendors=20, bills=_MANY) as sandbox:
        yield sandbox


@pytest.mark.parametrize("says", [True, False])
def test_no_bill_is_missed_where_has_more_lies(company: Running, says: bool):  # noqa: FBT001
    open_bills = [one["id"] for one in company.books()["netsuite"]["bills"] if float(one["unpaid"]) > 0]
    assert len(open_bills) > PAGE_ROWS
    with Lying(NetSuiteSettings.from_config(netsuite_config(company))) as netsuite:
        netsuite.says = says
        found = [one.external_id for one in NetSuiteSide(netsuite, takes_pending=False).open_bills()]
        assert netsuite.asked <= len(open_bills) // PAGE_ROWS + 2
    assert sorted(found) == sorted(
        f"netsuite-{company.credentials['NETSUITE_ACCOUNT_ID']}-vendorbill-{one}" for one in open_bills
    )
