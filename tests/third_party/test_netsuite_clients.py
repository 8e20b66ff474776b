"""Other people's NetSuite clients, from the package registry, unmodified: the sandbox speaks NetSuite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running
from tests.third_party.programs import THIRD_PARTY, run
from tests.third_party.tls_proxy import https_proxy
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
ACCOUNT, HOST = "1234567_SB1", "1234567-sb1"
RECORDS = f"https://{HOST}.suitetalk.api.netsuite.com/services/rest/record/v1"

AIRBYTE = THIRD_PARTY / "airbyte-source-netsuite/bin/source-netsuite"
needs_airbyte = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="airbyte-source-netsuite cannot be installed from Python 3.12 on"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=24, bills=60, token_based=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def led(sandbox: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a client that calls NetSuite by its own name, and has the credentials."""
    upstream = sandbox.netsuite_url.removeprefix("http://")
    with https_proxy(upstream, HOST, tmp_path_factory.mktemp("door")) as leading:
        own = {name: value for name, value in sandbox.credentials.items() if name.startswith("NETSUITE_")}
        yield {**os.environ, **leading, **own, "NETSUITE_ACCOUNT": ACCOUNT, "NETSUITE_AUTH_TYPE": "token"}


def _read(client: str, led: dict[str, str], folder: Path) -> Any:  # noqa: ANN401
    script = HERE / "clients" / f"with_{client.replace('-', '_')}.py"
    python = THIRD_PARTY / client / "bin/python"
    return json.loads(run(python, str(script), env=led, cwd=folder), parse_float=Decimal)


def _details(refusal: dict[str, Any]) -> tuple[int, str]:
    (detail,) = refusal["o:errorDetails"]
    return refusal["status"], detail["o:errorCode"]


def test_netsuite(sandbox: Running, led: dict[str, str], tmp_path: Path):
    read = _read("netsuite", led, tmp_path)

    books = sandbox.books()["netsuite"]
    assert [(bill["id"], Decimal(bill["foreigntotal"]), bill.get("memo")) for bill in read["bills"]] == [
        (bill["id"], -Decimal(bill["total"]), bill["memo"]) for bill in books["bills"]
    ]
    listed = read["vendors"]
    assert [item["id"] for item in listed["items"]] == ["16", "17", "18", "19"]
    assert (listed["totalResults"], listed["hasMore"], listed["offset"]) == (9, False, 5)
    vendor = next(vendor for vendor in books["vendors"] if vendor["id"] == "16")
    assert read["vendor"]["entityId"] == vendor["entityid"]
    assert read["vendor"]["links"] == [{"rel": "self", "href": f"{RECORDS}/vendor/16"}]

    bill, lines = books["bills"][0], read["bill"]["expense"]["items"] + read["bill"]["item"]["items"]
    assert read["bill"]["entity"]["id"] == bill["vendor"]
    assert sorted(line["amount"] for line in lines) == sorted(
        Decimal(line["amount"]) for line in bill["lines"] if line["kind"] != "tax"
    )
    assert "custbody_retainage" in read["custom"]
    assert read["paths"] == ["/vendor/{id}"]
    assert {case: _details(refusal) for case, refusal in read["refusals"].items() if case != "restlet"} == {
        "column": (400, "INVALID_PARAMETER"),
        "record": (404, "NONEXISTENT_ID"),
        "type": (404, "NONEXISTENT_RECORD_TYPE"),
        "signature": (401, "INVALID_LOGIN"),
    }
    # It came to the script itself, over the RESTlets' own host.
    assert read["refusals"]["restlet"]["error"]["code"] not in {
        "INVALID_LOGIN_ATTEMPT",
        "SSS_INVALID_SCRIPTLET_ID",
    }


