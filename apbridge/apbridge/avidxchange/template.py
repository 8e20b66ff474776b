"""Templates: from our record to AvidXchange's body, and back, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apbridge.avidxchange.expressions import Expression, ExpressionError, compiled

Template = Callable[[Any], dict[str, Any]]


class UnknownWordError(ValueError):
    """A word that the profile does not translate, such as a new status. Never guessed."""

    def __init__(self, field: str, word: Any) -> None:  # noqa: ANN401
        self.field = field
        self.word = word
        super().__init__(f"{field} {word!r} has no translation")


def compile_template(declared: Mapping[str, Any]) -> Template:
    """Compile the fields of a profile's template into one function over a record.

    Raises:
        ExpressionError: An expression is not JMESPath.
    """
    fields = {name: _compile_value(name, value) for name, value in declared.items()}

    def fill(record: Any) -> dict[str, Any]:  # noqa: ANN401
        return {name: value(record) for name, value in fields.items()}

    return fill


def _compile_value(name: str, declared: str | Mapping[str, Any]) -> Expression:
    if isinstance(declared, str):
        return compiled(declared)
    if "map" in declared:
        return _translation(name, compiled(declared["map"]), declared["values"])
    fields = compile_template(declared["fields"])
    if "each" in declared:
        return _each(name, compiled(declared["each"]), fields)
    return _one(compiled(declared["of"]), fields)


def _translation(name: str, expression: Expression, words: Mapping[str, str]) -> Expression:
    def translate(record: Any) -> Any:  # noqa: ANN401
        word = expression(record)
        if word is None:
            return None
        if not isinstance(word, str) or word not in words:
            raise UnknownWordError(name, word)
        return words[word]

    return translate


def _each(name: str, expression: Expression, fields: Template) -> Expression:
    def list_of(record: Any) -> Any:  # noqa: ANN401
        found = expression(record)
        if found is None:
            return []
        if not isinstance(found, list):
            message = f"{name} is not a list"
            raise ExpressionError(message)
        return [fields(item) for item in found]

    return list_of


def _one(expression: Expression, fields: Template) -> Expression:
    def object_of(record: Any) -> Any:  # noqa: ANN401
        found = expression(record)
        return None if found is None else fields(found)

    return object_of
