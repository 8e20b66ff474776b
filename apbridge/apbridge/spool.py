"""The spool: image bytes between tap and target, kept under the hash of their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import fsspec

from apbridge.errors import RejectedError


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
    """Keep an image. Content that is there already is not written again."""
    sha256 = hashlib.sha256(content).hexdigest()
    filesystem, folder = fsspec.core.url_to_fs(spool_url)
    path = f"{folder.rstrip('/')}/{sha256[:2]}/{sha256}"
    if not filesystem.exists(path):
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        # Written beside and moved: a run that is killed leaves no half image under a whole one's name.
        part = f"{path}.{uuid4().hex}.part"
        filesystem.pipe_file(part, content)
        filesystem.mv(part, path)
    return SpooledImage(filesystem.unstrip_protocol(path), sha256, len(content))


def read(uri: str, sha256: str) -> bytes:
    """Give an image back.

    Raises:
        RejectedError: It is not there, or its bytes are not those of the hash.
    """
    filesystem, path = fsspec.core.url_to_fs(uri)
    try:
        content: bytes = filesystem.cat_file(path)
    except OSError as missing:
        raise RejectedError("APB-SPL-001", uri=_name(uri)) from missing
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RejectedError("APB-SPL-002", uri=_name(uri), sha256=sha256)
    return content


def _name(uri: str) -> str:
    return Path(uri).name
