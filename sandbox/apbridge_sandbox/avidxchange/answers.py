"""What AvidXchange answers, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class JsonAnswer:
    """A status and a body that becomes JSON; amounts are Decimal."""

    status: int
    body: Any

    media_type = "application/json"

    def content(self) -> bytes:
        """Return the body as JSON."""
        return _encode(self.body)


@dataclass(frozen=True)
class PictureAnswer:
    """A status and a picture."""

    status: int
    picture: bytes
    media_type: str

    def content(self) -> bytes:
        """Return the picture."""
        return self.picture


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with a call: the field where there is one, a code for programs, words for people."""

    code: str
    message: str
    field: str | None = None


class RefusalError(Exception):
    """The call is refused.

    Args:
        status: HTTP status.
        problems: Everything that is wrong with it.
    """

    def __init__(self, status: int, *problems: FieldProblem) -> None:
        super().__init__(problems[0].message)
        self.status = status
        self.problems = problems

    def answer(self) -> JsonAnswer:
        """Return it as AvidXchange writes it."""
        errors = [
            {"field": problem.field, "code": problem.code, "message": problem.message}
            for problem in self.problems
        ]
        return JsonAnswer(self.status, {"message": self.problems[0].message, "errors": errors})


def refusal(status: int, code: str, message: str, field: str | None = None) -> RefusalError:
    """Make a refusal for a single reason."""
    return RefusalError(status, FieldProblem(code, message, field))
