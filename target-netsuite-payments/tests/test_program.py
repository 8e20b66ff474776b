"""The program as a user runs it: one plain line where a setting is wrong, and the README's own example."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apbridge.json import dumps, loads
from apbridge_sandbox.certificates import self_signed
from tests import forked

from .company import PostingCompany
from .program import Target
from .records import in_full, messages

README = Path(__file__).parents[1] / "README.md"


def run(folder: Path, config: dict[str, Any], stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    (folder / "config.json").write_text(json.dumps(config))
    return forked.run("target-netsuite-payments", "--config=config.json", stdin=stdin, cwd=folder)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("account_id", "https://evil.example"),
        ("private_key_path", "nowhere.pem"),
        ("base_url", "http://netsuite.example"),
        ("on_void", "sometimes"),
        ("bank_accounts", [{"acount": "102"}]),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(target: Target, tmp_path: Path, setting: str, value: object):
    ended = run(tmp_path, {**target.config, setting: value})
    assert ended.returncode == 1
    assert ended.stdout == ""
    line = ended.stderr.splitlines()[-1]
    assert setting in line
    assert "Traceback" not in ended.stderr


def test_a_key_that_netsuite_does_not_know_is_named_in_one_line(
    target: Target, tmp_path: Path, company: PostingCompany
):
    ended = run(tmp_path, {**target.config, "certificate_id": "nobody"}, messages([in_full(company.bill())]))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "certificate_id" in ended.stderr.splitlines()[-1]
    assert "PRIVATE KEY" not in ended.stderr


def test_the_end_of_the_certificate_is_said_in_the_last_line(target: Target, tmp_path: Path):
    key: Any = load_pem_private_key(Path(target.config["private_key_path"]).read_bytes(), password=None)
    pem = self_signed(key, lasts=timedelta(days=20, hours=1))
    ended = run(tmp_path, {**target.config, "certificate": pem}, messages([]))
    assert ended.returncode == 0
    assert "in 20 days" in ended.stderr.splitlines()[-1]


def test_the_readmes_example_runs(company: PostingCompany, target: Target, tmp_path: Path):
    bill = company.bill()
    text = README.read_text(encoding="utf-8")
    config_text, lines = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    config = {**json.loads(config_text), **{k: v for k, v in target.config.items() if k != "bank_accounts"}}
    schema, record = (loads(line) for line in lines.splitlines())
    paid = record["record"]
    assert [each["amount"] + each["discount"] for each in paid["allocations"]] == [100]
    paid |= {"id": "readme", "external_id": "avidxchange-payment-readme"}
    paid["vendor_id"] = f"netsuite-1234567_SB1-vendor-{bill.vendor}"
    paid["allocations"][0] |= {"invoice_external_id": bill.external_id, "amount": bill.unpaid - 2}
    paid["amount"] = bill.unpaid - 2
    ended = run(tmp_path, config, dumps(schema) + b"\n" + dumps(record) + b"\n")
    assert ended.returncode == 0, ended.stderr
    assert "1 delivered" in ended.stderr
    assert company.payment(paid).account == config["bank_account"]
    assert company.unpaid(bill) == 0


def test_settings_may_come_from_the_environment(company: PostingCompany, target: Target, tmp_path: Path):
    bill = company.bill()
    settings = {**target.config, "bank_account": "102"}
    del settings["bank_accounts"]
    names = {f"TARGET_NETSUITE_PAYMENTS_{name.upper()}": value for name, value in settings.items()}
    ended = forked.run(
        "target-netsuite-payments",
        "--config=ENV",
        stdin=messages([in_full(bill)]),
        cwd=tmp_path,
        env={**os.environ, **names},
    )
    assert ended.returncode == 0, ended.stderr
    assert company.unpaid(bill) == 0
