"""The ten firms of `accounts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_FILE = Path(__file__).parent / "accounts.yaml"


class Account(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A firm's account: how the sandbox is to behave, and what the firm has set."""

    name: str
    firm: str
    contract: str
    switches: dict[str, bool | int | str]
    settings: Mapping[str, Mapping[str, Any]]
    ends: str
    open: list[str] = []


def accounts() -> list[Account]:
    """Return all of them."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=list[Account])
