"""The read-only part of a trial: sign-in, every list, the image of a check, and how errors are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.answers import classify_by
from apbridge.avidxchange.canonical import STREAMS
from apbridge.errors import APBridgeError, RefusedError
from apbridge.http import Call, GovernedSession, Unsigned
from apbridge_operator.survey.avidxchange import places
from apbridge_operator.trial.listed import NOBODY, ListTrial
from apbridge_operator.trial.result import TrialResults

_SIGN_IN, _NEEDED, _IMAGE, _ERRORS = "sign_in", "sign_in.needed", "payment.cleared_image", "errors"


def try_reading(
    reader: AvidXchange,
    settings: AvidXchangeSettings,
    declared: Mapping[str, Any],
    dimensions: Sequence[str],
    results: TrialResults,
) -> None:
    """Try all that a profile reads. Nothing is written.

    No sign-in with a wrong password or token is tried: it might lock the user out.

    Args:
        reader: AvidXchange, by that profile.
        settings: What it was made of.
        declared: What the profile says.
        dimensions: Those whose values are listed.
        results: Where each check is noted; that the sign-in is right was seen already.

    Raises:
        UnavailableError: AvidXchange is not there.
    """
    results.passed(_SIGN_IN, "AvidXchange takes the credentials.", "sign_in", "check.path")
    if not reader.profile.sign_in.client_certificate:  # without one there may be no connection at all
        with results.trying(_NEEDED, "check.path"):
            _try_without(reader, settings, results)
    for resource in filter(reader.profile.resources.__contains__, STREAMS):
        for place in places(resource, dimensions):
            read = declared["resources"][resource]["list"]["read"]
            trial = ListTrial(reader, resource, place, read, settings.time_zone is not None, results)
            trial.run()
            if resource == "payment":
                _try_images(reader, trial.records, results)


def _try_without(reader: AvidXchange, settings: AvidXchangeSettings, results: TrialResults) -> None:
    """See that what shows that the sign-in is right is not answered to anybody."""
    session = GovernedSession(
        "AvidXchange",
        settings.base_url,
        signer=_Nobody(),
        classify=classify_by(reader.profile.errors),
        concurrency=1,
        most_bytes=settings.most_answer_bytes,
    )
    try:
        session.ask(Call("GET", reader.profile.check_path, "see that a sign-in is needed"))
    except _NotSignedInError:
        results.passed(_NEEDED, "Without a sign-in nothing is answered.")
    except RefusedError as refused:
        results.passed(_NEEDED, f"Without a sign-in it is refused (HTTP {refused.status}).")
    else:
        results.failed(_NEEDED, APBridgeError("APB-TRY-003", path=reader.profile.check_path), "check.path")
    finally:
        session.close()


class _NotSignedInError(Exception):
    """The call was refused for want of a sign-in."""


class _Nobody(Unsigned):
    """Signs nothing."""

    def rejected(self, answer: object) -> Any:  # noqa: ANN401, ARG002
        """Return an error."""
        return _NotSignedInError()


def _try_images(reader: AvidXchange, payments: Sequence[Mapping[str, Any]], results: TrialResults) -> None:
    if reader.profile.resources["payment"].cleared_image is None:
        return
    where = f"resources.{_IMAGE}"
    with_image = next((one for one in payments if one.get("has_cleared_image")), None)
    with results.trying(_IMAGE, where):
        if with_image is None:
            results.unknown(_IMAGE, "No payment on the first page has the image of a cleared check.")
        elif reader.cleared_image(str(with_image["external_id"]), str(with_image["id"])) is None:
            results.failed(_IMAGE, APBridgeError("APB-TRY-040"), where)
        else:
            results.passed(_IMAGE, "The image of a cleared check is there.", _IMAGE)
    with results.trying(_ERRORS, where):
        _try_errors(reader, results)


def _try_errors(reader: AvidXchange, results: TrialResults) -> None:
    """See how it is refused to give the image of a payment that is not there."""
    try:
        found = reader.cleared_image(NOBODY, NOBODY)
    except RefusedError as refused:
        meaning = refused.facts["details"].get("meaning")
        if refused.facts["says"] == "it gave no reason":
            results.failed(_ERRORS, APBridgeError("APB-TRY-041", status=refused.status), "errors.message")
        elif meaning != "not_found":
            where = "errors.meanings.not_found"
            results.failed(
                _ERRORS, APBridgeError("APB-TRY-042", status=refused.status, meaning="not_found"), where
            )
        else:
            said = "What is not there is refused in the words that the profile expects."
            results.passed(_ERRORS, said, "errors.message", "errors.meanings.not_found")
    else:
        said = "answered with another image" if found else "answered with none, and not refused"
        results.unknown(_ERRORS, f"The image of a payment that is not there was {said}.")
