"""The probes as `probes.yaml` declares them, and the rules by which an answer is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from apbridge import declared_file
from apbridge.netsuite.client import Row
from apbridge_operator.survey import safe
from apbridge_operator.survey.result import AnswerState, Found, ProbeNote, ProbeResult


@dataclass(frozen=True)
class Fact:
    """How one fact is read from the rows of a probe's query.

    Args:
        words: The column whose values are words.
        known: The words that are known.
        amount: The column of one row that counts something.
        told: The column of one row that counts rows with a value, of those that `of` counts.
        of: That other column.
        form: The column of one row that holds the sample day.
    """

    words: str | None = None
    known: Sequence[str] = ()
    amount: str | None = None
    told: str | None = None
    of: str | None = None
    form: str | None = None

    def read(self, rows: Sequence[Row]) -> Any:  # noqa: ANN401
        """Return the fact."""
        if self.words:
            shown = (row[self.words] for row in rows if self.words in row)
            return sorted({safe.word(one, self.known) for one in shown})
        first = rows[0] if rows else {}
        if self.form:
            return safe.form_of_day(first.get(self.form, ""))
        if self.amount:
            return safe.amount(int(first.get(self.amount, "0")))
        return safe.share(int(first.get(self.told or "", "0")), int(first.get(self.of or "", "0")))


@dataclass(frozen=True)
class Rule:
    """What an answer means where it applies: the first that does counts.

    Args:
        fact: The fact that it looks at.
        state: How the account is then.
        code: The sentence to say; it may name `{found}`.
        equals: It applies where the fact is one of these,
        has: where the list has one of these,
        lacks: where the list has none of these,
        beyond: or where the list has one that is none of these.
    """

    fact: str
    state: AnswerState
    code: str | None = None
    equals: Sequence[Any] | None = None
    has: Sequence[str] | None = None
    lacks: Sequence[str] | None = None
    beyond: Sequence[str] | None = None

    def applies(self, found: Found) -> bool:
        """Return whether it applies."""
        value = found.get(self.fact)
        if value is None:
            return False
        if self.equals is not None:
            return value in self.equals
        if self.has is not None:
            return bool(set(value) & set(self.has))
        if self.lacks is not None:
            return not set(value) & set(self.lacks)
        return bool(set(value) - set(self.beyond or ()))

    def named(self, found: Found) -> str:
        """Return what of the answer it is about."""
        value = found[self.fact]
        if self.has is not None:
            return ", ".join(sorted(set(value) & set(self.has)))
        if self.beyond is not None:
            return ", ".join(sorted(set(value) - set(self.beyond)))
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Probe:
    """One question.

    Args:
        name: Its name in the report.
        question: In words.
        query: The SuiteQL that asks it; else a function of the survey does.
        facts: How the facts are read from its rows.
        rules: How the answer is judged.
    """

    name: str
    question: str
    query: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    rules: Sequence[Rule] = ()

    def judged(self, found: Found) -> ProbeResult:
        """Return the result of an answer."""
        rule = next((rule for rule in self.rules if rule.applies(found)), None)
        if rule:
            notes = [ProbeNote(rule.code, {"found": rule.named(found)})] if rule.code else []
            return ProbeResult(self.name, self.question, rule.state, found, notes)
        is_known = any(value not in (None, []) for value in found.values())
        return ProbeResult(
            self.name, self.question, AnswerState.EXPECTED if is_known else AnswerState.UNKNOWN, found
        )


@cache
def probes() -> Mapping[str, Probe]:
    """Read the declared probes, by name."""
    text = (resources.files(__package__) / "probes.yaml").read_text(encoding="utf-8")
    return {name: _probe(name, declared) for name, declared in declared_file.values(text).items()}


def _probe(name: str, declared: Mapping[str, Any]) -> Probe:
    return Probe(
        name,
        declared["question"],
        declared.get("query"),
        {fact: Fact(**read) for fact, read in declared.get("facts", {}).items()},
        [Rule(**{**rule, "state": AnswerState[rule["state"].upper()]}) for rule in declared.get("judge", ())],
    )
