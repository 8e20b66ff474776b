"""A running sandbox, the tap on it, and the sandbox's own books to judge by."""

# ruff: noqa: S608 - the names in these statements are the sandbox's own tables
from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from singer_sdk.singerlib.encoding.simple import Message

from apbridge.errors import UnavailableError
from apbridge.netsuite.queries import reader
from apbridge.singer.writer import MessageWriter
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.testing import Running, running
from tap_netsuite_ap import bills, streams
from tap_netsuite_ap.tap import TapNetSuiteAP

Record = dict[str, Any]


class Killed(Exception):  # noqa: N818
    """The run ended here, as if the power had gone."""


@dataclass
class Synced:
    """What a run wrote."""

    messages: list[Record] = field(default_factory=list)
    failure: UnavailableError | None = None

    @property
    def state(self) -> Record:
        return next((m["value"] for m in reversed(self.messages) if m["type"] == "STATE"), {})

    @property
    def acknowledged(self) -> list[Record]:
        """The records before the last STATE."""
        last = max((i for i, m in enumerate(self.messages) if m["type"] == "STATE"), default=0)
        return [m["record"] for m in self.messages[:last] if m["type"] == "RECORD"]

    def records(self, stream: str) -> list[Record]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def ids(self, stream: str = "bills") -> list[str]:
        return [record["id"] for record in self.records(stream)]


class Collector(MessageWriter):
    """Keeps what is written; calls back before each record."""

    def __init__(self, synced: Synced, on_record: Callable[[int], None]) -> None:
        super().__init__()
        self._synced = synced
        self._on_record = on_record
        self._count = 0

    def write_message(self, message: Message) -> None:
        written = json.loads(self.serialize_message(message), parse_float=Decimal)
        if written["type"] == "RECORD":
            self._on_record(self._count)
            self._count += 1
        self._synced.messages.append(written)


