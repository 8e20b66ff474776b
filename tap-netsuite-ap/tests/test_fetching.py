"""Files are fetched several a call, within NetSuite's limits; what befalls one of them befalls no other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.netsuite import NetSuite
from apbridge.netsuite.restlet import MOST_FILES
from tap_netsuite_ap import fetching
from tap_netsuite_ap.fetching import MOST_BYTES_A_CALL, MOST_BYTES_IN_FLIGHT, Wish, groups

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap

pytestmark = pytest.mark.long

RESTLET = "POST /app/site/hosting/restlet.nl"
PROJECT = Path(__file__).parents[2] / "suitescript"
MOST_ANSWER = 10_000_000
"""Bytes of an answer that NetSuite guarantees."""
MOST_UNITS = 5000
UNITS = 10
"""Usage units that N/file takes for each file."""


@given(st.lists(st.one_of(st.integers(0, 500), st.integers(0, 11 * 1024))))
def test_files_are_grouped_within_the_limits_whatever_their_sizes_were_rounded_from(kilobytes: list[int]):
    wishes = [Wish(str(number), "1", size * 1024) for number, size in enumerate(kilobytes)]
    found = list(groups(wishes))
    assert [wish for group in found for wish in group] == wishes
    for group in found:
        assert 0 < len(group) <= MOST_FILES
        # Each may have a kilobyte more than is listed, less one byte, and its name and shape beside.
        largest = sum((wish.size + 1023 + 2) // 3 * 4 + 400 for wish in group)
        assert len(group) == 1 or largest < MOST_ANSWER * 0.6
    # No two that stand side by side would have gone together.
    for one, other in pairwise(found):
        together = [*one, other[0]]
        assert len(together) > MOST_FILES or sum(wish.most for wish in together) > MOST_BYTES_A_CALL


def test_a_call_leaves_some_of_its_units():
    assert MOST_FILES * UNITS <= MOST_UNITS - 200


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What the RESTlet was asked for contents."""
    found: list[Mapping[str, Any]] = []
    ask = NetSuite.restlet

    def restlet(self: NetSuite, body: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401
        if body["action"] in {"content", "contents"}:
            found.append(body)
        return ask(self, body, **more)

    monkeypatch.setattr(NetSuite, "restlet", restlet)
    return found


ChangedScript = Callable[[str, str], None]


@pytest.fixture
def changed_script(changing: SandboxTap, tmp_path: Path) -> Iterator[ChangedScript]:
    """Replace a text of the script by another one, for this test."""
    sandbox = changing.sandbox.sandbox
    assert sandbox
    shutil.copytree(PROJECT / "src", tmp_path / "copy/src")
    script = tmp_path / "copy/src/FileCabinet/SuiteScripts/apbridge/apbridge_restlet.js"
    options = sandbox.options
    sandbox.options = replace(options, suitescript=tmp_path / "copy")

    def change(text: str, other: str) -> None:
        source = script.read_text(encoding="utf-8")
        assert text in source
        script.write_text(source.replace(text, other), encoding="utf-8")

    yield change
    sandbox.options = options


def check(account: SandboxTap, bills: list[Record], *, but: str | None = None) -> int:
    """Check that each bill has the files that the books have, and return how many that are."""
    wanted = {number: book["images"] for number, book in account.books().items()}
    got = {bill["id"]: account.told(bill)["images"] for bill in bills if bill["is_eligible"]}
    assert {number: images for number, images in got.items() if number != but} == {
        number: wanted[number] for number in got if number != but
    }
    return sum(map(len, got.values()))


def refuse(account: SandboxTap, code: str, *, status: int = 400, **when: int) -> None:
    """Have the RESTlet refuse; the first that it is asked for is the list."""
    body = {"error": {"code": code, "message": "It was refused."}}
    fault = {"match": {"path": "restlet.nl", **when}, "do": {"status": status, "body": body}}
    account.sandbox.control("/control/faults", fault)


def test_the_files_of_all_bills_come_by_one_call(changing: SandboxTap, asked: list[Mapping[str, Any]]):
    fetched = check(changing, changing.sync(only="bills").records("bills"))
    assert [len(body["files"]) for body in asked] == [fetched]
    assert fetched > 3


def test_one_file_that_is_refused_is_left_out_of_its_bill_alone(
    changing: SandboxTap, monkeypatch: pytest.MonkeyPatch
):
    """Somebody takes it off its bill after it was listed."""
    ask = NetSuite.restlet
    gone: list[str] = []

    def restlet(self: NetSuite, body: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401
        if body["action"] == "contents" and not gone:
            gone.append(body["files"][1])
            changing.sql("DELETE FROM ns_transactionfile WHERE file = ?", gone[0])
        return ask(self, body, **more)

    monkeypatch.setattr(NetSuite, "restlet", restlet)
    changing.sandbox.control("/control/calls", method="DELETE")
    bills = changing.sync(only="bills").records("bills")
    ((bill, left_out),) = [(bill["id"], one) for bill in bills for one in bill["images_left_out"]]
    assert left_out["id"] == gone[0]
    assert "is not attached to any vendor bill" in left_out["problem"]
    assert f"fetch file {gone[0]} of bill {bill}" in left_out["problem"]
    assert check(changing, bills, but=bill) > 3
    assert changing.sandbox.calls()["netsuite"]["by_operation"][RESTLET] == 2, "the list, and the files"


def test_a_role_that_may_read_no_file_costs_no_call_for_each(changing: SandboxTap):
    changing.sandbox.control(
        "/control/switches", {"netsuite.missing_permissions": "Lists -> Documents and Files"}
    )
    changing.sandbox.control("/control/calls", method="DELETE")
    bills = changing.sync(only="bills").records("bills")
    problems = [one["problem"] for bill in bills for one in bill["images_left_out"]]
    assert len(problems) > 3
    assert all("Permission Violation" in one for one in problems)
    assert changing.sandbox.calls()["netsuite"]["by_operation"][RESTLET] == 2


@pytest.mark.parametrize(
    ("code", "status", "times"),
    [
        ("SSS_USAGE_LIMIT_EXCEEDED", 400, 1),
        ("SSS_TIME_LIMIT_EXCEEDED", 400, 1),
        ("a code that nobody knows", 400, 1),
        # Which may pass: it is asked for a few times before that counts.
        ("UNEXPECTED_ERROR", 500, 3),
    ],
)
def test_a_call_that_is_refused_as_a_whole_is_asked_in_two(
    changing: SandboxTap, asked: list[Mapping[str, Any]], code: str, status: int, times: int
):
    refuse(changing, code, status=status, nth=2, times=times)
    fetched = check(changing, changing.sync(only="bills").records("bills"))
    first, *rest = [body["files"] for body in asked]
    assert sorted(rest[0] + rest[1]) == sorted(first)
    assert {len(half) for half in rest} == {fetched // 2, fetched - fetched // 2}


def test_files_that_are_refused_always_are_asked_for_alone_at_last_and_left_out(
    changing: SandboxTap, asked: list[Mapping[str, Any]]
):
    refuse(changing, "SSS_USAGE_LIMIT_EXCEEDED", nth=2, times=1000)
    bills = changing.sync(only="bills").records("bills")
    left_out = [one for bill in bills for one in bill["images_left_out"]]
    assert all("It was refused" in one["problem"] for one in left_out)
    alone = [body["file"] for body in asked if body["action"] == "content"]
    assert sorted(alone) == sorted(one["id"] for one in left_out)
    assert len(asked) < 2 * len(alone)


def test_an_older_restlet_is_asked_for_one_file_a_call_and_that_is_said_once(
    changing: SandboxTap,
    asked: list[Mapping[str, Any]],
    changed_script: ChangedScript,
    caplog: pytest.LogCaptureFixture,
):
    changed_script("    contents: readFiles,\n", "")
    fetched = check(changing, changing.sync(only="bills").records("bills"))
    assert sorted(body["action"] for body in asked) == ["content"] * fetched + ["contents"]
    assert sum("[APB-TNS-031]" in one.getMessage() for one in caplog.records) == 1


@pytest.mark.parametrize(
    ("change", "a_call"),
    [
        (("const MOST_CONTENT = 9 * 1000 * 1000", "const MOST_CONTENT = 1"), 1),
        (("const UNITS_OF_A_FILE = 20", "const UNITS_OF_A_FILE = 4965"), 3),
        (("Date.now() - begun > MOST_TIME", "20000 * ids.indexOf(id) > MOST_TIME"), 3),
    ],
    ids=["room", "units", "time"],
)
def test_what_the_script_leaves_is_asked_for_again(
    changing: SandboxTap,
    asked: list[Mapping[str, Any]],
    changed_script: ChangedScript,
    change: tuple[str, str],
    a_call: int,
):
    changed_script(*change)
    fetched = check(changing, changing.sync(only="bills").records("bills"))
    sizes = [len(body.get("files", "1")) for body in asked]
    assert sizes == [*range(fetched, 0, -a_call)]


def test_a_script_that_leaves_everything_is_not_asked_for_ever(
    changing: SandboxTap, asked: list[Mapping[str, Any]], changed_script: ChangedScript
):
    changed_script("const UNITS_OF_A_FILE = 20", "const UNITS_OF_A_FILE = 5001")
    fetched = check(changing, changing.sync(only="bills").records("bills"))
    assert len(asked) < 2 * fetched


def test_a_file_that_failed_for_a_reason_that_may_pass_is_asked_for_alone(
    changing: SandboxTap, asked: list[Mapping[str, Any]], changed_script: ChangedScript
):
    fails = "if (ids.indexOf(id) === 2) throw refusal('UNEXPECTED_ERROR', 'An unexpected error.');"
    loads = "      const found = load(id, allowed);"
    changed_script(loads, f"      {fails}\n{loads}")
    check(changing, changing.sync(only="bills").records("bills"))
    together, alone = asked
    assert alone == {"action": "content", "file": together["files"][2]}


@pytest.mark.parametrize("rounded", ["up", "down"])
@pytest.mark.parametrize("long_answer", ["refused", "fails", "passes"])
def test_large_files_come_whole_and_one_that_no_answer_may_hold_is_left_out_of_its_bill(
    changing: SandboxTap, asked: list[Mapping[str, Any]], rounded: str, long_answer: str
):
    changing.sandbox.control(
        "/control/switches", {"netsuite.file_kilobytes": rounded, "netsuite.long_answer": long_answer}
    )
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    large = [changing.attach(bill, bytes([number]) * (1_500_000 + number)) for number in range(5)]
    largest = changing.attach(bill, bytes(9 * 2**20))
    bills = {one["id"]: one for one in changing.sync(only="bills").records("bills")}
    came = [image["id"] for image in bills[bill]["images"]]
    assert set(large) <= set(came)
    left_out = [one["id"] for one in bills[bill]["images_left_out"]]
    assert (left_out, largest in came) == (([], True) if long_answer == "passes" else ([largest], False))
    check(changing, list(bills.values()), but=None if long_answer == "passes" else bill)
    assert {"action": "content", "file": largest} in asked
    assert max(len(set(body.get("files", ())) & set(large)) for body in asked) == 2


def test_no_more_than_a_few_megabytes_are_under_way_at_once(
    changing: SandboxTap, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "MOST_BYTES_A_CALL", 50_000)
    monkeypatch.setattr(fetching, "MOST_BYTES_IN_FLIGHT", 100_000)
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    sizes = {changing.attach(bill, bytes(size)): size for size in [20_000] * 30 + [200_000] * 3}
    lock, flying, seen = Lock(), [0], [0]
    ask = NetSuite.restlet

    def restlet(self: NetSuite, body: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401
        files = body.get("files") or [body["file"]] if body["action"].startswith("content") else []
        size = sum(sizes.get(one, 0) for one in files)
        with lock:
            flying[0] += size
            seen.append(flying[0] if len(files) > 1 or flying[0] > size else 0)
        try:
            return ask(self, body, **more)
        finally:
            with lock:
                flying[0] -= size

    monkeypatch.setattr(NetSuite, "restlet", restlet)
    bills = changing.sync(only="bills").records("bills")
    assert check(changing, bills) > 33
    assert max(seen) <= 100_000


def test_the_limits_leave_room_for_two_calls_at_once():
    assert MOST_BYTES_IN_FLIGHT >= 2 * MOST_BYTES_A_CALL
