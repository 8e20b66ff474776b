"""Both books as JSON: what tests judge by. Amounts are decimal strings, ids are strings."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from starlette.routing import Route

from apbridge_sandbox.avidxchange import credit_memos, invoices, payments, records
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import NoFields, route
from apbridge_sandbox.money import amount

_CENTS = "_cents"
"""A column that ends so is shown without it, as an amount."""

_NETSUITE = {
    "vendors": """SELECT id, entityid, altname, subsidiary, currency, isinactive, externalid
                  FROM ns_vendor ORDER BY id""",
    "accounts": """SELECT id, acctnumber, accountsearchdisplayname, accttype, issummary, isinactive
                   FROM ns_account ORDER BY id""",
    "departments": "SELECT id, name, fullname, isinactive FROM ns_department ORDER BY id",
    "classes": "SELECT id, name, fullname, isinactive FROM ns_classification ORDER BY id",
    "locations": "SELECT id, name, fullname, isinactive FROM ns_location ORDER BY id",
}
_BILLS = """
SELECT t.id, t.tranid, t.externalid, t.entity AS vendor, t.trandate, t.duedate, t.status, t.approvalstatus,
       c.symbol AS currency, t.subsidiary, t.account, t.memo, t.paymenthold,
       t.total_cents, t.paid_cents, t.total_cents - t.paid_cents AS unpaid_cents
FROM ns_transaction t JOIN ns_currency c ON c.id = t.currency WHERE t.type = 'VendBill' ORDER BY t.id"""
_PAYMENTS = """
SELECT t.id, t.tranid, t.externalid, t.entity AS vendor, t.trandate, t.status,
       t.voided, c.symbol AS currency, t.subsidiary, t.account, t.memo, t.tobeprinted, t.total_cents,
       (SELECT k.previousdoc FROM ns_link k WHERE k.nextdoc = t.id AND k.previoustype = 'Journal'
        AND k.linktype = 'Payment') AS reversed_by
FROM ns_transaction t JOIN ns_currency c ON c.id = t.currency WHERE t.type = 'VendPymt' ORDER BY t.id"""
_LINES = """
SELECT l."transaction" AS owner, l.uniquekey,
       CASE WHEN l.taxline = 'T' THEN 'tax' WHEN l.item IS NOT NULL THEN 'item'
            ELSE 'expense' END AS kind,
       a.id AS account, a.acctnumber AS account_number, l.amount_cents,
       l.department, l.class, l.location, l.memo, i.itemid AS item,
       l.quantity, l.rate, po.tranid AS purchase_order
FROM ns_transactionline l JOIN ns_transaction t ON t.id = l."transaction" AND t.type = 'VendBill'
LEFT JOIN ns_transactionaccountingline g ON g."transaction" = l."transaction" AND g.transactionline = l.id
  AND g.accountingbook = 1
LEFT JOIN ns_item i ON i.id = l.item
LEFT JOIN ns_account a ON a.id = COALESCE(g.account, l.expenseaccount, i.expenseaccount)
LEFT JOIN ns_transaction po ON po.id = l.createdfrom
WHERE l.mainline = 'F' ORDER BY l."transaction", l.id"""
_FILES = """
SELECT tf."transaction" AS owner, f.id, f.name, f.filetype, f.filesize, f.sha256
FROM ns_transactionfile tf JOIN ns_file f ON f.id = tf.file ORDER BY 1, f.id"""
_APPLICATIONS = """
SELECT k.previousdoc AS bill, k.nextdoc AS payment, t.externalid,
       k.foreignamount_cents - k.discount_cents AS amount_cents, k.discount_cents
FROM ns_link k JOIN ns_transaction t ON t.id = k.nextdoc
WHERE k.linktype = 'Payment' AND k.previoustype <> 'VendCred' ORDER BY k.id"""
_CREDITS = """
SELECT t.id, t.tranid, t.externalid, t.entity AS vendor, t.trandate, t.status, t.voided, c.symbol AS currency,
       t.subsidiary, t.account, t.memo, t.total_cents, t.paid_cents AS applied_cents,
       t.total_cents - t.paid_cents AS available_cents
