"""Files out of NetSuite, several a call: calls are what an account has least of."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from apbridge.errors import APBridgeError, RefusedError, RejectedError, UnavailableError, catalogue
from apbridge.netsuite import NetSuite, restlet
from apbridge.netsuite.answers import PASSING
from apbridge.netsuite.queries.reader import Reader
from apbridge.netsuite.restlet import MOST_FILES, Given
from apbridge.redaction import redact_text
from apbridge.waits import WAKES

logger = logging.getLogger(__name__)

MOST_BYTES_A_CALL = 4 * 2**20
"""Of files, as the list tells their sizes. In base64 that is a little more than half of the 10 MB that
NetSuite guarantees for an answer."""

MOST_BYTES_IN_FLIGHT = 2 * MOST_BYTES_A_CALL
"""Of all calls together; each byte of a file takes up to four of memory meanwhile."""

_LANES = 2
"""Threads for calls of many bytes. What memory a thread has used once, it keeps (glibc)."""

_ROUNDED = 1024
"""Bytes that a file may have beyond what the list tells, in whole kilobytes."""

_SPOOLING = 8
"""Files put into the spool at once, of one call: it may be a store that takes its time for each."""

_ANOTHER_SHAPE = frozenset({"APB-NS-030", "APB-HTTP-006"})
"""What an answer of another shape, or too long a one, is said by."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Wish:
    """A file to be fetched.

    Args:
        file: Its internal id.
        bill: The bill that it is attached to.
        size: In bytes, as it is listed.
    """

    file: str
    bill: str
    size: int

    @property
    def most(self) -> int:
        """How many bytes it may have."""
        return self.size + _ROUNDED


@dataclass(frozen=True)
class _Came:
    """What came of one call: what each file came to, and which are to be asked for again, in groups."""

    outcomes: Sequence[tuple[Wish, Any]]
    again: Sequence[list[Wish]] = ()


