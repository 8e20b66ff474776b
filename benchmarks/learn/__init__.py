"""Learned profiles: operations and fields that are right, asked and wrong, of five descriptions.

The truth of the sandbox's surfaces is the profile that ships for each; of the others it was written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.profile_files import files_of
from apbridge.declared_file import from_yaml, text_of
from apbridge_operator.contracts.asking import OpenPoint, from_answers
from apbridge_operator.contracts.drafting import learned
from apbridge_operator.contracts.reading import read_description
from benchmarks.learn.judging import Told, outcomes, told_by
from benchmarks.telling import Row, against

_HERE = Path(__file__).parent
_SANDBOX = _HERE.parents[1] / "sandbox" / "openapi"
_PUBLIC = ("bill", "ramp")


def measure(*, small: bool) -> Iterator[Row]:
    """Learn from each description with nobody to ask, and judge what was drafted."""
    surfaces = sorted(file.stem for file in _SANDBOX.glob("*.json"))
    for name in surfaces[:1] if small else surfaces:
        yield from _judged(name, _SANDBOX / f"{name}.json", told_by(checked(files_of(name))[0]))
    for name in () if small else _PUBLIC:
        truth = from_yaml(text_of(_HERE / f"{name}.truth.yaml")).value
        yield from _judged(name, _HERE / f"{name}.yaml", Told(truth["operations"], truth["fields"]))


def _asked(points: Iterable[OpenPoint]) -> Iterator[str]:
    """Yield what was asked about: of what is sent, the fields that were offered for it."""
    for point in points:
        key = point.key.removeprefix("resources.")
        yield key
        if ".body." in key:
            yield from (f"{key.rpartition('.')[0]}.{one}" for one in point.candidates)


def _judged(name: str, description: Path, truth: Told) -> Iterator[Row]:
    found = learned(read_description(description), name, from_answers({}))
    asked = set(_asked(found.draft.asking.asked))
    drafted = told_by(found.declared)
    kinds: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
        "operations": (truth.operations, drafted.operations),
        "fields": (truth.fields, drafted.fields),
    }
    for kind, (right, said) in kinds.items():
        counts = outcomes(right, said, asked)
        facts = {"asked": counts["asked"], "wrong": counts["wrong"]}
        yield against(
            len(right), "the truth", f"{name}: {kind} that are right", counts["right"], kind, facts=facts
        )
