"""Whatever is posted, changed, voided and deleted, in whatever order: the books balance."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apbridge_sandbox.clock import OPENING
from apbridge_sandbox.company import CompanySize
from apbridge_sandbox.context import Options, Sandbox
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.errors import NetSuiteError
from apbridge_sandbox.netsuite.posting import (
    change_vendor_payment,
    delete_vendor_payment,
    post_vendor_payment,
    void_vendor_payment,
)
from apbridge_sandbox.netsuite.vendor_payments import Application, VendorPayment
from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import audit

_LINES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.none() | st.integers(0, 400) | st.integers(1, 400) | st.integers(100_000, 2_000_000),
        st.sampled_from([0, 0, 1, 50]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line[0],
)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "change", "void", "delete"]),
        st.integers(0, 30),
        _LINES,
        st.none() | st.uuids().map(str) | st.sampled_from(["one", "two"]),
        st.sampled_from(["0", "-40", "0", "0"]),
    ),
    min_size=3,
    max_size=12,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("books") / "sandbox.db"
    sandbox = Sandbox(path, Options(CompanySize(seed=3, vendors=6, bills=30)))
    sandbox.seed_if_empty()
    yield sandbox.store
    sandbox.close()


def _dump(conn: sqlite3.Connection, *, dates: bool) -> list[tuple[object, ...]]:
    """Return all that payments may change of the books."""
    kept = "id, status, paid_cents, closedate" + (", lastmodifieddate" if dates else "")
    rows = [tuple(row) for row in conn.execute(f"SELECT {kept} FROM ns_transaction ORDER BY id")]  # noqa: S608
    columns = (
        '"transaction", transactionline, debit_cents, credit_cents, amountpaid_cents, amountunpaid_cents'
    )
    query = f"SELECT {columns} FROM ns_transactionaccountingline ORDER BY 1, 2"  # noqa: S608
    rows += [tuple(row) for row in conn.execute(query)]
    rows += [tuple(row) for row in conn.execute("SELECT id FROM ns_link ORDER BY id")]
    return rows


class _Books:
    """One run of steps over the books, all of it taken back at the end."""

    def __init__(self, conn: sqlite3.Connection, rules: ApplyRules) -> None:
        self._conn = conn
        self._rules = rules
        query = (
            "SELECT * FROM ns_transaction WHERE type = 'VendBill' AND status = 'A'"
            " AND currency = ? AND subsidiary = ? ORDER BY id LIMIT 5"
        )
        self._bills = conn.execute(query, (1, 1)).fetchall() + conn.execute(query, (2, 1)).fetchall()[:1]
        # One vendor has most of them, so that a payment may pay several.
        for bill in self._bills[:4]:
            conn.execute(
                "UPDATE ns_transaction SET entity = ?, account = ? WHERE id = ?",
                (self._bills[0]["entity"], self._bills[0]["account"], bill["id"]),
            )
        self._bank = conn.execute("SELECT id FROM ns_account WHERE acctnumber = '1010'").fetchone()["id"]
        self._payments: list[int] = []

    def step(
        self, kind: str, which: int, lines: list[tuple[int, int | None, int]], name: str | None, days: str
    ) -> None:
        payment = VendorPayment(
            vendor=self._bills[0]["entity"],
            account=self._bank,
            applications=[
                Application(self._bills[bill % len(self._bills)]["id"], cents, discount)
                for bill, cents, discount in lines
            ],
            day=date(2026, 11, 2) + timedelta(days=int(days)),
            external_id=name,
        )
        before = _dump(self._conn, dates=True)
        self._conn.execute("SAVEPOINT step")
        try:
            self._do(kind, which, payment)
        except NetSuiteError:
            self._conn.execute("ROLLBACK TO step")
            assert _dump(self._conn, dates=True) == before
        audit(self._conn)

    def _do(self, kind: str, which: int, payment: VendorPayment) -> None:
        now = OPENING + timedelta(minutes=which)
        if kind == "post":
            self._payments.append(post_vendor_payment(self._conn, payment, now=now, rules=self._rules))
        elif self._payments:
            target = self._payments[which % len(self._payments)]
            if kind == "change":
                change_vendor_payment(self._conn, target, payment, now=now, rules=self._rules)
            elif kind == "void":
                void_vendor_payment(self._conn, target, now=now, rules=self._rules)
            else:
                delete_vendor_payment(self._conn, target, now=now, rules=self._rules)
                self._payments.remove(target)

    def delete_everything(self) -> None:
        for payment in self._payments:
            delete_vendor_payment(self._conn, payment, now=OPENING, rules=self._rules)
        audit(self._conn)


class _TakenBackError(Exception):
    """Ends a transaction of which nothing is kept."""


@contextmanager
def _taken_back(store: Store) -> Iterator[sqlite3.Connection]:
    with suppress(_TakenBackError), store.write() as conn:
        yield conn
        raise _TakenBackError


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, over=st.sampled_from(["user_error", "trims"]))
def test_the_books_balance_whatever_happens(store: Store, steps: list[tuple], over: str):  # type: ignore[type-arg]
    with _taken_back(store) as conn:
        books = _Books(conn, ApplyRules(over_application=over))
        audit(conn)
        before = _dump(conn, dates=False)
        for step in steps:
            books.step(*step)
        books.delete_everything()
        assert _dump(conn, dates=False) == before, "what was deleted left nothing behind"
