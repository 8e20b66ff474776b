"""YAML and CSV as people write them: read within bounds, and every value with its place."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.reader import Reader

MAX_BYTES = 4_000_000
MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Far over any file that somebody wrote, and under what takes long or overflows the stack."""

_LONGEST_NUMBER = 100

Steps = tuple[str | int, ...]
"""The way to a value: keys, and numbers in a list from 0."""

_NO_VALUE = (AttributeError, LookupError, OverflowError, TypeError, ValueError, yaml.YAMLError)
"""What PyYAML trips over where a value is not of the kind that its tag says, such as `!!bool perhaps`."""

# libyaml's loaders are ten times as fast; a yaml that was built without it has none.
_TEXTS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Values(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes numbers, booleans and texts. A date stays the text that it is."""


def _bounded(make: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Bound the numbers that are made: thousands of digits, or of sixties (1:2:3…), take for ever."""

    def bounded(loader: Any, node: Any) -> Any:  # noqa: ANN401
        if len(node.value) > _LONGEST_NUMBER:
            raise ValueError(len(node.value))
        return make(loader, node)

    return bounded


_Values.add_constructor("tag:yaml.org,2002:int", _bounded(_Values.construct_yaml_int))
_Values.add_constructor("tag:yaml.org,2002:float", _bounded(_Values.construct_yaml_float))
_Values.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class UnreadableFileError(Exception):
    """A file that is not there, or is no text; it says why."""


class MalformedFileError(Exception):
    """A file that is not what it is called.

    Args:
        line: Where, from 1.
        column: Where in the line, from 1.
        says: What is wrong there.
    """

    def __init__(self, line: int, column: int, says: str) -> None:
        super().__init__(f"line {line}, column {column}: {says}")
        self.line = line
        self.column = column
        self.says = says


class FilePosition(NamedTuple):
    """Where something stands in a file; line and column count from 1."""

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True)
class Declared:
    """What a file declares.

    Args:
        value: Its plain value; None where it is empty.
        places: Of each key and of each item of a list; of a CSV those of its rows, for columns go by name.
        twice: Keys that are there twice: the later would silently win.
    """

    value: Any
    places: Mapping[Steps, FilePosition]
    twice: Sequence[Steps] = ()

    def position(self, steps: Steps) -> FilePosition:
        """Return the position of a value, or of the nearest thing above it that is in the file."""
        above = (steps[:end] for end in range(len(steps), -1, -1))
        return next((self.places[step] for step in above if step in self.places), FilePosition(1, 1))

    def line(self, steps: Steps) -> int:
        """Return the line of that position."""
        return self.position(steps).line

    def over(self, base: Declared) -> Declared:
        """Lay it over another: mappings merge key by key, null removes, all else replaces. Places stay."""
        places = dict(base.places)
        value = _laid_over(self.value, base.value, (), places)
        return Declared(value, {**places, **self.places}, self.twice)


