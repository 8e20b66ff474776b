"""A bill's files: listed and fetched through the RESTlet, kept in the spool, never fetched twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import asdict
from functools import cached_property, partial

import fsspec

from apbridge import json
from apbridge.errors import APBridgeError, RefusedError, RejectedError, UnavailableError, catalogue
from apbridge.netsuite import NetSuite, restlet
from apbridge.netsuite.queries.reader import Reader
from apbridge.netsuite.restlet import File, FileListing, Unreadable
from apbridge.spool import SpooledImage, Wanted, find, put, settle, wanted, writing
from apbridge.waits import result
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
        begun: dict[tuple[str, bool], Future[SpooledImage | None]] = {}
        fetched = []
        for bill in bills:
            may_fetch = bill["is_eligible"]
            if self.refused and may_fetch:
                bill["images_left_out"].append({"id": "?", "name": "?", "problem": str(self.refused)})
            for unreadable in listing.unreadable.get(bill["id"], ()):
                problem = RejectedError("APB-TNS-030", problem=unreadable.problem, **self._names)
                _leave_out(bill, unreadable, problem)
            for file in sorted(listing.files.get(bill["id"], ()), key=lambda one: int(one.id)):
                # One file may be attached to several bills.
                if (file.id, may_fetch) not in begun:
                    image = reader.begin(partial(self._image, file, may_fetch=may_fetch))
                    begun[file.id, may_fetch] = image
                fetched.append((bill, file, begun[file.id, may_fetch]))
        for bill, file, image in fetched:
            try:
                spooled = result(image)
            except (RefusedError, RejectedError) as problem:
                _leave_out(bill, file, problem)
                continue
            if spooled:
                bill["images"].append(
                    {
                        "id": file.id,
                        "name": file.name,
                        "media_type": MEDIA_TYPES[file.type],
                        **asdict(spooled),
                    }
                )

    def _image(self, file: File, *, may_fetch: bool) -> SpooledImage | None:
        """Return a file out of the spool, fetching it first where it is not there yet.

        Raises:
            RejectedError: It is no picture of a bill, or too large.
        """
        if file.type not in MEDIA_TYPES:
            raise RejectedError("APB-TNS-013", type=file.type)
        if file.size > MOST_BYTES:
            raise RejectedError("APB-TNS-014", size=file.size, most=MOST_BYTES)
        filesystem, folder = fsspec.core.url_to_fs(self._spool_url)
        noted = f"{folder.rstrip('/')}/fetched/{self._note(file)}"
        try:
            note = json.loads(filesystem.cat_file(noted))
            if known := find(self._spool_url, note["sha256"], note["size"]):
                return known
        except (LookupError, OSError, ValueError, TypeError):
            logger.debug("File %s of bill %s was not fetched before", file.id, file.bill)
        if not may_fetch:
            return None
        spooled = put(self._spool_url, self._fetched(file.id, file.bill))
        with writing(self._spool_url):
            filesystem.makedirs(noted.rsplit("/", 1)[0], exist_ok=True)
            filesystem.pipe_file(noted, json.dumps({"sha256": spooled.sha256, "size": spooled.size}))
        return spooled

    def bring_back(self, reader: Reader, namespace: str) -> None:
        """Fetch again, several at once, what the target found missing or damaged in the spool.

        The target tries its bill again by itself: it need not be told of anew.
        """
        missed = list(wanted(self._spool_url, namespace))
        if missed and self.is_there:
            for fetched in [reader.begin(partial(self._bring, one, namespace)) for one in missed]:
                result(fetched)

    def _bring(self, missed: Wanted, namespace: str) -> None:
        try:
            # A file that is another one by now is told of as a change of its bill.
            put(self._spool_url, self._fetched(missed.file, missed.bill))
        except (RefusedError, RejectedError) as problem:
            facts = {"file": missed.file, "bill": missed.bill, "problem": problem.says}
            logger.warning("%s", APBridgeError("APB-SPL-012", **facts))
        settle(self._spool_url, missed, namespace)

    def _fetched(self, file: str, bill: str) -> bytes:
        """Fetch the content of a file.

        Raises:
            RejectedError: The RESTlet gives none.
        """
        asked, purpose = {"action": "content", "file": file}, f"fetch file {file} of bill {bill}"
        try:
            return self._netsuite.restlet(asked, reads=restlet.content, purpose=purpose)
        except UnavailableError as failure:
            if failure.code != "APB-NS-030":
                raise
            raise RejectedError("APB-TNS-030", problem=failure.facts["problem"], **self._names) from failure

    @property
    def _names(self) -> dict[str, str | None]:
        """What the sentences call the RESTlet."""
        settings = self._netsuite.settings
        return {"script": settings.restlet_script, "deploy": settings.restlet_deploy}

    def _note(self, file: File) -> str:
        stamp = "".join(sign if sign.isalnum() else "-" for sign in file.modified)
        return f"{self._netsuite.account}/{file.id}-{file.size}-{stamp}.json"


def _leave_out(bill: Record, file: File | Unreadable, problem: APBridgeError) -> None:
    """Note on a bill, and in the log, that it goes without a file."""
    if bill["is_eligible"]:
        facts = {"file": file.id, "name": file.name, "bill": bill["id"]}
        logger.warning("%s", APBridgeError("APB-TNS-012", **facts, problem=problem))
        bill["images_left_out"].append({"id": file.id, "name": file.name, "problem": str(problem)})
