"""One reading, in a process of its own so that its memory is its own; prints what it took as JSON."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from time import perf_counter

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apbridge import json as decoder
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.netsuite.client import PAGE_ROWS
from benchmarks.reader.server import LIMIT
from tap_netsuite_ap.client import Reader
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.features import Features
from tap_netsuite_ap.manifest import manifest
from tap_netsuite_ap.suiteql import Query, between

END = "2099-01-01T00:00:00Z"


def settings(url: str) -> NetSuiteSettings:
    """Give the settings of an account at an address, with a key made for this."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    config = {
        "account_id": "1234567_SB1",
        "client_id": "client",
        "certificate_id": "certificate",
        "private_key": key.decode(),
        "base_url": url,
        "concurrency": LIMIT,
    }
    return NetSuiteSettings.from_config(config)


def headers() -> Query:
    """Give the query of bill headers as a first run asks it."""
    return Eligibility.from_config({}).mark(manifest().streams[-1].query)


def ours(url: str) -> Iterator[int]:
    """Read with the reader, and give the number of rows after each page."""
    query = headers()
    with NetSuite(settings(url)) as netsuite, Reader(netsuite, Features(manifest().features)) as reader:
        count = 0
        last = ("", 0)
        for page in reader.pages(query, where=between(query, "modified_at", None, END), is_long=True):
            places = [(row["modified_at"], int(row["id"])) for row in page]
            if sorted({last, *places}) != [last, *places]:
                sys.exit("rows came out of order, or twice")
            last = places[-1]
            count += len(page)
            yield count


def bare(url: str) -> Iterator[int]:
    """Fetch and parse page after page, and do nothing else."""
    query = headers()
    session = requests.Session()
    count = 0
    after = None
    while True:
        text = query.render(frozenset(), where=between(query, "modified_at", None, END), after=after)
        answer = session.post(f"{url}/suiteql?limit={PAGE_ROWS}", json={"q": text}, timeout=60)
        page = decoder.loads(answer.content)
        count += len(page["items"])
        yield count
        if not page["hasMore"]:
            return
        after = query.place(page["items"][-1])


def main() -> None:
    """Read in the way and from the address that the arguments name."""
    way, url, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    early = count = 0
    began = perf_counter()
    for count in (ours if way == "ours" else bare)(url):
        if count <= max(rows // 10, 1):
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {
        "rows": count,
        "seconds": perf_counter() - began,
        "early_mb": early / 1024,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
