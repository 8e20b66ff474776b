"""The README's table of switches: `python -m apbridge_sandbox.switches.table README.md` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

from apbridge_sandbox.switches import declared

BEGIN, END = "<!-- switches -->\n", "<!-- /switches -->"


def table() -> str:
    """Return the switches as a Markdown table. A trailing … means that any other value will do too."""
    rows = ["| switch | values, the default first | |", "|---|---|---|"]
    for name, switch in declared().items():
        allowed = [True, False] if isinstance(switch.default, bool) else switch.values
        others = [value for value in allowed or [] if value != switch.default]
        values = ", ".join(f"`{_shown(value)}`" for value in (switch.default, *others))
        some = f"; some of {', '.join(f'`{one}`' for one in switch.of)}" if switch.of else ""
        rows.append(f"| `{name}` | {values}{some or ('' if allowed else ' …')} | {switch.says} |")
    return "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) or '""'


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    readme.write_text(before + BEGIN + table() + END + after, encoding="utf-8")
