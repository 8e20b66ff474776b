"""`apbridge survey`: what it finds, what it must not tell, and a sandbox that behaves as the account did."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.survey import AnswerState, Report, asks
from apbridge_operator.survey.account import Account as SurveyedAccount
from apbridge_operator.survey.account import project_queries
from apbridge_operator.survey.probe import probes
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.switches import Switch, declared, listed
from apbridge_sandbox.switches.like import likeness, told_by
from apbridge_sandbox.testing import Running, running
from tests.accounts.accounts import Account, accounts
from tests.in_process import netsuite_config
from tests.surveying import asked, found, submitted, surveyed
from tools import survey as generated

pytestmark = pytest.mark.long

small = partial(running, vendors=3, bills=6)
ACCOUNTS = accounts()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with small() as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox: Running) -> Iterator[Running]:
    yield sandbox
    sandbox.control("/control/switches", method="DELETE")
    sandbox.control("/control/faults", method="DELETE")


def states(report: Report) -> dict[str, AnswerState]:
    return {one.name: one.state for one in report.results}


@pytest.mark.parametrize("account", ACCOUNTS, ids=[one.name for one in ACCOUNTS])
def test_a_sandbox_like_the_account_is_surveyed_alike(account: Account, company: Running, tmp_path: Path):
    company.control("/control/switches", account.switches)
    first, file = surveyed(company), tmp_path / "survey.json"
    first.write(file)
    with small(like=file) as like:
        assert surveyed(like).as_fields() == first.as_fields()
        assert like.sandbox
        for name in likeness().told.keys() & account.switches.keys() - _UNSEEN - _PARTLY:
            assert _parts(like.sandbox.switches[name]) == _parts(account.switches[name]), name


def _parts(value: object) -> object:
    return sorted(listed(value)) if isinstance(value, str) else value


_PARTLY = {"netsuite.missing_permissions", "netsuite.permission_levels", "netsuite.role_subsidiaries"}
"""Told as far as reading shows."""

_UNSEEN = {"netsuite.deleted_record_types", "netsuite.payment_approval", "netsuite.has_more_at_cap"}
"""Told by what the seeded company does not have: deletions, pending payments, 100,000 lines."""


@pytest.fixture(scope="module")
def usual(sandbox: Running) -> tuple[Report, Any]:
    """The survey of the seeded company, and what it has called."""
    sandbox.control("/control/calls", method="DELETE")
    return surveyed(sandbox, avidxchange="avidconnect"), sandbox.calls()


def test_nothing_is_written_and_little_is_asked(usual: tuple[Report, Any]):
    _, calls = usual
    assert calls["netsuite"]["writes"] == calls["avidxchange"]["writes"] == 0
    assert calls["netsuite"]["total"] + calls["avidxchange"]["total"] <= 150


def test_a_table_of_which_some_columns_are_refused_without_a_name_is_there(company: Running):
    """They stand side by side, and the halving comes to a part of which nothing is shown."""
    hidden = {"legalname", "subsidiary"}
    company.control(
        "/control/switches",
        {
            "netsuite.hidden_columns": ", ".join(f"vendor.{name}" for name in hidden),
            "netsuite.unknown_column_status": 500,
        },
    )
    with NetSuite(NetSuiteSettings.from_config(netsuite_config(company))) as netsuite:
        account = SurveyedAccount(netsuite)
        account.look_at("vendor", ["id", "entityid", *hidden])
    assert account.hidden == {"vendor": hidden}


def test_every_query_and_column_of_the_project_is_tried():
    assert generated.FILE.read_text(encoding="utf-8") == generated.contents(), "run python -m tools.survey"
    files = {
        f"{path.parts[-3]}.{path.stem}"
        for path in generated.ROOT.glob("[!.]*/**/queries/*.sql")
        if ".venv" not in path.parts
    }
    names = {".".join(name.split(".")[-2:]) for name in project_queries().queries}
    assert {name.rpartition(".")[2] for name in files} == {name.rpartition(".")[2] for name in names}
    assert len(names) == len(files)


def test_every_switch_is_told_by_a_probe_or_cannot_be_seen():
    declaration = likeness()
    assert not declaration.told.keys() & declaration.not_seen.keys()
    assert declaration.told.keys() | declaration.not_seen.keys() == declared().keys(), (
        "say in switches/like.yaml which probe tells a switch, or why reading does not show it"
    )
    told = {one.probe for one in (*declaration.told.values(), *declaration.options.values())}
    assert told <= probes().keys()


def test_every_probe_is_asked(usual: tuple[Report, Any]):
    names = states(usual[0]).keys()
    assert probes().keys() - {"avidxchange.dimension_value"} <= names
    assert asks.ASKS.keys() <= names
    assert {name.removeprefix("netsuite.queries.") for name in names if ".queries." in name} == (
        project_queries().queries.keys()
    )


def _values(switch: Switch) -> list[Any]:
    if isinstance(switch.default, bool):
        return [False, True]
    return list(switch.values or switch.of or [switch.default])


@pytest.mark.parametrize("turn", range(2))
def test_every_value_of_a_switch_that_is_told_comes_back(company: Running, tmp_path: Path, turn: int):
    every = declared()
    finite = {name: _values(every[name]) for name in likeness().told if name not in _UNSEEN | _PARTLY}
    wanted = {name: values[turn % len(values)] for name, values in finite.items()}
    # With a feature off, nothing shows what depends on it.
    wanted |= {f"netsuite.{name}": True for name in ("oneworld", "custom_segments", "client_suitescript")}
    wanted["netsuite.web_services_only"] = False
    company.control("/control/switches", wanted)
    file = tmp_path / "survey.json"
    surveyed(company).write(file)
    told = told_by(file).switches
    # A feature that is off takes its columns away, too.
    assert str(wanted.pop("netsuite.hidden_columns")) in str(told["netsuite.hidden_columns"])
    assert told.items() >= wanted.items()


def test_how_deletions_are_spelled_is_told(tmp_path: Path):
    file, switch = tmp_path / "survey.json", "netsuite.deleted_record_types"
    with small() as company:
        company.control("/control/netsuite/delete", {"type": "vendorbill", "id": _last_bill(company)})
        for spelling in _values(declared()[switch]):
            company.control("/control/switches", {switch: spelling})
            result = asked(company, "netsuite.deleted_types")
            assert result.found["types"]
            is_known = spelling != "localised"
            assert result.state is (AnswerState.EXPECTED if is_known else AnswerState.HANDLED)
            Report([result], "0", "2026-11-30").write(file)
            assert told_by(file).switches[switch] == spelling


def test_payments_that_wait_for_approval_are_told(company: Running, tmp_path: Path):
    assert company.sandbox
    with company.sandbox.store.write() as books:
        changed = books.execute("UPDATE ns_transaction SET status = 'A' WHERE type = 'VendPymt'")
        assert changed.rowcount
    try:
        result, file = asked(company, "netsuite.payment_statuses"), tmp_path / "survey.json"
    finally:
        with company.sandbox.store.write() as books:
            books.execute("UPDATE ns_transaction SET status = 'F' WHERE type = 'VendPymt'")
    assert result.state is AnswerState.HANDLED
    Report([result], "0", "2026-11-30").write(file)
    assert told_by(file).switches == {"netsuite.payment_approval": "routing"}


def _last_bill(company: Running) -> str:
    assert company.sandbox
    with company.sandbox.store.connection() as books:
        query = "SELECT MAX(id) AS id FROM ns_transaction WHERE type = 'VendBill' AND paid_cents = 0"
        return str(books.execute(query).fetchone()["id"])


@pytest.mark.parametrize(("name", "value"), [("client_suitescript", False), ("web_services_only", True)])
def test_why_no_restlet_can_be_called_is_told(company: Running, tmp_path: Path, name: str, *, value: bool):
    company.control("/control/switches", {f"netsuite.{name}": value})
    result, file = asked(company, "netsuite.restlet"), tmp_path / "survey.json"
    Report([result], "0", "2026-11-30").write(file)
    assert result.state is AnswerState.FAILS
    assert told_by(file).switches[f"netsuite.{name}"] is value


def test_a_missing_permission_is_told_by_netsuites_name(company: Running):
    company.control(
        "/control/switches",
        {"netsuite.missing_permissions": "Lists -> Departments, Setup -> Deleted Records"},
    )
    report = surveyed(company)
    assert found(report, "netsuite.permissions")["missing"] == [
        "Lists -> Departments",
        "Setup -> Deleted Records",
    ]
    assert states(report)["netsuite.permissions"] is AnswerState.FAILS
    assert found(report, "netsuite.features")["departments"]


@pytest.mark.parametrize("missing", ["Reports -> SuiteAnalytics Workbook", "Setup -> REST Web Services"])
def test_whoever_is_not_let_in_has_a_report_too(company: Running, missing: str):
    company.control("/control/switches", {"netsuite.missing_permissions": missing})
    report = surveyed(company)
    assert report.fails
    assert states(report)["netsuite.sign_in"] is AnswerState.FAILS
    assert len(report.results) == 2


@pytest.mark.parametrize("answer", ["Bad gateway", {"items": 7}])
def test_a_probe_that_fails_is_a_result(company: Running, answer: object, monkeypatch: pytest.MonkeyPatch):
    def answers(*_: object, **__: object) -> object:
        return answer

    monkeypatch.setattr("apbridge_operator.survey.account.Account.page", answers)
    monkeypatch.setattr("apbridge_operator.survey.asks.record_fields", answers)
    ended = states(surveyed(company))
    assert ended["netsuite.records"] is ended["netsuite.custom"] is AnswerState.UNKNOWN
    assert ended["netsuite.bill_statuses"] is AnswerState.EXPECTED


def test_what_avidxchanges_lists_show_is_told(company: Running):
    dict(submitted(company, (f"Canary{number}" for number in count())))
    for profile, since in (("avidconnect", "second"), ("partner", "day")):
        report = surveyed(company, avidxchange=profile)
        payment, invoice = (found(report, f"avidxchange.{name}") for name in ("payment", "invoice"))
        assert payment["status"] == ["settled"]
        assert payment["method"] == ["check"]
        assert {"amount", "vendor_id", "allocations", "paid_on"} <= set(payment["fields"])
        assert invoice["status"] == ["paid"]
        assert invoice["since"] == since
        assert invoice["page"] == "one page"
        assert invoice["names"]


def test_a_word_that_the_profile_does_not_know_will_fail(company: Running):
    dict(submitted(company, (f"Canary{number}" for number in count(100))))
    assert company.sandbox
    _pay_by(company.sandbox, "giro")
    try:
        report = surveyed(company, avidxchange="avidconnect")
    finally:
        _pay_by(company.sandbox, "check")
    assert found(report, "avidxchange.payment")["untranslated"] == ["giro"]
    assert states(report)["avidxchange.payment"] is AnswerState.FAILS


def _pay_by(sandbox: Sandbox, method: str) -> None:
    with sandbox.store.write() as books:
        books.execute("PRAGMA ignore_check_constraints = ON")
        books.execute("UPDATE ax_payment SET method = ?", (method,))


def test_a_level_that_is_too_low_is_told(company: Running):
    company.control(
        "/control/switches",
        {
            "netsuite.permission_levels": "Transactions -> Pay Bills: View",
            "netsuite.missing_permissions": "Transactions -> Bill Credits",
        },
    )
    report = surveyed(company)
    (result,) = (one for one in report.results if one.name == "netsuite.permissions")
    assert result.state is AnswerState.FAILS
    assert result.found["missing"] == ["Transactions -> Bill Credits"], "only the script is told of it"
    assert "Transactions -> Pay Bills: View" in result.found["levels"]
    assert {note.code: note.facts["found"] for note in result.notes} == {
        "APB-SRV-010": "Transactions -> Bill Credits",
        "APB-SRV-019": "Transactions -> Pay Bills",
    }
