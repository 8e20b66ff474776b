from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apbridge.ledger import Ledger
from apbridge_operator.cli.app import run as main


@dataclass(frozen=True)
class CommandEnded:
    code: int
    out: str
    err: str


Apbridge = Callable[..., CommandEnded]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project's folder to work in, without any of our variables."""
    where = Path.cwd()
    for name in dict(os.environ):
        if name.startswith(("APBRIDGE_", "AVIDXCHANGE_", "MELTANO_", "NETSUITE_", "TAP_", "TARGET_")):
            del os.environ[name]
    folder = tmp_path / "project"
    folder.mkdir()
    os.chdir(folder)
    yield folder
    os.chdir(where)


@pytest.fixture
def empty_ledger(project: Path) -> None:
    """A ledger that no run has used yet."""
    Ledger(f"sqlite:///{project}/.apbridge/ledger.db").close()


@pytest.fixture
def url(project: Path) -> str:
    """A ledger in which both directions ran well a moment ago."""
    place = f"sqlite:///{project}/.apbridge/ledger.db"
    with Ledger(place) as ledger:
        for plugin in ("target-avidxchange", "target-netsuite-payments"):
            ledger.start_run(plugin, "1.0").finish("finished", {})
    return place


@pytest.fixture
def apbridge(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Apbridge:
    """Run the command in the project's folder."""

    def run(*words: str, stdin: str = "") -> CommandEnded:
        monkeypatch.setattr(sys, "argv", ["apbridge", f"--project={project}", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return CommandEnded(int(ended.value.code or 0), said.out, said.err)

    return run
