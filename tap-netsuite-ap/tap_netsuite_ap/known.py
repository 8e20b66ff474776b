"""What the tap remembers of records between runs: a few bytes each, so that the STATE stays small."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from base64 import b85decode, b85encode
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import Any

from apbridge.singer.state import KNOWN

_OF_A_BILL = ("vendor_id", "total", "amount_due", "status")
"""What of a bill may change in NetSuite without a date that moves; of a credit it is `amount_available`."""

_TO_BE_PAID = {"open", "pending_approval", "rejected", "in_transit"}
"""The statuses of what is remembered: those of the queries `bills_open` and `credits_open`."""

_EARLY = timedelta(minutes=5)
"""Runs of a schedule begin some seconds more or less apart: one this early need not leave it to the next."""

_NONE = -1
"""What stands for no digest where digests are numbers."""

_BITS = 32
"""Of a digest: up to 8 hexadecimal digits. Above them stands how many they are."""

_PART = 4096
"""Bytes: of a multiple of four the parts are written as the whole is."""


class ToldBefore:
    """What was told of a stream's records, kept in its STATE until it is compared with what NetSuite shows.

    Args:
        state: The stream's, changed when the stream was read to its end.
        now: NetSuite's present second.
        every: How often to compare.
    """

    def __init__(self, state: MutableMapping[str, Any], now: str, every: timedelta = timedelta()) -> None:
        self._state = state
        self._now = now
        kept: Mapping[str, Any] = state.get(KNOWN) or {}
        self._digests = unpacked(kept.get("records"))
        self._told = _Told()
        self.noted = list(kept.get("noted", ()))
        """What was said once, and is not to be said again."""
        self.since: str | None = kept.get("at") if self._digests is not None else None
        """When it was compared last; None where nothing is known."""
        self.vanished = {
            one: moment for moment, text in kept.get("vanished", {}).items() for one in unpacked(text) or ()
        }
        """What was gone when it was compared last, nobody knows why: when each was there still."""
        self.deleted_from: str | None = kept.get("deleted_from")
        """From when on to ask for deletions of records that were never shown; None where all were."""
        self.is_due = self.since is None or _second(now) - _second(self.since) + _EARLY >= every

    def tell(self, record_id: str, digest: str | None = "") -> None:
        """Note what was told of a record; None where there is nothing to compare any more."""
        self._told.add(record_id, digest)

    def unlike(self, shown: Mapping[str, str]) -> list[str]:
        """Return the ids of records that are not as they were told, in order.

        What this run has told already is as it is now, or is compared the next time.
        """
        known = self._digests or {}
        differing = {one for one in known.keys() | shown.keys() if known.get(one) != shown.get(one)}
        told = self._told.ids() if differing else set()
        return sorted((one for one in differing if int(one) not in told), key=int)

    def gone(self, shown: Collection[str]) -> list[str]:
        """Return the ids of records that were told once and are not shown any more, in order."""
        return sorted({*(self._digests or ()), *self.vanished} - set(shown), key=int)

    def was_there(self, record_id: str) -> str:
        """Return when a record that is gone was there still."""
        return self.vanished.get(record_id) or self.since or self._now

    @property
    def sum_of_ids(self) -> tuple[int, int]:
        """How many records there are, with those of this run, and the sum of their ids."""
        count = total = 0
        for number, _ in self._now_known():
            count, total = count + 1, total + number
        return count, total

    def compared(self, shown: Mapping[str, str] | None = None, *, vanished: Collection[str] = ()) -> None:
        """Note that it was compared.

        Args:
            shown: What is known from now on, beside what this run tells; by default what was known before.
            vanished: Ids of what is gone, nobody knows why: they are looked for again.
        """
        self.vanished = {one: self.was_there(one) for one in vanished}
        if shown is not None:
            self._digests = dict(shown)
        self.since = self._now

    def missed_deletions(self) -> None:
        """Note that what is deleted from now on may neither be shown in this run nor be told as deleted."""
        self.deleted_from = self._now

    def note(self, what: str) -> bool:
        """Return whether something is to be said for the first time."""
        if what in self.noted:
            return False
        self.noted.append(what)
        return True

    def finish(self) -> None:
        """Put it into the STATE."""
        self._state[KNOWN] = {
            "at": self.since,
            **({"deleted_from": self.deleted_from} if self.deleted_from else {}),
            "noted": self.noted,
            "records": packed(self._now_known()),
            "vanished": {
                moment: packed(
                    (one, "") for one in sorted(int(one) for one, at in self.vanished.items() if at == moment)
                )
                for moment in sorted(set(self.vanished.values()))
            },
        }

    @property
    def ids(self) -> list[str]:
        """Ids of the records that there are, with those of this run."""
        return [str(number) for number, _ in self._now_known()]

    def _now_known(self) -> Iterator[tuple[int, str]]:
        """Yield ids in order and the newest digest of each, without another copy: there may be a million."""
        known = self._digests or {}
        before = ((number, known[str(number)]) for number in sorted(map(int, known)))
        newest: tuple[int, str | None] | None = None
        # Of one id what was known comes first, and then what was told, in its order.
        for one in merge(before, self._told.in_order(), key=itemgetter(0)):
            if newest and newest[0] != one[0] and newest[1] is not None:
                yield newest[0], newest[1]
            newest = one
        if newest and newest[1] is not None:
            yield newest[0], newest[1]


class _Told:
    """What this run has told: 16 bytes a record, where two texts in a mapping take 200."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._digests = array("q")

    def add(self, record_id: str, digest: str | None) -> None:
        """Note a record's digest, of 8 hexadecimal digits at most; None where it is to be known no more."""
        self._ids.append(int(record_id))
        self._digests.append(_NONE if digest is None else len(digest) << _BITS | int(digest or "0", 16))

    def ids(self) -> set[int]:
        """Return which records were told."""
        return {*self._ids}

    def in_order(self) -> Iterator[tuple[int, str | None]]:
        """Yield what was told in the order of ids; of one id, in the order in which it was told."""
        for place in sorted(range(len(self._ids)), key=self._ids.__getitem__):
            digest = self._digests[place]
            yield self._ids[place], None if digest == _NONE else _text(digest)


