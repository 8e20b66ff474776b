"""GL accounts and the values of dimensions: each is a code in AvidXchange."""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from typing_extensions import override

from apbridge.avidxchange import fingerprint
from apbridge.errors import RefusedError, RejectedError
from apbridge.ledger import ChangeKind, Need, RemoteFacts, Row
from apbridge.ledger.rows import HELD, LET_THROUGH
from apbridge.mapping import MappingTable
from apbridge.schemas.identifiers import KINDS, is_of_a_tap, name_of
from apbridge.singer import Outcome, Record
from target_avidxchange.brakes import held_inactive, held_upsert
from target_avidxchange.codes import Code
from target_avidxchange.refusals import rejection
from target_avidxchange.sinks import AvidXchangeSink, is_tombstone

_USABLE = {"is_active": True, "is_postable": True}

_UNDONE = frozenset({"APB-VND-004", "APB-VND-009"})
"""Why a code waits whose link a person has undone."""


class _Following(NamedTuple):
    """A code of AvidXchange's that is to become usable, or inactive, with a record that shares it.

    Args:
        owner: External id of the record that AvidXchange has it under.
        there: That one, as AvidXchange shows it.
        is_used: A record in NetSuite that has the code is active.
    """

    owner: str
    there: Mapping[str, Any]
    is_used: bool


