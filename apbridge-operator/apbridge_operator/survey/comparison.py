"""What has changed between two surveys, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apbridge.errors import APBridgeError
from apbridge_operator.survey.report import Report
from apbridge_operator.survey.result import ProbeResult


@dataclass(frozen=True)
class SurveyChange:
    """One difference.

    Args:
        sentence: What has changed.
        is_worse: Whether that is for the worse.
    """

    sentence: APBridgeError
    is_worse: bool = False


def changes(earlier: Report, later: Report) -> Iterator[SurveyChange]:
    """Yield what has changed since an earlier survey."""
    before = {one.name: one for one in earlier.results}
    after = {one.name: one for one in later.results}
    for name, one in after.items():
        if name in before:
            yield from _changed(before[name], one)
        else:
            yield SurveyChange(
                APBridgeError("APB-SRV-050", probe=name, state=one.state.value), one.state.rank > 1
            )
    for name in before.keys() - after.keys():
        yield SurveyChange(APBridgeError("APB-SRV-051", probe=name))


def _changed(before: ProbeResult, after: ProbeResult) -> Iterator[SurveyChange]:
    facts = {"probe": after.name}
    if before.state is not after.state:
        is_worse = after.state.rank > before.state.rank
        code = "APB-SRV-053" if is_worse else "APB-SRV-052"
        states = {"before": before.state.value, "after": after.state.value}
        yield SurveyChange(APBridgeError(code, **facts, **states), is_worse)
    for name in sorted({*before.found, *after.found}):
        was, now = before.found.get(name), after.found.get(name)
        if isinstance(was, list) and isinstance(now, list):
            added, gone = in_words(sorted(set(now) - set(was))), in_words(sorted(set(was) - set(now)))
            if added or gone:
                told = {"fact": name, "added": added or "nothing", "gone": gone or "nothing"}
                yield SurveyChange(APBridgeError("APB-SRV-055", **facts, **told))
        elif was != now:
            yield SurveyChange(
                APBridgeError("APB-SRV-054", **facts, fact=name, before=in_words(was), after=in_words(now))
            )


def in_words(value: Any) -> str:  # noqa: ANN401
    """Write a fact for people."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
