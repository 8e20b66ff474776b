"""Each address is told for itself: over real webhooks on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge.ledger.tables import observations
from apbridge_operator.cli.notify import TOLD
from apbridge_operator.destinations import destinations

from .receivers import Webhook, webhook_serving

Apbridge = Callable[..., Any]


@pytest.fixture
def hooks(project: Path) -> Iterator[list[Webhook]]:  # noqa: ARG001 - it clears the environment before
    with webhook_serving() as one, webhook_serving() as other:
        os.environ["APBRIDGE_NOTIFY"] = f"{one.address} {other.address}"
        os.environ["NO_PROXY"] = "127.0.0.1"
        yield [one, other]


@pytest.fixture
def url(url: str) -> str:
    """A ledger in which one direction failed a moment ago, and the other ran well."""
    fail(url, 1)
    return url


def fail(url: str, number: int) -> None:
    with Ledger(url) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        run.finish("failed", {}, f"NetSuite did not answer {number}", f"APB-HTTP-00{number}")


def counts(hooks: list[Webhook]) -> list[int]:
    return [len(one.got) for one in hooks]


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("down", [0, 1])
def test_one_that_fails_is_tried_again_and_the_other_is_not_told_twice(
    apbridge: Apbridge, hooks: list[Webhook], down: int
):
    hooks[down].status = 500
    ended = apbridge("notify")
    assert (ended.code, len(hooks[1 - down].got)) == (3, 1)
    assert f"address {down + 1} (json://127.0.0.1)" in ended.err
    assert f"address {2 - down}" not in ended.err
    assert "NetSuite did not answer 1" in ended.out
    hooks[down].status = 200
    assert apbridge("notify").code == TOLD
    assert counts(hooks) == [1, 1]
    assert apbridge("notify").code == 0
    assert counts(hooks) == [1, 1]


def test_one_that_was_down_is_told_all_that_it_missed(apbridge: Apbridge, hooks: list[Webhook], url: str):
    hooks[0].status = 500
    apbridge("notify")
    fail(url, 2)
    hooks[0].status = 200
    ended = apbridge("notify", "--json")
    assert [len(json.loads(ended.out)), *counts(hooks)] == [1, 1, 2]


@pytest.mark.usefixtures("url")
def test_an_address_that_comes_later_is_told_what_is_open(apbridge: Apbridge, hooks: list[Webhook]):
    os.environ["APBRIDGE_NOTIFY"] = hooks[0].address
    apbridge("notify")
    os.environ["APBRIDGE_NOTIFY"] = f"{hooks[1].address} {hooks[0].address} {hooks[1].address}"
    assert apbridge("notify").code == TOLD
    assert counts(hooks) == [1, 1]


@pytest.mark.usefixtures("url")
def test_a_new_password_makes_no_new_destination(apbridge: Apbridge, hooks: list[Webhook]):
    apbridge("notify")
    os.environ["APBRIDGE_NOTIFY"] = os.environ["APBRIDGE_NOTIFY"].replace("p4ssword", "n3w@ssword")
    assert apbridge("notify").code == 0
    assert counts(hooks) == [1, 1]


def test_the_ledger_has_nothing_of_an_address(apbridge: Apbridge, hooks: list[Webhook], url: str):
    apbridge("notify")
    assert counts(hooks) == [1, 1]
    with Ledger(url) as ledger, ledger.database.reading() as connection:
        kept = " ".join(name for (name,) in connection.execute(select(observations.c.name)))
    assert kept.count("notice of a failure") == 2
    assert not any(word in kept for word in ("p4ssword", "user", "127.0.0.1", str(hooks[0].port)))


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        (
            "mailtos://ap:one@example.com?to=b@example.com",
            "mailtos://ap:two@example.com?to=b@example.com",
            1,
        ),
        (
            "mailtos://example.com?user=ap&pass=1&to=b@example.com",
            "mailtos://example.com?user=ap&pass=2&to=b@example.com",
            1,
        ),
        (
            "mailtos://ap:one@example.com?to=b@example.com",
            "mailtos://ap:one@example.com?to=c@example.com",
            2,
        ),
        ("json://ap:one@example.com/a", "json://ap:one@example.com/b", 2),
        ("json://ap:one@example.com/a", "json://bp:one@example.com/a", 2),
        ("json://example.com:8080/a@b", "json://example.com:8081/a@b", 2),
        ("json://example.com/a?+token=1", "json://example.com/a?+token=2", 2),
    ],
)
def test_what_is_the_same_destination(one: str, other: str, different: int):
    first, second = (found.known_as("key") for found in [*destinations(one), *destinations(other)])
    assert len({first, second}) == different
    assert destinations(one)[0].known_as("other key") != first


def test_a_token_is_not_named():
    (one,) = destinations("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ap")
    assert one.name == "address 1 (slack)"
    assert "T1JJ3T3L2" not in repr(one)


@pytest.mark.usefixtures("url")
def test_a_test_message_says_which_address_takes_it(apbridge: Apbridge, hooks: list[Webhook]):
    assert apbridge("notify", "--test").code == 0
    hooks[0].status = 500
    ended = apbridge("notify", "--test")
    assert ended.code == 3
    assert ended.out == "address 1 (json://127.0.0.1): NOT taken\naddress 2 (json://127.0.0.1): taken\n"
    assert "address 1" in ended.err
    assert "address 2" not in ended.err
    assert "p4ssword" not in ended.out + ended.err
    assert [one["taken"] for one in json.loads(apbridge("notify", "--test", "--json").out)] == [False, True]
    assert {one["title"] for one in hooks[1].got} == {"apbridge: A test"}
    assert counts(hooks) == [1, 3]
    hooks[0].status = 200
    assert apbridge("notify").code == TOLD  # a test marks nothing as told
    assert counts(hooks) == [2, 4]


def test_without_an_address_there_is_nothing_to_test(apbridge: Apbridge):
    ended = apbridge("notify", "--test")
    assert ended.code == 2
    assert "APB-NTC-009" in ended.err


@pytest.mark.usefixtures("url")
def test_a_dry_run_prints_what_would_be_sent_to_whom_and_marks_nothing(
    apbridge: Apbridge, hooks: list[Webhook]
):
    assert apbridge("notify", "--test", "--dry-run").out.count("it would be sent") == 2
    assert apbridge("notify", "--test", "--dry-run", "--json").out.count("taken") == 0
    for _ in range(2):
        ended = apbridge("notify", "--dry-run")
        assert ended.code == 0
        assert "NetSuite did not answer 1" in ended.out
        assert "to address 1 (json://127.0.0.1), address 2 (json://127.0.0.1)\n" in ended.out
    assert counts(hooks) == [0, 0]
    hooks[1].status = 500
    apbridge("notify")
    (left,) = json.loads(apbridge("notify", "--dry-run", "--json").out)
    assert left["to"] == ["address 2 (json://127.0.0.1)"]
    assert counts(hooks) == [1, 0]


def test_a_dry_run_sends_nothing_where_the_ledger_cannot_be_read(apbridge: Apbridge, hooks: list[Webhook]):
    os.environ["TARGET_AVIDXCHANGE_LEDGER_URL"] = "postgresql://somebody:hunter2@127.0.0.1:1/books"
    assert apbridge("notify", "--dry-run").code == 3
    assert counts(hooks) == [0, 0]


def test_what_is_open_is_told_again(apbridge: Apbridge, hooks: list[Webhook], url: str):
    with Ledger(url) as ledger:
        for number in (1, 2):
            entry = RowUpdate("bills", f"netsuite-1-vendorbill-{number}", None, "h", Status.REJECTED)
            ledger.write(1, "avidxchange", [entry])
    assert apbridge("notify").code == TOLD
    assert apbridge("notify").code == 0
    first = [one["title"] for one in hooks[0].got]
    assert len(json.loads(apbridge("notify", "--again", "--dry-run", "--json").out)) == len(first) == 2
    assert apbridge("notify", "--again").code == TOLD
    assert [one["title"] for one in hooks[0].got] == first * 2
    # What was told again is told: nothing is due, and what is new is new alone.
    assert apbridge("notify").code == 0
    assert counts(hooks) == [4, 4]
    with Ledger(url) as ledger:
        ledger.start_run("target-avidxchange", "1.0").finish("finished", {})
    assert apbridge("notify", "--again", "--json").out.count("A run failed") == 0
