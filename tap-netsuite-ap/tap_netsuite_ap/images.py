"""A bill's files: listed and fetched through the RESTlet, kept in the spool, never fetched twice."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property, partial

from apbridge import json
from apbridge.errors import APBridgeError, RefusedError, RejectedError, catalogue
from apbridge.netsuite import NetSuite, restlet
from apbridge.netsuite.queries.reader import Reader
from apbridge.netsuite.restlet import File, FileListing, Unreadable
from apbridge.spool import SpooledImage, Wanted, find, note, noted, put, settle, wanted
from apbridge.waits import result
from tap_netsuite_ap.fetching import Fetching, Wish, not_ours
from tap_netsuite_ap.records import Record

logger = logging.getLogger(__name__)

MOST_BYTES = 10 * 1024 * 1024
"""Largest file that a RESTlet hands out (NetSuite: N/file)."""

MEDIA_TYPES = {
    "PDF": "application/pdf",
    "JPGIMAGE": "image/jpeg",
    "PJPGIMAGE": "image/jpeg",
    "PNGIMAGE": "image/png",
    "GIFIMAGE": "image/gif",
    "TIFFIMAGE": "image/tiff",
    "BMPIMAGE": "image/bmp",
}
"""NetSuite's file types that are pictures of a bill (N/file.Type)."""

_LOOKED_FOR = 50
"""Files that one thread looks for in the spool, which may be a store that takes its time for each."""

_UNKNOWN_SIZE = 200_000
"""Bytes that a file is taken to have which is wanted again: its size is not told."""

_Found = dict[str, SpooledImage | APBridgeError]


