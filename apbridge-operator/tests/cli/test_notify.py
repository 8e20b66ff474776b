from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import delete, insert, update

from apbridge.errors import RejectedError, urgent
from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.tables import observations, records, runs
from apbridge_operator.cli.notify import TOLD
from apbridge_operator.destinations import destinations
from apbridge_operator.notices import due, telling
from apbridge_operator.schedules import Silence

from .receivers import Webhook, webhook_serving

Apbridge = Callable[..., Any]
SECRET = "12-3456789"


@pytest.fixture
def webhook(project: Path) -> Iterator[Webhook]:  # noqa: ARG001 - it clears the environment before
    with webhook_serving() as found:
        os.environ["APBRIDGE_NOTIFY"] = found.address
        os.environ["NO_PROXY"] = "127.0.0.1"
        yield found


def reject(url: str, *numbers: int) -> None:
    with Ledger(url) as ledger:
        for number in numbers:
            name = f"netsuite-1-vendorbill-{number}"
            error = RejectedError(
                "APB-TAX-002", word="Bill", name=f"INV-{number}, tax id {SECRET}", external_id=name
            )
            about = ("bills", name, None, "h", Status.REJECTED)
            told: dict[str, Any] = {"code": error.code, "says": error.says, "do": error.do}
            entry = RowUpdate(*about, **told, payload={"number": f"INV-{number}"})
            ledger.write(1, "avidxchange", [entry])


def known_as(ledger: Ledger) -> str:
    """Return how the ledger knows the only address."""
    (one,) = destinations(os.environ["APBRIDGE_NOTIFY"])
    return one.known_as(ledger.identity.mark()["generation"])


def fail(
    url: str,
    status: str = "failed",
    said: str = "NetSuite did not answer; token=t0ps3cret",
    code: str = "APB-HTTP-001",
) -> None:
    with Ledger(url) as ledger:
        ledger.start_run("target-avidxchange", "1.0").finish(status, {}, said, code)


@pytest.mark.usefixtures("url")
def test_where_all_is_well_nothing_is_told(apbridge: Apbridge, webhook: Webhook):
    ended = apbridge("notify")
    assert (ended.code, ended.out, webhook.got) == (0, "", [])


