"""What a script asks of NetSuite, answered from the books."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from apbridge_sandbox.netsuite import searches
from apbridge_sandbox.netsuite.access import Caller, account_of, check_permission
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall
from apbridge_sandbox.netsuite.errors import NetSuiteError
from apbridge_sandbox.netsuite.permissions import PermissionLevel, level_of, permissions
from apbridge_sandbox.netsuite.posting import void_vendor_payment
from apbridge_sandbox.netsuite.suitescript.engine import ScriptError

MOST_UNITS = 5000
"""Usage units of one call (NetSuite: RESTlets)."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes that N/file reads (NetSuite: N/file)."""

_SMALL_FILE = 256 * 1024
"""Bytes of a file whose contents are handed to the engine at once."""

_UNITS = {"count": 5, "search": 10, "lookup": 1, "load": 10, "void": 10}
_TEXT_TYPES = frozenset({"PLAINTEXT", "CSV", "HTMLDOC", "XMLDOC", "JSON", "JAVASCRIPT", "STYLESHEET"})
_FILES = "Lists -> Documents and Files"
_SEARCH = "Lists -> Perform Search"
_BILLS = "Transactions -> Bills"
_PAYMENTS = "Transactions -> Pay Bills"
_JOURNALS = "Transactions -> Make Journal Entry"
_RECORDS = {"vendorbill": _BILLS, "vendorpayment": _PAYMENTS}

Argument = Mapping[str, Any]


class ScriptHost:
    """Answers the questions of one call of a script, and counts its usage units.

    Args:
        call: The call.
        caller: Who signed in for it.
    """

    def __init__(self, call: NetSuiteCall, caller: Caller) -> None:
        self._call = call
        self._sandbox = call.sandbox
        self._units = 0
        account = account_of(call.sandbox.switches)
        type_names = call.sandbox.switches["netsuite.file_types"] == "names"
        self._shown = searches.SearchFormat(account.dates, type_names)
        self._operations: dict[str, Callable[[Argument], Any]] = {
            "contents": lambda asked: _contents(self._file(asked)),
            "count": self._count,
            "encode": _encode,
            "load": self._load,
            "level": self._level,
            "lookup": self._lookup,
            "search": self._search,
            "user": lambda _: {"id": int(caller.entity), "role": caller.role},
            "void": self._void,
        }

    def __call__(self, operation: str, argument: Argument) -> Any:  # noqa: ANN401
        """Answer one question.

        Raises:
            ScriptError: NetSuite refuses; the script may catch it.
        """
        self._units += _UNITS.get(operation, 0)
        if self._units > MOST_UNITS:
            code = "SSS_USAGE_LIMIT_EXCEEDED"
            raise ScriptError(code, "Script Execution Usage Limit Exceeded")
        try:
            return self._operations[operation](argument)
        except searches.SearchError as error:
            raise ScriptError(error.code, str(error)) from error
        except NetSuiteError as error:
            raise ScriptError(error.code, error.detail) from error

    def _search(self, asked: Argument) -> list[dict[str, Any]]:
        self._check(_SEARCH)
        self._check(_RECORDS.get(asked["type"], _BILLS))
        with self._sandbox.store.connection() as conn:
            return searches.search(
                conn,
                asked["type"],
                asked["filters"],
                asked["columns"],
                self._shown,
                start=asked["start"],
                end=asked["end"],
            )

    def _count(self, asked: Argument) -> dict[str, int]:
        self._check(_SEARCH)
        self._check(_RECORDS.get(asked["type"], _BILLS))
        if not 5 <= asked["pageSize"] <= searches.MOST_RESULTS:  # noqa: PLR2004
            code = "SSS_INVALID_PAGE_SIZE"
            raise ScriptError(code, "The page size has to be between 5 and 1000.")
        with self._sandbox.store.connection() as conn:
            return {
                "count": searches.count(conn, asked["type"], asked["filters"], asked["columns"], self._shown)
            }

    def _lookup(self, asked: Argument) -> dict[str, Any]:
        self._check(_RECORDS.get(asked["type"], _BILLS))
        with self._sandbox.store.connection() as conn:
            return searches.lookup(conn, asked["type"], str(asked["id"]), asked["columns"], self._shown)

    def _load(self, asked: Argument) -> dict[str, Any]:
        row = self._file(asked)
        return {
            "id": row["id"],
            "name": row["name"],
            "fileType": row["filetype"],
            "size": row["filesize"],
            "isText": row["filetype"] in _TEXT_TYPES,
            "folder": row["folder"],
            "url": row["url"],
            "contents": _contents(row) if row["filesize"] <= _SMALL_FILE else None,
        }

    def _file(self, asked: Argument) -> sqlite3.Row:
        self._check(_FILES)
        with self._sandbox.store.connection() as conn:
            found = conn.execute("SELECT * FROM ns_file WHERE id = ?", (asked["id"],)).fetchone()
        if found is None:
            message = f"That record does not exist. path: {asked['id']}"
            raise ScriptError("RCRD_DOESNT_EXIST", message)
        row: sqlite3.Row = found
        return row

    def _void(self, asked: Argument) -> int:
        self._check(_PAYMENTS, PermissionLevel.FULL)
        rules = ApplyRules.of(self._sandbox.switches)
        if rules.void_style != "in_place":
            self._check(_JOURNALS, PermissionLevel.CREATE)
        self._call.request.state.is_write = True
        with self._sandbox.store.write() as conn:
            found = conn.execute(
                "SELECT id FROM ns_transaction WHERE id = ? AND recordtype = ?", (asked["id"], asked["type"])
            ).fetchone()
            if found is None:
                raise ScriptError("RCRD_DOESNT_EXIST", "That record does not exist.")
            return void_vendor_payment(conn, found["id"], now=self._sandbox.clock.now(), rules=rules)

    def _check(self, permission: str, needs: PermissionLevel = PermissionLevel.VIEW) -> None:
        check_permission(self._call, permission, needs)

    def _level(self, asked: Argument) -> int:
        known = permissions().get(asked["name"])
        return level_of(self._sandbox.switches, known.name) if known else PermissionLevel.NONE


def _contents(row: sqlite3.Row) -> str:
    """Return a file's contents as N/file does: text as text, anything else in base64."""
    if row["filesize"] > LARGEST_FILE:
        code, most = "SSS_FILE_CONTENT_SIZE_EXCEEDED", "exceeds the maximum allowed size of 10 MB"
        message = f"The file content you are attempting to access {most}."
        raise ScriptError(code, message)
    content: bytes = row["content"]
    if row["filetype"] in _TEXT_TYPES:
        return content.decode("utf-8", "replace")
    return base64.b64encode(content).decode()


def _encode(asked: Argument) -> str:
    if (asked["inputEncoding"], asked["outputEncoding"]) != ("UTF_8", "BASE_64"):
        raise ScriptError("NOT_IN_THE_SANDBOX", "N/encode converts UTF_8 to BASE_64 only in the sandbox.")
    return base64.b64encode(asked["string"].encode()).decode()
