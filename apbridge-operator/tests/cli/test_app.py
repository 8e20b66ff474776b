from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from apbridge_operator import versions
from apbridge_operator.cli.app import COMMANDS

Apbridge = Callable[..., Any]


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield a command, or those of a group."""
    group = getattr(command, "commands", None)
    if group is None:
        yield name, command
    for word, one in (group or {}).items():
        yield from leaves(one, f"{name} {word}")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_says_what_it_does_and_prints_json(name: str):
    found = list(
        leaves(get_command(import_module(f"apbridge_operator.cli.{name.replace('-', '_')}").app), name)
    )
    assert found
    for words, command in found:
        assert command.help, words
        assert any("--json" in option.opts for option in command.params), words


def test_a_command_shows_its_own_name(apbridge: Apbridge):
    assert "Usage: apbridge certificate rotate" in apbridge("certificate", "rotate", "--help").out


def test_help_lists_every_command_and_imports_none():
    script = (
        "import sys\nfrom apbridge_operator.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'sqlalchemy', 'requests', 'singer_sdk'}\n"
        "print([name for name in sys.modules if name.split('.')[0] in heavy])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(f" {name} " in said for name in COMMANDS)
    assert said.splitlines()[-1] == "[]"


def test_a_folder_that_is_not_there_is_named(apbridge: Apbridge, project: Path):
    ended = apbridge("--project", str(project / "nowhere"), "vault", "list")
    assert ended.code == 2
    assert "nowhere" in ended.err
    assert "[APB-CLI-002]" in ended.err


def test_an_error_is_one_line_and_json_where_asked_for(apbridge: Apbridge):
    assert apbridge("vault", "list").err.count("\n") == 1
    ended = apbridge("vault", "list", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert json.loads(ended.err)["error"]["code"] == "APB-VLT-001"


def test_an_unexpected_error_shows_its_place_and_no_text(apbridge: Apbridge, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        message = "s3cret"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("apbridge.vault.Vault.open", broken)
    ended = apbridge("vault", "list")
    assert ended.code == 3
    assert "ZeroDivisionError at " in ended.err
    assert "s3cret" not in ended.err
    assert "Traceback" not in ended.err


def test_wrong_use_ends_with_2(apbridge: Apbridge):
    assert apbridge("nothing").code == 2
    assert apbridge("vault", "set").code == 2


def test_variables_come_from_the_projects_env_file_and_the_environment_wins(
    apbridge: Apbridge, project: Path
):
    (project / ".env").write_text("APBRIDGE_VAULT=from-file.json\nAPBRIDGE_VAULT_KEY_FILE=key\n")
    assert apbridge("vault", "set", "a", stdin="x").code == 0
    assert (project / "from-file.json").exists()
    os.environ["APBRIDGE_VAULT"] = "elsewhere.json"
    assert "elsewhere.json" in apbridge("vault", "list").err


def test_the_versions_are_shown_anywhere(apbridge: Apbridge):
    ended = apbridge("--version")
    assert ended.code == 0
    shown = dict(line.split(" ", 1) for line in ended.out.splitlines())
    assert {"apbridge", "apbridge-operator", "tap-netsuite-ap", "target-avidxchange"} < set(shown)
    assert shown["apbridge-operator"] == version("apbridge-operator")
    assert shown["meltano"] == version("meltano")
    assert shown["Python"] == platform.python_version()


def test_a_package_that_is_not_here_is_said(apbridge: Apbridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(versions, "_PACKAGES", ("no-such-package",))
    assert "no-such-package (not in this environment)" in apbridge("--version").out
