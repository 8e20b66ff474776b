"""What is applied to bills and is ours, though NetSuite does not show our external id on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from apbridge.ledger import Ledger
from apbridge.ledger.credits import credits_by_pair
from apbridge.schemas.identifiers import whole_payment
from apbridge.singer import Record
from target_avidxchange.withdrawal import is_credit, is_ours


class OurApplications:
    """Names what is ours by what the way back has kept in the ledger.

    Args:
        ledger: Of both ways.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def name_in(self, records: Sequence[Record]) -> None:
        """Put the external id of our payment on what is applied to bills for it."""
        self._name_linked_payments(records)
        for record in records:
            if any(map(is_credit, record["applications"])):
                record["applications"] = [*self._split(record)]

    def _name_linked_payments(self, records: Sequence[Record]) -> None:
        """Name payments that people recorded by hand, and that the way back has linked since.

        NetSuite may not count that as a change of the bill, so that nobody reads it anew.
        """
        unnamed = [
            one
            for record in records
            for one in record["applications"]
            if one["kind"] == "payment" and not is_ours(one)
        ]
        holders = self._ledger.claims.holders("netsuite", {one["id"] for one in unnamed}) if unnamed else {}
        wholes = {whole_payment(name) for name in holders.values()}
        rows = self._ledger.rows("netsuite", "payments", wholes) if wholes else {}
        for one in unnamed:
            holder = holders.get(one["id"], "")
            row = rows.get(whole_payment(holder))
            # A claim alone does not say that NetSuite has taken the external id.
            if row and one["id"] in (row.remote_id or "").split(", "):
                one["external_id"] = holder

    def _split(self, record: Record) -> Iterator[dict[str, Any]]:
        """Yield each application of a credit as the parts that payments of ours have of it, and the rest.

        A record that was held comes a second time, with what is ours already named.
        """
        taken: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in filter(is_ours, record["applications"]):
            taken[one["id"], one["external_id"]] += Decimal(one["amount"])
        for one in record["applications"]:
            if not is_credit(one):
                yield dict(one)
                continue
            rest = Decimal(one["amount"])
            for name, amount in sorted(self._credits.get((one["id"], record["id"]), {}).items()):
                if (part := min(amount - taken[one["id"], name], rest)) > 0:
                    taken[one["id"], name] += part
                    rest -= part
                    yield {**one, "external_id": name, "amount": part}
            if rest:
                yield {**one, "amount": rest}

    @cached_property
    def _credits(self) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
        return credits_by_pair(self._ledger)
