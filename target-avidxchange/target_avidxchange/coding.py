"""What AvidXchange calls a GL account or a dimension value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Coding:
    """Codes are NetSuite's own: the account's number, the dimension value's internal id."""

    def gl_code(self, account_id: str | None, number: str | None) -> str | None:
        """Give the code of a GL account; where an account has no number, its internal id."""
        return number or account_id

    def dimension_code(self, dimension: str, value_id: str | None) -> str | None:  # noqa: ARG002
        """Give the code of a dimension value, such as of `department` 7."""
        return value_id
