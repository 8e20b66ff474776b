"""What `apbridge check` looks at, each with one line: as it should be, or what is wrong and what to do."""

from apbridge_operator.cli.checks.result import CheckResult, State

__all__ = ["CheckResult", "State"]
