"""The table of companies, `companies.yaml`: each is a NetSuite account and an AvidXchange company.

Where there is none, the project is of one company, and its environment is whichever Meltano's is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from apbridge import declared_file, json
from apbridge.declared_file import Declared, MalformedFileError, UnreadableFileError, shortened
from apbridge.errors import SettingError

FILE = "companies.yaml"
NETSUITE, AVIDXCHANGE = "netsuite", "avidxchange"

PLUGINS = {
    "tap-netsuite-ap": NETSUITE,
    "target-avidxchange": AVIDXCHANGE,
    "tap-avidxchange": AVIDXCHANGE,
    "target-netsuite-payments": NETSUITE,
}
"""Each with the system that it calls, whose settings it has of a company."""

_LEDGER = "sqlite:///$MELTANO_PROJECT_ROOT/.apbridge/<company>/ledger.db"
_SPOOL = "$MELTANO_PROJECT_ROOT/.apbridge/spool/<company>"
_MOST_TOLD = 5

_WANTED = {
    "type": "it must be of type {wanted}; put an id in quotes",
    "required": "{missing} is missing",
    "additionalProperties": "there is nothing of the name {unknown}",
    "pattern": "it does not match {wanted}",
    "not": "it is said of the company as a whole, or follows from its name",
}


@dataclass(frozen=True)
class Company:
    """One company.

    Args:
        name: Its own, and that of its Meltano environment.
        settings: What is declared of it: settings by system and by plugin.
        ledger_url: Where its ledger is, as Meltano would expand it.
        spool_url: Where its images are kept, likewise.
    """

    name: str
    settings: Mapping[str, Mapping[str, Any]]
    ledger_url: str
    spool_url: str

    @property
    def prefix(self) -> str:
        """What the company's own variables begin with, such as `ACME_EAST_`."""
        return self.name.upper().replace("-", "_") + "_"

    def of(self, plugin: str) -> dict[str, Any]:
        """Return what is declared for one plugin."""
        return {**self.settings.get(PLUGINS[plugin], {}), **self.settings.get(plugin, {})}


def names(project: Path) -> list[str]:
    """Return the companies' names in the order of the table; none where there is no table.

    Args:
        project: Folder of `companies.yaml`.

    Raises:
        SettingError: It cannot be read or is not valid; it says where.
    """
    return [one.name for one in companies(project)]


def companies(project: Path) -> list[Company]:
    """Read the table; empty where there is none.

    Raises:
        SettingError: As of `names`.
    """
    file = project / FILE
    if not file.exists():
        return []
    try:
        return read(declared_file.text_of(file))
    except UnreadableFileError as failure:
        raise SettingError("APB-CMP-001", problem=failure) from failure


@lru_cache(maxsize=1)  # a command asks for them again and again
def read(text: str) -> list[Company]:
    """Read the text of a table.

    Raises:
        SettingError: As of `names`.
    """
    try:
        declared = declared_file.from_yaml(text, file=FILE)
    except MalformedFileError as failure:
        raise SettingError("APB-CMP-001", problem=f"line {failure.line}: {failure.says}") from failure
    if problems := list(_problems(declared)):
        told = "; ".join(problems[:_MOST_TOLD])
        left = len(problems) - _MOST_TOLD
        raise SettingError("APB-CMP-002", problems=told + (f"; and {left} more" if left > 0 else ""))
    table = declared.value
    places = {"ledger_url": table.get("ledger_url", _LEDGER), "spool_url": table.get("spool_url", _SPOOL)}
    return [
        Company(
            name,
            {part: value for part, value in one.items() if part not in places},
            **{part: one.get(part) or place.replace("<company>", name) for part, place in places.items()},
        )
        for name, one in table["companies"].items()
    ]


def _problems(declared: Declared) -> Iterator[str]:
    for steps in declared.twice:
        yield f"{_place(declared, steps)} is there twice"
    if no_texts := list(_keys_of_no_text(declared.value)):
        # The schema cannot be held against them.
        yield from (
            f"{shortened(str(one), 60)} is no text to YAML as a name; put it in quotes" for one in no_texts
        )
        return
    errors = _validator().iter_errors(declared.value)
    for error in sorted(errors, key=lambda one: declared.position(tuple(one.absolute_path))):
        yield f"{_place(declared, tuple(error.absolute_path))}: {_said(error)}"


def _keys_of_no_text(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the keys that YAML makes something else of, as of `on` and `null`."""
    if isinstance(value, dict):
        yield from (key for key in value if not isinstance(key, str))
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys_of_no_text(item)


def _place(declared: Declared, steps: tuple[str | int, ...]) -> str:
    """Name the line, the company and the field."""
    line = f"line {declared.line(steps)}"
    if len(steps) > 1 and steps[0] == "companies":
        field = ".".join(map(str, steps[2:]))
        return f"{line}, company {shortened(str(steps[1]))}" + (f", {field}" if field else "")
    return f"{line}, {'.'.join(map(str, steps))}" if steps else line


def _said(error: ValidationError) -> str:
    if "propertyNames" in error.absolute_schema_path and error.validator == "not":
        return f"{error.instance!r} is no name for a company: our own variables or folders begin with it"
    if "propertyNames" in error.absolute_schema_path:
        return (
            f"{shortened(str(error.instance), 60)!r} is no name: a company's has at most 30 lower-case "
            "letters, digits and -, a setting's letters, digits and _"
        )
    kind = str(error.validator)
    instance, wanted = error.instance, error.validator_value
    missing = [name for name in wanted if name not in instance] if kind == "required" else []
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    unknown = [str(name) for name in instance if name not in known] if kind == "additionalProperties" else []
    text = _WANTED.get(kind, "it does not satisfy {kind}")
    return text.format(
        wanted=wanted, missing=", ".join(missing), unknown=shortened(", ".join(unknown), 60), kind=kind
    )


@cache
def _validator() -> Draft202012Validator:
    schema = resources.files("apbridge_operator") / "companies.schema.json"
    return Draft202012Validator(json.loads(schema.read_bytes()))
