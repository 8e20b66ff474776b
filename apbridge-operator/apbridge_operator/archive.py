"""A backup in one file: a compressed tar whose first member, the manifest, has the hash of every other."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EMLINK, ENOSYS, EOPNOTSUPP, EPERM
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from apbridge.errors import SettingError, UnavailableError
from apbridge.json import dumps, loads

FORMAT = 1
_MANIFEST = "manifest.json"
_LONGEST_MANIFEST = 2**24
_CHUNK = 2**20
_NO_LINKS = {EPERM, ENOSYS, EOPNOTSUPP, EMLINK}
"""How a file system says that it has no links, as those of other systems' shares."""


def write(file: Path, manifest: Mapping[str, Any], members: Mapping[str, Path]) -> None:
    """Write an archive, for its owner only, where none is; after a crash it is there whole or not at all.

    Args:
        file: The archive.
        manifest: What is told of it; the members with their hashes are added.
        members: What goes in: where each is now, by name.

    Raises:
        SettingError: The file is there already.
        UnavailableError: It cannot be written.
    """
    part = file.with_name(f".{file.name}.{uuid4().hex}.part")
    told = {**manifest, "format": FORMAT, "members": {name: _measured(one) for name, one in members.items()}}
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz") as tar:
                _add(tar, _MANIFEST, BytesIO(text := dumps(told)), len(text))
                for name, one in members.items():
                    with one.open("rb") as content:
                        _add(tar, name, content, one.stat().st_size)
            out.flush()
            os.fsync(out.fileno())
        _put(part, file)
    except FileExistsError as failure:
        raise SettingError("APB-BAK-001", file=file) from failure
    except OSError as failure:
        raise UnavailableError("APB-CLI-004", file=file, problem=failure.strerror) from failure
    finally:
        with suppress(OSError):
            part.unlink()


def _put(part: Path, file: Path) -> None:
    """Put a file under its name, and replace nothing, not even what came there meanwhile."""
    try:
        os.link(part, file)
    except OSError as failure:
        if failure.errno not in _NO_LINKS:
            raise
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        part.replace(file)


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    tar.addfile(info, content)


def _measured(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        return {"size": file.stat().st_size, "sha256": _hash_of(content)}


def _hash_of(content: IO[bytes]) -> str:
    found = hashlib.sha256()
    while some := content.read(_CHUNK):
        found.update(some)
    return found.hexdigest()


class Archive:
    """An archive, every member of which is as its manifest says.

    Args:
        file: Where it is.
        tar: It, open.
        manifest: What is told of it.
    """

    def __init__(self, file: Path, tar: tarfile.TarFile, manifest: Mapping[str, Any]) -> None:
        self.file = file
        self.manifest = manifest
        self._tar = tar

    def content(self, name: str) -> bytes:
        """Return a whole member."""
        with self.opened(name) as content:
            return content.read()

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Read a member bit by bit."""
        found = self._tar.extractfile(name)
        assert found is not None  # noqa: S101 - all members are regular files: that was checked
        with found:
            yield found


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """Open an archive, and check it all before anything of it is believed.

    Raises:
        SettingError: It is none, is not whole, or was changed.
    """
    with ExitStack() as held:
        try:
            tar = held.enter_context(tarfile.open(file, "r:gz"))
            manifest = _manifest(tar)
            problem = _difference(tar, manifest["members"])
        except (
            OSError,
            EOFError,
            zlib.error,
            tarfile.TarError,
            LookupError,
            TypeError,
            ValueError,
        ) as failure:
            problem = getattr(failure, "strerror", None) or "it cannot be read as one"
            raise SettingError("APB-BAK-004", file=file, problem=problem) from failure
        if problem:
            raise SettingError("APB-BAK-004", file=file, problem=problem)
        yield Archive(file, tar, manifest)


def _manifest(tar: tarfile.TarFile) -> Mapping[str, Any]:
    first = tar.next()
    if first is None or first.name != _MANIFEST or not first.isreg() or first.size > _LONGEST_MANIFEST:
        raise ValueError
    content = tar.extractfile(first)
    found: Mapping[str, Any] = loads(content.read() if content else b"")
    if found["format"] != FORMAT:
        raise ValueError
    return found


def _difference(tar: tarfile.TarFile, expected: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return in what an archive is not as its manifest says; None where it is."""
    seen: list[str] = []
    for member in tar:
        if member.name == _MANIFEST and not seen:
            seen.append(_MANIFEST)
            continue
        known = expected.get(member.name)
        if known is None or member.name in seen or not member.isreg():
            return f"it holds {member.name!r}, which its manifest does not name"
        content = tar.extractfile(member)
        if member.size != known["size"] or content is None or _hash_of(content) != known["sha256"]:
            return f"{member.name} was changed"
        seen.append(member.name)
    missing: Sequence[str] = [name for name in expected if name not in seen]
    return f"{missing[0]} is missing" if missing else None
