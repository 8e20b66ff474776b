"""Write each plugin's settings and capabilities where people look for them, from what `--about` says.

`python -m tools.settings` writes the table in each plugin's README, and the `settings` and `capabilities`
in `meltano.yml` and in each plugin's definition (`plugin.yml`), there with what MeltanoHub asks for.
A test compares them.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

ROOT = Path(__file__).parent.parent
PLUGINS = ("tap-netsuite-ap", "target-avidxchange", "tap-avidxchange", "target-netsuite-payments")
REPOSITORY = "https://git.example.com/ap/apbridge"
"""Where definitions say that this is published: an address that nobody can register, until there is one."""
ALTERNATIVES = {"private_key": ("private_key", "private_key_path")}
"""Settings of which one is required, by the first of them, as the plugins check by themselves."""
SPELLINGS = {
    "ap": "AP",
    "api": "API",
    "id": "ID",
    "mb": "MB",
    "url": "URL",
    "avidxchange": "AvidXchange",
    "netsuite": "NetSuite",
}
KINDS = {
    "string": "string",
    "integer": "integer",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}
TABLE = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)


@cache
def about(plugin: str, style: str) -> str:
    """Ask an installed plugin to describe itself, in `json` or `markdown`."""
    program = Path(sys.executable).parent / plugin
    return subprocess.run(  # noqa: S603
        [program, "--about", f"--format={style}"], check=True, capture_output=True, text=True
    ).stdout


def table(plugin: str) -> str:
    """Return the settings table of a README, in Markdown."""
    section = about(plugin, "markdown").split("## Settings\n", 1)[1]
    return "\n".join(line for line in section.splitlines() if line.startswith("|")) + "\n"


def definitions(plugin: str) -> list[dict[str, Any]]:
    """Return the settings as a Meltano plugin definition lists them."""
    return list(_definitions(json.loads(about(plugin, "json"))["settings"]["properties"]))


def capabilities(plugin: str) -> CommentedSeq:
    """Return what a plugin can do, in one line as definitions have it.

    Meltano goes by it: without `structured-logging` it takes every line that a plugin logs for an `info`.
    """
    listed = CommentedSeq(sorted(json.loads(about(plugin, "json"))["capabilities"]))
    listed.fa.set_flow_style()
    return listed


def groups(plugin: str) -> list[list[str]]:
    """Return each set of settings that suffices, as the hub marks what is required."""
    schema = json.loads(about(plugin, "json"))["settings"]
    required = schema.get("required", [])
    choices = [names for first, names in ALTERNATIVES.items() if first in schema["properties"]]
    return [[*required, *chosen] for chosen in product(*choices)]


def label(name: str) -> str:
    """Return a setting's name as people read it."""
    first, *others = [SPELLINGS.get(word, word) for word in name.split("_")]
    return " ".join([first[0].upper() + first[1:], *others])


def _renew(entry: dict[str, Any], plugin: str) -> None:
    entry["capabilities"] = capabilities(plugin)
    entry["settings"] = definitions(plugin)


def _definitions(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in properties.items():
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        kind = next(found for found in types if found in KINDS)
        definition: dict[str, Any] = {"name": name}
        if schema.get("format") in {"date", "date-time"}:
            definition["kind"] = "date_iso8601"
        elif schema.get("enum"):
            definition["kind"] = "options"
            definition["options"] = [{"label": str(v), "value": v} for v in schema["enum"] if v is not None]
        else:
            definition["kind"] = kind
        if schema.get("secret"):
            definition["sensitive"] = True
        if schema.get("default") is not None:
            definition["value"] = schema["default"]
        definition["description"] = schema.get("description", "").split("\n")[0]
        yield definition


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    return yaml


def readme(text: str, plugin: str) -> str:
    """Return a plugin's README with its table of settings renewed."""
    return TABLE.sub(lambda match: match[1] + table(plugin) + match[2], text)


def plugin_definition(text: str, plugin: str) -> str:
    """Return a plugin's definition with its settings and capabilities renewed."""
    yaml = _yaml()
    document = yaml.load(text)
    _renew(document, plugin)
    document["repo"] = REPOSITORY
    document["docs"] = f"{REPOSITORY}/blob/main/{plugin}/README.md"
    document["settings_group_validation"] = groups(plugin)
    document["settings"] = [
        {"name": setting["name"], "label": label(setting["name"]), **setting}
        for setting in document["settings"]
    ]
    return _dumped(yaml, document)


def project(text: str) -> str:
    """Return `meltano.yml` with every plugin's settings and capabilities renewed."""
    yaml = _yaml()
    document = yaml.load(text)
    for kind in ("extractors", "loaders"):
        for entry in document["plugins"][kind]:
            _renew(entry, entry["name"])
    return _dumped(yaml, document)


def _dumped(yaml: YAML, document: Any) -> str:  # noqa: ANN401
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


FILES: dict[Path, Callable[[str], str]] = {ROOT / "meltano.yml": project}
"""Every file that names settings, and what renews its text."""
for _plugin in PLUGINS:
    FILES[ROOT / _plugin / "README.md"] = partial(readme, plugin=_plugin)
    FILES[ROOT / _plugin / "plugin.yml"] = partial(plugin_definition, plugin=_plugin)


def main() -> None:
    """Write the files."""
    for file, renew in FILES.items():
        file.write_text(renew(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
