"""The SDF project that an administrator would deploy: which scripts it has, and where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element, parse

from apbridge_sandbox.netsuite.permissions import permissions

_NEEDED_TAGS = (r"@NApiVersion\s+2\.1\b", r"@NScriptType\s+Restlet\b")
_SCRIPT_FEATURES = ("CUSTOMCODE", "SERVERSIDESCRIPTING")
_REPOSITORY = Path(__file__).resolve().parents[4] / "suitescript"
_PACKAGED = Path(__file__).resolve().parents[2] / "suitescript"


class ProjectError(Exception):
    """The project cannot be deployed."""


@dataclass(frozen=True)
class Restlet:
    """A deployed RESTlet.

    Attributes:
        script: Its script id.
        deployment: Its deployment's id.
        path: Of its source.
    """

    script: str
    deployment: str
    path: Path

    def source(self) -> str:
        """Read its source.

        Raises:
            ProjectError: It is not a SuiteScript 2.1 RESTlet.
        """
        text = self.path.read_text(encoding="utf-8")
        for tag in _NEEDED_TAGS:
            if not re.search(tag, text):
                message = f"{self.path.name} lacks the tag {tag}"
                raise ProjectError(message)
        return text


class Project:
    """An SDF project, read as NetSuite would deploy it.

    Args:
        folder: Of the project; the one that this sandbox was delivered with, unless told.

    Raises:
        ProjectError: There is none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        candidates = [folder] if folder else [_PACKAGED, _REPOSITORY]
        found = next((each / "src" for each in candidates if (each / "src/manifest.xml").is_file()), None)
        if found is None:
            message = f"there is no SuiteScript project in {candidates[-1]}"
            raise ProjectError(message)
        self._root = found

    def restlet(self, script: str, deployment: str) -> Restlet | None:
        """Find a RESTlet that is deployed and released.

        Raises:
            ProjectError: NetSuite would not have deployed the project.
        """
        for problem in self.problems():
            raise ProjectError(problem)
        for path in sorted((self._root / "Objects").glob("*.xml")):
            root = self._parsed(f"Objects/{path.name}")
            if root.tag != "restlet" or root.get("scriptid") != script or _text(root, "isinactive") == "T":
                continue
            for each in root.iter("scriptdeployment"):
                released = _text(each, "isdeployed") == "T" and _text(each, "status") == "RELEASED"
                if each.get("scriptid") == deployment and released:
                    return Restlet(script, deployment, self._file(_text(root, "scriptfile")))
        return None

    def problems(self) -> Iterator[str]:
        """Yield why NetSuite would not deploy the project, as far as is known here (SDF validation)."""
        features = {(each.text or "").strip() for each in self._parsed("manifest.xml").iter("feature")}
        names = sorted(path.name for path in (self._root / "Objects").glob("*.xml"))
        objects = {
            each.get("scriptid", ""): each for each in (self._parsed(f"Objects/{one}") for one in names)
        }
        for name, root in objects.items():
            needed: tuple[str, ...] = _SCRIPT_FEATURES if root.tag == "restlet" else ()
            if root.tag == "role":
                yield from (f"{name} has {problem}" for problem in _wrong_permissions(root))
                needed = ("SUBSIDIARIES",) if _text(root, "subsidiaryoption") else ()
            for feature in needed:
                if feature not in features:
                    yield f"{name} needs the feature {feature} in the manifest"
            for reference in re.findall(r"\[scriptid=(\w+)\]", " ".join(root.itertext())):
                if reference not in objects:
                    yield f"{name} refers to {reference}, which is not in the project"

    def _parsed(self, name: str) -> Element:
        path = self._root / name
        return _object(path, path.stat().st_mtime_ns)

    def _file(self, reference: str) -> Path:
        return self._root / "FileCabinet" / reference.strip("[]/")


@lru_cache(maxsize=64)
def _object(path: Path, _changed: int) -> Element:
    # The project is this repository's own, or one that the user names.
    return parse(path).getroot()  # noqa: S314


def _wrong_permissions(role: Element) -> Iterator[str]:
    for each in role.iter("permission"):
        key, level = _text(each, "permkey"), _text(each, "permlevel")
        permission = permissions().get(key)
        if permission is None:
            yield f"a permission {key}, which is not known"
        elif level not in permission.levels:
            yield f"{key} at level {level}, which there is not"


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
