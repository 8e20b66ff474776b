"""Journals that were made to void vendor payments, and whether they do.

A journal has the same link to a payment that pays it, as one of opening balances: only that one of its lines
was created from the payment tells that it voids it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from apbridge.errors import RefusedError
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader

_JOURNALS = Query.load(__package__, "journals", "look up journals that void payments", ["id", "payment"])


@dataclass(frozen=True)
class Journal:
    """A journal that was made to void a vendor payment.

    Args:
        id: Internal id.
        payment: Internal id of the vendor payment; None where NetSuite does not tell.
        is_pending: Whether it waits for approval.
        is_rejected: Whether somebody has refused it.
    """

    id: str
    payment: str | None
    is_pending: bool
    is_rejected: bool


def journals(reader: Reader, *, of: Iterable[str] = (), ids: Iterable[str] = ()) -> list[Journal]:
    """Read journals that were made to void vendor payments.

    Args:
        reader: Reads NetSuite.
        of: Internal ids of the payments.
        ids: Internal ids of journals that are known.
    """
    found = [
        row
        for by, values in (("payment", of), ("id", ids))
        for rows in reader.look_up(_JOURNALS, values, by=by)().values()
        for row in rows
    ]
    with as_documented(_JOURNALS.purpose, "a row without what was asked for"):
        return [_journal(row) for row in found]


def reversals(reader: Reader, payments: Iterable[str]) -> defaultdict[str, set[str]]:
    """Read which journals reverse vendor payments, by payment; none where NetSuite does not tell.

    A payment that is taken for voided may be posted a second time, and one that is not is told.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    with suppress(RefusedError):
        for journal in journals(reader, of=payments):
            if journal.payment and not (journal.is_pending or journal.is_rejected):
                found[journal.payment].add(journal.id)
    return found


def _journal(row: Row) -> Journal:
    approval, status = row.get("approvalstatus"), row["status"].rpartition(":")[2]
    return Journal(
        row["id"],
        row.get("payment"),
        is_pending=approval == "1" or (approval is None and status == "A"),
        is_rejected=approval == "3",
    )
