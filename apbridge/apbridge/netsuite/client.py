"""The NetSuite client."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Event
from typing import Any, TypeVar

import requests
from typing_extensions import Self

from apbridge.errors import OutcomeUnknownError, RefusedError, SettingError, UnavailableError
from apbridge.http import Call, GovernedSession, Idempotency, places_at
from apbridge.netsuite.answers import WEB_SERVICES_ONLY, as_documented, classify
from apbridge.netsuite.settings import NetSuiteSettings
from apbridge.netsuite.sign_in import NetSuiteSignIn
from apbridge.settings import MOST_CALLS

logger = logging.getLogger(__name__)

PAGE_ROWS = 1000
"""Most rows of one page (NetSuite: SuiteQL)."""

MOST_ROWS = 100_000
"""Most rows that can be reached behind one query (NetSuite: SuiteQL)."""

_ANSWER_SECONDS = 240.0
"""A query of a large account may take minutes; NetSuite itself gives up after fifteen."""
_TIMES_TO_READ = 3
_LIMITS_PATH = "/services/rest/system/v1/governanceLimits"
_LIMITS = ("accountConcurrencyLimit", "integrationConcurrencyLimit")
_QUERY_PATH = "/services/rest/query/v1/suiteql"
_RECORD_PATH = "/services/rest/record/v1"
_RESTLET_PATH = "/app/site/hosting/restlet.nl"
_WELL = "HTTP 200"
_ID = re.compile(r"-?[0-9]{1,18}")
"""An internal id. NetSuite's own records have negative ones."""
_TEXTS = frozenset({str})
_NOT_OURS = "NOT_OUR_RESTLET"

_T = TypeVar("_T")

Row = dict[str, str]
"""A row of SuiteQL: every value a string, keys in lower case, null columns left out."""


@dataclass(frozen=True)
class QueryPage:
    """One page of a query."""

    items: list[Row]
    has_more: bool
    total: int


