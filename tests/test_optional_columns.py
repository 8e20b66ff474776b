"""The sandbox can hide each column that the project can do without, and none that it cannot."""

from __future__ import annotations

from collections.abc import Iterator

from apbridge.netsuite.queries.query import QueryColumn
from apbridge_sandbox.switches import declared, listed
from tools.survey import queries


def columns() -> Iterator[QueryColumn]:
    for query, _ in queries().values():
        yield from query.columns


def test_the_sandbox_can_hide_each_optional_column():
    required = {column.name for column in columns() if not column.is_optional}
    optional = {column.name for column in columns()} - required
    switch = declared()["netsuite.hidden_columns"]
    assert switch.of == sorted(optional)
    assert {"account.lastmodifieddate", "subsidiary.lastmodifieddate", "vendor.legalname"} <= optional
    assert set(listed(str(switch.default))) <= optional


def test_what_money_and_names_need_is_never_optional():
    required = {column.name for column in columns() if not column.is_optional}
    assert required >= {
        "currency.symbol",
        "nexttransactionlinelink.foreignamount",
        "transaction.currency",
        "transaction.entity",
        "transaction.externalid",
        "transaction.foreigntotal",
        "transaction.id",
        "transaction.status",
        "transaction.tranid",
        "transactionaccountingline.account",
        "transactionline.foreignamount",
        "transactionline.subsidiary",
        "vendor.entityid",
    }