class Images:
    """Puts bills' files into the spool.

    What was fetched is noted in the spool itself, by file, size and date: runs share it, and whoever empties
    the spool has everything fetched again.

    Args:
        netsuite: The account.
        spool_url: Where the bytes go: any fsspec URL.

    Attributes:
        tells_changes: Whether the RESTlet knows which bills have new files.
        refused: How it refused to list files. It is asked no more then, and bills come without them.
    """

    def __init__(self, netsuite: NetSuite, spool_url: str) -> None:
        self._netsuite = netsuite
        self._spool_url = spool_url
        self._fetching = Fetching(netsuite)
        self.tells_changes = False
        self.refused: RefusedError | None = None

    @cached_property
    def is_there(self) -> bool:
        """Whether there is a RESTlet to ask; if not, that is said once."""
        if self._netsuite.settings.restlet_script:
            return True
        sentence = catalogue()["APB-TNS-010"]
        logger.warning("%s %s [%s]", sentence.says, sentence.do, sentence.code)
        return False

    def changed(self, reader: Reader, since: str) -> Callable[[], list[tuple[str, str]]]:
        """Begin to ask of which bills a file was added or changed since some second.

        Returns:
            Waits for the answer, and gives the last second at which that may have been and the bill, in
            order. Sets `tells_changes` where the RESTlet knows.
        """
        if not self.is_there:
            return list
        asked = {"action": "changed", "since": since}
        purpose = "ask for bills with new files"
        answer = reader.begin(partial(self._netsuite.restlet, asked, reads=restlet.changes, purpose=purpose))

        def collect() -> list[tuple[str, str]]:
            try:
                told = result(answer)
            except RefusedError as refused:
                if refused.reason != "UNKNOWN_ACTION":
                    self._do_without(refused)
                    return []
                sentence = catalogue()["APB-TNS-011"]
                logger.warning("%s %s [%s]", sentence.says, sentence.do, sentence.code)
                return []
            self.tells_changes = True
            return told

        return collect

    def listed(self, reader: Reader, bills: Collection[str]) -> Callable[[], FileListing]:
        """Begin to list the files of at most 1,000 bills.

        Returns:
            Waits for the list.
        """
        if not bills or self.refused or not self.is_there:
            return FileListing
        asked = {"action": "files", "bills": sorted(bills, key=int)}
        reads = partial(restlet.listing, bills=bills)
        purpose = "list files of bills"
        answer = reader.begin(partial(self._netsuite.restlet, asked, reads=reads, purpose=purpose))

        def collect() -> FileListing:
            try:
                return result(answer)
            except RefusedError as refused:
                self._do_without(refused)
                return FileListing()

        return collect

    def _do_without(self, refused: RefusedError) -> None:
        if self.refused is None:
            logger.error("%s", refused)
        self.refused = refused

    def attach(self, reader: Reader, bills: Iterable[Record], listing: FileListing) -> None:
        """Fetch the files of bills, several at once, and put them into the records.

        A file that cannot be taken is told on its bill and in the log. Of a bill that is not to be submitted
        only what was fetched before is told, and no file is missed.
        """
        listed: list[tuple[Record, File]] = []
        for bill in bills:
            if self.refused and bill["is_eligible"]:
                bill["images_left_out"].append({"id": "?", "name": "?", "problem": str(self.refused)})
            for unreadable in listing.unreadable.get(bill["id"], ()):
                _leave_out(bill, unreadable, not_ours(self._netsuite, unreadable.problem))
            files = sorted(listing.files.get(bill["id"], ()), key=lambda one: int(one.id))
            listed += [(bill, file) for file in files]
        found = self._found(reader, listed)
        for bill, file in listed:
            came = found.get(file.id)
            if isinstance(came, APBridgeError):
                _leave_out(bill, file, came)
            elif came:
                bill["images"].append(
                    {
                        "id": file.id,
                        "name": file.name,
                        "media_type": MEDIA_TYPES[file.type],
                        **asdict(came),
                    }
                )

    def _found(self, reader: Reader, listed: Iterable[tuple[Record, File]]) -> _Found:
        """Return where files lie, by id, fetching first what is not in the spool yet and may be wanted."""
        # One file may be attached to several bills.
        files = {file.id: file for _, file in listed}
        eligible = {file.id for bill, file in listed if bill["is_eligible"]}
        found: _Found = {number: problem for number, file in files.items() if (problem := _unfit(file))}
        looked_for = [file for number, file in files.items() if number not in found]
        parts = [looked_for[at : at + _LOOKED_FOR] for at in range(0, len(looked_for), _LOOKED_FOR)]
        for part in [reader.begin(partial(self._spooled, part)) for part in parts]:
            spooled = result(part)
            found.update(spooled)
        missing = [file for file in looked_for if file.id not in found and file.id in eligible]
        wishes = [Wish(file.id, file.bill, file.size) for file in missing]

        def keep(wish: Wish, content: bytes) -> SpooledImage:
            return self._keep(files[wish.file], content)

        for wish, came in self._fetching.fetch(reader, wishes, keep):
            found[wish.file] = came
        return found

    def _spooled(self, files: Iterable[File]) -> dict[str, SpooledImage]:
        """Return those files that were fetched before, by id."""
        found = {}
        for file in files:
            with suppress(LookupError, OSError, ValueError, TypeError):
                told = json.loads(noted(self._spool_url, self._note(file)))
                if known := find(self._spool_url, told["sha256"], told["size"]):
                    found[file.id] = known
        return found

    def _keep(self, file: File, content: bytes) -> SpooledImage:
        """Put a file into the spool, and note there that it was fetched."""
        spooled = put(self._spool_url, content)
        told = json.dumps({"sha256": spooled.sha256, "size": spooled.size})
        note(self._spool_url, self._note(file), told)
        return spooled

    def bring_back(self, reader: Reader, namespace: str) -> None:
        """Fetch again, several at once, what the target found missing or damaged in the spool.

        The target tries its bill again by itself: it need not be told of anew.
        """
        missed: defaultdict[str, list[Wanted]] = defaultdict(list)
        for one in wanted(self._spool_url, namespace):
            missed[one.file].append(one)
        if not (missed and self.is_there):
            return

        def keep(_: Wish, content: bytes) -> SpooledImage:
            # A file that is another one by now is told of as a change of its bill.
            return put(self._spool_url, content)

        wishes = [Wish(number, asked[0].bill, _UNKNOWN_SIZE) for number, asked in missed.items()]
        for wish, came in self._fetching.fetch(reader, wishes, keep):
            if isinstance(came, APBridgeError):
                facts = {"file": wish.file, "bill": wish.bill, "problem": came.says}
                logger.warning("%s", APBridgeError("APB-SPL-012", **facts))
            for one in missed[wish.file]:
                settle(self._spool_url, one, namespace)

    def _note(self, file: File) -> str:
        """Return under which name it is noted that a file, as it is now, was fetched."""
        stamp = "".join(sign if sign.isalnum() else "-" for sign in file.modified)
        return f"fetched/{self._netsuite.account}/{file.id}-{file.size}-{stamp}.json"


def _unfit(file: File) -> RejectedError | None:
    """Return why a file cannot be taken: it is no picture of a bill, or too large."""
    if file.type not in MEDIA_TYPES:
        return RejectedError("APB-TNS-013", type=file.type)
    if file.size > MOST_BYTES:
        return RejectedError("APB-TNS-014", size=file.size, most=MOST_BYTES)
    return None


def _leave_out(bill: Record, file: File | Unreadable, problem: APBridgeError) -> None:
    """Note on a bill, and in the log, that it goes without a file."""
    if bill["is_eligible"]:
        facts = {"file": file.id, "name": file.name, "bill": bill["id"]}
        logger.warning("%s", APBridgeError("APB-TNS-012", **facts, problem=problem))
        bill["images_left_out"].append({"id": file.id, "name": file.name, "problem": str(problem)})
