"""Carries out what people decided: links, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from apbridge.avidxchange import AvidXchange
from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.ledger import Ledger, Run
from apbridge.likeness import exact
from apbridge.links import SENT_FOR, LinkKind, Links, RecordLink, is_large_number
from apbridge.printable import from_a_cell, in_a_cell
from apbridge.schemas.identifiers import internal_id, netsuite_id
from apbridge_operator.exceptions import BY_HAND
from apbridge_operator.matching.reading import LinkedStream, everything
from apbridge_operator.matching.sheet import NEW, DecidedRow, wrong

_IS_FIXED = "external_id_is_fixed"
_AVIDXCHANGE = "avidxchange"
_PAID = ("bills", "vendor_credits")


class AppliedLinks(NamedTuple):
    """What came of the decisions, by what was decided and where it is kept."""

    there: int
    here: int
    new: int
    known: int


class UndoneLink(NamedTuple):
    """A decision that was taken back.

    Args:
        link: The decision.
        sent: External ids of the bills and credits that were sent for it, and stand in AvidXchange.
    """

    link: RecordLink
    sent: tuple[str, ...]


class Linking:
    """Links records of NetSuite and of AvidXchange.

    Args:
        streams: Those that may be linked.
        command: The command's name, for errors.
        avidxchange: The company.
        ledger: Where each write to it is put on the trail.
        links: The links file.
        by: Who decides.
        version: Of this program.
    """

    def __init__(  # noqa: PLR0917 - both systems, and who decides
        self,
        streams: Sequence[LinkedStream],
        command: str,
        avidxchange: AvidXchange,
        ledger: Ledger,
        links: Links,
        by: str,
        version: str,
    ) -> None:
        self._streams = {one.name: one for one in streams}
        self._command = command
        self._avidxchange = avidxchange
        self._ledger = ledger
        self._links = links
        self._by = by
        self._version = version
        self._is_fixed: set[str] = set()

    def apply(self, rows: Sequence[DecidedRow], file: Path, account: str) -> AppliedLinks:
        """Carry out decisions; what is done already is left as it is.

        Args:
            rows: The decisions.
            file: Where they stand, for errors.
            account: The NetSuite account.

        Raises:
            SettingError: A row says what cannot be, or the links file is an earlier one; nothing is linked
                then.
            RefusedError: AvidXchange does not take a link; those before it are made.
        """
        shown = {name: self._shown(name) for name in dict.fromkeys(row.stream for row in rows)}
        for row in rows:
            for problem in self._problems(row, shown[row.stream], account):
                raise wrong(file, row.line, problem, self._command)
        counts = dict.fromkeys(LinkKind, 0)
        with_run = self._began()
        known = 0
        for row in rows:
            kind = self._linked(row, shown[row.stream], with_run, sum(counts.values()))
            if kind is None:
                known += 1
            else:
                counts[kind] += 1
        self._ended(with_run, {"linked": sum(counts.values())})
        return AppliedLinks(counts[LinkKind.THERE], counts[LinkKind.HERE], counts[LinkKind.NEW], known)

    def unlink(self, external_id: str) -> UndoneLink:
        """Take a decision back: what refers to the record waits until somebody decides anew.

        Raises:
            SettingError: There is none, or the links file is an earlier one.
            RefusedError: AvidXchange does not take it back.
        """
        found = next((one for name in self._streams if (one := self._links.get(name, external_id))), None)
        if found is None:
            raise SettingError("APB-VND-022", external_id=external_id, command=self._command)
        stream = self._streams[found.stream]
        with_run = self._began()
        if found.kept is LinkKind.THERE:
            self._set(with_run, stream, external_id, found.remote_id, found.before or None, done=0)
        self._note(with_run(), "undo decision", found)
        if found.kept is not LinkKind.NEW:
            why = APBridgeError(
                "APB-VND-004",
                external_id=external_id,
                remote_id=found.remote_id,
                by=self._by,
                command=self._command,
            )
            self._ledger.forget(_AVIDXCHANGE, found.stream, external_id, why)
        self._links.remove(found)
        self._ended(with_run, {"unlinked": 1})
        return UndoneLink(found, tuple(self._sent_for(found)))

    def _sent_for(self, link: RecordLink) -> Iterator[str]:
        for stream in _PAID if link.remote_id else ():
            for row in self._ledger.all_rows(_AVIDXCHANGE, stream):
                is_of_it = row.facts.get(SENT_FOR, {}).get(link.external_id) == link.remote_id
                if is_of_it and not row.facts.get("is_withdrawn"):
                    yield row.external_id

    def _shown(self, stream: str) -> dict[str, Mapping[str, Any]]:
        known = self._streams.get(stream)
        return {} if known is None else {str(one["id"]): one for one in everything(self._avidxchange, known)}

    def _problems(
        self, row: DecidedRow, shown: Mapping[str, Mapping[str, Any]], account: str
    ) -> Iterator[str]:
        """Yield what keeps a decision from being carried out."""
        stream, name, own = self._streams.get(row.stream), row.external_id, row.remote_id
        if stream is None:
            yield f"stream is {row.stream}, and not one of {', '.join(self._streams)}"
        elif internal_id(name, account, stream.kind) is None:
            yield f"{name} is no external id of this NetSuite account"
        elif row.decision != NEW:
            yield from self._conflicts(row, shown, account)
            if own not in shown:
                yield f"AvidXchange has no record {own} any more{_why_unknown(own, shown)}"
            elif not self._is_linked(row, shown[own]):
                yield from _other_name(row, shown[own])

    def _is_linked(self, row: DecidedRow, there: Mapping[str, Any]) -> bool:
        """Return whether a row says what is so already: a run has given that record NetSuite's name since."""
        earlier = self._links.get(row.stream, row.external_id)
        is_noted = earlier is not None and earlier.remote_id == row.remote_id
        return is_noted or there.get("external_id") == row.external_id

    def _conflicts(
        self, row: DecidedRow, shown: Mapping[str, Mapping[str, Any]], account: str
    ) -> Iterator[str]:
        name, own = row.external_id, row.remote_id
        owner, earlier = self._links.owner(row.stream, own, name), self._links.get(row.stream, name)
        if owner is not None and owner.external_id != name:
            yield f"record {own} is linked to {owner.external_id} already"
        if earlier is not None and earlier.remote_id not in {"", own}:
            yield f"{name} is linked to record {earlier.remote_id} already"
        for one in shown.values():
            if one.get("external_id") == name and str(one["id"]) != own:
                yield f"{name} is in AvidXchange already, as record {one['id']}"
        has = str(shown.get(own, {}).get("external_id") or "")
        other = netsuite_id(has)
        if other is not None and other.account == account and has != name:
            yield f"record {own} is {has} already"

    def _linked(
        self, row: DecidedRow, shown: Mapping[str, Mapping[str, Any]], with_run: Callable[[], Run], done: int
    ) -> LinkKind | None:
        stream, earlier = self._streams[row.stream], self._links.get(row.stream, row.external_id)
        told = {
            "name": row.name,
            "decided_by": self._by,
            "decided_at": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        }
        if row.decision == NEW:
            if earlier is not None:
                return None
            link = RecordLink(row.stream, row.external_id, LinkKind.NEW, **told)
            self._note(with_run(), "decide to create", link)
            self._links.put(link)
            return link.kept
        there = shown[row.remote_id]
        before = str(there.get("external_id") or "")
        is_set = before == row.external_id
        if earlier is not None and earlier.remote_id and (is_set or earlier.kept is LinkKind.HERE):
            return None
        link = RecordLink(
            row.stream,
            row.external_id,
            LinkKind.THERE,
            row.remote_id,
            before="" if is_set else before,
            remote_name=str(there["name"]),
            **told,
        )
        if not is_set and self._can_set(stream):
            # First, for whatever becomes of the write: it tells what the record was called before.
            self._links.put(link)
        if not (is_set or self._is_taken(stream, link, with_run, earlier, done)):
            self._check_that_it_can_be_changed(stream, row)
            link = link._replace(kept=LinkKind.HERE)
        self._note(with_run(), "decide to link", link)
        self._links.put(link)
        return link.kept

    def _is_taken(
        self,
        stream: LinkedStream,
        link: RecordLink,
        with_run: Callable[[], Run],
        earlier: RecordLink | None,
        done: int,
    ) -> bool:
        """Set our external id in AvidXchange; where that is refused, the links file is as it was."""
        name = link.external_id
        is_taken = False
        try:
            is_taken = self._set(with_run, stream, name, link.remote_id, name, done=done)
        except RefusedError:
            self._put_back(link, earlier)
            raise
        if not is_taken:
            self._put_back(link, earlier)
        return is_taken

    def _put_back(self, link: RecordLink, earlier: RecordLink | None) -> None:
        if earlier is not None:
            self._links.put(earlier)
        elif self._links.get(link.stream, link.external_id):
            self._links.remove(link)

    def _can_set(self, stream: LinkedStream) -> bool:
        has_call = self._avidxchange.profile.resources[stream.resource].link is not None
        return has_call and stream.resource not in self._is_fixed

    def _set(
        self,
        with_run: Callable[[], Run],
        stream: LinkedStream,
        external_id: str,
        remote_id: str,
        sets: str | None,
        *,
        done: int,
    ) -> bool:
        """Set an external id in AvidXchange; False where its contract cannot."""
        client = self._avidxchange
        if not self._can_set(stream):
            return False
        submission = client.link(stream.resource, external_id, remote_id, sets=sets, place=stream.place)
        about = {"system": _AVIDXCHANGE, "external_id": external_id, "body": submission.body}
        operation = "link" if sets == external_id else "unlink"
        try:
            with with_run().audited(operation=f"{operation} {stream.resource}", **about) as answer:
                acknowledged = client.submit(submission)
                answer.status, answer.request_id = acknowledged.status, acknowledged.request_id
                answer.body = acknowledged.answer
        except RefusedError as refused:
            if refused.facts["meaning"] == _IS_FIXED and sets == external_id:
                self._is_fixed.add(stream.resource)
                return False
            raise RefusedError(
                "APB-VND-023",
                status=refused.status,
                reason=refused.reason,
                external_id=external_id,
                remote_id=remote_id,
                says=refused.facts["says"],
                done=done,
            ) from refused
        return True

    def _check_that_it_can_be_changed(self, stream: LinkedStream, row: DecidedRow) -> None:
        profile = self._avidxchange.profile
        if profile.resources[stream.resource].change is None:
            facts = {"profile": profile.name, "resource": stream.resource, "external_id": row.external_id}
            raise SettingError("APB-VND-025", **facts)

    def _note(self, run: Run, operation: str, link: RecordLink) -> None:
        body = {"by": self._by, "stream": link.stream, "remote_id": link.remote_id}
        with run.audited(
            system=BY_HAND, operation=operation, external_id=link.external_id, body=body
        ) as answer:
            answer.body = {"kept": link.kept.value}

    def _began(self) -> Callable[[], Run]:
        """Return what begins a run when it is asked for first: what writes nothing is none.

        Raises:
            SettingError: The links file is an earlier one: what was decided since would be lost with it.
        """
        if self._links.mark:  # Where there is none, somebody decides anew.
            self._links.require_newest(self._ledger.identity.links())
        made: list[Run] = []

        def run() -> Run:
            if not made:
                made.append(self._ledger.start_run(BY_HAND, self._version))
            return made[0]

        self._made = made
        return run

    def _ended(self, with_run: Callable[[], Run], counts: Mapping[str, int]) -> None:
        self._ledger.identity.take_links(self._links.mark)
        if self._made:
            with_run().finish("finished", {BY_HAND: counts})


def _other_name(row: DecidedRow, there: Mapping[str, Any]) -> Iterator[str]:
    name = str(in_a_cell(str(there.get("name") or ""))).strip()
    if row.remote_name and exact(row.remote_name) != exact(from_a_cell(name)):
        yield (
            f"record {row.remote_id} is {name} in AvidXchange, and the line says {row.remote_name}; if that"
            " is the record, empty avidxchange_name"
        )


def _why_unknown(own_id: str, shown: Mapping[str, Any]) -> str:
    if is_large_number(own_id):
        return ": a spreadsheet has made a number of it"
    before = next((one for one in shown if one.lstrip("0") == own_id != one), None)
    return f", but {before}: a spreadsheet has taken off its zeros" if before else ""
