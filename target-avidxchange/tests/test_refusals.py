"""What is wrong, said so that somebody can put it right."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from target_avidxchange.target import TargetAvidXchange
from tests import forked
from tests.canonical import CODING, READ, account, bill, class_, line, location, singer, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany


def test_what_bills_could_not_name_is_rejected_at_once(company: ReceivingCompany):
    result = company.send(vendor(1, external_id="netsuite-1234567_SB1-supplier-1"), account(1, id="6001"))
    assert (result.counts["vendors"], result.counts["gl_accounts"]) == ({"rejected": 1}, {"rejected": 1})
    assert not company.sandbox.books()["avidxchange"]["vendors"]


def test_each_names_the_bill_the_field_and_what_to_do(company: ReceivingCompany):
    masters = (
        *(vendor(1), vendor(2, is_active=False)),
        *(account(1), account(2, is_active=False), account(3, is_postable=False)),
        location(1, is_active=False),
    )
    wrong = [
        (bill(1, of_vendor=2), "APB-TAX-011", r"netsuite-\S+-vendor-2 is not active"),
        (
            bill(2, line(1, "100.00", 2), line(2, "23.45", 2)),
            "APB-TAX-051",
            "line 1 is on account 6002, and code 6002 is not active",
        ),
        (
            bill(3, line(1, "100.00", 3), line(2, "23.45", 3)),
            "APB-TAX-051",
            "line 1 is on account 6003",
        ),
        (
            bill(4, line(1, "1", location_id="1")),
            "APB-TAX-051",
            "line 1 is on location 1, and code 1 is not active",
        ),
        (bill(5, total=5, amount_due=5), "APB-TAX-014", "The lines sum to 123.45"),
        (bill(6, bill_date=None), "APB-TAX-010", "(?i)invoiceDate"),
        (bill(7, line(1, "1", account_id=None)), "APB-TAX-003", "line 1 has no account"),
        (bill(8, vendor_id=None), "APB-TAX-002", "names no vendor"),
    ]
    result = company.send(*masters, *(message for message, _, _ in wrong))
    assert result.counts["bills"] == {"rejected": 8}
    for number, (_, code, says) in enumerate(wrong, start=1):
        row = company.row(number)
        assert row.code == code
        assert row.reason
        assert re.search(says, row.reason)
        assert f"INV-{number}" in row.reason
        assert "by itself" in row.reason


@pytest.mark.parametrize("number", [None, " "])
def test_a_bill_without_a_number_is_told_by_the_name_of_the_field(
    company: ReceivingCompany, number: str | None
):
    stream, record = bill(1)
    result = company.send(*CODING, (stream, {**record, "number": number}))
    assert result.counts["bills"] == {"rejected": 1}
    assert company.row(1).code == "APB-TAX-016"
    assert "has no number (Reference No.)" in (company.row(1).reason or "")


@pytest.mark.parametrize(
    ("table", "code", "says"),
    [
        ("ax_gl_account", "APB-TAX-012", "GL code 6001"),
        ("ax_dimension_value", "APB-TAX-013", "location 1"),
    ],
)
def test_a_code_that_avidxchange_made_inactive_unheard_is_refused_there(
    company: ReceivingCompany, table: str, code: str, says: str
):
    company.given(*CODING)
    company.run(f"UPDATE {table} SET active = 0")  # noqa: S608
    company.send(bill(1, line(1, "1", location_id="1")))
    assert company.row(1).code == code
    assert re.search(says, company.row(1).reason or "")


def test_a_rejection_holds_nothing_else_up_and_is_tried_again(company: ReceivingCompany):
    result = company.send(*CODING, bill(1, line(1, "1", 2)), bill(2, total=9, amount_due=9))
    assert result.counts["bills"] == {"delivered": 1, "rejected": 1}
    assert company.send(bill(2), before=READ).counts["bills"] == {"delivered": 1}


def test_names_of_any_kind_arrive(company: ReceivingCompany):
    name = "O'Brien & “Söhne” 👩‍👩‍👧 " + "x" * 300
    odd = class_(2, name=name, full_name=name)
    company.send(
        *CODING, vendor(3, name=name), odd, bill(1, line(1, "1", memo=name, class_id="2"), memo=name)
    )
    shown = json.loads(company.invoice(1)["content"])
    assert len(shown["lines"][0]["description"]) == 100
    assert shown["lines"][0]["description"].endswith("…")


def test_every_write_is_on_the_audit_trail_and_no_secret_is(company: ReceivingCompany):
    company.send(*CODING, vendor(3, tax_id="12-3456789"), bill(1, images=[company.picture()]))
    with Ledger(company.config["ledger_url"]) as ledger:
        assert ledger.verify().broken_at is None
    trail = (company.folder / "ledger.db").read_bytes() + b"".join(
        file.read_bytes() for file in company.folder.glob("ledger.db-wal")
    )
    assert b"send image" in trail
    assert b"upsert invoice" in trail
    for secret in ("12-3456789", *_secrets(company)):
        assert secret.encode() not in trail


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": "http://avidxchange.example"}, "base_url 'http://avidxchange.example' is not https"),
        ({"profile": "nowhere"}, "Profile 'nowhere' is neither one that ships"),
        ({"base_url": None}, "base_url"),
    ],
)
@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # no contract decides it
def test_a_wrong_setting_is_one_plain_line(company: ReceivingCompany, changes, says):  # noqa: ANN001
    assert says in _refused(company, _program(company, changes))


def test_a_credential_that_is_missing_or_wrong_is_named(company: ReceivingCompany):
    """Under whichever contract, its own credentials are."""
    for name in company.credentials:
        config = {key: value for key, value in company.config.items() if key != name}
        with pytest.raises(SettingError, match=f"Setting {name} is missing"):
            TargetAvidXchange(config=config)
    assert name in _refused(company, _program(company, {name: "wrong"}))


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # no contract decides it
def test_nobody_there_is_one_plain_line(company: ReceivingCompany):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ended = _program(company, {"base_url": f"http://127.0.0.1:{port}/avidconnect"})
    assert ended.returncode == 1
    assert f"http://127.0.0.1:{port}/avidconnect" in _the_error(ended)
    assert "base_url" in _the_error(ended)


def test_a_token_without_the_right_to_write_is_one_plain_line(company: ReceivingCompany):
    company.switch("avidxchange.token_may_write", value=False)
    ended = _program(company, {})
    assert ended.returncode == 1
    assert "no right to change anything" in _the_error(ended)


def _program(company: ReceivingCompany, changes: dict[str, object]) -> subprocess.CompletedProcess[str]:
    config = {name: value for name, value in {**company.config, **changes}.items() if value is not None}
    file = company.folder / "config.json"
    file.write_text(json.dumps(config))
    given = singer([*CODING, bill(1)], {"bookmarks": {}}).decode()
    return forked.run("target-avidxchange", f"--config={file}", stdin=given, cwd=company.folder)


def _secrets(company: ReceivingCompany) -> set[str]:
    return {value for name, value in company.credentials.items() if name != "company_id"}


def _refused(company: ReceivingCompany, ended: subprocess.CompletedProcess[str]) -> str:
    """Check that a program ended as it should and gave no secret away; return its one line."""
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert not any(secret in ended.stderr for secret in _secrets(company))
    return _the_error(ended)


def _the_error(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of error that a program may end with."""
    (found,) = [told for told in ended.stderr.splitlines() if "ERROR" in told]
    return found


def test_what_a_refused_bill_quotes_is_logged_without_its_secrets(
    company: ReceivingCompany, caplog: pytest.LogCaptureFixture
):
    company.given(*CODING, bill(1))
    company.approve(1)
    with caplog.at_level("INFO"):
        company.send(bill(1, memo="For 123-45-6789"))
    assert "(For [redacted], was" in caplog.text
    assert "123-45-6789" not in caplog.text
