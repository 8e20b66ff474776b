"""A profile's files, checked: each mistake with its file, its line and its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, reduce
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from apbridge import json
from apbridge.avidxchange.canonical import Path, misread
from apbridge.avidxchange.evidence import Sureness, misnamed, sureness
from apbridge.avidxchange.expressions import ExpressionError, compiled
from apbridge.avidxchange.profile_files import EXTENDS, ProfileFiles, ProfileProblem
from apbridge.declared_file import Declared, Steps, shortened

_formats = FormatChecker(())

_WRITES = ("upsert", "link", "change", "cancel")

_NULL = "it is null: that takes a key of the profile that is extended away, and there is none here"


def checked(profile: ProfileFiles) -> tuple[Any, list[ProfileProblem]]:
    """Read a profile's YAML and check it by `profile.schema.json` and by what it has to read.

    Returns:
        What it declares, and every mistake in it.
    """
    if profile.problem:
        return None, [profile.problem]
    twice = [(one, steps) for one in profile.files for steps in one.declared().twice]
    problems = [_problem(one.declared(), steps, "it is there twice") for one, steps in twice]
    file = _whole(profile)
    failures = [best_match([failure]) for failure in _validator().iter_errors(file.value)]
    # A key that is misspelt is also one that is missing: what is there is told first.
    for found in sorted(failures, key=lambda one: bool(one.validator == "required")):
        problems += _problems(found, file)
    # What is null is refused by several rules at once.
    problems = list(dict.fromkeys(problems))
    return file.value, problems or [*_misread(profile, file)]


def evidence(profile: ProfileFiles) -> Sureness:
    """Return how sure a profile that is valid is of what it says."""
    return sureness(_layers(profile))


def _set_twice(declared: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield each place of a profile's sign-in that sets a header which something else sets."""
    oauth = declared.get("oauth", {})
    uses_password = oauth.get("grant") == "password"
    by_basic = oauth and oauth.get("client_as", "form" if uses_password else "basic") == "basic"
    taken = {oauth.get("header", "Authorization").casefold(): "the token"} if oauth else {}
    for key in ("bearers", "headers"):
        for name in declared.get(key, {}):
            if key == "bearers" and by_basic and name.casefold() == "authorization":
                says = "client_id and client_secret are in it where the token is asked for"
                yield ("sign_in", key, name), says
            elif (other := taken.setdefault(name.casefold(), key)) != key:
                yield ("sign_in", key, name), f"that header is set by {other}"


def unchecked(profile: ProfileFiles) -> Any:  # noqa: ANN401
    """Return what a profile declares, all of whose files ship: tests check those."""
    return _whole(profile).value


def _misread(profile: ProfileFiles, file: Declared) -> Iterator[ProfileProblem]:
    whole = file.value
    for steps, says in (*_set_twice(whole["sign_in"]), *misread(whole), *_misbatched(whole)):
        yield _problem(file, steps, says)
    for own, place in misnamed(_layers(profile)):
        yield _problem(own, place, "there is nothing here of that name")


def _layers(profile: ProfileFiles) -> list[tuple[Declared, Declared]]:
    """Return each file, and what comes of it and of those that it extends."""
    files = profile.files
    return [(one.declared(), _whole(ProfileFiles(files[place:]))) for place, one in enumerate(files)]


def _whole(profile: ProfileFiles) -> Declared:
    declared = [one.declared() for one in profile.files]
    # From the lowest: what a file between takes away is not there for the next to lay its own over.
    return reduce(lambda base, own: _extended(own, base), reversed(declared))


def _extended(own: Declared, base: Declared) -> Declared:
    """Lay a file over the one that it extends."""
    value = {key: value for key, value in own.value.items() if key != EXTENDS}
    return replace(own, value=value).over(base)


def _misbatched(declared: Mapping[str, Any]) -> Iterator[tuple[Steps, str]]:
    """Yield each write of several records at once that cannot be one, with what is wrong there."""
    for resource, can in declared["resources"].items():
        for name, operation in can.items():
            if name not in _WRITES or operation.get("most", 1) == 1:
                continue
            place = ("resources", resource, name)
            if "wrap" not in operation:
                yield (*place, "most"), "without wrap nothing says what several records are sent in"
            if "results" not in declared.get("answers", {}):
                yield (*place, "most"), "without answers.results nothing says what became of each record"
            if "parameters" in operation:
                yield (*place, "parameters"), "a call for several records has no parameters out of one"
            if any(name in operation["path"] for name in ("{external_id}", "{remote_id}")):
                yield (*place, "path"), "a call for several records cannot name one in its path"


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of profiles."""
    file = resources.files("apbridge.avidxchange") / "profile.schema.json"
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema(), format_checker=_formats)


@_formats.checks("jmespath", ExpressionError)  # type: ignore[untyped-decorator]
def _is_expression(value: object) -> bool:
    if isinstance(value, str):
        compiled(value)
    return True


@_formats.checks("time-zone", (KeyError, OSError, ValueError))  # type: ignore[untyped-decorator]
def _is_zone(value: object) -> bool:
    if isinstance(value, str):
        ZoneInfo(value)
    return True


def _problems(failure: ValidationError, file: Declared) -> Iterator[ProfileProblem]:
    for key, says in [(None, _NULL)] if failure.instance is None else _explained(failure):
        yield _problem(file, (*failure.absolute_path, *([] if key is None else [key])), says)


def _problem(file: Declared, steps: Steps, says: str) -> ProfileProblem:
    place = file.position(steps)
    return ProfileProblem(place.file, place.line, shortened(".".join(map(str, steps))), shortened(says))


def _explained(failure: ValidationError) -> list[tuple[str | None, str]]:
    """Describe what is wrong, of the value or of one of its keys."""
    schema, value = failure.schema, failure.instance
    if failure.validator == "additionalProperties" and isinstance(value, Mapping):
        known = schema.get("properties", {})
        hint = f"it is not a key here; there are {', '.join(known)}"
        return [(str(key), hint) for key in value if key not in known]
    if failure.validator == "format":
        return [(None, _first_line(failure.cause) if failure.cause else f"it is not a {schema['format']}")]
    if failure.validator == "enum":
        return [(None, f"{value!r} is none of {', '.join(map(str, failure.validator_value))}")]
    if failure.validator in {"oneOf", "anyOf"} and isinstance(value, Mapping):
        ways = ["+".join(one.get("required", ())) for one in failure.validator_value]
        given = "+".join(map(str, value)) or "nothing"
        return [(None, f"it takes {' or '.join(filter(None, ways))}, not {given}")]
    if failure.validator == "not":
        return [(None, f"it takes only one of {', '.join(failure.validator_value['required'])}")]
    return [(None, str(failure.message))]


def _first_line(cause: BaseException) -> str:
    if isinstance(cause, ExpressionError):
        return str(cause)
    return "there is no such time zone"
