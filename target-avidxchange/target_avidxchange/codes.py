"""The codes that AvidXchange has acknowledged, and whether a bill's lines are on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from threading import RLock
from typing import Any

from apbridge.avidxchange import AvidXchange
from apbridge.errors import RejectedError, SettingError
from apbridge.ledger import Need, Status
from apbridge.mapping import Coding
from apbridge.schemas.identifiers import DIMENSIONS, GL_ACCOUNT, external_id, name_of, namespace_of
from apbridge.singer import Record, SinkContext
from target_avidxchange.remote import RemoteIndexes, RemoteList, RemoteRecord

ACCOUNTS = "gl_accounts"


@dataclass(frozen=True)
class Code:
    """A code that AvidXchange has.

    Args:
        external_id: Of the record whose code it is.
        is_usable: A line may be on it: it is active, and of an account that may be posted to.
    """

    external_id: str
    is_usable: bool

    @classmethod
    def of(cls, external_id: str, facts: Mapping[str, Any]) -> Code:
        """Read it from what the ledger, or a list of AvidXchange, says of a record."""
        return cls(external_id, bool(facts["is_active"]) and bool(facts.get("is_postable", True)))


@dataclass(frozen=True)
class _LineCode:
    """One code on one line of a bill, and what a person knows it by."""

    stream: str
    name: str | None
    """External id of the record that the line is on; None where no stream brings it."""
    code: str
    is_own: bool
    """It is the code that the record has without a table."""
    known: Callable[[], Mapping[str, Code]]
    listed: Callable[[], Mapping[str, Code]]
    what: str
    table: str


class Codes:
    """The codes that AvidXchange has: what the ledger knows, and before one is missed, what it lists.

    Thread-safe.

    Args:
        context: Whose ledger is asked.
        client: AvidXchange.
        coding: What the mapping files say.
        remote_indexes: What AvidXchange has listed.
    """

    def __init__(
        self, context: SinkContext, client: AvidXchange, coding: Coding, remote_indexes: RemoteIndexes
    ) -> None:
        self._context = context
        self._client = client
        self._coding = coding
        self._remote_indexes = remote_indexes
        self._turn = RLock()
        self._known: dict[str, Mapping[str, Code]] = {}
        self._users: dict[str, Mapping[str, set[str]]] = {}
        self._awaited: dict[str, set[str | None]] = {}
        self._lists: dict[RemoteList, Mapping[str, Code]] = {}
        self._expected: dict[tuple[str, str], str] = {}
        self._own: dict[tuple[str, str], str] = {}

    def expect(self, stream: str, codes: Mapping[str, str]) -> None:
        """Note the codes that records of a stream are to have, by external id, where they have changed."""
        with self._turn:
            self._expected.update({(stream, name): code for name, code in codes.items()})

    def is_expected(self, stream: str, name: str) -> bool:
        """Return whether a code is noted for a record."""
        return (stream, name) in self._expected

    def is_moving(self, stream: str, name: str, code: str) -> bool:
        """Return whether a code that a record has in AvidXchange is its own no more."""
        if self.is_expected(stream, name):
            return self._expected[stream, name] != code
        rows = self._context.ledger.rows(self._context.system, stream, [name])
        # It was deleted: what is inactive and is there would share the code by a table.
        return name in rows and not rows[name].facts.get("is_active", True)

    def refresh(self, *, lists: bool = False) -> None:
        """Read the ledger anew when next asked: another stream, or another run, has added to it.

        Args:
            lists: List anew what AvidXchange has, too.
        """
        with self._turn:
            self._known.clear()
            if lists:
                self._lists.clear()

    def known(self, stream: str) -> Mapping[str, Code]:
        """Return the codes of a coding stream."""
        with self._turn:
            if stream not in self._known:
                self._known[stream] = self._read(stream)
            return self._known[stream]

    def users(self, stream: str) -> Mapping[str, set[str]]:
        """Return by code which records have it that were active in NetSuite when they came last."""
        with self._turn:
            self.known(stream)
            return self._users[stream]

    def listed(self, resource: RemoteList) -> Mapping[str, Code]:
        """List the codes of accounts, or of a dimension, whoever entered them; once a run."""
        with self._turn:
            if resource not in self._lists:
                self._lists[resource] = self._list(resource)
            return self._lists[resource]

    def missing(self, bill: Record, word: str, kind: str) -> Need | None:
        """Look for a code of a document's lines that AvidXchange lacks, though it may be on its way.

        Raises:
            RejectedError: A code will not come, or no line may be on it.
        """
        namespace = namespace_of(bill["external_id"], kind, bill["id"])
        for number, line in enumerate(bill["lines"], 1):
            for place in self._places(namespace, line):
                why = self._why_unusable(place)
                if why is None:
                    continue
                code, facts, may_come = why
                if may_come:
                    return Need(place.stream, f"with code {place.code}")
                raise RejectedError(
                    code,
                    word=word.capitalize(),
                    name=name_of(bill),
                    external_id=bill["external_id"],
                    line=number,
                    what=place.what,
                    wanted=place.code,
                    **facts,
                )
        return None

    def _why_unusable(self, place: _LineCode) -> tuple[str, dict[str, str], bool] | None:
        """Return why no line may be on a code: a sentence's code and facts, and whether that may end yet."""
        found, is_over = place.known().get(place.code), self._context.intake.is_over
        if found is None and is_over:
            # A ledger that is new, or that an earlier version wrote, does not have all codes.
            found = place.listed().get(place.code)
        may_come = not is_over or place.code in self._awaited.get(place.stream, ())
        if found is None:
            return "APB-TAX-050", {"table": place.table}, may_come
        if self._is_anothers(place, found):
            return "APB-TAX-081", {"other": found.external_id}, may_come
        if found.is_usable:
            return None
        return "APB-TAX-051", {"table": place.table}, self._context.brake.holds(place.stream)

    def _is_anothers(self, place: _LineCode, found: Code) -> bool:
        """Return whether AvidXchange still has a code under another record than the one that has it now."""
        if place.name is None or found.external_id == place.name:
            return False
        name, holder = (place.stream, place.name), (place.stream, found.external_id)
        own = self._expected.get(name) or self._own.get(name)
        has_moved = place.is_own and own is not None and own != place.code
        return has_moved or self._expected.get(holder, place.code) != place.code

    def _places(self, namespace: str, line: Mapping[str, Any]) -> Iterator[_LineCode]:
        coding = self._coding
        number = line.get("account_number")
        name = external_id(namespace, GL_ACCOUNT, line["account_id"])
        what = f"account {number or 'with id ' + line['account_id']}"
        code, tables = line["gl_code"], coding.accounts.name
        yield self._place(ACCOUNTS, name, code, what, tables, is_own=code == number)
        for dimension, code in line["codes"].items():
            if code is not None:
                value = line[f"{dimension}_id"]
                stream, kind = DIMENSIONS[dimension]
                name, tables = external_id(namespace, kind, value), coding.dimensions.name
                yield self._place(stream, name, code, f"{dimension} {value}", tables, is_own=code == value)
        for name, code in line["segments"].items():
            # No stream brings the values of custom segments.
            values = partial(self.listed, RemoteList("dimension_value", name))
            what = f"{name} {line['custom_fields'][name]}"
            table = coding.dimensions.name
            yield _LineCode("dimension_values", None, code, False, values, values, what, table)  # noqa: FBT003

    def _place(self, stream: str, name: str, code: str, what: str, table: str, *, is_own: bool) -> _LineCode:
        listed = partial(self.listed, self._remote_indexes.resources[stream])
        return _LineCode(stream, name, code, is_own, partial(self.known, stream), listed, what, table)

    def _read(self, stream: str) -> Mapping[str, Code]:
        all_rows = list(self._context.ledger.all_rows(self._context.system, stream))
        # The change that brings it may be held, until a person lets it through.
        self._awaited[stream] = {
            self._expected.get((stream, row.external_id)) for row in all_rows if row.status is Status.WAITING
        }
        rows = [row for row in all_rows if "code" in row.facts]
        told = {row.external_id for row in rows}
        self._own |= {(stream, row.external_id): row.facts["code"] for row in rows}
        seen = _codes(self._remote_indexes.of(stream).seen)
        found = {code: one for code, one in seen.items() if one.external_id not in told}
        users: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            if Code.of(row.external_id, row.facts).is_usable and not row.facts.get("is_kept"):
                users[row.facts["code"]].add(row.external_id)
        self._users[stream] = users
        own = (row for row in rows if not row.facts["shares_code"])
        return found | {row.facts["code"]: Code.of(row.external_id, row.facts) for row in own}

    def _list(self, resource: RemoteList) -> Mapping[str, Code]:
        try:
            return {
                one["number" if resource.name == "gl_account" else "code"]: Code.of(
                    one["external_id"] or "", one
                )
                for one in self._client.everything(resource.name, place=resource.place)
            }
        except SettingError as refused:
            if refused.facts.get("status") == HTTPStatus.NOT_FOUND:
                return {}  # there is no such dimension
            raise


def _codes(there: Mapping[str, RemoteRecord]) -> dict[str, Code]:
    return {
        one.code: Code(external_id, one.is_usable)
        for external_id, one in there.items()
        if one.code is not None
    }
