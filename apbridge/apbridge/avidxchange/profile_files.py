"""A profile's file, and those that it extends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from apbridge.declared_file import Declared, MalformedFileError, UnreadableFileError, from_yaml, text_of
from apbridge.errors import SettingError

EXTENDS = "extends"
"""The key that names the profile below."""

_SHIPPED = resources.files("apbridge.avidxchange") / "profiles"


@dataclass(frozen=True)
class ProfileProblem:
    """One mistake in a profile.

    Args:
        file: In which file: the profile's own, or one that it extends.
        line: Where, from 1.
        key: Of what, such as `resources.vendor.list.items`; empty where it is the file itself.
        says: What is wrong with it.
    """

    file: str
    line: int
    key: str
    says: str

    def __str__(self) -> str:
        return f"{self.key}: {self.says}" if self.key else self.says


@dataclass(frozen=True)
class ProfileFile:
    """One file.

    Args:
        name: The name of a profile that ships, or the file's path.
        text: What is in it.
    """

    name: str
    text: str

    def declared(self) -> Declared:
        """Read it as YAML.

        Raises:
            MalformedFileError: It is not what is read here.
        """
        return _declared(self.text, self.name)


@dataclass(frozen=True)
class ProfileFiles:
    """A profile's own file, then the one that it extends, and so on.

    Args:
        files: All that are there.
        problem: Why the last of them cannot be read as YAML, or leads no further though it says so.
    """

    files: tuple[ProfileFile, ...]
    problem: ProfileProblem | None = None

    @property
    def are_shipped(self) -> bool:
        """Whether all of them are the project's own."""
        return {one.name for one in self.files} <= {*shipped()}


def shipped() -> list[str]:
    """Return the names of the profiles that ship."""
    return sorted(file.name.removesuffix(".yaml") for file in _SHIPPED.iterdir())


def source(name: str) -> str:
    """Return the YAML of a profile that ships, or of a file.

    Raises:
        SettingError: There is no such profile.
    """
    try:
        return _text(name)
    except UnreadableFileError as failure:
        facts = {"profile": name, "shipped": ", ".join(shipped()), "problem": failure}
        raise SettingError("APB-AX-001", **facts) from failure


def files_of(name: str) -> ProfileFiles:
    """Read a profile's file and all that it extends.

    Raises:
        SettingError: There is no such profile.
    """
    files = [ProfileFile(name, source(name))]
    try:
        says, line = _follow(files), files[-1].declared().line((EXTENDS,))
    except MalformedFileError as failure:
        return ProfileFiles(tuple(files), ProfileProblem(files[-1].name, failure.line, "", failure.says))
    problem = ProfileProblem(files[-1].name, line, EXTENDS, says) if says else None
    return ProfileFiles(tuple(files), problem)


def _follow(files: list[ProfileFile]) -> str:
    """Add what each file extends; return why the last one does not lead further, though it says so."""
    while (extends := _extends(files[-1])) is not None:
        below = _below(extends, files[-1].name)
        try:
            file = ProfileFile(below, _text(below))
        except UnreadableFileError as failure:
            ships = ", ".join(shipped())
            return f"{extends!r} is neither one that ships ({ships}) nor a file that can be read: {failure}"
        if _place(below) in {_place(one.name) for one in files}:
            return f"it leads in a circle, back to {below}"
        files.append(file)
    return ""


@lru_cache
def _declared(text: str, name: str) -> Declared:
    return from_yaml(text, file=name)


def _text(name: str) -> str:
    if name in shipped():
        return (_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    return text_of(name)


def _extends(file: ProfileFile) -> str | None:
    """Return what a file extends, if anything; what cannot be that is left to the check."""
    value: Any = file.declared().value
    extends = value.get(EXTENDS) if isinstance(value, dict) else None
    return extends if isinstance(extends, str) and extends else None


def _below(extends: str, name: str) -> str:
    """Return the name of what a file extends: a path is meant from where that file is."""
    if extends in shipped() or extends.startswith("~"):
        return extends
    return str(Path(name).parent / extends)


def _place(name: str) -> str | Path:
    return name if name in shipped() else Path(name).expanduser().resolve()
