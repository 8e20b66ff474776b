"""Settled payments posted in NetSuite by both inbound programs, against the limit of one write a payment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import requests

from apbridge_sandbox.testing import Running, running
from benchmarks.telling import NotMeasuredError, Program, Row, against
from demo.meltano import PROGRAMS
from tests.plugins import environment

_PAYMENTS = 2000
_BILLS = 3000
"""So many that as many are open as there are payments."""
_SMALL = (5, 40)
_LATENCY_MS = 100
_CONCURRENCY = 5
_BANKS = [
    {"account": "102"},
    {"account": "103", "currency": "CAD"},
    {"account": "107", "currency": "CAD", "subsidiary": "2"},
]


@dataclass(frozen=True)
class _Run:
    seconds: float
    writes: int
    look_ups: int
    lists: int
    sign_ins: int
    peak: int
    processor: float

    @property
    def limit(self) -> float:
        """Return the seconds below which nobody gets: all writes side by side, all else one by one."""
        return (self.writes / _CONCURRENCY + self.look_ups + self.lists + self.sign_ins) * _LATENCY_MS / 1000

    @property
    def facts(self) -> dict[str, float]:
        """Return what was asked of each system."""
        return {
            "writes": self.writes,
            "look-ups": self.look_ups,
            "calls to AvidXchange": self.lists,
            "in flight": self.peak,
            "CPU s": round(self.processor, 2),
        }


def measure(*, small: bool) -> Iterator[Row]:
    """Post what AvidXchange has settled, and then run again with nothing new."""
    payments, bills = _SMALL if small else (_PAYMENTS, _BILLS)
    with (
        TemporaryDirectory() as place,
        running(vendors=12 if small else 250, bills=bills, in_process=False) as sandbox,
    ):
        posted = _settle(sandbox, payments)
        sandbox.control("/control/faults", {"match": {}, "do": {"delay_ms": _LATENCY_MS}})
        first = _run(sandbox, Path(place))
        case = f"{posted:,} settled payments at {_LATENCY_MS} ms"
        yield against(first.limit, "the limit", case, first.seconds, facts=first.facts)
        idle = _run(sandbox, Path(place))
        calls = idle.writes + idle.look_ups + idle.lists + idle.sign_ins
        yield Row("nothing new", calls, "calls", facts={**idle.facts, "s": round(idle.seconds, 2)})
        _agree(sandbox, posted)


def _run(sandbox: Running, folder: Path) -> _Run:
    """Run both programs as a shell does, and count what was asked."""
    sandbox.control("/control/calls", method="DELETE")
    state = folder / "state.json"
    arguments = [f"--state={state}"] if state.exists() else []
    out = folder / "out"
    began = perf_counter()
    tap = Program(
        "tap-avidxchange",
        [PROGRAMS / "tap-avidxchange", "--config=ENV", *arguments],
        folder,
        env=environment(sandbox, "tap-avidxchange"),
        stdout=subprocess.PIPE,
    )
    settings = {
        "bank_accounts": json.dumps(_BANKS),
        "ledger_url": f"sqlite:///{folder / 'ledger.db'}",
        "concurrency": str(_CONCURRENCY),
    }
    with out.open("wb") as told, tap.stdout or nullcontext() as messages:
        target = Program(
            "target-netsuite-payments",
            [PROGRAMS / "target-netsuite-payments", "--config=ENV"],
            folder,
            env=environment(sandbox, "target-netsuite-payments", **settings),
            stdin=messages or subprocess.DEVNULL,
            stdout=told,
        )
    used = target.ended(), tap.ended()
    seconds = perf_counter() - began
    if lines := out.read_text(encoding="utf-8").splitlines():
        state.write_text(lines[-1], encoding="utf-8")
    calls = sandbox.calls()
    netsuite, avidxchange = calls["netsuite"], calls["avidxchange"]
    return _Run(
        seconds,
        netsuite["writes"],
        netsuite["total"] - netsuite["writes"] - netsuite["sign_ins"],
        avidxchange["total"],
        netsuite["sign_ins"],
        netsuite["peak_concurrency"],
        sum(one.processor for one in used),
    )


def _settle(sandbox: Running, most: int) -> int:
    """Have AvidXchange pay so many open bills, each by a check of its own."""
    bills = [one for one in sandbox.books()["netsuite"]["bills"] if one["status"] == "A"][:most]
    account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
    session = requests.Session()
    session.headers.update(
        {
            "X-Company-Token": sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "X-User-Token": sandbox.credentials["AVIDXCHANGE_USER_TOKEN"],
        }
    )

    def put(path: str, body: object) -> None:
        session.put(f"{sandbox.avidxchange_url}/v1/{path}", json=body, timeout=60).raise_for_status()

    put("gl-accounts/gl", {"code": "1", "name": "All", "active": True, "postable": True})
    for vendor in {bill["vendor"] for bill in bills}:
        put(f"vendors/netsuite-{account}-vendor-{vendor}", {"name": str(vendor), "active": True})

    def submit(bill: Any) -> None:  # noqa: ANN401
        put(
            f"invoices/netsuite-{account}-vendorbill-{bill['id']}",
            {
                "number": bill["tranid"],
                "vendorExternalId": f"netsuite-{account}-vendor-{bill['vendor']}",
                "invoiceDate": "2026-11-01",
                "currency": bill["currency"],
                "total": float(bill["total"]),
                "lines": [{"number": "1", "glCode": "1", "amount": float(bill["total"])}],
            },
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(submit, bills))
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    order = {
        "invoices": [{"external_id": f"netsuite-{account}-vendorbill-{bill['id']}"} for bill in bills],
        "method": "check",
        "one_payment_per": "invoice",
    }
    sandbox.control("/control/payments/pay", order)
    return len(sandbox.control("/control/payments/settle", {"ids": "all"})["ids"])


def _agree(sandbox: Running, posted: int) -> None:
    """Check that each payment is in NetSuite once."""
    names = [
        one["externalid"]
        for one in sandbox.books()["netsuite"]["payments"]
        if (one["externalid"] or "").startswith("avidxchange-payment-")
    ]
    if len(names) != posted or len(set(names)) != posted:
        different = len(set(names))
        message = f"{len(names)} payments are posted, {different} of them different, where {posted} settled"
        raise NotMeasuredError(message)
