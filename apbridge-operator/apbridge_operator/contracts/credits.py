"""Vendor credits that an API takes as invoices below zero."""

from __future__ import annotations

from typing import Any

Operations = dict[str, Any]

_SENT = {"total", "amount"}
_READ = ("total", "amount_paid")


def below_zero(invoice: Operations, credit: Operations) -> None:
    """Turn the signs of a credit's amounts, and let its list and that of invoices leave each other out."""
    if "upsert" in credit:
        _turn(credit["upsert"]["body"])
    read = credit["list"]["read"]
    total, items = read["total"], credit["list"]["items"]
    for name in _READ:
        if isinstance(read.get(name), str):
            read[name] = f"negated({read[name]})"
    of = "" if items == "@" else items
    credit["list"]["items"] = f"{of}[?{total} < `0`]"
    # One without an amount is an invoice too.
    invoice["list"]["items"] = f"{of}[?!({total} < `0`)]"


def _turn(body: dict[str, Any]) -> None:
    for name, value in body.items():
        if isinstance(value, dict):
            _turn(value.get("fields", {}))
        elif value in _SENT:
            body[name] = f"negated({value})"
