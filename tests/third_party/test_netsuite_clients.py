"""Other people's NetSuite clients, from the package registry, unmodified: the sandbox speaks NetSuite."""

from __future__ import annotations

import json
import os
import shutil
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


def _payments(sandbox: Running, client: str) -> list[dict[str, Any]]:
    """Return two payments to post, each of an open bill: the first to be kept, the second to be deleted."""
    books = sandbox.books()["netsuite"]
    (bank,) = [each["id"] for each in books["accounts"] if each["acctnumber"] == "1010"]
    active = {vendor["id"] for vendor in books["vendors"] if vendor["isinactive"] == "F"}
    fitting = [
        bill
        for bill in books["bills"]
        if (bill["status"], bill["currency"], bill["subsidiary"], bill["paymenthold"])
        == ("A", "USD", "1", "F")
        and bill["vendor"] in active
        and not bill["applications"]
    ]
    return [
        {
            "entity": {"id": bill["vendor"]},
            "account": {"id": bank},
            "externalId": f"{client}-{bill['id']}",
            "apply": {"items": [{"doc": {"id": bill["id"]}, "apply": True, "amount": float(bill["total"])}]},
        }
        for bill in fitting[:2]
    ]


def _check_books(sandbox: Running, payments: list[dict[str, Any]]) -> dict[str, Any]:
    """Check that the first payment is in the books once and the second no more; return the first."""
    books = sandbox.books()["netsuite"]
    bills = {bill["id"]: bill for bill in books["bills"]}
    kept, removed = [bills[payment["apply"]["items"][0]["doc"]["id"]] for payment in payments]
    (posted,) = [each for each in books["payments"] if each["externalid"] == payments[0]["externalId"]]
    assert [line["bill"] for line in posted["applications"]] == [kept["id"]]
    assert (kept["status"], kept["unpaid"], posted["total"]) == ("B", "0.00", kept["total"])
    assert (removed["status"], removed["applications"]) == ("A", [])
    assert payments[1]["externalId"] not in {each["externalid"] for each in books["payments"]}
    return {**posted, "bill": kept}


def test_restsuite(sandbox: Running, led: dict[str, str], tmp_path: Path):
    payments = _payments(sandbox, "restsuite")
    did = _read("restsuite", {**led, "PAYMENTS": json.dumps(payments)}, tmp_path)

    assert did["statuses"] == [204, 204, 204, 204]
    posted = _check_books(sandbox, payments)
    assert (did["payment"]["id"], did["payment"]["memo"]) == (posted["id"], "Changed by restsuite")
    assert posted["memo"] == "Changed by restsuite"
    assert did["gone"] == 404
    books = sandbox.books()["netsuite"]
    assert [(bill["id"], bill["tranid"]) for bill in did["bills"]] == [
        (bill["id"], bill["tranid"]) for bill in books["bills"]
    ]
    assert [item["id"] for item in did["vendors"]["items"]] == ["16", "17", "18", "19"]
    assert did["restlet"]["account"] == ACCOUNT
    assert did["refused"] == {}


def test_netsuite_oauth_python(sandbox: Running, led: dict[str, str], tmp_path: Path):
    payments = _payments(sandbox, "netsuite-oauth-python")
    did = _read("netsuite-oauth-python", {**led, "PAYMENTS": json.dumps(payments)}, tmp_path)

    posted = _check_books(sandbox, payments)
    assert (posted["memo"], did["payment"]["memo"], did["payment"]["id"]) == (
        "Second",
        "Second",
        posted["id"],
    )
    (line,) = did["payment"]["apply"]["items"]
    assert (line["doc"]["id"], line["amount"]) == (posted["bill"]["id"], Decimal(posted["total"]))
    assert posted["bill"]["memo"] == "Changed by netsuite-oauth-python"
    books = sandbox.books()["netsuite"]
    assert [(each["id"], each["entityid"]) for each in did["vendors"]] == [
        (each["id"], each["entityid"]) for each in books["vendors"]
    ]
    named = [each["id"] for each in books["departments"] if each["name"].startswith("A")]
    assert [each["id"] for each in did["departments"]["items"]] == named[:3]
    assert did["restlet"]["account"] == ACCOUNT
    assert {case: _details(refusal) for case, refusal in did["refusals"].items()} == {
        "gone": (404, "NONEXISTENT_ID"),
        "signature": (401, "INVALID_LOGIN"),
    }


def test_netsuite_rest(sandbox: Running, tmp_path: Path):
    node = shutil.which("node")
    if node is None:
        if "CI" in os.environ:
            pytest.fail("Node.js is not installed")
        pytest.skip("NOT TESTED WITH netsuite-rest: Node.js is not installed")
    payments = _payments(sandbox, "netsuite-rest")
    own = {name: value for name, value in sandbox.credentials.items() if name.startswith("NETSUITE_")}
    # It asks the environment for no proxy, but takes another address than NetSuite's own.
    env = {**os.environ, **own, "NETSUITE_ACCOUNT": ACCOUNT, "PAYMENTS": json.dumps(payments)}
    env["NODE_PATH"] = str(THIRD_PARTY / "netsuite-rest/node_modules")
    did = json.loads(
        run(Path(node), str(HERE / "clients/with_netsuite_rest.js"), env=env, cwd=tmp_path),
        parse_float=Decimal,
    )

    assert (did["hello"], did["statuses"]) == (204, [204, 204, 204, 204])
    posted = _check_books(sandbox, payments)
    assert posted["memo"] == did["payment"]["memo"] == "Changed by netsuite-rest"
    assert [line["doc"]["id"] for line in did["payment"]["apply"]["items"]] == [posted["bill"]["id"]]
    books = sandbox.books()["netsuite"]
    assert [(each["id"], each["acctnumber"]) for each in did["accounts"]] == [
        (each["id"], each["acctnumber"]) for each in books["accounts"]
    ]
    departments = [each["id"] for each in books["departments"]]
    assert [each["id"] for each in did["departments"]["items"]] == departments
    assert [each["id"] for each in did["filtered"]["items"]] == ["16", "17", "18", "19"]
    assert "vendorbill" in {each["name"] for each in did["catalog"]["items"]}
    assert {case: _details(refusal) for case, refusal in did["refusals"].items()} == {
        "gone": (404, "NONEXISTENT_ID"),
        "query": (400, "INVALID_PARAMETER"),
        "signature": (401, "INVALID_LOGIN"),
    }


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
