"""What a script asks of NetSuite, answered from the books."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from apbridge_sandbox.netsuite import searches
from apbridge_sandbox.netsuite.access import Caller, account_of, check_permission
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall
from apbridge_sandbox.netsuite.errors import NetSuiteError, RestletError
from apbridge_sandbox.netsuite.permissions import PermissionLevel, level_of, permissions
from apbridge_sandbox.netsuite.posting import void_vendor_payment
from apbridge_sandbox.netsuite.suitescript.engine import ScriptError

MOST_UNITS = 5000
"""Usage units of one call (NetSuite: RESTlets)."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes that N/file reads (NetSuite: N/file)."""

_SMALL_FILE = 256 * 1024
"""Bytes of a file whose contents are handed to the engine at once."""

_UNITS = {"count": 5, "search": 10, "lookup": 1, "load": 10, "void": 10, "save": 20, "attach": 10}
_FOLDERS = frozenset({-20, -15, -10, 7})
"""Internal ids of the file cabinet's folders: NetSuite's own, and one of the company's."""

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
        switches = call.sandbox.switches
        self._shown = searches.SearchFormat(
            account.dates,
            type_names=switches["netsuite.file_types"] == "names",
            rounds_up=switches["netsuite.file_kilobytes"] == "up",
        )
        self._operations: dict[str, Callable[[Argument], Any]] = {
            "attach": self._attach,
            "contents": lambda asked: _contents(self._file(asked)),
            "count": self._count,
            "encode": _encode,
            "load": self._load,
            "level": self._level,
            "lookup": self._lookup,
            "save": self._save,
            "search": self._search,
            "usage": lambda _: MOST_UNITS - self._units,
            "user": lambda _: {"id": int(caller.entity), "role": caller.role},
            "void": self._void,
        }

    def __call__(self, operation: str, argument: Argument) -> Any:  # noqa: ANN401
        """Answer one question.

        Raises:
            ScriptError: NetSuite refuses; the script may catch it.
            RestletError: The script is ended; it may catch nothing any more (NetSuite: Governance).
        """
        self._units += _UNITS.get(operation, 0)
        if self._units > MOST_UNITS:
            raise RestletError(400, "SSS_USAGE_LIMIT_EXCEEDED", "Script Execution Usage Limit Exceeded")
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

    def _save(self, asked: Argument) -> int:
        """Save a file. One of that name in that folder is replaced, under its id (NetSuite: File.save)."""
        self._check(_FILES, PermissionLevel.EDIT)
        try:
            content = base64.b64decode(asked["contents"], validate=True)
        except ValueError as error:
            code = "SSS_FILE_CONTENT_INVALID"
            raise ScriptError(code, "The contents of a binary file are base64.") from error
        if asked["folder"] not in _FOLDERS:
            raise ScriptError("INVALID_KEY_OR_REF", f"Invalid folder reference key {asked['folder']}.")
        self._call.request.state.is_write = True
        written = {
            "filetype": asked["fileType"],
            "filesize": len(content),
            "content": content,
            "sha256": hashlib.sha256(content).hexdigest(),
            "lastmodifieddate": self._sandbox.clock.stamp(),
        }
        key = asked["name"], asked["folder"]
        with self._sandbox.store.write() as conn:
            found = conn.execute("SELECT id FROM ns_file WHERE name = ? AND folder = ?", key).fetchone()
            if found:
                names = ", ".join(f"{name} = ?" for name in written)
                conn.execute(f"UPDATE ns_file SET {names} WHERE id = ?", (*written.values(), found["id"]))  # noqa: S608
                return int(found["id"])
            row = {"name": key[0], "folder": key[1], **written}
            marks = ", ".join("?" * len(row))
            query = f"INSERT INTO ns_file ({', '.join(row)}) VALUES ({marks}) RETURNING id"  # noqa: S608
            return int(conn.execute(query, (*row.values(),)).fetchone()["id"])

    def _attach(self, asked: Argument) -> None:
        """Attach a file to a transaction. One that is attached already stays so."""
        what, to = asked["what"], asked["to"]
        self._check(_FILES)
        self._check(_RECORDS.get(to["type"], _BILLS), PermissionLevel.EDIT)
        self._call.request.state.is_write = True
        with self._sandbox.store.write() as conn:
            file = conn.execute("SELECT id FROM ns_file WHERE id = ?", (what["id"],)).fetchone()
            record = conn.execute(
                "SELECT id FROM ns_transaction WHERE id = ? AND recordtype = ?", (to["id"], to["type"])
            ).fetchone()
            if what["type"] != "file" or file is None or record is None:
                raise ScriptError("RCRD_DOESNT_EXIST", "That record does not exist.")
            conn.execute(
                'INSERT OR IGNORE INTO ns_transactionfile ("transaction", file) VALUES (?, ?)',
                (record["id"], file["id"]),
            )

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
