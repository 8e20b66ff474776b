"""How SuiteQL refuses a query."""

from __future__ import annotations

from collections.abc import Mapping

_LEAD = "Invalid search query. Detailed unprocessed description follows. "


class SuiteQLError(Exception):
    """The query is refused; `detail` is what NetSuite says of it."""

    def __init__(self, tail: str) -> None:
        self.detail = _LEAD + tail
        super().__init__(self.detail)


class UnknownColumnError(SuiteQLError):
    """It names a column that is not there, which NetSuite sometimes takes for an error of its own."""


def unsupported() -> SuiteQLError:
    """Return the refusal of everything that SuiteQL does not do; NetSuite says no more than this."""
    return SuiteQLError("Search error occurred: Invalid or unsupported search.")


def unparsable(query: str) -> SuiteQLError:
    """Return the refusal of what is no SQL."""
    return SuiteQLError(f"Search error occurred: Failed to parse SQL [{query}] syntax error.")


def unknown_column(name: str, sources: Mapping[str, str]) -> SuiteQLError:
    """Return the refusal of an unknown column; `sources` are the tables in reach, by alias."""
    known = ", ".join(f"{alias}={table}" for alias, table in sources.items())
    return UnknownColumnError(
        f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {{{known}}}."
    )


def removed_column(name: str, table: str) -> SuiteQLError:
    """Return the refusal of a column that NetSuite took away."""
    return UnknownColumnError(
        f"Search error occurred: Field '{name}' for record '{table}' was not found. "
        "Reason: REMOVED - Field is removed."
    )


def missing_table(name: str) -> SuiteQLError:
    """Return the refusal of a table whose feature is off or whose permission the role lacks."""
    return SuiteQLError(f"Search error occurred: Record '{name}' was not found.")


def unknown_table(name: str) -> SuiteQLError:
    """Return the refusal of a table that there never was."""
    return SuiteQLError(f"Invalid search type: {name}.")
