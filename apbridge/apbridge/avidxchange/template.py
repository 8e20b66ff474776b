"""Templates: from our record to AvidXchange's body, and back, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange.expressions import USUAL, Expression, ExpressionError, ProfileFunctions, compiled

_STATUS = "status"


class UnknownWordError(ValueError):
    """A word that the profile does not translate, such as a new status. Never guessed."""

    def __init__(self, field: str, word: Any) -> None:  # noqa: ANN401
        self.field = field
        self.word = word
        super().__init__(f"{field} {word!r} has no translation")


@dataclass(frozen=True)
class Template:
    """Fields, each with where its value comes from."""

    fields: Mapping[str, Expression]

    @classmethod
    def compile(cls, declared: Mapping[str, Any], functions: ProfileFunctions = USUAL) -> Template:
        """Compile the fields of a profile's template.

        Raises:
            ExpressionError: An expression is not JMESPath.
        """
        return cls({name: _compile_value(name, value, functions) for name, value in declared.items()})

    def __call__(self, record: Any) -> dict[str, Any]:  # noqa: ANN401
        """Fill it from a record.

        Raises:
            ExpressionError: An expression does not fit the record.
            UnknownWordError: A word has no translation.
        """
        return {name: value(record) for name, value in self.fields.items()}


def _compile_value(name: str, declared: str | Mapping[str, Any], functions: ProfileFunctions) -> Expression:
    if isinstance(declared, str):
        return compiled(declared, functions)
    if "map" in declared:
        of = compiled(declared["map"], functions)
        return _translation(name, of, declared["values"], declared.get("otherwise"))
    fields = Template.compile(declared["fields"], functions)
    if "each" in declared:
        return _each(name, compiled(declared["each"], functions), fields)
    return _one(compiled(declared["of"], functions), fields)


def _translation(
    name: str, expression: Expression, words: Mapping[str, str], otherwise: str | None
) -> Expression:
    def translate(record: Any) -> Any:  # noqa: ANN401
        word = expression(record)
        if word is None:
            # A payment need not have a method yet, but where a record stands must be known.
            return otherwise if name == _STATUS else None
        if isinstance(word, str) and word in words:
            return words[word]
        if otherwise is None:
            raise UnknownWordError(name, word)
        return otherwise

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
