"""`apbridge records check` beside the target: what passes the one, the other takes, whatever a tap writes."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as some

from apbridge.errors import APBridgeError
from apbridge.json import dumps
from apbridge.ledger import Ledger, Status
from apbridge_operator.records import RecordCheck
from apbridge_sandbox.testing import running
from target_avidxchange.target import TargetAvidXchange
from tests.examples import examples
from tests.in_process import listening, usual_signals

Message = dict[str, Any]
Messages = list[Message | bytes]
Change = Callable[[Messages], None]

DAY, LATER = "2026-11-02T16:00:00Z", "2026-11-03T16:00:00Z"
STREAMS = {"vendors": "vendor", "gl_accounts": "account", "bills": "vendorbill"}
MISREAD = {
    *(
        "APB-RCD-002",
        "APB-RCD-004",
        "APB-RCD-005",
        "APB-RCD-006",
        "APB-RCD-007",
        "APB-RCD-008",
        "APB-RCD-009",
    ),
    *("APB-RCD-010", "APB-RCD-011", "APB-RCD-013", "APB-RCD-014", "APB-SNG-004"),
}
"""What the target takes, and makes something else of than its tap means; or AvidXchange might not take."""


def record(stream: str, own_id: str, **fields: object) -> Message:
    named = {"id": own_id, "external_id": f"harvest-main-{STREAMS[stream]}-{own_id}"}
    return {"type": "RECORD", "stream": stream, "record": named | fields}


def schema(stream: str) -> Message:
    keys = ["external_id"]
    return {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": keys}


def right() -> Messages:
    line = {"id": "1", "kind": "expense", "account_id": "6100", "account_number": "6100", "amount": 100}
    bill = {
        "vendor_id": "1",
        "bill_date": "2026-11-02",
        "currency": "USD",
        "total": 100,
        "is_eligible": True,
        "applications": [],
        "purchase_orders": [],
        "images": [],
        "is_deleted": False,
    }
    account = {"name": "Repairs", "full_name": "Repairs", "type": "Expense", "subsidiary_ids": []}
    vendor = {
        "number": "1",
        "name": "Oak Supply",
        "is_person": False,
        "subsidiary_ids": [],
        "is_active": True,
    }
    reached = {"replication_key": "modified_at", "replication_key_value": LATER}
    return [
        schema("vendors"),
        record("vendors", "1", **vendor, modified_at=DAY),
        schema("gl_accounts"),
        record("gl_accounts", "6100", **account, number="6100", is_postable=True, is_active=True),
        {**schema("bills"), "bookmark_properties": ["modified_at"]},
        record("bills", "1", number="INV-1", lines=[line], modified_at=DAY, **bill),
        record("bills", "2", number="INV-2", lines=[line], modified_at=LATER, **bill),
        {"type": "STATE", "value": {"bookmarks": {"bills": reached}}},
    ]


def changed(place: int, field: str, value: object) -> Change:
    def change(messages: Messages) -> None:
        told = messages[place]
        if isinstance(told, dict):
            told["record"][field] = value

    return change


def on_its_line(field: str, value: object) -> Change:
    def change(messages: Messages) -> None:
        told = messages[5]
        lines = told["record"]["lines"] if isinstance(told, dict) else None
        if isinstance(lines, list) and lines:
            lines[0][field] = value

    return change


def written(place: int, old: bytes, new: bytes) -> Change:
    """Write a message otherwise than any encoder would."""

    def change(messages: Messages) -> None:
        told = messages[place]
        line = told if isinstance(told, bytes) else dumps(told)
        messages[place] = line.replace(old, new, 1)

    return change


def put_in(place: int, *lines: Message | bytes) -> Change:
    return lambda messages: messages.insert(place, *lines)


def dropped(place: int) -> Change:
    return lambda messages: messages.__delitem__(place)


def twice(place: int) -> Change:
    return lambda messages: messages.append(deepcopy(messages[place]))


VALUES: some.SearchStrategy[Any] = some.sampled_from(
    [None, "", "   ", "x", 5, -1, 0.001, True, [], {}, "2026-02-30", DAY, LATER, "\u202e", "USD", "JPY", "1"]
)
VENDOR = some.sampled_from(
    ["name", "number", "id", "external_id", "is_active", "modified_at", "tax_id", "email"]
)
ACCOUNT = some.sampled_from(["name", "full_name", "number", "type", "id", "external_id", "is_postable"])
BILL = some.sampled_from(
    [
        *("number", "vendor_id", "bill_date", "due_date", "currency", "total", "amount_due", "is_eligible"),
        *("lines", "applications", "images", "purchase_orders", "is_deleted", "modified_at", "id", "memo"),
        *("external_id", "new"),
    ]
)
LINE = some.sampled_from(
    ["id", "kind", "account_id", "account_number", "amount", "memo", "item", "department_id"]
)
NUMBER = some.sampled_from(
    [b"1e400", b"-1e400", b"NaN", b"1e2", b"100.00", b"100.001", b"null", b'"100"', b"-0"]
)
LINES = some.sampled_from(
    [
        *(b"", b" ", b"[]", b"Connecting", b'{"type": "RECORD"}', b'{"type": "STATE"}', b'{"type": "BATCH"}'),
        b'{"type": "SCHEMA", "stream": "x"}',
        b'{"type": "RECORD", "stream": "projects", "record": {}}',
        b'{"type": "STATE", "value": {"bookmarks": {}}}',
        b'{"type": "ACTIVATE_VERSION", "stream": "bills"}',
    ]
)
CHANGES = some.one_of(
    some.builds(changed, some.just(1), VENDOR, VALUES),
    some.builds(changed, some.just(3), ACCOUNT, VALUES),
    some.builds(changed, some.just(5), BILL, VALUES),
    some.builds(on_its_line, LINE, VALUES),
    some.builds(written, some.just(5), some.just(b'"total":100'), some.builds(b'"total":%b'.__mod__, NUMBER)),
    some.builds(
        written, some.integers(0, 7), some.just(b"{"), some.sampled_from([b"\xef\xbb\xbf{", b"\xff{"])
    ),
    some.builds(put_in, some.integers(0, 8), LINES),
    some.builds(dropped, some.integers(0, 7)),
    some.builds(twice, some.integers(0, 7)),
)


def is_known_by_the_other_system_alone(messages: Messages) -> bool:
    """Return whether it takes AvidXchange to know: whether it has a vendor who is not active, or a code."""
    told = [one["record"] for one in messages if isinstance(one, dict) and one["type"] == "RECORD"]
    return any(one.get(field) is False for one in told for field in ("is_active", "is_postable"))


@settings(max_examples=examples(10))
@given(some.lists(CHANGES, min_size=1, max_size=2))
@example([twice(5)])
@example([changed(5, "bill_date", None)])
@example([changed(5, "amount_due", 60)])
@example([on_its_line("account_number", "6900")])
def test_what_passes_the_check_the_target_takes_and_what_does_not_it_refuses_or_misreads(
    changes: list[Change],
):
    messages = right()
    for change in changes:
        if len(messages) == len(right()):
            change(messages)
    lines = b"".join((one if isinstance(one, bytes) else dumps(one)) + b"\n" for one in messages)
    check = RecordCheck("target-avidxchange", (), most=1)
    check.read(io.BytesIO(lines))
    problems = {one.code for one in check.mistakes.problems}
    refused = refused_by_the_target(lines)
    if problems:
        assert refused or problems <= MISREAD, lines
    elif not is_known_by_the_other_system_alone(messages):
        assert refused == [], lines


def refused_by_the_target(lines: bytes) -> list[str]:
    """Return what the target says of it: what ends its run, and each record that does not go."""
    refused = []
    with running(vendors=1, bills=0) as sandbox, TemporaryDirectory() as folder:
        own = {"ledger_url": f"sqlite:///{folder}/ledger.db", "spool_url": str(Path(folder, "spool"))}
        target = TargetAvidXchange(config={**sandbox.avidxchange_settings("avidconnect"), **own})
        with listening(), usual_signals(), redirect_stdout(io.StringIO()):
            try:
                target.listen(io.BytesIO(lines))  # type: ignore[arg-type]  # the SDK reads bytes
            except APBridgeError as ended:
                refused.append(str(ended))
        with Ledger(own["ledger_url"]) as ledger:
            for stream in STREAMS:
                rows = ledger.all_rows("avidxchange", stream, (Status.REJECTED, Status.WAITING))
                refused += [str(row.reason) for row in rows]
    return refused
