"""What trying one thing that a profile says came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from apbridge.errors import APBridgeError, UnavailableError


class TrialState(str, Enum):
    """How a profile stands in one point."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "not known"
    """The company has nothing that shows it, or what it needs has failed."""


@dataclass(frozen=True)
class TrialResult:
    """The end of one check.

    Args:
        check: Its name, such as `payment.list.pages`.
        state: How it ended.
        says: What was seen.
        do: What to change.
        code: Of that sentence in the catalogue; empty where nothing is wrong.
        where: The place in the profile that it is about.
        shows: What of the profile is shown to be right, such as `payment.list.next`, each with all below it.
        was_answered: Whether AvidXchange answered.
    """

    check: str
    state: TrialState
    says: str
    do: str = ""
    code: str = ""
    where: str = ""
    shows: Sequence[str] = ()
    was_answered: bool = True


@dataclass
class TrialResults:
    """The results of a trial, in their order."""

    all: list[TrialResult] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    """What is left in the company."""

    def passed(self, check: str, says: str, *shows: str) -> None:
        """Note that something is as the profile says."""
        self.all.append(TrialResult(check, TrialState.PASSED, says, shows=shows))

    def unknown(self, check: str, says: str) -> None:
        """Note that nothing shows whether it is."""
        self.all.append(TrialResult(check, TrialState.UNKNOWN, says))

    def failed(self, check: str, error: APBridgeError, where: str) -> None:
        """Note that it is not.

        Args:
            check: The check's name.
            error: What is wrong, and what to do.
            where: The place in the profile to change.
        """
        was_answered = not isinstance(error, UnavailableError)
        self.all.append(
            TrialResult(
                check, TrialState.FAILED, error.says, error.do, error.code, where, was_answered=was_answered
            )
        )

    @contextmanager
    def trying(self, check: str, where: str) -> Iterator[None]:
        """Note an error of the block as the failure of a check, and go on after it.

        Raises:
            UnavailableError: AvidXchange is not there: each further check would wait for it as long.
        """
        try:
            yield
        except APBridgeError as error:
            # What the error itself knows of the place is nearer.
            self.failed(check, error, str(error.facts.get("where") or where))
            if isinstance(error, UnavailableError):
                raise

    def has_passed(self, check: str) -> bool:
        """Return whether a check has passed, and did not fail in another part."""
        states = {one.state for one in self.all if one.check == check}
        return states == {TrialState.PASSED}
