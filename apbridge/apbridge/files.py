"""Files that only their owner may read, and replacing one so that after a crash it is the old or the new one.

What is owed to whom, images, tokens and keys: whatever a run needs or leaves is no other account's to see.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EEXIST
from fcntl import LOCK_EX, flock
from pathlib import Path
from uuid import uuid4

from apbridge.errors import UnavailableError

OTHERS = 0o077
"""What others than its owner may do with a file."""

_PASSAGE = 0o011
"""What a folder must have for others to come to what is in it."""

_ABANDONED = 3600
"""Seconds after which nobody is still writing a part."""

FOLDER = ".apbridge"
"""Where a project keeps what is ours: vault, ledger, spool, reports."""


def keep_private(environ: Mapping[str, str] = os.environ) -> None:
    """Keep to its owner what this process makes from now on, and what an older run left in `.apbridge`.

    Each program of ours begins with it.
    """
    os.umask(OTHERS)
    close_to_others(Path(environ.get("MELTANO_PROJECT_ROOT", ""), FOLDER))


def close_to_others(path: Path) -> None:
    """Take from others what they may do with a file or a folder; one that is not ours is left as it is."""
    # By its name: to open and close a database's file would end SQLite's locks on it.
    with suppress(OSError):
        found = path.lstat()
        is_ours = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
        if is_ours and found.st_mode & OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)


def is_open_to_others(path: Path) -> bool:
    """Return whether others may do something with a file or a folder, and may come to it."""
    try:
        real = path.expanduser().resolve()
        is_reached = all(folder.stat().st_mode & _PASSAGE for folder in real.parents)
        return is_reached and bool(real.stat().st_mode & OTHERS)
    except (OSError, ValueError):  # not there, or no name of a file
        return False


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file, for its owner only unless told, beside the one that is there, and put it in its place.

    A link stays, and what it leads to is replaced. A device or a pipe is written to.

    Args:
        path: The file.
        content: What is to be in it.
        mode: Who may do what with it.

    Raises:
        UnavailableError: It cannot be written; the old one is as it was.
    """
    with _told_of(path):
        if _is_special(path):
            with os.fdopen(os.open(path, os.O_WRONLY), "wb") as file:
                file.write(content)
        else:
            _replace(path.resolve(), content, mode)


def replace_among_others(path: Path, content: bytes, mode: int) -> None:
    """Write a file as `replace` does into a folder in which others may put something too.

    Nothing is written to where a link leads that one of them has put there, nor to a pipe.

    Args:
        path: The file.
        content: What is to be in it.
        mode: Who may do what with it.

    Raises:
        UnavailableError: It cannot be written, or is no file of its own; what was there is as it was.
    """
    with _told_of(path):
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.lstat().st_mode):
                raise OSError(EEXIST, "A link, or what is no file, is in its place")
        # Whatever comes there meanwhile is replaced itself.
        _replace(path.parent.resolve() / path.name, content, mode)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise UnavailableError("APB-VLT-008", file=path, problem=failure.strerror) from failure


def _is_special(path: Path) -> bool:
    """Return whether something is there, and is no regular file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_old_parts(path)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            # Whatever the umask, and before anything is in it.
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    _sync_folder(path.parent)


def _remove_old_parts(path: Path) -> None:
    """Remove what killed processes left half written, as it may be a key; a young one may be in use."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


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
