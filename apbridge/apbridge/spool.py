"""The spool: image bytes between tap and target, kept under the hash of their content.

Of an image that it finds missing or damaged the target leaves word in the spool itself, by which both are
joined: the tap alone may fetch it again, and would not tell of the bill before that changes.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from apbridge import json
from apbridge.errors import RejectedError, SettingError, UnavailableError
from apbridge.files import close_to_others
from apbridge.redaction import without_credentials

logger = logging.getLogger(__name__)

_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class SpooledImage:
    """Where an image lies.

    Args:
        uri: fsspec URL of its bytes, for whoever shares no `spool_url` with the tap.
        sha256: Of its bytes, in lower-case hex.
        size: In bytes.
    """

    uri: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Wanted:
    """An image that is to be fetched again.

    Args:
        sha256: Of its bytes.
        file: Its id where it comes from.
        bill: The bill whose picture it is.
    """

    sha256: str
    file: str
    bill: str


def put(spool_url: str, content: bytes) -> SpooledImage:
    """Keep an image. Content that is there already, and whole, is not written again.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
        UnavailableError: It cannot be written there.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    filesystem, folder = _opened(spool_url)
    path = _path(folder, sha256)
    with writing(spool_url):
        if not (filesystem.isfile(path) and filesystem.cat_file(path, 0, len(content) + 1) == content):
            filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            if isinstance(filesystem, LocalFileSystem):
                close_to_others(Path(folder))
            # Written beside and moved: a run that is killed leaves no half image under a whole one's name.
            part = f"{path}.{uuid4().hex}.part"
            filesystem.pipe_file(part, content)
            filesystem.mv(part, path)
    return SpooledImage(filesystem.unstrip_protocol(path), sha256, len(content))


@contextmanager
def writing(spool_url: str) -> Iterator[None]:
    """Explain in a sentence why what is written inside cannot be written there.

    Raises:
        UnavailableError: It cannot.
    """
    try:
        yield
    except OSError as failure:
        problem = failure.strerror or type(failure).__name__
        spool = without_credentials(spool_url)
        raise UnavailableError("APB-SPL-004", spool_url=spool, problem=problem) from failure


def read(spool_url: str, sha256: str, size: int) -> bytes:
    """Return an image. No more than its size is read, and nothing but a file of the spool.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
        RejectedError: It is not there, or its bytes are not those of the hash.
    """
    filesystem, folder = _opened(spool_url)
    try:
        path = _path(folder, sha256)
        # A pipe would be waited at, and a device has no end.
        if not filesystem.isfile(path):
            raise RejectedError("APB-SPL-001", sha256=sha256)
        content: bytes = filesystem.cat_file(path, start=0, end=size + 1)
    except (OSError, ValueError) as missing:
        raise RejectedError("APB-SPL-001", sha256=sha256) from missing
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        raise RejectedError("APB-SPL-002", sha256=sha256)
    return content


def find(spool_url: str, sha256: str, size: int) -> SpooledImage | None:
    """Return an image that is there in its full size. Whether it is whole tells only who reads it."""
    filesystem, folder = _opened(spool_url)
    path = _path(folder, sha256)
    if filesystem.exists(path) and filesystem.size(path) == size:
        return SpooledImage(filesystem.unstrip_protocol(path), sha256, size)
    return None


def want(spool_url: str, image: Wanted, namespace: str) -> bool:
    """Ask for an image again, and remove what lies in its place.

    Args:
        spool_url: Where it should be.
        image: What is wanted.
        namespace: Of the records of the account that it comes from.

    Returns:
        Whether somebody will hear of it; not where there is no such spool here.
    """
    try:
        filesystem, folder = _opened(spool_url)
        path = _path(folder, image.sha256)
        if not filesystem.isdir(folder):
            return False
        place = _wanted(folder, namespace)
        filesystem.makedirs(place, exist_ok=True)
        filesystem.pipe_file(f"{place}/{image.sha256}.json", json.dumps(asdict(image)))
        if filesystem.exists(path):
            filesystem.rm_file(path)
    except (OSError, ValueError) as failure:
        logger.debug("Nobody can be asked for image %s: %s", image.sha256, failure)
        return False
    return True


def wanted(spool_url: str, namespace: str) -> Iterator[Wanted]:
    """Yield the images of an account that are wanted again."""
    filesystem, folder = _opened(spool_url)
    place = _wanted(folder, namespace)
    for file in filesystem.ls(place, detail=False) if filesystem.isdir(place) else ():
        # One that another run brings meanwhile is gone.
        with suppress(OSError, TypeError, ValueError):
            yield Wanted(**json.loads(filesystem.cat_file(file)))


def settle(spool_url: str, image: Wanted, namespace: str) -> None:
    """Remove the request for an image. Whoever still misses it asks again."""
    filesystem, folder = _opened(spool_url)
    with writing(spool_url), suppress(FileNotFoundError):
        filesystem.rm_file(f"{_wanted(folder, namespace)}/{image.sha256}.json")


def _opened(spool_url: str) -> tuple[AbstractFileSystem, str]:
    """Return the storage of a spool, and its folder there.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
    """
    try:
        filesystem, folder = fsspec.core.url_to_fs(spool_url)
    except (ImportError, ValueError) as failure:
        raise SettingError("APB-SPL-003", spool_url=without_credentials(spool_url)) from failure
    return filesystem, folder.rstrip("/")


def _path(folder: str, sha256: str) -> str:
    """Return where an image lies.

    Raises:
        ValueError: What it is told by is no hash, and might lead out of the spool.
    """
    if not _HASH.fullmatch(sha256):
        raise ValueError(sha256)
    return f"{folder}/{sha256[:2]}/{sha256}"


def _wanted(folder: str, namespace: str) -> str:
    return f"{folder}/wanted/{namespace}"
