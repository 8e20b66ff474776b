"""Bookmarks and ledger belong together, and to two systems: what does not stops a run before it sends."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import DryRunLedger, Ledger
from apbridge.ledger.run_history import RunHistory
from apbridge.origin import Origin
from tests.singer.messages import SCHEMAS, Message, state, vendor, vendor_name
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.singer.conftest import ToyContext

SOURCE = Origin.of("netsuite", "https://one.example.com", account="1_SB1")
OTHER = Origin.of("netsuite", "https://one.example.com", account="1")
TOY = Origin.of("toy", "https://toy.example.com/v1", company=None)


def told(value: dict[str, Any], **note: Any) -> Message:  # noqa: ANN401
    """Make a STATE with a note in it."""
    return {"type": "STATE", "value": {**value, "apbridge": {**value.get("apbridge", {}), **note}}}


def read_from(origin: Origin, bookmarks: dict[str, Any] | None = None) -> Message:
    return told({"bookmarks": bookmarks or {}}, source=origin.as_json())


def going_on(context: ToyContext) -> Message:
    """Return the STATE that the last run told, as a tap tells it at the beginning of the next."""
    return {"type": "STATE", "value": context.told[-1]}


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


def copy_of(context: ToyContext) -> Path:
    """Put the ledger aside, as a backup does."""
    aside = context.folder / "copy.db"
    shutil.copy(context.folder / "ledger.db", aside)
    return aside


def put_back(context: ToyContext, aside: Path) -> None:
    for file in context.folder.glob("ledger.db*"):
        file.unlink()
    shutil.copy(aside, context.folder / "ledger.db")


def refused(context: ToyContext, messages: list[Message], code: str, **more: Any) -> str:  # noqa: ANN401
    """Check that a run ends with that sentence, before anything is delivered or told; return it."""
    with pytest.raises(SettingError) as found:
        context.run(messages, **more)
    assert found.value.code == code
    assert context.last.books.calls == []
    assert context.last.books.sign_ins == 0
    assert context.told == []
    return str(found.value)


def test_a_state_bears_the_ledgers_generation_and_place(any_context: ToyContext) -> None:
    any_context.run([*SCHEMAS, vendor(1), state("t1"), vendor(2), state("t2")], batch_of_one)
    marks = [one["apbridge"]["ledger"] for one in any_context.told]
    assert [mark["place"] for mark in marks] == [2, 4]
    assert len({mark["generation"] for mark in marks}) == 1
    any_context.run([going_on(any_context), *SCHEMAS, vendor(3), state("t3")])
    assert any_context.last.books.delivered == [vendor_name(3)]


def batch_of_one(target: Toy) -> None:
    target.batch = 1


def test_another_ledger_in_its_place_stops_the_run(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    before = going_on(context)
    for file in context.folder.glob("ledger.db*"):
        file.unlink()
    context.run([*SCHEMAS, vendor(1), state("t1")])
    said = refused(context, [before, *SCHEMAS, vendor(2), state("t2")], "APB-LED-010")
    assert "--full-refresh" in said
    with Ledger(context.url) as ledger:
        latest = RunHistory(ledger).runs("target-toy", limit=1)[0]
    assert (latest.status, "APB-LED-010" in str(latest.error)) == ("failed", True)


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_older_copy_put_back_stops_the_run(context: ToyContext, *, dry_run: bool) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(context)
    context.run([*SCHEMAS, vendor(2), state("t2")])
    before = going_on(context)
    put_back(context, aside)
    said = refused(context, [before, *SCHEMAS, vendor(3), state("t3")], "APB-LED-011", dry_run=dry_run)
    assert "(run 2, entry 4 of the audit trail)" in said


def test_an_older_copy_that_has_grown_since_stops_the_run_too(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(context)
    context.run([*SCHEMAS, vendor(2), state("t2")])
    before = going_on(context)
    put_back(context, aside)
    context.run([*SCHEMAS, vendor(3), vendor(4), vendor(5), state("t9", "vendors")])
    refused(context, [before, *SCHEMAS, vendor(6), state("t3")], "APB-LED-011")


def test_a_full_refresh_goes_with_whatever_ledger_is_there(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    aside = copy_of(context)
    context.run([*SCHEMAS, vendor(2), state("t2")])
    mark = context.told[-1]["apbridge"]["ledger"]
    put_back(context, aside)
    done = context.run([told({"bookmarks": {}}, ledger=mark), *SCHEMAS, vendor(1), vendor(2), state("t3")])
    assert done.tally.sentence() == "vendors 1 delivered, 1 unchanged"
    context.run([going_on(context), *SCHEMAS, state("t4")])


def test_an_older_state_with_the_ledger_of_today_goes_on(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    before = going_on(context)
    context.run([*SCHEMAS, vendor(2), state("t2")])
    assert context.run([before, *SCHEMAS, vendor(2), state("t2")]).books.calls == []


def test_a_state_of_other_peoples_taps_has_nothing_to_compare(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    context.run([state("t1"), *SCHEMAS, vendor(2), state("t2")])
    assert context.last.books.delivered == [vendor_name(2)]


def test_a_state_of_another_form_is_told_as_it_came(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), {"type": "STATE", "value": {"vendors": "t1"}}])
    assert context.told == [{"vendors": "t1"}]


@pytest.mark.usefixtures("toy")
def test_a_ledger_of_another_account_stops_the_run(any_context: ToyContext) -> None:
    any_context.run(
        [read_from(SOURCE), *SCHEMAS, vendor(1), told(state("t1")["value"], source=SOURCE.as_json())]
    )
    assert any_context.told[-1]["apbridge"]["source"] == SOURCE.as_json()
    # As a full refresh of another account begins: its bookmarks say nothing.
    said = refused(any_context, [read_from(OTHER), *SCHEMAS, vendor(1)], "APB-LED-012")
    assert "NetSuite account 1_SB1 at one.example.com" in said
    assert "NetSuite account 1 at one.example.com" in said
    with Ledger(any_context.url) as ledger:
        assert RunHistory(ledger).runs("target-toy", limit=1)[0].status == "failed"


def test_a_ledger_of_another_company_stops_the_run_whatever_tap_it_is(
    context: ToyContext, toy: dict[str, Origin]
) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    toy["origin"] = Origin.of("toy", "https://elsewhere.example.com")
    refused(context, [state("t1"), *SCHEMAS, vendor(1)], "APB-LED-012")
    refused(context, [*SCHEMAS, vendor(1)], "APB-LED-012", dry_run=True)


def test_a_company_that_becomes_known_is_no_other(context: ToyContext, toy: dict[str, Origin]) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    toy["origin"] = Origin.of("toy", "https://toy.example.com", company="7")
    context.run([*SCHEMAS, vendor(2), state("t1")])
    toy["origin"] = Origin.of("toy", "https://toy.example.com", company="8")
    refused(context, [*SCHEMAS, vendor(3)], "APB-LED-012")


@pytest.mark.usefixtures("toy")
def test_what_never_let_anybody_in_is_not_kept(context: ToyContext) -> None:
    with pytest.raises(SettingError):
        context.run([read_from(OTHER), *SCHEMAS, vendor(1)], token="taken away")
    context.run([read_from(SOURCE), *SCHEMAS, vendor(1), state("t1")])
    assert context.last.books.delivered == [vendor_name(1)]


@pytest.mark.usefixtures("toy")
def test_a_dry_run_keeps_nothing(context: ToyContext) -> None:
    context.run([read_from(OTHER), *SCHEMAS, vendor(1)], dry_run=True)
    context.run([read_from(SOURCE), *SCHEMAS, vendor(1), state("t1")])
    assert context.last.books.delivered == [vendor_name(1)]


def test_a_dry_runs_ledger_is_as_far_as_the_original(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    with Ledger(context.url) as ledger, DryRunLedger(context.url) as copy:
        assert copy.identity.mark() == ledger.identity.mark()


def test_ledger_and_state_of_another_company_stop_the_run_by_name(context: ToyContext) -> None:
    bookmarks = {"vendors": {"replication_key_value": "t1"}}
    acmes = told({"bookmarks": bookmarks}, company="acme")
    context.run([told({"bookmarks": {}}, company="acme"), *SCHEMAS, vendor(1), acmes], company="acme")
    assert context.told[-1]["apbridge"]["company"] == "acme"
    before = going_on(context)
    said = refused(context, [*SCHEMAS, vendor(2)], "APB-CMP-010", company="bolt")
    assert "is that of company acme, and this run is of company bolt" in said
    assert "of no company" in refused(context, [*SCHEMAS, vendor(2)], "APB-CMP-010")
    for file in context.folder.glob("ledger.db*"):
        file.unlink()
    said = refused(context, [before, *SCHEMAS, vendor(2)], "APB-CMP-011", company="bolt")
    assert "are those of company acme, and this run is of company bolt" in said
    assert "of no company" in refused(context, [before, *SCHEMAS, vendor(2)], "APB-CMP-011")
