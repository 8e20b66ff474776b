"""Vendor credits in both systems: entered in NetSuite, and put into AvidXchange as credit memos."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from apbridge_sandbox.testing import Running
from tests.entering import put


def credit_id(sandbox: Running, number: str) -> str:
    """Return the external id of a vendor credit."""
    return f"netsuite-{sandbox.credentials['NETSUITE_ACCOUNT_ID']}-vendorcredit-{number}"


def enter_credit(
    sandbox: Running,
    vendor: str,
    total: str,
    *,
    currency: str = "USD",
    **order: Any,  # noqa: ANN401
) -> str:
    """Enter a vendor credit in NetSuite, put it into AvidXchange, and return its internal id."""
    new = {"vendor": vendor, "tranid": "CM", "lines": [{"account": "6010", "amount": total}], **order}
    (number,) = sandbox.control("/control/netsuite/credits", {"credits": [new]})["ids"]
    put_credit(sandbox, credit_id(sandbox, number), vendor, total, currency)
    return str(number)


def put_credit(sandbox: Running, name: str, vendor: str, total: str, currency: str) -> None:
    """Put a credit memo into AvidXchange."""
    body = {
        "number": name.rpartition("-")[2],
        "vendorExternalId": f"{name.partition('-vendorcredit-')[0]}-vendor-{vendor}",
        "invoiceDate": "2026-11-01",
        "currency": currency,
        "total": float(total),
        "lines": [{"number": "1", "glCode": "6010", "amount": float(total)}],
    }
    put(sandbox, f"credit-memos/{quote(name)}", body)
