"""Which versions are at work here: what whoever helps asks first."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from apbridge_operator.companies import PLUGINS

_PACKAGES = ("apbridge", "apbridge-operator", *PLUGINS, "meltano", "singer-sdk", "SQLAlchemy", "psycopg")


def versions() -> dict[str, str]:
    """Return the versions of our packages and of what they stand on, by name; empty for what is not here."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {
        **{name: _version(name) for name in _PACKAGES},
        "Python": platform.python_version(),
        "system": system,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""  # a plugin, or Meltano, may be in an environment of its own