def _text(digest: int) -> str:
    digits, value = divmod(digest, 1 << _BITS)
    return f"{value:0{digits}x}" if digits else ""


def digest_of_document(document: Mapping[str, Any]) -> str | None:
    """Return a digest of what of a bill or credit may change without a date; None for one that is closed."""
    if document.get("status") not in _TO_BE_PAID:
        return None
    if "amount_available" in document:
        document = {**document, "amount_due": _not_applied(document)}
    told = "|".join([_plain(document.get(field)) for field in _OF_A_BILL])
    return hashlib.blake2b(told.encode(), digest_size=4).hexdigest()


def _not_applied(credit: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return what is left of a credit, as the query `credits_open` counts it."""
    if "applications" not in credit:
        return credit["amount_available"]
    return Decimal(credit["total"]) - sum(Decimal(one["amount"]) for one in credit["applications"])


def packed(digests: Iterable[tuple[int, str]]) -> str:
    """Write ids, in order, and a digest each."""
    squeezing = zlib.compressobj(9)
    written = bytearray()
    last, between = 0, ""
    for number, digest in digests:
        written += squeezing.compress(f"{between}{number - last}:{digest}".encode())
        last, between = number, " "
    written += squeezing.flush()
    # In parts, as of all at once: what it makes in between takes twenty times the room.
    return "".join(b85encode(written[at : at + _PART]).decode() for at in range(0, len(written), _PART))


def unpacked(text: str | None) -> dict[str, str] | None:
    """Read what `packed` has written; None where it is something else: then nothing is known."""
    if text is None:
        return None
    found: dict[str, str] = {}
    number = 0
    try:
        for part in zlib.decompress(b85decode(text)).decode().split():
            step, _, digest = part.partition(":")
            number += int(step)
            found[str(number)] = digest
    except (ValueError, zlib.error):
        return None
    return found


def _plain(value: object) -> str:
    # 12.50 and 12.5 are one amount.
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _second(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
