"""Whether a record is made, is one however often it is sent, follows a change, is shown as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apbridge.avidxchange import Shown, Submission, fingerprint
from apbridge.avidxchange.unknown_words import words
from apbridge.errors import APBridgeError
from apbridge_operator.trial.records import Record
from apbridge_operator.trial.result import TrialResults
from apbridge_operator.trial.sending import TrialWriter


class UpsertTrial:
    """Tries the `upsert` of one resource with one record.

    Args:
        writer: Writes and looks.
        results: Where each check is noted.
        resource: Which.
        record: What is sent.
        place: Which dimension, where it is one's value.
    """

    def __init__(
        self,
        writer: TrialWriter,
        results: TrialResults,
        resource: str,
        record: Record,
        place: Mapping[str, str],
    ) -> None:
        self._writer = writer
        self._client = writer.client
        self._results = results
        self._resource = resource
        self._place = place
        self._of = f" ({place['dimension']})" if place else ""
        self._name = str(record["external_id"])
        self._facts = {"what": words(resource), "external_id": self._name}
        self.record = record
        self.remote_id: str | None = None

    def run(self, changed: Record) -> bool:
        """Try it.

        Args:
            changed: The same record with something else in it.

        Returns:
            Whether the record is there.
        """
        created = self._check("upsert")
        with self._results.trying(created, self._where("upsert")):
            self._create(created)
        if not self._results.has_passed(created):
            return False
        for name, check in (("shown", self._try_shown), ("twice", self._try_twice)):
            with self._results.trying(self._check(name), self._where("upsert")):
                check()
        with self._results.trying(self._check("changed"), self._where("upsert")):
            self._try_change(changed)
        return True

    def _check(self, name: str) -> str:
        return f"{self._resource}.{name}{self._of}"

    def _where(self, key: str) -> str:
        return f"resources.{self._resource}.{key}"

    def _fail(self, check: str, error: APBridgeError, key: str) -> None:
        self._results.failed(self._check(check), error, self._where(key))

    def _submitted(self, record: Record) -> tuple[Submission, Any]:
        submission = self._client.upsertion(self._resource, record)
        return submission, self._writer.send(f"upsert {self._resource}", submission)

    def _create(self, check: str) -> None:
        _, acknowledged = self._submitted(self.record)
        found = self._writer.look(self._resource, self._name, self._place)
        if not found:
            self._fail("upsert", APBridgeError("APB-TRY-050", **self._facts), "list.external_id")
            return
        self.remote_id = acknowledged.remote_id
        if not acknowledged.is_proved:
            self._fail("upsert.answer", APBridgeError("APB-TRY-051", **self._facts), "upsert.answer")
        elif acknowledged.remote_id not in {None, found[0][1].get("id")}:
            facts = {"told": acknowledged.remote_id, "shown": found[0][1].get("id")}
            self._fail(
                "upsert.answer", APBridgeError("APB-TRY-052", **self._facts, **facts), "upsert.remote_id"
            )
        keys = ("method", "path", "wrap", "answer", "remote_id", "most")
        shows = [f"{self._resource}.upsert.{key}" for key in keys if acknowledged.is_proved]
        self._results.passed(check, "It is taken, and is in the list by its external id.", *shows)

    def _try_shown(self) -> None:
        """See that what was sent is what is shown and what is read."""
        shown, read = self._writer.look(self._resource, self._name, self._place)[0]
        body = self._client.upsertion(self._resource, self.record).body
        equal = self._compare_body(shown, body)
        right, wrong = [], False
        fields = self._client.profile.resources[self._resource].listing.read.fields
        for field, sent in self._expected(self.record).items():
            # What is the same of nothing is no field of AvidXchange's.
            if field not in fields or fields[field]({}) is not None:
                continue
            if fingerprint(read[field]) == fingerprint(sent):
                right.append(field)
            else:
                wrong = True
                facts = {"field": field, "sent": sent, "read": read[field]}
                self._fail(
                    "shown", APBridgeError("APB-TRY-053", **self._facts, **facts), f"list.read.{field}"
                )
        if not wrong:
            said = f"It is read as it was sent ({', '.join(right)})."
            reads = [f"{self._resource}.list.read.{one}" for one in right if one != "status"]
            bodies = [f"{self._resource}.upsert.body.{one}" for one in equal]
            self._results.passed(self._check("shown"), said, *reads, *bodies)

    def _compare_body(self, shown: Shown, body: Mapping[str, Any]) -> list[str]:
        """Return the fields of the body that are shown as they were sent."""
        there = self._client.body_shown(self._resource, shown)
        sent = {name: value for name, value in body.items() if value not in (None, [], {})}
        equal = [name for name in sent if fingerprint({"": there.get(name)}) == fingerprint({"": sent[name]})]
        hidden = [name for name in sent if there.get(name) is None]
        other = [name for name in sent if name not in {*equal, *hidden}]
        if other:
            facts = {**self._facts, "fields": ", ".join(other)}
            self._fail("body", APBridgeError("APB-TRY-054", **facts), f"upsert.body.{other[0]}")
        if hidden:
            said = f"The list does not show {', '.join(hidden)}: whether they are taken is not seen."
            self._results.unknown(self._check("body"), said)
        return equal

    def _expected(self, record: Record) -> dict[str, Any]:
        """Return what of a record the list shows too, by the canonical names of what is listed."""
        names = {
            "code": "number",
            "full_name": "name",
            "bill_date": "invoice_date",
            "credit_date": "invoice_date",
        }
        if self._resource == "dimension_value":
            names["code"] = "code"
        told = {names.get(name, name): value for name, value in record.items() if value is not None}
        if "is_open" in told:
            told["status"] = "pending_receipt" if told.pop("is_open") else "closed"
        return {name: value for name, value in told.items() if name not in {"lines", "memo"}}

    def _try_twice(self) -> None:
        _, again = self._submitted(self.record)
        found = self._writer.look(self._resource, self._name, self._place)
        first = self.remote_id
        if len(found) != 1 or (first and again.remote_id and first != again.remote_id):
            count = max(len(found), 2)
            self._fail("twice", APBridgeError("APB-TRY-055", **self._facts, count=count), "upsert")
        else:
            self._results.passed(self._check("twice"), "Sent twice, it is one record.")

    def _try_change(self, changed: Record) -> None:
        before, after = self._expected(self.record), self._expected(changed)
        due = {name: value for name, value in after.items() if before.get(name) != value}

        def is_due(read: Mapping[str, Any]) -> bool:
            told = {name: value for name, value in due.items() if name in read}
            return all(fingerprint({"": read[name]}) == fingerprint({"": told[name]}) for name in told)

        self._submitted(changed)
        found = self._writer.look(self._resource, self._name, self._place, is_due)
        if found and is_due(found[0][1]):
            self._results.passed(self._check("changed"), f"Sent with another {', '.join(due)}, it has that.")
        else:
            facts = {"fields": ", ".join(due)}
            self._fail("changed", APBridgeError("APB-TRY-056", **self._facts, **facts), "upsert")
        self.record = changed
