from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests
from sqlalchemy import update

from apbridge.errors import SettingError, urgent
from apbridge.ledger import Ledger, Status
from apbridge.ledger.run_history import DIFFERENCES, RunHistory
from apbridge.ledger.tables import runs
from apbridge_operator.console.serve import listening_at, report
from tests.console.morning import SECRETS, MorningReconciliation, bill_name, rejection
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


def get(address: str, path: str, **more: object) -> requests.Response:
    return requests.get(address + path, timeout=PATIENCE, allow_redirects=False, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_no_secret_and_runs_no_script(address: str, path: str):
    answer = get(address, path)
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
    address: str, serving: Callable[..., str], ledger: Ledger, name: str
):
    locked = serving(ledger, "password")
    answers = {
        200: get(address, "/"),
        403: requests.post(f"{address}/decide", data={}, timeout=PATIENCE),
        404: get(address, "/nowhere"),
        405: get(address, "/decide"),
        421: get(address, "/", headers={"Host": "evil.example"}),
        401: get(locked, "/"),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    style = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answers[200].text)
    for answer in (*answers.values(), *(get(address, path) for path in style)):
        assert {part.strip() for part in answer.headers[name].split(";")} == HEADERS[name]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_used_by_ear_and_by_keyboard(address: str, path: str):
    shape = PageShape(get(address, path).text)
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


def test_the_first_page_tells_the_state_of_the_loop(address: str):
    said = get(address, "/").text
    assert "In balance, but not running well" in said
    assert "20 bills delivered" in said
    assert "1 waiting, 30 rejected" in said
    assert "NetSuite did not answer" in said
    assert "No run has ended well with this ledger" in said
    assert "1,624,472.31 USD" in said
    assert '<rect class="piece s3"' in said


def test_an_unexplained_difference_is_said_first(address: str, ledger: Ledger):
    RunHistory(ledger).keep_reconciliation(MorningReconciliation(2))
    for path in ("/", "/balance"):
        said = get(address, path).text
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
    assert "Nobody knows.</td>" in get(address, "/balance").text


@pytest.mark.parametrize("code", sorted(urgent()))
def test_a_double_payment_is_said_before_all_else(address: str, ledger: Ledger, code: str):
    ledger.write(1, "avidxchange", [replace(rejection(30), code=code)])
    said = get(address, "/").text
    assert "Somebody may be paid twice" in said
    assert "Somebody may be paid twice: see the urgent exceptions, 1 in all." in said
    assert said.index(code) < said.index("APB-TAX-002")
    assert "act now" in said
    listed = get(address, "/exceptions").text
    assert listed.index(bill_name(30)) < listed.index(bill_name(2))


def test_a_run_that_was_incomplete_is_no_good_one(address: str, ledger: Ledger):
    ledger.start_run("target-avidxchange", "1.0").finish("incomplete", {}, "NetSuite did not let it in.")
    said = get(address, "/").text
    assert "The last run was incomplete" in said
    assert "NetSuite did not let it in." in said
    # One that is under way makes nothing good.
    ledger.start_run("target-avidxchange", "1.0")
    assert "The last run was incomplete" in get(address, "/").text
    ledger.start_run("target-avidxchange", "1.0").finish("finished", {})
    assert "The last run was incomplete" not in get(address, "/").text


def test_where_no_run_has_ended_well_for_long_the_last_ones_sentence_is_said(address: str, ledger: Ledger):
    with ledger.database.writing() as connection:
        connection.execute(update(runs).values(finished_at=datetime.now(timezone.utc) - timedelta(hours=3)))
    ledger.start_run("target-avidxchange", "1.0").finish("incomplete", {}, "NetSuite did not let it in.")
    said = get(address, "/").text
    assert "No run has ended well since" in said
    assert "NetSuite did not let it in." in said


def test_a_new_ledger_has_a_page_too(serving: Callable[..., str], tmp_path: Path):
    with Ledger(f"sqlite:///{tmp_path}/new.db") as ledger:
        address = serving(ledger)
        said = get(address, "/").text
        assert "Not compared yet" in said
        assert "never run" in said
        assert get(address, "/balance").status_code == get(address, "/exceptions").status_code == 200


def test_exceptions_come_in_pages_and_by_reason(address: str):
    first, second = (get(address, f"/exceptions?page={page}").text for page in (1, 2))
    assert first.count("<article>") == 25
    assert second.count("<article>") == 6
    assert get(address, "/exceptions?page=999").text.count("<article>") == 6
    assert get(address, "/exceptions?page=x").text.count("<article>") == 25
    assert "30 records with APB-TAX-002" in get(address, "/exceptions?code=APB-TAX-002").text
    assert "Set its vendor in NetSuite" in first


