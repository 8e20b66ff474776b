"""What the console tells monitoring, over real HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from apbridge.errors import SettingError, UnavailableError
from apbridge.ledger import Ledger
from apbridge_operator.console import probes as probes_module
from apbridge_operator.console.probes import Probes
from apbridge_operator.monitoring import Loop, Numbers
from apbridge_operator.schedules import Silence
from tests.console.morning import SECRETS, fill
from tests.console.visits import Served

if TYPE_CHECKING:
    from starlette.responses import Response

ROOT = Path(__file__).parents[3]
TOKEN = "0123456789abcdef-of-chance"
NAMES = ("INV-", "vendorbill", "1234567", "Abernathy", "5001", "NetSuite did not answer", *SECRETS)
Numbered = dict[tuple[str, ...], float]


def parsed(text: str) -> dict[str, Numbered]:
    """Return every number by its name and its labels' values, in the order of their names."""
    return {
        sample.name: {
            tuple(value for _, value in sorted(one.labels.items())): one.value
            for one in family.samples
            if one.name == sample.name
        }
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_health_is_told_to_anybody_in_levels_and_codes_alone(served: Served):
    answered = served.get("/health")
    assert (answered.status_code, answered.headers["cache-control"]) == (503, "no-store")
    assert answered.json() == {
        "level": "bad",
        "signs": [
            {"what": "NetSuite to AvidXchange", "level": "good", "code": None},
            {"what": "AvidXchange to NetSuite", "level": "bad", "code": "APB-HLT-003"},
            {"what": "Reconciliation", "level": "good", "code": None},
        ],
    }
    assert not [one for one in NAMES if one in answered.text]
    assert "set-cookie" not in answered.headers


def test_all_is_well_with_200(serving: Callable[..., Served], ledger: Ledger):
    ledger.start_run("target-netsuite-payments", "1.0").finish("finished", {})
    answered = serving(ledger).get("/health")
    assert (answered.status_code, answered.json()["level"]) == (200, "good")


def test_an_answer_is_kept_for_some_seconds(serving: Callable[..., Served], ledger: Ledger):
    served = serving(ledger)
    assert served.get("/health").status_code == 503
    ledger.start_run("target-netsuite-payments", "1.0").finish("finished", {})
    served.now = 4.9
    assert served.get("/health").status_code == 503
    served.now = 5.0
    assert served.get("/health").status_code == 200


def test_a_page_elsewhere_that_takes_this_machines_address_is_told_nothing(served: Served):
    for path in ("/health", "/metrics"):
        assert served.get(path, headers={"Host": "evil.example.com"}).status_code == 421


def test_a_ledger_that_cannot_be_read_is_unwell(served: Served, ledger: Ledger):
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE apbridge_runs RENAME TO gone")
    answered = served.get("/health")
    assert answered.status_code == 503
    assert answered.json() == {"level": "bad", "code": "APB-LED-002"}


def test_without_a_token_there_are_no_metrics(served: Served):
    answered = served.get("/metrics")
    assert answered.status_code == 404
    assert "[APB-CON-011]" in answered.text


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}é"])
def test_metrics_want_the_token(serving: Callable[..., Served], ledger: Ledger, given: str):
    served = serving(ledger, metrics_token=TOKEN)
    answered = served.get("/metrics", headers={"Authorization": given.encode()})
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"].startswith("Bearer")
    assert "apbridge_" not in answered.text
    # It lets nobody see a page.
    assert served.get("/", headers=bearer(TOKEN)).status_code == 403


def test_prometheus_reads_the_state_of_the_loop(serving: Callable[..., Served], ledger: Ledger):
    answered = serving(ledger, metrics_token=TOKEN).get("/metrics", headers=bearer(TOKEN))
    assert answered.status_code == 200
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = parsed(answered.text)
    out, back = "target-avidxchange", "target-netsuite-payments"
    assert found["apbridge_ledger_up"] == {("",): 1}
    assert found["apbridge_runs_total"] == {("", out, "finished"): 1, ("", back, "failed"): 1}
    assert set(found["apbridge_last_good_run_timestamp_seconds"]) == {("", out)}
    assert set(found["apbridge_last_run_timestamp_seconds"]) == {("", out), ("", back)}
    bills = ("bills", "avidxchange")
    assert found["apbridge_records"]["", "rejected", "bills", "avidxchange"] == 30
    assert found["apbridge_open_records"] == {
        ("APB-TAX-002", "", "rejected", *bills, "false"): 30,
        ("", "", "waiting", *bills, "false"): 1,
    }
    assert found["apbridge_open_since_timestamp_seconds"].keys() == found["apbridge_open_records"].keys()
    assert found["apbridge_open_amount"] == {
        ("", "USD", "rejected", *bills): 30 * 1840.20,
        ("", "USD", "waiting", *bills): 1840.20,
    }
    assert found["apbridge_audit_trail_rows"] == {("",): ledger.audit.anchor().seq}
    assert found["apbridge_reconciliation_differences"] == {("", "true"): 0, ("", "false"): 0}
    assert found["apbridge_health"]["", "AvidXchange to NetSuite"] == 2
    assert not [one for one in NAMES if one in answered.text]


