"""Write what `apbridge survey` tries out: every query of the project, and every column that it reads.

The plugins need not be installed where the survey runs, so their queries are kept beside it as one JSON file.
`python -m tools.survey` writes it; with `--check` it only says whether the file is as it should be.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from apbridge.netsuite.queries.query import Query
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest
from tools.generated import write_or_check

ROOT = Path(__file__).parent.parent
FILE = ROOT / "apbridge-operator/apbridge_operator/survey/queries.json"

TAP = "tap_netsuite_ap"
OTHERS = (
    "apbridge.netsuite",
    "target_netsuite_payments",
    "apbridge_operator.cli",
    "apbridge_operator.matching",
    "apbridge_operator.reconcile",
)
"""Packages whose modules hold queries as they are; the tap's are in its manifest."""

_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+(\w+\s+\w+(?:\s*,\s*\w+\s+\w+)*)", re.IGNORECASE)
_COLUMN = re.compile(r"\b([a-z]\w*)\.([a-z]\w*)\b")


def queries() -> dict[str, tuple[Query, str]]:
    """Return every query of the project with its text, by package and name."""
    rules = Eligibility.from_config({}).mark(Query.of("$rules", "rules", "", [])).lines
    lines = "\n".join(f"{line.text}{'  -- required' if line.is_required else ''}" for line in rules)
    found = {
        f"{TAP}.{one.name}": (one, _text(TAP, one).replace("  $rules", lines))
        for one in manifest().all_queries
    }
    for package in OTHERS:
        for module in _modules(package):
            named = (value for value in vars(module).values() if isinstance(value, Query))
            for one in named:
                found[f"{package}.{one.name}"] = (one, _text(module.__package__, one))
    return dict(sorted(found.items()))


def columns(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns that queries read, by table."""
    found: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        pairs = (pair.split() for list_ in _TABLES.findall(text) for pair in list_.split(","))
        aliases = {alias: table for table, alias in pairs}
        for alias, column in _COLUMN.findall(text):
            if alias in aliases:
                found[aliases[alias]].add(column)
    return {table: sorted(names) for table, names in sorted(found.items())}


def contents() -> str:
    """Return the file as it should be."""
    every = queries()
    bills = (ROOT / "apbridge-operator/apbridge_operator/cli/open_bills.sql").read_text(encoding="utf-8")
    made: dict[str, Any] = {
        "columns": columns([*(text for _, text in every.values()), bills]),
        "queries": {
            name: {"purpose": one.purpose, "key": one.key, "sql": text.splitlines()}
            for name, (one, text) in every.items()
        },
    }
    return json.dumps(made, indent=1) + "\n"


def _modules(package: str) -> Iterator[Any]:
    top = importlib.import_module(package)
    yield top
    for module in pkgutil.walk_packages(top.__path__, f"{package}."):
        if not module.name.endswith(".__main__"):
            yield importlib.import_module(module.name)


def _text(package: str, query: Query) -> str:
    """Return the text of a query's file, without what it says to people."""
    text = (resources.files(package) / "queries" / f"{query.name}.sql").read_text(encoding="utf-8")
    kept = (line for line in text.splitlines() if not line.startswith("--") or line.startswith("-- needs"))
    return "\n".join(kept)


def main() -> None:
    """Write the file, or check it."""
    write_or_check(FILE, contents(), "make survey")


if __name__ == "__main__":
    main()
