"""What is wrong: of each kind how often, and the first few."""

from __future__ import annotations

from dataclasses import dataclass, field

from apbridge.errors import APBridgeError


@dataclass(frozen=True)
class Mistake:
    """One place where something is wrong.

    Args:
        line: Of the input, from 1; None where it is none of a single line.
        says: What is wrong there.
        do: What to do about it.
    """

    line: int | None
    says: str
    do: str


@dataclass
class Problem:
    """All that is wrong in one way.

    Args:
        code: Of its sentence.
        count: How often.
        first: The first of them.
    """

    code: str
    count: int = 0
    first: list[Mistake] = field(default_factory=list)


class Mistakes:
    """Counts what is found, and keeps the first of each kind.

    Args:
        most: How many of each kind are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._problems: dict[str, Problem] = {}

    def add(self, found: APBridgeError, line: int | None) -> None:
        """Take one."""
        problem = self._problems.setdefault(found.code, Problem(found.code))
        problem.count += 1
        if len(problem.first) < self._most:
            problem.first.append(Mistake(line, found.says, found.do))

    @property
    def problems(self) -> list[Problem]:
        """Of each kind, in order of their codes."""
        return [self._problems[code] for code in sorted(self._problems)]
