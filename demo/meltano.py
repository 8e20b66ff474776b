"""Meltano on the sandbox, and a month of AvidXchange's work: what a trial of the loop needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from apbridge_sandbox.testing import Running

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent


def meltano_run(
    job: str,
    folder: Path,
    credentials: Mapping[str, str],
    *,
    tell: Callable[[str], None] = lambda _line: None,
) -> int:
    """Run a job of `meltano.yml` in the `demo` environment, its state, ledger, spool and logs in one folder.

    Args:
        job: `outbound` or `inbound`.
        folder: Where they go.
        credentials: Those of the sandbox, by their names in an `.env`.
        tell: Given each line that Meltano logs.

    Returns:
        Meltano's exit code.
    """
    environment = {
        **os.environ,
        **credentials,
        "MELTANO_ENVIRONMENT": "demo",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "APBRIDGE_DEMO": str(folder),
        # Where a real account is set up in this folder, its vault and .env are no business of a trial.
        "APBRIDGE_VAULT": str(folder / "vault.json"),
    }
    command = [str(PROGRAMS / "meltano"), f"--env-file={os.devnull}", "run", job]
    with (
        subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, text=True, stdout=-1, stderr=subprocess.STDOUT
        ) as run,
        (folder / f"{job}.log").open("a", encoding="utf-8") as log,
    ):
        for line in run.stdout or ():
            log.write(line)
            tell(line.rstrip())
    return run.returncode


def pay_a_month(sandbox: Running) -> int:
    """Run a month of AvidXchange's work: every way of paying, whole, in part, with a discount.

    Returns:
        How many payments settled.
    """
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    invoices = sorted(sandbox.books()["avidxchange"]["invoices"], key=lambda one: str(one["externalId"]))
    due, partly, discounted = invoices[: len(invoices) * 6 // 10], invoices[-20:-10], invoices[-10:]
    _pay_some(sandbox, due[::3], "check", lambda _: {})
    _pay_some(sandbox, due[1::3], "ach", lambda _: {})
    _pay_some(sandbox, due[2::3], "virtual_card", lambda _: {})
    _pay_some(sandbox, partly, "ach", lambda one: {"amount": _share(one, Decimal("0.4"))})
    _pay_some(sandbox, discounted, "check", lambda one: {"discount": _share(one, Decimal("0.02"))})
    sandbox.control("/control/clock", {"advance_days": 2})
    settled = sandbox.control("/control/payments/settle", {"ids": "all"})
    return len(settled["ids"])


def _pay_some(
    sandbox: Running, invoices: Iterable[Any], method: str, how: Callable[[Any], dict[str, str]]
) -> None:
    orders = [{"external_id": one["externalId"], **how(one)} for one in invoices]
    body = {"invoices": orders, "method": method, "one_payment_per": "vendor"}
    sandbox.control("/control/payments/pay", body)


def _share(invoice: Any, part: Decimal) -> str:  # noqa: ANN401
    return str((Decimal(str(invoice["total"])) * part).quantize(Decimal("0.01")))
