"""NetSuite's refusals: the bodies of SuiteTalk REST, of the token endpoint and of RESTlets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_SECTIONS = {
    400: "15.5.1",
    401: "15.5.2",
    403: "15.5.4",
    404: "15.5.5",
    405: "15.5.6",
    406: "15.5.7",
    409: "15.5.10",
    415: "15.5.16",
    500: "15.6.1",
}
_TOO_MANY = "https://www.rfc-editor.org/rfc/rfc6585.html#section-4"

INVALID_LOGIN = "Invalid login attempt."
_BLOCKED = "Concurrent request limit exceeded. Request blocked."


class NetSuiteError(Exception):
    """A refusal of SuiteTalk REST.

    Args:
        status: HTTP status.
        code: `o:errorCode`.
        detail: In NetSuite's words.
        where: `o:errorPath`, `o:errorQueryParam` or `o:errorHeader`, and what it names.
        headers: Further headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        where: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.where = dict(where or {})
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        section = _SECTIONS.get(self.status)
        return {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}"
            if section
            else _TOO_MANY,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "o:errorDetails": [{"detail": self.detail, **self.where, "o:errorCode": self.code}],
        }


class RestletError(Exception):
    """A refusal of a RESTlet, or of what runs it."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {"error": {"code": self.code, "message": self.message}}


def invalid_login(account: str, scheme: str = "Bearer") -> NetSuiteError:
    """Refuse a token, or a signature by one."""
    detail = (
        f"{INVALID_LOGIN} For more details, see the Login Audit Trail in the NetSuite UI at Setup > "
        "Users/Roles > User Management > View Login Audit Trail."
    )
    error = "invalid_token" if scheme == "Bearer" else "token_rejected"
    challenge = f'{scheme} realm="{account}", error="{error}", error_description="{INVALID_LOGIN}"'
    return NetSuiteError(401, "INVALID_LOGIN", detail, headers={"WWW-Authenticate": challenge})


def insufficient_permission(permission: str, *, is_low: bool = False) -> NetSuiteError:
    """Refuse what the role may not do: it lacks the permission, or has it at too low a level."""
    higher = "a higher level of " if is_low else ""
    detail = (
        f"Permission Violation: You need  {higher}the '{permission}' permission to access this page. "
        "Please contact your account administrator."
    )
    return NetSuiteError(403, "INSUFFICIENT_PERMISSION", detail)


def invalid_content(detail: str, path: str) -> NetSuiteError:
    """Refuse a field."""
    return NetSuiteError(
        400, "INVALID_CONTENT", f"Error while accessing a resource. {detail}", where={"o:errorPath": path}
    )


def invalid_value(value: object, path: str) -> NetSuiteError:
    """Refuse a field's value."""
    field = path.rpartition(".")[2]
    detail = f"You have entered an Invalid Field Value {value} for the following field: {field}"
    return invalid_content(detail, path)


def user_error(detail: str, path: str | None = None) -> NetSuiteError:
    """Refuse what a person would be told in a form."""
    where = {"o:errorPath": path} if path else None
    return NetSuiteError(400, "USER_ERROR", f"Error while accessing a resource. {detail}", where=where)


def please_enter(label: str) -> NetSuiteError:
    """Refuse a record without a required field."""
    return user_error(f"Please enter value(s) for: {label}.")


def invalid_parameter(detail: str, parameter: str) -> NetSuiteError:
    """Refuse a query parameter."""
    return NetSuiteError(400, "INVALID_PARAMETER", detail, where={"o:errorQueryParam": parameter})


def nonexistent() -> NetSuiteError:
    """Refuse an id that is not there."""
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return NetSuiteError(404, "NONEXISTENT_ID", detail)


def no_such_record_type(name: str) -> NetSuiteError:
    """Refuse a record type that is not there."""
    detail = f"Record type '{name}' does not exist."
    return NetSuiteError(404, "NONEXISTENT_RECORD_TYPE", detail)


def unsupported_media_type(kind: str) -> NetSuiteError:
    """Refuse a body that is not said to be JSON."""
    detail = f"The value '{kind}' of the header 'Content-Type' is not supported by this resource."
    return NetSuiteError(415, "UNSUPPORTED_MEDIA_TYPE", detail, where={"o:errorHeader": "Content-Type"})


def method_not_allowed(method: str) -> NetSuiteError:
    """Refuse a method."""
    return NetSuiteError(405, "INVALID_METHOD", f"The request method '{method}' is not supported here.")


def unexpected() -> NetSuiteError:
    """Return the answer to everything that NetSuite did not expect."""
    detail = f"An unexpected error occurred. Error ID: {uuid.uuid4().hex[:24]}"
    return NetSuiteError(500, "UNEXPECTED_ERROR", detail)


def overloaded(path: str, status: int, account: str) -> NetSuiteError | RestletError:
    """Refuse a call over the concurrency limit.

    Args:
        path: Of the call: RESTlets answer 400 with a code of their own.
        status: 429 as documented, or what was seen besides: 400 with the same code, or 401, which looks
            like a refused token.
        account: For the 401.
    """
    if path.startswith("/app/"):
        return RestletError(400, "SSS_REQUEST_LIMIT_EXCEEDED", _BLOCKED)
    if status == HTTPStatus.UNAUTHORIZED:
        return invalid_login(account)
    return NetSuiteError(status, "CONCURRENCY_LIMIT_EXCEEDED", _BLOCKED)
