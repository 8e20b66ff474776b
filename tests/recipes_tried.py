"""What the sandbox makes of the recipes: run with a copy's packages, in which they have been carried out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import requests
import yaml

import apbridge
import apbridge_sandbox
import tap_netsuite_ap
import target_avidxchange
from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.schemas import validator
from apbridge_sandbox.switches.table import table
from apbridge_sandbox.testing import Running, running
from tap_netsuite_ap.tap import TapNetSuiteAP
from target_avidxchange.target import TargetAvidXchange
from tests.in_process import listening, netsuite_config, usual_signals
from tests.waiting import PATIENCE
from tools.errors import page


def tried(copy: Path) -> dict[str, Any]:
    """Return what each recipe comes to."""
    modules = (apbridge, apbridge_sandbox, tap_netsuite_ap, target_avidxchange)
    found: dict[str, Any] = {"modules": [str(module.__file__) for module in modules]}
    with running(vendors=4, bills=12) as sandbox:
        assert sandbox.sandbox
        with sandbox.sandbox.store.write() as conn:
            conn.execute("UPDATE ns_transaction SET duedate = NULL WHERE type = 'VendBill' AND id % 2")
        found["terms"] = terms(sandbox)
        found |= outbound(sandbox, copy)
        found["switch"] = switch(sandbox)
        found["sign in"] = list(signed_in(sandbox, copy))
    return found


def read(sandbox: Running, config: dict[str, Any], *streams: str) -> str:
    """Read some streams, and return what the tap writes."""
    with redirect_stdout(io.StringIO()) as written:
        account = netsuite_config(sandbox)
        # Files are no part of any recipe.
        del account["restlet_script"], account["restlet_deploy"]
        tap = TapNetSuiteAP(config={**account, **config})
        for name, stream in tap.streams.items():
            stream.selected = name in streams
        tap.sync_all()
        tap.connection.netsuite.close()
    return written.getvalue()


def records(messages: str) -> list[Any]:
    """Return the records among messages."""
    parsed = (json.loads(line) for line in messages.splitlines())
    return [message["record"] for message in parsed if message["type"] == "RECORD"]


def terms(sandbox: Running) -> list[Any]:
    """Read the new stream; see that nothing else has to know of it."""
    found = records(read(sandbox, {}, "terms"))
    for record in found:
        validator("terms")(record)
    return found


def outbound(sandbox: Running, copy: Path) -> dict[str, Any]:
    """Run tap and target with the settings that the copy's meltano.yml and .env have now."""
    plugins = yaml.safe_load((copy / "meltano.yml").read_text())["plugins"]
    (tap,) = [plugin for plugin in plugins["extractors"] if plugin["name"] == "tap-netsuite-ap"]
    environment = dict(line.split("=", 1) for line in (copy / ".env").read_text().split())
    config = {"custom_fields": tap["config"]["custom_fields"], "spool_url": str(copy / "spool")}
    streams = ("vendors", "gl_accounts", "departments", "classes", "locations", "bills")
    messages = read(sandbox, config, *streams)
    target = TargetAvidXchange(
        config={
            **sandbox.avidxchange_settings("avidconnect"),
            "profile": environment["AVIDXCHANGE_PROFILE"],
            "ledger_url": f"sqlite:///{copy / 'ledger.db'}",
        }
    )
    with listening() as heard, redirect_stdout(io.StringIO()):
        target.listen(io.BytesIO(messages.encode()))  # type: ignore[arg-type]  # the SDK reads bytes
    with Ledger(target.config["ledger_url"]) as ledger:
        kept = {row.external_id: row.code for row in ledger.all_rows("avidxchange", "bills")}
    bills = [record for record in records(messages) if "bill_date" in record]
    return {
        "bills": {bill["external_id"]: bill for bill in bills},
        "invoices": {
            invoice["externalId"]: invoice for invoice in sandbox.books()["avidxchange"]["invoices"]
        },
        "said": heard,
        "kept": kept,
        "errors": page(),
    }


def switch(sandbox: Running) -> dict[str, Any]:
    """List the new switch, and try both ways."""
    found = {"listed": sandbox.control("/control/switches", method="GET"), "table": table()}
    for status in (403, 404):
        values = {"avidxchange.token_may_write": False, "avidxchange.no_right_status": status}
        sandbox.control("/control/switches", values)
        found[str(status)] = refusal(sandbox)
    sandbox.control("/control/switches", method="DELETE")
    return found


def refusal(sandbox: Running) -> int:
    """Return the status of a change that is refused."""
    settings = sandbox.avidxchange_settings("avidconnect")
    headers = {"X-Company-Token": settings["company_token"], "X-User-Token": settings["user_token"]}
    url = f"{sandbox.avidxchange_url}/v1/vendors/v-1"
    return requests.put(url, json={}, headers=headers, timeout=PATIENCE).status_code


def signed_in(sandbox: Running, copy: Path) -> Iterator[str]:
    """Sign in the new way, then with a wrong password, then without one; yield what comes of it."""
    right = {**sandbox.avidxchange_settings("avidconnect"), "profile": str(copy / "basic.yaml")}
    for changes in ({}, {"user_token": "wrong"}, {"user_token": None}):
        config = {name: value for name, value in {**right, **changes}.items() if value is not None}
        try:
            with AvidXchange(AvidXchangeSettings.from_config(config)) as client:
                client.check()
                yield "let in"
        except SettingError as refused:
            yield refused.code


if __name__ == "__main__":
    with usual_signals():
        answer = tried(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(answer))
