"""The report of a trial: for people as Markdown, for programs as JSON. It holds nothing of the company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apbridge_operator.trial.evidence import AssumedPart
from apbridge_operator.trial.result import TrialResult, TrialState

_OURS = "APB-TRY-"
"""Sentences that hold nothing but the profile's own words and what a trial has written."""


@dataclass(frozen=True)
class TrialReport:
    """What a trial came to.

    Args:
        profile: Its name.
        profile_hash: Of all that it says.
        version: Of this program.
        at: When.
        wrote: Whether writing was tried too.
        calls: How many were made.
        results: Each check.
        assumed: What the profile assumes, and what of it was shown.
        stays: What is left in the company.
    """

    profile: str
    profile_hash: str
    version: str
    at: str
    wrote: bool
    calls: int
    results: Sequence[TrialResult]
    assumed: Sequence[AssumedPart]
    stays: Sequence[str]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many checks ended in each way."""
        found = Counter(one.state for one in self.results)
        return {state.value: found[state] for state in TrialState}

    @property
    def in_a_line(self) -> str:
        """The counts in words."""
        return ", ".join(f"{count} {word}" for word, count in self.counts.items())

    @property
    def evidence(self) -> Sequence[str]:
        """What is assumed, in sentences."""
        sentences = []
        for kind, is_field in (("operations", False), ("fields", True)):
            of_kind = [one for one in self.assumed if one.is_field is is_field]
            if of_kind:
                shown = sum(one.is_shown for one in of_kind)
                sentences.append(
                    f"{len(of_kind)} {kind} are assumed; of these {shown} were seen to be right."
                )
        return sentences

    def as_fields(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "counts": self.counts, "ok": not self.counts[TrialState.FAILED.value]}

    def as_markdown(self) -> str:
        """Return it as a file for whoever decides to go live."""
        parts = "reading and writing" if self.wrote else "reading alone"
        head = [
            f"# Profile {self.profile}, tried",
            "",
            f"{self.at}, apbridge {self.version}, {parts}, {self.calls} calls.",
            f"SHA-256 of what the profile says: `{self.profile_hash}`.",
            f"Checks: {self.in_a_line}.",
            "",
            "| check | | what was seen, and what to do | in the profile |",
            "|---|---|---|---|",
        ]
        rows = [
            f"| {one.check} | {one.state.value} | {_cell(_said(one))} | {one.where} |" for one in self.results
        ]
        unseen = [one.name for one in self.assumed if not one.is_shown]
        foot = ["", "## What is assumed", "", *self.evidence]
        foot += ["", "Not seen yet:", "", *(f"- {name}" for name in unseen)] if unseen else []
        stays = ["", "## What stays in the company", "", *(f"- {one}" for one in self.stays)]
        return "\n".join([*head, *rows, *foot, *(stays if self.stays else [])]) + "\n"


def _said(one: TrialResult) -> str:
    if not one.code:
        return one.says
    # In any other sentence AvidXchange's own words may stand: those are for the screen.
    return f"{one.says} {one.do} [{one.code}]" if one.code.startswith(_OURS) else f"{one.do} [{one.code}]"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