FROM ns_transaction t JOIN ns_currency c ON c.id = t.currency WHERE t.type = 'VendCred' ORDER BY t.id"""
_CREDITS_USED = """
SELECT payment, credit, amount_cents FROM ns_paymentcredit ORDER BY 1, 2"""
_OPEN = """
SELECT c.symbol, SUM(t.total_cents - t.paid_cents)
FROM ns_transaction t JOIN ns_currency c ON c.id = t.currency
WHERE t.type = 'VendBill' AND t.status = 'A' GROUP BY c.symbol ORDER BY c.symbol"""
_UNPAID = """
SELECT currency, SUM(total_cents - paid_cents) FROM ax_invoice
WHERE kind = 'invoice' AND status NOT IN ('rejected', 'cancelled')
GROUP BY currency ORDER BY currency"""

_Row = dict[str, Any]


def routes() -> list[Route]:
    """Return the routes."""
    return [route("GET", "/books", NoFields, _books)]


def _books(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    with sandbox.store.connection() as conn:
        return {"netsuite": _netsuite(conn), "avidxchange": _avidxchange(conn)}


def _netsuite(conn: sqlite3.Connection) -> _Row:
    lines, files = _by(_rows(conn, _LINES), "owner"), _by(_rows(conn, _FILES), "owner")
    applications = [*_rows(conn, _APPLICATIONS)]
    of_bill, of_payment = _by(applications, "bill"), _by(applications, "payment")
    bills = [
        bill
        | {
            "lines": lines[bill["id"]],
            "files": files[bill["id"]],
            "applications": of_bill[bill["id"]],
        }
        for bill in _rows(conn, _BILLS)
    ]
    used = _by(_rows(conn, _CREDITS_USED), "payment")
    paid = [
        one | {"applications": of_payment[one["id"]], "credits": used[one["id"]]}
        for one in _rows(conn, _PAYMENTS)
    ]
    unused = [one | {"applications": of_payment[one["id"]]} for one in _rows(conn, _CREDITS)]
    return {
        **{name: [*_rows(conn, query)] for name, query in _NETSUITE.items()},
        "bills": bills,
        "payments": paid,
        "credits": unused,
        "open_payables": _totals(conn, _OPEN),
    }


def _avidxchange(conn: sqlite3.Connection) -> _Row:
    return {
        "vendors": [*map(records.item, conn.execute("SELECT * FROM ax_vendor ORDER BY id"))],
        "gl_accounts": [*map(records.item, conn.execute("SELECT * FROM ax_gl_account ORDER BY id"))],
        "dimension_values": [
            {"dimension": row["dimension"], **records.item(row)}
            for row in conn.execute("SELECT * FROM ax_dimension_value ORDER BY id")
        ],
        "invoices": _shown(conn, "ax_invoice WHERE kind = 'invoice'", invoices.show),
        "credits": _shown(conn, "ax_invoice WHERE kind = 'credit'", credit_memos.show),
        "payments": _shown(conn, "ax_payment", payments.show),
        "purchase_orders": [*map(records.item, conn.execute("SELECT * FROM ax_purchase_order ORDER BY id"))],
        "unpaid": _totals(conn, _UNPAID),
    }


def _shown(
    conn: sqlite3.Connection,
    source: str,
    show: Callable[[sqlite3.Connection, list[sqlite3.Row]], list[_Row]],
) -> list[_Row]:
    return show(conn, conn.execute(f"SELECT * FROM {source} ORDER BY id").fetchall())  # noqa: S608


def _rows(conn: sqlite3.Connection, query: str) -> Iterable[_Row]:
    found = conn.execute(query)
    columns = [(name.removesuffix(_CENTS), name.endswith(_CENTS)) for name, *_ in found.description]
    for row in found:
        yield {
            name: amount(value) if is_amount else str(value) if isinstance(value, int) else value
            for (name, is_amount), value in zip(columns, row, strict=True)
        }


def _by(rows: Iterable[_Row], key: str) -> dict[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[row[key]].append({name: value for name, value in row.items() if name != key})
    return grouped


def _totals(conn: sqlite3.Connection, query: str) -> dict[str, Any]:
    return {currency: amount(cents) for currency, cents in conn.execute(query)}