class SandboxTap:
    """The tap on one sandbox."""

    Killed = Killed

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox
        assert sandbox.sandbox
        self.store = sandbox.sandbox.store
        self.clock = sandbox.sandbox.clock
        self.config = {
            name.removeprefix("NETSUITE_").lower(): value
            for name, value in sandbox.credentials.items()
            if name.startswith("NETSUITE_")
        } | {"spool_url": str(sandbox.folder / "spool")}

    def sync(
        self,
        state: Mapping[str, Any] | None = None,
        *,
        only: str | Collection[str] | None = None,
        on_record: Callable[[int], None] = lambda _: None,
        on_query: Callable[[int], None] = lambda _: None,
        fails: bool = False,
        **settings: Any,  # noqa: ANN401
    ) -> Synced:
        """Run the tap in this process. A run that is `Killed` gives what it wrote until then.

        Args:
            state: Where to go on from.
            only: The only stream or streams to read; else all are that a catalog selects by default.
            on_record: Called before each record, with how many were before it.
            on_query: Called before each query is sent, in the thread that sends it.
            fails: Whether it has to end with an error, when all is read.
            settings: Beside those of the sandbox; None for none.
        """
        synced = Synced()
        config = {name: value for name, value in {**self.config, **settings}.items() if value is not None}
        tap = TapNetSuiteAP(
            config=config,
            state=json.loads(json.dumps(state or {})),
            message_writer=Collector(synced, on_record),
        )
        for stream in tap.streams.values():
            is_usual = stream.selected_by_default or stream.name == "subsidiaries"
            wanted = {only} if isinstance(only, str) else only
            stream.selected = is_usual if wanted is None else stream.name in wanted
        netsuite = tap.connection.netsuite
        queries = count()
        ask = netsuite.suiteql

        def suiteql(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            on_query(next(queries))
            return ask(*args, **options)

        netsuite.suiteql = suiteql  # type: ignore[method-assign]
        try:
            tap.sync_all()
        except Killed:
            pass
        except UnavailableError as failure:
            if not fails:
                raise
            synced.failure = failure
        finally:
            netsuite.close()
        assert fails == (synced.failure is not None)
        return synced

    def sql(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Run SQL on the books behind NetSuite's back."""
        with self.store.write() as conn:
            return conn.execute(statement, values).fetchall()

    def pass_time(self, seconds: float) -> str:
        """Let time pass, and return what it was a second before."""
        self.clock.advance(timedelta(seconds=seconds))
        return stamp(self.clock.now() - timedelta(seconds=1))

    def set_bill(self, bill: object, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self.sql(f"UPDATE ns_transaction SET {names} WHERE id = ?", *columns.values(), bill)

    def attach(self, bill: object, content: bytes, filetype: str = "PDF") -> str:
        """Attach a new file to a bill, as NetSuite does: the bill's own date stays. Give its id."""
        (last,) = self.sql("SELECT MAX(id) + 1 AS next FROM ns_file")
        number = last["next"] or 1
        self.sql(
            "INSERT INTO ns_file (id, name, filetype, filesize, content, sha256, lastmodifieddate)"
            " VALUES (?, 'scan', ?, ?, ?, ?, ?)",
            number,
            filetype,
            len(content),
            content,
            hashlib.sha256(content).hexdigest(),
            self.clock.stamp(),
        )
        self.sql('INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', bill, number)
        return str(number)

    def keep(self) -> None:
        """Keep the transactions as they are, to be restored."""
        for table in _TRANSACTIONS:
            self.sql(f"CREATE TABLE kept_{table} AS SELECT * FROM ns_{table}")

    def restore(self) -> None:
        """Put the transactions back as they were kept."""
        with self.store.write() as conn:
            for table in reversed(_TRANSACTIONS):
                conn.execute(f"DELETE FROM ns_{table}")
            for table in _TRANSACTIONS:
                # A row brings others with it (a second book, a link that is no payment), which are kept too.
                conn.execute(f"INSERT OR REPLACE INTO ns_{table} SELECT * FROM kept_{table}")

    def delete_bill(self, bill: object, when: str) -> None:
        """Delete a bill, as NetSuite keeps it: a row says so, and nothing else is left."""
        for table in ("transactionaccountingline", "transactionline", "transactionfile"):
            self.sql(f'DELETE FROM ns_{table} WHERE "transaction" = ?', bill)
        self.sql("DELETE FROM ns_link WHERE ? IN (previousdoc, nextdoc)", bill)
        self.sql("DELETE FROM ns_transaction WHERE id = ?", bill)
        self.sql(
            "INSERT INTO ns_deletedrecord (name, recordid, recordtypeid, type, deleteddate)"
            " VALUES ('Bill', ?, -30, 'VendBill', ?)",
            bill,
            when,
        )

    @staticmethod
    def told(record: Record) -> Record:
        """Return what a record tells of a bill, as `books` has it."""
        left_out = {"is_eligible", "ineligible_because", "modified_at", "ap_account_id"}
        left_out |= {"images", "images_left_out"}
        return {name: value for name, value in record.items() if name not in left_out} | {
            "images": [image["sha256"] for image in record["images"]]
        }

    def books(self) -> dict[str, Record]:
        """Return each bill as the books have it, by id: the parts that every record must have right."""
        with self.store.connection() as conn:
            return {bill["id"]: bill for bill in _bills(conn)}


_TRANSACTIONS = (
    "transaction",
    "transactionline",
    "transactionaccountingline",
    "link",
    "deletedrecord",
    "transactionfile",
)
_STATUS = {"A": "open", "B": "paid", "C": "cancelled", "D": "pending_approval", "E": "rejected"}
_KIND = {"VendPymt": "payment", "VendCred": "credit", "VPrepApp": "prepayment", "Journal": "journal"}
_APPROVAL = {1: "pending", 2: "approved", 3: "rejected", 11: "open"}


def _bills(conn: sqlite3.Connection) -> Iterator[Record]:
    lines, applications, orders, images = (defaultdict[str, list[Any]](list) for _ in range(4))
    for row in conn.execute(
        'SELECT line.*, account.acctnumber, item.itemid, ordered.tranid AS "order", post.account AS posted'
        " FROM ns_transactionline line"
        ' LEFT JOIN ns_transactionaccountingline post ON post."transaction" = line."transaction"'
        " AND post.transactionline = line.id AND post.accountingbook = 1"
        " LEFT JOIN ns_account account ON account.id = COALESCE(post.account, line.expenseaccount)"
        " LEFT JOIN ns_item item ON item.id = line.item"
        " LEFT JOIN ns_transaction ordered ON ordered.id = line.createdfrom"
        " WHERE line.mainline = 'F' ORDER BY line.id"
    ):
        account = row["posted"] or row["expenseaccount"]
        lines[str(row["transaction"])].append(
            {
                "id": str(row["uniquekey"]),
                "kind": "tax" if row["taxline"] == "T" else "item" if row["item"] else "expense",
                "account_id": _text(account),
                "account_number": row["acctnumber"],
                "amount": Decimal(row["amount_cents"]) / 100,
                "department_id": _text(row["department"]),
                "class_id": _text(row["class"]),
                "location_id": _text(row["location"]),
                "memo": row["memo"],
                "purchase_order": row["order"],
                "item": row["itemid"],
                "quantity": row["quantity"] and Decimal(row["quantity"]),
                "rate": row["rate"] and Decimal(row["rate"]),
                "custom_fields": {},
            }
        )
        if row["order"]:
            orders[str(row["transaction"])].append(row["order"])
    for row in conn.execute(
        "SELECT link.*, paid.externalid, paid.trandate FROM ns_link link"
        " JOIN ns_transaction paid ON paid.id = link.nextdoc"
        " WHERE link.linktype = 'Payment' ORDER BY link.nextdoc"
    ):
        applications[str(row["previousdoc"])].append(
            {
                "id": str(row["nextdoc"]),
                "kind": _KIND[row["nexttype"]],
                "external_id": row["externalid"],
                "amount": Decimal(row["foreignamount_cents"]) / 100,
                "date": row["trandate"],
            }
        )
    for row in conn.execute(
        'SELECT held."transaction" AS bill, file.* FROM ns_transactionfile held JOIN ns_file file'
        " ON file.id = held.file ORDER BY file.id"
    ):
        images[str(row["bill"])].append(row["sha256"])
    for row in conn.execute(
        "SELECT head.*, currency.symbol FROM ns_transaction head"
        " JOIN ns_currency currency ON currency.id = head.currency WHERE head.type = 'VendBill'"
    ):
        number = str(row["id"])
        yield {
            "id": number,
            "external_id": f"netsuite-1234567_SB1-vendorbill-{number}",
            "number": row["tranid"],
            "vendor_id": str(row["entity"]),
            "bill_date": row["trandate"],
            "due_date": row["duedate"],
            "currency": row["symbol"],
            "exchange_rate": Decimal(row["exchangerate"]),
            "total": Decimal(row["total_cents"]) / 100,
            "amount_due": Decimal(row["total_cents"] - row["paid_cents"]) / 100,
            "memo": row["memo"],
            "subsidiary_id": _text(row["subsidiary"]),
            "approval_status": _APPROVAL.get(row["approvalstatus"]),
            "status": _STATUS[row["status"]],
            "applications": applications[number],
            "purchase_orders": sorted(set(orders[number])),
            "lines": lines[number],
            "images": images[number],
            "is_deleted": False,
            "custom_fields": {},
        }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@pytest.fixture(scope="session")
def company() -> Iterator[SandboxTap]:
    """A company that nobody changes."""
    with running(vendors=30, bills=150) as sandbox:
        yield SandboxTap(sandbox)


@pytest.fixture
def changing() -> Iterator[SandboxTap]:
    """A company of one test's own, a minute after it opened."""
    with running(vendors=12, bills=40) as sandbox:
        account = SandboxTap(sandbox)
        account.pass_time(60)
        yield account


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of seven rows and a STATE every two records, so that a small company has many of both."""
    monkeypatch.setattr(streams, "PAGE_ROWS", 7)
    monkeypatch.setattr(streams.NetSuiteStream, "STATE_MSG_FREQUENCY", 2)
    monkeypatch.setattr(reader, "PAGE_ROWS", 7)
    monkeypatch.setattr(bills, "BILLS_A_LINE_QUERY", 2)


@pytest.fixture(scope="session")
def account_of() -> type[SandboxTap]:
    """Puts the tap on a sandbox that a test runs itself."""
    return SandboxTap
