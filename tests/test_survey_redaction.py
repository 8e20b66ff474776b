"""The file of `apbridge survey` holds nothing of the company, whatever stands in both books."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from apbridge_operator.survey.probe import probes
from apbridge_sandbox.testing import running
from tests.surveying import found, submitted, surveyed

VOCABULARIES = {
    *("t.status", "SIGN(t.foreigntotal)", "t.approvalstatus", "l.accountinglinetype"),
    *("k.linktype", "k.nexttype", "d.type"),
}
"""What words may be read of: nobody at the company chooses what stands there."""


def test_words_are_read_of_vocabularies_alone():
    for probe in probes().values():
        shown = dict(reversed(one.split(" AS ")) for one in re.findall(r"[\w.()]+ AS \w+", probe.query or ""))
        read = {shown[fact.words] for fact in probe.facts.values() if fact.words}
        assert read <= VOCABULARIES, probe.name


KEPT = re.compile(
    r"id$|date|type$|created|modified|^is|line$|status|^(closed|posting|voided|tax|book|custom|symbol)",
    re.IGNORECASE,
)


def test_nothing_of_the_company_is_in_the_file(tmp_path: Path):
    canaries = (f"Canary{number}x" for number in count(7000))
    with running(vendors=3, bills=6) as sandbox:
        with sqlite3.connect(sandbox.folder / "sandbox.db") as books:
            planted = dict(_planted(books, canaries))
        planted |= dict(submitted(sandbox, canaries))
        report = surveyed(sandbox, avidxchange="avidconnect")
        assert found(report, "avidxchange.payment")["records"] == "one"
        file = tmp_path / "survey.json"
        report.write(file)
        written = file.read_text(encoding="utf-8")
        assert len(planted) > 30
        for canary in planted:
            assert canary.lower() not in written.lower()
        for name, value in sandbox.credentials.items():
            assert len(value) < 4 or "PROFILE" in name or value not in written, name
        for value in _numbers(sandbox.folder / "sandbox.db"):
            assert not re.search(rf"(?<![0-9]){re.escape(value)}(?![0-9])", written), value
        assert "127.0.0.1" not in written


def _planted(books: sqlite3.Connection, canaries: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Put a canary into every column of text that is no word of a vocabulary, and tell where each is."""
    canary = next(canaries)
    books.execute("UPDATE ns_transaction SET custom = ?", (f'{{"custbody_contract_number": "{canary}"}}',))
    yield canary, "ns_transaction.custom"
    columns = books.execute(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND t.name LIKE 'ns_%' AND c.type = 'TEXT'"
    )
    for table, column in columns.fetchall():
        if KEPT.search(column) or table in _SIGN_IN:
            continue
        canary = next(canaries)
        changed = books.execute(
            f"UPDATE {table} SET {column} = '{canary}' || ROWID"  # noqa: S608 - names out of the schema
            f" WHERE {column} NOT IN ('T', 'F') AND {column} GLOB '*[a-zA-Z]*'"
        )
        if changed.rowcount:
            yield canary, f"{table}.{column}"
    # A single word where NetSuite has words of its own may be a company's too.
    books.execute(
        "INSERT INTO ns_deletedrecord (recordid, recordtypeid, type, deleteddate)"
        " VALUES (7, 7, 'CanaryRecord', '2026-01-01T00:00:00Z')"
    )
    yield "CanaryRecord", "ns_deletedrecord.type"
    for table, column in _WORDS:
        word = f"Canary{column.title()}"
        books.execute(
            f"UPDATE {table} SET {column} = '{word}'"  # noqa: S608 - names out of the schema
            f" WHERE rowid = (SELECT MAX(rowid) FROM {table})"
        )
        yield word, f"{table}.{column}"


_WORDS = (("ns_link", "nexttype"), ("ns_link", "linktype"), ("ns_transactionline", "accountinglinetype"))
_SIGN_IN = {"ns_integration", "ns_certificate", "ns_token", "ns_consumer", "ns_access_token", "ns_nonce"}


def _numbers(database: Path) -> Iterator[str]:
    """Yield ids and amounts of the books of three digits and more."""
    with sqlite3.connect(database) as books:
        for query in (
            "SELECT id FROM ns_transaction",
            "SELECT total_cents FROM ns_transaction",
            "SELECT total_cents / 100 FROM ns_transaction",
            "SELECT id FROM ns_account",
        ):
            yield from (str(value) for (value,) in books.execute(query) if abs(value or 0) > 999)
