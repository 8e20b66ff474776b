from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from apbridge import json
from apbridge.ledger import Ledger, Row
from tests.databases import new_database
from tests.singer import toy
from tests.singer.toy import Toy


class ToyContext:
    """One ledger and one other system, and the runs of a toy target between them."""

    def __init__(self, folder: Path, template: Path, url: str | None = None) -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder}/ledger.db"
        if not url:
            shutil.copy(template, folder / "ledger.db")
        self.refused: set[str] = set()
        self.told: list[Any] = []
        self.last: Toy

    @property
    def states(self) -> list[Any]:
        """Return the STATE that was told, without the note beside the bookmarks."""
        return [{name: value for name, value in one.items() if name != "apbridge"} for one in self.told]

    @property
    def config(self) -> dict[str, Any]:
        return {"file": str(self.folder / "books"), "ledger_url": self.url}

    def target(self, **more: Any) -> Toy:  # noqa: ANN401
        target = Toy(config={**self.config, **more})
        target.books.refused = self.refused
        return target

    def run(
        self,
        messages: Sequence[Mapping[str, Any]],
        prepare: Callable[[Toy], None] = lambda _: None,
        **more: Any,  # noqa: ANN401
    ) -> Toy:
        """Run once; what STATE it told is in `states`. Whatever ends the run is raised; `last` ran."""
        target = self.last = self.target(**more)
        prepare(target)
        lines = io.BytesIO(b"".join(json.dumps(message) + b"\n" for message in messages))
        told = io.StringIO()
        stdout, sys.stdout = sys.stdout, told
        try:
            target.listen(lines)  # type: ignore[arg-type]  # the SDK reads bytes, whatever it says
        finally:
            sys.stdout = stdout
            self.told = [json.loads(line) for line in told.getvalue().splitlines()]
        return target

    def row(self, stream: str, external_id: str) -> Row:
        with Ledger(self.url) as ledger:
            return ledger.rows("toy", stream, [external_id])[external_id]

    def has_row(self, stream: str, external_id: str) -> bool:
        with Ledger(self.url) as ledger:
            return external_id in ledger.rows("toy", stream, [external_id])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty ledger, made once: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("template") / "ledger.db"
    Ledger(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def new_context(template: Path) -> Callable[[Path], ToyContext]:
    """Return what makes a context in a folder, for tests that need many."""
    return lambda folder: ToyContext(folder, template)


@pytest.fixture
def context(tmp_path: Path, template: Path) -> ToyContext:
    return ToyContext(tmp_path, template)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_context(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> ToyContext:
    """Return a context whose ledger is on SQLite, then one whose ledger is on PostgreSQL."""
    if request.param == "sqlite":
        return ToyContext(tmp_path, template)
    return ToyContext(tmp_path, template, new_database())


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Put the process's own signal handlers back after the test: every target takes them."""
    import signal  # noqa: PLC0415

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def program(context: ToyContext) -> list[str]:
    """Return the toy target as a command, with its config written."""
    (context.folder / "config.json").write_bytes(json.dumps(context.config))
    return [toy.__file__, "--config", str(context.folder / "config.json")]


@pytest.fixture
def environment() -> dict[str, str]:
    """Return the environment for the toy target as a command."""
    return {**os.environ, "PYTHONWARNINGS": "error"}
