"""Meltano's bookmarks, the STATE of each job, by Meltano itself: it knows where they are kept."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from pathlib import Path
from tempfile import NamedTemporaryFile

from apbridge.errors import UnavailableError
from apbridge_operator.cli import meltano
from apbridge_operator.cli.runs import meltano_program

_SECONDS = 150
"""Meltano makes or upgrades its database where it must."""


def state_ids(environments: Collection[str | None]) -> list[str]:
    """Return the ids of the bookmarks that environments have; none where there is no project of Meltano.

    Args:
        environments: Their names; None for what is of no environment.

    Raises:
        SettingError: There is no Meltano.
        UnavailableError: It does not say.
    """
    if not Path(meltano.FILE).exists():
        return []
    found = [line.strip() for line in _said("read", "list").splitlines()]
    return [one for one in found if _environment(one) in environments]


def _environment(state_id: str) -> str | None:
    name, colon, _ = state_id.partition(":")
    return name if colon else None


def state(state_id: str) -> str:
    """Return the bookmarks of a job as JSON.

    Raises:
        SettingError, UnavailableError: As of `state_ids`.
    """
    return _said("read", "get", state_id).strip()


def set_state(state_id: str, value: str) -> None:
    """Set the bookmarks of a job.

    Raises:
        SettingError, UnavailableError: As of `state_ids`.
    """
    # As an argument it would have to be short.
    with NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(value)
        file.flush()
        _said("set", "set", "--force", state_id, "--input-file", file.name)


def _said(done: str, *words: str) -> str:
    try:
        ended = subprocess.run(  # noqa: S603 - Meltano, with ids that it has told
            [meltano_program(), "state", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as failure:
        problem = f"it took longer than {_SECONDS} seconds"
        raise UnavailableError("APB-BAK-002", done=done, problem=problem) from failure
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        raise UnavailableError(
            "APB-BAK-002", done=done, problem=lines[-1] if lines else "it does not say why"
        )
    return ended.stdout
