"""What a person sees when a setting is wrong: one sentence that names it, and nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from apbridge.avidxchange.profile_files import shipped, source
from apbridge.schemas import schema
from apbridge_sandbox.testing import Running
from tests.plugins import environment, run, run_installed

pytestmark = pytest.mark.long

DEPARTMENT: dict[str, Any] = {
    "id": "1",
    "external_id": "netsuite-1234567_SB1-department-1",
    "name": "Leasing",
    "full_name": "Leasing",
    "parent_id": None,
    "subsidiary_ids": [],
    "is_active": True,
    "modified_at": "2026-11-01T00:00:00Z",
}
PAYMENT = {
    "id": "1",
    "external_id": "avidxchange-payment-1",
    "status": "settled",
    "method": "check",
    "check_number": "1001",
    "ach_trace": None,
    "card_reference": None,
    "vendor_id": "netsuite-1234567_SB1-vendor-1",
    "currency": "USD",
    "amount": 1,
    "paid_on": "2026-11-02",
    "settled_at": "2026-11-02T00:00:00Z",
    "allocations": [{"invoice_external_id": "netsuite-1234567_SB1-vendorbill-1", "amount": 1, "discount": 0}],
    "replaces_payment_id": None,
    "voided_at": None,
    "modified_at": "2026-11-02T00:00:00Z",
}
RECORDS = {
    "target-avidxchange": ("departments", DEPARTMENT),
    "target-netsuite-payments": ("payments", PAYMENT),
}
NETSUITE = ("tap-netsuite-ap", "target-netsuite-payments")
AVIDXCHANGE = ("tap-avidxchange", "target-avidxchange")


def messages(plugin: str) -> str:
    """One record for a target; nothing for a tap."""
    if plugin not in RECORDS:
        return ""
    stream, record = RECORDS[plugin]
    lines = [
        {"type": "SCHEMA", "stream": stream, "schema": schema(stream), "key_properties": ["external_id"]},
        {"type": "RECORD", "stream": stream, "record": record},
        {"type": "STATE", "value": {"bookmarks": {}}},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def another_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nothing listens on, and nothing else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


WRONG = [
    *((plugin, {"private_key": another_key()}, "private_key") for plugin in NETSUITE),
    *((plugin, {"private_key": "not a key"}, "private_key") for plugin in NETSUITE),
    *((plugin, {"account_id": "7654321"}, "account_id") for plugin in NETSUITE),
    *((plugin, {"account_id": "x.example.com/"}, "account_id") for plugin in NETSUITE),
    *((plugin, {"client_id": "f" * 64}, "client_id") for plugin in NETSUITE),
    *((plugin, {"certificate_id": "nobody"}, "certificate_id") for plugin in NETSUITE),
    *((plugin, {"base_url": "http://netsuite.example.com"}, "base_url") for plugin in NETSUITE),
    *((plugin, {"company_token": "wrong-company-token"}, "company_token") for plugin in AVIDXCHANGE),
    *((plugin, {"user_token": "wrong-user-token"}, "user_token") for plugin in AVIDXCHANGE),
    *((plugin, {"profile": "nowhere.yaml"}, "profile") for plugin in AVIDXCHANGE),
    *((plugin, {"client_id": "vault:client_id"}, "client_id") for plugin in NETSUITE[1:]),
    *((plugin, {"user_token": "vault:user_token"}, "user_token") for plugin in AVIDXCHANGE[1:]),
    *((plugin, {"concurrency": "0"}, "concurrency") for plugin in (*NETSUITE, *AVIDXCHANGE)),
]


@pytest.mark.parametrize(("plugin", "settings", "named"), WRONG)
def test_a_wrong_setting_is_named_in_one_sentence(
    plugin: str, settings: dict[str, str], named: str, company: Running, tmp_path: Path
):
    check_one_sentence(plugin, settings, named, company, tmp_path)


@pytest.mark.parametrize("plugin", [*NETSUITE, *AVIDXCHANGE])
def test_a_port_with_nothing_on_it_is_named_in_one_sentence(
    plugin: str, company: Running, tmp_path: Path, closed_port: int
):
    settings = {"base_url": f"http://127.0.0.1:{closed_port}"}
    check_one_sentence(plugin, settings, "base_url", company, tmp_path, by=run_installed)


CONTRACTS = tuple(shipped())
"""One for each way to sign in."""


def under(contract: str, company: Running) -> dict[str, str]:
    """Return the settings that choose a contract."""
    settings = company.avidxchange_settings(contract)
    return {name: settings[name] for name in ("profile", "base_url")}


def edited(contract: str, folder: Path, *changes: tuple[str, str]) -> str:
    """Write a contract that is wrong in one place."""
    text = source(contract)
    for old, new in changes:
        text = text.replace(old, new)
    assert text != source(contract)
    file = folder / "edited.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("plugin", AVIDXCHANGE)
@pytest.mark.parametrize(
    ("signs_in", "name"),
    [
        *(("partner", name) for name in ("client_id", "client_secret", "company_id")),
        *(("avidsuite", name) for name in ("user_name", "password", "gateway_key")),
    ],
    ids="-".join,
)
def test_a_wrong_credential_is_named_in_one_sentence(
    plugin: str, signs_in: str, name: str, company: Running, tmp_path: Path
):
    settings = {**under(signs_in, company), name: "wrong-wrong"}
    check_one_sentence(plugin, settings, name, company, tmp_path)


@pytest.mark.parametrize("plugin", AVIDXCHANGE)
@pytest.mark.parametrize("contract", CONTRACTS)
def test_another_contract_than_that_of_the_address_is_one_sentence(
    plugin: str, contract: str, company: Running, tmp_path: Path
):
    other = CONTRACTS[CONTRACTS.index(contract) - 1]
    settings = {**under(contract, company), "profile": other}
    said = check_one_sentence(plugin, settings, "base_url", company, tmp_path)
    assert f"profile {other}" in said


@pytest.mark.parametrize("plugin", AVIDXCHANGE)
@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_wrong_field_name_in_a_contract_is_one_sentence(
    plugin: str, contract: str, company: Running, tmp_path: Path
):
    """What is read is in no answer; what is sent is no field."""
    changes = [("items: items", "items: itms"), ("items: Payments", "items: Paymts")]
    changes += [("items: Items", "items: Itms")]
    if plugin.startswith("target"):
        changes = [("        code: code\n        name: s", "        code: code\n        nam: s")]
        changes += [("        Description: shorten(full_name", "        Descr: shorten(full_name")]
        changes += [("        body.Description: seen\n", "")]
    settings = {**under(contract, company), "profile": edited(contract, tmp_path, *changes)}
    named = "list.items" if plugin.startswith("tap") else "does not know a field"
    said = check_one_sentence(plugin, settings, named, company, tmp_path)
    assert f"profile {contract}" in said.replace("Profile", "profile")


@pytest.mark.parametrize("plugin", AVIDXCHANGE)
def test_nothing_at_the_address_is_one_sentence_under_the_other_sign_in_too(
    plugin: str, company: Running, tmp_path: Path, closed_port: int
):
    settings = {"profile": "partner", "base_url": f"http://127.0.0.1:{closed_port}"}
    check_one_sentence(plugin, settings, "base_url", company, tmp_path)


def check_one_sentence(  # noqa: PLR0917 - what each case is made of
    plugin: str,
    settings: dict[str, str],
    named: str,
    company: Running,
    tmp_path: Path,
    by: Callable[..., subprocess.CompletedProcess[str]] = run,
) -> str:
    """Check that a run with these settings ends with one sentence and tells no state; return the sentence."""
    done = by(
        plugin,
        *(["--test"] if plugin.startswith("tap") else []),
        stdin=messages(plugin),
        env=environment(company, plugin, **settings),
        cwd=tmp_path,
    )
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if "[APB-" in line]
    assert len(errors) == 1, done.stderr
    assert named in errors[0]
    assert "Traceback" not in done.stderr
    for name, value in {**company.credentials, **settings}.items():
        if (
            "TOKEN" in name.upper()
            or "SECRET" in name.upper()
            or name in {"private_key", "client_id", "NETSUITE_CLIENT_ID"}
        ):
            assert value not in done.stderr + done.stdout
    assert "BEGIN PRIVATE KEY" not in done.stderr + done.stdout
    # A target tells no state; a tap none of a list that it has not read.
    assert plugin.startswith("tap") or done.stdout == ""
    assert "replication_key_value" not in done.stdout
    return errors[0]
