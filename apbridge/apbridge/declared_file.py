"""YAML as people write it: read fast, within bounds, and every value with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 50
"""Far over any file that somebody wrote, and under what takes long or overflows the stack."""

# libyaml's loaders are ten times as fast; a yaml that was built without it has none.
_TEXTS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Values(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes numbers, booleans and texts. A date stays the text that it is."""


_Values.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class MalformedFileError(Exception):
    """A file that is not what it is called.

    Args:
        line: Where, from 1.
        column: Where in the line, from 1.
        says: What is wrong there.
    """

    def __init__(self, line: int, column: int, says: str) -> None:
        super().__init__(line, column, says)
        self.line = line
        self.column = column
        self.says = says


def values(text: str | bytes) -> Any:  # noqa: ANN401
    """Read a file that ships with the project, or that nobody need be told the lines of.

    Raises:
        yaml.YAMLError: It is not YAML.
    """
    return yaml.load(text, Loader=_Values)  # noqa: S506 - it makes plain values only


class YamlFile:
    """A file of somebody's own, within bounds.

    Args:
        text: What is in it.
        as_text: Leave every value the text that it is, so that 0610 stays 0610.

    Attributes:
        root: Its outermost node, with its place; None where it is empty.

    Raises:
        MalformedFileError: It is not YAML, too long or too deep, or it uses aliases.
    """

    def __init__(self, text: str, *, as_text: bool = False) -> None:
        self._loader = _TEXTS if as_text else _Values
        if len(text) > MAX_CHARACTERS:
            raise MalformedFileError(1, 1, f"it is longer than {MAX_CHARACTERS} characters")
        try:
            self._check(text)
            self.root: yaml.Node | None = yaml.compose(text, Loader=self._loader)
        except yaml.YAMLError as failure:
            raise _malformed(_where(text, failure), "it is not YAML") from failure

    def value(self, node: yaml.Node | None) -> Any:  # noqa: ANN401
        """Make the plain value of a node.

        Raises:
            MalformedFileError: A value in it is none, such as a number of more digits than Python reads.
        """
        try:
            return None if node is None else self._loader("").construct_document(node)
        except (ValueError, yaml.YAMLError) as failure:
            place: Any = next((leaf for leaf in _leaves(node) if not self._is_value(leaf)), node)
            raise _malformed(place.start_mark, "it is no value") from failure

    def _is_value(self, leaf: yaml.Node) -> bool:
        try:
            self._loader("").construct_document(leaf)
        except (ValueError, yaml.YAMLError):
            return False
        return True

    def _check(self, text: str) -> None:
        depth = 0
        for event in yaml.parse(text, Loader=self._loader):
            if isinstance(event, yaml.AliasEvent):
                raise _malformed(event.start_mark, "aliases (*) are not read here")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise _malformed(event.start_mark, f"it is nested more than {MAX_DEPTH} deep")


def _where(text: str, failure: yaml.YAMLError) -> Any:  # noqa: ANN401
    """Return the mark of a mistake: libyaml may name a line past the end, Python's own parser does not."""
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as same:
        failure = same
    return getattr(failure, "problem_mark", None)


def _malformed(mark: Any, says: str) -> MalformedFileError:  # noqa: ANN401 - libyaml has a mark of its own
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return MalformedFileError(line, column, says)


def _leaves(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for one in pair:
                yield from _leaves(one)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _leaves(one)
    elif node is not None:
        yield node
