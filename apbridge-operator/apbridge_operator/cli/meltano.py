"""A plugin's settings as Meltano would give them, read from `meltano.yml` without starting Meltano.

From the weakest to the strongest: a setting's default, `config` of the plugin, `config` of the environment,
and the plugin's own variable, such as `TAP_NETSUITE_AP_CONCURRENCY`. Where there is no `meltano.yml`, each
`NETSUITE_…` and `AVIDXCHANGE_…` is a setting of the plugins of that system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from apbridge import declared_file, json
from apbridge.declared_file import MalformedFileError, UnreadableFileError, shortened
from apbridge.errors import SettingError
from apbridge_operator.schedules import Schedule, schedules_of

FILE = "meltano.yml"
_TEXT = {"type": ["string", "null"]}
_OBJECT = {"type": ["object", "null"]}
_NAMED = {"type": ["array", "null"]}
_PLUGINS = {
    **_OBJECT,
    "properties": {
        kind: {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "settings": {
                        "type": ["array", "null"],
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {"name": {"type": "string"}, "kind": _TEXT},
                        },
                    },
                    "config": {**_OBJECT, "propertyNames": {"type": "string"}},
                },
            },
        }
        for kind in ("extractors", "loaders")
    },
}
_PROJECT = Draft202012Validator(
    {
        "properties": {
            "plugins": _PLUGINS,
            "default_environment": _TEXT,
            "include_paths": {"type": ["array", "null"], "items": {"type": "string"}},
            "environments": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {"config": {**_OBJECT, "properties": {"plugins": _PLUGINS}}},
                },
            },
            "jobs": {**_NAMED, "items": {"type": "object", "required": ["name"]}},
            "schedules": {
                **_NAMED,
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string"}, "interval": _TEXT, "job": _TEXT},
                },
            },
            "state_backend": {**_OBJECT, "properties": {"uri": _TEXT}},
            "database_uri": _TEXT,
        }
    }
)
"""Of a project as much as is read here; the rest is Meltano's own business."""

_WANTED = {"type": "is of another kind than Meltano takes", "required": "has no name"}

