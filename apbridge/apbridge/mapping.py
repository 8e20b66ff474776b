"""Mapping tables: from NetSuite's GL accounts and dimension values to AvidXchange's codes.

A table is a CSV file with a header, or a YAML list; `mapping.schema.json` says what a rule holds. The most
specific rule holds: an internal id before a number, a value before a pattern, of patterns the longest, and of
equal ones that for the bill's subsidiary. What no rule is for keeps the code that it has in NetSuite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from apbridge import json
from apbridge.declared_file import (
    Declared,
    MalformedFileError,
    Steps,
    UnreadableFileError,
    from_csv,
    from_yaml,
    shortened,
    text_of,
)
from apbridge.errors import SettingError

GL_MAPPING, DIMENSION_MAPPING = "gl_mapping", "dimension_mapping"
"""The settings that name a table, and the parts of the schema that check it."""

SEGMENT = "cseg"
"""What the script ids of custom segments begin with."""

_ACCOUNT, _ACCOUNT_ID = "account", "account_id"


class MappingRule(NamedTuple):
    """One row of a table.

    Args:
        of: `account`, `account_id`, or a dimension.
        value: What it is for; a `*` in it stands for anything.
        subsidiary: Internal id of the subsidiary that it is for; None for all.
        code: AvidXchange's code; a `*` in it stands for what that in `value` does.
    """

    of: str
    value: str
    subsidiary: str | None
    code: str

    def match(self, value: str) -> str | None:
        """Return the code of a value; None where the rule is not for it."""
        before, star, after = self.value.partition("*")
        if not star:
            return self.code if value == self.value else None
        if len(value) < len(before) + len(after) or not (value.startswith(before) and value.endswith(after)):
            return None
        return self.code.replace("*", value[len(before) : len(value) - len(after)])


class MappingTable:
    """The rules of one table.

    Args:
        name: The file, as errors name it.
        rules: Its rows.
    """

    def __init__(self, name: str, rules: Sequence[MappingRule] = ()) -> None:
        self.name = name
        self.rules = tuple(rules)
        self._found: dict[tuple[str, str, str | None], str | None] = {}
        # Most specific first: sorted once, so that the first that matches holds.
        self._in_order = sorted(
            rules, key=lambda rule: ("*" in rule.value, -len(rule.value), rule.subsidiary is None)
        )

    @classmethod
    def load(cls, file: str | None, setting: str) -> MappingTable:
        """Read the table that a setting names; an empty one where it names none.

        Raises:
            SettingError: It cannot be read or is not valid; it names file, line and column.
        """
        if file is None:
            return cls(f"a table named by {setting}")
        try:
            text = text_of(file)
            is_csv = file.lower().endswith(".csv")
            declared = from_csv(text) if is_csv else from_yaml(text, as_text=True)
        except UnreadableFileError as failure:
            raise SettingError("APB-MAP-001", setting=setting, file=file, problem=failure) from failure
        except MalformedFileError as failure:
            raise _invalid(file, failure.line, failure.column, failure.says) from failure
        _check(file, declared, setting)
        return cls(file, _rules(file, declared))

    def code(self, of: str, value: str, subsidiary: str | None) -> str | None:
        """Return the code of an account number (`account`), an `account_id`, or a dimension's value.

        Args:
            of: Which of these, or which dimension.
            value: The number or internal id.
            subsidiary: Internal id of the bill's subsidiary; None asks for what holds for all.

        Returns:
            None where no rule is for it.
        """
        key = (of, value, subsidiary)
        if key not in self._found:
            matches = (
                rule.match(value)
                for rule in self._in_order
                if rule.of == of and rule.subsidiary in {None, subsidiary}
            )
            self._found[key] = next((code for code in matches if code is not None), None)
        return self._found[key]


class Coding:
    """What AvidXchange calls NetSuite's GL accounts and dimension values.

    Args:
        accounts: The table of GL accounts.
        dimensions: The table of dimension values.
    """

    def __init__(self, accounts: MappingTable, dimensions: MappingTable) -> None:
        self.accounts = accounts
        self.dimensions = dimensions

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Coding:
        """Read the tables that a plugin's settings name.

        Raises:
            SettingError: One cannot be read or is not valid.
        """
        tables = [MappingTable.load(config.get(name), name) for name in (GL_MAPPING, DIMENSION_MAPPING)]
        return cls(*tables)

    @property
    def digest(self) -> str:
        """What tells these tables from any that say otherwise."""
        told = [[list(rule) for rule in table.rules] for table in (self.accounts, self.dimensions)]
        return hashlib.sha256(json.canonical(told)).hexdigest()

    def gl_code(self, account_id: str | None, number: str | None, subsidiary: str | None) -> str | None:
        """Return the code of a GL account; unmapped its number, and its internal id where it has none."""
        by_id = account_id and self.accounts.code(_ACCOUNT_ID, account_id, subsidiary)
        by_number = number and self.accounts.code(_ACCOUNT, number, subsidiary)
        return by_id or by_number or number or account_id

    def dimension_code(self, dimension: str, value_id: str | None, subsidiary: str | None) -> str | None:
        """Return the code of a dimension's value, such as of `department` 7; unmapped its internal id."""
        return value_id and (self.dimensions.code(dimension, value_id, subsidiary) or value_id)


