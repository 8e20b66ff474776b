"""The server as tests start and end it, in a thread."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread, current_thread

import pytest

from apbridge_sandbox import server as module
from apbridge_sandbox.context import Options, Sandbox
from apbridge_sandbox.server import Server

PATIENCE = 60


def test_who_ends_it_may_be_slower_than_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sandbox = Sandbox(tmp_path / "sandbox.db", Options())
    server, ready = Server(sandbox), Event()
    thread = Thread(target=server.run, args=(ready.set,))

    def goes_up(self: object, is_up: bool) -> None:  # noqa: FBT001
        self.__dict__["is_over"] = is_up
        if is_up and current_thread() is not thread:
            # As on a busy machine: whoever has raised the flag sleeps until the server has seen it.
            thread.join(PATIENCE)

    flag = property(lambda self: self.__dict__.get("is_over", False), goes_up)
    thread.start()
    assert ready.wait(PATIENCE)
    monkeypatch.setattr(module._PromptServer, "should_exit", flag, raising=False)
    server.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    sandbox.close()
