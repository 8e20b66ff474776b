"""Token-based sign-in: OAuth 1.0a, each call signed by HMAC-SHA256 (RFC 5849)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from urllib.parse import unquote

from oauthlib.oauth1.rfc5849.signature import collect_parameters, verify_hmac_sha256
from oauthlib.oauth1.rfc5849.utils import parse_http_list, parse_keqv_list

from apbridge_sandbox.credentials import ACCOUNT_ID
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall

SCHEME = "oauth"
_METHOD = "HMAC-SHA256"
"""HMAC-SHA1 is not taken any more (NetSuite: token-based authentication)."""

_WINDOW = 300
"""Seconds by which a call's timestamp may be off."""

_NONCE_LENGTHS = range(6, 65)
_NEEDED = frozenset(
    f"oauth_{name}"
    for name in ("consumer_key", "token", "signature_method", "timestamp", "nonce", "signature")
)


class NotSignedError(Exception):
    """The call is not signed as it has to be. NetSuite says why in its Login Audit Trail alone."""


@dataclass(frozen=True)
class _SignedRequest:
    """A request as its signature is over: what oauthlib verifies."""

    http_method: str
    uri: str
    params: list[tuple[str, str]]
    signature: str


def verified(call: NetSuiteCall, credentials: str) -> sqlite3.Row:
    """Verify a call's signature, and return the access token that it was signed with.

    Args:
        call: The call.
        credentials: Its Authorization header without the scheme.

    Raises:
        NotSignedError: Something about it is wrong.
    """
    if not call.sandbox.switches["netsuite.token_based"]:
        message = "the feature is off"
        raise NotSignedError(message)
    given = _given(credentials)
    if given.get("realm") != ACCOUNT_ID:
        message = "realm is not the account id"
        raise NotSignedError(message)
    with call.sandbox.store.write() as conn:
        row: sqlite3.Row | None = conn.execute(
            "SELECT * FROM ns_access_token JOIN ns_consumer USING (consumer_key)"
            " WHERE consumer_key = ? AND token_id = ?",
            (given["oauth_consumer_key"], given["oauth_token"]),
        ).fetchone()
        if row is None:
            message = "no such token of that consumer"
            raise NotSignedError(message)
        signed = _SignedRequest(
            call.request.method,
            call.origin + call.request.scope["raw_path"].decode(),
            _parameters(call, credentials),
            given["oauth_signature"],
        )
        if not verify_hmac_sha256(signed, row["consumer_secret"], row["token_secret"]):
            message = "wrong signature"
            raise NotSignedError(message)
        _use_once(conn, given)
    return row


def _given(credentials: str) -> Mapping[str, str]:
    """Read the parameters of the header: every one that is needed, none twice."""
    items = parse_http_list(credentials)
    try:
        given = {name: unquote(value) for name, value in parse_keqv_list(items).items()}
    except (IndexError, ValueError) as error:
        message = "malformed header"
        raise NotSignedError(message) from error
    well_formed = (
        len(given) == len(items)
        and given.keys() >= _NEEDED
        and given["oauth_signature_method"] == _METHOD
        and given.get("oauth_version", "1.0") == "1.0"
        and given["oauth_timestamp"].isdecimal()
        and len(given["oauth_nonce"]) in _NONCE_LENGTHS
    )
    if not well_formed:
        message = "a parameter is missing or wrong"
        raise NotSignedError(message)
    return given


def _parameters(call: NetSuiteCall, credentials: str) -> list[tuple[str, str]]:
    request = call.request
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = call.body.decode("latin-1") if kind == "application/x-www-form-urlencoded" else None
    try:
        collected: list[tuple[str, str]] = collect_parameters(
            uri_query=request.scope["query_string"].decode("latin-1"),
            body=form,
            headers={"Authorization": f"OAuth {credentials}"},
        )
    except ValueError as error:
        message = "the query is not percent-encoded"
        raise NotSignedError(message) from error
    return collected


def _use_once(conn: sqlite3.Connection, given: Mapping[str, str]) -> None:
    """Make sure that a nonce was not used before with that token, in the time that counts."""
    stamp, now = int(given["oauth_timestamp"]), time()
    if abs(now - stamp) > _WINDOW:
        message = "the timestamp is off"
        raise NotSignedError(message)
    conn.execute("DELETE FROM ns_nonce WHERE stamp < ?", (now - _WINDOW,))
    used = (given["oauth_token"], stamp, given["oauth_nonce"])
    if not conn.execute("INSERT OR IGNORE INTO ns_nonce VALUES (?, ?, ?)", used).rowcount:
        message = "the nonce was used before"
        raise NotSignedError(message)
