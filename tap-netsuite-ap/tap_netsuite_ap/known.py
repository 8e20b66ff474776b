"""What the tap remembers of records between runs: a few bytes each, so that the STATE stays small."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b85decode, b85encode
from collections.abc import Collection, Mapping, MutableMapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from apbridge.singer.state import KNOWN

_OF_A_BILL = ("vendor_id", "total", "amount_due", "status")
"""What of a bill may change in NetSuite without a date that moves; of a credit it is `amount_available`."""

_TO_BE_PAID = {"open", "pending_approval", "rejected", "in_transit"}
"""The statuses of what is remembered: those of the queries `bills_open` and `credits_open`."""

_EARLY = timedelta(minutes=5)
"""Runs of a schedule begin some seconds more or less apart: one this early need not leave it to the next."""


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
        self._told: dict[str, str | None] = {}
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
        self._told[record_id] = digest

    def unlike(self, shown: Mapping[str, str]) -> list[str]:
        """Return the ids of records that are not as they were told, in order.

        What this run has told already is as it is now, or is compared the next time.
        """
        known = self._digests or {}
        differing = {one for one in known.keys() | shown.keys() if known.get(one) != shown.get(one)}
        return sorted(differing - self._told.keys(), key=int)

    def gone(self, shown: Collection[str]) -> list[str]:
        """Return the ids of records that were told once and are not shown any more, in order."""
        return sorted({*(self._digests or ()), *self.vanished} - set(shown), key=int)

    def was_there(self, record_id: str) -> str:
        """Return when a record that is gone was there still."""
        return self.vanished.get(record_id) or self.since or self._now

    @property
    def sum_of_ids(self) -> tuple[int, int]:
        """How many records there are, with those of this run, and the sum of their ids."""
        ids = [*map(int, self.ids)]
        return len(ids), sum(ids)

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
                moment: packed({one: "" for one, at in self.vanished.items() if at == moment})
                for moment in sorted(set(self.vanished.values()))
            },
        }

    @property
    def ids(self) -> list[str]:
        """Ids of the records that there are, with those of this run."""
        return list(self._now_known())

    def _now_known(self) -> dict[str, str]:
        found = {**(self._digests or {}), **self._told}
        return {one: digest for one, digest in found.items() if digest is not None}


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


def packed(digests: Mapping[str, str]) -> str:
    """Write ids and a digest each."""
    last = 0
    parts = []
    for number in sorted(map(int, digests)):
        parts.append(f"{number - last}:{digests[str(number)]}")
        last = number
    return b85encode(zlib.compress(" ".join(parts).encode(), 9)).decode()


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
