from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import update

from apbridge.errors import urgent
from apbridge.ledger import Ledger, Status
from apbridge.ledger.run_history import BRIDGE, DIFFERENCES, RunHistory
from apbridge.ledger.tables import runs
from apbridge_operator.console.serve import report
from apbridge_operator.exceptions import Exceptions
from apbridge_operator.schedules import Silence
from tests.console.morning import SECRETS, MorningReconciliation, bill_name, rejection
from tests.console.visits import Served, Visit
from tests.waiting import PATIENCE

PAGES = (
    "/",
    "/balance",
    "/exceptions",
    "/exceptions?page=2&code=APB-TAX-002",
    "/exceptions?status=dismissed",
    f"/exceptions/avidxchange/bills/{bill_name(1)}",
    "/history",
    "/history?number=INV-1",
    "/history?number=5001",
    "/history?number=nobody",
)


class PageShape(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_no_secret_and_runs_no_script(visit: Visit, path: str):
    answer = visit.page(path)
    assert answer.status_code == 200
    assert not [secret for secret in SECRETS if secret in answer.text]
    assert "<script" not in answer.text
    assert "<b>" not in answer.text
    assert "<i>" not in answer.text
    assert "style=" not in answer.text


HEADERS = {
    "Content-Security-Policy": {
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    },
    "Referrer-Policy": {"same-origin"},
    "X-Content-Type-Options": {"nosniff"},
    "X-Frame-Options": {"DENY"},
    "Cache-Control": {"no-store"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_every_answer_bears_each_header_that_keeps_browsers_careful(
    served: Served, visit: Visit, serving: Callable[..., Served], ledger: Ledger, name: str
):
    locked = serving(ledger, password="a long password")
    answers = {
        200: visit.page("/"),
        400: visit.page("/", headers={"Host": "a,b"}),
        403: served.get("/"),
        404: visit.page("/nowhere"),
        405: visit.page("/decide"),
        421: visit.page("/", headers={"Host": "evil.example"}),
        401: locked.get("/"),
        303: served.get(f"/?token={served.tokens[-1]}"),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    style = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answers[200].text)
    for answer in (*answers.values(), *(visit.get(visit.address + path) for path in style)):
        assert {part.strip() for part in answer.headers[name].split(";")} == HEADERS[name]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_by_ear_and_by_keyboard(visit: Visit, path: str):
    shape = PageShape(visit.page(path).text)
    assert shape.all("html")[0]["lang"] == "en"
    assert [len(shape.all(tag)) for tag in ("header", "main", "h1")][1:] == [1, 1]
    assert shape.all("a")[0] == {"class": "skip", "href": "#content"}
    ids = [attrs["id"] for _, attrs in shape.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {attrs.get("for") for attrs in shape.all("label")}
    fields = [one for one in shape.all("input") if one.get("type") != "hidden"]
    assert all(one.get("id") in labelled or one.get("name") == "who" for one in fields)
    assert all(one.get("aria-label") for one in shape.all("nav"))
    assert all(one.get("aria-hidden") or one.get("role") == "img" for one in shape.all("svg"))
    for name in (attrs["aria-labelledby"] for _, attrs in shape.tags if "aria-labelledby" in attrs):
        assert name in ids
    assert all(one.get("scope") for one in shape.all("th"))


def test_the_first_page_tells_the_state_of_the_loop(visit: Visit):
    said = visit.page("/").text
    assert "In balance, but not running well" in said
    assert "20 bills delivered" in said
    assert "1 waiting, 30 rejected" in said
    assert "NetSuite did not answer" in said
    assert "No run has ended well with this ledger" in said
    assert "1,624,472.31 USD" in said
    assert '<rect class="piece s3"' in said


def test_the_balance_is_a_bridge_from_one_total_to_the_other(visit: Visit, ledger: Ledger):
    said = visit.page("/balance").text
    first, last = said.index("1,626,972.31 USD"), said.rindex("1,624,472.31 USD")
    step = said.index("on payment hold (1 bill)")
    assert first < step < said.index("-2,500.00 USD") < last
    assert f'/history?number={bill_name(7)}">INV-7</a>' in said[step:last]
    assert "Not in the ledger, its approval is pending: 2 bills of 99.50 USD." in said
    assert "Abernathy &lt;i&gt;" in said
    assert said.index("31–60") < said.index("Prepared by")  # noqa: RUF001 - a dash
    bridge = MorningReconciliation(0).bridged()
    bridge["places"][-1]["steps"][0]["count"] = 9
    bridge["vendors"] = 5
    RunHistory(ledger).remember(BRIDGE, bridge)
    said = visit.page("/balance").text
    assert "8 more: <code>apbridge reconcile --step held</code>" in said
    assert "4 smaller ones more" in said
    # An earlier version has kept none.
    RunHistory(ledger).forget(BRIDGE)
    assert "Open in NetSuite, unpaid in AvidXchange" in visit.page("/balance").text


def test_the_balance_of_a_day_is_kept_beside_that_of_now(visit: Visit, ledger: Ledger):
    assert "There is none." in visit.page("/balance/day").text
    RunHistory(ledger).keep_reconciliation(MorningReconciliation(0, "2026-11-30"))
    assert '/balance/day">The balance at the end of 2026-11-30</a>' in visit.page("/balance").text
    said = visit.page("/balance/day").text
    assert "As of the end of 2026-11-30, compared at " in said
    assert said.index("1,626,972.31 USD") < said.index("on payment hold") < said.index("Prepared by")


def test_an_unexplained_difference_is_said_first(visit: Visit, ledger: Ledger):
    RunHistory(ledger).keep_reconciliation(MorningReconciliation(2))
    for path in ("/", "/balance"):
        said = visit.page(path).text
        assert "Not in balance" in said
        assert "2 of 2 differences are unexplained" in said
    assert "Nobody knows. <strong>What to do:</strong> Ask them." in said
    assert "Abernathy &lt;i&gt;" in said
    # What an earlier version has kept does not say what to do.
    kept = [
        {name: value for name, value in one.items() if name != "do"}
        for one in MorningReconciliation(2).listed()
    ]
    RunHistory(ledger).remember(DIFFERENCES, kept)
    assert "Nobody knows.</td>" in visit.page("/balance").text


@pytest.mark.parametrize("code", sorted(urgent()))
def test_a_double_payment_is_said_before_all_else(visit: Visit, ledger: Ledger, code: str):
    ledger.write(1, "avidxchange", [replace(rejection(30), code=code)])
    said = visit.page("/").text
    assert "Somebody may be paid twice" in said
    assert "Somebody may be paid twice: see the urgent exceptions, 1 in all." in said
    assert said.index(code) < said.index("APB-TAX-002")
    assert "act now" in said
    listed = visit.page("/exceptions").text
    assert listed.index(bill_name(30)) < listed.index(bill_name(2))


def test_a_run_that_was_incomplete_is_no_good_one(visit: Visit, ledger: Ledger):
    ledger.start_run("target-avidxchange", "1.0").finish("incomplete", {}, "NetSuite did not let it in.")
    said = visit.page("/").text
    assert "The last run was incomplete" in said
    assert "NetSuite did not let it in." in said
    # One that is under way makes nothing good.
    ledger.start_run("target-avidxchange", "1.0")
    assert "The last run was incomplete" in visit.page("/").text
    ledger.start_run("target-avidxchange", "1.0").finish("finished", {})
    assert "The last run was incomplete" not in visit.page("/").text


def test_a_first_run_that_takes_hours_is_under_way_and_not_silent(
    serving: Callable[..., Served], tmp_path: Path
):
    with Ledger(f"sqlite:///{tmp_path}/new.db") as ledger:
        visit = Visit(serving(ledger))
        ledger.start_run("target-avidxchange", "1.0")
        for hours, says in ((5, "and is under way"), (7, "No run has ended well with this ledger")):
            began = datetime.now(timezone.utc) - timedelta(hours=hours)
            with ledger.database.writing() as connection:
                connection.execute(update(runs).values(started_at=began))
            assert says in visit.page("/").text


def test_where_no_run_has_ended_well_for_long_the_last_ones_sentence_is_said(visit: Visit, ledger: Ledger):
    with ledger.database.writing() as connection:
        connection.execute(update(runs).values(finished_at=datetime.now(timezone.utc) - timedelta(hours=3)))
    ledger.start_run("target-avidxchange", "1.0").finish("incomplete", {}, "NetSuite did not let it in.")
    said = visit.page("/").text
    assert "No run has ended well since" in said
    assert "NetSuite did not let it in." in said


def test_a_run_is_shown_with_its_name_in_the_orchestrator(
    visit: Visit, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("APBRIDGE_RUN_ID", "outbound/manual__<1>")
    ledger.start_run("target-avidxchange", "1.0").finish("finished", {})
    assert "outbound/manual__&lt;1&gt;" in visit.page("/").text


def test_a_new_ledger_has_a_page_too(serving: Callable[..., Served], tmp_path: Path):
    with Ledger(f"sqlite:///{tmp_path}/new.db") as ledger:
        visit = Visit(serving(ledger))
        said = visit.page("/").text
        assert "Not compared yet" in said
        assert "never run" in said
        assert visit.page("/balance").status_code == visit.page("/exceptions").status_code == 200


def test_exceptions_come_in_pages_and_by_reason(visit: Visit):
    first, second = (visit.page(f"/exceptions?page={page}").text for page in (1, 2))
    assert first.count("<article>") == 25
    assert second.count("<article>") == 6
    assert visit.page("/exceptions?page=999").text.count("<article>") == 6
    assert visit.page("/exceptions?page=x").text.count("<article>") == 25
    assert "30 records with APB-TAX-002" in visit.page("/exceptions?code=APB-TAX-002").text
    assert "Set its vendor in NetSuite" in first
    assert first.count("<strong>Record names no vendor</strong>") == 25
    assert "1,840.20 USD" in first
    in_netsuite = (
        r'href="https://1234567\.app\.netsuite\.com/app/accounting/transactions/vendbill\.nl\?id=\d+"'
    )
    assert len(re.findall(in_netsuite, first)) == 25
    # 30 of the 31 have that reason.
    assert "55,206.00 USD, the oldest for" in first


def test_what_is_listed_is_downloaded_for_a_spreadsheet(visit: Visit, ledger: Ledger):
    formula = replace(rejection(98), code="APB-TAX-003", says='=HYPERLINK("http://evil.example")\r\nnext')
    ledger.write(1, "avidxchange", [formula])
    visit.decide("dismiss", 3, why="a duplicate", who="Ann")
    listed = visit.page("/exceptions").text
    (link,) = re.findall(r'href="([^"]*exceptions\.csv[^"]*)"', listed)
    answer = visit.get(visit.address + html.unescape(link), timeout=PATIENCE)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="exceptions.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == Exceptions(ledger).count() == 31
    assert (rows[0]["title"], rows[0]["amount"]) == ("Record names no vendor", "1840.20")
    assert [row["says"][:12] for row in rows if row["code"] == "APB-TAX-003"] == ["'=HYPERLINK("]
    assert not [secret for secret in SECRETS if secret in answer.text]
    for query, numbers in (("code=APB-TAX-003", ["INV-98"]), ("status=dismissed", ["INV-3"])):
        rows = list(csv.DictReader(io.StringIO(visit.page(f"/exceptions.csv?{query}").text, newline="")))
        assert [row["number"] for row in rows] == numbers


def test_nobody_downloads_without_having_signed_in(visit: Visit):
    visit.cookies.clear()
    answer = visit.page("/exceptions.csv")
    assert answer.status_code == 403
    assert "INV-" not in answer.text


def test_a_history_is_found_by_any_number(visit: Visit):
    for number in ("inv-40", "5001", "900", bill_name(40)):
        said = visit.page(f"/history?number={number}").text
        assert "bill INV-40" in said
        assert "payment 5001" in said
    assert "req-9" in visit.page("/history?number=INV-1").text


def test_what_is_not_there_is_said(visit: Visit):
    for path in (f"/exceptions/avidxchange/bills/{bill_name(40)}", "/exceptions/netsuite/bills/x"):
        assert visit.page(path).status_code == 404
    assert visit.page("/nothing").status_code == 404


def test_retry_and_dismiss_from_a_form(visit: Visit, ledger: Ledger):
    answer = visit.decide("retry", 2, page="2")
    listed = visit.root.removeprefix(visit.address) + "/exceptions"
    assert (answer.status_code, answer.headers["location"]) == (303, f"{listed}?page=2&note=retry")
    assert [row.external_id for row in ledger.all_rows("avidxchange", "bills", asked=True)] == [bill_name(2)]
    answer = visit.decide("dismiss", 3, why="a duplicate", who="Ann")
    assert answer.headers["location"] == f"{listed}?note=dismiss"
    assert ledger.rows("avidxchange", "bills", [bill_name(3)])[bill_name(3)].status is Status.DISMISSED
    assert "Ann" in visit.page("/exceptions?status=dismissed").text
    assert visit.decide("dismiss", 4, why=" ").status_code == 404
    assert visit.decide("retry", 40).status_code == 404


@pytest.mark.parametrize("decision", ["retry", "dismiss"])
@pytest.mark.parametrize(
    "changes", [{"content_hash": "other"}, {"says": "It has no account."}, {"code": "APB-TAX-003"}]
)
def test_a_decision_holds_for_what_the_person_saw(
    visit: Visit, ledger: Ledger, decision: str, changes: dict[str, str]
):
    seen = visit.version(2)
    ledger.write(1, "avidxchange", [replace(rejection(2), **changes)])  # type: ignore[arg-type]
    for version in (seen, ""):
        answer = visit.decide(decision, 2, why="paid by hand", version=version)
        assert answer.headers["location"].endswith("?note=nothing")
    assert "has changed since you saw it" in visit.page("/exceptions?note=nothing").text
    row = ledger.rows("avidxchange", "bills", [bill_name(2)])[bill_name(2)]
    assert row.status is Status.REJECTED
    assert list(ledger.all_rows("avidxchange", "bills", asked=True)) == []
    assert visit.decide(decision, 2, why="paid by hand").headers["location"].endswith(f"?note={decision}")


def test_a_decision_holds_though_the_next_run_found_the_same(visit: Visit, ledger: Ledger):
    seen = visit.version(2)
    ledger.write(ledger.start_run("target-avidxchange", "1.0").id, "avidxchange", [rejection(2)])
    assert visit.decide("retry", 2, version=seen).headers["location"].endswith("?note=retry")


def test_a_ledger_that_is_gone_is_said_on_the_page(visit: Visit, ledger: Ledger):
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE apbridge_runs")
    answer = visit.page("/")
    assert answer.status_code == 503
    assert "APB-LED-002" in answer.text


def test_the_report_is_one_file_that_needs_nothing_else(ledger: Ledger):
    page = report(ledger, None, Silence())
    shape = PageShape(page)
    assert not [secret for secret in SECRETS if secret in page]
    assert not shape.all("form", "script", "img", "iframe")
    assert [one["href"] for one in shape.all("link")] == ["data:,"]
    assert {one["href"] for one in shape.all("a")} == {"#content"}
    assert "In balance" in page
    assert page.count("<article>") == 31
    assert "prefers-color-scheme: dark" in page


def test_the_report_lets_nothing_run_or_load_that_it_did_not_bring(ledger: Ledger):
    page = report(ledger, None, Silence())
    style = page.partition("<style>")[2].partition("</style>")[0]
    named = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [one["content"] for one in PageShape(page).all("meta") if "http-equiv" in one]
    assert {part.strip() for part in str(policy).split(";")} == {
        "default-src 'none'",
        f"style-src 'sha256-{named}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    }
    # What stands before it is not under it.
    assert page.index("Content-Security-Policy") < min(
        page.index(tag) for tag in ("<title", "<style", "<link")
    )


def test_a_held_run_is_seen(visit: Visit, ledger: Ledger):
    held = "Held, and nothing of it sent: 12 bills would be withdrawn from AvidXchange"
    entry = replace(rejection(77), status=Status.WAITING, code="APB-BRK-002", says="INV-77 is to go")
    run = ledger.start_run("target-avidxchange", "1.0")
    ledger.write(run.id, "avidxchange", [entry])
    run.finish("failed", {}, held, "APB-BRK-010")
    assert held in visit.page("/").text
    assert "INV-77 is to go" in visit.page("/exceptions?code=APB-BRK-002").text