def test_an_amount_that_is_none_hides_no_other(ledger: Ledger):
    good = "SELECT min(external_id) FROM apbridge_records WHERE status = 'rejected' AND amount = '1840.20'"
    for wrong in ("9e999999", "NaN", "sNaN", "-Infinity", "ten"):
        with ledger.database.writing() as connection:
            connection.exec_driver_sql(
                f"UPDATE apbridge_records SET amount = '{wrong}' WHERE external_id = ({good})"  # noqa: S608
            )
    found = parsed(Numbers([Loop(ledger, None, Silence())]).text().decode())
    assert found["apbridge_open_amount"]["", "USD", "rejected", "bills", "avidxchange"] == 25 * 1840.20


def test_the_alerts_that_are_shipped_are_of_numbers_that_there_are(ledger: Ledger):
    told = {one.name for one in Numbers([Loop(ledger, None, Silence())]).collect()}
    (group,) = yaml.safe_load((ROOT / "orchestrate/prometheus/alerts.yml").read_text())["groups"]
    asked: set[str] = set()
    for rule in group["rules"]:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        found = set(re.findall(r"apbridge_[a-z_]+", rule["expr"]))
        assert found <= told, rule["alert"]
        asked |= found
    assert asked >= {"apbridge_health", "apbridge_open_records", "apbridge_reconciliation_differences"}


def test_what_operating_tells_of_metrics_is_what_there_is(ledger: Ledger):
    told = {one.name for one in Numbers([Loop(ledger, None, Silence())]).collect()}
    page = (ROOT / "docs/operating.md").read_text()
    assert {one.removesuffix("_total") for one in re.findall(r"`(apbridge_[a-z_]+)`", page)} == told


def test_a_short_token_is_refused_at_once(ledger: Ledger):
    with pytest.raises(SettingError, match=r"APB-CON-012"):
        Probes([Loop(ledger, None, Silence())], "short")


def test_many_at_once_ask_the_ledger_once_however_slow_it_is(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    asked: list[Loop] = []

    def read(_: Numbers, loop: Loop) -> tuple[None, list[float]]:
        asked.append(loop)
        return None, []

    monkeypatch.setattr(Numbers, "_read", read)
    probes = Probes([Loop(ledger, None, Silence())], TOKEN, lambda: 10.0 * len(asked))

    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(probes._measured(f"Bearer {TOKEN}") for _ in range(20)))

    assert {one.status_code for one in asyncio.run(all_at_once())} == {200}
    assert len(asked) == 1


def test_a_ledger_that_cannot_be_read_is_asked_once_too(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []

    def fail(loops: object) -> None:
        asked.append(loops)
        raise UnavailableError("APB-LED-002", ledger="ledger.db", problem="it is gone")

    monkeypatch.setattr(probes_module, "health_of_all", fail)
    probes = Probes([Loop(ledger, None, Silence())], TOKEN, lambda: 10.0 * len(asked))

    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(probes._healthy() for _ in range(20)))

    assert {one.status_code for one in asyncio.run(all_at_once())} == {503}
    assert len(asked) == 1


def test_several_companies_are_told_apart_and_one_that_fails_hides_no_other(url: str):
    with Ledger(url) as ledger:
        fill(ledger)
        acme, bolt = (Loop(ledger, None, Silence(), name) for name in ("acme", "bolt"))
        numbers = Numbers([acme, ("down", SettingError("APB-CON-011")), bolt])
    found = parsed(numbers.text().decode())
    assert found["apbridge_ledger_up"] == {("acme",): 1, ("down",): 0, ("bolt",): 1}
    assert {company for company, *_ in found["apbridge_records"]} == {"acme", "bolt"}
    assert [one.code for one in numbers.failures] == ["APB-CON-011"]
