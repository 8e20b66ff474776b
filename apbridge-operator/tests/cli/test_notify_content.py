"""What a notice says to a person, in a mail, and to a program, in a webhook's body."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge_operator.cli.notify import TOLD

from .receivers import mail_serving, webhook_serving

Apbridge = Callable[..., Any]
CONSOLE = "https://ap.example.com/bridge"
SECRET = "12-3456789"


def reject(url: str, *external_ids: str, code: str = "APB-TAX-002") -> None:
    with Ledger(url) as ledger:
        for name in external_ids:
            error = RejectedError("APB-TAX-002", word="Bill", name=f"tax id {SECRET}", external_id=name)
            told: dict[str, Any] = {"code": code, "says": error.says, "do": error.do}
            payload = {"number": f"INV of {name}", "amount": "10.10", "currency": "USD"}
            about = ("bills", name, None, "h", Status.REJECTED)
            ledger.write(1, "avidxchange", [RowUpdate(*about, **told, payload=payload)])


def fail(url: str) -> None:
    with Ledger(url) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        run.finish("failed", {}, "NetSuite did not answer", "APB-HTTP-001")


def sent(apbridge: Apbridge, *words: str) -> list[dict[str, Any]]:
    """Return what a webhook is sent."""
    with webhook_serving() as hook:
        os.environ["APBRIDGE_NOTIFY"] = hook.address
        apbridge("notify", *words)
        return hook.got


@pytest.mark.parametrize(("code", "severity"), [("APB-TAX-002", "warning"), ("APB-TAX-031", "failure")])
def test_a_webhook_is_told_of_exceptions_in_fields(apbridge: Apbridge, url: str, code: str, severity: str):
    os.environ["APBRIDGE_CONSOLE_URL"] = CONSOLE
    reject(url, "bill/1 a", code=code)
    (told,) = sent(apbridge)
    assert told["type"] == severity
    page = f"{CONSOLE}/exceptions/avidxchange/bills/bill%2F1%20a"
    facts = told["apbridge"]
    assert (facts["count"], facts["link"]) == (1, f"{CONSOLE}/exceptions")
    (one,) = facts["exceptions"]
    assert (one["number"], one["code"], one["link"]) == ("INV of bill/1 a", code, page)
    assert one["is_urgent"] is (severity == "failure")
    assert SECRET not in str(told)
    assert told["message"].split("\n")[1:3] == [f"  {page}", f"Open {CONSOLE}/exceptions"]


def test_of_many_each_is_linked_and_the_rest_counted(apbridge: Apbridge, url: str):
    os.environ["APBRIDGE_CONSOLE_URL"] = CONSOLE
    reject(url, *(f"bill-{number}" for number in range(14)))
    (told,) = sent(apbridge)
    assert told["message"].count("/exceptions/avidxchange/bills/") == 10
    assert "… and 4 more" in told["message"]
    assert (told["apbridge"]["count"], len(told["apbridge"]["exceptions"])) == (14, 10)


def test_a_failure_and_a_test_have_each_their_severity(apbridge: Apbridge, url: str):
    fail(url)
    (told,) = sent(apbridge)
    assert told["type"] == "failure"
    assert told["apbridge"] == {"direction": "NetSuite to AvidXchange", "code": "APB-HTTP-001"}
    assert "http" not in told["message"]
    (test,) = sent(apbridge, "--test")
    assert (test["type"], test["apbridge"]) == ("info", {})
    os.environ["APBRIDGE_CONSOLE_URL"] = f"{CONSOLE}/"
    (again,) = sent(apbridge, "--again")
    assert again["apbridge"]["link"] == f"{CONSOLE}/"


@pytest.mark.parametrize(
    "address",
    [
        "ap.example.com",
        "https://ap.example.com/?token=t0ps3cret",
        "https://user:t0ps3cret@ap.example.com",
        "https://ap.example.com/#t0ps3cret",
        "javascript:alert(1)//t0ps3cret",
    ],
)
def test_an_address_that_lets_people_in_is_not_sent_about(apbridge: Apbridge, url: str, address: str):
    fail(url)
    os.environ["APBRIDGE_CONSOLE_URL"] = address
    with webhook_serving() as hook:
        os.environ["APBRIDGE_NOTIFY"] = hook.address
        ended = apbridge("notify")
        assert (ended.code, hook.got) == (2, [])
    assert "APB-NTC-010" in ended.err
    assert "t0ps3cret" not in ended.err


@pytest.mark.parametrize("asked", ["", "&format=text", "&format=html"])
def test_a_mail_keeps_its_lines(apbridge: Apbridge, url: str, asked: str):
    os.environ["APBRIDGE_CONSOLE_URL"] = CONSOLE
    reject(url, "bill-1", "bill-2")
    with mail_serving() as mailbox:
        os.environ["APBRIDGE_NOTIFY"] = f"{mailbox.address}{asked}"
        assert apbridge("notify").code == TOLD
        (mail,) = mailbox.got
    plain = mail.get_body(["plain"])
    assert plain
    lines = plain.get_content().splitlines()
    shown = ["- bill INV of", f"{CONSOLE}/exc"] * 2
    beginnings = [*shown, f"Open {CONSOLE}/exceptions", "The audit trail ends"]
    assert len(lines) == len(beginnings)
    assert all(line.strip().startswith(one) for line, one in zip(lines, beginnings, strict=True))
    if page := mail.get_body(["html"]):
        assert page.get_content().count("<br") == len(lines) - 1