def shortened(text: str, most: int = 500) -> str:
    """Cut what a sentence quotes of a file: a value may be as long as the file."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def text_of(file: str | Path, most: int = MAX_BYTES) -> str:
    """Read a file of somebody's own.

    Args:
        file: Where it is.
        most: How many bytes it may have.

    Raises:
        UnreadableFileError: It is not there, too long or not UTF-8.
    """
    try:
        with Path(file).expanduser().open("rb") as opened:
            data = opened.read(most + 1)
        if len(data) <= most:
            return data.decode("utf-8-sig")
        says = f"it is longer than {most} bytes"
    except UnicodeDecodeError as failure:
        line = failure.object.count(b"\n", 0, failure.start) + 1
        says = f"it is not UTF-8 text, see line {line}"
    except (OSError, RuntimeError, ValueError) as failure:
        says = getattr(failure, "strerror", None) or str(failure)
    raise UnreadableFileError(says)


def values(text: str) -> Any:  # noqa: ANN401
    """Read YAML that may use all that YAML has, and of which nobody need be told the lines.

    Raises:
        MalformedFileError: It is not YAML, or it is too large where its aliases are written out, or too deep.
    """
    root = _composed(text, _Values, may_repeat=True)
    return None if root is None else _value(root, _Values)


def from_yaml(text: str, *, file: str = "", as_text: bool = False) -> Declared:
    """Read YAML without aliases and tags.

    Args:
        text: What is in the file.
        file: What its places name it.
        as_text: Leave every value the text that it is, so that 0610 stays 0610.

    Raises:
        MalformedFileError: It is not YAML, or too deep, or it uses aliases or tags.
    """
    loader = _TEXTS if as_text else _Values
    root = _composed(text, loader, may_repeat=False)
    if root is None:
        return Declared(None, {})
    places: dict[Steps, FilePosition] = {
        (): FilePosition(root.start_mark.line + 1, root.start_mark.column + 1, file)
    }
    twice: list[Steps] = []
    _note(root, (), places, twice)
    return Declared(_value(root, loader), places, twice)


def from_csv(text: str, *, needs: Collection[str] = ()) -> Declared:
    """Read CSV with a header: a list of rows by the names of its columns, without what is blank.

    Args:
        text: The CSV.
        needs: Columns that must be there.

    Raises:
        MalformedFileError: A row does not fit the header, a column is missing, or it is no CSV.
    """
    _check_characters(text)
    header = text.partition("\n")[0]
    # Excel writes semicolons wherever the comma is the decimal sign.
    delimiter = ";" if ";" in header and "," not in header else ","
    numbered = _csv_rows(text, delimiter)
    names = next(numbered, (1, []))[1]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            raise MalformedFileError(1, index + 1, f"the column {shortened(name)} is there twice")
    rows: list[dict[str, str]] = []
    places: dict[Steps, FilePosition] = {}
    held = 0
    for line, cells in numbered:
        held += 1 + len(cells)
        if held > MAX_VALUES:
            raise MalformedFileError(line, 1, f"it holds more than {MAX_VALUES} rows and values")
        if len(cells) > len(names):
            says = f"it has {len(cells)} values, and the header {len(names)} columns"
            raise MalformedFileError(line, len(names) + 1, says)
        if any(cells):
            places[len(rows),] = FilePosition(line, 1)
            rows.append({name: cell for name, cell in zip(names, cells, strict=False) if cell})
    if missing := [name for name in needs if name not in names]:
        raise MalformedFileError(1, 1, f"the column {missing[0]} is missing, in commas or semicolons")
    return Declared(rows, places)


def _csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line at which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as failure:
        says = f"its quotes are not closed, or a value is longer than {csv.field_size_limit()} characters"
        raise MalformedFileError(begins, 1, says) from failure


def _check_characters(text: str) -> None:
    if found := Reader.NON_PRINTABLE.search(text):
        before = text[: found.start()].split("\n")
        says = f"there is a control character (U+{ord(found[0]):04X})"
        raise MalformedFileError(len(before), len(before[-1]) + 1, says)


def _composed(text: str, loader: Any, *, may_repeat: bool) -> Any:  # noqa: ANN401
    _check_characters(text)
    try:
        _check_shape(text, loader, may_repeat=may_repeat)
        return yaml.compose(text, Loader=loader)
    except yaml.YAMLError as failure:
        raise _not_yaml(text, failure) from failure


def _check_shape(text: str, loader: Any, *, may_repeat: bool) -> None:  # noqa: ANN401
    shape = _Shape()
    for event in yaml.parse(text, Loader=loader):
        if not may_repeat and isinstance(event, yaml.AliasEvent):
            raise _malformed(event.start_mark, "aliases (*) are not read here")
        if not may_repeat and getattr(event, "tag", None) is not None:
            raise _malformed(event.start_mark, "tags (!) are not read here")
        if wrong := shape.problem_with(event):
            raise _malformed(event.start_mark, wrong)


class _Size(NamedTuple):
    """How many values there are in one, itself counted, and how deep they go."""

    values: int
    depth: int


@dataclass
class _Open:
    """A list or mapping that has begun, under an anchor or none."""

    anchor: str | None
    values: int = 1
    depth: int = 0


class _Shape:
    """Counts the values of a file, and how deep they are: aliases as what they stand for."""

    def __init__(self) -> None:
        # The first stands for the file itself.
        self._opened = [_Open(None, 0)]
        self._anchored: dict[str | None, _Size] = {}

    def problem_with(self, event: Any) -> str | None:  # noqa: ANN401
        """Count one more event, and say what is wrong with it."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._opened.append(_Open(event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._opened.pop()
            self._add(ended.anchor, _Size(ended.values, ended.depth + 1))
        elif isinstance(event, yaml.ScalarEvent):
            self._add(event.anchor, _Size(1, 0))
        elif isinstance(event, yaml.AliasEvent):
            if any(one.anchor == event.anchor for one in self._opened):
                return "it holds itself"
            self._add(None, self._anchored.get(event.anchor, _Size(1, 0)))
        if len(self._opened) - 1 + self._opened[-1].depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} deep"
        if sum(one.values for one in self._opened) > MAX_VALUES:
            return f"it holds more than {MAX_VALUES} values"
        return None

    def _add(self, anchor: str | None, size: _Size) -> None:
        self._anchored[anchor] = size
        outer = self._opened[-1]
        outer.values += size.values
        outer.depth = max(outer.depth, size.depth)


