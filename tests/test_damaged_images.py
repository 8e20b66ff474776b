"""An image that is damaged or lost between tap and target comes again by itself, and its bill with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge.json import loads
from apbridge_sandbox.testing import Running, running
from tests.plugins import environment, run


@dataclass
class ImageLoop:
    """Tap and target of one company, one after the other, so that something can happen in between."""

    sandbox: Running
    folder: Path
    contract: str
    state: str = ""

    def read(self) -> str:
        """Run the tap, from where the target acknowledged; return what it wrote."""
        going_on = [f"--state={self.folder / 'state.json'}"] if self.state else []
        env = environment(self.sandbox, "tap-netsuite-ap", spool_url=str(self.folder / "spool"))
        ended = run("tap-netsuite-ap", *going_on, env=env, cwd=self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def write(self, messages: str, **settings: str) -> str:
        """Run the target; return the last line of what it said."""
        own = self.sandbox.avidxchange_settings(self.contract)
        own |= {"ledger_url": f"sqlite:///{self.folder}/ledger.db", "spool_url": str(self.folder / "spool")}
        env = environment(self.sandbox, "target-avidxchange", **own, **settings)
        ended = run("target-avidxchange", stdin=messages, env=env, cwd=self.folder)
        assert ended.returncode == 0, ended.stderr
        if ended.stdout:
            self.state = ended.stdout.splitlines()[-1]
            (self.folder / "state.json").write_text(self.state)
        return ended.stderr

    def images(self) -> dict[str, str]:
        """Return the images that AvidXchange has, by invoice."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.connection() as connection:
            held = connection.execute(
                "SELECT invoice.external_id AS bill, image.sha256 FROM ax_image image"
                " JOIN ax_invoice invoice ON invoice.id = image.invoice_id"
            )
            return {row["bill"]: row["sha256"] for row in held}

    def wanted(self, messages: str) -> dict[str, Any]:
        """Return the images that the tap told of, by bill."""
        told = (loads(line) for line in messages.splitlines())
        bills = [one["record"] for one in told if one.get("stream") == "bills" and one["type"] == "RECORD"]
        return {bill["external_id"]: bill["images"][0] for bill in bills if bill["images"]}

    def detach(self, file: str) -> None:
        """Take a file off its bill in NetSuite, which changes neither."""
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            connection.execute("DELETE FROM ns_transactionfile WHERE file = ?", (file,))


@pytest.fixture(params=shipped())
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ImageLoop]:
    with running(vendors=8, bills=20) as sandbox:
        yield ImageLoop(sandbox, tmp_path, request.param)


def rot(file: Path) -> None:
    file.write_bytes(b"x" * file.stat().st_size)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:9])


HARMS: tuple[Callable[[Path], None], ...] = (rot, cut, Path.unlink)


def test_it_is_fetched_anew_and_its_bill_goes_out_without_a_full_refresh(loop: ImageLoop):
    told = loop.read()
    wanted = loop.wanted(told)
    hashes = {bill: image["sha256"] for bill, image in wanted.items()}
    *harmed, lost = sorted(wanted)[: len(HARMS) + 1]
    for bill, harm in zip((*harmed, lost), (*HARMS, rot), strict=True):
        harm(Path(wanted[bill]["uri"].removeprefix("file://")))
    assert f"{len(HARMS) + 1} rejected" in loop.write(told)
    assert loop.images() == {bill: sha256 for bill, sha256 in hashes.items() if bill not in {*harmed, lost}}

    # Of one NetSuite has the file no more: that is said, and holds none of the others up.
    loop.detach(wanted[lost]["id"])
    later = loop.read()
    assert loop.wanted(later) == {}
    assert "1 rejected" in loop.write(later)
    assert loop.images() == {bill: sha256 for bill, sha256 in hashes.items() if bill != lost}

    # What came is asked for no more, what is missing still is: which bills have new files, and that file.
    loop.sandbox.control("/control/calls", method="DELETE")
    loop.read()
    restlet = loop.sandbox.calls()["netsuite"]["by_operation"]["POST /app/site/hosting/restlet.nl"]
    assert restlet == 1 + 1
