"""What SQLAlchemy has of each database, imported where that one is used: PostgreSQL's takes long."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def of_dialect(name: str) -> ModuleType:
    """Return what SQLAlchemy has of a database: `sqlite` or `postgresql`."""
    return import_module(f"sqlalchemy.dialects.{name}")
