"""What the sandbox declares in YAML: read once, and by one thread at a time."""

from __future__ import annotations

from importlib import resources
from threading import RLock
from typing import Any, TypeVar

import msgspec

_Kind = TypeVar("_Kind")

_turn = RLock()
_read: dict[tuple[str, str], Any] = {}


def declared(package: str, name: str, kind: type[_Kind]) -> _Kind:
    """Read a YAML file of a package into a type.

    Two threads that were both in msgspec's first decoding of YAML have ended the process with a segmentation
    fault.
    """
    with _turn:
        if (package, name) not in _read:
            text = (resources.files(package) / name).read_bytes()
            _read[package, name] = msgspec.yaml.decode(text, type=kind)
        found: _Kind = _read[package, name]
        return found
