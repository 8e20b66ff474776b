from __future__ import annotations

from pathlib import Path

import pytest

from apbridge.errors import SettingError
from apbridge_operator import companies

TABLE = """
spool_url: s3://ap/<company>
companies:
  acme:
    netsuite: {account_id: "1234567"}
    avidxchange: {company_id: "7001", profile: partner}
    target-avidxchange: {brake_count: 5, profile: ours.yaml}
  bolt-east:
    netsuite: {account_id: 7654321_SB1}
    ledger_url: postgresql+psycopg://db/ap?schema=bolt
"""


def test_the_table_says_of_each_company_what_is_its_own(tmp_path: Path):
    (tmp_path / companies.FILE).write_text(TABLE)
    assert companies.names(tmp_path) == ["acme", "bolt-east"]
    acme, bolt = companies.companies(tmp_path)
    assert acme.of("tap-netsuite-ap") == {"account_id": "1234567"}
    assert acme.of("tap-avidxchange") == {"company_id": "7001", "profile": "partner"}
    assert acme.of("target-avidxchange") == {"company_id": "7001", "profile": "ours.yaml", "brake_count": 5}
    assert acme.ledger_url == "sqlite:///$MELTANO_PROJECT_ROOT/.apbridge/acme/ledger.db"
    assert (acme.spool_url, bolt.spool_url) == ("s3://ap/acme", "s3://ap/bolt-east")
    assert bolt.ledger_url == "postgresql+psycopg://db/ap?schema=bolt"
    assert bolt.prefix == "BOLT_EAST_"


def test_a_project_of_one_company_has_no_table(tmp_path: Path):
    assert companies.names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "companies: {acme: {netsuite: {account_id: 1234567}}}",
            "company acme, netsuite.account_id: it must",
        ),
        ("companies: {acme: {netsuite: {}}}", "company acme, netsuite: account_id is missing"),
        ("companies: {acme: {}}", "company acme: netsuite is missing"),
        (
            "companies:\n  acme:\n    netsuit: {}\n",
            "line 2, company acme: there is nothing of the name netsuit",
        ),
        ("companies: {Acme: {netsuite: {account_id: a}}}", "'Acme' is no name"),
        ("companies: {a: {netsuite: {account_id: a, Tap-x: 1}}}", "company a, netsuite: 'Tap-x' is no name"),
        (
            "companies: {a: {netsuite: {account_id: a, company: b}}}",
            "company a, netsuite.company: it is said",
        ),
        (
            "companies: {a: {netsuite: {account_id: a}}, a: {netsuite: {account_id: b}}}",
            "company a is there tw",
        ),
        (
            "companies: {on: {netsuite: {account_id: a}}}",
            "True is no text to YAML as a name",
        ),
        ("companies: {null: {netsuite: {account_id: a}}}", "None is no text to YAML"),
        ("companies: {a: {netsuite: {account_id: a, 5: 1}}}", "5 is no text to YAML"),
        ("companies: {target: {netsuite: {account_id: a}}}", "'target' is no name for a company"),
        ("companies: {}", "companies: it does not satisfy minProperties"),
        (
            "ledger_url: sqlite:///a.db\ncompanies: {a: {netsuite: {account_id: a}}}",
            "line 1, ledger_url: it does",
        ),
        ("", "it must be of type object"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_company_and_field(tmp_path: Path, text: str, says: str):
    (tmp_path / companies.FILE).write_text(text)
    with pytest.raises(SettingError) as found:
        companies.names(tmp_path)
    assert found.value.code == "APB-CMP-002"
    assert says in found.value.says


@pytest.mark.parametrize("text", ["a: [", "a: &x 1\nb: *x\n", "\x00"])
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str):
    (tmp_path / companies.FILE).write_text(text)
    with pytest.raises(SettingError, match="APB-CMP-001"):
        companies.names(tmp_path)
