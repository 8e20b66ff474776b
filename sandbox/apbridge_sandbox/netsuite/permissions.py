"""Permissions of a role, and their levels."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from apbridge_sandbox.declared import declared
from apbridge_sandbox.switches import Switches, listed


class PermissionLevel(IntEnum):
    """What a permission allows; a higher level allows what a lower one does."""

    NONE = 0
    VIEW = 1
    CREATE = 2
    EDIT = 3
    FULL = 4


class Permission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permission, as the screens of a role have it."""

    name: str
    levels: tuple[str, ...] = ("VIEW", "CREATE", "EDIT", "FULL")


def permissions() -> dict[str, Permission]:
    """Return the permissions that are known here, by their internal ids."""
    return declared(__package__, "permissions.yaml", dict[str, Permission])


def level_of(switches: Switches, permission: str) -> PermissionLevel:
    """Return the level at which the role has a permission: in full, unless a switch says otherwise."""
    if permission in listed(switches["netsuite.missing_permissions"]):
        return PermissionLevel.NONE
    given = dict(one.split(": ") for one in listed(switches["netsuite.permission_levels"]))
    return PermissionLevel[given.get(permission, "Full").upper()]
