"""A run whose tap did not come to its end is incomplete: by the tap's own word, never for its silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import UnavailableError
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import PastRun, RunHistory
from apbridge.singer.reading import IncompleteError
from tests import forked
from tests.singer.messages import SCHEMAS, Message, bill, bill_name, state, vendor, vendor_name
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

STREAMS = ["vendors", "bills"]
SENTENCE = (
    "NetSuite does not let the integration in; token=t0ps3cret. Upload the certificate anew. [APB-NS-003]"
)


def reading(bookmark: str | None = None, **more: Any) -> Message:  # noqa: ANN401
    """Return a STATE as one of our taps tells it."""
    found = {"bookmarks": {}} if bookmark is None else state(bookmark)["value"]
    note = {"reading": {"streams": STREAMS, "is_complete": False, **more}}
    return {"type": "STATE", "value": {**found, "apbridge": note}}


def incomplete(context: ToyContext, *messages: Message, **more: Any) -> str:  # noqa: ANN401
    """Run to an end that is incomplete; return what was said."""
    with pytest.raises(IncompleteError) as found:
        context.run(messages, **more)
    assert latest(context).status == "incomplete"
    assert latest(context).error is not None
    return str(found.value)


def latest(context: ToyContext) -> PastRun:
    with Ledger(context.url) as ledger:
        return RunHistory(ledger).runs("target-toy", limit=1)[0]


def last_good(context: ToyContext) -> PastRun | None:
    with Ledger(context.url) as ledger:
        return RunHistory(ledger).last_good("target-toy")


def test_a_tap_that_says_it_read_all_is_believed(context: ToyContext) -> None:
    context.run([reading(), *SCHEMAS, vendor(1), reading("t1"), reading("t1", is_complete=True)])
    assert latest(context).status == "finished"
    assert context.states[-1] == state("t1")["value"]
    assert all("reading" not in told["apbridge"] for told in context.told)


def test_a_tap_that_says_with_what_it_ended_is_quoted(any_context: ToyContext) -> None:
    said = incomplete(
        any_context, reading(), *SCHEMAS, vendor(1), bill(7), reading("t1"), reading("t1", error=SENTENCE)
    )
    assert "Upload the certificate anew. [APB-NS-003]" in said
    assert "t0ps3cret" not in said
    assert "Upload the certificate anew. [APB-NS-003]" in str(latest(any_context).error)
    assert "t0ps3cret" not in str(latest(any_context).error)
    # What it had read is delivered and told.
    assert any_context.last.books.delivered == [vendor_name(1), bill_name(7)]
    assert any_context.states[-1] == state("t1")["value"]
    assert "certificate" not in json.dumps(any_context.told)
    assert latest(any_context).counts == {"vendors": {"delivered": 1}, "bills": {"delivered": 1}}
    assert last_good(any_context) is None


@pytest.mark.parametrize(
    "messages",
    [
        [reading()],
        [reading(), *SCHEMAS],
        [reading(), *SCHEMAS, vendor(1), reading("t1")],
        [reading(), *SCHEMAS, vendor(1), state("t1")],
        [reading(is_complete="yes"), *SCHEMAS, vendor(1)],
    ],
    ids=["at once", "before a record", "before its end", "a STATE without a word", "another word"],
)
def test_a_tap_of_ours_that_was_killed_is_not_taken_for_complete(
    context: ToyContext, messages: list[Message]
) -> None:
    assert "before it had read vendors, bills to the end" in incomplete(context, *messages)


def test_a_tap_of_which_nothing_came_is_not_either(context: ToyContext) -> None:
    assert "nothing came from the tap" in incomplete(context)
    assert "nothing came from the tap" in incomplete(context, {"type": "STATE", "value": {"bookmarks": {}}})
    assert context.told == []


def test_other_peoples_taps_count_as_complete_unless_the_sdks_mark_is_left(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1")])
    assert latest(context).status == "finished"
    marked = {"progress_markers": {"replication_key_value": "t2"}, "replication_key_value": "t1"}
    for bookmark in (marked, {"partitions": [{"context": {"a": 1}, **marked}]}):
        told = {"type": "STATE", "value": {"bookmarks": {"bills": bookmark}}}
        assert "before it had read bills to the end" in incomplete(context, *SCHEMAS, vendor(2), told)
    # A stream that was not read this time is another time's.
    told = {
        "type": "STATE",
        "value": {"bookmarks": {"payments": marked, **state("t2")["value"]["bookmarks"]}},
    }
    context.run([*SCHEMAS, vendor(3), told])
    assert latest(context).status == "finished"


def test_an_incomplete_run_is_no_good_one(context: ToyContext) -> None:
    context.run([reading(), *SCHEMAS, vendor(1), reading("t1", is_complete=True)])
    good = last_good(context)
    incomplete(context, {**reading(error=SENTENCE)})
    assert last_good(context) == good


def test_nothing_is_told_where_no_stream_has_begun(context: ToyContext) -> None:
    """A full refresh that fails at once leaves the bookmarks that are kept elsewhere."""
    incomplete(context, reading(), reading(error=SENTENCE))
    assert context.told == []


def test_what_else_ends_a_run_is_said_first(context: ToyContext) -> None:
    def down(target: Toy) -> None:
        target.books.down_after = 0

    with pytest.raises(UnavailableError, match="it is down"):
        context.run([reading(), *SCHEMAS, vendor(1), reading("t1", error=SENTENCE)], down)
    assert latest(context).status == "failed"


def test_a_dry_run_is_incomplete_too(context: ToyContext) -> None:
    report = str(context.folder / "report.json")
    with pytest.raises(IncompleteError, match="certificate anew"):
        context.run(
            [reading(), *SCHEMAS, vendor(1), reading("t1", error=SENTENCE)],
            dry_run=True,
            dry_run_report=report,
        )
    assert "vendors" in (context.folder / "report.json").read_text()


def test_the_program_ends_with_exit_code_1_and_the_state_of_what_was_delivered(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    messages = [reading(), *SCHEMAS, vendor(1), reading("t1"), reading("t1", error=SENTENCE)]
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    done = forked.run(*program, stdin=lines, env=environment)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["bookmarks"] == state("t1")["value"]["bookmarks"]
    assert "target-toy: vendors 1 delivered" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("[APB-SNG-032]")
    assert "Upload the certificate anew" in done.stderr.splitlines()[-1]
    assert "t0ps3cret" not in done.stderr
    assert latest(context).status == "incomplete"
