"""What `apbridge check` looks at, each with one line: as it should be, or what is wrong and what to do."""

from apbridge_operator.cli.checks.finding import Finding, State

__all__ = ["Finding", "State"]
