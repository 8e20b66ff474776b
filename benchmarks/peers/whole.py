"""Bills with their lines, out of the sandbox: by a connector that asks for each record, and by the tap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apbridge_sandbox.testing import Running, running
from benchmarks.telling import NotMeasuredError, Program, Row, Used, against
from demo.meltano import PROGRAMS, ROOT
from tests.plugins import environment
from tests.third_party.programs import THIRD_PARTY
from tests.third_party.tls_proxy import https_proxy

_ACCOUNT, _HOST = "1234567_SB1", "1234567-sb1"
_AIRBYTE = THIRD_PARTY / "airbyte-source-netsuite/bin/source-netsuite"
_PEER = "airbyte-source-netsuite"
_LIMIT = 5


def whole(bills: int, latency_ms: int) -> Iterator[Row]:
    """Read so many bills with their lines, programs' starts included, at so many milliseconds an answer."""
    case = f"{bills:,} bills with lines at {latency_ms} ms"
    if not _AIRBYTE.exists():
        old = "it cannot be installed from Python 3.12 on" if sys.version_info >= (3, 12) else "not installed"
        yield Row(f"{_PEER}: {case}", None, note=old)
        return
    with TemporaryDirectory() as place, running(vendors=12, bills=bills, token_based=True) as sandbox:
        folder = Path(place)
        sandbox.control("/control/faults", {"match": {}, "do": {"delay_ms": latency_ms}})
        wanted = {one["id"] for one in sandbox.books()["netsuite"]["bills"]}
        used, came = _with_tap(sandbox, folder)
        if {*came} != wanted or len(came) != len(wanted):
            message = f"{len(came)} bills came from the tap, of {len(wanted)}"
            raise NotMeasuredError(message)
        calls = _calls(sandbox)
        yield Row(f"tap-netsuite-ap: {case}", used.seconds, "s", facts={"lost": 0, "calls": calls})
        their, came = _with_airbyte(sandbox, folder)
        lost, twice = len(wanted - {*came}), len(came) - len({*came})
        facts = {"lost": lost, "twice": twice, "calls": _calls(sandbox)}
        yield against(used.seconds, "tap-netsuite-ap", f"{_PEER}: {case}", their.seconds, facts=facts)


def _calls(sandbox: Running) -> int:
    counted: int = sandbox.calls()["netsuite"]["total"]
    sandbox.control("/control/calls", method="DELETE")
    return counted


def _with_tap(sandbox: Running, folder: Path) -> tuple[Used, list[str]]:
    env = environment(sandbox, "tap-netsuite-ap", spool_url=str(folder / "spool"), restlet_script="")
    del env["TAP_NETSUITE_AP_RESTLET_SCRIPT"], env["TAP_NETSUITE_AP_RESTLET_DEPLOY"]
    catalog = folder / "tap-catalog.json"
    discovered = Program("discover", _tap("--discover"), folder, env=env, stdout=subprocess.PIPE)
    with discovered.stdout or nullcontext() as out:
        found = json.loads(out.read() if out else "{}")
    discovered.ended()
    for stream in found["streams"]:
        for one in stream["metadata"]:
            if not one["breadcrumb"]:
                one["metadata"]["selected"] = stream["tap_stream_id"] == "bills"
    catalog.write_text(json.dumps(found), encoding="utf-8")
    _calls(sandbox)
    used, messages = _said("tap", _tap(f"--catalog={catalog}"), folder, env)
    bills = [one["record"]["id"] for one in messages if one["type"] == "RECORD" and one["stream"] == "bills"]
    return used, bills


def _tap(option: str) -> list[str | Path]:
    return [PROGRAMS / "tap-netsuite-ap", "--config=ENV", option]


def _with_airbyte(sandbox: Running, folder: Path) -> tuple[Used, list[str]]:
    """Read the connector's stream of bills; it knows NetSuite's own names alone, which lead here."""
    own = sandbox.credentials
    config = {
        "realm": _ACCOUNT,
        "consumer_key": own["NETSUITE_CONSUMER_KEY"],
        "consumer_secret": own["NETSUITE_CONSUMER_SECRET"],
        "token_key": own["NETSUITE_TOKEN_ID"],
        "token_secret": own["NETSUITE_TOKEN_SECRET"],
        "object_types": ["vendorBill"],
        "start_datetime": "2020-01-01T00:00:00Z",
        "window_in_days": 3650,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with https_proxy(sandbox.netsuite_url.removeprefix("http://"), _HOST, folder) as door:
        # It prepares its requests by itself, past the variable that says whose certificates to trust.
        env = {**os.environ, **door, "PYTHONPATH": str(ROOT / "tests/third_party/trust")}
        _, messages = _said("discover", [_AIRBYTE, "discover", "--config=config.json"], folder, env)
        (catalog,) = [one["catalog"] for one in messages if "catalog" in one]
        how = {
            "sync_mode": "incremental",
            "destination_sync_mode": "append",
            "cursor_field": ["lastModifiedDate"],
        }
        chosen = [{"stream": stream, **how} for stream in catalog["streams"]]
        (folder / "catalog.json").write_text(json.dumps({"streams": chosen}), encoding="utf-8")
        _calls(sandbox)
        words = [str(_AIRBYTE), "read", "--config=config.json", "--catalog=catalog.json"]
        used, messages = _said("read", words, folder, env)
    return used, [one["record"]["data"]["id"] for one in messages if "record" in one]


def _said(
    name: str, command: Sequence[str | Path], folder: Path, env: Mapping[str, str]
) -> tuple[Used, list[dict[str, Any]]]:
    """Run a program, and return what it took and the messages that it wrote."""
    told = folder / f"{name}.out"
    with told.open("wb") as out:
        used = Program(name, command, folder, env=env, stdout=out).ended()
    return used, [json.loads(line) for line in told.read_bytes().splitlines()]
