"""A morning's ledger, and the console over real HTTP."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from apbridge.ledger import Ledger
from apbridge_operator.console.pages import application
from apbridge_operator.console.serve import listening_at, uvicorn_server
from apbridge_operator.console.sign_in import SignIn
from apbridge_operator.monitoring import Loop
from apbridge_operator.schedules import Silence
from tests.console.morning import fill
from tests.console.visits import Served, Visit


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
def serving() -> Iterator[Callable[..., Served]]:
    """Serve a ledger's console on a free port."""
    with ExitStack() as ending:

        def serve(
            *ledgers: Ledger,
            password: str | None = None,
            metrics_token: str | None = None,
            companies: Sequence[str | None] = (None,),
        ) -> Served:
            listening = ending.enter_context(listening_at("127.0.0.1", 0))
            served = Served(f"http://127.0.0.1:{listening.getsockname()[1]}")
            sign_in = SignIn("owner", password, served.tokens.append, lambda: served.now)
            loops = [
                Loop(ledger, None, Silence(), company)
                for ledger, company in zip(ledgers, companies, strict=True)
            ]
            app = application(loops, sign_in, metrics_token=metrics_token, clock=lambda: served.now)
            running = uvicorn_server(app)
            thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})

            def stop() -> None:
                running.should_exit = True
                thread.join()

            thread.start()
            ending.callback(stop)
            return served

        yield serve


@pytest.fixture
def served(serving: Callable[..., Served], ledger: Ledger) -> Served:
    return serving(ledger)


@pytest.fixture
def visit(served: Served) -> Iterator[Visit]:
    with Visit(served) as signed_in:
        yield signed_in
