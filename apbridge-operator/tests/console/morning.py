"""A ledger as an AP team would find it in the morning."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, Need, RowUpdate, Status
from apbridge.ledger.run_history import RunHistory
from apbridge_operator.reconcile.bridge import Bridge, BridgeRow, BridgeStep, Counted

TAX_ID = "12-3456789"
SECRETS = (TAX_ID, "t0ps3cret", "9876543210")


def bill_name(number: int) -> str:
    return f"netsuite-1234567-vendorbill-{number}"


def payload(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "number": f"INV-{number}",
        "total": Decimal("1840.20"),
        "currency": "USD",
        "memo": "<script>alert(1)</script>",
        "tax_id": TAX_ID,
        "bank_account": "9876543210",
    }


def rejection(number: int) -> RowUpdate:
    error = RejectedError("APB-TAX-002", word="Bill", name=f"INV-{number} <b>", external_id=bill_name(number))
    return RowUpdate(
        "bills",
        bill_name(number),
        str(number),
        "h",
        Status.REJECTED,
        code=error.code,
        says=error.says,
        do=error.do,
        payload=payload(number),
    )


def delivered(number: int) -> RowUpdate:
    return RowUpdate(
        "bills",
        bill_name(number),
        str(number),
        "h",
        Status.DELIVERED,
        acknowledged=True,
        payload=payload(number),
    )


class MorningReconciliation:
    """What a reconciliation found, as it is kept."""

    def __init__(self, unexplained: int, as_of: str | None = None) -> None:
        self.unexplained = unexplained
        self.as_of = as_of

    def kept(self) -> dict[str, Any]:
        def total(name: str, currency: str) -> dict[str, Any]:
            amount = Decimal("1624472.31")
            both = {"netsuite": amount, "avidxchange": amount, "difference": Decimal(0)}
            return {"name": name, "currency": currency, **both}

        part = {
            "subsidiaries": [total("Parent", "USD")],
            "currencies": [total("all", "CAD"), total("all", "USD")],
        }
        money = [
            {"status": status, "currency": currency, "amount": Decimal(10) ** (4 + place)}
            for place, status in enumerate(("submitted", "approved", "paid"))
            for currency in ("CAD", "USD")
        ]
        counts = {"differences": self.unexplained, "unexplained": self.unexplained}
        return {
            "as_of": self.as_of,
            "bills": 759,
            "payments": 358,
            **counts,
            "open": part,
            "paid": part,
            "money": money,
        }

    def listed(self) -> list[dict[str, Any]]:
        about = {"kind": "bill", "external_id": bill_name(7), "number": "INV-7", "vendor": "Abernathy <i>"}
        amounts = {"subsidiary": "", "currency": "USD", "netsuite": None, "avidxchange": Decimal("1840.20")}
        why = {
            "amount": Decimal("-1840.20"),
            "cause": "unexplained",
            "says": "Nobody knows.",
            "do": "Ask them.",
        }
        run = {"code": None, "run": "outbound", "has_passed": True}
        return [{**about, **amounts, **why, **run}] * self.unexplained

    def bridged(self) -> dict[str, Any]:
        unpaid, held = Decimal("1624472.31"), Decimal("2500.00")
        bridge = Bridge(
            {("Parent", "USD"): unpaid + held, ("", "CAD"): Decimal(0)}, {("Parent", "USD"): unpaid}
        )
        about = ("Abernathy <i>", "Parent", "USD")
        bridge.rows.append(BridgeRow(BridgeStep.HELD, bill_name(7), "INV-7", *about, held, Decimal(0)))
        bridge.beside["its approval is pending", "Parent", "USD"] = Counted(2, Decimal("99.50"))
        bridge.aging[about] = [unpaid, Decimal(0), held, Decimal(0), Decimal(0)]
        return {"as_of": self.as_of, **bridge.as_fields()}


def fill(ledger: Ledger) -> None:
    """Write a morning's ledger: 30 rejected bills, one that waits, a payment, two runs, two comparisons."""
    run = ledger.start_run("target-avidxchange", "1.0")
    needs = (Need("vendors", "netsuite-1234567-vendor-9"),)
    waiting = RowUpdate(
        "bills", bill_name(99), "99", "h", Status.WAITING, waits_for=needs, payload=payload(99)
    )
    ledger.write(
        run.id, "avidxchange", [*map(rejection, range(1, 31)), waiting, *map(delivered, range(40, 60))]
    )
    body = {"number": "INV-1", "taxId": TAX_ID, "authorization": "Bearer t0ps3cret"}
    with run.audited(
        system="avidxchange", operation="upsert invoice", external_id=bill_name(1), body=body
    ) as answer:
        answer.status, answer.request_id, answer.body = 422, "req-9", {"token": "t0ps3cret"}
    run.finish("finished", {"bills": {"delivered": 20, "rejected": 30}})
    back = ledger.start_run("target-netsuite-payments", "1.0")
    pays = {"id": "900", "check_number": "5001", "allocations": [{"invoice_external_id": bill_name(40)}]}
    payment = RowUpdate("payments", "avidxchange-payment-900", "900", "h", Status.DELIVERED, payload=pays)
    ledger.write(back.id, "netsuite", [payment])
    back.finish("failed", {}, "NetSuite did not answer; token=t0ps3cret")
    run_history = RunHistory(ledger)
    for unexplained in (1, 0):
        run_history.keep_reconciliation(MorningReconciliation(unexplained))
