"""What a message says of an image does not decide which file of this machine is read, nor how much of it.

Each attack is on a bill of its own, all in one run: the other bills go out with their images.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pytest

from apbridge.json import dumps, loads
from apbridge.ledger import Ledger, Row, Status
from apbridge_sandbox.testing import running
from tests.in_process import OutboundHalf

Image = dict[str, Any]

STREAMS = {"vendors", "gl_accounts", "departments", "classes", "locations", "bills"}
PAYROLL = b"%PDF-1.7 what everybody earns"
OF_PAYROLL = {"sha256": hashlib.sha256(PAYROLL).hexdigest(), "size": len(PAYROLL)}


def _a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


NAMED: dict[str, Callable[[Path], str]] = {
    "a file": lambda folder: f"file://{folder}/payroll.pdf",
    "a chained address": lambda folder: f"simplecache::file://{folder}/payroll.pdf",
    "a pipe": lambda folder: f"file://{_a_pipe(folder)}",
    "a device": lambda _: "file:///dev/zero",
    "a remote address": lambda _: "https://127.0.0.1:1/payroll.pdf",
    "memory": lambda _: "memory://payroll.pdf",
}


def _longer(place: Path) -> None:
    with place.open("ab") as file:
        file.truncate(2**42)


IN_ITS_PLACE: dict[str, Callable[[Path], None]] = {
    "a pipe in its place": os.mkfifo,
    "a device in its place": lambda place: place.symlink_to("/dev/zero"),
    "a file without end in its place": _longer,
}

TOLD: dict[str, Image] = {
    "a size that is too small": {"size": 7},
    "a size that is too large": {"size": 10_000_000},
    "a hash that is a path": {"sha256": "../../payroll.pdf"},
}


@dataclass
class Attacked:
    """What came of the bills of one run."""

    rows: dict[str, Row]
    """What the ledger has of each attacked bill, by attack."""
    opened: set[str]
    """What was opened as a place of images."""
    there: dict[str, str]
    """The images that AvidXchange has, by bill."""
    others: dict[str, str]
    """The images of the bills that nobody attacked."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("images")
    (folder / "payroll.pdf").write_bytes(PAYROLL)
    opened: list[str] = []
    url_to_fs = fsspec.core.url_to_fs
    with running(vendors=6, bills=30) as sandbox, pytest.MonkeyPatch.context() as patched:
        half = OutboundHalf(sandbox, f"sqlite:///{folder}/ledger.db", folder / "spool", "avidconnect")
        messages = [loads(line) for line in half.read(STREAMS).splitlines()]
        bills = [one["record"] for one in messages if one["type"] == "RECORD" and one["stream"] == "bills"]
        pictured = (bill for bill in bills if bill["images"] and bill["is_eligible"])
        by_attack = dict(zip([*NAMED, *IN_ITS_PLACE, *TOLD], pictured, strict=False))
        for attack, uri in NAMED.items():
            by_attack[attack]["images"][0].update(OF_PAYROLL, uri=uri(folder))
        for attack, put in IN_ITS_PLACE.items():
            place = Path(by_attack[attack]["images"][0]["uri"].removeprefix("file://"))
            place.unlink()
            put(place)
        for attack, wrong in TOLD.items():
            by_attack[attack]["images"][0].update(wrong)

        def noted(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
            opened.append(url)
            return url_to_fs(url)  # type: ignore[no-any-return]

        patched.setattr(fsspec.core, "url_to_fs", noted)
        assert half.write("".join(f"{dumps(one).decode()}\n" for one in messages)) is None
        names = {attack: bill["external_id"] for attack, bill in by_attack.items()}
        with Ledger(half.ledger_url) as ledger:
            rows = ledger.rows("avidxchange", "bills", list(names.values()))
        assert sandbox.sandbox
        with sandbox.sandbox.store.connection() as connection:
            held = connection.execute(
                "SELECT invoice.external_id AS bill, image.sha256 FROM ax_image image"
                " JOIN ax_invoice invoice ON invoice.id = image.invoice_id"
            )
            there = {row["bill"]: row["sha256"] for row in held}
        others = {bill["external_id"]: bill["images"][0]["sha256"] for bill in pictured}
        yield Attacked(
            {attack: rows[name] for attack, name in names.items()}, {*opened, str(half.spool)}, there, others
        )


@pytest.mark.parametrize("named", NAMED)
def test_a_message_that_names_a_file_or_an_address_has_neither_read(attacked: Attacked, named: str):
    row = attacked.rows[named]
    assert (row.status, row.code) == (Status.REJECTED, "APB-TAX-041")
    assert f"Image {OF_PAYROLL['sha256']} was not in the spool" in str(row.reason)
    assert len(attacked.opened) == 1


@pytest.mark.parametrize("put", IN_ITS_PLACE)
def test_no_more_is_read_than_the_size_of_an_image(attacked: Attacked, put: str):
    assert (attacked.rows[put].status, attacked.rows[put].code) == (Status.REJECTED, "APB-TAX-041")


@pytest.mark.parametrize("told", TOLD)
def test_a_size_or_a_hash_that_is_not_the_images_own_is_refused(attacked: Attacked, told: str):
    assert attacked.rows[told].status is Status.REJECTED


def test_the_other_bills_have_their_images(attacked: Attacked):
    assert attacked.there == attacked.others
    assert len(attacked.others) >= 3
