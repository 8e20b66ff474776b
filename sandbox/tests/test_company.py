"""The seeded company: always the same for a seed, and its books hold together."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.company import CompanySize, seed_company
from apbridge_sandbox.context import Options, Sandbox
from apbridge_sandbox.store import Store

_NOT_THE_COMPANY = re.compile(
    r"ns_(integration|certificate|token)$|sandbox_|sqlite_|ax_(company|user_token|gateway|user)$"
)


def _fingerprint(store: Store) -> str:
    digest = hashlib.sha256()
    with store.connection() as conn:
        tables = conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            if not _NOT_THE_COMPANY.match(table):
                for row in conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608
                    digest.update(repr((table, *row)).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The company of the default size."""
    sandbox = Sandbox(tmp_path_factory.mktemp("company") / "sandbox.db")
    sandbox.seed_if_empty()
    yield sandbox
    sandbox.close()


def _one(sandbox: Sandbox, query: str) -> int:
    with sandbox.store.connection() as conn:
        value: int = conn.execute(query).fetchone()[0]
    return value


def _rows(sandbox: Sandbox, query: str) -> list[tuple[Any, ...]]:
    with sandbox.store.connection() as conn:
        return [tuple(row) for row in conn.execute(query)]


def test_same_seed_same_company(tmp_path: Path):
    prints = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        sandbox = Sandbox(tmp_path / name, Options(CompanySize(seed, 30, 60)))
        sandbox.seed_if_empty()
        prints.append(_fingerprint(sandbox.store))
        if name == "a":
            with sandbox.store.write() as conn:
                conn.execute("DELETE FROM ns_transaction WHERE id % 2")
                conn.execute("INSERT INTO ax_vendor VALUES (1, 'v', 1, '{}', 'now')")
            seed_company(sandbox.store, sandbox.clock, CompanySize(7, 30, 60))
            assert _fingerprint(sandbox.store) == prints[0]
        sandbox.close()
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_default_size(company: Sandbox):
    counts = {
        table: _one(company, f"SELECT COUNT(*) FROM ns_{table}")  # noqa: S608
        for table in ("vendor", "account", "department", "classification", "location", "subsidiary", "file")
    }
    assert counts == {
        "vendor": 250,
        "account": 120,
        "department": 12,
        "classification": 8,
        "location": 20,
        "subsidiary": 2,
        "file": 600,
    }
    assert _one(company, "SELECT COUNT(*) FROM ns_transaction WHERE type = 'VendBill'") == 1000


def test_bills_have_one_to_eight_lines_of_every_kind(company: Sandbox):
    lines = """SELECT COUNT(*) AS n FROM ns_transactionline l JOIN ns_transaction t ON t.id = l."transaction"
               WHERE t.type = 'VendBill' AND l.mainline = 'F' GROUP BY t.id"""
    assert {n for (n,) in _rows(company, lines)} == set(range(1, 9))
    kinds = """SELECT DISTINCT taxline, accountinglinetype, item IS NULL FROM ns_transactionline
               WHERE mainline = 'F'"""
    items = {("F", kind, 0) for kind in ("EXPENSE", "COGS", "ASSET", None)}
    assert set(_rows(company, kinds)) == {("F", None, 1), ("T", "TAX", 1), *items}
    several = "SELECT COUNT(*) FROM ns_transactionline WHERE department + class + location IS NOT NULL"
    assert _one(company, several) > 500


def test_statuses(company: Sandbox):
    shares = dict(
        _rows(company, "SELECT status, COUNT(*) FROM ns_transaction WHERE type = 'VendBill' GROUP BY 1")
    )
    assert shares.keys() == {"A", "B", "D", "E"}
    assert shares["A"] > 600
    partly = (
        "SELECT COUNT(*) FROM ns_transaction WHERE type = 'VendBill' AND paid_cents NOT IN (0, total_cents)"
    )
    assert _one(company, partly) == 0


def test_purchase_orders_are_linked_line_by_line(company: Sandbox):
    pairs = _rows(
        company,
        """SELECT COUNT(*), COUNT(DISTINCT l.uniquekey), COUNT(DISTINCT k.nextdoc)
           FROM ns_link k JOIN ns_transactionline l ON l."transaction" = k.nextdoc AND l.id = k.nextline
           JOIN ns_transactionline p ON p."transaction" = k.previousdoc AND p.id = k.previousline
           WHERE k.linktype = 'OrdBill' AND l.createdfrom = k.previousdoc
           AND p.amount_cents = l.amount_cents""",
    )
    links = _one(company, "SELECT COUNT(*) FROM ns_link WHERE linktype = 'OrdBill'")
    ((matched, lines, bills),) = pairs
    assert matched == lines == links
    assert links > bills > 100


def test_every_posted_document_balances(company: Sandbox):
    assert _one(company, "SELECT COUNT(*) FROM ns_transactionaccountingline WHERE posting = 'T'") > 3000
    unbalanced = """SELECT "transaction" FROM ns_transactionaccountingline GROUP BY 1, accountingbook
                    HAVING SUM(COALESCE(debit_cents, 0)) <> SUM(COALESCE(credit_cents, 0))"""
    assert _rows(company, unbalanced) == []
    silent = """SELECT id FROM ns_transaction t WHERE posting = 'T' AND type <> 'PurchOrd' AND NOT EXISTS
                (SELECT 1 FROM ns_transactionaccountingline a WHERE a."transaction" = t.id)"""
    assert _rows(company, silent) == []
    wrong_sum = """SELECT t.id FROM ns_transaction t JOIN ns_transactionline l ON l."transaction" = t.id
                   GROUP BY t.id HAVING SUM(l.amount_cents) <> 0
                   OR SUM(l.amount_cents) FILTER (WHERE l.mainline = 'T') <> -t.total_cents"""
    assert _rows(company, wrong_sum) == []