class CodedSink(AvidXchangeSink):
    """Records that are a code in AvidXchange.

    Several records may be mapped to one code, and AvidXchange has each code once: under the record that has
    it already, unless that is deleted or inactive and the code is another's own by now, else under an active
    one, else under the one whose own code it is in NetSuite, else under the first by external id. Of the
    others nothing is sent, and they count as acknowledged. As long as one of them is active in NetSuite, so
    is that one in AvidXchange: no line could be on the code otherwise.

    Codes that change places are freed first: a record whose code another one is to have gets a temporary one.
    """

    _owners: Mapping[str, str]
    _holders: Mapping[str, str]
    _kept_back: Collection[str]
    _users: Mapping[str, Collection[str]]
    _following: Mapping[str, _Following]

    @abc.abstractmethod
    def code(self, record: Record) -> str:
        """Return the code of a record."""

    @abc.abstractmethod
    def own_code(self, record: Record) -> str:
        """Return the code that it would have without a table."""

    @property
    @abc.abstractmethod
    def table(self) -> MappingTable:
        """What maps it."""

    @override
    def completed(self, record: Record) -> Record:
        return {**record, "code": self.code(record), "dimension": self.dimension}

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        is_kept = record.get("is_kept", False)
        return {
            **super().facts(record),
            "code": self.code(record),
            "shares_code": False,
            "is_kept": is_kept,
        }

    @override
    def sent(self, record: Record) -> Any:
        body = super().sent(record)
        return {"body": body, "table": self.table.rules} if self.table.rules else body

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        super().prepare(records, rows)
        # What came before has its new code by now.
        self.shared.codes.refresh()
        living = [record for record in records if not is_tombstone(record)]
        deleted = {one["external_id"] for one in records if is_tombstone(one)}
        self._owners = self._shared_out(living, deleted) if self.table.rules else {}
        self._holders = self._freed(living, deleted)
        # What shared a code when there was a table still may have been the last one.
        is_shared = bool(self.table.rules) or any(row.facts.get("shares_code") for row in rows.values())
        self._users = self._used_by(records) if is_shared else {}
        self._following = self._led_by(records, rows) if is_shared else {}

    def _used_by(self, records: Sequence[Record]) -> Mapping[str, Collection[str]]:
        """Return by code which records have it that are active in NetSuite."""
        here = {record["external_id"] for record in records}
        users = {code: some - here for code, some in self.shared.codes.users(self.stream_name).items()}
        for record in records:
            if not is_tombstone(record) and _is_usable(record):
                users.setdefault(self.code(record), set()).add(record["external_id"])
        return users

    def _led_by(self, records: Sequence[Record], rows: Mapping[str, Row]) -> Mapping[str, _Following]:
        """Return by record what becomes of the code that it shares, or did, whose owner is not at hand."""
        at, known = self.context, self.shared.codes.known(self.stream_name)
        living = {record["external_id"] for record in records if not is_tombstone(record)}
        leaders: dict[str, tuple[str, str]] = {}
        for record in sorted(records, key=lambda one: str(one["external_id"])):
            name = record["external_id"]
            had = str(rows[name].facts.get("code", "")) if name in rows else ""
            for code in {had, self.code(record) if name in living else ""} - {""}:
                owner = known[code].external_id if code in known else name
                if (
                    is_of_a_tap(owner, name, KINDS[self.stream_name])
                    and owner != name
                    and owner not in living
                ):
                    leaders.setdefault(owner, (name, code))
        owned = at.ledger.rows(at.system, self.stream_name, leaders)
        differing = {
            owner: (name, bool(self._users.get(code)))
            for owner, (name, code) in leaders.items()
            if (
                not known[code].is_usable
                if self._users.get(code)
                else owner in owned and owned[owner].facts.get("is_kept")
            )
        }
        found: dict[str, _Following] = {}
        for owner, there in self._shown(differing).items():
            name, is_used = differing[owner]
            if _is_usable(there) is is_used:
                self._note(owner, there.get("id"), there, {"is_kept": is_used})
            else:
                found[name] = _Following(owner, there, is_used)
        return found

    def _freed(self, living: Sequence[Record], deleted: Collection[str]) -> Mapping[str, str]:
        """Free the codes that are another's by now; return by code who is in the way all the same."""
        codes = self.shared.codes
        codes.expect(self.stream_name, {one["external_id"]: self.code(one) for one in living})
        held = self._in_the_way(living)
        moving = {
            name
            for code, name in held.items()
            if name in deleted or codes.is_moving(self.stream_name, name, code)
        }
        self._kept_back = self._held_back(living, moving)
        moving -= self._kept_back
        if not moving:
            return held
        for name, there in self._shown(moving).items():
            self._give_temporary_code(name, there)
        codes.refresh(lists=True)
        self._deleted = self._shown(deleted)
        return self._in_the_way(living)

    def _held_back(self, living: Sequence[Record], moving: Collection[str]) -> set[str]:
        """Return which of some records keep their code, for the change of it may not go yet."""
        at, codes = self.context, self.shared.codes
        had = {one.external_id: code for code, one in codes.known(self.stream_name).items()}
        named = {one["external_id"]: one for one in living}
        changing = {name for name, one in named.items() if had.get(name, self.code(one)) != self.code(one)}
        # Others may still come with the batches after this one.
        is_at_its_end = at.intake.is_over or at.intake.were_read_to_their_end({self.stream_name})
        is_few = at.brake.is_few(self.stream_name, ChangeKind.CHANGE, changing.union(moving))
        if at.brake.is_off or (is_at_its_end and is_few):
            return set()
        rows = at.ledger.rows(at.system, self.stream_name, moving)
        # What is inactive already loses nothing.
        used = {name for name in moving if name not in rows or rows[name].facts.get("is_active", True)}
        return {name for name in used if not self._is_let_through(rows.get(name), named.get(name))}

    def _is_let_through(self, row: Row | None, record: Record | None) -> bool:
        """Return whether a change of a record may go, as it comes now or as it was held."""
        facts = row.facts if row else {}
        wanted = (
            {facts.get(HELD)} if record is None else {self.key_of(change, record) for change in ChangeKind}
        )
        return facts.get(LET_THROUGH) in wanted - {None}

    def _in_the_way(self, living: Sequence[Record]) -> Mapping[str, str]:
        """Return by code which other record has it in AvidXchange."""
        known, kind = self.shared.codes.known(self.stream_name), KINDS[self.stream_name]
        held: dict[str, str] = {}
        for record in living:
            code, name = self.code(record), record["external_id"]
            holder = known.get(code)
            is_owner = self._owners.get(code, name) == name
            # What people entered in AvidXchange is theirs.
            is_another = is_owner and holder is not None and holder.external_id != name
            if holder and is_another and is_of_a_tap(holder.external_id, name, kind):
                held[code] = holder.external_id
        return held

    def _give_temporary_code(self, name: str, there: Mapping[str, Any]) -> None:
        code = f"MOVED-{name.rpartition('-')[2]}"
        is_gone = not self.shared.codes.is_expected(self.stream_name, name)
        changes = {"code": code, "number": code} | ({"is_active": False} if is_gone else {})
        submission = self.submission_of_shown(name, there, **changes)
        try:
            acknowledged = self.send(f"free the code of {self.word}", submission)
        except RefusedError as refused:
            self.logger.warning("%s", rejection(refused, self.word, {**there, "external_id": name}))
            return
        # It is in doubt until it has its own code.
        moved = {"is_active": there["is_active"] and not is_gone, "code": code, "body": None}
        self._note(name, acknowledged.remote_id, there, moved)

    def _note(self, name: str, remote_id: str | None, there: Mapping[str, Any], facts: Record) -> None:
        """Note what AvidXchange has of a record by now that was not at hand itself."""
        at = self.context
        row = at.ledger.rows(at.system, self.stream_name, [name]).get(name)
        before = row.facts if row else {"code": there.get("code") or there.get("number")}
        shown = {name: there.get(name, True) for name in _USABLE}
        told = {**before, **shown, "shares_code": False, **facts}
        at.ledger.found(at.run.id, at.system, self.stream_name, {name: RemoteFacts(remote_id, told)})

    def _shared_out(self, records: Sequence[Record], deleted: Collection[str]) -> Mapping[str, str]:
        known = self.shared.codes.known(self.stream_name)
        had = {code: one.external_id for code, one in known.items()}
        here = {record["external_id"] for record in records}
        # A number that NetSuite has given to another account is that one's, and not shared with what had it.
        own = {self.code(record) for record in records if self.own_code(record) == self.code(record)}
        over = {code for code in own & had.keys() if had[code] in deleted or not known[code].is_usable}
        owners = {code: name for code, name in had.items() if name not in here and code not in over}

        def claim(record: Record) -> tuple[bool, bool, bool, str]:
            code, name = self.code(record), record["external_id"]
            # Under one that is inactive no line could be on the code.
            return had.get(code) != name, not _is_usable(record), self.own_code(record) != code, name

        for record in sorted(records, key=claim):
            owners.setdefault(self.code(record), record["external_id"])
        return owners

    @override
    def why_changed(self, record: Record, had: str | None) -> str:
        code = self.code(record)
        # What is before the colon is what many have in common.
        return (
            super().why_changed(record, had)
            if had in {None, code}
            else f"its code changes: {had} becomes {code}"
        )

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        if following := self._following.get(record["external_id"]):
            self._lead(record, row, following)
        if is_tombstone(record):
            return self._delete(record, row)
        if row and row.code in _UNDONE and not self.shared.links.get(self.stream_name, record["external_id"]):
            told = {"word": self.word, "name": name_of(record), "external_id": record["external_id"]}
            return Outcome.held(RejectedError("APB-VND-009", **told, remote_id=row.remote_id))
        outcome = self._deliver_coded(record, row)
        before = row.facts.get("code") if row else None
        if outcome.facts and before not in {None, self.code(record)}:
            self.shared.sent_codes.note_moved()
        return outcome

    def _deliver_coded(self, record: Record, row: Row | None) -> Outcome:
        name = record["external_id"]
        if self._owners.get(self.code(record), name) != name:
            return Outcome.unchanged(None, {**self.facts(record), "shares_code": True})
        if holder := self._holders.get(self.code(record)):
            self.hold_upsert(record, row)
            is_over = self.context.intake.is_over and holder not in self._kept_back
            if not is_over or self.context.brake.holds(self.stream_name):
                return Outcome.waiting(Need(self.stream_name, holder))
            told = {"name": name_of(record), "external_id": name, "wanted": self.code(record)}
            raise RejectedError("APB-TAX-080", **told, word=self.word, other=holder)
        if not _is_usable(record) and self._users.get(self.code(record)):
            record = {**record, **_USABLE, "is_kept": True}
        return super().deliver(record, row)

    def _delete(self, record: Record, row: Row | None) -> Outcome:
        known, there = row.facts if row else {}, self._deleted.get(record["external_id"])
        if known.get("shares_code"):
            return Outcome.unchanged(None, {**known, "is_active": False})
        if there and self._users.get(str(there.get("code") or there.get("number"))):
            return Outcome.unchanged(None, {**known, "is_active": there["is_active"], "is_kept": True})
        return super().deliver(record, row)

    def _lead(self, record: Record, row: Row | None, following: _Following) -> None:
        """Send that a code which a record shares is usable, or nobody's any more.

        Raises:
            HeldError: It may not be yet.
            RejectedError: AvidXchange refuses it.
        """
        owner, there, is_used = following
        changes = _USABLE if is_used else {"is_active": False}
        submission = self.submission_of_shown(owner, there, **changes)
        if is_used:
            change, held = held_upsert(self.word, record, was_active=False)
        else:
            told = {**record, "name": there["name"]}
            change, held = (
                ChangeKind.DEACTIVATE,
                held_inactive(self.word, told, "nothing active has its code"),
            )
        self.hold_back(change, record, row.facts.get(LET_THROUGH) if row else None, held)
        try:
            acknowledged = self.send(f"let {self.word} follow those that share its code", submission)
        except RefusedError as refused:
            raise rejection(refused, self.word, {**there, "external_id": owner}) from refused
        facts = {**changes, "is_kept": is_used, "body": fingerprint(submission.body)}
        self._note(owner, acknowledged.remote_id, there, facts)


