"""What must be right about an invoice before AvidXchange takes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from sqlite3 import Row

from apbridge_sandbox.avidxchange.answers import FieldProblem
from apbridge_sandbox.avidxchange.bodies import InvoiceBody, InvoiceLine, OrderBody, OrderLine
from apbridge_sandbox.money import amount


def problems_of(conn: sqlite3.Connection, invoice: InvoiceBody, kind: str) -> list[FieldProblem]:
    """Return everything that is wrong with an invoice or a credit, given what is known so far."""
    found = [*_of_vendor(conn, invoice), *_of_codes(conn, invoice.lines), *_of_total(invoice, kind)]
    return [*found, *_of_numbers(invoice.lines)]


def vendor_of(conn: sqlite3.Connection, invoice: InvoiceBody | OrderBody) -> Row | None:
    """Return the vendor that an invoice names, by AvidXchange's own id of it or by its external id."""
    column, wanted = ("CAST(id AS TEXT)", invoice.vendor_id)
    if wanted is None:
        column, wanted = ("external_id", invoice.vendor_external_id)
    row: Row | None = conn.execute(f"SELECT * FROM ax_vendor WHERE {column} = ?", (wanted,)).fetchone()  # noqa: S608
    return row


def problems_of_order(conn: sqlite3.Connection, order: OrderBody) -> list[FieldProblem]:
    """Return everything that is wrong with a purchase order, given what is known so far."""
    found = [*_of_vendor(conn, order), *_of_codes(conn, order.lines), *_of_numbers(order.lines)]
    if order.open and not order.lines:
        found.append(FieldProblem("missing_field", "An open order has lines.", "lines"))
    return found


def _of_vendor(conn: sqlite3.Connection, invoice: InvoiceBody | OrderBody) -> Iterator[FieldProblem]:
    field = "vendorExternalId" if invoice.vendor_id is None else "vendorId"
    wanted = invoice.vendor_external_id if invoice.vendor_id is None else invoice.vendor_id
    if (invoice.vendor_external_id is None) == (invoice.vendor_id is None):
        yield FieldProblem("missing_field", "Name its vendor, by one of both ids.", "vendorExternalId")
        return
    vendor = vendor_of(conn, invoice)
    if vendor is None:
        yield FieldProblem("unknown_vendor", f"There is no vendor {wanted}.", field)
    elif not vendor["active"]:
        yield FieldProblem("inactive_vendor", f"Vendor {wanted} is not active.", field)


def _of_codes(conn: sqlite3.Connection, lines: Sequence[InvoiceLine | OrderLine]) -> Iterator[FieldProblem]:
    accounts = _known(
        conn,
        "SELECT code, active, postable FROM ax_gl_account WHERE code IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted({line.gl_code for line in lines if line.gl_code})),),
    )
    coded = [_dimensions(line) for line in lines]
    values = {
        dimension: _known(
            conn,
            "SELECT code, active FROM ax_dimension_value"
            " WHERE dimension = ? AND code IN (SELECT value FROM json_each(?))",
            (dimension, json.dumps(sorted({line[dimension] for line in coded if dimension in line}))),
        )
        for dimension in {name for line in coded for name in line}
    }
    for place, line in enumerate(lines):
        if line.gl_code is not None:
            yield from _of_account(accounts.get(line.gl_code), line.gl_code, f"lines[{place}].glCode")
        for dimension, code in coded[place].items():
            value = values[dimension].get(code)
            yield from _of_value(value, f"{dimension} {code}", f"lines[{place}].{dimension}")


def _dimensions(line: InvoiceLine | OrderLine) -> dict[str, str]:
    named = {"department": line.department, "class": line.class_, "location": line.location}
    others = line.dimensions if isinstance(line, InvoiceLine) else {}
    return {name: code for name, code in {**named, **others}.items() if code is not None}


def _known(conn: sqlite3.Connection, query: str, values: tuple[str, ...]) -> dict[str, Row]:
    return {row["code"]: row for row in conn.execute(query, values)}


def _of_account(account: Row | None, code: str, field: str) -> Iterator[FieldProblem]:
    if account is None:
        yield FieldProblem("unknown_gl_code", f"There is no GL code {code}.", field)
    elif not account["active"]:
        yield FieldProblem("inactive_gl_code", f"GL code {code} is not active.", field)
    elif not account["postable"]:
        yield FieldProblem("unpostable_gl_code", f"Nothing can be posted to GL code {code}.", field)


def _of_value(value: Row | None, named: str, field: str) -> Iterator[FieldProblem]:
    if value is None:
        yield FieldProblem("unknown_dimension", f"There is no {named}.", field)
    elif not value["active"]:
        yield FieldProblem("inactive_dimension", f"The {named} is not active.", field)


def _of_total(invoice: InvoiceBody, kind: str) -> Iterator[FieldProblem]:
    total = sum(line.amount for line in invoice.lines)
    if total != invoice.total:
        message = f"The lines sum to {amount(total)}, the total is {amount(invoice.total)}."
        yield FieldProblem("lines_do_not_sum", message, "total")
    if kind == "invoice" and invoice.total < 0:
        yield FieldProblem("negative_total", "An invoice's total is not below zero.", "total")
    if kind == "credit" and invoice.total >= 0:
        yield FieldProblem("negative_total", "A credit memo's total is above zero.", "total")


def _of_numbers(lines: Sequence[InvoiceLine | OrderLine]) -> Iterator[FieldProblem]:
    numbers = [line.number for line in lines]
    if len(set(numbers)) < len(numbers):
        yield FieldProblem("duplicate_line", "Each line has a number of its own.", "lines")
