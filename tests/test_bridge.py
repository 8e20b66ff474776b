"""Whatever happens: the bridge leads from one book to the other, by currency and subsidiary, to the cent."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger
from apbridge.ledger.tables import runs
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Reconciliation, reconcile
from apbridge_operator.reconcile.bridge import AGES, BridgeStep, Place
from apbridge_sandbox.testing import Running, running
from tests.credit_turns import CreditHistory
from tests.examples import examples
from tests.in_process import netsuite_config
from tests.payment_history import begun_in, pick, some_of
from tests.reconciling import AFTER_ALL, BEFORE_ALL

_SUBSIDIARIES = ("11", "12", "13")
"""A vendor each of the parent in USD, of the Canadian subsidiary in CAD, and of the parent in CAD."""

_LIKELY = {
    "bill": 3,
    "bill_elsewhere": 5,
    "outbound": 3,
    "approve": 3,
    "pay": 5,
    "credit": 1,
    "pay_with_credit": 2,
    "settle": 4,
    "inbound": 3,
    "by_hand": 3,
    "void": 2,
    "fail": 1,
    "edit": 2,
    "take_back": 1,
    "hold": 2,
    "pending": 3,
    "delete": 1,
    "date": 2,
    "time": 1,
}


class MixedHistory(CreditHistory):
    """What may happen, in several subsidiaries and currencies, to bills that are not in the ledger too."""

    @property
    def ledger_url(self) -> str:
        return self._in.ledger_url

    def bill_elsewhere(self, which: int, much: int) -> None:
        self._entered += 1
        line = {"account": "6010", "amount": str(some_of(much, Decimal(300)) + 5)}
        order = {"vendor": pick([*_SUBSIDIARIES], which), "tranid": f"MIX-{self._entered}", "lines": [line]}
        self._control("/control/netsuite/bills", {"bills": [order]})

    def pending(self, which: int, much: int) -> None:
        """Somebody takes the approval of a bill back, refuses it, or gives it."""
        bill = pick([one for one in self._bills() if one["unpaid"] == one["total"]], which)
        status, approval, posting = (("D", 1, "F"), ("A", 2, "T"), ("E", 3, "F"))[much % 3]
        columns = {"status": status, "approvalstatus": approval, "posting": posting}
        order = {"table": "transaction", "id": bill["id"], "set": columns}
        self._control("/control/netsuite/edit", order)

    def delete(self, which: int, _much: int) -> None:
        bill = pick([one for one in self._bills() if one["unpaid"] == one["total"]], which)
        self._control("/control/netsuite/delete", {"type": "vendorbill", "id": bill["id"]})

    def date(self, which: int, much: int) -> None:
        """Somebody dates a bill otherwise."""
        bill = pick(self._bills(), which)
        day = date.fromisoformat(bill["trandate"]) + timedelta(days=much % 9 - 4)
        columns = {"trandate": day.isoformat(), "duedate": day.isoformat()}
        self._control("/control/netsuite/edit", {"table": "transaction", "id": bill["id"], "set": columns})


class Recount:
    """Adds up both books by itself, out of the sandbox's own store."""

    def __init__(self, sandbox: Running) -> None:
        assert sandbox.sandbox
        self._store = sandbox.sandbox.store
        self._account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]

    @property
    def today(self) -> date:
        (row,) = self._read("SELECT MAX(lastmodifieddate) AS at FROM ns_transaction")
        return date.fromisoformat(row["at"][:10])

    def bills(self) -> dict[str, tuple[Place, Decimal]]:
        """Return what is open of each bill in the ledger."""
        query = (
            "SELECT t.id, c.symbol, s.fullname AS name, t.total_cents - t.paid_cents AS cents"
            " FROM ns_transaction t"
            " JOIN ns_currency c ON c.id = t.currency JOIN ns_subsidiary s ON s.id = t.subsidiary"
            " WHERE t.type = 'VendBill' AND t.status NOT IN ('C', 'D', 'E') AND t.voided = 'F'"
        )
        return {
            f"netsuite-{self._account}-vendorbill-{row['id']}": (
                (row["name"], row["symbol"]),
                Decimal(row["cents"]) / 100,
            )
            for row in self._read(query)
        }

    def invoices(self) -> dict[str, tuple[str, Decimal]]:
        """Return what is unpaid of each invoice."""
        query = (
            "SELECT external_id, currency, total_cents - paid_cents AS cents FROM ax_invoice"
            " WHERE kind = 'invoice' AND status NOT IN ('cancelled', 'rejected')"
        )
        return {
            row["external_id"]: (row["currency"], Decimal(row["cents"]) / 100) for row in self._read(query)
        }

    def _read(self, query: str) -> list[Any]:
        with self._store.connection() as connection:
            return connection.execute(query).fetchall()

    def complaints(self, result: Reconciliation) -> Iterator[str]:
        """Describe what is wrong with a bridge of now."""
        bridge = result.bridge
        bills, invoices = self.bills(), self.invoices()
        opened: dict[Place, Decimal] = defaultdict(Decimal)
        for place, amount in bills.values():
            opened[place] += amount
        unpaid: dict[str, Decimal] = defaultdict(Decimal)
        for currency, amount in invoices.values():
            unpaid[currency] += amount
        for place in {*opened, *bridge.starts}:
            if opened[place] != bridge.starts.get(place, 0):
                yield f"{place}: {opened[place]} is open, the bridge begins with {bridge.starts.get(place)}"
        shown: dict[str, Decimal] = defaultdict(Decimal)
        for place in bridge.places:
            steps = sum((one.amount for one in bridge.steps(place).values()), Decimal(0))
            start, end = bridge.starts.get(place, Decimal(0)), bridge.ends.get(place, Decimal(0))
            shown[place[1]] += end
            if start + steps != end:
                yield f"{place}: {start} and {steps} is not {end}"
            aged = [one for key, one in bridge.aging.items() if key[1:] == place]
            if sum(map(sum, aged)) != start or any(len(one) != len(AGES) for one in aged):
                yield f"{place}: the aging comes to {sum(map(sum, aged))}, not to {start}"
        for currency in {*unpaid, *shown}:
            if unpaid[currency] != shown[currency]:
                yield f"{currency}: {unpaid[currency]} is unpaid, the bridge ends with {shown[currency]}"
        yield from self._of_rows(result, bills, invoices)

    def _of_rows(
        self,
        result: Reconciliation,
        bills: Mapping[str, tuple[Place, Decimal]],
        invoices: Mapping[str, tuple[str, Decimal]],
    ) -> Iterator[str]:
        bridge = result.bridge
        different = {
            name
            for name in {*bills, *invoices}
            if bills.get(name, ("", 0))[1] != invoices.get(name, ("", 0))[1]
        }
        rows = {one.external_id: one for one in bridge.rows}
        if len(rows) != len(bridge.rows) or {*rows} != different:
            yield f"rows of {sorted(rows)}, and {sorted(different)} differ"
        for name, one in rows.items():
            here, there = bills.get(name, ("", 0))[1], invoices.get(name, ("", 0))[1]
            if name in bills and bills[name][0] != (one.subsidiary, one.currency):
                yield f"{name} is of {bills[name][0]}, and in the bridge of {one.subsidiary}, {one.currency}"
            if (one.netsuite, one.avidxchange) != (here, there):
                yield f"{name}: {one.netsuite} and {one.avidxchange}, not {here} and {there}"
        named = {one.external_id for one in result.unexplained}
        if lost := {one.external_id for one in bridge.of_step(BridgeStep.UNEXPLAINED)} - named:
            yield f"{sorted(lost)} are unexplained, and the reconciliation does not fail by them"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """A company whose vendors and accounts AvidXchange knows already, and the STATE of that run."""
    folder = tmp_path_factory.mktemp("begun")
    with begun_in(folder) as state:
        yield folder, state


