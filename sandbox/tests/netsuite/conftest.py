"""NetSuite over a fresh company, and open bills of one vendor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge_sandbox.store import Store
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import SeededBill, SignedInNetSuite, audit, open_bill


@pytest.fixture
def store(sandbox: Running) -> Store:
    assert sandbox.sandbox
    return sandbox.sandbox.store


@pytest.fixture
def netsuite(sandbox: Running) -> Iterator[SignedInNetSuite]:
    with SignedInNetSuite(sandbox) as session:
        yield session


@pytest.fixture
def bills(store: Store) -> list[SeededBill]:
    """Open bills of one vendor of the parent company, in US dollars: at least three."""
    with store.write() as conn:
        # The few bills of a small company are spread over its vendors: one takes over some of another's.
        rows = conn.execute(
            "SELECT id, entity, account FROM ns_transaction WHERE type = 'VendBill' AND status = 'A'"
            ' AND currency = 1 AND subsidiary = 1 AND id NOT IN (SELECT "transaction" FROM ns_installment)'
            " ORDER BY id LIMIT 3"
        ).fetchall()
        conn.executemany(
            "UPDATE ns_transaction SET entity = ?, account = ? WHERE id = ?",
            [(rows[0]["entity"], rows[0]["account"], row["id"]) for row in rows],
        )
        bank = conn.execute("SELECT id FROM ns_account WHERE acctnumber = '1010'").fetchone()
        return [open_bill(conn, row["id"], bank["id"]) for row in rows]


@pytest.fixture
def audited(store: Store) -> Iterator[None]:
    """Whatever the test did: afterwards the books are in order."""
    yield
    with store.connection() as conn:
        audit(conn)
