"""What AvidXchange tells of a payment after it settled comes into NetSuite, and is no news on the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.testing import running
from tests.in_process import InboundHalf, OutboundHalf

FIELDS = {
    "status": "custbody_avidxchange_payment",
    "avidpay_check_number": "custbody_avidpay_check",
    "cleared_on": "custbody_cleared_on",
    "exception_reason": "custbody_payment_exception",
    "page_url": "custbody_payment_page",
}


@pytest.mark.parametrize("profile", shipped())
def test_what_is_told_after_a_payment_settled_sends_no_bill_again(profile: str, tmp_path: Path):
    with running(vendors=12, bills=0) as sandbox:
        control, settings = sandbox.control, sandbox.avidxchange_settings(profile)
        with AvidXchange(AvidXchangeSettings.from_config(settings)) as client:
            spool = str(tmp_path / "spool")
            reads = {"cleared_images": True, "spool_url": spool}
            writes: dict[str, Any] = {"payment_facts": FIELDS, "check_image_folder": "7", "spool_url": spool}
            back = InboundHalf(sandbox, tmp_path, client, profile, reads=reads)
            out = OutboundHalf(sandbox, back.ledger_url, tmp_path / "spool", profile)

            def later(half: str) -> int:
                """Run a half once two hours have passed, and return how much it wrote to either system."""
                control("/control/clock", {"advance_seconds": 7200})
                control("/control/calls", method="DELETE")
                assert (out.run() if half == "out" else back.run(**writes)) is None
                return sum(int(system["writes"]) for system in sandbox.calls().values())

            def held() -> Mapping[str, str]:
                assert sandbox.sandbox
                with sandbox.sandbox.store.connection() as connection:
                    query = "SELECT custom FROM ns_transaction WHERE type = 'VendPymt'"
                    (row,) = connection.execute(query).fetchall()
                found: Mapping[str, str] = json.loads(row["custom"])
                return found

            def pictures() -> list[str]:
                assert sandbox.sandbox
                with sandbox.sandbox.store.connection() as connection:
                    query = (
                        "SELECT f.name FROM ns_transactionfile a JOIN ns_file f ON f.id = a.file"
                        " JOIN ns_transaction t ON t.id = a.\"transaction\" WHERE t.type = 'VendPymt'"
                    )
                    return [row["name"] for row in connection.execute(query)]

            lines = [{"account": "6010", "amount": "100.00"}]
            control("/control/netsuite/bills", {"bills": [{"vendor": "11", "tranid": "A", "lines": lines}]})
            later("out")
            control("/control/invoices/approve", {"external_ids": "all"})
            paid = control("/control/payments/pay", {"all": True, "method": "check"})
            control("/control/payments/settle", paid)
            assert later("back") == 1
            assert "custbody_cleared_on" not in held()
            control("/control/payments/clear", paid)
            control("/control/payments/exception", {**paid, "reason": "Cleared late"})
            assert later("back") == 2, "the fields, and the image"
            assert held() == {
                "custbody_avidxchange_payment": "cleared" if profile == "avidconnect" else "Cleared",
                "custbody_avidpay_check": f"{paid['ids'][0]}0",
                "custbody_cleared_on": "2026-11-02",
                "custbody_payment_exception": "Cleared late",
                "custbody_payment_page": f"https://avidxchange.example/payments/{paid['ids'][0]}",
            }
            assert pictures() == [f"avidxchange-payment-{paid['ids'][0]}.pdf"]
            assert [later("out"), later("back"), later("out")] == [0, 0, 0]
            assert back.rejected() == {}
