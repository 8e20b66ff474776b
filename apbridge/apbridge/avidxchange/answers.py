"""What AvidXchange's answers mean, by the rules of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from apbridge.avidxchange.expressions import Expression, ExpressionError
from apbridge.avidxchange.profile import ErrorRules
from apbridge.http import Judge, Verdict, VerdictKind
from apbridge.http.judge import body_of, done, kind_of
from apbridge.redaction import redact_text


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


def judge_by(rules: ErrorRules) -> Judge:
    """Judge answers by where a profile finds errors in them."""

    def judge(response: requests.Response) -> Verdict:
        status = response.status_code
        body = body_of(response)
        if response.ok:
            return done(body)
        errors = _field_errors(rules, body)
        said = "; ".join(str(error) for error in errors) or _text(rules.message, body)
        codes = [error.code for error in errors if error.code]
        kind = kind_of(status)
        return Verdict(
            VerdictKind.NOT_SIGNED_IN if status == HTTPStatus.FORBIDDEN else kind,
            reason=codes[0] if codes else "",
            says=said,
            details={"status": status, "errors": errors, "meaning": rules.meaning(codes, status)},
        )

    return judge


def _field_errors(rules: ErrorRules, body: Any) -> tuple[FieldError, ...]:  # noqa: ANN401
    if rules.items is None:
        return ()
    try:
        found = rules.items(body)
    except ExpressionError:
        return ()
    items = found if isinstance(found, list) else [found] if found else []
    return tuple(_field_error(rules, item) for item in items)


def _field_error(rules: ErrorRules, item: Any) -> FieldError:  # noqa: ANN401
    try:
        read = rules.read(item)
    except ExpressionError:
        read = {}
    texts = {name: redact_text(str(value)) for name, value in read.items() if value is not None}
    return FieldError(texts.get("field", ""), texts.get("code", ""), texts.get("message", ""))


def _text(expression: Expression, body: Any) -> str:  # noqa: ANN401
    try:
        found = expression(body)
    except ExpressionError:
        return ""
    return redact_text(found) if isinstance(found, str) else ""
