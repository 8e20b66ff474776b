"""A stream that was not read to its end is known by its bookmark: by our mark, or by that of the SDK."""

from __future__ import annotations

from typing import Any

import pytest

from apbridge.singer import state


@pytest.mark.parametrize(
    ("mark", "is_complete"),
    [
        ({}, True),
        ({"unfinished": True}, False),
        ({"progress_markers": {"replication_key_value": "t2"}}, False),
    ],
)
def test_a_bookmark_with_a_mark_is_of_a_stream_that_was_not_read_to_its_end(
    mark: dict[str, Any], *, is_complete: bool
) -> None:
    told = {"bookmarks": {"bills": {"replication_key_value": "t1", **mark}}}
    assert state.is_complete(told, "bills") is is_complete
    assert state.is_whole({}, told, "bills") is is_complete
    assert not state.is_whole(told, told, "bills")
