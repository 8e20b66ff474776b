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
from functools import cache
from pathlib import Path
from uuid import uuid4

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from apbridge import json
from apbridge.errors import APBridgeError, RejectedError, SettingError, UnavailableError
from apbridge.files import close_to_others
from apbridge.object_stores import is_object_store
from apbridge.redaction import redact_text, without_credentials

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
    """Keep an image. In a folder, content that is there already, and whole, is not written again.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
        UnavailableError: It cannot be written there.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    filesystem, folder = _opened(spool_url)
    path = _path(folder, sha256)
    with writing(spool_url):
        if is_object_store(spool_url):
            # To look first would be a call more, and an object is there as a whole or not at all.
            filesystem.pipe_file(path, content)
        elif not (filesystem.isfile(path) and filesystem.cat_file(path, 0, len(content) + 1) == content):
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
    with _explained(spool_url, "APB-SPL-004"):
        yield


def read(spool_url: str, sha256: str, size: int) -> bytes:
    """Return an image. No more than its size is read, and nothing but a file of the spool.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
        RejectedError: It is not there, or its bytes are not those of the hash.
        UnavailableError: The object store does not let it be read now.
    """
    filesystem, folder = _opened(spool_url)
    try:
        path = _path(folder, sha256)
        if is_object_store(spool_url):
            content = _fetched(spool_url, filesystem, path, size)
        # A pipe would be waited at, and a device has no end.
        elif not filesystem.isfile(path):
            raise RejectedError("APB-SPL-001", sha256=sha256)
        else:
            content = filesystem.cat_file(path, start=0, end=size + 1)
    except (OSError, ValueError) as missing:
        raise RejectedError("APB-SPL-001", sha256=sha256) from missing
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        raise RejectedError("APB-SPL-002", sha256=sha256)
    return content


def find(spool_url: str, sha256: str, size: int) -> SpooledImage | None:
    """Return an image that is there in its full size. Whether it is whole tells only who reads it."""
    filesystem, folder = _opened(spool_url)
    path = _path(folder, sha256)
    with _reading(spool_url), suppress(FileNotFoundError):
        if filesystem.info(path)["size"] == size:
            return SpooledImage(filesystem.unstrip_protocol(path), sha256, size)
    return None


def note(spool_url: str, name: str, content: bytes) -> None:
    """Keep a note beside the images.

    Raises:
        UnavailableError: It cannot be written there.
    """
    filesystem, folder = _opened(spool_url)
    with writing(spool_url):
        _write(spool_url, filesystem, f"{folder}/{name}", content)


def noted(spool_url: str, name: str) -> bytes:
    """Return a note.

    Raises:
        OSError: There is none.
        UnavailableError: The object store does not let it be read now.
    """
    filesystem, folder = _opened(spool_url)
    with _reading(spool_url):
        content: bytes = filesystem.cat_file(f"{folder}/{name}")
    return content


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
        # An object store has no folders: one that is empty is there all the same.
        if not (is_object_store(spool_url) or filesystem.isdir(folder)):
            return False
        place = f"{_wanted(folder, namespace)}/{image.sha256}.json"
        with writing(spool_url):
            _write(spool_url, filesystem, place, json.dumps(asdict(image)))
            with suppress(FileNotFoundError):
                filesystem.rm_file(path)
    except (UnavailableError, ValueError) as failure:
        logger.debug("Nobody can be asked for image %s: %s", image.sha256, failure)
        return False
    return True


def wanted(spool_url: str, namespace: str) -> Iterator[Wanted]:
    """Yield the images of an account that are wanted again.

    Raises:
        UnavailableError: The object store does not let it be read now.
    """
    filesystem, folder = _opened(spool_url)
    files: list[str] = []
    with _reading(spool_url), suppress(FileNotFoundError):
        files = filesystem.ls(_wanted(folder, namespace), detail=False)
    for file in files:
        # One that another run brings meanwhile is gone.
        with suppress(OSError, TypeError, ValueError):
            with _reading(spool_url):
                content = filesystem.cat_file(file)
            yield Wanted(**json.loads(content))


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
        filesystem, folder = _store(spool_url) if is_object_store(spool_url) else url_to_fs(spool_url)
    except (ImportError, ValueError) as failure:
        raise SettingError("APB-SPL-003", spool_url=without_credentials(spool_url)) from failure
    return filesystem, folder.rstrip("/")


@cache
def _store(spool_url: str) -> tuple[AbstractFileSystem, str]:
    """Return an object store: one for all threads, which fsspec would make for each of them.

    It keeps no list of what is there: another process adds to it.
    """
    found: tuple[AbstractFileSystem, str] = url_to_fs(spool_url, use_listings_cache=False)
    return found


def _fetched(spool_url: str, filesystem: AbstractFileSystem, path: str, size: int) -> bytes:
    """Read an object, and a byte more than its size where it has more.

    Raises:
        FileNotFoundError: There is none.
        UnavailableError: It cannot be read now.
    """
    with _reading(spool_url):
        # Of nothing no part can be asked for.
        try:
            content: bytes = filesystem.cat_file(path, start=0, end=size + 1) if size else b""
        except Exception:
            # Nor of what should be more: then it is the image that is damaged, and not the store.
            if filesystem.info(path)["size"]:
                raise
            content = b""
        return content


def _write(spool_url: str, filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    if not is_object_store(spool_url):
        # In an object store that would make a bucket.
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    filesystem.pipe_file(path, content)


@contextmanager
def _reading(spool_url: str) -> Iterator[None]:
    """Explain why an object store cannot be read; that something is not there is no failure of it.

    Raises:
        FileNotFoundError: It is not there.
        UnavailableError: The store was not there, or does not let it be read.
    """
    if not is_object_store(spool_url):
        yield
        return
    with _explained(spool_url, "APB-SPL-005", FileNotFoundError):
        yield


@contextmanager
def _explained(spool_url: str, code: str, as_it_is: type[Exception] = APBridgeError) -> Iterator[None]:
    # Each library of an object store has errors of its own.
    kinds: tuple[type[Exception], ...] = (Exception,) if is_object_store(spool_url) else (OSError,)
    try:
        yield
    except (APBridgeError, as_it_is):
        raise
    except kinds as failure:
        told = getattr(failure, "strerror", None) or str(failure).strip().partition("\n")[0]
        problem = redact_text(told).rstrip(".") or type(failure).__name__
        spool = without_credentials(spool_url)
        raise UnavailableError(code, spool_url=spool, problem=problem) from failure


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
