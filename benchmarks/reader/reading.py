"""One reading, in a process of its own so that its memory is its own; prints what it took as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from singer_sdk.singerlib.encoding import SingerMessageType
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage

from apbridge import json as decoder
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.netsuite.client import PAGE_ROWS
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Query, between
from apbridge.netsuite.queries.reader import Reader
from apbridge.singer.writer import MessageWriter
from benchmarks.reader.server import LIMIT
from benchmarks.telling.peak import peak_mb
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest
from tap_netsuite_ap.tap import TapNetSuiteAP

END = "2099-01-01T00:00:00Z"


class Progress:
    """How many rows came, and the process's greatest memory when a tenth of them had.

    Args:
        rows: How many there are.
    """

    def __init__(self, rows: int) -> None:
        self.rows = self.images = 0
        self.early_mb = 0.0
        self._few = rows // 10

    def came(self, rows: int) -> None:
        """Count rows that came."""
        self.rows += rows
        if not self.early_mb and self.rows >= self._few:
            self.early_mb = peak_mb()


def config(url: str) -> dict[str, Any]:
    """Return the settings of an account at an address, with a key made for this."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "account_id": "1234567_SB1",
        "client_id": "client",
        "certificate_id": "certificate",
        "private_key": key.decode(),
        "base_url": url,
        "concurrency": LIMIT,
    }


def headers() -> Query:
    """Return the query of bill headers as a first run asks it."""
    return Eligibility.from_config({}).mark(manifest().streams[-1].query)


def read(url: str, start: str | None = None, *, is_long: bool = True) -> Iterator[list[tuple[str, int]]]:
    """Read bill headers with the tap's reader, and yield the places of each page's rows."""
    query = headers()
    where = between(query, "modified_at", start, END)
    netsuite = NetSuite(NetSuiteSettings.from_config(config(url)))
    with netsuite, Reader(netsuite, Features(manifest().sentences)) as reader:
        for page in reader.pages(query, where=where, is_long=is_long):
            yield [(row["modified_at"], int(row["id"])) for row in page]


def _ours(url: str, progress: Progress) -> None:
    last = ("", 0)
    for places in read(url):
        if sorted({last, *places}) != [last, *places]:
            sys.exit("rows came out of order, or twice")
        last = places[-1]
        progress.came(len(places))


def _bare(url: str, progress: Progress) -> None:
    """Fetch and parse page after page, and do nothing else."""
    query = headers()
    session = requests.Session()
    after = None
    while True:
        text = query.render(frozenset(), where=between(query, "modified_at", None, END), after=after)
        answer = session.post(f"{url}/suiteql?limit={PAGE_ROWS}", json={"q": text}, timeout=60)
        page = decoder.loads(answer.content)
        progress.came(len(page["items"]))
        if not page["hasMore"]:
            return
        after = query.place(page["items"][-1])


def _tap(url: str, progress: Progress, **settings: str) -> None:
    """Run the tap over bills with all that belongs to them, and write its messages to nowhere."""

    class Writer(MessageWriter):
        def write_message(self, message: Message) -> None:
            super().write_message(message)
            progress.came(message.type is SingerMessageType.RECORD)
            progress.images += len(message.record["images"]) if isinstance(message, RecordMessage) else 0

    tap = TapNetSuiteAP(config={**config(url), **settings}, message_writer=Writer())
    for stream in tap.streams.values():
        stream.selected = stream.name == "bills"
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        tap.sync_all()
    tap.connection.netsuite.close()


def _tap_with_images(url: str, progress: Progress) -> None:
    """Run the tap over bills with all that belongs to them and their files."""
    with TemporaryDirectory() as spool:
        _tap(url, progress, spool_url=spool, restlet_script="script", restlet_deploy="deploy")


WAYS: Mapping[str, Callable[[str, Progress], None]] = {
    "reader": _ours,
    "bare loop": _bare,
    "tap": _tap,
    "tap with images": _tap_with_images,
}


def main() -> None:
    """Read in the way and from the address that the arguments name."""
    way, url, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    progress = Progress(rows)
    logging.disable(logging.WARNING)  # that there is no RESTlet, each time
    began, worked = perf_counter(), process_time()
    WAYS[way](url, progress)
    told = {
        "rows": progress.rows,
        "images": progress.images,
        "seconds": perf_counter() - began,
        "processor": process_time() - worked,
        "early_mb": progress.early_mb,
        "peak_mb": peak_mb(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
