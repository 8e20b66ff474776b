"""Whatever comes in whatever order, and whatever breaks: STATE never runs ahead of the ledger."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apbridge.errors import UnavailableError
from apbridge.ledger import Ledger
from apbridge.redaction import MASK
from apbridge.singer.sink import content_hash
from tests.examples import examples
from tests.singer.messages import SCHEMAS, bill, vendor
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.singer.conftest import ToyContext

pytestmark = pytest.mark.long

Message = dict[str, Any]

numbers = st.integers(0, 7)
versions = st.integers(0, 3).map(str)
vendors = st.builds(lambda n, v: vendor(n, name=v), numbers, versions)
secret_vendors = st.builds(lambda n, v: vendor(n, tax_id=v + "2-3456789"), numbers, versions)
bills = st.builds(lambda n, of, v: bill(n, of, memo=v), numbers, numbers, versions)
hidden = st.builds(lambda n, v: bill(n, 0, memo=v, is_eligible=False), numbers, versions)
spoilt = st.builds(lambda n, v: bill(n, 0, memo=v, total="x"), numbers, versions)
inputs = st.lists(
    st.one_of(vendors, secret_vendors, bills, bills, hidden, spoilt, st.just({"type": "STATE"})),
    min_size=15,
    max_size=45,
)
mishaps = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 8),
        "refused": st.sets(st.one_of(vendors, bills).map(lambda m: m["record"]["external_id"]), max_size=4),
        "down_after": st.one_of(st.none(), st.integers(0, 6)),
        "signal_after": st.one_of(st.none(), st.integers(0, 6)),
    }
)


def numbered(messages: list[Message]) -> list[Message]:
    """Let each STATE say how many messages come before it: where a tap would go on."""
    return [
        message
        if message["type"] == "RECORD"
        else {
            "type": "STATE",
            "value": {"bookmarks": {stream: {"at": position} for stream in ("vendors", "bills")}},
        }
        for position, message in enumerate(messages)
    ]


def key(message: Message) -> tuple[str, str]:
    return message["stream"], message["record"]["external_id"]


def digest(message: Message) -> str:
    return content_hash({name: v for name, v in message["record"].items() if name != "modified_at"})


def behave(target: Toy, mishap: dict[str, Any]) -> None:
    target.batch = mishap["batch"]
    target.books.refused = mishap["refused"]
    target.books.down_after = mishap["down_after"]
    put = target.books.put

    def signalled(stream: str, record: dict[str, Any]) -> str:
        if mishap["signal_after"] is not None and len(target.books.calls) >= mishap["signal_after"]:
            target.signalled(15)
        return put(stream, record)

    target.books.put = signalled  # type: ignore[method-assign]


def check_state(url: str, messages: list[Message], told: Message) -> None:
    """Every record before a STATE that is told has a row, of its content or of a later one."""
    versions: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for position, message in enumerate(messages):
        if message["type"] == "RECORD":
            versions[key(message)].append((position, digest(message)))
    with Ledger(url) as ledger:
        for stream in ("vendors", "bills"):
            reached = told["bookmarks"].get(stream, {"at": 0})["at"]
            for (of, name), seen in versions.items():
                before = [n for n, (position, _) in enumerate(seen) if position < reached]
                if of != stream or not before:
                    continue
                row = ledger.rows("toy", stream, [name]).get(name)
                assert row, f"{name} is before STATE {reached} and not in the ledger"
                allowed = {found for _, found in seen[before[-1] :]}
                assert row.content_hash in allowed | {""}, f"{name} is older than STATE {reached}"


# Hundreds of ledgers that wait for the disk at each commit prove nothing more here.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
QUIET = {"batch": 5, "refused": set(), "down_after": None, "signal_after": None}


@settings(max_examples=examples(6))
@given(messages=inputs.map(numbered), turns=st.lists(mishaps, min_size=1, max_size=3))
def test_any_input_any_mishap(
    new_context: Callable[[Path], ToyContext], messages: list[Message], turns: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        context = new_context(Path(folder))
        told: dict[str, Any] = {}
        arrived: dict[tuple[str, str], str] = {}
        for mishap in [*turns, QUIET]:
            told = one_run(context, messages, mishap, told, arrived)
        check_end(context, messages, arrived)


def one_run(
    context: ToyContext,
    messages: list[Message],
    mishap: dict[str, Any],
    told: dict[str, Any],
    arrived: dict[tuple[str, str], str],
) -> dict[str, Any]:
    """Run as a tap would that goes on where the STATE told last says, stream by stream."""
    bookmarks = told.get("bookmarks", {})
    rest = [
        message
        for position, message in enumerate(messages)
        if message["type"] == "STATE" or position >= bookmarks.get(message["stream"], {"at": 0})["at"]
    ]
    begins = [{"type": "STATE", "value": told}] if told else []
    target: list[Toy] = []

    def prepare(made: Toy) -> None:
        target.append(made)
        behave(made, mishap)

    expected = () if mishap == QUIET else (UnavailableError, SystemExit)
    with suppress(*expected):
        context.run([*begins, *SCHEMAS, *rest], prepare)
    for stream, record in target[0].books.calls:
        assert record.get("tax_id") != MASK, "a record was sent without its tax id"
        if stream == "bills":
            vendor_name = f"netsuite-1_SB1-vendor-{record['vendor_id']}"
            assert ("vendors", vendor_name) in arrived, "a bill came before its vendor"
        arrived[stream, record["external_id"]] = digest({"record": record})
    for value in context.states:
        check_state(context.url, messages, value)
    return context.states[-1] if context.states else told


def check_end(context: ToyContext, messages: list[Message], arrived: dict[tuple[str, str], str]) -> None:
    """After a quiet run everything has ended as its last version asks."""
    last = {key(message): message for message in messages if message["type"] == "RECORD"}
    with Ledger(context.url) as ledger:
        for (stream, name), message in last.items():
            record = message["record"]
            status = ledger.rows("toy", stream, [name])[name].status.value
            if record.get("total") == "x":
                assert status == "rejected"
            elif record.get("is_eligible") is False:
                assert status in ("ignored", "waiting")
            elif stream == "bills" and not arrived.get(
                ("vendors", f"netsuite-1_SB1-vendor-{record['vendor_id']}")
            ):
                assert status == "waiting"
            else:
                assert status == "delivered"
                assert arrived[stream, name] == digest(message)
        assert ledger.verify().broken_at is None
