"""The project's words are the field's: none of those that it once had of its own, and one meaning a name."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from demo.meltano import ROOT

PRODUCT = re.compile(
    r"apbridge/apbridge/|apbridge-operator/apbridge_operator/|sandbox/apbridge_sandbox/|t(ap|arget)-[\w-]+/t(ap|arget)_"
)
NOT_OURS = {"LICENSE", "constraints.txt"}

ANYWHERE = {
    *("story", "stories", "chronicle", "chronicles", "finding", "findings", "names table", "withheld"),
    *("rehearsal", "rehearsals", "foreseen", "portion", "portions", "verdict", "verdicts", "look back"),
    *("luck", "named books", "stranger", "strangers", "front door"),
}
"""In texts, and in the names of files and in code."""

IN_NAMES = {*ANYWHERE, "shut", "judge", "world", "paper", "halves", "memory", "gate"}
"""In code: the others are plain English in a text, as in the memory of a process."""

OF_CLASSES = {"Memory", "Judge", "Verdict", "Gate", "Course", "Directory", "Present"}
OF_MODULES = {"shown", "world", "halves", "luck", "paper", "memory", "gate"}

IN_PLAIN_ENGLISH = {
    "test_an_overload_halves_what_is_in_flight_and_answers_restore_it",  # to halve
    "SHUT_RDWR",  # of Python's socket
    "MEMORY",  # fsspec's file system in memory
    "get_traced_memory",  # of Python's tracemalloc
    "memory",  # that of a process, measured
}
"""Names in code that say another thing than what is forbidden."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@cache
def texts() -> dict[str, str]:
    """Return the text of every file of the repository that is ours, but of this one, by its path."""
    command = ("git", "ls-files", "-z")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name and Path(name).name not in NOT_OURS]
    contents = {path: path.read_bytes() for path in paths if path.is_file() and path != Path(__file__)}
    return {
        path.relative_to(ROOT).as_posix(): content.decode("utf-8", "replace")
        for path, content in contents.items()
        if b"\0" not in content
    }


@cache
def modules() -> dict[str, ast.Module]:
    """Return the modules of the product, by their path."""
    return {
        path: ast.parse(text)
        for path, text in texts().items()
        if path.endswith(".py") and PRODUCT.match(path)
    }


def old_words(text: str) -> list[str]:
    """Return the old words in a text, be they parts of a name or not."""
    plain = text.lower().replace("_", " ").replace("-", " ")
    # What is nowhere in it need not be looked for as a word: ten times as fast.
    return [word for word in ANYWHERE if word in plain and re.search(rf"(?<![a-z]){word}(?![a-z])", plain)]


def old_names(text: str) -> set[str]:
    """Return the names in a module of which a part is an old word."""
    plain = text.lower()
    if not any(word in plain for word in IN_NAMES):
        return set()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME} - IN_PLAIN_ENGLISH
    return {name for name in names if {part.lower() for part in _PARTS.findall(name)} & IN_NAMES}


def test_no_text_has_an_old_word():
    assert len(texts()) > 500
    assert {path: words for path, text in texts().items() if (words := old_words(text))} == {}


def test_no_name_in_code_has_an_old_word():
    modules = {path: text for path, text in texts().items() if path.endswith(".py")}
    assert {path: names for path, text in modules.items() if (names := old_names(text))} == {}


def test_no_file_has_an_old_word():
    assert [path for path in texts() if old_words(path) or Path(path).stem in OF_MODULES] == []


def test_a_class_has_one_meaning_and_no_old_name():
    classes = Counter(node.name for node in documented() if isinstance(node, ast.ClassDef))
    assert len(classes) > 300
    assert [name for name, times in classes.items() if times > 1] == []
    assert [name for name in classes if name.lstrip("_") in OF_CLASSES] == []


def test_no_docstring_begins_with_a_verb_that_says_little():
    begins = re.compile(r"(Give|Tell|Say|Let)s?\b")
    docstrings = [ast.get_docstring(node) or "" for node in documented()]
    assert [text.splitlines()[0] for text in docstrings if begins.match(text)] == []


def documented() -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield what may have a docstring in the product."""
    for module in modules().values():
        for node in ast.walk(module):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node
