"""The report of a survey: one JSON file that holds nothing of the company, to be kept and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apbridge.errors import SettingError, UnavailableError
from apbridge.files import replace
from apbridge_operator.survey.result import AnswerState, ProbeNote, ProbeResult

FORMAT = 1


@dataclass(frozen=True)
class Report:
    """What a survey found.

    Args:
        results: Of each probe, in order.
        version: Of apbridge.
        day: When, as a date.
    """

    results: Sequence[ProbeResult]
    version: str
    day: str

    @property
    def fails(self) -> bool:
        """Whether something will fail."""
        return any(one.state is AnswerState.FAILS for one in self.results)

    def as_fields(self) -> dict[str, Any]:
        """Return what is written to the file."""
        return {
            "format": FORMAT,
            "apbridge": self.version,
            "day": self.day,
            "probes": {one.name: _fields(one) for one in self.results},
        }

    def write(self, file: Path) -> None:
        """Write the file.

        Raises:
            SettingError: It cannot be written there.
        """
        text = json.dumps(self.as_fields(), indent=2, ensure_ascii=True) + "\n"
        try:
            replace(file, text.encode())
        except (OSError, UnavailableError) as failure:
            problem = getattr(failure, "strerror", None) or getattr(failure, "facts", {}).get(
                "problem", failure
            )
            raise SettingError("APB-SRV-003", file=file, problem=problem) from failure

    @classmethod
    def read(cls, file: Path) -> Report:
        """Read a file that was written so.

        Raises:
            SettingError: It is none.
        """
        try:
            declared = json.loads(file.read_text(encoding="utf-8"))
            results = [_result(name, one) for name, one in declared["probes"].items()]
            version, day = str(declared["apbridge"]), str(declared["day"])
        except (OSError, AttributeError, LookupError, TypeError, ValueError) as failure:
            problem = getattr(failure, "strerror", None) or str(failure)
            raise SettingError("APB-SRV-004", file=file, problem=problem) from failure
        if declared.get("format") != FORMAT:
            raise SettingError("APB-SRV-004", file=file, problem=f"its format is not {FORMAT}")
        return cls(results, version, day)


def _fields(one: ProbeResult) -> dict[str, Any]:
    notes = [{"code": note.code, **note.facts} for note in one.notes]
    return {"state": one.state.value, "found": dict(one.found), **({"notes": notes} if notes else {})}


def _result(name: str, declared: Mapping[str, Any]) -> ProbeResult:
    notes = [
        ProbeNote(str(note["code"]), {fact: str(told) for fact, told in note.items() if fact != "code"})
        for note in declared.get("notes", ())
    ]
    return ProbeResult(name, "", AnswerState(declared["state"]), dict(declared["found"]), notes)
