"""The writing part of a trial, on a company for tests. It takes back what it made, and names what stays."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from apbridge.avidxchange import Submission
from apbridge.errors import APBridgeError, RefusedError
from apbridge_operator.trial.records import (
    PICTURE,
    Record,
    TrialRecords,
    is_of_a_trial,
    picture_facts,
)
from apbridge_operator.trial.refusals import RefusalTrial
from apbridge_operator.trial.result import TrialResults
from apbridge_operator.trial.sending import GONE, TrialWriter
from apbridge_operator.trial.upserts import UpsertTrial

logger = logging.getLogger(__name__)

_CLEAN_UP = "clean_up"


class WriteTrial:
    """Tries all that a profile writes.

    Args:
        writer: Writes and looks.
        records: Makes the records.
        results: Where each check is noted.
    """

    def __init__(self, writer: TrialWriter, records: TrialRecords, results: TrialResults) -> None:
        self._writer = writer
        self._client = writer.client
        self._records = records
        self._results = results
        self._refusals = RefusalTrial(writer, records, results)
        self._own_id: str | None = None
        """AvidXchange's of the vendor."""
        self._made: list[tuple[str, Record, Mapping[str, str]]] = []
        """What is to be made inactive, or closed."""

    def run(self) -> None:
        """Try it. Whatever ends it, what was made is taken back as far as AvidXchange lets it."""
        with self._results.trying("leftovers", "resources.invoice.cancel"):
            self._clear_earlier()
        try:
            if self._masters():
                self._documents()
            else:
                said = "Vendor and codes are not there: no document was tried."
                self._results.unknown("invoice.upsert", said)
            self._by_own_id()
        finally:
            self._clean_up()

    # What invoices need

    def _masters(self) -> bool:
        records = self._records
        vendor = self._try(
            "vendor", records.vendor, {**records.vendor, "name": "apbridge trial, another name"}
        )
        are_there = [vendor is not None]
        self._own_id = vendor.remote_id if vendor else None
        account = records.account
        are_there.append(
            self._try("gl_account", account, {**account, "name": "apbridge trial 2"}) is not None
        )
        for dimension in records.dimensions:
            value, place = records.value(dimension), {"dimension": dimension}
            changed = {**value, "full_name": "apbridge trial 2"}
            are_there.append(self._try("dimension_value", value, changed, place) is not None)
        return all(are_there)

    def _try(
        self, resource: str, record: Record, changed: Record, place: Mapping[str, str] | None = None
    ) -> UpsertTrial | None:
        trial = UpsertTrial(self._writer, self._results, resource, record, place or {})
        if "is_active" in record or "is_open" in record:
            self._made.append((resource, record, place or {}))
        return trial if trial.run(changed) else None

    def _by_own_id(self) -> None:
        """Change the vendor by AvidXchange's own id, as one that was there before us; then name it again."""
        vendor, rules = self._records.vendor, self._client.profile.resources["vendor"]
        if self._own_id is None or rules.change is None or rules.link is None:
            return
        name, due = str(vendor["external_id"]), "apbridge trial, by its own id"
        with self._results.trying("vendor.change", "resources.vendor.change"):
            changed = self._client.change("vendor", {**vendor, "name": due}, self._own_id)
            is_proved = self._writer.send("change vendor", changed).is_proved
            # Such a change may have taken its external id away.
            linked = self._client.link("vendor", name, self._own_id, sets=name, place={})
            self._link(linked)
            found = self._writer.look("vendor", name, {}, lambda one: one.get("name") == due)
            if any(one.get("name") == due for _, one in found):
                self._prove("vendor.change", is_proved, name)
            else:
                facts = {"what": "vendor", "external_id": name, "fields": "name"}
                where = "resources.vendor.change"
                self._results.failed("vendor.change", APBridgeError("APB-TRY-056", **facts), where)

    def _link(self, linked: Submission) -> None:
        check = "vendor.link"
        with self._results.trying(check, "resources.vendor.link"):
            try:
                self._prove(check, self._writer.send("link vendor", linked).is_proved, linked.external_id)
            except RefusedError as refused:
                if refused.facts["meaning"] != "external_id_is_fixed":
                    raise
                said = "The external id of what has one cannot be set: it was not tried on what has none."
                self._results.unknown(check, said)

    def _prove(self, check: str, is_proved: bool, name: str) -> None:  # noqa: FBT001
        if is_proved:
            self._results.passed(check, "It is taken, and the answer names the record.", check)
        else:
            facts = {"what": "vendor", "external_id": name}
            self._results.failed(check, APBridgeError("APB-TRY-051", **facts), f"resources.{check}.answer")

    # Documents

    def _documents(self) -> None:
        records = self._records
        if self._client.takes("purchase_order"):
            with self._results.trying("leftovers", "resources.purchase_order.upsert"):
                self._close_earlier()
            order = records.order()
            self._try("purchase_order", order, records.closed(order))
        if not self._may_make("invoice"):
            said = "The profile does not say how one is cancelled: none was made."
            self._results.unknown("invoice.upsert", said)
            return
        invoice = records.invoice("one")
        trial = self._try("invoice", invoice, records.raised(invoice))
        if trial is not None:
            if self._client.profile.resources["invoice"].image is not None:
                with self._results.trying("invoice.image", "resources.invoice.image"):
                    self._try_image(str(invoice["external_id"]), trial.remote_id)
            self._refusals.run()
            self._refusals.run_batch()
            self._try_cancel("invoice", str(invoice["external_id"]), trial.remote_id)
        if self._may_make("credit"):
            credit = records.credit()
            trial = self._try("credit", credit, {**credit, "number": f"{credit['number']}-b"})
            if trial is not None:
                self._try_cancel("credit", str(credit["external_id"]), trial.remote_id)

    def _try_image(self, name: str, remote_id: str | None) -> None:
        facts, check = picture_facts(), "invoice.image"
        submission = self._client.image(name, facts, PICTURE, remote_id)
        acknowledged = self._writer.send("send image", submission, facts)
        rules = self._client.image_rules
        shown = self._writer.look("invoice", name, {})
        has = self._client.shown_image(shown[0][0]) if shown else None
        if not acknowledged.is_proved:
            error = APBridgeError("APB-TRY-051", what="image of invoice", external_id=name)
            self._results.failed(check, error, "resources.invoice.image.answer")
        elif rules.sha256 is not None and has != facts["sha256"]:
            error = APBridgeError("APB-TRY-057", external_id=name)
            self._results.failed(check, error, "resources.invoice.image.sha256")
        else:
            self._results.passed(check, "The picture is taken.", "invoice.image")

    def _try_cancel(self, resource: str, name: str, remote_id: str | None) -> None:
        check = f"{resource}.cancel"
        with self._results.trying(check, f"resources.{check}"):
            self._writer.cancel(resource, name, remote_id)
            found = self._writer.look(resource, name, {}, lambda one: one.get("status") in GONE)
            standing = [str(one.get("status")) for _, one in found if one.get("status") not in GONE]
            if standing:
                facts = {"what": resource, "external_id": name, "status": standing[0]}
                self._results.failed(check, APBridgeError("APB-TRY-060", **facts), f"resources.{check}")
            else:
                self._results.passed(check, "Cancelled, it is shown as that.", check)

    # What is left

    def _clear_earlier(self) -> None:
        """Take back what a trial has left that was broken off."""
        for resource in self._payable():
            left = [
                name for name, one in self._writer.listed(resource).items() if one.get("status") not in GONE
            ]
            self._cancel_each(resource, left)
            if left:
                said = f"An earlier trial was broken off: {', '.join(left)} is to be cancelled."
                self._results.passed("leftovers", said)

    def _close_earlier(self) -> None:
        """Close the orders of such a trial: the vendor is active again now, which that may need."""
        for shown in list(self._client.shown("purchase_order")):
            is_open = self._client.read("purchase_order", shown).get("status") != "closed"
            if is_open and is_of_a_trial(shown.external_id):
                body = self._client.body_shown("purchase_order", shown)
                closed = self._client.resubmission("purchase_order", shown.external_id, body, is_open=False)
                self._writer.send("close purchase_order", closed)
                said = f"An earlier trial was broken off: order {shown.external_id} is closed."
                self._results.passed("leftovers", said)

    def _payable(self) -> list[str]:
        return [one for one in ("invoice", "credit") if self._may_make(one)]

    def _may_make(self, resource: str) -> bool:
        """Return whether what is made of a resource can be taken back."""
        return self._client.takes(resource) and self._client.profile.resources[resource].cancel is not None

    def _clean_up(self) -> None:
        """Cancel each document, make vendor and codes inactive, and name what stays."""
        stays = self._results.stays
        unseen = [(one, f"{one}s of this trial: perhaps AVIDXCHANGE MAY PAY THEM") for one in self._payable()]
        made = [
            (*one, f"{one[0]} {one[1]['external_id']}, perhaps as it was made")
            for one in reversed(self._made)  # an order may need its vendor to be active
            if (one[0], one[1]["external_id"]) in self._writer.sent
        ]
        # Should AvidXchange be away, all of it stays named.
        stays += [told for _, told in unseen] + [told for *_, told in made]
        for resource, told in unseen:
            with self._results.trying(_CLEAN_UP, f"resources.{resource}.cancel"):
                self._cancel_all(resource)
                stays.remove(told)
        for resource, record, _, told in made:
            is_master = "is_active" in record
            over = {**record, "is_active": False} if is_master else self._records.closed(record)
            with self._results.trying(_CLEAN_UP, f"resources.{resource}.upsert"):
                self._writer.send(f"end {resource}", self._client.upsertion(resource, over))
                ended = f"{resource} {record['external_id']}, {'inactive' if is_master else 'closed'}"
                stays[stays.index(told)] = ended

    def _cancel_all(self, resource: str) -> None:
        """Cancel what stands of any trial, and what was sent and is not shown; then look what stands."""
        sent = {name for of, name in self._writer.sent if of == resource and is_of_a_trial(name)}
        listed = self._writer.listed(resource)
        over = {name for name, one in listed.items() if one.get("status") in GONE}
        self._cancel_each(resource, sorted((sent | listed.keys()) - over))
        listed = self._writer.listed(resource)
        # What was sent, perhaps taken, and is not shown may stand as well.
        standing = dict.fromkeys(sent - listed.keys(), "not listed")
        standing |= {
            name: str(one.get("status")) for name, one in listed.items() if one.get("status") not in GONE
        }
        for name, status in standing.items():
            self._results.stays.append(f"{resource} {name}, {status}: AVIDXCHANGE MAY PAY IT")
            error = APBridgeError("APB-TRY-061", what=resource, external_id=name, status=status)
            logger.error("%s", error)
            self._results.failed(_CLEAN_UP, error, f"resources.{resource}.cancel")
        if not standing:
            said = f"No {resource} of a trial is left that AvidXchange may pay."
            self._results.passed(_CLEAN_UP, said)

    def _cancel_each(self, resource: str, names: Sequence[str]) -> None:
        for name in names:
            try:
                self._writer.cancel(resource, name, self._writer.sent.get((resource, name)))
            except RefusedError as refused:  # noqa: PERF203 - each may be the one that is refused
                logger.warning("%s", refused)
