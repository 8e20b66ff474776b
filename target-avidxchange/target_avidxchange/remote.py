"""What AvidXchange has already, where the ledger does not know it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any, NamedTuple

from apbridge import json
from apbridge.avidxchange import AvidXchange, Shown
from apbridge.likeness import tax_digits
from apbridge.links import Links
from apbridge.schemas.identifiers import netsuite_id
from apbridge.singer import Record

GONE = {"cancelled", "rejected"}
"""Where an invoice stands that AvidXchange does not mean to pay."""

LOCKED = {"approved", "scheduled", "paid"}
"""Where an invoice stands that may no longer change."""

_MAY_DIFFER = {"approved", "scheduled"}
"""Where an invoice stands that may no longer follow its bill: a person must see what differs."""


_DOCUMENTS = {"invoice", "credit", "purchase_order"}


@dataclass(frozen=True)
class RemoteRecord:
    """A record that AvidXchange has.

    Args:
        remote_id: AvidXchange's id of it.
        fingerprint: Of what was sent for it, as AvidXchange shows it.
        image: sha256 of an invoice's picture.
        number: Of an invoice: the vendor's own.
        vendor: External id of an invoice's vendor.
        status: Where an invoice stands.
        status_reason: Why, where it says.
        total: Of an invoice.
        amount_paid: Of an invoice.
        currency: Of an invoice.
        code: Of an account or a dimension's value.
        is_usable: Whether a line may be on that code.
        body: What was sent for it, as JSON: of an invoice that waits for its payment, and of an order.
        modified_at: When it was changed there, in UTC.
    """

    remote_id: str | None
    fingerprint: str
    image: str | None = None
    number: str | None = None
    vendor: str | None = None
    status: str | None = None
    status_reason: str | None = None
    total: Any = None
    amount_paid: Any = None
    currency: str | None = None
    code: str | None = None
    is_usable: bool = True
    body: bytes | None = None
    modified_at: str | None = None

    @property
    def to_pay(self) -> Decimal:
        """What AvidXchange means to pay of an invoice yet."""
        if self.status in GONE:
            return Decimal(0)
        return Decimal(self.total) - Decimal(self.amount_paid)

    def called(self, record: Record) -> Record:
        """Return NetSuite's record, with number and currency from here where it was deleted.

        Of what was deleted NetSuite tells no more than its internal id.
        """
        return (
            {**record, "number": self.number, "currency": self.currency} if record["is_deleted"] else record
        )


class UnlinkedVendor(NamedTuple):
    """A vendor of AvidXchange that has no external id of NetSuite's.

    Args:
        remote_id: AvidXchange's id of it.
        name: Its name.
        tax: What of its tax id is compared.
        external_id: What it is known by; empty where there is none.
    """

    remote_id: str
    name: str
    tax: str
    external_id: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> UnlinkedVendor:
        """Read it from a record as AvidXchange shows it."""
        return cls(
            str(record["id"]),
            str(record.get("name") or ""),
            tax_digits(record.get("tax_id")),
            str(record.get("external_id") or ""),
        )


class RemoteIndex:
    """What AvidXchange has of a resource; listed only when asked. Thread-safe.

    Args:
        client: AvidXchange.
        resource: What the profile calls it.
        place: What its path needs, such as `dimension`.
        trail: Gives the place on the audit trail at which it stands now.
        linked: AvidXchange's own ids of the records that only the links file knows.
    """

    def __init__(
        self,
        client: AvidXchange,
        resource: str,
        place: Mapping[str, str],
        trail: Callable[[], int],
        linked: Collection[str],
    ) -> None:
        self._linked = linked
        self._client = client
        self._resource = resource
        self._place = place
        self._trail = trail
        self.listed_at = -1
        """Place on the audit trail when it was listed last."""
        self.unlinked: Sequence[UnlinkedVendor] = ()
        """The vendors of the list, where it was asked for, that have no external id of ours."""
        self.by_own_id: Mapping[str, RemoteRecord] = {}
        """What the list, where it was asked for, shows of the records that only the links file knows."""
        self._listing = Lock()
        self._listed: dict[str, RemoteRecord] | None = None

    def listed(self, *, anew: bool = False) -> Mapping[str, RemoteRecord]:
        """List the resource, by external id.

        Args:
            anew: Ask again, though it was listed: this run may have changed what matters now.

        Raises:
            SettingError: The profile does not fit.
            UnavailableError: AvidXchange is not there.
        """
        with self._listing:
            if self._listed is None or anew:
                at = self._trail()
                unlinked: list[UnlinkedVendor] = []
                by_own_id: dict[str, RemoteRecord] = {}
                shown = self._client.shown(
                    self._resource, place=self._place, unnamed=self._noted_in(unlinked, by_own_id)
                )
                listed = {one.external_id: self._record(one, unlinked) for one in shown}
                self._listed, self.unlinked, self.by_own_id = listed, tuple(unlinked), by_own_id
                self.listed_at = at
        return self._listed

    def _noted_in(
        self, unlinked: list[UnlinkedVendor], by_own_id: dict[str, RemoteRecord]
    ) -> Callable[[Shown], None] | None:
        if self._resource != "vendor" and not self._linked:
            return None

        def note(shown: Shown) -> None:
            record = self._record(shown, unlinked, is_unnamed=True)
            if record.remote_id and record.remote_id in self._linked:
                by_own_id[record.remote_id] = record

        return note

    def listed_after(self, seq: int) -> Mapping[str, RemoteRecord]:
        """List the resource as it is after what stands at that place on the audit trail.

        Raises:
            SettingError: As `listed`; so does `UnavailableError`.
        """
        return self.listed(anew=self.listed_at < seq)

    def changed(self, since: datetime) -> Mapping[str, RemoteRecord]:
        """List what changed since then, by external id. It does not count as the list.

        Raises:
            SettingError: As `listed`; so does `UnavailableError`.
        """
        shown = self._client.shown(self._resource, modified_since=since, place=self._place)
        return {one.external_id: self._record(one) for one in shown}

    def records(
        self, names: Collection[str], linked: Mapping[str | None, str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return some records, as canonical as they are listed, by external id.

        Args:
            names: Their external ids.
            linked: The external ids of those that AvidXchange knows by its own id alone, by that id.

        Raises:
            SettingError: As `listed`; so does `UnavailableError`.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for record in self._client.everything(self._resource, place=self._place):
            name = linked.get(record.get("id")) or record.get("external_id")
            if name is not None and name in names:
                found[name] = record
        return found

    @property
    def seen(self) -> Mapping[str, RemoteRecord]:
        """The list, where it was asked for; empty where it was not."""
        return self._listed or {}

    def get(self, external_id: str) -> RemoteRecord | None:
        """Return a record of the list, where it was asked for."""
        return self.seen.get(external_id)

    def _record(
        self, shown: Shown, unlinked: list[UnlinkedVendor] | None = None, *, is_unnamed: bool = False
    ) -> RemoteRecord:
        client, resource = self._client, self._resource
        record = client.read(resource, shown, place=self._place)
        if unlinked is not None and resource == "vendor" and not netsuite_id(shown.external_id):
            unlinked.append(UnlinkedVendor.of(record))
        fingerprint = client.fingerprint_shown(resource, shown, record.get("id") if is_unnamed else None)
        if resource not in _DOCUMENTS:
            code = record.get("number" if resource == "gl_account" else "code")
            is_usable = bool(record.get("is_active", True)) and bool(record.get("is_postable", True))
            return RemoteRecord(record.get("id"), fingerprint, code=code, is_usable=is_usable)
        names = ("status", "status_reason", "total", "amount_paid", "currency", "modified_at")
        told: dict[str, Any] = {name: record.get(name) for name in names}
        told |= {"number": record.get("number"), "vendor": record.get("vendor_external_id")}
        if told["status"] in _MAY_DIFFER or resource == "purchase_order":
            told["body"] = json.dumps(client.body_shown(resource, shown))
        image = client.shown_image(shown) if resource == "invoice" else None
        return RemoteRecord(record.get("id"), fingerprint, image, **told)


class RemoteList(NamedTuple):
    """Where AvidXchange lists a stream's records."""

    name: str
    """What the profile calls them."""
    dimension: str | None
    """Whose values they are, where they are a dimension's."""

    @property
    def place(self) -> Mapping[str, str]:
        """What the list's path needs."""
        return {"dimension": self.dimension} if self.dimension else {}


class RemoteIndexes:
    """What AvidXchange has, by stream.

    Args:
        client: AvidXchange.
        resources: Where it lists each stream's records.
        trail: Gives the place on the audit trail at which it stands now.
        links: Which records are which that AvidXchange had before us.
    """

    def __init__(
        self, client: AvidXchange, resources: Mapping[str, RemoteList], trail: Callable[[], int], links: Links
    ) -> None:
        self.resources = resources
        self._all = {
            stream: RemoteIndex(client, one.name, one.place, trail, links.own_ids(stream))
            for stream, one in resources.items()
        }

    def of(self, stream: str) -> RemoteIndex:
        """Return what it has of a stream's records."""
        return self._all[stream]
