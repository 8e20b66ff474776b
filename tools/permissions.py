"""Write the permissions of NetSuite's role where people and NetSuite read them, from the one list of them.

`python -m tools.permissions` writes the tables in the READMEs and the role of `suitescript/`, from
`apbridge_operator/cli/checks/permissions.yaml`. A test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from apbridge_operator.cli.checks.permissions import permissions

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- permissions -->\n).*?(<!-- /permissions -->)", re.DOTALL)
ROLE = re.compile(r"(  <permissions>\n).*?(  </permissions>)", re.DOTALL)


def _rows(plugin: str) -> Iterator[str]:
    yield "| permission | level | needed for |"
    yield "|---|---|---|"
    for entry in permissions():
        if plugin in entry:
            yield f"| {_named(entry)} | {entry[plugin]} | {entry['for']} |"


def _rows_of_all() -> Iterator[str]:
    yield "| permission | level | `tap-netsuite-ap` alone | `target-netsuite-payments` alone | needed for |"
    yield "|---|---|---|---|---|"
    for entry in permissions():
        levels = " | ".join(entry.get(plugin, "-") for plugin in ("level", "tap", "payments"))
        yield f"| {_named(entry)} | {levels} | {entry['for']} |"


def _named(entry: dict[str, Any]) -> str:
    return str(entry["permission"]).replace(", ", ": ", 1)


def _readme(text: str, rows: Callable[[], Iterator[str]]) -> str:
    table = "".join(f"{row}\n" for row in rows())
    return TABLE.sub(lambda match: match[1] + table + match[2], text)


def _role(text: str) -> str:
    listed = "".join(
        "    <permission>\n"
        f"      <permkey>{entry['key']}</permkey>\n"
        f"      <permlevel>{entry['level'].upper()}</permlevel>\n"
        "    </permission>\n"
        for entry in permissions()
    )
    return ROLE.sub(lambda match: match[1] + listed + match[2], text)


FILES: dict[Path, Callable[[str], str]] = {
    ROOT / "suitescript/src/Objects/customrole_apbridge.xml": _role,
    ROOT / "suitescript/README.md": partial(_readme, rows=_rows_of_all),
    ROOT / "tap-netsuite-ap/README.md": partial(_readme, rows=partial(_rows, "tap")),
    ROOT / "target-netsuite-payments/README.md": partial(_readme, rows=partial(_rows, "payments")),
}
"""Every file that names permissions, and what renews its text."""


def main() -> None:
    """Write the files."""
    for file, renew in FILES.items():
        file.write_text(renew(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
