"""What one of our taps says in its STATE beside the bookmarks."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import forked

PROGRAM = Path(__file__).parent / "toy_tap.py"
STREAMS = ["others", "things"]


class Ran:
    """What a run of the tap came to."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.messages: list[Any] = [json.loads(line) for line in done.stdout.splitlines()]
        self.states: list[Any] = [one["value"] for one in self.messages if one["type"] == "STATE"]
        self.errors = [line for line in done.stderr.splitlines() if "| ERROR " in line]
        self.said = done.stderr

    @property
    def note(self) -> Any:  # noqa: ANN401
        return self.states[-1]["apbridge"]


def run(folder: Path, *script: Any, state: Any = None, **settings: Any) -> Ran:  # noqa: ANN401
    (folder / "config.json").write_text(json.dumps({"script": {"things": script}, **settings}))
    given = [f"--config={folder / 'config.json'}"]
    if state is not None:
        (folder / "state.json").write_text(state if isinstance(state, str) else json.dumps(state))
        given.append(f"--state={folder / 'state.json'}")
    return Ran(forked.run(PROGRAM, *given, cwd=folder))


def test_the_first_message_says_what_will_be_read_and_the_last_that_it_was(tmp_path: Path) -> None:
    ran = run(tmp_path, 1, 2)
    assert ran.code == 0
    assert ran.messages[0]["type"] == ran.messages[-1]["type"] == "STATE"
    assert ran.states[0] == {
        "bookmarks": {"others": {}, "things": {}},
        "apbridge": {"reading": {"streams": STREAMS, "is_complete": False}},
    }
    marks = [one["apbridge"]["reading"]["is_complete"] for one in ran.states]
    assert marks == [*[False] * (len(marks) - 1), True]
    assert ran.states[-1]["bookmarks"]["things"]["replication_key_value"] == 2


@pytest.mark.parametrize(
    ("step", "says"), [("down", "it is down"), ("bug", "Internal error: KeyError at toy_tap")]
)
def test_an_error_is_told_in_a_last_state_without_its_secrets(tmp_path: Path, step: str, says: str) -> None:
    ran = run(tmp_path, 1, step)
    assert ran.code == 1
    assert len(ran.errors) == 1
    assert says in ran.note["reading"]["error"].replace("__main__", "toy_tap")
    assert ran.note["reading"]["is_complete"] is False
    assert ran.note["reading"]["streams"] == STREAMS
    assert "t0ps3cret" not in json.dumps(ran.messages)


def test_bookmarks_are_as_they_were_where_it_ends_at_once(tmp_path: Path) -> None:
    before = run(tmp_path, 1, 2).states[-1]
    ran = run(tmp_path, "down", state=before)
    assert ran.states[-1]["bookmarks"]["things"]["replication_key_value"] == 2
    assert "it is down" in ran.note["reading"]["error"]


def test_a_tap_that_cannot_be_made_tells_it_too(tmp_path: Path) -> None:
    before = run(tmp_path, 1).states[-1]
    ran = run(tmp_path, 1, state=before, account=7)
    assert ran.code == 1
    assert ran.messages == ran.messages[-1:]
    assert "account" in ran.note["reading"]["error"]
    assert ran.states[-1]["bookmarks"] == before["bookmarks"]


def test_a_tap_that_is_killed_says_nothing_of_an_end(tmp_path: Path) -> None:
    ran = run(tmp_path, 1, "die")
    assert ran.code == -signal.SIGKILL
    assert ran.note["reading"] == {"streams": STREAMS, "is_complete": False}


def test_what_the_target_put_there_comes_back_to_it(tmp_path: Path) -> None:
    mark = {"generation": "g", "place": 5, "hash": "h"}
    before = {
        "bookmarks": {"things": {"replication_key": "at", "replication_key_value": 1}},
        "apbridge": {"ledger": mark, "reading": {"streams": [], "is_complete": True}},
    }
    ran = run(tmp_path, 2, state=before)
    assert [one["apbridge"]["ledger"] for one in ran.states] == [mark] * len(ran.states)
    assert ran.states[0]["apbridge"]["reading"]["is_complete"] is False


def test_bookmarks_of_another_account_stop_it_before_it_reads(tmp_path: Path) -> None:
    first = run(tmp_path, 1, account="1_SB1")
    assert first.note["source"] == {
        "system": "netsuite",
        "account": "1_SB1",
        "host": "netsuite.example.com",
    }
    ran = run(tmp_path, 2, account="1", state=first.states[-1])
    assert ran.code == 1
    (said,) = ran.errors
    assert "NetSuite account 1_SB1 at" in said
    assert "NetSuite account 1 at" in said
    assert "[APB-SNG-030]" in said
    assert {one["type"] for one in ran.messages} == {"STATE"}
    # The bookmarks are still that account's.
    assert ran.note["source"]["account"] == "1_SB1"
    assert "[APB-SNG-030]" in ran.note["reading"]["error"]
    assert run(tmp_path, 2, account="1_SB1", state=ran.states[-1]).code == 0


def test_bookmarks_of_another_company_stop_it_by_name_before_anything_is_asked(tmp_path: Path) -> None:
    first = run(tmp_path, 1, company="acme")
    assert first.note["company"] == "acme"
    ran = run(tmp_path, 2, company="bolt", account="1", state=first.states[-1])
    assert ran.code == 1
    (said,) = ran.errors
    assert "those of company acme, and this run is of company bolt" in said
    # They are still that company's.
    assert ran.note["company"] == "acme"
    assert "[APB-CMP-011]" in ran.note["reading"]["error"]
    assert "of no company" in run(tmp_path, 2, state=first.states[-1]).said
    # Those of a project of one company go on as that company's.
    nobodys = run(tmp_path, 1).states[-1]
    assert run(tmp_path, 2, company="acme", state=nobodys).note["company"] == "acme"


def test_bookmarks_from_before_an_upgrade_take_the_present_account(tmp_path: Path) -> None:
    before = {"bookmarks": {"things": {"replication_key": "at", "replication_key_value": 1}}}
    assert run(tmp_path, 2, account="1", state=before).note["source"]["account"] == "1"


def test_without_bookmarks_there_is_nothing_to_mix_up(tmp_path: Path) -> None:
    first = run(tmp_path, account="1_SB1").states[0]
    assert run(tmp_path, 2, account="1", state=first).note["source"]["account"] == "1"


@pytest.mark.parametrize("state", ["{", "[1]", '{"bookmarks": null}', '{"bookmarks": {"things": 3}}', '"x"'])
def test_a_state_that_is_none_is_said_in_a_sentence(tmp_path: Path, state: str) -> None:
    ran = run(tmp_path, 1, state=state)
    assert (ran.code, ran.messages) == (1, [])
    (said,) = ran.errors
    assert said.endswith("[APB-SNG-037]")
