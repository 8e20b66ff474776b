"""Vendors: those that AvidXchange had before us are not made once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from apbridge.errors import APBridgeError, RejectedError
from apbridge.ledger import Row
from apbridge.likeness import names, tax_digits
from apbridge.links import WAS, LinkKind
from apbridge.schemas.identifiers import VENDOR, is_of_a_tap, name_of
from apbridge.singer import Outcome, Record
from target_avidxchange.remote import UnlinkedVendor
from target_avidxchange.sinks import AvidXchangeSink, is_tombstone

_HELD = frozenset({"APB-VND-001", "APB-VND-002", "APB-VND-003", "APB-VND-004", "APB-VND-005"})
"""Why a vendor waits for a person."""

_LINKED = "linked"
"""The fact that keeps AvidXchange's own id of a vendor that only the links file knows."""


class VendorSink(AvidXchangeSink):
    """Vendors."""

    resource = "vendor"
    word = "vendor"
    _alike: UnlinkedVendors | None = None

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        own_id = self.shared.links.own_id(self.stream_name, record["external_id"])
        named = {**super().facts(record), "name": record["name"]}
        return {**named, **({_LINKED: own_id} if own_id else {})}

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        """Look, beside what is in doubt, at what was held: somebody may have linked it meanwhile."""
        super().prepare(records, rows)
        if self.remote_index.listed_at < 0 and any(
            self._is_to_be_seen(record, rows.get(record["external_id"])) for record in records
        ):
            self.look()
        told = records[0]["external_id"]
        self._alike = UnlinkedVendors(
            one
            for one in self.remote_index.unlinked
            if self.shared.links.owner(self.stream_name, one.remote_id, told) is None
            and not is_of_a_tap(one.external_id, told, VENDOR)
        )

    def _is_to_be_seen(self, record: Record, row: Row | None) -> bool:
        if row is not None and row.code in _HELD:
            return True
        link = self.shared.links.get(self.stream_name, record["external_id"])
        is_known = row is not None and row.acknowledged_at is not None
        return not is_known and link is not None and link.kept is LinkKind.THERE

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        if is_tombstone(record):
            return super().deliver(record, row)
        if why := self._held(record, row):
            return Outcome.held(why)
        outcome = super().deliver(record, row)
        own_id = self._own_id(record["external_id"], outcome)
        was = row.facts.get(WAS) if row else None
        if own_id and row and row.remote_id not in {None, own_id}:
            self.shared.sent_codes.note_moved()
            was = row.remote_id
        facts = {**outcome.facts, WAS: was} if outcome.facts and was else outcome.facts
        return replace(outcome, remote_id=own_id, facts=facts)

    def _own_id(self, external_id: str, outcome: Outcome) -> str | None:
        link, there = self.shared.links.get(self.stream_name, external_id), self.remote_index.get(external_id)
        known = (there.remote_id if there else None) or (link.remote_id if link else None)
        # A dry run has sent nothing that an id could have come of.
        return known or (None if self.context.is_dry_run else outcome.remote_id)

    @override
    def sent(self, record: Record) -> Any:
        body, link = super().sent(record), self.shared.links.get(self.stream_name, record["external_id"])
        return {"body": body, "id": link.remote_id} if link else body

    @override
    def must_be_sent(self, record: Record, row: Row | None) -> bool:
        link = self.shared.links.get(self.stream_name, record["external_id"])
        is_shown = self.remote_index.get(record["external_id"]) is not None
        return bool(link and link.remote_id and row and row.remote_id != link.remote_id and not is_shown)

    def _held(self, record: Record, row: Row | None) -> APBridgeError | None:
        """Return why a vendor must not go before a person has decided; None where it may."""
        external_id, links = record["external_id"], self.shared.links
        link = links.get(self.stream_name, external_id)
        told: dict[str, Any] = {"name": name_of(record), "external_id": external_id}
        linked = row.facts.get(_LINKED) if row and row.facts else None
        is_known = (row and row.acknowledged_at) or self.remote_index.get(external_id)
        if linked and link is None:
            return RejectedError("APB-VND-005", **told, remote_id=linked, file=links.file)
        if is_known or (link is not None and link.kept is not LinkKind.THERE):
            return None
        if link is not None:
            return RejectedError("APB-VND-003", **told, remote_id=link.remote_id, file=links.file)
        if self.shared.holds_vendors:
            return RejectedError("APB-VND-001", **told)
        found = self._alike.find(record) if self._alike else None
        return RejectedError("APB-VND-002", **told, **found) if found else None


class UnlinkedVendors:
    """The vendors of AvidXchange that nobody has linked, by what makes one look like another.

    Args:
        vendors: Theirs.
    """

    def __init__(self, vendors: Iterable[UnlinkedVendor]) -> None:
        self._by_tax: defaultdict[str, list[UnlinkedVendor]] = defaultdict(list)
        self._by_words: defaultdict[str, list[tuple[str, UnlinkedVendor]]] = defaultdict(list)
        for one in sorted(vendors):
            if one.tax:
                self._by_tax[one.tax].append(one)
            for name in names(one.name):
                self._by_words[name.words].append((name.branch, one))

    def find(self, record: Record) -> dict[str, str] | None:
        """Return the vendor that a record looks like, and by what, to be told; None where there is none."""
        tax = tax_digits(record.get("tax_id"))
        if tax and tax in self._by_tax:
            return _told(self._by_tax[tax][0], "tax id")
        texts = {text for text in (record["name"], record.get("legal_name")) if text}
        for name in sorted(name for text in texts for name in names(text)):
            for branch, there in self._by_words[name.words]:
                is_another = bool(tax and there.tax) or bool(branch and name.branch and branch != name.branch)
                if not is_another:
                    return _told(there, "name")
        return None


def _told(there: UnlinkedVendor, because: str) -> dict[str, str]:
    return {"remote_id": there.remote_id, "remote_name": there.name, "because": because}