def test_netsuite_client(sandbox: Running, led: dict[str, str], tmp_path: Path):
    read = _read("netsuite-client", led, tmp_path)

    books = sandbox.books()["netsuite"]
    accounts = [(each["id"], each["acctnumber"], each["accttype"]) for each in books["accounts"]]
    for items in (read["accounts"], read["everything"]["items"]):
        assert [(each["id"], each["acctnumber"], each["accttype"]) for each in items] == accounts
    assert read["vendor"]["entityId"] == books["vendors"][0]["entityid"]
    named = [each["id"] for each in books["departments"] if each["name"].startswith("A")]
    assert [each["id"] for each in read["departments"]["items"]] == named[:3]
    assert "HTTP 400" in read["refusals"]["syntax"]
    assert "INVALID_PARAMETER" in read["refusals"]["syntax"]
    assert "HTTP 401" in read["refusals"]["signature"]
    assert "Invalid login attempt." in read["refusals"]["signature"]


def _airbyte(led: dict[str, str], folder: Path, command: str, **config: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Run the connector by its own command line and return its messages."""
    given = {
        "realm": ACCOUNT,
        "consumer_key": led["NETSUITE_CONSUMER_KEY"],
        "consumer_secret": led["NETSUITE_CONSUMER_SECRET"],
        "token_key": led["NETSUITE_TOKEN_ID"],
        "token_secret": led["NETSUITE_TOKEN_SECRET"],
        "object_types": ["vendorBill", "vendor", "vendorPayment", "department"],
        "start_datetime": "2020-01-01T00:00:00Z",
        "window_in_days": 3650,
    } | config
    (folder / "config.json").write_text(json.dumps(given))
    options = ["--catalog", "catalog.json"] if command == "read" else []
    # It prepares its requests by itself, past the variable that says whose certificates to trust.
    env = led | {"PYTHONPATH": str(HERE / "trust")}
    said = run(AIRBYTE, command, "--config", "config.json", *options, env=env, cwd=folder)
    return [json.loads(line) for line in said.splitlines()]


@needs_airbyte
def test_airbyte_source_netsuite(sandbox: Running, led: dict[str, str], tmp_path: Path):
    refused = _airbyte(led, tmp_path, "check", token_secret="0" * 64)[-1]["connectionStatus"]
    assert refused["status"] == "FAILED"
    assert "401" in refused["message"]

    (catalog,) = [
        message["catalog"] for message in _airbyte(led, tmp_path, "discover") if "catalog" in message
    ]
    streams = {stream["name"]: stream for stream in catalog["streams"]}
    assert streams["vendorbill"]["default_cursor_field"] == ["lastModifiedDate"]
    schema = streams["vendorbill"]["json_schema"]["properties"]
    assert schema["custbody_service_through"]["format"] == "date"
    assert "refName" in schema["entity"]["properties"]

    chosen = [
        {
            "stream": stream,
            "sync_mode": "incremental",
            "destination_sync_mode": "append",
            "cursor_field": ["lastModifiedDate"],
        }
        for stream in catalog["streams"]
    ]
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": chosen}))
    records = [message["record"] for message in _airbyte(led, tmp_path, "read") if "record" in message]
    read: dict[str, list[dict[str, Any]]] = {name: [] for name in streams}
    for record in records:
        read[record["stream"]].append(record["data"])
    books = sandbox.books()["netsuite"]
    for name, table in (
        ("vendorbill", "bills"),
        ("vendor", "vendors"),
        ("vendorpayment", "payments"),
        ("department", "departments"),
    ):
        assert [each["id"] for each in read[name]] == [each["id"] for each in books[table]]
        assert all(set(each) <= set(streams[name]["json_schema"]["properties"]) for each in read[name])
    for payment, booked in zip(read["vendorpayment"], books["payments"], strict=True):
        assert {line["doc"]["id"] for line in payment["apply"]["items"]} == {
            each["bill"] for each in booked["applications"]
        }


def test_the_door_leads_nowhere_else(led: dict[str, str]):
    for host in ("9999999.suitetalk.api.netsuite.com", "example.com"):
        asked = subprocess.run(
            [sys.executable, "-c", f"import urllib.request; urllib.request.urlopen('https://{host}/')"],
            env=led,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert "403 Forbidden" in asked.stderr
