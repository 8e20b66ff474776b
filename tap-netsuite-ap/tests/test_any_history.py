"""Whatever people do to the bills and wherever runs are cut: in the end every bill was told as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apbridge.netsuite.queries import reader
from apbridge_sandbox.netsuite import restlet
from apbridge_sandbox.suiteql import times
from apbridge_sandbox.testing import running
from tap_netsuite_ap import streams
from tests.examples import examples

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap

pytestmark = pytest.mark.long

BILLS = 14
CUTS = st.lists(
    st.none()
    | st.tuples(st.just("record"), st.integers(0, 6))
    | st.tuples(st.just("query"), st.integers(0, 40)),
    min_size=3,
    max_size=3,
)
MEANWHILE = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["edit", "recode", "pay"]), st.integers(0, BILLS)),
    max_size=2,
)
NIGHTS = (
    ("America/Los_Angeles", "2026-11-03T08:00:00"),  # midnight
    ("America/Los_Angeles", "2027-03-14T10:00:00"),  # two becomes three
    ("America/Los_Angeles", "2027-11-07T09:00:00"),  # two becomes one
    ("Pacific/Auckland", "2027-04-03T14:00:00"),  # three becomes two
    ("Asia/Kolkata", "2026-12-31T18:30:00"),  # New Year's
)
"""Time zones of the account, and moments when its days and hours are no good to go by."""


class BillHistory(RuleBasedStateMachine):
    """People edit, pay, undo, recode and delete; runs come and go, and some of them are cut.

    A run is cut before any record or any query; people go on working while it reads.

    The tap's word for a bill is the last record that a STATE covered. One whose STATE never came is sent
    again; one that a STATE covered is never sent again in the same state.
    """

    account: SandboxTap
    zone: pytest.MonkeyPatch

    @initialize(night=st.sampled_from(NIGHTS), seconds=st.sampled_from([2, 30, 600]))
    def begin(self, night: tuple[str, str], seconds: int) -> None:
        zone, moment = night
        times.local_of.cache_clear()
        restlet._loaded.cache_clear()
        for module in (times, restlet):
            self.zone.setattr(module, "COMPANY_ZONE", ZoneInfo(zone))
        self.account.restore()
        self.account.clock.start_at(datetime.fromisoformat(f"{moment}+00:00") - timedelta(seconds=seconds))
        self.state: Record = {}
        self.told: dict[str, Record] = {}
        self.acknowledged: set[tuple[str, str]] = set()
        self.touched: dict[str, None] = {}
        self._run()

    def _run(
        self, cut_at: tuple[str, int] | None = None, meanwhile: Sequence[tuple[int, str, int]] = ()
    ) -> None:
        def on_record(number: int) -> None:
            if cut_at == ("record", number):
                raise self.account.Killed

        def on_query(number: int) -> None:
            for at, what, bill in meanwhile:
                if at == number:
                    getattr(self, what)(bill, {"edit": "meanwhile", "recode": 7, "pay": 3}[what])
            if cut_at == ("query", number):
                raise self.account.Killed

        synced = self.account.sync(self.state, only="bills", on_record=on_record, on_query=on_query)
        self.state = synced.state or self.state
        assert len(synced.ids()) == len(set(synced.ids())), "twice in one run"
        for record in synced.acknowledged:
            key = (record["id"], record["modified_at"])
            assert key not in self.acknowledged, "sent twice"
            self.acknowledged.add(key)
            self.told[record["id"]] = record

    def _bill(self, number: int) -> str | None:
        bills = [*self.account.books()]
        return bills[number % len(bills)] if bills else None

    @rule(seconds=st.sampled_from([0, 0, 1, 7, 200, 80_000]))
    def time_passes(self, seconds: int) -> None:
        self.account.pass_time(seconds)

    @rule(number=st.integers(0, BILLS), memo=st.text("ab'$%\"", max_size=3))
    def edit(self, number: int, memo: str) -> None:
        if bill := self._bill(number):
            self.touched[bill] = None
            self.account.set_bill(bill, memo=memo or None, lastmodifieddate=self.account.clock.stamp())

    @rule(number=st.integers(0, BILLS), department=st.integers(1, 12))
    def recode(self, number: int, department: int) -> None:
        if bill := self._bill(number):
            self.touched[bill] = None
            self.account.sql(
                "UPDATE ns_transactionline SET department = ?, linelastmodifieddate = ?"
                ' WHERE "transaction" = ? AND id = 1',
                department,
                self.account.clock.stamp(),
                bill,
            )

    @rule(number=st.integers(0, BILLS), cents=st.integers(1, 500))
    def pay(self, number: int, cents: int) -> None:
        if bill := self._bill(number):
            self.touched[bill] = None
            now = self.account.clock.stamp()
            (last,) = self.account.sql("SELECT MAX(id) + 1 AS next FROM ns_transaction")
            payment = last["next"] + 100_000
            self.account.sql(
                "INSERT INTO ns_transaction (id, type, recordtype, transactionnumber, trandate, status,"
                " total_cents, createddate, lastmodifieddate)"
                " VALUES (?1, 'VendPymt', 'vendorpayment', 'P' || ?1, '2026-11-02', 'F', ?2, ?3, ?3)",
                payment,
                cents,
                now,
            )
            self.account.sql(
                "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype,"
                " linktype, foreignamount_cents, lastmodifieddate)"
                " VALUES (?, 0, 'VendBill', ?, 1, 'VendPymt', 'Payment', ?, ?)",
                bill,
                payment,
                cents,
                now,
            )

    @rule(number=st.integers(0, BILLS), content=st.binary(min_size=1, max_size=3))
    def attach(self, number: int, content: bytes) -> None:
        if bill := self._bill(number):
            self.touched[bill] = None
            self.account.attach(bill, b"%PDF" + content)

    @rule(number=st.integers(0, BILLS))
    def undo_payments(self, number: int) -> None:
        if bill := self._bill(number):
            self.touched[bill] = None
            self.account.sql("DELETE FROM ns_link WHERE previousdoc = ? AND linktype = 'Payment'", bill)
            self.account.sql(
                "UPDATE ns_transactionaccountingline SET lastmodifieddate = ?"
                ' WHERE "transaction" = ? AND transactionline = 0',
                self.account.clock.stamp(),
                bill,
            )

    @rule(number=st.integers(0, BILLS))
    def delete(self, number: int) -> None:
        if (bill := self._bill(number)) and len(self.account.books()) > BILLS // 2:
            self.touched[bill] = None
            self.account.delete_bill(bill, self.account.clock.stamp())

    @rule(
        waits=st.lists(st.sampled_from([1, 1, 2, 90]), min_size=1, max_size=3), cuts=CUTS, meanwhile=MEANWHILE
    )
    def run(
        self,
        waits: list[int],
        cuts: list[tuple[str, int] | None],
        meanwhile: list[tuple[int, str, int]],
    ) -> None:
        for seconds, cut_at in zip(waits, cuts, strict=False):
            self.account.pass_time(seconds)
            self._run(cut_at, meanwhile)

    def teardown(self) -> None:
        if not hasattr(self, "state"):
            return
        # A file of the hour that comes twice a year is dated to its end.
        self.account.pass_time(4000)
        self._run()
        books = self.account.books()
        for bill in self.touched:
            told = self.told[bill]
            if bill not in books:
                assert told["is_deleted"]
                continue
            if not told["is_eligible"]:  # its files are not fetched
                books[bill]["images"] = told["images"] and books[bill]["images"]
            assert self.account.told(told) == books[bill]

    @invariant()
    def acknowledged_records_are_told(self) -> None:
        if hasattr(self, "told"):
            assert self.told.keys() == {bill for bill, _ in self.acknowledged}


@pytest.fixture
def small_company(account_of: type[SandboxTap]) -> Iterator[SandboxTap]:
    with running(vendors=8, bills=BILLS) as sandbox:
        # Here dates tell of everything; what no date tells of is the sweep's (`test_sweep.py`).
        sandbox.control("/control/switches", {"netsuite.accounting_line_dates": "kept"})
        account = account_of(sandbox)
        account.keep()
        yield account


def test_any_history_ends_with_every_bill_told_as_it_stands(
    small_company: SandboxTap, small_pages: None, monkeypatch: pytest.MonkeyPatch
):
    assert small_pages is None
    # Fourteen bills are several pages, read as several ranges at once.
    monkeypatch.setattr(streams, "PAGE_ROWS", 4)
    monkeypatch.setattr(reader, "PAGE_ROWS", 4)
    BillHistory.account = small_company
    BillHistory.zone = monkeypatch
    run_state_machine_as_test(
        BillHistory,
        settings=settings(
            max_examples=examples(4),
            stateful_step_count=14,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
