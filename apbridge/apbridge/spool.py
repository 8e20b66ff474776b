"""The spool: image bytes between tap and target, kept under the hash of their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import uuid4

import fsspec

from apbridge.errors import RejectedError, SettingError, UnavailableError


@dataclass(frozen=True)
class SpooledImage:
    """Where an image lies.

    Args:
        uri: fsspec URL of its bytes.
        sha256: Of its bytes, in lower-case hex.
        size: In bytes.
    """

    uri: str
    sha256: str
    size: int


def put(spool_url: str, content: bytes) -> SpooledImage:
    """Keep an image. Content that is there already is not written again.

    Raises:
        SettingError: `spool_url` names no kind of storage that is installed here.
        UnavailableError: It cannot be written there.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        filesystem, folder = fsspec.core.url_to_fs(spool_url)
    except (ImportError, ValueError) as failure:
        raise SettingError("APB-SPL-003", spool_url=_without_query(spool_url)) from failure
    path = f"{folder.rstrip('/')}/{sha256[:2]}/{sha256}"
    try:
        if not (filesystem.exists(path) and filesystem.size(path) == len(content)):
            filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            # Written beside and moved: a run that is killed leaves no half image under a whole one's name.
            part = f"{path}.{uuid4().hex}.part"
            filesystem.pipe_file(part, content)
            filesystem.mv(part, path)
    except OSError as failure:
        problem = failure.strerror or type(failure).__name__
        spool = _without_query(spool_url)
        raise UnavailableError("APB-SPL-004", spool_url=spool, problem=problem) from failure
    return SpooledImage(filesystem.unstrip_protocol(path), sha256, len(content))


def read(uri: str, sha256: str) -> bytes:
    """Give an image back.

    Raises:
        RejectedError: It is not there, or its bytes are not those of the hash.
    """
    try:
        filesystem, path = fsspec.core.url_to_fs(uri)
        content: bytes = filesystem.cat_file(path)
    except (ImportError, OSError, ValueError) as missing:
        raise RejectedError("APB-SPL-001", image=_name(uri)) from missing
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RejectedError("APB-SPL-002", image=_name(uri), sha256=sha256)
    return content


def _name(uri: str) -> str:
    return PurePosixPath(_without_query(uri)).name


def _without_query(url: str) -> str:
    """Leave out what may carry a signature or a password."""
    return url.split("?", 1)[0].rsplit("@", 1)[-1]
