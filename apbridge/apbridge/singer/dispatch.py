"""Bringing a drain's records to the other system: what goes, what waits, and what the ledger says."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from itertools import chain
from threading import Event
from typing import Any

from apbridge import tracing
from apbridge.errors import (
    APBridgeError,
    HeldError,
    OutcomeUnknownError,
    OvertakenError,
    RefusedError,
    RejectedError,
    SettingError,
    UnavailableError,
    where,
)
from apbridge.gathering import Gathering
from apbridge.http.retry import UNNAMED_LOOK_UPS, look_ups
from apbridge.ledger import OPEN, Content, Ledger, Need, Row, Run, TrailSnapshot
from apbridge.ledger.held import let_through
from apbridge.ledger.rows import HELD
from apbridge.singer.brake import Brake, Pending
from apbridge.singer.endings import InterruptedDrain
from apbridge.singer.outcomes import Outcome, OutcomeKind, OutcomeTally, PartlyDeliveredError
from apbridge.singer.sink import AcknowledgingSink
from apbridge.singer.work import (
    News,
    Work,
    check_record,
    correction,
    held_back,
    news_of,
    rejection,
    with_what_was_sent,
)
from apbridge.waits import completed

logger = logging.getLogger(__name__)

_ENDS_RUN = (UnavailableError, SettingError, OutcomeUnknownError)
_BUG = "APB-SNG-012"
# A process that is killed sends again what it has not written: seldom more than this.
_WRITE_EACH = 50
_WRITE_SECONDS = 1.0


class Dispatch:
    """Delivers records of one run.

    Args:
        system: The other system's name in the ledger.
        ledger: The ledger.
        run: The run, begun.
        concurrency: Most records at work.
        preflight: Called once, before the first record is delivered.
        stop: Set when a signal has come: no new call is begun then.
        tally: Where outcomes are counted.
        brake: What keeps the records whose change is held.
        gathering: Where what is sent for several records waits for one call, where it does.
    """

    def __init__(
        self,
        system: str,
        ledger: Ledger,
        run: Run,
        concurrency: int,
        *,
        preflight: Callable[[], None],
        stop: Event,
        tally: OutcomeTally,
        brake: Brake,
        gathering: Gathering[Any, Any] | None = None,
    ) -> None:
        self._system = system
        self._run = run
        self._ledger = ledger
        self._concurrency = concurrency
        self._preflight: Callable[[], None] | None = preflight
        self._stop = stop
        self._tally = tally
        self._brake = brake
        self._gathering = gathering
        self._acknowledged: set[Need] = set()
        self._done: dict[str, OutcomeKind] = {}
        self._rejected: set[tuple[str, str]] = set()
        self._begun: set[str] = set()
        self._known = TrailSnapshot(0, datetime.now(timezone.utc))
        self._to_look_again: dict[tuple[str, str], OutcomeKind] = {}
        self._failure: BaseException | None = None

    def drain(
        self, sink: AcknowledgingSink, records: dict[str, Any], read_by: Mapping[str, int] | None = None
    ) -> None:
        """Deliver records and write what became of them into the ledger.

        Args:
            sink: Their stream's.
            records: By external id. Each is taken out once the ledger has what became of it.
            read_by: The runs that have read them, where they were kept from earlier ones.

        Raises:
            InterruptedDrain: A signal came before all were sent.
            UnavailableError: The other side or the ledger is not there; also `SettingError`,
                `OutcomeUnknownError`. What was finished is in the ledger.
        """
        if records:
            with tracing.span(sink.stream_name, **{"apbridge.records": len(records)}):
                self._drain(sink, records, read_by or {})
            self._run.at_hand.clear()  # nothing of it is under way any more

    def _drain(self, sink: AcknowledgingSink, records: dict[str, Any], read_by: Mapping[str, int]) -> None:
        if sink.stream_name not in self._begun:
            self._begun.add(sink.stream_name)
            sink.begin()
        self._known = self._ledger.known()
        self._done = {}
        work = self._to_do(sink, records, read_by)
        self._load(need for one in work for need in one.needs)
        ready = self._hold_back(sink, work, records)
        if not ready:
            return
        for _ in chain((None,), look_ups(self._stop, UNNAMED_LOOK_UPS)):
            if self._stop.is_set():
                raise InterruptedDrain
            if self._preflight:
                self._preflight()
                self._preflight = None
            sink.prepare(
                [one.record for one in ready], {one.external_id: one.row for one in ready if one.row}
            )
            try:
                unproved = self._deliver_all(sink, ready, records)
            finally:
                self._correct(sink, ready)
            if not unproved:
                return
            ready = self._read_again(sink.stream_name, unproved)
        lost = [rejection(sink.stream_name, one, sink.not_shown(one.record)) for one in ready]
        self._write(sink.stream_name, lost, records)

    def release(self, sink: AcknowledgingSink) -> bool:
        """Deliver what is held of a stream that is read to its end, unless it is more than may go at once.

        Returns:
            Whether anything was.
        """
        is_released = False
        stream = sink.stream_name
        for held in self._brake.allowed(stream, lambda: sink.standing):
            keys = {name: one.key for name, one in held.items()}
            known = let_through(self._ledger, self._system, stream, keys)
            records = {name: held[name].record for name in known}
            read_by = {name: held[name].read_by for name in known}
            self.drain(sink, records, {name: run for name, run in read_by.items() if run is not None})
            is_released = True
        return is_released

    def refuse(self, stream: str, rows: Iterable[Row]) -> None:
        """Reject the records of which what is kept must not be sent: see `apbridge.ledger.payloads`."""
        for external_id, found in self._ledger.refuse(rows).items():
            logger.warning("%s", found)
            self._tally.add(stream, external_id, OutcomeKind.REJECTED, f"{found.says} {found.do}")

    def close(self) -> None:
        """Wait for the calls in flight."""
        if "_pool" in vars(self):
            self._pool.shutdown(cancel_futures=True)

    def _to_do(
        self, sink: AcknowledgingSink, records: dict[str, Any], read_by: Mapping[str, int]
    ) -> list[Work]:
        """Sort out what is not valid and what is unchanged."""
        stream = sink.stream_name
        rows = self._ledger.rows(self._system, stream, records)
        unsure = [name for name in records if name not in rows or not rows[name].content_hash]
        doubtful = self._ledger.in_doubt(self._system, stream, unsure)
        work: list[Work] = []
        unchanged: dict[str, str | None] = {}
        ended: list[News] = []
        for external_id, record in records.items():
            row = rows.get(external_id)
            is_in_doubt = external_id in doubtful or (row is not None and not row.content_hash)
            one = Work(external_id, record, row, is_in_doubt=is_in_doubt)
            one.read_by = read_by.get(external_id)
            try:
                refused = check_record(sink, one)
                if one.is_settled:
                    unchanged[external_id] = one.modified_at
                elif refused:
                    ended.append(rejection(stream, one, refused))
                elif row and not is_in_doubt and (facts := sink.noted(record, row)) is not None:
                    ended.append(news_of(stream, one, Outcome.unchanged(None, facts)))
                else:
                    one.needs = tuple(sink.needs(record))
                    work.append(one)
            except RejectedError as found:
                ended.append(rejection(stream, one, found))
            except Exception as found:  # noqa: BLE001, see _deliver
                ended.append(self._bug(stream, one, found))
        self._write(stream, ended, records)
        if unchanged:
            self._ledger.seen(self._run.id, self._system, stream, unchanged)
            for external_id in unchanged:
                self._tally.add(stream, external_id, OutcomeKind.UNCHANGED)
                del records[external_id]
        return work

    def _load(self, needs: Iterable[Need]) -> None:
        """Note which needed records are acknowledged; those that were not before may be by now."""
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for need in needs:
            if need not in self._acknowledged:
                wanted[need.stream].add(need.external_id)
        for stream, external_ids in wanted.items():
            for external_id, row in self._ledger.rows(self._system, stream, external_ids).items():
                if row.acknowledged_at:
                    self._acknowledged.add(Need(stream, external_id))

    def _hold_back(
        self, sink: AcknowledgingSink, work: Iterable[Work], records: dict[str, Any]
    ) -> list[Work]:
        """Return the work whose needs are acknowledged; the rest waits in the ledger."""
        stream = sink.stream_name
        ready: list[Work] = []
        waiting: list[News] = []
        for one in work:
            missing = tuple(need for need in one.needs if need not in self._acknowledged)
            if not missing:
                ready.append(one)
            else:
                waiting.append(news_of(stream, one, Outcome.waiting(*missing)))
        self._write(stream, waiting, records)
        return ready

    def _deliver_all(self, sink: AcknowledgingSink, ready: list[Work], records: dict[str, Any]) -> list[Work]:
        """Deliver what is ready, and return what was sent of which the answer does not name the record."""
        stream = sink.stream_name
        # What was sent for content that another run has newer must not be sent once more.
        for one in ready:
            read_by = max(self._run.id, one.read_by or 0)
            self._run.at_hand[one.external_id] = Content(read_by, self._run.began, one.modified_at)
        unproved: list[Work] = []
        finished: list[News] = []
        written = time.monotonic()
        unsent = 0
        try:
            with self._expecting(len(ready)):
                for done in completed([self._pool.submit(self._work_at, sink, one) for one in ready]):
                    news = done.result()
                    if news is None:
                        unsent += 1
                        continue
                    if isinstance(news, Work):
                        unproved.append(news)
                        continue
                    finished.append(news)
                    if len(finished) >= _WRITE_EACH or time.monotonic() - written > _WRITE_SECONDS:
                        self._write(stream, finished, records)
                        finished, written = [], time.monotonic()
            self._write(stream, finished, records)
        except BaseException as found:
            self._failure = self._failure or found
            raise
        if unsent:
            raise self._failure or InterruptedDrain
        return unproved

    def _expecting(self, count: int) -> AbstractContextManager[None]:
        return self._gathering.expecting(count, self._concurrency) if self._gathering else nullcontext()

    def _work_at(self, sink: AcknowledgingSink, one: Work) -> News | Work | None:
        try:
            return self._deliver(sink, one)
        finally:
            if self._gathering:
                self._gathering.ended()

    def _read_again(self, stream: str, unproved: list[Work]) -> list[Work]:
        """Return work with the rows that the ledger has of it now: each is in doubt, for it was sent."""
        rows = self._ledger.rows(self._system, stream, (one.external_id for one in unproved))
        for one in unproved:
            one.row, one.is_in_doubt = rows.get(one.external_id), True
        return unproved

    def _deliver(self, sink: AcknowledgingSink, one: Work) -> News | Work | None:
        """Deliver one record, on a thread of the pool.

        Returns:
            What became of it; the work itself where the answer to what was sent does not name it; None where
            it was not sent, or is not known to have arrived.
        """
        news: News | Work | None = None
        if self._failure or self._stop.is_set():
            return news
        try:
            outcome = self._outcome(sink, one)
            if outcome.is_proved:
                news = news_of(sink.stream_name, one, with_what_was_sent(outcome, one.sent))
            else:
                one.sent = one.sent or outcome
                news = one
        except OvertakenError as found:
            logger.info("%s", found)
            news = News(OutcomeKind.UNCHANGED, None, one.external_id)
        except HeldError as found:
            news = held_back(sink.stream_name, one, found)
        except (RejectedError, RefusedError) as found:
            news = rejection(sink.stream_name, one, found)
        except _ENDS_RUN as found:
            self._failure = self._failure or found
        except Exception as found:  # noqa: BLE001, one record's bug must not hold up all others
            news = self._bug(sink.stream_name, one, found)
        return news

    def _outcome(self, sink: AcknowledgingSink, one: Work) -> Outcome:
        try:
            return sink.deliver(one.record, one.row)
        except PartlyDeliveredError as found:
            # A later withdrawal must find what is there, whatever becomes of the rest.
            there = {one.external_id: found.there}
            self._ledger.found(self._run.id, self._system, sink.stream_name, there)
            raise found.because from found.because.__cause__

    def _bug(self, stream: str, one: Work, found: Exception) -> News:
        logger.debug("Trace of an unexpected exception", exc_info=found)
        error = RejectedError(
            _BUG,
            external_id=one.external_id,
            stream=stream,
            kind=type(found).__name__,
            place=where(found),
        )
        return rejection(stream, one, error)

    def _write(self, stream: str, news: Sequence[News], records: dict[str, Any]) -> None:
        entries = [replace(one.entry, known=self._known) for one in news if one.entry]
        again = self._ledger.write(self._run.id, self._system, entries)
        for one in news:
            external_id, entry = one.external_id, one.entry
            if one.kind is OutcomeKind.REJECTED:
                self._rejected.add((stream, external_id))
            else:
                self._rejected.discard((stream, external_id))
            before = self._to_look_again.pop((stream, external_id), None)
            counted = before if one.kind is OutcomeKind.UNCHANGED else None
            if counted is None:
                reason = entry.reason if entry else None
                self._tally.add(stream, external_id, one.kind, reason, one.action, instead_of=before)
            self._tally.bugs += entry is not None and entry.code == _BUG
            if external_id in again:
                self._to_look_again[stream, external_id] = one.kind
                self._tell_of(external_id, again[external_id])
            self._done[external_id] = counted or one.kind
            record = records.pop(external_id)
            if entry and entry.held:
                held = Pending(entry.held[HELD], record, entry.read_by)
                self._brake.hold(stream, external_id, held)
            else:
                self._brake.drop(stream, external_id)

    def _correct(self, sink: AcknowledgingSink, work: Sequence[Work]) -> None:
        """Write what the sink has found to be otherwise than it was delivered."""
        stream, corrections = sink.stream_name, sink.conclude()
        found = [
            correction(stream, one, why)
            for one in work
            if (why := corrections.get(one.external_id))
            # What is rejected stays so, whatever else is noted of it.
            and (isinstance(why, RejectedError) or (stream, one.external_id) not in self._rejected)
        ]
        self._ledger.write(self._run.id, self._system, [replace(one, known=self._known) for one in found])
        for entry in found:
            name = entry.external_id
            if entry.status in OPEN:
                kind, before = OutcomeKind(entry.status.value), self._done.get(name)
                self._tally.add(stream, name, kind, entry.reason, instead_of=before)

    def _tell_of(self, external_id: str, moment: datetime) -> None:
        told = f"{moment:%Y-%m-%d %H:%M} UTC"
        logger.info(
            "%s", APBridgeError("APB-SNG-019", external_id=external_id, system=self._system, moment=told)
        )

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._concurrency, thread_name_prefix="deliver")
