"""A stream that was not read to its end says so in STATE, from the first one on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apbridge.singer.state import is_complete

if TYPE_CHECKING:
    from tests.conftest import SandboxTap


def states(synced: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [message["value"] for message in synced.messages if message["type"] == "STATE"]


def test_a_whole_run_marks_its_bookmarks_until_it_has_read_them(changing: SandboxTap):
    whole = changing.sync()
    assert is_complete(whole.state, "bills")

    again = changing.sync(whole.state)
    assert not is_complete(states(again)[0], "vendors")
    assert not is_complete(states(again)[0], "bills")
    assert is_complete(again.state, "vendors")
    assert is_complete(again.state, "bills")


def test_a_run_that_never_came_to_the_bills_leaves_them_marked(changing: SandboxTap):
    whole = changing.sync()
    changing.pass_time(300)
    changing.sql("UPDATE ns_vendor SET lastmodifieddate = ?", changing.pass_time(5))

    def kill(_: int) -> None:
        raise changing.Killed

    killed = changing.sync(whole.state, on_record=kill)
    assert not is_complete(killed.state, "bills")
    assert is_complete(changing.sync(killed.state).state, "bills")
