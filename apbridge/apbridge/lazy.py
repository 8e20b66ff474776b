"""Names of a package that are imported when they are first asked for: what no run needs, no run loads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, names: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Make a package's `__getattr__`.

    Args:
        package: Its name.
        names: The names that it offers, by the module inside it that has them.
    """
    here = sys.modules[package]
    modules = {name: module for module, some in names.items() for name in some}

    def get(name: str) -> Any:  # noqa: ANN401
        if name in modules:
            setattr(here, name, getattr(import_module(f"{package}.{modules[name]}"), name))
        # Without coming back here: of a name that nobody has, Python itself says so.
        return object.__getattribute__(here, name)

    return get
