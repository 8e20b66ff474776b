"""The sandbox as an account that was surveyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from apbridge_sandbox import cli
from apbridge_sandbox.switches import Switches
from apbridge_sandbox.switches.like import NoReportError, told_by
from apbridge_sandbox.testing import running


def report(folder: Path, probes: dict[str, Any]) -> Path:
    file = folder / "survey.json"
    told = {name: {"state": "as expected", "found": found} for name, found in probes.items()}
    file.write_text(json.dumps({"format": 1, "apbridge": "0", "day": "2026-11-30", "probes": told}))
    return file


def test_what_a_report_tells_is_how_switches_stand(tmp_path: Path):
    file = report(
        tmp_path,
        {
            "netsuite.features": {"oneworld": False, "departments": None},
            "netsuite.release": {"bind_parameters": True},
            "netsuite.columns": {"hidden": ["vendor.legalname", "vendor.nobody_knows"]},
            "netsuite.permissions": {"missing": ["Lists -> Items", "Lists -> Currency"]},
            "netsuite.balance_dates": {"told": "none"},
            "netsuite.link_types": {"links": ["Payment", "OrdBill"]},
            "netsuite.payment_statuses": {"statuses": ["A", "F"]},
            "netsuite.restriction": {"hidden_vendors": "tens"},
            "netsuite.concurrency": {"limit": 15},
        },
    )
    account = told_by(file)
    assert account.switches == {
        "netsuite.oneworld": False,
        "netsuite.release": "2026.2",
        "netsuite.hidden_columns": "vendor.legalname",
        "netsuite.missing_permissions": "Lists -> Items, Lists -> Currency",
        "netsuite.accounting_line_dates": "null",
        "netsuite.other_links": False,
        "netsuite.payment_approval": "routing",
        "netsuite.role_subsidiaries": "1",
    }
    assert account.concurrency_limit == 15
    assert account.left == []
    with running(vendors=1, bills=1, like=file) as sandbox:
        assert sandbox.sandbox
        assert sandbox.sandbox.options.concurrency_limit == 15
        assert sandbox.control("/control/switches", {"netsuite.oneworld": True})
        sandbox.control("/control/switches", method="DELETE")
        assert sandbox.sandbox.switches["netsuite.oneworld"] is False, "it is that account until it ends"


def test_what_a_switch_cannot_be_is_left_and_said(tmp_path: Path):
    file = report(tmp_path, {"netsuite.paging": {"offset_past_cap": "wraps"}, "netsuite.refusals": {}})
    account = told_by(file)
    assert account.switches == {}
    assert account.left == ["netsuite.offset_past_cap"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "probes": [7]}', '{"format": 2, "probes": {}}']
)
def test_another_file_is_no_report(tmp_path: Path, text: str):
    file = tmp_path / "survey.json"
    file.write_text(text)
    with pytest.raises(NoReportError):
        told_by(file)
    ended = CliRunner().invoke(cli.main, ["serve", "--db", str(tmp_path / "new.db"), "--like", str(file)])
    assert ended.exit_code == 1
    assert "survey" in ended.output
    assert not (tmp_path / "new.db").exists()


def test_switches_begin_all_or_none():
    with pytest.raises(ValueError, match="no switch"):
        Switches({"netsuite.nothing": 1})