_LISTS = ("environments", "jobs", "schedules")

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def config(project: Path, plugin: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of one plugin.

    Args:
        project: Folder of `meltano.yml`.
        plugin: Its name.
        environ: Variables, those of `.env` among them.

    Raises:
        SettingError: `meltano.yml` cannot be read, or a variable is not of its setting's kind.
    """
    document = _project(project)
    own = _own(environ, plugin)
    if document is None:
        system = "NETSUITE_" if "netsuite" in plugin else "AVIDXCHANGE_"
        return _prefixed(environ, system) | own
    known = {"MELTANO_PROJECT_ROOT": str(project.resolve()), **environ}
    found: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for entry in _entries(document, plugin, environ):
        for setting in entry.get("settings") or ():
            kinds[setting["name"]] = setting.get("kind", "string")
            found |= {setting["name"]: deepcopy(setting["value"])} if "value" in setting else {}
        for name, value in (entry.get("config") or {}).items():
            expanded = _expanded(value, known)
            is_text = isinstance(value, str) and isinstance(expanded, str)
            found[name] = _typed(name, expanded, kinds.get(name, "string")) if is_text else expanded
    found |= {name: _typed(name, value, kinds[name]) for name, value in own.items() if name in kinds}
    return {name: value for name, value in found.items() if value is not None}


def _project(project: Path) -> dict[str, Any] | None:
    """Read `meltano.yml` with what it includes, as Meltano puts them together; None where there is none."""
    found = document(project / FILE)
    patterns = (found or {}).get("include_paths") or ()
    files = dict.fromkeys(file for pattern in patterns for file in sorted(project.glob(str(pattern))))
    if found is None or not files:
        return found
    parts = [found, *(document(file) or {} for file in files if file != project / FILE)]
    lists = {name: [one for part in parts for one in part.get(name) or ()] for name in _LISTS}
    plugins = {
        kind: [one for part in parts for one in (part.get("plugins") or {}).get(kind) or ()]
        for kind in ("extractors", "loaders")
    }
    return {**found, **lists, "plugins": plugins}


def document(file: Path) -> dict[str, Any] | None:
    """Read one file of a project; None where it is not there.

    Raises:
        SettingError: It cannot be read.
    """
    if not file.exists():
        return None
    try:
        return _parsed(declared_file.text_of(file))
    except (UnreadableFileError, MalformedFileError) as failure:
        raise SettingError("APB-CLI-003", problem=failure) from failure


@lru_cache(maxsize=8)  # a command asks for the settings of several plugins
def _parsed(text: str) -> dict[str, Any]:
    document = declared_file.values(text)
    if not isinstance(document, dict):
        raise SettingError("APB-CLI-003", problem="it is not a project")
    if found := best_match(_PROJECT.iter_errors(document)):
        place = shortened(".".join(map(str, found.absolute_path)))
        raise SettingError("APB-CLI-003", problem=f"{place} {_WANTED[str(found.validator)]}")
    return document


def _entries(document: Mapping[str, Any], plugin: str, environ: Mapping[str, str]) -> Iterator[Any]:
    """Yield what is said of a plugin: for all environments, then for the one in force."""
    name = _environment(document, environ)
    in_force = (one for one in document.get("environments") or () if one.get("name") == name)
    places = [document.get("plugins"), *((one.get("config") or {}).get("plugins") for one in in_force)]
    for place in places:
        for kind in ("extractors", "loaders"):
            yield from (entry for entry in (place or {}).get(kind) or () if entry.get("name") == plugin)


def _environment(document: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    return environ.get("MELTANO_ENVIRONMENT") or document.get("default_environment")


def default_environment(project: Path) -> str | None:
    """Return the environment that is in force where none is chosen.

    Raises:
        SettingError: `meltano.yml` cannot be read.
    """
    found: str | None = (document(project / FILE) or {}).get("default_environment")
    return found


def schedules(project: Path, environ: Mapping[str, str]) -> list[Schedule]:
    """Return the schedules of the environment in force; none where there is no `meltano.yml`.

    Raises:
        SettingError: `meltano.yml` cannot be read, or an interval in it is none.
    """
    document = _project(project) or {}
    account = config(project, "tap-netsuite-ap", environ).get("account_id")
    return schedules_of(document, _environment(document, environ), account)


def _own(environ: Mapping[str, str], plugin: str) -> dict[str, Any]:
    return _prefixed(environ, plugin.replace("-", "_").upper() + "_")


def _prefixed(environ: Mapping[str, str], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)
    }


def _expanded(value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _expanded(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = _VARIABLE.fullmatch(value)
    if whole:
        return known.get(whole[1] or whole[2])
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), value)


def _typed(name: str, value: str, kind: str) -> Any:  # noqa: ANN401
    if kind in {"array", "object", "integer", "boolean"}:
        try:
            return json.loads(value)
        except ValueError as failure:
            raise SettingError("APB-SET-001", setting=name, problem=f"it is no {kind}") from failure
    return value


def folders(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return where Meltano keeps what it writes, plugins' settings for a run among it, and where its logs."""
    return Path(environ.get("MELTANO_SYS_DIR_ROOT") or ".meltano"), platformdirs.user_log_path("meltano")


def state_places(project: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return where Meltano keeps its state: the URI of its backend, and that of its database."""
    document = _project(project) or {}
    known = {"MELTANO_PROJECT_ROOT": str(project.resolve()), **environ}

    def given(variable: str, value: Any, default: str) -> str:  # noqa: ANN401
        return environ.get(variable) or str(_expanded(value, known) or default)

    database = f"sqlite:///{project.resolve()}/.meltano/meltano.db"
    return (
        given("MELTANO_STATE_BACKEND_URI", (document.get("state_backend") or {}).get("uri"), "systemdb"),
        given("MELTANO_DATABASE_URI", document.get("database_uri"), database),
    )
