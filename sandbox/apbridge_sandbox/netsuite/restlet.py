"""The RESTlet route: a deployed script, run by the engine over the books."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response

from apbridge_sandbox.clock import COMPANY_ZONE
from apbridge_sandbox.credentials import ACCOUNT_ID
from apbridge_sandbox.netsuite.access import RESTLETS, check_token
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall
from apbridge_sandbox.netsuite.errors import INVALID_LOGIN, NetSuiteError, RestletError
from apbridge_sandbox.netsuite.script_host import ScriptHost
from apbridge_sandbox.netsuite.suitescript.engine import Engine, MissingEntryError, ScriptAccount, ScriptError
from apbridge_sandbox.netsuite.suitescript.project import Project, ProjectError
from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.script_process import ScriptProcess
from apbridge_sandbox.switches import Switches

RESTLET_PATH = "/app/site/hosting/restlet.nl"
_REMEMBERED_ENGINES = 4

MOST_ANSWER = 10 * 1000 * 1000
"""Bytes of an answer that NetSuite guarantees (NetSuite: RESTlet Governance)."""

_TOO_LONG = {
    "refused": (400, "SSS_RESPONSE_TOO_LONG", "The response is longer than 10 MB."),
    "fails": (500, "UNEXPECTED_ERROR", "An unexpected error has occurred."),
}
"""How a longer one may be refused: neither code nor words are known."""


def run_restlet(call: NetSuiteCall) -> Response:
    """Answer a call to a RESTlet."""
    try:
        caller = check_token(call, RESTLETS)
    except NetSuiteError as error:
        raise RestletError(401, "INVALID_LOGIN_ATTEMPT", INVALID_LOGIN, headers=error.headers) from error
    _check_allowed(call.sandbox.switches)
    engine = _engine(call)
    request = _argument(call)
    try:
        value = engine.call(call.request.method.lower(), request, ScriptHost(call, caller))
    except ScriptError as error:
        raise _thrown(error) from error
    except MissingEntryError as error:
        message = f"The script has no entry point {error}."
        raise RestletError(405, "SSS_METHOD_NOT_SUPPORTED", message) from error
    content, kind = _written(value)
    if len(content) > MOST_ANSWER and call.sandbox.switches["netsuite.long_answer"] != "passes":
        raise RestletError(*_TOO_LONG[call.sandbox.switches["netsuite.long_answer"]])
    return Response(content, media_type=kind)


def _written(value: Any) -> tuple[bytes, str]:  # noqa: ANN401
    """Return what a script's value is on the wire, and its media type."""
    if isinstance(value, str):
        return value.encode(), "text/plain"
    return msgspec.json.encode(value), "application/json"


def _check_allowed(switches: Switches) -> None:
    if switches["netsuite.web_services_only"]:
        # Not told apart from a wrong password (NetSuite: RESTlet Authentication).
        message = "You have entered an invalid email address or account number. Please try again."
        raise RestletError(401, "INVALID_LOGIN_CREDENTIALS", message)
    if not switches["netsuite.client_suitescript"]:
        feature = "The feature 'Client SuiteScript' required to access this page"
        raise RestletError(400, "FEATURE_DISABLED", f"{feature} is not enabled in this account.")


def _thrown(error: ScriptError) -> RestletError:
    status = 500 if error.name == "UNEXPECTED_ERROR" else 400
    return RestletError(status, error.name, error.message)


def _engine(call: NetSuiteCall) -> Engine:
    query = call.request.query_params
    for name in ("script", "deploy"):
        if not query.get(name):
            raise RestletError(400, "SSS_MISSING_REQD_ARGUMENT", f"Missing a required argument: {name}")
    try:
        restlet = Project(call.sandbox.options.suitescript).restlet(query["script"], query["deploy"])
        if restlet is None:
            message = "That Suitelet is invalid, disabled, or no longer exists."
            raise RestletError(404, "SSS_INVALID_SCRIPTLET_ID", message)
        dates = DatePreference.of(call.sandbox.switches)
        return _loaded(restlet.source(), dates, call.sandbox.scripts)
    except ProjectError as error:
        raise RestletError(404, "SSS_INVALID_SCRIPTLET_ID", str(error)) from error
    except ScriptError as error:
        raise _thrown(error) from error


@lru_cache(maxsize=_REMEMBERED_ENGINES)
def _loaded(source: str, dates: DatePreference, process: ScriptProcess) -> Engine:
    return Engine(source, ScriptAccount(ACCOUNT_ID, COMPANY_ZONE.key, dates), process)


def _argument(call: NetSuiteCall) -> bytes:
    """Return what the script's entry point is called with: the body, or without one the query."""
    request = call.request
    if request.method in {"GET", "DELETE"}:
        given = {
            name: value for name, value in request.query_params.items() if name not in {"script", "deploy"}
        }
        return msgspec.json.encode(given)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RestletError(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json.")
    try:
        msgspec.json.decode(call.body)
    except msgspec.DecodeError as error:
        raise RestletError(400, "SYNTAX_ERROR", "The request body is not JSON.") from error
    return call.body
