"""`apbridge profile record` and `drift`, and who is told: answers, held against those before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge.avidxchange.recording import AnswerRecorder
from apbridge.http import Answer, AnswerKind
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.notify import TOLD
from apbridge_sandbox.testing import Running

from .test_profile import sandbox  # noqa: F401 - a fixture

Apbridge = Callable[..., Any]
NAME = "Jane Doe 12-3456789"
PAYMENT = {
    "id": NAME,
    "status": "settled",
    "amount": 5,
    "checkNumber": NAME,
    "payee": {"name": NAME, NAME: 1},
}


def see(url: str, count: int, **changes: Any) -> None:  # noqa: ANN401
    one = {name: value for name, value in {**PAYMENT, **changes}.items() if value is not ...}
    with Ledger(url) as ledger:
        recorder = AnswerRecorder("avidconnect", RunHistory(ledger).revise)
        body = {"items": [one] * count, "nextCursor": None}
        recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=body))
        recorder.keep()


def test_where_nothing_has_changed_it_says_so(apbridge: Apbridge, url: str):
    ended = apbridge("profile", "drift")
    assert (ended.code, ended.out.split(":")[0]) == (0, "No answers are kept")
    see(url, 20)
    ended = apbridge("profile", "drift", "--verbose")
    assert ended.code == 0
    assert "Nothing has changed." in ended.out
    assert "items[].payee.name" in ended.out
    (amount,) = (line for line in ended.out.splitlines() if "items[].amount" in line)
    assert "resources.payment.list.read.amount" in amount
    assert apbridge("notify").code == 0


def test_a_change_is_shown_told_once_and_accepted(apbridge: Apbridge, url: str):
    see(url, 20)
    see(url, 3, amount=..., total=5, status="at_bank")
    ended = apbridge("profile", "drift")
    assert ended.code == FOUND
    for told in ("items[].amount", "resources.payment.list.read.amount", "at_bank", "new", "items[].total"):
        assert told in ended.out
    assert "apbridge profile record --accept" in ended.out
    told = apbridge("notify")
    assert told.code == TOLD
    assert told.out.count("AvidXchange's answers have changed\n") == 1
    assert "APB-AX" not in told.out
    assert "is absent in the last 3" in told.out
    assert "'at_bank'" in told.out
    see(url, 3, amount=...)
    assert apbridge("notify").code == 0
    see(url, 3, amount=..., method="wire")
    again = apbridge("notify")
    assert (again.code, "'wire'" in again.out, "'at_bank'" in again.out) == (TOLD, True, False)
    assert apbridge("profile", "record", "--accept").out == "5 changes are accepted.\n"
    assert apbridge("profile", "drift").code == 0
    see(url, 30, amount=..., method="wire", status="at_bank")
    assert apbridge("profile", "drift").code == 0
    assert apbridge("notify").code == 0


def test_what_is_new_alone_is_shown_and_told_to_nobody(apbridge: Apbridge, url: str):
    see(url, 20)
    see(url, 3, total=5)
    ended = apbridge("profile", "drift")
    assert (ended.code, "items[].total" in ended.out) == (0, True)
    assert apbridge("notify").code == 0


def test_what_is_written_for_a_report_of_a_bug_holds_no_value(apbridge: Apbridge, url: str, project: Path):
    see(url, 20)
    see(url, 3, amount="5.00")
    ended = apbridge("profile", "drift", "--json", "--output", "shapes.json")
    assert ended.code == FOUND
    shown = json.loads(ended.out)
    written = (project / "shapes.json").read_text()
    assert json.loads(written) == shown["answers"]
    assert not shown["ok"]
    (change,) = shown["answers"][0]["changes"]
    assert (change["kind"], change["was"], change["now"]) == ("type", "number", "string")
    assert change["do"]
    for part in ("Jane", "Doe", "3456789", "5.00"):
        assert part not in written + ended.out


def test_check_warns_of_what_has_changed(apbridge: Apbridge, url: str):
    see(url, 20)
    see(url, 3, amount=...)
    os.environ["TARGET_AVIDXCHANGE_LEDGER_URL"] = os.environ["TARGET_NETSUITE_PAYMENTS_LEDGER_URL"] = url
    found = json.loads(apbridge("check", "--json").out)["checks"]
    assert [one["code"] for one in found if one["subject"] == "answers"] == ["APB-AX-040"]


@pytest.mark.parametrize("contract", shipped())
def test_record_reads_each_list_once_and_writes_nothing(
    apbridge: Apbridge,
    sandbox: Running,  # noqa: F811 - the fixture
    contract: str,
    url: str,
):
    for name, value in sandbox.avidxchange_settings(contract).items():
        os.environ[f"TARGET_AVIDXCHANGE_{name.upper()}"] = value
    sandbox.control("/control/calls", method="DELETE")
    ended = apbridge("profile", "record")
    assert (ended.code, ended.err) == (0, "")
    assert "0 changes are new" in ended.out
    asked = sandbox.calls()["avidxchange"]["by_operation"]
    signing_in = ("/token", "/authorizations")
    assert all(call.startswith("GET ") for call in asked if not call.endswith(signing_in))
    with Ledger(url) as ledger:
        kept = {one.value["operation"] for one in RunHistory(ledger).recall_all("answers: ").values()}
    assert {"payment.list", "invoice.list", "vendor.list", "gl_account.list", "dimension_value.list"} <= kept
    sandbox.control("/control/switches", {"avidxchange.drift": "status"})
    try:
        ended = apbridge("profile", "record", "--json")
    finally:
        sandbox.control("/control/switches", {"avidxchange.drift": ""})
    shown = json.loads(ended.out)
    assert [(one["operation"], one["kind"]) for one in shown["changes"]] == [("payment.list", "word")]
    assert {one["problem"] for one in shown["lists"]} == {None}
