"""A morning's ledger, and the console over real HTTP."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvicorn

from apbridge.ledger import Ledger
from apbridge_operator.console.pages import application
from apbridge_operator.console.serve import listening_at
from tests.console.morning import fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a morning's ledger, made once: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("morning") / "ledger.db"
    with Ledger(f"sqlite:///{file}") as opened:
        fill(opened)
    return file


@pytest.fixture
def ledger(tmp_path: Path, filled: Path) -> Iterator[Ledger]:
    shutil.copy(filled, tmp_path / "ledger.db")
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Serve a ledger's console on a free port; yield its address."""
    with ExitStack() as ending:

        def serve(ledger: Ledger, password: str | None = None) -> str:
            listening = ending.enter_context(listening_at("127.0.0.1", 0))
            config = uvicorn.Config(application(ledger, None, password), log_level="warning", lifespan="off")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})

            def stop() -> None:
                server.should_exit = True
                thread.join()

            thread.start()
            ending.callback(stop)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield serve


@pytest.fixture
def address(serving: Callable[..., str], ledger: Ledger) -> str:
    return serving(ledger)
