from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from apbridge.errors import APBridgeError, RefusedError, SettingError, catalogue, urgent

ROOT = Path(__file__).parent.parent.parent
SENTENCES = ROOT / "apbridge/apbridge/errors/sentences"
CODE = re.compile(r"APB-[A-Z]+-\d{3}")
SOURCES = [
    file
    for package in (
        "apbridge/apbridge",
        "apbridge-operator/apbridge_operator",
        "tap-*/tap_*",
        "target-*/target_*",
    )
    for folder in ROOT.glob(package)
    for file in folder.rglob("*")
    if file.suffix in {".py", ".yaml", ".yml", ".json"} and file.parent != SENTENCES
]


def test_every_code_has_a_sentence_and_every_sentence_a_use():
    used = {code for file in SOURCES for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert {code for code in used if code not in catalogue()} == set()
    assert {code for code in catalogue() if code not in used} == set()


def raised() -> Iterator[tuple[str, str, set[str]]]:
    """Find where errors are made with their facts written out: place, code and names of the facts."""
    for file in SOURCES:
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            kind = getattr(node.func, "id", "")
            code, names = str(node.args[0].value), [keyword.arg for keyword in node.keywords]
            if kind.endswith("Error") and CODE.fullmatch(code) and None not in names:
                own = {"reason"} if kind == "RefusedError" else set()
                yield f"{file.name}:{node.lineno}", code, {str(name) for name in names} | own


def test_a_sentence_gets_the_facts_that_it_names():
    found = list(raised())
    assert len(found) > 40
    for place, code, facts in found:
        entry = catalogue()[code]
        named = {name for text in (entry.says, entry.do) for _, name, _, _ in Formatter().parse(text) if name}
        assert {re.split(r"[.\[]", name)[0] for name in named} <= facts, f"{code} at {place}"


INTERNAL = {
    "AssertionError",
    "ExpressionError",  # of a profile's expressions: a SettingError names the profile and the line
    "InterruptedDrain",
    "InvalidChunkLength",  # urllib3's own, for a length that it takes: no answer
    "KeyError",
    "LostError",  # of places in flight, told by `SharedPlaces`
    "MalformedFileError",  # of a file that somebody wrote: told by whose file it is
    "NoSessionError",  # likewise
    "NotImplementedError",
    "OSError",  # of `apbridge.files`, which tells it as an UnavailableError
    "PartlyDeliveredError",  # bears the error that the record ends with
    "PermissionError",
    "SealedError",
    "Signalled",
    "Stopped",
    "SystemExit",
    "TooManyGuessesError",  # of the console's password: answered 429
    "UnsealedError",
    "UnknownWordError",  # of a profile's templates, likewise
    "UnreadableFileError",  # as MalformedFileError
    "ValueError",
}
"""What is raised to be caught in the code itself; a person sees only its kind and place, as APB-SNG-003."""
TOLD = {"warning", "error", "critical", "exception"}


def told_outside_the_catalogue() -> Iterator[str]:
    """Find sentences that a person would read and that have no code."""
    kinds = {"APBridgeError", *(kind.__name__ for kind in APBridgeError.__subclasses__()), *INTERNAL}
    for file in SOURCES:
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                kind = getattr(node.exc.func, "id", getattr(node.exc.func, "attr", ""))
                if kind[:1].isupper() and kind not in {*kinds, "Exit"}:
                    yield f"{file.name}:{node.lineno} raises {kind}"
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in TOLD and node.args:
                said = str(getattr(node.args[0], "value", ""))
                # With a code in brackets it comes out of the catalogue.
                if "[%s]" not in said and re.search(r"[A-Za-z]{3}", re.sub(r"%\w", "", said)):
                    yield f"{file.name}:{node.lineno} says {said!r}"


def test_every_error_goes_through_the_catalogue():
    assert list(told_outside_the_catalogue()) == []


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_a_sentence_says_what_happened_and_what_to_do(code: str):
    entry = catalogue()[code]
    for text in (entry.says, entry.do):
        assert text.endswith((".", "}"))  # a fact at the end may be a sentence itself
        assert "\n" not in text
        list(Formatter().parse(text))


def test_somebody_who_may_be_paid_twice_or_too_little_is_urgent_and_nothing_else_is():
    told = {code: f"{one.says} {one.do}" for code, one in catalogue().items()}
    warned = {code for code, text in told.items() if "paid twice" in text or "paid too little" in text}
    assert urgent() == warned
    assert {"APB-TAX-030", "APB-PAY-026", "APB-TAX-060"} <= warned


def test_what_is_urgent_is_the_catalogues_word_alone():
    """Where a code stands in the code, an error is made of it: there is no second list."""
    for file in SOURCES:
        if file.suffix != ".py":
            continue
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        named = [node for node in nodes if isinstance(node, ast.Constant) and node.value in urgent()]
        errors = [node for node in nodes if isinstance(node, ast.Call) and node.args and _is_error(node.func)]
        made = [node for error in errors for node in ast.walk(error.args[0])]
        assert [node.value for node in named if node not in made] == [], file.name


def _is_error(function: ast.expr) -> bool:
    return getattr(function, "id", "").endswith(("Error", "not_right"))


def test_an_area_is_one_file():
    files = Counter(
        (code.rsplit("-", 1)[0], file.name)
        for file in SENTENCES.glob("*.yaml")
        for code in yaml.safe_load(file.read_text(encoding="utf-8"))
    )
    areas = [area for area, _ in files]
    assert sorted(areas) == sorted(set(areas))


def test_an_error_is_one_line_with_its_code():
    said = str(SettingError("APB-SET-001", setting="base_url", problem="it is no address"))
    assert said == (
        "Setting base_url is not valid: it is no address. Correct base_url and run again. [APB-SET-001]"
    )


def test_a_refusal_keeps_what_programs_need():
    facts = {"system": "NetSuite", "purpose": "x", "says": "no", "answer": "HTTP 400", "details": {}}
    refused = RefusedError("APB-HTTP-003", status=400, reason="USER_ERROR", **facts)
    assert (refused.status, refused.reason, refused.facts["purpose"]) == (400, "USER_ERROR", "x")
