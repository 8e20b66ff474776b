from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
import yaml

from apbridge.ledger import Ledger
from apbridge.origin import Origin
from apbridge.vault import Vault
from apbridge_operator.cli import meltano
from apbridge_sandbox.testing import Running, running
from tests.databases import new_database

Apbridge = Callable[..., Any]
ROOT = Path(__file__).parents[3]
BANK = "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT"
TABLE = """
companies:
  acme:
    netsuite: {account_id: "1234567"}
    avidxchange: {company_id: "7001"}
    tap-netsuite-ap: {start_date: 2026-01-01}
  bolt:
    netsuite: {account_id: "1234567"}
    avidxchange: {company_id: "7002"}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=2, bills=2) as sandbox:
        yield sandbox


@pytest.fixture
def two(apbridge: Apbridge, project: Path) -> Apbridge:
    """A project of two companies."""
    shutil.copy(ROOT / "meltano.yml", project)
    (project / "companies.yaml").write_text(TABLE)
    assert apbridge("companies", "write").code == 0
    return apbridge


def config(project: Path, company: str, plugin: str = "target-avidxchange", **variables: str) -> Any:  # noqa: ANN401
    return meltano.config(project, plugin, {"MELTANO_ENVIRONMENT": company, **variables})


def edit(project: Path, old: str, new: str) -> None:
    text = (project / "companies.yaml").read_text()
    assert old in text
    (project / "companies.yaml").write_text(text.replace(old, new, 1))


def test_a_company_is_added_with_what_only_a_person_knows(
    apbridge: Apbridge, project: Path, sandbox: Running
):
    shutil.copy(ROOT / "meltano.yml", project)
    given = sandbox.credentials
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = str(project.parent / "vault.key")
    os.environ["AVIDXCHANGE_BASE_URL"] = given["AVIDXCHANGE_BASE_URL"]
    os.environ["ACME_NETSUITE_BASE_URL"] = given["NETSUITE_BASE_URL"]
    ended = apbridge("companies", "add", "acme", f"--account-id={given['NETSUITE_ACCOUNT_ID']}")
    assert ended.code == 1
    assert "apbridge init --company acme" in ended.out
    assert "ACME_AVIDXCHANGE_USER_TOKEN: User Token" in ended.out
    pem = (project / "acme-netsuite-certificate.pem").read_text()
    mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": pem})
    os.environ |= {
        "ACME_NETSUITE_CLIENT_ID": mapped["client_id"],
        "ACME_NETSUITE_CERTIFICATE_ID": mapped["certificate_id"],
        "ACME_AVIDXCHANGE_COMPANY_TOKEN": given["AVIDXCHANGE_COMPANY_TOKEN"],
        "ACME_AVIDXCHANGE_USER_TOKEN": given["AVIDXCHANGE_USER_TOKEN"],
        f"ACME_{BANK}": "102",
    }
    ended = apbridge("companies", "add", "acme")
    assert "acme" in ended.out
    names = Vault.open().names()
    assert names == [
        f"acme/{name}"
        for name in (
            "avidxchange_company_token",
            "avidxchange_user_token",
            "netsuite_certificate",
            "netsuite_certificate_id",
            "netsuite_client_id",
            "netsuite_private_key",
        )
    ]
    # All of it is the company's, and nothing the project's.
    written = (project / ".env").read_text()
    assert "ACME_NETSUITE_PRIVATE_KEY='vault:acme/netsuite_private_key'" in written.replace('"', "'")
    lines = [line for line in written.splitlines() if not line.startswith(("ACME_", "APBRIDGE_"))]
    assert lines == []
    # Which company it is, AvidXchange has told.
    assert os.environ["ACME_AVIDXCHANGE_COMPANY_ID"]
    assert apbridge("check", "--company=acme").out.count("NetSuite") > 1
    (row,) = json.loads(apbridge("companies", "list", "--json").out)
    assert (row["company"], row["netsuite"]) == ("acme", given["NETSUITE_ACCOUNT_ID"])
    assert row["avidxchange"] == os.environ["ACME_AVIDXCHANGE_COMPANY_ID"]
    assert apbridge("companies", "check").code == 0


@pytest.mark.usefixtures("two")
def test_each_company_has_an_environment_of_its_own(project: Path):
    acme, bolt = config(project, "acme"), config(project, "bolt")
    assert (acme["company"], bolt["company"]) == ("acme", "bolt")
    for name in ("ledger_url", "spool_url", "links", "dry_run_report"):
        assert "acme" in acme[name]
        assert acme[name].replace("acme", "bolt") == bolt[name]
    assert config(project, "acme", "tap-avidxchange")["ledger_url"] == acme["ledger_url"]
    assert config(project, "acme", "tap-netsuite-ap")["start_date"] == "2026-01-01"
    # Credentials and bank accounts of the project's are nobody's, and those of one are no other's.
    others = {
        "NETSUITE_CLIENT_ID": "projects",
        "ACME_NETSUITE_CLIENT_ID": "acmes",
        f"ACME_{BANK}S": '[{"account": 1}]',
    }
    posts = config(project, "acme", "target-netsuite-payments", **others)
    assert (posts["client_id"], posts["bank_accounts"]) == ("acmes", [{"account": 1}])
    posts = config(project, "bolt", "target-netsuite-payments", **others)
    assert not {"client_id", "bank_accounts"} & posts.keys()


def test_what_the_project_says_holds_for_all_but_for_what_tells_them_apart(two: Apbridge, project: Path):
    document = yaml.safe_load((project / "meltano.yml").read_text())
    for loader in document["plugins"]["loaders"]:
        loader["config"] |= {"on_reject": "fail", "client_id": "literal", "account_id": "literal"}
    (project / "meltano.yml").write_text(yaml.safe_dump(document))
    assert two("companies", "write").code == 0
    bolt = config(project, "bolt", "target-netsuite-payments")
    assert bolt["on_reject"] == "fail"
    assert bolt["account_id"] == "1234567"
    assert "client_id" not in bolt


def test_meltano_reads_an_id_as_the_text_that_it_is(two: Apbridge, project: Path):
    """Its YAML is 1.2, with other numbers than ours."""
    ids = ["0987654", "12e4", "0o17", "1e3", "-1e3", ".5e1", "on", "null", "2026-01-01"]
    edit(project, "start_date: 2026-01-01", f"subsidiaries: {json.dumps(ids)}")
    assert two("companies", "write").code == 0
    text = (project / "companies.meltano.yml").read_text()
    acme = ruamel.yaml.YAML(typ="safe").load(text)["environments"][0]
    (tap,) = (one for one in acme["config"]["plugins"]["extractors"] if one["name"] == "tap-netsuite-ap")
    assert tap["config"]["subsidiaries"] == ids


def test_a_table_that_was_changed_is_noticed_until_its_environments_are_written(two: Apbridge, project: Path):
    assert "as it should be" in two("companies", "write").out
    edit(project, "7002", "7003")
    for words in (["companies", "list"], ["exceptions", "list"], ["companies", "run"]):
        ended = two(*words)
        assert ended.code == 2
        assert "is not as companies.yaml says for bolt" in ended.err
    assert "written anew" in two("companies", "write").out
    assert two("companies", "list").code == 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('company_id: "7002"', 'company_ident: "7002"', "APB-CMP-003"),
        ("  bolt:", "  demo:", "APB-CMP-015"),
        ('account_id: "1234567"', "account_id: 1234567", "APB-CMP-002"),
    ],
)
def test_what_cannot_be_an_environment_is_said(two: Apbridge, project: Path, old: str, new: str, code: str):
    edit(project, old, new)
    ended = two("companies", "write")
    assert (ended.code, code in ended.err) == (2, True)


def test_a_project_that_would_not_see_the_companies_is_said(two: Apbridge, project: Path):
    text = (project / "meltano.yml").read_text()
    (project / "meltano.yml").write_text(text.replace("include_paths:", "annotations:"))
    assert "APB-CMP-005" in two("companies", "write").err
    (project / "meltano.yml").write_text(text.replace("sqlite:///", "postgresql:///"))
    assert "APB-CMP-016" in two("companies", "write").err


@pytest.mark.parametrize("name", [BANK, "TAP_NETSUITE_AP_ACCOUNT_ID", "TARGET_AVIDXCHANGE_LEDGER_URL"])
def test_a_variable_that_would_hold_for_all_is_refused(two: Apbridge, name: str):
    os.environ[name] = "1"
    ended = two("exceptions", "list", "--company=acme")
    assert (ended.code, name in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("7002", "7001", "The companies acme, bolt are one: the same NetSuite account 1234567"),
        (
            "  bolt:",
            "  bolt:\n    ledger_url: sqlite:///$MELTANO_PROJECT_ROOT/.apbridge/acme/../acme/ledger.db",
            "The companies acme, bolt have one ledger_url together",
        ),
        (
            "  bolt:",
            "  bolt:\n    spool_url: $MELTANO_PROJECT_ROOT/.apbridge/spool/acme/",
            "The companies acme, bolt have one spool_url together",
        ),
    ],
)
def test_two_that_have_together_what_is_one_companys_are_refused(
    two: Apbridge, project: Path, old: str, new: str, says: str
):
    assert two("companies", "check").code == 0
    edit(project, old, new)
    two("companies", "write")
    ended = two("companies", "check", "--json")
    assert ended.code == 1
    wrong = [one for one in json.loads(ended.out)["checks"] if one["state"] == "wrong"]
    assert {one["company"]: says in one["says"] for one in wrong} == {"acme": True, "bolt": True}
    ended = two("companies", "run", "bolt", "--job=outbound", "--json")
    (ran,) = json.loads(ended.out)["runs"]
    assert (ended.code, ran["exit_code"], says in ran["says"]) == (1, None, True)


def test_companies_of_one_account_are_told_that_their_payments_are_named_alike(two: Apbridge, project: Path):
    def noted() -> list[str]:
        ended = two("companies", "check", "--json")
        assert ended.code == 0
        found = [one for one in json.loads(ended.out)["checks"] if one["state"] == "note"]
        assert {one["code"] for one in found} <= {"APB-CMP-022"}
        return [one["company"] for one in found if "acme, bolt post payments into one" in one["says"]]

    assert noted() == ["acme", "bolt"]
    edit(
        project,
        '"1234567"}\n    avidxchange: {company_id: "7002"',
        '"7654321"}\n    avidxchange: {company_id: "7002"',
    )
    two("companies", "write")
    assert noted() == []


def test_one_database_is_one_whatever_way_it_is_written(two: Apbridge, project: Path):
    for name, url in (("acme", "postgresql+psycopg://a:b@db/ap"), ("bolt", "postgresql://db:5432/ap")):
        edit(project, f"  {name}:", f"  {name}:\n    ledger_url: {url}")
    two("companies", "write")
    ended = two("companies", "check")
    assert ended.out.count("The companies acme, bolt have one ledger_url together") == 2
    assert "a:b" not in ended.out


def test_one_without_an_id_is_told_by_what_signs_in(two: Apbridge, project: Path):
    edit(project, 'avidxchange: {company_id: "7001"}', "avidxchange: {}")
    edit(project, 'avidxchange: {company_id: "7002"}', "avidxchange: {}")
    two("companies", "write")
    os.environ |= {"ACME_AVIDXCHANGE_USER_TOKEN": "t1", "BOLT_AVIDXCHANGE_USER_TOKEN": "t2"}
    assert two("companies", "check").code == 0
    os.environ["BOLT_AVIDXCHANGE_USER_TOKEN"] = "t1"
    assert "APB-CMP-007" in two("companies", "check").out


def test_a_command_of_one_company_asks_which(two: Apbridge):
    ended = two("init")
    assert ended.code == 2
    assert "has several: acme, bolt. Say which: --company acme" in ended.err
    assert "There is no company acne in companies.yaml" in two("check", "--company=acne").err


def test_a_table_that_is_written_in_one_line_is_left_to_its_owner(apbridge: Apbridge, project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    text = 'companies: {acme: {netsuite: {account_id: "1"}}}\n'
    (project / "companies.yaml").write_text(text)
    assert "APB-CMP-017" in apbridge("companies", "add", "bolt", "--account-id=2").err
    assert (project / "companies.yaml").read_text() == text
    assert "APB-SET-002" in apbridge("companies", "add", "bolt").err
    (project / "companies.yaml").unlink()
    assert "is no name" in apbridge("companies", "add", "Bolt", "--account-id=2").err
    assert not (project / "companies.yaml").exists()


@pytest.mark.parametrize("before", [".apbridge/ledger.db", ".apbridge/acne/ledger.db"])
def test_a_company_does_not_begin_beside_the_ledger_that_it_had_before(
    two: Apbridge, project: Path, before: str
):
    """It had none of its name: the project was its alone, or it had another name."""
    origins = (
        Origin.of("netsuite", "https://one.example.com", account="1234567"),
        Origin.of("avidxchange", "https://two.example.com", company="7001"),
    )
    with Ledger(f"sqlite:///{project}/{before}", company="acne" if "acne" in before else None) as ledger:
        ledger.identity.take(*origins)
    assert two("companies", "list").code == 0  # which makes a ledger of each
    checked = json.loads(two("companies", "check", "--json").out)["checks"]
    found = {one["company"]: one["says"] for one in checked if one["subject"] == "companies.yaml"}
    assert f"{before} knows what was sent for NetSuite account 1234567 until now" in found["acme"]
    assert "it is declared" in found["bolt"].lower()
    (ran,) = json.loads(two("companies", "run", "acme", "--job=outbound", "--json").out)["runs"]
    assert (ran["exit_code"], "APB-CMP-020" in ran["says"]) == (None, True)
    if "acne" not in before:
        (project / before).replace(project / ".apbridge/acme/ledger.db")
        assert two("companies", "check").code == 0


def test_a_company_does_not_begin_beside_the_schema_that_it_had_under_another_name(
    two: Apbridge, project: Path
):
    url = f"{new_database()}&schema="
    file = project / "companies.yaml"
    file.write_text(f"ledger_url: {url}<company>\n{file.read_text()}")
    assert two("companies", "write").code == 0
    ends = [
        Origin.of("netsuite", "https://one.example.com", account="1234567"),
        Origin.of("avidxchange", "https://two.example.com", company="7001"),
    ]
    with Ledger(f"{url}acne", company="acne") as ledger:
        ledger.identity.take(*ends)
    checked = json.loads(two("companies", "check", "--json").out)["checks"]
    found = {one["company"]: one["says"] for one in checked if one["subject"] == "companies.yaml"}
    assert "?schema=acne knows what was sent for NetSuite account 1234567 until now" in found["acme"]
    assert "it is declared" in found["bolt"].lower()
    (ran,) = json.loads(two("companies", "run", "acme", "--job=outbound", "--json").out)["runs"]
    assert (ran["exit_code"], "APB-CMP-020" in ran["says"]) == (None, True)
    # What is another company's of the table was not left by anybody, and who has begun goes on.
    with Ledger(f"{url}bolt", company="bolt") as ledger:
        ledger.identity.take(ends[0])
    with Ledger(f"{url}acme", company="acme") as ledger:
        ledger.identity.take(*ends)
    assert two("companies", "check").code == 0


def test_a_ledger_that_was_left_keeps_no_company_that_has_begun_from_its_run(two: Apbridge, project: Path):
    end = Origin.of("netsuite", "https://one.example.com", account="1234567")
    for name in ("ledger.db", "acme/ledger.db", "bolt/ledger.db"):
        with Ledger(f"sqlite:///{project}/.apbridge/{name}") as ledger:
            ledger.identity.take(end)
    assert two("companies", "check").code == 0


def test_the_environment_of_old_stands_for_all_companies_and_none_is_no_success(two: Apbridge, project: Path):
    """Meltano sets it where nobody has chosen one, as for `meltano invoke apbridge:audit`."""
    os.environ["MELTANO_ENVIRONMENT"] = "prod"
    listed = json.loads(two("companies", "list", "--json").out)
    assert [one["company"] for one in listed] == ["acme", "bolt"]
    assert "acme" in two("audit", "verify").out
    assert not (project / ".apbridge/ledger.db").exists()
    os.environ["MELTANO_ENVIRONMENT"] = "demo"
    for command in ("list", "check", "run"):
        assert "APB-CMP-021" in two("companies", command).err
    del os.environ["MELTANO_ENVIRONMENT"]
    (project / "companies.yaml").unlink()
    assert "APB-CMP-021" in two("companies", "run").err