class NetSuite:
    """One NetSuite account.

    Thread-safe; use as a context manager.

    Args:
        settings: The account and its credentials.
        stop: When set, waits end and nothing is tried again.

    Raises:
        SettingError: `limits_url` is nothing that places can be shared in.
    """

    def __init__(self, settings: NetSuiteSettings, *, stop: Event | None = None) -> None:
        self.settings = settings
        self.account = settings.account_id
        url, account = settings.limits_url, settings.account_id
        self._places = places_at(url, system="NetSuite", account=account, stop=stop) if url else None
        self._sign_in = NetSuiteSignIn(settings, stop)
        self.session = self._session(settings.base_url, stop)
        # One limiter for both hosts: NetSuite counts REST and RESTlet calls together.
        self.restlets = self._session(settings.restlet_url, stop)
        self.restlets.limiter = self.session.limiter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for closing in (self.session, self.restlets, self._sign_in):
            closing.close()
        if self._places:
            self._places.close()

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight."""
        return self.session.limiter.most

    def learn_limit(self) -> None:
        """Ask how many calls NetSuite takes at once from this integration, and go by that from now on.

        Few roles may see it: where this one may not, nothing changes.
        """
        try:
            answer = self.session.ask(Call("GET", _LIMITS_PATH, "ask for the concurrency limit"))
        except RefusedError as refused:
            logger.debug("NetSuite does not show its concurrency limit: %s", refused)
            return
        with as_documented("ask for the limit", "no limits"):
            # An integration with a limit of its own shares the account's with nobody, the others do.
            told = [int(answer[name]) for name in _LIMITS if answer.get(name)]
        if told:
            self.session.limiter.allow(max(1, min(*told, MOST_CALLS)))
            logger.info("NetSuite takes %d calls at once from this integration", self.concurrency)

    def suiteql(self, query: str, *, limit: int = PAGE_ROWS, offset: int = 0, purpose: str) -> QueryPage:
        """Read one page of a query.

        Raises:
            RefusedError: NetSuite does not take the query.
        """
        answer = self.answer(query, limit=limit, offset=offset, purpose=purpose)
        with as_documented(purpose, "no page of rows"):
            return QueryPage(_rows(answer["items"]), bool(answer["hasMore"]), int(answer["totalResults"]))

    def answer(self, query: str, *, limit: int, offset: int, purpose: str, **body: Any) -> Any:  # noqa: ANN401
        """Return the answer to a query as it came; what else its body holds is sent as it is.

        Raises:
            RefusedError: NetSuite does not take the query.
        """
        return self.session.ask(
            Call(
                "POST",
                _QUERY_PATH,
                purpose,
                params={"limit": limit, "offset": offset},
                headers={"Prefer": "transient"},
                json={"q": query, **body},
            )
        )

    def suiteql_all(self, query: str, *, purpose: str) -> list[Row]:
        """Read every row of a query whose ORDER BY is unique: fewer than 100,000 of them.

        Raises:
            UnavailableError: It has as many rows as NetSuite hands out, or more, or their number kept
                changing; nothing is cut off silently.
        """
        for _ in range(_TIMES_TO_READ):
            rows = self._every_page(query, purpose)
            if rows is not None:
                return rows
        raise UnavailableError("APB-NS-023", purpose=purpose, times=_TIMES_TO_READ)

    def _every_page(self, query: str, purpose: str) -> list[Row] | None:
        """Read page after page; None where rows came or went meanwhile, so that one may be missing."""
        rows: list[Row] = []
        total: int | None = None
        for offset in range(0, MOST_ROWS, PAGE_ROWS):
            page = self.suiteql(query, offset=offset, purpose=purpose)
            if page.total >= MOST_ROWS:
                raise UnavailableError("APB-NS-020", purpose=purpose, total=page.total, most=MOST_ROWS)
            rows += page.items
            if total not in {None, page.total} or len(rows) > page.total:
                return None
            total = page.total
            if not page.has_more:
                break
        return rows if len(rows) == total else None

    def get(
        self, record_type: str, record_id: str, *, expanded: bool = False, purpose: str
    ) -> dict[str, Any]:
        """Read one record.

        Args:
            record_type: NetSuite's name of the type.
            record_id: Internal id, or `eid:` and an external id.
            expanded: Whether the lines of its sublists are read too.
            purpose: For errors.
        """
        path = f"{_RECORD_PATH}/{record_type}/{record_id}"
        params = {"expandSubResources": "true"} if expanded else None
        record: dict[str, Any] = self.session.ask(Call("GET", path, purpose, params=params))
        return record

    def create(self, record_type: str, body: Mapping[str, Any], *, purpose: str) -> str:
        """Create a record, once, and return its internal id.

        Raises:
            OutcomeUnknownError: It may or may not exist now.
        """
        path = f"{_RECORD_PATH}/{record_type}"
        return _located(self.session.send(Call("POST", path, purpose, Idempotency.ONCE, json=body)), purpose)

    def upsert(
        self,
        record_type: str,
        external_id: str,
        body: Mapping[str, Any],
        *,
        replace: Sequence[str] = (),
        purpose: str,
    ) -> str:
        """Create or change a record by its external id, and return its internal id.

        Where the body has a sublist that is not replaced, sending it twice may append to it twice, so that
        it is never sent again blindly.

        Args:
            record_type: NetSuite's name of the type.
            external_id: Ours.
            body: The record's fields.
            replace: Sublists to replace. NetSuite appends to unkeyed sublists otherwise.
            purpose: For errors.

        Raises:
            OutcomeUnknownError: It may or may not be done.
        """
        path = f"{_RECORD_PATH}/{record_type}/eid:{external_id}"
        params = {"replace": ",".join(replace)} if replace else None
        call = Call("PUT", path, purpose, _repeated(body, replace), params=params, json=body)
        return _located(self.session.send(call), purpose)

    def patch(self, record_type: str, record_id: str, body: Mapping[str, Any], *, purpose: str) -> None:
        """Change fields of a record.

        Raises:
            OutcomeUnknownError: It may or may not be done; only for a body with a sublist.
        """
        path = f"{_RECORD_PATH}/{record_type}/{record_id}"
        self.session.send(Call("PATCH", path, purpose, _repeated(body, ()), json=body))

    def delete(self, record_type: str, record_id: str, *, purpose: str) -> None:
        """Delete a record. One that is gone already is fine."""
        path = f"{_RECORD_PATH}/{record_type}/{record_id}"
        try:
            self.session.send(Call("DELETE", path, purpose, Idempotency.IDEMPOTENT))
        except RefusedError as refused:
            if refused.reason != "NONEXISTENT_ID":
                raise

    def restlet(
        self,
        body: Mapping[str, Any],
        *,
        reads: Callable[[Any], _T],
        purpose: str,
        idempotency: Idempotency = Idempotency.READ,
    ) -> _T:
        """Ask our RESTlet.

        Args:
            body: Its action and what that takes.
            reads: Reads the answer, as a function of `apbridge.netsuite.restlet` does.
            purpose: For errors.
            idempotency: What asking twice would do. A reader's default: `void` is asked ONCE.

        Raises:
            SettingError: No RESTlet is configured.
            RefusedError: It refuses, or NetSuite lets no RESTlet be called at all.
            UnavailableError: What answered is not our RESTlet.
            OutcomeUnknownError: The same, to what is asked ONCE.
        """
        script, deploy = self.settings.restlet_script, self.settings.restlet_deploy
        if script is None or deploy is None:
            raise SettingError("APB-SET-002", setting="restlet_script")
        named = {"script": script, "deploy": deploy}
        call = Call("POST", _RESTLET_PATH, purpose, idempotency, params=named, json=body)
        facts = {**named, "purpose": purpose}
        try:
            return reads(self.restlets.ask(call))
        except RefusedError as refused:
            if why := _why_no_restlet(refused):
                known = {**refused.facts, **facts}
                raise RefusedError(why, **known) from refused
            raise
        except UnavailableError as failure:
            last = str(failure.facts.get("last", ""))
            if not last.startswith(_WELL):
                raise
            raise UnavailableError("APB-NS-031", problem=last, **facts) from failure
        except OutcomeUnknownError as failure:
            problem = failure.facts["says"]
            if not problem.startswith(_WELL):
                raise
            raise self._undecided(problem, facts) from failure
        except ValueError as failure:
            if idempotency is Idempotency.ONCE:
                raise self._undecided(str(failure), facts) from failure
            raise UnavailableError("APB-NS-030", problem=failure, **facts) from failure

    @staticmethod
    def _undecided(problem: str, facts: Mapping[str, Any]) -> OutcomeUnknownError:
        says = f"its answer is not that of our RESTlet, {problem}"
        return OutcomeUnknownError("APB-NS-032", problem=problem, says=says, reason=_NOT_OURS, **facts)

    def _session(self, url: str, stop: Event | None) -> GovernedSession:
        return GovernedSession(
            "NetSuite",
            url,
            signer=self._sign_in,
            classify=classify,
            concurrency=self.settings.concurrency,
            places=self._places,
            most_bytes=self.settings.most_answer_bytes,
            address_settings="account_id and base_url",
            read_timeout=_ANSWER_SECONDS,
            stop=stop,
        )


def _rows(items: list[Any]) -> list[Row]:
    """Check rows; a client of theirs must not meet anything but texts, nor an id that is no number.

    Raises:
        TypeError: One is none.
        ValueError: Its id is none.
    """
    for item in items:
        item.pop("links", None)
    # Of all rows at once: to call for each takes longer than to decode it.
    if not _TEXTS.issuperset(map(type, chain.from_iterable(map(dict.values, items)))):
        raise TypeError
    if not all(map(_ID.fullmatch, [item.get("id", "0") for item in items])):
        raise ValueError
    return items


def _why_no_restlet(refused: RefusedError) -> str | None:
    """Return the sentence for a refusal that is none of the script's.

    With which code NetSuite refuses where a feature is off is not documented: its words tell too.
    """
    if refused.reason == WEB_SERVICES_ONLY:
        return "APB-NS-025"
    says = refused.says.lower()
    is_off = refused.reason.startswith("FEATURE_") or ("feature" in says and "not enabled" in says)
    return "APB-NS-024" if is_off else None


def _located(response: requests.Response, purpose: str) -> str:
    """Read the internal id out of `Location`: the only thing that a write answers."""
    location = response.headers.get("Location", "")
    record_id = location.rstrip("/").rsplit("/", 1)[-1]
    if not _ID.fullmatch(record_id):
        raise OutcomeUnknownError("APB-NS-021", purpose=purpose)
    return record_id


def _repeated(body: Mapping[str, Any], replace: Sequence[str]) -> Idempotency:
    """Return what sending a body twice does: NetSuite appends to unkeyed sublists unless it replaces them."""
    sublists = {name for name, value in body.items() if isinstance(value, Mapping) and "items" in value}
    return Idempotency.IDEMPOTENT if sublists <= set(replace) else Idempotency.ONCE