class Fetching:
    """Fetches files through the RESTlet: several a call, and one a call where it is an older one.

    Args:
        netsuite: The account.
    """

    def __init__(self, netsuite: NetSuite) -> None:
        self._netsuite = netsuite
        self._is_older = False
        self._lanes = ThreadPoolExecutor(_LANES, thread_name_prefix="files")
        self._spooling = ThreadPoolExecutor(_SPOOLING, thread_name_prefix="spool")

    def fetch(
        self, reader: Reader, wishes: Iterable[Wish], take: Callable[[Wish, bytes], _T]
    ) -> Iterator[tuple[Wish, _T | APBridgeError]]:
        """Fetch files, and yield what became of each, in no order.

        Args:
            reader: Has the threads.
            wishes: The files, each once.
            take: Takes the content of one, in another thread.

        Yields:
            A file, and what `take` has returned or why it is not handed out: a `RefusedError`, or a
            `RejectedError` where it is not told as by our RESTlet.

        Raises:
            UnavailableError: NetSuite was not there, or `take` could not put it where it belongs.
        """
        due = deque(groups(wishes))
        begun: dict[Future[_Came], int] = {}
        try:
            yield from self._fetched(reader, due, begun, take)
        finally:
            for future in begun:
                future.cancel()

    def _fetched(
        self,
        reader: Reader,
        due: deque[list[Wish]],
        begun: dict[Future[_Came], int],
        take: Callable[[Wish, bytes], _T],
    ) -> Iterator[tuple[Wish, _T | APBridgeError]]:
        while due or begun:
            while due and (not begun or sum(begun.values()) + _bytes(due[0]) <= MOST_BYTES_IN_FLIGHT):
                group = due.popleft()
                if self._is_older and len(group) > 1:
                    due.extendleft([one] for one in reversed(group))
                    continue
                work = partial(self._alone if len(group) == 1 else self._together, group, take)
                is_small = len(group) == 1 and _bytes(group) < MOST_BYTES_A_CALL
                begun[reader.begin(work) if is_small else self._lanes.submit(work)] = _bytes(group)
            for done in wait(begun, WAKES, FIRST_COMPLETED).done:
                del begun[done]
                came = done.result()
                due.extendleft(reversed(came.again))
                yield from came.outcomes

    def _together(self, group: list[Wish], take: Callable[[Wish, bytes], _T]) -> _Came:
        """Ask for several files at once."""
        asked = {"action": "contents", "files": [one.file for one in group]}
        purpose = f"fetch {len(group)} files of bills"
        try:
            given = self._netsuite.restlet(asked, reads=restlet.contents, purpose=purpose)
        except RefusedError as refused:
            if refused.reason == "UNKNOWN_ACTION":
                self._note_older()
                return _Came((), [[one] for one in group])
            logger.debug("Half as many files are asked for at once: %s", refused)
            return _Came((), _in_two(group))
        except UnavailableError as failure:
            if failure.code not in _ANOTHER_SHAPE:
                raise
            logger.debug("Half as many files are asked for at once: %s", failure)
            return _Came((), _in_two(group))
        return self._taken(group, given, take)

    def _taken(self, group: list[Wish], given: list[Given], take: Callable[[Wish, bytes], _T]) -> _Came:
        """Take what was handed out, and see what is to be asked for again."""
        wishes = {one.file: one for one in group}
        outcomes: list[tuple[Wish, Any]] = []
        taking: list[tuple[Wish, Future[_T | None]]] = []
        alone: list[Wish] = []
        while given:
            # Let go of one after the other: the answer is as large as all of them.
            one = given.pop()
            wish = wishes.get(one.id)
            if wish is None or (one.content is None and one.failed is None):
                continue
            del wishes[one.id]
            if one.failed is None:
                taking.append((wish, self._spooling.submit(_decode_and_take, one, wish, take)))
            elif one.failed.code in PASSING:
                alone.append(wish)
            else:
                outcomes.append((wish, _refused(wish, one.failed)))
        for wish, taken in taking:
            if (outcome := taken.result()) is None:
                alone.append(wish)
            else:
                outcomes.append((wish, outcome))
        left = [one for one in group if one.file in wishes]
        if len(left) == len(group):
            return _Came((), _in_two(group))
        return _Came(outcomes, [*([one] for one in alone), *([left] if left else [])])

    def _alone(self, group: list[Wish], take: Callable[[Wish, bytes], _T]) -> _Came:
        """Ask for one file, as every RESTlet of ours understands it."""
        (wish,) = group
        asked, purpose = {"action": "content", "file": wish.file}, _purpose(wish)
        try:
            content = self._netsuite.restlet(asked, reads=restlet.content, purpose=purpose)
        except RefusedError as refused:
            return _Came([(wish, refused)])
        except UnavailableError as failure:
            if failure.code != "APB-NS-030":
                raise
            return _Came([(wish, not_ours(self._netsuite, failure.facts["problem"]))])
        return _Came([(wish, take(wish, content))])

    def _note_older(self) -> None:
        if not self._is_older:
            sentence = catalogue()["APB-TNS-031"]
            logger.warning("%s %s [%s]", sentence.says, sentence.do, sentence.code)
        self._is_older = True


def not_ours(netsuite: NetSuite, problem: str) -> RejectedError:
    """Return the error that a file is not told as our RESTlet tells it."""
    settings = netsuite.settings
    names = {"script": settings.restlet_script, "deploy": settings.restlet_deploy}
    return RejectedError("APB-TNS-030", problem=problem, **names)


def groups(wishes: Iterable[Wish]) -> Iterator[list[Wish]]:
    """Divide files into those of one call each, in their order. One that is too large stands alone."""
    group: list[Wish] = []
    for wish in wishes:
        if group and (len(group) == MOST_FILES or _bytes([*group, wish]) > MOST_BYTES_A_CALL):
            yield group
            group = []
        group.append(wish)
    if group:
        yield group


def _decode_and_take(one: Given, wish: Wish, take: Callable[[Wish, bytes], _T]) -> _T | None:
    """Take the content of one file; None where it is told in another shape."""
    try:
        content = one.decoded()
    except ValueError:
        return None
    one.content = None
    return take(wish, content)


def _bytes(group: Iterable[Wish]) -> int:
    return sum(one.most for one in group)


def _in_two(group: list[Wish]) -> Sequence[list[Wish]]:
    middle = len(group) // 2
    return group[:middle], group[middle:]


def _purpose(wish: Wish) -> str:
    return f"fetch file {wish.file} of bill {wish.bill}"


def _refused(wish: Wish, failed: restlet.Refusal) -> RefusedError:
    """Return why one of several files is not handed out, as where it was asked for alone."""
    return RefusedError(
        "APB-HTTP-003",
        status=400,
        reason=failed.code,
        system="NetSuite",
        purpose=_purpose(wish),
        says=redact_text(failed.message).rstrip(".") or "it gave no reason",
        answer=f"HTTP 400 {failed.code}",
        details={},
    )
