"""What the streams of one run share: the signed-in account, what it lacks, and what could not be read."""

from __future__ import annotations

import logging
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import chain
from threading import Event
from typing import Any

from apbridge.errors import APBridgeError, RefusedError, SettingError, UnavailableError
from apbridge.netsuite import NetSuite, NetSuiteSettings, remind
from apbridge.netsuite.queries.features import Features, not_found
from apbridge.netsuite.queries.reader import Reader
from apbridge.schemas.identifiers import netsuite_namespace
from apbridge.settings import usable_spool
from apbridge.singer.state import WITHOUT
from tap_netsuite_ap.custom import CustomFields, asked_for, custom_fields, near_matches
from tap_netsuite_ap.deletions import SharedDeletions
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import StreamEntry, manifest
from tap_netsuite_ap.records import Record
from tap_netsuite_ap.visibility import Visibility, listed

logger = logging.getLogger(__name__)

_HOLDS = timedelta(days=1)


class Connection:
    """One run's hold on one account. Nothing is sent before the first stream asks.

    Args:
        config: The tap's settings.
        stop: When set, waits end and nothing is tried again.
        known: Returns what `found` told of an earlier run.
    """

    def __init__(
        self, config: Mapping[str, Any], stop: Event, known: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._config = config
        self._now: str | None = None
        self._unreadable: dict[str, RefusedError] = {}
        self._hidden: list[str] = []
        self._children: defaultdict[str | None, list[str]] | None = None
        self._without_files: RefusedError | None = None
        self._lost: list[str] = []
        self._waited_for: frozenset[str] = frozenset()
        self.vanished: list[str] = []
        """Bills and credits that were open, and are shown no longer, with no note of their deletion."""
        self.vanished_payments: list[str] = []
        """Vendor payments that are shown no longer, likewise."""
        self._has_begun = False
        self._is_wide = False
        self._stop = stop
        self._known = known
        self.visibility = Visibility(config.get("subsidiaries") or ())
        self.shared_deletions = SharedDeletions()

    @cached_property
    def netsuite(self) -> NetSuite:
        """The account.

        Raises:
            SettingError: A setting is wrong.
        """
        # Whatever is wrong with a setting is said before anything is sent.
        _ = self.eligibility, asked_for(self._config), usable_spool(self._config)
        netsuite = NetSuite(NetSuiteSettings.from_config(self._config), stop=self._stop)
        weakref.finalize(self, netsuite.close)
        return netsuite

    @property
    def calls(self) -> int:
        """How many calls this run has made."""
        # Asked for from another thread too, which must not be the one that makes the client.
        made: NetSuite | None = vars(self).get("netsuite")
        return made.session.counts.calls if made else 0

    @cached_property
    def features(self) -> Features:
        """What the account was found to lack."""
        known = self._known()
        return Features(manifest().sentences, known.get("lacks", ()) if _is_fresh(known) else ())

    def widen(self) -> None:
        """Before a first reading, which is long: take as many calls at once as NetSuite grants.

        Where a setting says how many, that holds. A run with little to read is not worth the call. Later
        calls do nothing.
        """
        if not self._is_wide and self._config.get("concurrency") is None:
            self.netsuite.learn_limit()
        self._is_wide = True

    @cached_property
    def eligibility(self) -> Eligibility:
        """What the settings allow to be submitted.

        Raises:
            SettingError: A setting is wrong.
        """
        return Eligibility.from_config(self._config)

    @cached_property
    def credit_eligibility(self) -> Eligibility:
        """What the settings allow to be submitted of vendor credits."""
        return Eligibility.of_credits(self._config)

    @cached_property
    def custom_fields(self) -> CustomFields:
        """The custom fields that the settings ask for.

        Raises:
            SettingError: There is no such field.
        """
        return custom_fields(asked_for(self._config), self.netsuite)

    def begin(self, reader: Reader) -> None:
        """See, before the first record, that NetSuite knows what the settings name. Later calls do nothing.

        It costs a call where there are custom fields, and one where there are conditions of one's own.

        Raises:
            SettingError: It does not know a field, or does not take a condition.
        """
        if self._has_begun:
            return
        _ = self.custom_fields
        bills = next(entry.query for entry in manifest().streams if entry.name == "bills")
        if found := self.eligibility.not_taken(bills, reader.refusal):
            rule, refused = found
            field = not_found(str(refused))
            raise SettingError(
                "APB-TNS-003",
                setting=rule.setting,
                condition=rule.condition,
                says=refused.facts["says"],
                near=near_matches(field, self.netsuite) if field else "",
            )
        self._has_begun = True

    @property
    def namespace(self) -> str:
        """What external ids begin with."""
        return netsuite_namespace(self.netsuite.account)

    def put_currency(self, record: dict[str, Any]) -> None:
        """Put the company's currency into a record that has a place for it, where NetSuite has only one."""
        if "currencies" in self.features.absent and record.get("currency", "") is None:
            record["currency"] = self._config.get("currency")

    def was_read_at(self, moment: str) -> None:
        """Note NetSuite's time as a query told it along with its rows: a question less."""
        self._now = self._now or moment

    def now(self, reader: Reader) -> str:
        """Return the second of NetSuite's clock at which this run began to read."""
        if self._now is None:
            self._now = reader.one(manifest().queries["clock"])["moment"]
        return self._now

    def with_children(self, reader: Reader, subsidiaries: Sequence[str]) -> list[str]:
        """Return subsidiaries and all those below them. Their list is read once."""
        if self._children is None:
            self._children = defaultdict(list)
            for row in reader.all(manifest().queries["subsidiary_tree"]):
                self._children[row.get("parent_id")].append(row["id"])
                self.visibility.shown("subsidiaries", row)
        found = list(subsidiaries)
        for one in found:
            found += [child for child in self._children[one] if child not in found]
        return found

    def unreadable(self, stream: str, refused: RefusedError) -> None:
        """Note that a stream cannot be read; the others still are, and the run ends with an error."""
        self._unreadable[stream] = refused
        logger.error("%s", APBridgeError("APB-TNS-001", stream=stream, refused=refused.says))

    def look_for_what_is_hidden(self, reader: Reader, *, is_first: bool, sees_no_bill: bool) -> None:
        """After bills were read: note what they and vendors name and NetSuite does not show."""
        self._hidden += self.visibility.hidden(
            reader, manifest(), is_first=is_first, sees_no_bill=sees_no_bill
        )

    def look_for_hidden(self, reader: Reader, entry: StreamEntry) -> None:
        """After payments or credits were read: note those that bills name and NetSuite does not show."""
        self._hidden += self.visibility.hidden_of(reader, entry)

    def without_files(self, refused: RefusedError) -> None:
        """Note that bills were read and their files were not; the run ends with an error."""
        self._without_files = refused

    def lost(self, names: frozenset[str]) -> None:
        """Note what a stream was read with before, and NetSuite refuses now.

        The run ends with an error where that decides how a bill is coded or paid.
        """
        self._lost += sorted(names & manifest().decisive)

    def as_shown_before(
        self, records: Iterable[Record], reads: frozenset[str], before: frozenset[str] | None
    ) -> Iterator[Record]:
        """Yield records for as long as NetSuite shows of them what it showed when they were sent last.

        Args:
            records: Those of a stream.
            reads: What they are read with.
            before: What of it NetSuite refused then; None where none was sent.

        Raises:
            RefusedError: It refuses more of it now: fields would be emptied that nobody emptied.
        """
        for record in chain(records, [None]):
            if before is not None and (names := reads & self.features.absent - before):
                self._waited_for |= names
                raise RefusedError("APB-TNS-138", status=400, names=", ".join(sorted(names)))
            if record is not None:
                yield record

    def whole(
        self, records: Iterable[Record], reads: frozenset[str], state: MutableMapping[str, Any]
    ) -> Iterator[Record]:
        """Yield the records of a stream that is read whole, as `as_shown_before`, and remember what is shown.

        Args:
            records: They.
            reads: What they are read with.
            state: The stream's, which remembers what of that NetSuite refuses.

        Raises:
            RefusedError: As of `as_shown_before`.
        """
        before = state.get(WITHOUT)
        yield from self.as_shown_before(records, reads, None if before is None else frozenset(before))
        state[WITHOUT] = sorted(reads & self.features.absent)

    def found(self) -> Mapping[str, Any]:
        """Return what the account lacks, for the runs of a day: to be refused costs a call each time."""
        # Nobody is to wait a day for what became of a record, or for vendors that are not read meanwhile.
        asked_again = manifest().queries["deletions"].needs | self._waited_for
        known, lacks = self._known(), sorted(self.features.absent - asked_again)
        if _is_fresh(known) and lacks == known.get("lacks"):
            return known
        return {"lacks": lacks, "since": datetime.now(timezone.utc).isoformat()} if lacks else {}

    def end(self) -> None:
        """End the run.

        Raises:
            UnavailableError: Some streams could not be read, or not wholly.
        """
        if "netsuite" in vars(self):
            remind(self.netsuite.settings.certificate, logger)
        lacking = []
        if self._unreadable:
            lacking.append(UnavailableError("APB-TNS-002", streams=", ".join(self._unreadable)))
        if self._lost:
            lacking.append(UnavailableError("APB-TNS-137", names=", ".join(self._lost)))
        if self._hidden:
            lacking.append(UnavailableError("APB-TNS-005", hidden="; ".join(self._hidden)))
        if self._without_files:
            lacking.append(UnavailableError("APB-NS-026", refused=self._without_files.says))
        if self.vanished:
            lacking.append(UnavailableError("APB-TNS-015", bills=listed(self.vanished)))
        if self.vanished_payments:
            lacking.append(UnavailableError("APB-TNS-019", payments=listed(self.vanished_payments)))
        for further in lacking[1:]:
            logger.error("%s", further)
        if lacking:
            raise lacking[0]


def _is_fresh(known: Mapping[str, Any]) -> bool:
    """Return whether what an earlier run found out still holds: what was refused may be granted meanwhile."""
    try:
        return datetime.now(timezone.utc) - datetime.fromisoformat(known["since"]) < _HOLDS
    except (KeyError, TypeError, ValueError):
        return False
