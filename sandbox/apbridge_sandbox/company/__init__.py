"""The seeded company: a property manager."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from random import Random

from apbridge_sandbox.clock import OPENING, Clock
from apbridge_sandbox.company.bills import BillWriter
from apbridge_sandbox.company.custom import fill_custom_fields, write_list_values
from apbridge_sandbox.company.documents import Ids
from apbridge_sandbox.company.instalments import write_instalments
from apbridge_sandbox.company.masters import write_masters
from apbridge_sandbox.company.orders import write_open_orders
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.vendors import write_vendors
from apbridge_sandbox.store import Store, remember

_KEPT = (
    *("ns_integration", "ns_certificate", "ns_token", "ns_consumer", "ns_access_token", "ns_nonce"),
    *("ax_company", "ax_user_token", "ax_client", "ax_token", "ax_gateway", "ax_user", "ax_user_session"),
    "sandbox_setting",
)
"""Who may sign in, and the sandbox's own settings: a new company does not take them away."""

_BILLS_AN_OPEN_ORDER = 20


@dataclass(frozen=True)
class CompanySize:
    """What is seeded: the same figures make the same company, byte for byte."""

    seed: int = 1
    vendors: int = 250
    bills: int = 1000


def seed_company(store: Store, clock: Clock, size: CompanySize) -> None:
    """Make the company in NetSuite, empty AvidXchange, and start the clock at its opening."""
    rng = Random(size.seed)  # noqa: S311 - it must repeat, not be secret
    with store.write() as conn:
        _empty(conn)
        batch = RowBuffer(conn)
        write_masters(batch)
        batch.flush()  # the second book chooses among the accounts that are there
        vendors = write_vendors(batch, rng, size.vendors)
        ids = Ids.after(conn)
        BillWriter(batch, ids, rng, vendors).write(size.bills)
        write_open_orders(batch, ids, size.seed, vendors, size.bills // _BILLS_AN_OPEN_ORDER)
        write_list_values(batch)
        batch.flush()
        fill_custom_fields(conn, size.seed)
        write_instalments(conn, size.seed)
        remember(conn, "seed", str(size.seed))
    clock.start_at(OPENING)


def _empty(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM sqlite_sequence")
    tables = conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (name,) in tables:
        if name not in _KEPT:
            conn.execute(f"DELETE FROM {name}")  # noqa: S608 - a name out of the schema itself
