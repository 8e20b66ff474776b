"""docs/netsuite.md against the code: each query, column, call and switch is in it, and none that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from apbridge_sandbox.suiteql.catalogue import catalogue
from apbridge_sandbox.switches import declared
from demo.meltano import ROOT
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest
from tools import survey

DOCUMENT = ROOT / "docs/netsuite.md"
PACKAGES = (
    "apbridge/apbridge",
    "apbridge-operator/apbridge_operator",
    "tap-netsuite-ap/tap_netsuite_ap",
    "target-netsuite-payments/target_netsuite_payments",
)
RECORDS = "/services/rest/record/v1"
WRITES = {"create": "POST", "patch": "PATCH", "delete": "DELETE", "upsert": "PUT", "get": "GET"}

FROM = re.compile(r"\b(?:FROM|JOIN)\s+(\w+(?:\s+\w+)?(?:\s*,\s*\w+(?:\s+\w+)?)*)", re.IGNORECASE)
COLUMN = re.compile(r"\b([a-z]\w*)\.([a-z]\w*)\b")
PLAIN = re.compile(r"SELECT (\w+) FROM (\w+)\b(?! \w+ (?:WHERE|JOIN))")
COMMENT = re.compile(r"--.*")


@cache
def section(heading: str) -> str:
    """Return what stands under a heading of the second rank."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return str(found)


def firsts(text: str) -> list[str]:
    """Return the first cells of the tables in a text."""
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    return [cell for cell in cells if "`" in cell]


def coded(cells: list[str]) -> list[str]:
    """Return what stands in code in some cells."""
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def files(pattern: str) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob(pattern))


def parsed(word: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the Python files that a word is in, each with its path."""
    for file in files("*.py"):
        text = file.read_text(encoding="utf-8")
        if word in text:
            yield str(file.relative_to(ROOT)), ast.parse(text)


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the queries of a YAML document."""
    if isinstance(value, str) and value.startswith("SELECT "):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


@cache
def queries() -> dict[str, str]:
    """Return every query, by the path of the file that it is or stands in."""
    found = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files("*.sql")}
    for file in files("*.yaml"):
        listed = list(texts(yaml.safe_load(file.read_text(encoding="utf-8"))))
        if listed:
            found[str(file.relative_to(ROOT))] = "\n".join(listed)
    for path, tree in parsed("SELECT"):
        listed = [text for text in constants(tree) if is_query(text)]
        if listed:
            found[path] = "\n".join(listed)
    return found


def constants(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in a Python file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_query(text: str) -> bool:
    """Return whether a text is a query of NetSuite, and not of a database of ours."""
    found = FROM.search(text) if text.startswith(("SELECT ", "WITH ")) else None
    return found is not None and found[1].split()[0] in catalogue().tables


def reads(text: str) -> set[tuple[str, str]]:
    """Return the columns that a query reads, each with its table."""
    text = COMMENT.sub("", text)
    tables: dict[str, str] = {}
    for listed in FROM.findall(text):
        for one in listed.split(","):
            table, _, alias = one.strip().partition(" ")
            tables[(alias.strip() or table).lower()] = table.lower()
    named = {(tables[alias], column) for alias, column in COLUMN.findall(text.lower()) if alias in tables}
    return named | {(table.lower(), column.lower()) for column, table in PLAIN.findall(text)}


def columns() -> set[tuple[str, str]]:
    """Return every column that the project reads, each with its table."""
    (bills,) = [stream.query for stream in manifest().streams if stream.name == "bills"]
    marked = "\n".join(line.text for line in Eligibility.from_config({}).mark(bills).lines)
    return {pair for text in [*queries().values(), marked] for pair in reads(text)}


def calls() -> set[str]:
    """Return every call of NetSuite over HTTP: the method and the path."""
    found = set()
    for word in ("Call(", "RECORD_TYPE"):
        for _, tree in parsed(word):
            known = assigned(tree)
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    names = known | assigned(function)
                    for node in ast.walk(function):
                        found |= set(called(node, names))
    return found


def called(node: ast.AST, names: dict[str, ast.expr]) -> Iterator[str]:
    """Yield what a call in Python asks of NetSuite."""
    match node:
        case ast.Call(func=ast.Name("Call"), args=[ast.Constant(str() as method), path, *_]):
            written = resolved(path, names)
            # What the client does with any record is told by who calls the client.
            if written.startswith(("/services/", "/app/")) and "{record_type}" not in written:
                yield f"{method} {written}"
        case ast.Call(func=ast.Attribute(value=on, attr=name), args=[ast.Name("RECORD_TYPE"), *_]):
            if name in WRITES and ast.unparse(on).endswith("netsuite"):
                one = "" if name == "create" else "/{id}"
                yield f"{WRITES[name]} {RECORDS}/{resolved(ast.Name('RECORD_TYPE'), names)}{one}"


def assigned(tree: ast.AST) -> dict[str, ast.expr]:
    """Return what names, and attributes of `self`, are set to."""
    return {
        ast.unparse(target): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }


def resolved(node: ast.expr, names: dict[str, ast.expr]) -> str:
    """Return a text with what is known of it put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(resolved(part, names) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        node = node.value
    known = names.get(ast.unparse(node))
    word = re.findall(r"\w+", ast.unparse(node))[-1]
    return resolved(known, names) if known is not None else f"{{{word}}}"


def actions() -> set[str]:
    """Return what is asked of the RESTlet."""
    return {
        ast.literal_eval(node.values[0])
        for _, tree in parsed('{"action"')
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and node.keys and ast.unparse(node.keys[0] or node) == "'action'"
    }


def unlike(told: Sequence[Any], there: Iterable[Any]) -> dict[str, list[Any]]:
    """Return how what the document tells differs from what is there."""
    lists = {
        "not told": sorted(set(there) - set(told)),
        "gone": sorted(set(told) - set(there)),
        "told twice": sorted(each for each in set(told) if told.count(each) > 1),
    }
    return {name: found for name, found in lists.items() if found}


def test_each_query_has_a_row():
    links = re.findall(r"\]\(\.\./([^)]+)\)", "\n".join(firsts(section("Queries"))))
    assert unlike(links, queries()) == {}


def tables() -> list[tuple[str, str]]:
    """Return what is told of the columns of each table."""
    return re.findall(
        r"^### `(\w+)`[^\n]*\n(.*?)(?=^### |\Z)", section("Tables and columns"), re.DOTALL | re.MULTILINE
    )


def test_each_column_that_is_read_has_a_row_and_no_other_has():
    told = [(table, column) for table, rows in tables() for column in coded(firsts(rows))]
    assert unlike(told, columns()) == {}


def test_what_is_needed_is_told_so():
    there = {
        (column.table, column.column)
        for query, _ in survey.queries().values()
        for column in query.columns
        if not column.is_optional
    }
    told = [
        (table, column)
        for table, rows in tables()
        for row in re.findall(r"^\|.+\bneeded\b[^|]*\|$", rows, re.MULTILINE)
        for column in coded(firsts(row))
    ]
    assert unlike(told, there) == {}


def test_each_call_has_a_row():
    rows = coded(firsts(section("Calls")))
    assert unlike(rows, calls() | actions()) == {}


def test_each_switch_of_netsuite_has_a_row():
    rows = coded(firsts(section("What differs between accounts")))
    assert unlike(rows, [name for name in declared() if name.startswith("netsuite.")]) == {}
