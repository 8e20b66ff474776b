"""The permissions that the role in NetSuite needs: the one list, `permissions.yaml`."""

from __future__ import annotations

from importlib import resources
from typing import Any

from apbridge import declared_file
from apbridge.netsuite.restlet import LEVELS


def permissions() -> list[dict[str, Any]]:
    """Read the list; each entry is as `permissions.yaml` describes it."""
    text = (resources.files(__package__) / "permissions.yaml").read_text(encoding="utf-8")
    listed: list[dict[str, Any]] = declared_file.values(text)
    return listed


def is_low(entry: dict[str, Any], found: str) -> bool:
    """Return whether a level that the role has of a permission is lower than needed."""
    return LEVELS.index(found) < LEVELS.index(entry["level"].upper())
