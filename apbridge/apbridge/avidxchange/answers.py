"""What AvidXchange's answers mean, by the rules of a profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

import requests

from apbridge.avidxchange.expressions import Expression, ExpressionError
from apbridge.avidxchange.profile import ErrorRules, ResultRules
from apbridge.errors import RefusedError
from apbridge.http import Answer, AnswerKind, ResponseClassifier
from apbridge.http.classifier import NOT_JSON, body_of, done, kind_of
from apbridge.redaction import redact_text

PICTURE = "application/pdf, image/*, application/json"
"""What a call accepts that is answered with a picture."""


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with a record.

    Args:
        field: AvidXchange's name of the field; empty where it names none.
        code: Its machine-readable code.
        message: Its words, redacted.
    """

    field: str
    code: str
    message: str

    def __str__(self) -> str:
        said = self.message.rstrip(".") or self.code
        return f"{self.field}: {said}" if self.field else said


def classify_by(rules: ErrorRules) -> ResponseClassifier:
    """Classify answers by where a profile finds errors in them."""

    def classify(response: requests.Response) -> Answer:
        status = response.status_code
        body = body_of(response)
        if response.ok:
            is_picture = body is NOT_JSON and response.request.headers.get("Accept") == PICTURE
            return done(response.content if is_picture else body)
        errors = _field_errors(rules, rules.items, body)
        codes = [error.code for error in errors if error.code]
        says = _said(errors, rules.message, body)
        return Answer(
            AnswerKind.FORBIDDEN if status == HTTPStatus.FORBIDDEN else kind_of(status),
            reason=codes[0] if codes else "",
            says=says,
            details={"status": status, "errors": errors, "meaning": rules.meaning(codes, says, status)},
            body=body,
        )

    return classify


_NOBODY = str(None)


class Results:
    """What an answer says of each item of a write.

    Args:
        rules: Where an answer has it.
        answer: The answer.
    """

    def __init__(self, rules: ResultRules, answer: Any) -> None:  # noqa: ANN401
        self._rules = rules
        found = value_in(rules.items, answer)
        self._items = found if isinstance(found, list) else [found] if isinstance(found, dict) else []

    def ours(
        self,
        errors: ErrorRules,
        external_id: str,
        remote_id: str | None,
        purpose: str,
        *,
        is_alone: bool,
    ) -> Any:  # noqa: ANN401
        """Find what became of our item, and return it where that is good.

        None where it is not listed, or not said to be good or bad: it may have been carried out, or not.

        Args:
            errors: Where it says why it failed.
            external_id: Whose it is.
            remote_id: AvidXchange's own id of it, where the write named it so.
            purpose: What was asked for.
            is_alone: Whether nothing else was sent: then what is said of nobody is said of it.

        Raises:
            RefusedError: It failed.
        """
        ours = self._said_of(external_id, remote_id)
        if not ours and is_alone:
            ours = self._said_of(_NOBODY, None if remote_id is None else _NOBODY)
        answers = [_is_successful(self._rules, item) for item in ours]
        # All that is said of it must be good: one good and one bad item say nothing good.
        for item, is_successful in zip(ours, answers, strict=True):
            if is_successful is False:
                raise _failed(self._rules, errors, item, purpose)
        return ours[0] if ours and None not in answers else None

    def _said_of(self, external_id: str, remote_id: str | None) -> Sequence[Any]:
        if remote_id is None:
            return self._by_external_id.get(external_id, ())
        return self._by_remote_id.get(remote_id, ())

    # One answer may have a hundred items, each of which a thread looks for its own among.

    @cached_property
    def _by_external_id(self) -> Mapping[str, Sequence[Any]]:
        return self._by(self._rules.external_id)

    @cached_property
    def _by_remote_id(self) -> Mapping[str, Sequence[Any]]:
        return self._by(self._rules.remote_id)

    def _by(self, name: Expression | None) -> Mapping[str, Sequence[Any]]:
        found: defaultdict[str, list[Any]] = defaultdict(list)
        if name is not None:
            for item in self._items:
                found[str(value_in(name, item))].append(item)
        return found


def _is_successful(results: ResultRules, item: Any) -> bool | None:  # noqa: ANN401
    """Read true or "true", false or "false"; anything else says neither."""
    said = str(value_in(results.successful, item)).strip().lower()
    return {"true": True, "false": False}.get(said)


def _failed(results: ResultRules, rules: ErrorRules, item: Any, purpose: str) -> RefusedError:  # noqa: ANN401
    errors = _field_errors(rules, results.errors, item)
    codes = [error.code for error in errors if error.code]
    says = _said(errors, results.message, item)
    return RefusedError(
        "APB-AX-020",
        status=HTTPStatus.OK.value,
        reason=codes[0] if codes else "",
        purpose=purpose,
        says=says.rstrip(".") or "it gave no reason",
        answer=" ".join(("HTTP 200", *codes[:1])),
        meaning=rules.meaning(codes, says, HTTPStatus.OK),
        errors=errors,
    )


def _said(errors: tuple[FieldError, ...], message: Expression, body: Any) -> str:  # noqa: ANN401
    if errors:
        return "; ".join(str(error) for error in errors)
    found = value_in(message, body)
    return redact_text(found) if isinstance(found, str) else ""


def _field_errors(rules: ErrorRules, where: Expression | None, body: Any) -> tuple[FieldError, ...]:  # noqa: ANN401
    found = value_in(where, body) if where else None
    items = found if isinstance(found, list) else [found] if found else []
    return tuple(_field_error(rules, item) for item in items)


def _field_error(rules: ErrorRules, item: Any) -> FieldError:  # noqa: ANN401
    try:
        read = rules.read(item)
    except ExpressionError:
        read = {}
    texts = {name: redact_text(str(value)) for name, value in read.items() if value is not None}
    return FieldError(texts.get("field", ""), texts.get("code", ""), texts.get("message", ""))


def value_in(expression: Expression, body: Any) -> Any:  # noqa: ANN401
    """Return what an expression finds in an answer; None where it does not fit."""
    try:
        return expression(body)
    except ExpressionError:
        return None
