"""Write the page of errors, `docs/errors.md`, from the catalogue's sentences.

`python -m tools.errors` writes it; with `--check` it only says whether the page is as it should be.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from apbridge.errors import catalogue
from tools.generated import write_or_check

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/errors.md"

AREAS = {
    "SET": "Settings",
    "CLI": "The command apbridge",
    "CHK": "apbridge check",
    "SRV": "apbridge survey",
    "TRY": "apbridge profile try",
    "CMP": "Companies",
    "REC": "apbridge reconcile",
    "RCD": "apbridge records check",
    "VLT": "The vault",
    "CRT": "apbridge certificate",
    "BAK": "apbridge backup and restore",
    "NS": "NetSuite",
    "AX": "AvidXchange",
    "HTTP": "Calls to either system",
    "LED": "The ledger",
    "BRK": "What a run may take back at once, and apbridge approve",
    "EXC": "Exceptions",
    "CON": "apbridge console and apbridge report",
    "HLT": "What the console warns of",
    "MTR": "apbridge metrics",
    "TRC": "Traces",
    "NTC": "apbridge notify",
    "SCH": "Schedules",
    "MAP": "Mapping tables",
    "VND": "The first day: vendors and codes that AvidXchange had before us",
    "SNG": "Taps and targets",
    "SPL": "The spool of images",
    "TNS": "Reading NetSuite (tap-netsuite-ap)",
    "AXT": "Reading AvidXchange (tap-avidxchange)",
    "TAX": "Vendors, codes and bills into AvidXchange (target-avidxchange)",
    "PAY": "Payments into NetSuite (target-netsuite-payments)",
}
_FOR = {
    "SettingError": "whoever set apbridge up",
    "RejectedError": "the AP team",
    "RefusedError": "whoever set apbridge up, or the AP team where it names a record",
    "UnavailableError": "nobody at first, for the next run tries again; the engineer on call where it lasts",
    "OutcomeUnknownError": "nobody: it is looked up before anything is sent again",
    "IncompleteError": "nobody at first, for the next run tries again; the engineer on call where it lasts",
    "HeldError": "the AP team",
    "OvertakenError": "nobody: another run has dealt with newer content",
}
_MADE_BY = {"not_right": "RejectedError"}
"""Functions that make an error of a code, each with its kind."""

_NOTE = "whoever reads the log: the run goes on"
_ON_COMMAND = "whoever ran the command"
_COMMANDS = {"CLI", "CHK", "SRV", "REC", "RCD", "VLT", "CRT", "BAK", "EXC", "CON", "HLT", "NTC", "SCH"}
_CODE = re.compile(r"APB-[A-Z]+-\d{3}")
_FACT = re.compile(r"\{(\w+)[^}]*\}")

_HEAD = """# Errors

Every sentence that apbridge may end with, by its code. The code never changes; what stands in *italics* is
filled in. `make errors` writes this page.
"""


def page() -> str:
    """Return the page as it should read.

    Raises:
        KeyError: An area has no title in `AREAS`.
    """
    kinds = kinds_by_code()
    areas: dict[str, list[str]] = {area: [] for area in AREAS}
    for code, entry in sorted(catalogue().items()):
        area = code.split("-")[1]
        usual = _ON_COMMAND if area in _COMMANDS else _NOTE
        title = f"**{entry.title}**\n\n" if entry.title else ""
        whom = "; ".join(dict.fromkeys(_FOR.get(kind, usual) for kind in sorted(kinds[code]))) or usual
        areas[area].append(
            f"\n### {code}\n\n{title}{_shown(entry.says)}\n\n**Do:** {_shown(entry.do)}\n\n**For:** {whom}.\n"
        )
    parts = [f"\n## {AREAS[area]}\n{''.join(sections)}" for area, sections in areas.items() if sections]
    return _HEAD + "".join(parts)


def kinds_by_code() -> dict[str, set[str]]:
    """Return as what kinds of error each code is raised: they differ in who acts."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in (
        "apbridge/apbridge",
        "apbridge-operator/apbridge_operator",
        "tap-*/tap_*",
        "target-*/target_*",
    ):
        for folder in ROOT.glob(package):
            for file in folder.rglob("*.py"):
                for kind, code in _raised(ast.parse(file.read_text(encoding="utf-8"))):
                    found[code].add(kind)
    return found


def _raised(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each kind of error that a module makes with each code that it may bear, also by way of names."""
    for scope in _scopes(module):
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and call.args:
                kind = (
                    call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                )
                kind = _MADE_BY.get(kind, kind)
                if kind.endswith("Error"):
                    for code in _codes(call.args[0], [scope, module], set()):
                        yield kind, code


def _scopes(module: ast.Module) -> Iterator[ast.AST]:
    """Yield a module's functions, in which a name means what it was set to there."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _codes(value: ast.AST, scopes: list[ast.AST], seen: set[str]) -> Iterator[str]:
    """Yield the codes that an expression may have as its value."""
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value
        elif isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            for told in _set_to(node.id, scopes):
                yield from _codes(told, scopes, seen)


def _set_to(name: str, scopes: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield what a name is set to in a function, or else at the top of its module."""
    for scope in scopes:
        nodes = scope.body if isinstance(scope, ast.Module) else ast.walk(scope)
        found = [told for node in nodes for target, told in _settings(node) if name in _names(target)]
        if found:
            yield from found
            return


def _settings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the targets that a statement sets, each with what to."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.comprehension):
        yield node.target, node.iter


def _names(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _shown(template: str) -> str:
    """Return a sentence with its facts as words; what Markdown would take for markup is left as it is."""
    shown = _FACT.sub(r"*\1*", template)
    return re.sub(r"(?<!`)<([^<>`]+)>(?!`)", r"&lt;\1&gt;", shown)


def main() -> None:
    """Write the page, or check it."""
    write_or_check(PAGE, page(), "make errors")


if __name__ == "__main__":
    main()