def test_a_failure_names_the_run_in_the_orchestrator(
    apbridge: Apbridge, webhook: Webhook, url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("APBRIDGE_RUN_ID", "outbound/manual__1")
    fail(url)
    apbridge("notify")
    (told,) = webhook.got
    assert "Its run in the orchestrator: outbound/manual__1\n" in told["message"]


def test_a_rejection_is_told_once_and_the_next_one_anew(apbridge: Apbridge, webhook: Webhook, url: str):
    reject(url, 1)
    assert apbridge("notify").code == TOLD
    (told,) = webhook.got
    assert told["title"] == "apbridge: 1 new rejection"
    assert "bill INV-1" in told["message"]
    assert SECRET not in str(told)
    assert apbridge("notify").code == 0
    reject(url, 1, 2)
    assert apbridge("notify").code == TOLD
    assert "INV-2" in webhook.got[1]["message"]
    assert "INV-1" not in webhook.got[1]["message"]
    assert len(webhook.got) == 2


def test_what_commits_late_is_told_all_the_same(apbridge: Apbridge, webhook: Webhook, url: str):
    reject(url, 1)
    apbridge("notify")
    reject(url, 2)
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        earlier = datetime.now(timezone.utc) - timedelta(minutes=5)
        late = update(records).where(records.c.external_id.endswith("-2"))
        connection.execute(late.values(open_since=earlier))
    assert apbridge("notify").code == TOLD
    assert "INV-2" in webhook.got[1]["message"]
    assert apbridge("notify").code == 0


@pytest.mark.parametrize("code", sorted(urgent()))
def test_a_double_payment_is_told_first(apbridge: Apbridge, webhook: Webhook, url: str, code: str):
    reject(url, 1, 2)
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        worst = update(records).where(records.c.external_id.endswith("-2"))
        connection.execute(worst.values(code=code))
    apbridge("notify")
    (told,) = webhook.got
    assert "act now: somebody may be paid twice" in told["title"]
    assert told["message"].index("INV-2") < told["message"].index("INV-1")


def test_many_rejections_are_one_notice(apbridge: Apbridge, webhook: Webhook, url: str):
    reject(url, *range(1, 15))
    apbridge("notify")
    (told,) = webhook.got
    assert told["title"] == "apbridge: 14 new rejections"
    assert "… and 4 more" in told["message"]


def test_a_run_that_fails_for_a_double_payment_says_so(apbridge: Apbridge, webhook: Webhook, url: str):
    fail(url, said="AvidXchange means to pay 2 invoices [APB-TAX-031]", code="APB-TAX-031")
    apbridge("notify")
    assert webhook.got[0]["title"] == "apbridge: A run failed; act now: somebody may be paid twice"


@pytest.mark.parametrize(
    ("code", "title"),
    [("APB-BRK-001", "A run failed"), ("APB-BRK-002", "A run failed; act now: somebody may be paid twice")],
)
def test_a_held_run_is_told_also_where_one_failed_before(
    apbridge: Apbridge, webhook: Webhook, url: str, code: str, title: str
):
    fail(url)
    apbridge("notify")
    with Ledger(url) as ledger:
        entry = RowUpdate("bills", "netsuite-1-vendorbill-1", None, "h", Status.WAITING, code=code)
        ledger.write(1, "avidxchange", [entry])
    fail(url, said="12 bills would be withdrawn from AvidXchange [APB-BRK-010]", code="APB-BRK-010")
    assert apbridge("notify").code == TOLD
    assert webhook.got[1]["title"] == f"apbridge: {title}"
    assert "12 bills would be withdrawn" in webhook.got[1]["message"]
    assert apbridge("notify").code == 0


@pytest.mark.parametrize("status", ["failed", "incomplete"])
def test_a_failure_is_told_once_until_a_run_ends_well(
    apbridge: Apbridge, webhook: Webhook, url: str, status: str
):
    for _ in range(2):
        fail(url, status)
        with Ledger(url) as ledger:
            ledger.start_run("target-avidxchange", "1.0")  # under way: it makes nothing good
        apbridge("notify")
    (told,) = webhook.got
    assert told["title"] == "apbridge: A run failed"
    assert "NetSuite to AvidXchange: NetSuite did not answer" in told["message"]
    assert "t0ps3cret" not in str(told)
    with Ledger(url) as ledger:
        ledger.start_run("target-avidxchange", "1.0").finish("finished", {})
    assert apbridge("notify").code == 0
    fail(url, status)
    assert apbridge("notify").code == TOLD
    assert len(webhook.got) == 2


def test_runs_that_are_incomplete_break_no_silence(apbridge: Apbridge, webhook: Webhook, url: str):
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        long_ago = datetime.now(timezone.utc) - timedelta(hours=3)
        connection.execute(
            update(runs).where(runs.c.plugin == "target-avidxchange").values(finished_at=long_ago)
        )
    fail(url, "incomplete")
    assert apbridge("notify").code == TOLD
    silence = [one["message"] for one in webhook.got if one["title"] == "apbridge: Nothing has run"]
    assert len(silence) == 1
    assert "The last one: NetSuite did not answer" in silence[0]


def test_silence_is_told_once_for_each_direction(apbridge: Apbridge, webhook: Webhook, url: str):
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        long_ago = datetime.now(timezone.utc) - timedelta(hours=3)
        connection.execute(update(runs).values(finished_at=long_ago))
    assert apbridge("notify", "--quiet-hours=4").code == 0
    assert apbridge("notify").code == TOLD
    assert apbridge("notify").code == 0
    assert [one["title"] for one in webhook.got] == ["apbridge: Nothing has run"] * 2
    assert "since" in webhook.got[0]["message"]


@pytest.mark.usefixtures("empty_ledger")
def test_a_ledger_that_never_saw_a_run_is_silence_too(apbridge: Apbridge, webhook: Webhook):
    assert apbridge("notify").code == TOLD
    assert "no run has ended well with this ledger" in webhook.got[0]["message"]


def under_way(url: str, *hours_ago: float) -> None:
    """Let runs begin and not end, so many hours ago, after others that ended well long ago."""
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        connection.execute(update(runs).values(finished_at=datetime.now(timezone.utc) - timedelta(hours=8)))
        for hours in hours_ago:
            began = datetime.now(timezone.utc) - timedelta(hours=hours)
            values = {"plugin": "target-avidxchange", "actor": "one", "status": "running"}
            connection.execute(insert(runs).values(**values, started_at=began))
        connection.execute(delete(runs).where(runs.c.plugin == "target-netsuite-payments"))


@pytest.mark.parametrize(
    ("hours_ago", "directions"),
    [
        ([5], ["AvidXchange to NetSuite"]),
        ([7], ["NetSuite to AvidXchange", "AvidXchange to NetSuite"]),
        ([5, 1], ["NetSuite to AvidXchange", "AvidXchange to NetSuite"]),
    ],
    ids=["a long one", "one that hangs", "one after another that was killed"],
)
def test_a_long_run_is_no_silence_and_one_that_hangs_is(
    apbridge: Apbridge, webhook: Webhook, url: str, hours_ago: list[float], directions: list[str]
):
    under_way(url, *hours_ago)
    apbridge("notify")
    told = [one["message"] for one in webhook.got if one["title"] == "apbridge: Nothing has run"]
    assert [one.partition(":")[0] for one in told] == directions


def test_a_run_that_ended_in_days_to_come_breaks_no_silence(apbridge: Apbridge, webhook: Webhook, url: str):
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        to_come = datetime.now(timezone.utc) + timedelta(days=40)
        connection.execute(update(runs).values(finished_at=to_come))
    assert apbridge("notify").code == TOLD
    assert "which is yet to come: a clock was or is wrong" in webhook.got[0]["message"]


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(("days", "says"), [(20, "in 20 days"), (-1, "expired"), (100, None)])
def test_a_certificate_near_its_end(
    apbridge: Apbridge, webhook: Webhook, project: Path, days: int, says: str | None
):
    (project / "netsuite.crt").write_bytes(certificate(days))
    os.environ["NETSUITE_CERTIFICATE_PATH"] = str(project / "netsuite.crt")
    assert apbridge("notify").code == (0 if says is None else TOLD)
    assert apbridge("notify").code == 0
    assert len(webhook.got) == int(says is not None)
    assert all(str(says) in one["message"] for one in webhook.got)


def test_what_could_not_be_sent_is_sent_again(apbridge: Apbridge, webhook: Webhook, url: str):
    reject(url, 1)
    webhook.status = 500
    ended = apbridge("notify")
    assert ended.code == 3
    assert "APB-NTC-002" in ended.err
    assert "p4ssword" not in ended.err
    webhook.status = 200
    assert apbridge("notify").code == TOLD
    assert len(webhook.got) == 1


def test_what_is_being_told_nobody_else_tells(apbridge: Apbridge, webhook: Webhook, url: str):
    reject(url, 1)
    fail(url)
    others: list[bool] = []

    def tell_too() -> None:
        with Ledger(url) as ledger:
            for notice in due(ledger, None, Silence(), known_as(ledger)):
                if notice.title == webhook.got[-1]["title"].removeprefix("apbridge: "):
                    with telling(ledger, notice) as is_to_be_told:
                        others.append(is_to_be_told)

    webhook.meanwhile = tell_too
    assert apbridge("notify").code == TOLD
    assert (len(webhook.got), others) == (2, [False, False])


def test_what_was_found_before_somebody_else_told_it_is_not_told(
    apbridge: Apbridge, webhook: Webhook, url: str
):
    reject(url, 1)
    with Ledger(url) as ledger:
        (notice,) = due(ledger, None, Silence(), known_as(ledger))
        assert apbridge("notify").code == TOLD
        with telling(ledger, notice) as is_to_be_told:
            assert not is_to_be_told
    reject(url, 2)
    assert apbridge("notify").code == TOLD
    assert len(webhook.got) == 2


def test_what_was_being_told_when_it_was_killed_is_told_ten_minutes_later(
    apbridge: Apbridge, webhook: Webhook, url: str
):
    reject(url, 1)
    with Ledger(url) as ledger:
        (notice,) = due(ledger, None, Silence(), known_as(ledger))
        # As `telling` begins; what is killed does not get to its end.
        assert RunHistory(ledger).take(notice.name, notice.before, timedelta(minutes=10))
        assert apbridge("notify").code == 0
        with ledger.database.writing() as connection:
            this = observations.c.name.endswith(notice.name)
            earlier = datetime.now(timezone.utc) - timedelta(minutes=11)
            connection.execute(update(observations).where(this).values(at=earlier))
        assert apbridge("notify").code == TOLD
    assert len(webhook.got) == 1


def test_a_ledger_that_cannot_be_read_is_told(apbridge: Apbridge, webhook: Webhook):
    os.environ["TARGET_AVIDXCHANGE_LEDGER_URL"] = "postgresql://somebody:hunter2@127.0.0.1:1/books"
    assert apbridge("notify").code == 3
    (told,) = webhook.got
    assert "cannot be looked at" in told["title"]
    assert "hunter2" not in str(told)


def test_without_an_address_it_is_printed_for_cron(apbridge: Apbridge, url: str):
    reject(url, 1)
    ended = apbridge("notify", "--json")
    assert ended.code == TOLD
    assert json.loads(ended.out)[0]["title"] == "1 new rejection"
    assert SECRET not in ended.out
    assert apbridge("notify").out == ""


def test_an_address_that_is_none_is_wrong_use(apbridge: Apbridge):
    os.environ["APBRIDGE_NOTIFY"] = "nonsense://p4ssword"
    ended = apbridge("notify")
    assert ended.code == 2
    assert "APBRIDGE_NOTIFY" in ended.err
    assert "p4ssword" not in ended.err


def certificate(days: int) -> bytes:
    """Make a certificate that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apbridge")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=300))
        .not_valid_after(now + timedelta(days=days, minutes=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)