def test_a_history_is_found_by_any_number(address: str):
    for number in ("inv-40", "5001", "900", bill_name(40)):
        said = get(address, f"/history?number={number}").text
        assert "bill INV-40" in said
        assert "payment 5001" in said
    assert "req-9" in get(address, "/history?number=INV-1").text


def test_what_is_not_there_is_said(address: str):
    for path in (f"/exceptions/avidxchange/bills/{bill_name(40)}", "/exceptions/netsuite/bills/x"):
        assert get(address, path).status_code == 404
    assert get(address, "/nothing").status_code == 404


class Visit(requests.Session):
    """A browser's visit."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        page = self.get(f"{address}/exceptions", timeout=PATIENCE).text
        self.token = re.findall(r'name="token" value="(\w+)"', page)[0]

    def decide(self, decision: str, number: int = 1, **more: str) -> requests.Response:
        form = {"system": "avidxchange", "stream": "bills", "external_id": bill_name(number)}
        headers = {"Origin": more.pop("origin", self.address)}
        form |= {"token": self.token, "decision": decision, **more}
        return self.post(
            f"{self.address}/decide", data=form, headers=headers, timeout=PATIENCE, allow_redirects=False
        )


def test_retry_and_dismiss_from_a_form(address: str, ledger: Ledger):
    visit = Visit(address)
    answer = visit.decide("retry", 2, page="2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/exceptions?page=2&note=retry")
    assert [row.external_id for row in ledger.all_rows("avidxchange", "bills", asked=True)] == [bill_name(2)]
    answer = visit.decide("dismiss", 3, why="a duplicate", who="Ann")
    assert answer.headers["location"] == "/exceptions?note=dismiss"
    assert ledger.rows("avidxchange", "bills", [bill_name(3)])[bill_name(3)].status is Status.DISMISSED
    assert "Ann" in get(address, "/exceptions?status=dismissed").text
    assert visit.decide("dismiss", 4, why=" ").status_code == 404
    assert visit.decide("retry", 40).status_code == 404


def test_a_form_of_another_site_or_visit_decides_nothing(address: str, ledger: Ledger):
    visit, other = Visit(address), Visit(address)
    assert visit.decide("retry", token="").status_code == 403
    assert visit.decide("retry", token=other.token).status_code == 403
    assert visit.decide("retry", origin="http://evil.example").status_code == 403
    assert visit.decide("dismiss", why="x" * 30_000).status_code == 403
    visit.cookies.clear()
    assert visit.decide("retry").status_code == 403
    assert get(address, "/decide").status_code == 405
    assert list(ledger.all_rows("avidxchange", "bills", asked=True)) == []


def test_the_cookie_is_for_this_site_alone(address: str):
    cookie = get(address, "/").headers["set-cookie"].lower()
    assert "samesite=strict" in cookie
    assert "httponly" in cookie


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", ""])
def test_another_host_name_is_not_answered(address: str, host: str):
    assert get(address, "/", headers={"Host": host}).status_code == 421


def test_a_password_is_asked_for_where_one_is_set(serving: Callable[..., str], ledger: Ledger):
    address = serving(ledger, "pässword")
    for credentials in (None, ("x", "wrong"), ("x", "")):
        answer = get(address, "/", auth=credentials)
        assert answer.status_code == 401
        assert "INV-" not in answer.text
    assert get(address, "/", headers={"Authorization": "Basic !"}).status_code == 401
    assert get(address, "/", auth=(b"x", "pässword".encode())).status_code == 200


def test_others_are_let_in_only_with_a_password():
    with pytest.raises(SettingError, match="APB-CON-001"), listening_at("0.0.0.0", 0, password=None):  # noqa: S104
        pass
    with listening_at("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match="APB-CON-002"), listening_at("127.0.0.1", port):
            pass


def test_a_ledger_that_is_gone_is_said_on_the_page(address: str, ledger: Ledger):
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE apbridge_runs")
    answer = get(address, "/")
    assert answer.status_code == 503
    assert "APB-LED-002" in answer.text


def test_the_report_is_one_file_that_needs_nothing_else(ledger: Ledger):
    page = report(ledger, None)
    shape = PageShape(page)
    assert not [secret for secret in SECRETS if secret in page]
    assert not shape.all("form", "script", "img", "iframe")
    assert [one["href"] for one in shape.all("link")] == ["data:,"]
    assert {one["href"] for one in shape.all("a")} == {"#content"}
    assert "In balance" in page
    assert page.count("<article>") == 31
    assert "prefers-color-scheme: dark" in page