def test_paid_is_the_sum_of_links_on_both_sides(company: Sandbox):
    bills = """SELECT t.id FROM ns_transaction t LEFT JOIN ns_link k
               ON k.previousdoc = t.id AND k.linktype = 'Payment' WHERE t.type = 'VendBill'
               GROUP BY t.id HAVING t.paid_cents <> COALESCE(SUM(k.foreignamount_cents), 0)
               OR (t.status = 'B') <> (t.paid_cents = t.total_cents)"""
    payments = """SELECT t.id FROM ns_transaction t LEFT JOIN ns_link k
                  ON k.nextdoc = t.id AND k.linktype = 'Payment' WHERE t.type = 'VendPymt'
                  GROUP BY t.id HAVING t.total_cents <> COALESCE(SUM(k.foreignamount_cents), 0)"""
    assert _rows(company, bills) == []
    assert _rows(company, payments) == []
    several = "SELECT 1 FROM ns_link WHERE linktype = 'Payment' GROUP BY nextdoc HAVING COUNT(*) > 1"
    assert _rows(company, several)


def test_every_line_is_in_a_second_book_on_another_account(company: Sandbox):
    pairs = """SELECT COUNT(*), COUNT(b.account), SUM(a.account = b.account)
               FROM ns_transactionaccountingline a LEFT JOIN ns_transactionaccountingline b
               ON b."transaction" = a."transaction" AND b.transactionline = a.transactionline
               AND b.accountingbook = 2 WHERE a.accountingbook = 1"""
    ((lines, others, same),) = _rows(company, pairs)
    assert lines == others > 3000
    assert same == 0


def test_beside_each_payment_is_a_link_that_is_none(company: Sandbox):
    pairs = """SELECT COUNT(*), COUNT(o.id) FROM ns_link k LEFT JOIN ns_link o ON o.linktype = 'Related'
               AND o.previousdoc = k.previousdoc AND o.nextdoc = k.nextdoc WHERE k.linktype = 'Payment'"""
    ((payments, others),) = _rows(company, pairs)
    assert payments == others > 100


def test_open_bills_are_coded_to_what_takes_postings(company: Sandbox):
    bad = """SELECT t.id FROM ns_transaction t
             JOIN ns_transactionaccountingline g ON g."transaction" = t.id
             JOIN ns_account a ON a.id = g.account JOIN ns_vendor v ON v.id = t.entity
             WHERE t.type = 'VendBill' AND t.status = 'A' AND g.accountingbook = 1
             AND 'T' IN (a.issummary, a.isinactive, v.isinactive)"""
    assert _rows(company, bad) == []


def test_dimensions_belong_to_the_bills_subsidiary(company: Sandbox):
    bad = """SELECT l.uniquekey FROM ns_transactionline l JOIN ns_location p ON p.id = l.location
             WHERE ', ' || p.subsidiary || ',' NOT LIKE '%, ' || l.subsidiary || ',%'"""
    assert _rows(company, bad) == []
    assert _one(company, "SELECT COUNT(DISTINCT currency) FROM ns_transaction WHERE subsidiary = 1") == 2


def test_nothing_happens_after_the_clock_starts(company: Sandbox):
    late = """SELECT id FROM ns_transaction WHERE lastmodifieddate >= '2026-11-02T16:00:00Z'
              OR createddate > lastmodifieddate OR trandate > '2026-11-02'"""
    assert _rows(company, late) == []
    assert company.clock.stamp().startswith("2026-11-02T16:0")


def test_names_that_break_naive_senders(company: Sandbox):
    names = [str(name) for (name,) in _rows(company, "SELECT altname FROM ns_vendor")]
    assert any("O'Brien" in name for name in names)
    assert any("É" in name or "é" in name for name in names)
    assert any("\N{SPARKLES}" in name for name in names)
    assert max(len(name) for name in names) == 300
    assert len(set(names)) == 250


def test_every_image_is_a_pdf_of_its_own(company: Sandbox):
    with company.store.connection() as conn:
        files = conn.execute("SELECT content, sha256, filesize FROM ns_file").fetchall()
    assert len({file["sha256"] for file in files}) == 600
    for file in files:
        content: bytes = file["content"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["filesize"]
        _check_pdf(content)


def _check_pdf(content: bytes) -> None:
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    table = content[start:].split(b"trailer")[0].splitlines()
    assert table[0] == b"xref"
    count = int(table[1].split()[1])
    assert len(table) == count + 2
    for number, entry in enumerate(table[3:], start=1):
        assert len(entry) == 19
        assert content[int(entry[:10]) :].startswith(b"%d 0 obj" % number)
    found = re.search(rb"/Length (\d+) >>\nstream\n", content)
    assert found
    assert content[found.end() + int(found[1]) :].startswith(b"\nendstream")
