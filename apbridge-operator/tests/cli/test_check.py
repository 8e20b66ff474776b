from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apbridge.ledger import Ledger
from apbridge.netsuite import restlet
from apbridge.origin import Origin
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_sandbox.certificates import self_signed
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]
Check = Callable[..., dict[str, dict[str, Any]]]

ROOT = Path(__file__).parents[3]
PERMISSIONS = [entry for entry in permissions() if entry.keys() & {"query", "record"}]
BANK = "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=3, bills=3) as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox: Running) -> Iterator[Running]:
    yield sandbox
    sandbox.control("/control/switches", method="DELETE")
    sandbox.control("/control/faults", method="DELETE")


@pytest.fixture
def check(company: Running, project: Path, apbridge: Apbridge) -> Check:
    """Check a project whose settings are right but for what a test changes; give results by subject."""
    shutil.copy(ROOT / "meltano.yml", project)

    def run(code: int, **changes: str) -> dict[str, dict[str, Any]]:
        os.environ.update({**company.credentials, BANK: "102", **changes})
        ended = apbridge("check", "--json")
        found = json.loads(ended.out)
        assert ended.code == code, found
        assert found["ok"] == (code == 0)
        for value in (company.credentials[name] for name in company.credentials if "TOKEN" in name):
            assert value not in ended.out + ended.err
        # Of two lines about one thing, the worse.
        return {
            one["subject"]: one for one in sorted(found["checks"], key=lambda one: one["code"] is not None)
        }

    return run


def test_all_is_well(check: Check):
    found = check(0)
    assert {one["state"] for one in found.values()} == {"ok"}
    assert {f"permission {entry['permission']}" for entry in permissions()} < set(found)
    assert {"clock", "NetSuite sign-in", "RESTlet", "concurrency", "certificate", "bank account 102"} < set(
        found
    )
    assert {"AvidXchange sign-in", "ledger", "state"} < set(found)


def test_people_get_a_line_each(check: Check, apbridge: Apbridge):
    check(0)
    ended = apbridge("check")
    assert ended.code == 0
    assert any(line.startswith("ok") and "RESTlet" in line for line in ended.out.splitlines())


def test_a_spool_each_is_said(check: Check, project: Path):
    elsewhere = {"TARGET_AVIDXCHANGE_SPOOL_URL": str(project / "elsewhere")}
    found = check(1, **elsewhere)["spool"]
    assert (found["state"], found["code"]) == ("wrong", "APB-CHK-022")
    assert "tap-netsuite-ap and target-avidxchange" in found["says"]
    check(0, TAP_NETSUITE_AP_SPOOL_URL=f"file://{project}/elsewhere/", **elsewhere)


def test_a_nul_in_a_path_is_a_sentence(check: Check, project: Path):
    found = project / "meltano.yml"
    written = found.read_text()
    for name in ("spool_url", "private_key_path"):
        written, count = re.subn(
            rf"^      {name}: .*", rf'      {name}: "a\\0b"', written, flags=re.MULTILINE
        )
        assert count
    found.write_text(written)
    said = check(1)
    for subject, name in (("spool", "spool_url"), ("NetSuite settings", "private_key_path")):
        assert said[subject]["code"] == "APB-SET-001"
        assert f"Setting {name} is not valid: it has a NUL" in said[subject]["says"]


@pytest.mark.parametrize("optional", [False, True])
def test_missing_permissions_are_named_as_netsuite_names_them(
    check: Check, company: Running, *, optional: bool
):
    missing = [entry for entry in PERMISSIONS if ("unless" in entry) == optional]
    names = ",".join(entry["permission"].replace(", ", " -> ", 1) for entry in missing)
    company.control("/control/switches", {"netsuite.missing_permissions": names})
    # What the RESTlet needs is among both: a bill has a file, and it cannot be read.
    found = check(1)
    assert found["RESTlet"]["code"] == "APB-CHK-014"
    for entry in missing:
        one = found[f"permission {entry['permission']}"]
        assert one["state"] == ("note" if optional else "wrong")
        assert entry["permission"] in one["says"] + one["do"]
        assert entry["for"] in one["says"] + one["do"]
    bad = [name for name, one in found.items() if one["state"] != "ok" and name.startswith("permission")]
    assert len(bad) == len(missing)


@pytest.mark.parametrize(
    ("switches", "permission", "found"),
    [
        ({"permission_levels": "Transactions -> Pay Bills: View"}, "Pay Bills", "View"),
        ({"permission_levels": "Transactions -> Pay Bills: Edit"}, "Pay Bills", "Edit"),
        ({"missing_permissions": "Transactions -> Bill Credits"}, "Bill Credits", "None"),
        ({"missing_permissions": "Transactions -> Purchase Order"}, "Purchase Order", "None"),
        ({"missing_permissions": "Transactions -> Make Journal Entry"}, "Make Journal Entry", "None"),
    ],
)
def test_a_level_that_is_too_low_is_named(
    check: Check, company: Running, switches: dict[str, str], permission: str, found: str
):
    company.control("/control/switches", {f"netsuite.{name}": value for name, value in switches.items()})
    # Voids are journals in some accounts only.
    may_be_missing = permission == "Make Journal Entry"
    one = check(0 if may_be_missing else 1)[f"permission Transactions, {permission}"]
    assert (one["state"], one["code"]) == ("note" if may_be_missing else "wrong", "APB-CHK-015")
    assert f"Transactions, {permission} at level {found}; it is needed at level" in one["says"]