def _compared(sandbox: Running, ledger_url: str, as_of: date | None = None) -> Reconciliation:
    with (
        Ledger(ledger_url) as ledger,
        NetSuite(NetSuiteSettings.from_config(netsuite_config(sandbox))) as netsuite,
        AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect"))) as client,
    ):
        return reconcile(netsuite, client, ledger, as_of=as_of)


def _last_ran(ledger_url: str, moment: datetime) -> None:
    """Let all runs have begun then: what they have passed explains nothing any more."""
    with Ledger(ledger_url) as ledger, ledger.database.writing() as connection:
        connection.execute(update(runs).values(started_at=moment))


@settings(
    max_examples=examples(3),
    derandomize=True,
    # A history takes a second: to look for the reason by hundreds more takes minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(seed=st.integers(0, 2**32), length=st.integers(20, 40))
def test_in_any_history_the_bridge_is_the_sum_of_both_books(begun: tuple[Path, Any], seed: int, length: int):
    before, outbound_state = begun
    with TemporaryDirectory() as place:
        folder = Path(place)
        for file in before.glob("*.db*"):
            shutil.copy(file, folder)
        with running(vendors=12, bills=0, folder=folder) as sandbox:
            history = MixedHistory(sandbox, folder, "avidconnect", outbound_state, {})
            for which in range(6):
                history.happen("bill_elsewhere", which, 4001 * which)
            history.outbound()
            history.happen("approve", 0, 1)
            dice = random.Random(seed)  # noqa: S311
            recount = Recount(sandbox)
            for nth, verb in enumerate(dice.choices([*_LIKELY], [*_LIKELY.values()], k=length)):
                history.happen(verb, dice.randrange(10_000), dice.randrange(10_000))
                if nth % 10 == 9 or nth == length - 1:
                    _last_ran(history.ledger_url, dice.choice([BEFORE_ALL, AFTER_ALL]))
                    result = _compared(sandbox, history.ledger_url)
                    complaints = "\n".join(recount.complaints(result))
                    assert complaints == ""
                    for step in result.bridge.steps(*result.bridge.places):
                        event(step.value)
            _check_as_of(
                _compared(sandbox, history.ledger_url, recount.today - timedelta(days=dice.randrange(3)))
            )
            history.close()


def _check_as_of(result: Reconciliation) -> None:
    """Of a day in the past no book says what was open: each end must be what its rows come to."""
    assert [one for one in result.differences if one.kind == "total"] == []
    for place in result.bridge.places:
        steps = sum((one.amount for one in result.bridge.steps(place).values()), Decimal(0))
        ends = (result.bridge.starts.get(place, Decimal(0)), result.bridge.ends.get(place, Decimal(0)))
        assert ends[0] + steps == ends[1]
