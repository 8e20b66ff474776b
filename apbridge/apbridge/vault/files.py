"""Replacing a file so that after a crash it is the old one or the new one, whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from uuid import uuid4

from apbridge.errors import UnavailableError


def replace(path: Path, content: bytes) -> None:
    """Write a file for its owner only, beside the one that is there, and put it in its place.

    What a killed process left half written goes: it may be a key.

    Raises:
        UnavailableError: It cannot be written; the old one is as it was.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*.part"):
            left.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as failure:
        raise UnavailableError("APB-VLT-008", file=path, problem=failure.strerror) from failure


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file so that one process at a time changes it: reading, changing and replacing it is one step.

    Raises:
        UnavailableError: Nothing can be written beside it.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
    except OSError as failure:
        raise UnavailableError("APB-VLT-008", file=path, problem=failure.strerror) from failure
    with file:
        flock(file, LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