def test_without_a_restlet_the_levels_are_said(check: Check):
    found = check(0, NETSUITE_RESTLET_SCRIPT="", NETSUITE_RESTLET_DEPLOY="")["levels of permissions"]
    assert found["state"] == "note"
    for named in (
        "Bill Credits: Edit",
        "Purchase Order: View",
        "Make Journal Entry: Create",
        "Pay Bills: Full",
    ):
        assert f"Transactions, {named}" in found["says"]
    assert "Setup, Deleted Records: Full" in found["says"]
    assert "Lists, Perform Search: View" in found["says"]


def test_what_may_rightly_be_missing_is_a_note(check: Check, company: Running):
    off = {
        f"netsuite.{name}": False
        for name in ("oneworld", "departments", "classes", "locations", "multicurrency")
    }
    company.control("/control/switches", off)
    found = check(0)
    notes = {subject for subject, one in found.items() if one["state"] == "note"}
    assert notes == {
        f"permission Lists, {name}"
        for name in ("Subsidiaries", "Departments", "Classes", "Locations", "Currency")
    }


def test_after_a_sandbox_refresh_it_shows_what_to_upload_where(apbridge: Apbridge, project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    with running(vendors=1, bills=1) as sandbox:
        key = Path(sandbox.credentials["NETSUITE_PRIVATE_KEY_PATH"]).read_bytes()
        private_key = load_pem_private_key(key, None)
        assert isinstance(private_key, RSAPrivateKey | EllipticCurvePrivateKey)
        certificate = self_signed(private_key)
        (project / "netsuite.crt").write_text(certificate)
        sandbox.control("/control/netsuite/refresh", {})
        os.environ.update({**sandbox.credentials, "NETSUITE_CERTIFICATE_PATH": "netsuite.crt"})
        ended = apbridge("check")
    assert ended.code == 1
    assert "APB-NS-011" in ended.out
    assert "OAuth 2.0 Client Credentials (M2M) Setup" in ended.out
    assert certificate in ended.out
    assert "apbridge init --certificate-id" in ended.out


@pytest.mark.parametrize(("days", "code"), [(62, 0), (59, 1)])
def test_a_certificate_that_nears_its_end_counts(check: Check, company: Running, days: int, code: int):
    try:
        company.control("/control/netsuite/expire-certificate", {"in_days": days + 0.5})
        found = check(code)["certificate"]
    finally:
        company.control("/control/netsuite/expire-certificate", {"in_days": 700})
    assert found["code"] == ("APB-NS-006" if code else None)
    assert f"{days} days" in found["says"]


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [
        ("1040", "ok", None),
        ("2100", "ok", None),
        ("1250", "note", "APB-CHK-018"),
        ("1520", "wrong", "APB-CHK-012"),
        ("2000", "wrong", "APB-CHK-012"),
        ("1000", "wrong", "APB-CHK-012"),
    ],
)
def test_money_comes_from_banks_and_cards_and_perhaps_from_clearing_accounts(
    check: Check, company: Running, number: str, state: str, code: str | None
):
    (account,) = (
        each["id"] for each in company.books()["netsuite"]["accounts"] if each["acctnumber"] == number
    )
    found = check(1 if state == "wrong" else 0, **{BANK: str(account), f"{BANK}S": "[]"})[
        f"bank account {account}"
    ]
    assert (found["state"], found["code"]) == (state, code)


def test_bank_accounts_that_do_not_fit_are_said(check: Check):
    banks = [
        {"account": "987654"},
        {"account": "110"},
        {"account": "102", "currency": "CAD"},
        {"account": 107, "subsidiary": 1},
        {"account": "103", "currency": "CAD", "subsidiary": "1", "method": "ach"},
    ]
    found = check(1, **{BANK: "", f"{BANK}S": json.dumps(banks)})
    said = {account: found[f"bank account {account}"]["says"] for account in ("987654", "110", "102", "107")}
    assert "has no account" in said["987654"]
    assert "is of type" in said["110"]
    assert "is in USD, not CAD" in said["102"]
    assert "belongs to subsidiary 2, not 1" in said["107"]
    assert found["bank account 103"]["state"] == "ok"
    assert check(1, **{BANK: "", f"{BANK}S": "[]"})["bank account"]["code"] == "APB-CHK-010"