def _check(file: str, declared: Declared, setting: str) -> None:
    if not isinstance(declared.value, list | None):
        raise _invalid(file, declared.line(()), 1, "it is not a list of rules")
    for steps in declared.twice:
        raise _wrong(file, declared, steps[:2], "it is there twice")
    check = _validator(setting)
    for row, values in enumerate(declared.value or ()):
        found = best_match(check.iter_errors([values]))
        if found is not None:
            column, problem = _column_and_problem(found)
            raise _wrong(file, declared, (row, column), problem)


def _rules(file: str, declared: Declared) -> list[MappingRule]:
    rows: dict[tuple[str, str, str | None], int] = {}
    rules: list[MappingRule] = []
    for row, values in enumerate(declared.value or ()):
        of = values.get("dimension") or (_ACCOUNT if _ACCOUNT in values else _ACCOUNT_ID)
        value = values.get("value") or values[of]
        rule = MappingRule(of, value, values.get("subsidiary"), values["code"])
        column = "value" if "value" in values else of
        earlier = rows.setdefault(rule[:3], row)
        if earlier != row:
            line = declared.line((earlier,))
            raise _wrong(file, declared, (row, column), f"line {line} has a rule for {value} already")
        if "*" in rule.code and "*" not in rule.value:
            raise _wrong(file, declared, (row, "code"), f"it has a *, and {column} has none")
        rules.append(rule)
    return rules


def _column_and_problem(found: ValidationError) -> tuple[str, str]:
    column = str(found.absolute_path[1]) if len(found.absolute_path) > 1 else ""
    problem = str(found.message)
    if found.validator == "required":
        column = next((name for name in found.validator_value if name not in found.instance), "")
        problem = "it is missing"
    elif found.validator == "additionalProperties":
        column = next(iter(sorted(set(found.instance) - set(found.schema["properties"]))))
        problem = f"there is no such column; there are {', '.join(found.schema['properties'])}"
    elif found.validator == "oneOf":
        column, problem = _ACCOUNT, "one of account and account_id must be there, and not both"
    elif found.validator == "pattern":
        problem = f"{found.instance!r} does not match {found.validator_value}"
    return column, problem


@cache
def _validator(setting: str) -> Draft202012Validator:
    text = (resources.files("apbridge") / "mapping.schema.json").read_text(encoding="utf-8")
    declared = json.loads(text)
    return Draft202012Validator({"$ref": f"#/$defs/{setting}", "$defs": declared["$defs"]})


def _wrong(file: str, declared: Declared, steps: Steps, problem: str) -> SettingError:
    column = steps[1]
    told = f"{declared.places[steps].column} ({column})" if steps in declared.places else column or 1
    return _invalid(file, declared.line(steps), told, problem)


def _invalid(file: str, line: int, column: str | int, problem: str) -> SettingError:
    column = shortened(column) if isinstance(column, str) else column
    return SettingError("APB-MAP-002", file=file, line=line, column=column, problem=shortened(problem))
