"""Write the page of licences, `docs/licences.md`, from what each library that users install says of itself.

`python -m tools.licences` writes it; with `--check` it only says whether the page is as it should be. A
library that is not of this system or Python, or of which each Python has another version, keeps its line.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from tools.generated import write_or_check

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/licences.md"
PINS = ROOT / "constraints-hashed.txt"

_HEAD = """# Licences

What is installed beside apbridge, which is under [Apache-2.0](../LICENSE), and under which licence, as each
library says it of itself. [`constraints-hashed.txt`](../constraints-hashed.txt) has the versions. Written by
`make licences`.

| library | licence |
|---|---|
"""
_ROW = re.compile(r"^\| (\S+) \| (.+) \|$", re.MULTILINE)
_LONGEST = 60
"""More than that is the licence's text, not its name."""


def pins() -> Counter[str]:
    """Return every library that users install, with how many versions of it there are."""
    return Counter(re.findall(r"^([a-z0-9-]+)==", PINS.read_text(encoding="utf-8"), re.MULTILINE))


def licence(library: Distribution) -> str:
    """Return a library's licence as it tells it: the expression, the classifiers, or how the text begins."""
    told = library.metadata
    if expressions := told.get_all("License-Expression"):
        return str(expressions[0])
    classifiers = told.get_all("Classifier") or []
    classified = [one.rsplit(" :: ", 1)[1] for one in classifiers if one.startswith("License :: ")]
    exact = [one for one in classified if one != "OSI Approved"]
    files = [library.read_text(f"licenses/{one}") for one in told.get_all("License-File") or []]
    texts = [(text or "").strip().partition("\n")[0] for text in [*(told.get_all("License") or []), *files]]
    return " or ".join(exact) or next((text for text in texts if 0 < len(text) <= _LONGEST), "")


def page(before: str) -> str:
    """Return the page, from what is installed here, and for other systems from the page as it was.

    Raises:
        LookupError: A library is neither installed nor on the page, or says nothing of its licence.
    """
    known = dict(_ROW.findall(before))
    rows = []
    for name, versions in sorted(pins().items()):
        found = known.get(name, "") if versions > 1 else ""
        with suppress(PackageNotFoundError):
            found = found or licence(distribution(name))
        found = found or known.get(name, "")
        if not found:
            raise LookupError(name)
        rows.append(f"| {name} | {found.replace('|', '/')} |\n")
    return _HEAD + "".join(rows)


def main() -> None:
    """Write the page, or check it."""
    write_or_check(PAGE, page(PAGE.read_text(encoding="utf-8")), "make licences")


if __name__ == "__main__":
    main()