def test_a_bank_account_may_count_for_the_children_of_its_subsidiary(check: Check, company: Running):
    assert company.sandbox
    bank = [{"account": "102", "subsidiary": "2"}]
    found = check(1, **{BANK: "", f"{BANK}S": json.dumps(bank)})["bank account 102"]
    assert "belongs to subsidiary 1, not 2" in found["says"]
    with company.sandbox.store.write() as conn:
        conn.execute("UPDATE ns_account SET includechildren = 'T' WHERE id = 102")
    try:
        found = check(0, **{BANK: "", f"{BANK}S": json.dumps(bank)})["bank account 102"]
    finally:
        with company.sandbox.store.write() as conn:
            conn.execute("UPDATE ns_account SET includechildren = 'F' WHERE id = 102")
    assert found["state"] == "ok"


@pytest.mark.parametrize(
    "wrong",
    [
        {
            ("NETSUITE_CERTIFICATE_ID", "nobody"): ("NetSuite sign-in", "APB-NS-011"),
            ("AVIDXCHANGE_PROFILE", "nowhere"): ("AvidXchange settings", "APB-AX-001"),
            ("APBRIDGE_VAULT", "/proc/self/status"): ("vault", "APB-VLT-004"),
        },
        {
            ("NETSUITE_RESTLET_SCRIPT", "customscript_other"): ("RESTlet", "APB-CHK-006"),
            ("AVIDXCHANGE_USER_TOKEN", "wrong"): ("AvidXchange sign-in", "APB-AX-010"),
            ("TARGET_AVIDXCHANGE_LEDGER_URL", "mysql://x"): ("ledger", "APB-LED-001"),
            ("TARGET_AVIDXCHANGE_GL_MAPPING", "nowhere.csv"): ("mapping", "APB-MAP-001"),
            ("MELTANO_DATABASE_URI", "sqlite:////dev/null/x.db"): ("state", "APB-CHK-021"),
            ("TARGET_NETSUITE_PAYMENTS_CONCURRENCY", "6"): ("concurrency", "APB-CHK-008"),
            ("TAP_NETSUITE_AP_LIMITS_URL", "elsewhere"): ("limits", "APB-CHK-023"),
        },
        {
            ("NETSUITE_CLIENT_ID", "vault:nothing"): ("NetSuite settings", "APB-SET-004"),
            ("AVIDXCHANGE_BASE_URL", "http://avid.example.com"): ("AvidXchange settings", "APB-SET-003"),
        },
    ],
)
def test_wrong_settings_are_said_where_they_matter(
    check: Check, wrong: Mapping[tuple[str, str], tuple[str, str]]
):
    found = check(1, **dict(wrong.keys()))
    assert {subject: found[subject]["code"] for subject, _ in wrong.values()} == dict(wrong.values())


def test_a_ledger_of_another_account_is_said_before_a_run(check: Check, project: Path):
    with Ledger(f"sqlite:///{project}/.apbridge/ledger.db") as ledger:
        ledger.identity.take(Origin.of("netsuite", "https://1234567.example.com", account="1234567"))
    found = check(1)["ledger"]
    assert found["code"] == "APB-LED-012"
    assert "account 1234567 at 1234567.example.com" in found["says"]


def test_a_restlet_of_another_version_is_said(check: Check, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(restlet, "VERSION", "9.0.0")
    assert check(1)["RESTlet"]["code"] == "APB-CHK-007"


@pytest.mark.parametrize(
    ("switches", "code", "named"),
    [
        ({"client_suitescript": False}, "APB-NS-024", "both Client SuiteScript and Server SuiteScript"),
        ({"web_services_only": True}, "APB-NS-025", "clear Web Services Only Role"),
        ({"missing_permissions": "Lists -> Documents and Files"}, "APB-CHK-014", "Documents and Files"),
    ],
)
def test_why_no_restlet_can_be_called_is_said_in_plain_words(
    check: Check, company: Running, switches: dict[str, object], code: str, named: str
):
    company.control("/control/switches", {f"netsuite.{name}": value for name, value in switches.items()})
    found = check(1)["RESTlet"]
    assert (found["state"], found["code"]) == ("wrong", code)
    assert named in found["do"]


@pytest.mark.parametrize(("minutes", "way"), [(10, "behind"), (-10, "ahead of")])
def test_a_clock_that_is_wrong_is_said(check: Check, monkeypatch: pytest.MonkeyPatch, minutes: int, way: str):
    theirs = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    monkeypatch.setattr("apbridge.netsuite.clock.parsedate_to_datetime", lambda _: theirs)
    found = check(1)["clock"]
    assert (found["code"], way in found["says"]) == ("APB-CHK-001", True)


def test_a_role_that_may_not_rotate_is_a_note(check: Check, company: Running):
    missing = "Setup -> Manage Own OAuth 2.0 Client Credentials Certificates, Setup -> Integration Management"
    company.control("/control/switches", {"netsuite.missing_permissions": missing})
    found = check(0)
    assert found["certificate rotation"]["code"] == "APB-CHK-002"
    assert "not shown" in found["concurrency"]["says"]
