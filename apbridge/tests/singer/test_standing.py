"""Bookmarks and ledger belong together, and to two systems: what does not stops a run before it sends."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Ledger, RehearsalLedger
from apbridge.ledger.chronicle import Chronicle
from apbridge.origin import Origin
from tests.singer.messages import SCHEMAS, Message, state, vendor, vendor_name
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.singer.conftest import World

SOURCE = Origin.of("netsuite", "https://one.example.com", account="1_SB1")
OTHER = Origin.of("netsuite", "https://one.example.com", account="1")
TOY = Origin.of("toy", "https://toy.example.com/v1", company=None)


def told(value: dict[str, Any], **note: Any) -> Message:  # noqa: ANN401
    """Make a STATE with a note in it."""
    return {"type": "STATE", "value": {**value, "apbridge": {**value.get("apbridge", {}), **note}}}


def read_from(origin: Origin, bookmarks: dict[str, Any] | None = None) -> Message:
    return told({"bookmarks": bookmarks or {}}, source=origin.as_json())


def going_on(world: World) -> Message:
    """Give the STATE that the last run told, as a tap tells it at the beginning of the next."""
    return {"type": "STATE", "value": world.told[-1]}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> dict[str, Origin]:
    """Let the toy target say which system it is of."""
    named = {"origin": TOY}
    monkeypatch.setattr(
        Toy,
        "origin",
        lambda _, before: named["origin"],  # noqa: ARG005
    )
    return named


def copy_of(world: World) -> Path:
    """Put the ledger aside, as a backup does."""
    aside = world.folder / "copy.db"
    shutil.copy(world.folder / "ledger.db", aside)
    return aside


def put_back(world: World, aside: Path) -> None:
    for file in world.folder.glob("ledger.db*"):
        file.unlink()
    shutil.copy(aside, world.folder / "ledger.db")


def refused(world: World, messages: list[Message], code: str, **more: Any) -> str:  # noqa: ANN401
    """See that a run ends with that sentence, before anything is delivered or told; give it."""
    with pytest.raises(SettingError) as found:
        world.run(messages, **more)
    assert found.value.code == code
    assert world.last.books.calls == []
    assert world.last.books.sign_ins == 0
    assert world.told == []
    return str(found.value)


def test_a_state_bears_the_ledgers_generation_and_place(any_world: World) -> None:
    any_world.run([*SCHEMAS, vendor(1), state("t1"), vendor(2), state("t2")], batch_of_one)
    marks = [one["apbridge"]["ledger"] for one in any_world.told]
    assert [mark["place"] for mark in marks] == [2, 4]
    assert len({mark["generation"] for mark in marks}) == 1
    any_world.run([going_on(any_world), *SCHEMAS, vendor(3), state("t3")])
    assert any_world.last.books.delivered == [vendor_name(3)]


def batch_of_one(target: Toy) -> None:
    target.batch = 1


def test_another_ledger_in_its_place_stops_the_run(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    before = going_on(world)
    for file in world.folder.glob("ledger.db*"):
        file.unlink()
    world.run([*SCHEMAS, vendor(1), state("t1")])
    said = refused(world, [before, *SCHEMAS, vendor(2), state("t2")], "APB-LED-010")
    assert "--full-refresh" in said
    with Ledger(world.url) as ledger:
        latest = Chronicle(ledger).runs("target-toy", limit=1)[0]
    assert (latest.status, "APB-LED-010" in str(latest.error)) == ("failed", True)


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_older_copy_put_back_stops_the_run(world: World, *, dry_run: bool) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(world)
    world.run([*SCHEMAS, vendor(2), state("t2")])
    before = going_on(world)
    put_back(world, aside)
    said = refused(world, [before, *SCHEMAS, vendor(3), state("t3")], "APB-LED-011", dry_run=dry_run)
    assert "(run 2, entry 4 of the audit trail)" in said


def test_an_older_copy_that_has_grown_since_stops_the_run_too(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(world)
    world.run([*SCHEMAS, vendor(2), state("t2")])
    before = going_on(world)
    put_back(world, aside)
    world.run([*SCHEMAS, vendor(3), vendor(4), vendor(5), state("t9", "vendors")])
    refused(world, [before, *SCHEMAS, vendor(6), state("t3")], "APB-LED-011")


def test_a_full_refresh_goes_with_whatever_ledger_is_there(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(world)
    world.run([*SCHEMAS, vendor(2), state("t2")])
    mark = world.told[-1]["apbridge"]["ledger"]
    put_back(world, aside)
    done = world.run([told({"bookmarks": {}}, ledger=mark), *SCHEMAS, vendor(1), vendor(2), state("t3")])
    assert done.tally.sentence() == "vendors 1 delivered, 1 unchanged"
    world.run([going_on(world), *SCHEMAS, state("t4")])


def test_an_older_state_with_the_ledger_of_today_goes_on(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    before = going_on(world)
    world.run([*SCHEMAS, vendor(2), state("t2")])
    assert world.run([before, *SCHEMAS, vendor(2), state("t2")]).books.calls == []


def test_a_state_of_other_peoples_taps_has_nothing_to_compare(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    world.run([state("t1"), *SCHEMAS, vendor(2), state("t2")])
    assert world.last.books.delivered == [vendor_name(2)]


def test_a_state_of_another_form_is_told_as_it_came(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), {"type": "STATE", "value": {"vendors": "t1"}}])
    assert world.told == [{"vendors": "t1"}]


@pytest.mark.usefixtures("toy")
def test_a_ledger_of_another_account_stops_the_run(any_world: World) -> None:
    any_world.run(
        [read_from(SOURCE), *SCHEMAS, vendor(1), told(state("t1")["value"], source=SOURCE.as_json())]
    )
    assert any_world.told[-1]["apbridge"]["source"] == SOURCE.as_json()
    # As a full refresh of another account begins: its bookmarks say nothing.
    said = refused(any_world, [read_from(OTHER), *SCHEMAS, vendor(1)], "APB-LED-012")
    assert "NetSuite account 1_SB1 at one.example.com" in said
    assert "NetSuite account 1 at one.example.com" in said
    with Ledger(any_world.url) as ledger:
        assert Chronicle(ledger).runs("target-toy", limit=1)[0].status == "failed"


def test_a_ledger_of_another_company_stops_the_run_whatever_tap_it_is(
    world: World, toy: dict[str, Origin]
) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    toy["origin"] = Origin.of("toy", "https://elsewhere.example.com")
    refused(world, [state("t1"), *SCHEMAS, vendor(1)], "APB-LED-012")
    refused(world, [*SCHEMAS, vendor(1)], "APB-LED-012", dry_run=True)


def test_a_company_that_becomes_known_is_no_other(world: World, toy: dict[str, Origin]) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    toy["origin"] = Origin.of("toy", "https://toy.example.com", company="7")
    world.run([*SCHEMAS, vendor(2), state("t1")])
    toy["origin"] = Origin.of("toy", "https://toy.example.com", company="8")
    refused(world, [*SCHEMAS, vendor(3)], "APB-LED-012")


@pytest.mark.usefixtures("toy")
def test_what_never_let_anybody_in_is_not_kept(world: World) -> None:
    with pytest.raises(SettingError):
        world.run([read_from(OTHER), *SCHEMAS, vendor(1)], token="taken away")
    world.run([read_from(SOURCE), *SCHEMAS, vendor(1), state("t1")])
    assert world.last.books.delivered == [vendor_name(1)]


@pytest.mark.usefixtures("toy")
def test_a_dry_run_keeps_nothing(world: World) -> None:
    world.run([read_from(OTHER), *SCHEMAS, vendor(1)], dry_run=True)
    world.run([read_from(SOURCE), *SCHEMAS, vendor(1), state("t1")])
    assert world.last.books.delivered == [vendor_name(1)]


def test_a_dry_runs_ledger_is_as_far_as_the_original(world: World) -> None:
    world.run([*SCHEMAS, vendor(1), state("t1")])
    with Ledger(world.url) as ledger, RehearsalLedger(world.url) as copy:
        assert copy.identity.mark() == ledger.identity.mark()