def _note(node: yaml.Node, steps: Steps, places: dict[Steps, FilePosition], twice: list[Steps]) -> None:
    """Note the place of every key and item below a node."""
    pairs: list[tuple[str | int, Any, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        pairs = [(str(key.value), key.start_mark, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(index, value.start_mark, value) for index, value in enumerate(node.value)]
    twice += [(*steps, step) for step, times in Counter(step for step, *_ in pairs).items() if times > 1]
    for step, mark, value in pairs:
        here = (*steps, step)
        places[here] = FilePosition(mark.line + 1, mark.column + 1, places[()].file)
        _note(value, here, places, twice)


def _laid_over(own: Any, base: Any, steps: Steps, places: dict[Steps, FilePosition]) -> Any:  # noqa: ANN401
    """Lay a value over another, and take from `places` what is no longer there of the other."""
    if not (isinstance(own, dict) and isinstance(base, dict)):
        for place in [place for place in places if place[: len(steps)] == steps]:
            del places[place]
        return own
    merged = dict(base)
    for key, value in own.items():
        laid = _laid_over(value, base.get(key), (*steps, str(key)), places)
        if value is None and key in base:
            del merged[key]
        else:
            merged[key] = laid
    return merged


def _value(node: yaml.Node, loader: Any) -> Any:  # noqa: ANN401
    """Make the plain value of a node; where it has none, name the innermost that has none."""
    try:
        return loader("").construct_document(node)
    except _NO_VALUE as failure:
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        for one in chain.from_iterable(inner) if isinstance(node, yaml.MappingNode) else inner:
            _value(one, loader)
        mark = getattr(failure, "problem_mark", None) or node.start_mark
        raise _malformed(mark, "it is no value") from failure


def _not_yaml(text: str, failure: Exception) -> MalformedFileError:
    mark: Any = getattr(failure, "problem_mark", None)
    lines = text.split("\n")
    if mark is not None and mark.line >= len(lines):
        # libyaml may name a line past the last one.
        return MalformedFileError(len(lines), len(lines[-1]) + 1, "it is not YAML")
    return _malformed(mark, "it is not YAML")


def _malformed(mark: Any, says: str) -> MalformedFileError:  # noqa: ANN401 - libyaml has a mark of its own
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return MalformedFileError(line, column, says)
