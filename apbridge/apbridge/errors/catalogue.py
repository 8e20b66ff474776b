"""The catalogue of errors, read from the YAML files in `sentences/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True)
class CatalogueEntry:
    """One error: what happened and what to do about it, as `str.format` templates."""

    code: str
    says: str
    do: str
    is_urgent: bool = False
    """It cannot wait until tomorrow: somebody may be paid twice."""
    title: str = ""
    """What it is in a few words, where it can stand on an exception: for lists, before the sentences."""


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """Return every error by its code. Read on first use: a run without errors reads no file.

    Raises:
        ValueError: A code is given twice.
    """
    from apbridge import declared_file  # noqa: PLC0415

    entries: dict[str, CatalogueEntry] = {}
    folder = resources.files("apbridge.errors") / "sentences"
    for file in sorted(folder.iterdir(), key=lambda found: found.name):
        for code, texts in declared_file.values(file.read_text(encoding="utf-8")).items():
            if code in entries:
                message = f"error code {code} is given twice, the second time in {file.name}"
                raise ValueError(message)
            is_urgent = texts.get("urgent", False)
            entries[code] = CatalogueEntry(
                code, texts["says"].strip(), texts["do"].strip(), is_urgent, texts.get("title", "").strip()
            )
    return MappingProxyType(entries)


@cache
def urgent() -> frozenset[str]:
    """Return the codes that cannot wait until tomorrow."""
    return frozenset(code for code, one in catalogue().items() if one.is_urgent)


def title(code: str | None) -> str:
    """Return the few words for a code; empty where there are none, or another version wrote the code."""
    found = catalogue().get(code or "")
    return found.title if found else ""


def entry(code: str) -> CatalogueEntry:
    """Return the error of that code."""
    return catalogue()[code]