def _is_usable(record: Mapping[str, Any]) -> bool:
    """Return whether a line may be on an account, or a dimension's value, of NetSuite's or AvidXchange's."""
    return Code.of("", record).is_usable


class GLAccountSink(CodedSink):
    """GL accounts."""

    resource = "gl_account"
    word = "GL account"

    @property
    @override
    def table(self) -> MappingTable:
        return self.shared.coding.accounts

    @override
    def code(self, record: Record) -> str:
        return str(self.shared.coding.gl_code(record["id"], record.get("number"), None))

    @override
    def own_code(self, record: Record) -> str:
        return str(record.get("number") or record["id"])

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        return {**super().facts(record), "is_postable": record["is_postable"]}


class DimensionSink(CodedSink):
    """Values of one dimension."""

    resource = "dimension_value"
    dimension: ClassVar[str]

    @property
    @override
    def table(self) -> MappingTable:
        return self.shared.coding.dimensions

    @override
    def code(self, record: Record) -> str:
        return str(self.shared.coding.dimension_code(self.dimension, record["id"], None))

    @override
    def own_code(self, record: Record) -> str:
        return str(record["id"])


class DepartmentSink(DimensionSink):
    """Departments."""

    word = dimension = "department"


class ClassSink(DimensionSink):
    """Classes."""

    word = dimension = "class"


class LocationSink(DimensionSink):
    """Locations."""

    word = dimension = "location"
