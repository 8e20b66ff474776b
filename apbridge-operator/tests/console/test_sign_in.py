"""Attacks on the page's door: another account of the machine, another site, somebody who guesses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest
import requests

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge_operator.console.serve import listening_at, serve
from apbridge_operator.console.sign_in import SignIn
from apbridge_operator.exceptions import BY_HAND
from apbridge_operator.monitoring import Loop
from apbridge_operator.record_history import Cut, RecordHistories
from apbridge_operator.schedules import Silence
from tests.console.morning import bill_name
from tests.console.visits import Served, Visit
from tests.waiting import PATIENCE

PASSWORD = "pässword of four words"


@pytest.fixture
def locked(serving: Callable[..., Served], ledger: Ledger) -> Served:
    """A console with a password."""
    return serving(ledger, password=PASSWORD)


@pytest.fixture
def others(served: Served) -> Iterator[Visit]:
    """Another visit to the same console."""
    with Visit(served) as signed_in:
        yield signed_in


def basic(password: str, user: str = "ann") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def decisions(ledger: Ledger) -> list[dict[str, str]]:
    """What the trail holds of what people decided."""
    links = RecordHistories(ledger).trail(Cut(system=BY_HAND))
    return [json.loads(one.body or "{}") for one in links if one.phase == "sent"]


# Another account of the machine


@pytest.mark.parametrize(
    "path", ["/", "/exceptions", f"/exceptions/avidxchange/bills/{bill_name(1)}", "/style.css"]
)
def test_another_account_of_the_machine_sees_nothing(served: Served, path: str):
    answer = served.get(path)
    assert answer.status_code == 403
    assert "INV-" not in answer.text
    assert "set-cookie" not in answer.headers


def test_another_account_of_the_machine_decides_nothing(visit: Visit, ledger: Ledger):
    token = visit.form_token()
    (name,) = visit.cookies.keys()
    visit.cookies.clear()
    assert visit.decide("dismiss", token=token, why="paid", who="Ann").status_code == 403
    visit.cookies.set(name, "a session that is none")
    assert visit.decide("dismiss", token=token, why="paid", who="Ann").status_code == 403
    assert decisions(ledger) == []
    assert list(ledger.all_rows("avidxchange", "bills", asked=True)) == []


def test_the_printed_address_lets_one_browser_in_and_the_next_one_is_printed(served: Served):
    used = served.tokens[-1]
    with Visit(served) as visit:
        assert "State of the loop" in visit.opened.text
        assert served.get(f"/?token={used}").status_code == 403
        # The one that used it may open it again, as from its history.
        assert visit.page(f"/?token={used}").status_code == 200
    assert len(set(served.tokens)) == 2
    assert served.get(f"/?token={served.tokens[-1]}").status_code == 303


def test_the_session_is_a_cookie_that_no_script_and_no_other_site_can_use(served: Served):
    cookie = served.get(f"/?token={served.tokens[-1]}").headers["set-cookie"].lower()
    parts = {part.strip() for part in cookie.split(";")}
    assert {"samesite=strict", "httponly"} < parts
    assert not [part for part in parts if part.startswith("domain")]


def test_a_server_at_another_port_is_not_sent_the_session(
    visit: Visit, serving: Callable[..., Served], ledger: Ledger
):
    (path,) = visit.cookies.list_paths()
    ((name, session),) = visit.cookies.items()
    assert path == f"{visit.root.removeprefix(visit.address)}/"
    assert len(path) > 20
    # Browsers do not tell ports apart, only paths, and nobody else can know this one.
    another = serving(ledger)
    for other in ("/", "/exceptions", path[:-2]):
        sent = visit.prepare_request(requests.Request("GET", another.address + other))
        assert "Cookie" not in sent.headers
    # Somebody who has the cookie and not the path does not learn the path by it.
    answer = visit.get(visit.address, headers={"Cookie": f"{name}={session}"}, allow_redirects=False)
    assert answer.status_code == 403


def test_a_cookie_that_another_port_has_set_does_not_keep_the_owner_out(
    visit: Visit, serving: Callable[..., Served], ledger: Ledger
):
    with Visit(serving(ledger)) as another:
        # What another account can learn, of a console of its own.
        (name,) = another.cookies.keys()
    (host,) = visit.cookies.list_domains()
    visit.cookies.set(name, "planted", domain=host, path="/")
    sent = visit.prepare_request(requests.Request("GET", f"{visit.root}/")).headers["Cookie"]
    assert str(sent).endswith(f"{name}=planted")
    assert visit.page("/").status_code == 200


def test_the_trail_has_who_was_signed_in_beside_the_name_that_was_typed(visit: Visit, ledger: Ledger):
    visit.decide("dismiss", 3, why="a duplicate", who="Somebody Else")
    visit.decide("dismiss", 4, why="a duplicate")
    told = [(one["by"], one["signed_in"]) for one in decisions(ledger)]
    assert told == [
        ("Somebody Else", "owner, by the printed address"),
        ("owner", "owner, by the printed address"),
    ]


def test_the_trail_has_the_name_and_the_machine_of_who_signed_in_by_password(locked: Served, ledger: Ledger):
    forged = {"X-Forwarded-For": "10.9.9.9"}
    with Visit(locked) as visit:
        visit.cookies.clear()
        visit.headers.update({**basic(PASSWORD, "b\u202eob\n"), **forged})
        visit.decide("dismiss", 3, why="a duplicate", who="Ann")
    assert [(one["by"], one["signed_in"]) for one in decisions(ledger)] == [
        ("Ann", "bob, by password, from 127.0.0.1")
    ]


# Another site


def test_a_form_of_another_site_or_visit_decides_nothing(visit: Visit, others: Visit, ledger: Ledger):
    assert visit.decide("retry", token="").status_code == 403
    assert visit.decide("retry", token=others.form_token()).status_code == 403
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null", "http://[", visit.address[:-1]):
        assert visit.decide("retry", origin=origin).status_code == 403
    assert visit.decide("dismiss", why="x" * 30_000).status_code == 403
    token = visit.form_token()
    visit.cookies.clear()
    assert visit.decide("retry", token=token).status_code == 403
    assert list(ledger.all_rows("avidxchange", "bills", asked=True)) == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", ""])
def test_another_host_name_is_not_answered(visit: Visit, host: str):
    assert visit.page("/", headers={"Host": host}).status_code == 421


# Headers that are none


@pytest.mark.parametrize(
    "host", ["[", "]", "[::1", "127.0.0.1:x", "evil@127.0.0.1", "127.0.0.1/x", "[::1]x", "a,b"]
)
def test_a_host_that_is_none_is_a_bad_request(served: Served, locked: Served, host: str):
    for one in (served, locked):
        # Not by requests: it stumbles over such a host itself.
        with closing(HTTPConnection(one.address.removeprefix("http://"), timeout=PATIENCE)) as connection:
            connection.request("GET", "/", headers={"Host": host})
            assert connection.getresponse().status == 400


@pytest.mark.parametrize("token", ["%00", "%ff", "%C3%BC", "\u00fc", "x" * 5000])
def test_a_token_that_is_none_lets_nobody_in(served: Served, visit: Visit, token: str):
    assert served.get(f"/?token={token}").status_code == 403
    assert visit.decide("retry", token=token).status_code == 403
    (name,) = visit.cookies.keys()
    visit.cookies.clear()
    assert visit.page("/", headers={"Cookie": f"{name}={token}".encode()}).status_code == 403


@pytest.mark.parametrize(
    "sent", ["Basic !", "Basic", "Basic /w==", "Basic YQ==", "Bearer x", "Basic " + "A" * 9999, "\xff"]
)
def test_a_password_header_that_is_none_lets_nobody_in(locked: Served, sent: str):
    headers = {"Authorization": sent.encode("latin-1")}
    assert locked.get("/", headers=headers).status_code == 401
    # And is no guess that others have to wait for.
    assert locked.get("/", headers=basic(PASSWORD)).status_code == 303


# Somebody who guesses


def test_a_password_is_asked_for_where_one_is_set(locked: Served):
    answer = locked.get("/")
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")
    assert "INV-" not in answer.text
    with requests.Session() as visit:
        visit.headers.update(basic(PASSWORD))
        opened = visit.get(locked.address)
        assert "State of the loop" in opened.text
        # The cookie goes on without the password, so that it is not hashed for every page.
        del visit.headers["Authorization"]
        assert visit.get(opened.url).status_code == 200


def test_each_wrong_password_makes_the_next_guess_wait_twice_as_long(locked: Served):
    waits = []
    for guess in range(9):
        assert locked.get("/", headers=basic(f"guess {guess}")).status_code == 401
        # Not even the right one is looked at, and asking does not make it longer.
        for _ in range(3):
            answer = locked.get("/", headers=basic(PASSWORD))
            assert (answer.status_code, "INV-" in answer.text) == (429, False)
        waits.append(int(answer.headers["retry-after"]))
        locked.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_guesses_at_once_are_looked_at_one_by_one(locked: Served):
    with ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(locked.get, "/", headers=basic(f"guess {guess}")) for guess in range(8)]
    statuses = sorted(guess.result().status_code for guess in guesses)
    assert statuses == [401, *[429] * 7]


def test_guesses_do_not_lock_the_owner_out(locked: Served):
    with requests.Session() as colleague, Visit(locked) as owner:
        colleague.headers.update(basic(PASSWORD))
        opened = colleague.get(locked.address)
        assert opened.status_code == 200
        assert locked.get("/", headers=basic("a wrong one")).status_code == 401
        # Who is in stays in, and the printed address lets the owner in.
        assert colleague.get(opened.url).status_code == 200
        assert owner.page("/").status_code == 200
        with Visit(locked) as again:
            assert again.opened.status_code == 200
    # Without more guesses it is over by itself, and the right password ends it.
    locked.now += 1
    assert locked.get("/", headers=basic(PASSWORD)).status_code == 303
    assert locked.get("/", headers=basic("a wrong one")).status_code == 401
    assert locked.get("/", headers=basic(PASSWORD)).headers["retry-after"] == "1"


def test_a_short_password_is_refused():
    with pytest.raises(SettingError, match="APB-CON-004") as refused:
        SignIn("owner", "elevenchars", lambda _: None)
    assert "elevenchars" not in str(refused.value)


def test_the_password_is_kept_as_a_slow_hash_alone():
    sign_in = SignIn("owner", PASSWORD, lambda _: None)
    held = sign_in.__dict__ | sign_in._password.__dict__
    assert PASSWORD not in held.values()
    assert PASSWORD.encode() not in held.values()


# Others on the network


@pytest.mark.parametrize(
    ("password", "allowed", "code"),
    [(None, {}, "APB-CON-001"), (None, {"plain_http"}, "APB-CON-001"), (PASSWORD, {}, "APB-CON-005")],
)
def test_others_are_served_only_with_a_password_and_where_plain_http_is_allowed(
    ledger: Ledger, password: str | None, allowed: set[str], code: str
):
    with pytest.raises(SettingError, match=code):
        serve(
            [Loop(ledger, None, Silence())],
            host="192.0.2.1",
            port=0,
            password=password,
            allows_plain_http="plain_http" in allowed,
            print_address=lambda _: None,
        )


def test_a_port_that_is_taken_is_named():
    with listening_at("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match="APB-CON-002"), listening_at("127.0.0.1", port):
            pass
