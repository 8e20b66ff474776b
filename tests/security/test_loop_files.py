"""The whole loop under umask 000, as root and as an ordinary user, each program killed on its way.

Whatever lies in its folder is looked at all the while: none of it may be open to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks
from demo.meltano import ROOT
from tests.inbound import BANKS
from tests.plugins import environment
from tests.programs import ended, start
from tests.waiting import PATIENCE, held, until

pytestmark = pytest.mark.long

OUT, IN = ("tap-netsuite-ap", "target-avidxchange"), ("tap-avidxchange", "target-netsuite-payments")

_AS_ROOT = "umask 000 as root can only be shown as root"


class Watch:
    """Looks again and again for what others may do something with in a folder."""

    def __init__(self, folder: Path) -> None:
        self.seen: set[str] = set()
        self.looked_at: set[str] = set()
        self._folder = folder

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the block ends, and once more."""
        done = Event()

        def look_on() -> None:
            while not done.wait(0.02):
                self.look()

        thread = Thread(target=look_on)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.look()

    def look(self) -> None:
        """Look once."""
        for folder, folders, files in os.walk(self._folder):
            for name in (*folders, *files):
                place = os.path.join(folder, name)  # noqa: PTH118, looked at fifty times a second
                with suppress(FileNotFoundError):
                    mode = os.lstat(place).st_mode
                    name_inside = place.removeprefix(f"{self._folder}/")
                    self.looked_at.add(name_inside)
                    if mode & 0o077:
                        self.seen.add(f"{name_inside} {mode:o}")


class Loop:
    """Both halves as programs of one user, in one folder.

    Args:
        sandbox: Both systems.
        folder: Where the programs work, and write.
        aside: For what the test itself writes.
        user: Whose programs they are.
    """

    def __init__(self, sandbox: Running, folder: Path, aside: Path, user: int) -> None:
        self._sandbox = sandbox
        self.folder = folder
        self._log = aside / "log"
        self.user = user
        self._key = Path(sandbox.credentials["NETSUITE_PRIVATE_KEY_PATH"]).read_text(encoding="utf-8")

    def run(self, half: tuple[str, str]) -> None:
        """Run one half to its end, which must be good."""
        processes = self._begin(half)
        assert [ended(process) for process in reversed(processes)] == [0, 0], self._log.read_text("utf-8")

    def kill(self, half: tuple[str, str], **match: Any) -> None:  # noqa: ANN401
        """Run one half until a call is on the wire, and kill both programs there."""
        self._sandbox.control("/control/faults", {"match": {**match, "times": 1000}, "do": {"hold": True}})
        processes = self._begin(half)
        until(lambda: held(self._sandbox.control))
        for process in processes:
            process.kill()
        for process in processes:
            ended(process)
        self._sandbox.control("/control/faults", method="DELETE")

    def begin(self, program: str, *options: str, given: bytes = b"") -> BaseProcess:
        """Begin another program, with something on its standard input."""
        with self._log.open("ab") as log, tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            files = (stdin.fileno(), log.fileno(), log.fileno())
            env = self._environment(os.environ)
            return start(program, *options, env=env, cwd=self.folder, files=files, user=self.user)

    @property
    def said(self) -> str:
        """What all of them said."""
        return self._log.read_text(encoding="utf-8")

    def _begin(self, half: tuple[str, str]) -> list[BaseProcess]:
        reading, writing = os.pipe()
        with self._log.open("ab") as log:
            ends = ((0, writing, log.fileno()), (reading, log.fileno(), log.fileno()))
            processes = [
                start(
                    plugin,
                    "--config=ENV",
                    env=self._environment(self._settings(plugin)),
                    cwd=self.folder,
                    files=files,
                    user=self.user,
                )
                for plugin, files in zip(half, ends, strict=True)
            ]
        os.close(reading)
        os.close(writing)
        return processes

    def _settings(self, plugin: str) -> dict[str, str]:
        of_netsuite = {"private_key": self._key, "private_key_path": ""} if "netsuite" in plugin else {}
        banks = {"bank_accounts": str(BANKS).replace("'", '"')} if plugin == IN[1] else {}
        return environment(self._sandbox, plugin, **of_netsuite, **banks)

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        own = {
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "APBRIDGE_VAULT": str(self.folder / ".apbridge/vault.json"),
            "APBRIDGE_VAULT_KEY_FILE": str(self.folder / "keys/vault.key"),
        }
        return {**settings, **own}


@pytest.fixture(params=["root", "ordinary"])
def user(request: pytest.FixtureRequest) -> int:
    """An account of the machine. Where the tests are not root's, root's part is run by sudo in CI."""
    mine = os.geteuid()
    if request.param == "ordinary":
        return mine or pwd.getpwnam("nobody").pw_uid
    if mine and "CI" not in os.environ:
        pytest.skip(_AS_ROOT)
    return 0


def test_nobody_else_may_read_anything_of_the_loop(user: int, tmp_path: Path, request: pytest.FixtureRequest):
    if user == 0 and os.geteuid():
        by_sudo(request.node.nodeid)
        return
    # Not below pytest's own folder, which keeps others out.
    folder = Path(tempfile.mkdtemp())
    before = os.umask(0o077)
    try:
        shutil.chown(folder, user)
        with running(vendors=4, bills=8) as sandbox:
            watch = Watch(folder)
            with watch.watching():
                carry_out(Loop(sandbox, folder, tmp_path, user), sandbox)
            lines = BothBooks(sandbox.books(), sandbox.credentials["NETSUITE_ACCOUNT_ID"]).compare()
        assert [line for line in lines if not line.agree] == []
        assert watch.seen == set()
        made = ("ledger.db", "ledger.db-wal", "vault.json", "vault.key", ".lock", "fetched")
        assert [one for one in made if not any(one in name for name in watch.looked_at)] == []
        assert {place.stat().st_uid for place in folder.rglob("*")} == {user}
    finally:
        os.umask(before)
        shutil.rmtree(folder)


def carry_out(loop: Loop, sandbox: Running) -> None:
    """Kill every program once, and run every one to its end."""
    secret = partial(loop.begin, "apbridge", "vault", "set", "token", given=b"s3cret\n")
    setting = secret()
    until(lambda: (loop.folder / ".apbridge").exists() or not setting.is_alive())
    setting.kill()
    ended(setting)
    assert ended(secret()) == 0, loop.said
    loop.kill(OUT, path="restlet", nth=2)
    loop.kill(OUT, method="PUT", path="/v1/invoices/")
    loop.run(OUT)
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    sandbox.control("/control/payments/pay", {"all": True})
    sandbox.control("/control/payments/settle", {"ids": "all"})
    loop.kill(IN, path="/v1/payments")
    loop.kill(IN, method="POST", path="/vendorPayment")
    loop.run(IN)
    if loop.user == os.geteuid():
        # Once is enough: to start it takes as long as all of the above.
        options = ("--db=books.db", "--port=0", "--control-port=0", "--vendors=1", "--bills=1")
        serving = loop.begin("apbridge-sandbox", "serve", *options)
        until(lambda: "ready netsuite=" in loop.said or not serving.is_alive())
        serving.kill()
        assert ended(serving) == -signal.SIGKILL, loop.said


def by_sudo(test: str) -> None:
    """Run a test as root."""
    command = [
        "sudo",
        "--non-interactive",
        "--preserve-env",
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, test], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
