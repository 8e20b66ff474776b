"""The recipes of docs/architecture.md, as steps that can be carried out in a copy of the repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.meltano import ROOT

DOCUMENT = ROOT / "docs/architecture.md"
PACKAGES = (
    "apbridge/apbridge",
    "apbridge-operator/apbridge_operator",
    "sandbox/apbridge_sandbox",
    "tap-avidxchange/tap_avidxchange",
    "tap-netsuite-ap/tap_netsuite_ap",
    "target-avidxchange/target_avidxchange",
    "target-netsuite-payments/target_netsuite_payments",
    "tools",
)
_FENCE = re.compile(r"^ *```\w+$", re.MULTILINE)
_STEP = re.compile(
    r"^\d+\. `(?P<file>[^`]+)`, "
    r"(?:(?P<how>new|at the end)|(?P<side>after|before|in place of)\s+`(?P<line>[^`]+)`)"
    r"(?:;[^`]*?(?:`[^`]*`[^`]*?)*)?:\n\n(?P<margin> {3,4})```\w+\n(?P<text>.*?)^ {3,4}```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One file of a recipe: what is written into it, and where."""

    file: str
    how: str
    line: str
    text: str

    def carry_out(self, copy: Path) -> None:
        """Do it in a copy of the repository."""
        file = copy / self.file
        if self.how == "new":
            assert not file.exists(), self.file
            file.write_text(self.text, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        if self.how == "at the end":
            lines.append(self.text)
        else:
            (at,) = [number for number, line in enumerate(lines) if line.strip() == self.line]
            begin, end = {"before": (at, at), "after": (at + 1, at + 1), "in place of": (at, at + 1)}[
                self.how
            ]
            lines[begin:end] = [self.text]
        file.write_text("".join(lines), encoding="utf-8")


def recipes() -> dict[str, list[Step]]:
    """Return the steps of each recipe, by its heading. Every block of code is one."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("\n## Recipes\n")[2]
    found = {}
    for section in text.split("\n### ")[1:]:
        heading, _, body = section.partition("\n")
        found[heading] = list(_steps(body))
        assert len(found[heading]) == len(_FENCE.findall(body)), heading
    return found


def _steps(body: str) -> Iterator[Step]:
    for step in _STEP.finditer(body):
        text = "".join(line.removeprefix(step["margin"]) for line in step["text"].splitlines(keepends=True))
        yield Step(step["file"], step["how"] or step["side"], step["line"] or "", text)


def copied(folder: Path) -> Path:
    """Copy what the recipes change, and what is tried out with it."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    for file in ("meltano.yml", "VERSION"):
        shutil.copy2(ROOT / file, folder / file)
    return folder
