"""Reading AvidXchange: the connection test, and every list. Each native name is the profile's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from typing_extensions import Self

from apbridge.avidxchange.answers import classify_by
from apbridge.avidxchange.company import which_company
from apbridge.avidxchange.expressions import ExpressionError, instant, text_of
from apbridge.avidxchange.pages import PagePosition, first_page, next_page
from apbridge.avidxchange.profile import Listing, Profile, Resource
from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.avidxchange.sign_in import sign_in_by, tls_by
from apbridge.avidxchange.template import UnknownWordError
from apbridge.avidxchange.unknown_words import UnknownWords, words
from apbridge.errors import RefusedError, SettingError
from apbridge.http import AnswerWatch, Call, GovernedSession, unwatched
from apbridge.origin import Origin

_Filled = TypeVar("_Filled")

_MOST_EMPTY_PAGES = 100
"""In a row: a filter may leave pages empty, but a link may also lead on for ever."""

_TWICE = timedelta(hours=1)
"""How long clocks go through the same time twice, in autumn."""

_ENTERED = "(entered there)"
"""How errors name a record without an external id."""

_MOST_PAGES = 100_000
"""More pages than any company has: a list that goes on longer does not end."""


@dataclass(frozen=True)
class Shown:
    """A record as AvidXchange shows it in a list."""

    external_id: str
    item: Mapping[str, Any]


class AvidXchangeReader:
    """One company in AvidXchange, to be read.

    Thread-safe; use as a context manager.

    Args:
        settings: Where it is, and its credentials.
        stop: When set, waits end and nothing is tried again.
        watch: Sees every answer: see `AnswerRecorder`.

    Raises:
        SettingError: The profile is not valid, or a setting that it asks for is missing.
    """

    def __init__(
        self,
        settings: AvidXchangeSettings,
        *,
        stop: Event | None = None,
        watch: AnswerWatch = unwatched,
    ) -> None:
        self.profile = Profile.load(settings.profile, settings.time_zone)
        self._settings = settings
        narrowed = [one.listing.modified_since for one in self.profile.resources.values()]
        # Lists that know whole days have times of a clock on a wall, whoever has said of which, or forgot to.
        is_by_day = any(one and one.granularity == "day" for one in narrowed)
        self.doubt_of_times = _TWICE if settings.time_zone or is_by_day else timedelta()
        """How much earlier than it is shown a change may have been."""
        self.unknown_words = UnknownWords(self.profile.name)
        self._company: Any = None
        self.is_checked = False
        """Whether address and sign-in were shown to be right."""
        self._sign_in = sign_in_by(self.profile.sign_in, settings, stop)
        self._in_every_query = settings.values(self.profile.sign_in.parameters)
        self.session = GovernedSession(
            "AvidXchange",
            settings.base_url,
            signer=self._sign_in,
            classify=classify_by(self.profile.errors),
            concurrency=settings.concurrency,
            most_bytes=settings.most_answer_bytes,
            tls=tls_by(self.profile.sign_in, settings),
            fresh_token_is_final=True,
            stop=stop,
            watch=watch,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
        self._sign_in.close()

    def check(self) -> None:
        """Show that address and sign-in are right.

        Raises:
            SettingError: They are not.
        """
        self._company = self._get("check", self.profile.check_path, {}, "say which company it is")
        self.is_checked = True

    @property
    def company(self) -> str | None:
        """Which company signs in, as it was answered to `check`; None where the profile cannot tell."""
        return text_of(self.profile.company, self._company)

    def origin(self, before: Origin | None) -> Origin:
        """Return which company it is; it is asked only where somebody else signs in than before.

        Args:
            before: Which it was, as far as that is known.

        Raises:
            SettingError: Address or sign-in is wrong, or it is not the company that the settings name.
        """

        def asked() -> Any:  # noqa: ANN401
            self.check()
            return self._company

        return which_company(self.profile, self._settings, before, asked)

    def shown(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        place: Mapping[str, str] | None = None,
        unnamed: Callable[[Shown], object] | None = None,
    ) -> Iterator[Shown]:
        """List records as AvidXchange shows them, page after page.

        Args:
            resource: Which kind.
            modified_since: What changed at or after that; perhaps more, where the filter is coarse.
            filters: Filters by our names.
            place: What the path needs, such as `dimension`.
            unnamed: Called with each that has no external id.

        Raises:
            SettingError: The list is not where the profile says, or cannot be read as it says.
        """
        for items in self._pages(resource, modified_since, filters or {}, place or {}):
            yield from self._shown(resource, items)
            if unnamed:
                for item in items:
                    if self._name_of(resource, item) is None:
                        unnamed(Shown(_ENTERED, item))

    def first_page(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        place: Mapping[str, str] | None = None,
    ) -> list[Shown]:
        """Return the first page of a list, and read no further.

        Raises:
            SettingError: As `shown`.
        """
        return list(self._shown(resource, next(self._pages(resource, modified_since, {}, place or {}))))

    def _shown(self, resource: str, items: list[Any]) -> Iterator[Shown]:
        for item in items:
            external_id = self._name_of(resource, item)
            # What people entered in AvidXchange itself has no external id and is not ours to know.
            if external_id is not None:
                yield Shown(str(external_id), item)

    def _name_of(self, resource: str, item: Any) -> Any:  # noqa: ANN401
        return self._fit(resource, "list.external_id", self._resource(resource).listing.external_id, item)

    def _pages(
        self,
        resource: str,
        modified_since: datetime | None,
        filters: Mapping[str, str],
        place: Mapping[str, str],
    ) -> Iterator[list[Any]]:
        answers = self.answers(resource, modified_since=modified_since, filters=filters, place=place)
        return (items for _, items in answers)

    def answers(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        place: Mapping[str, str] | None = None,
        parameters: Mapping[str, str | int] | None = None,
    ) -> Iterator[tuple[Any, list[Any]]]:
        """Yield each answer of a list as it came, with its items; `parameters` count before the profile's.

        Raises:
            SettingError: As `shown`.
        """
        filters, place = filters or {}, place or {}
        listing = self._resource(resource).listing
        path = self._path(resource, "list.path", listing.path, place)
        asked = self._parameters(listing, modified_since, filters, place) | {**(parameters or {})}
        page = first_page(listing, path, asked)
        purpose, before, empty = f"list {words(resource)}s", None, 0
        for _ in range(_MOST_PAGES):
            answer = self._get(
                f"{resource}.list", page.path, page.parameters, purpose, is_post=listing.is_post
            )
            items = self._fit(resource, "list.items", listing.items, answer)
            if not isinstance(items, list):
                raise self._does_not_fit(resource, "list.items", "there is no list in the answer")
            yield answer, items
            following = self._next(resource, listing, page, answer, is_empty=not items)
            if following is None:
                return
            # A page number that is not understood gives the same page for ever.
            if following == page or (items and items == before):
                break
            empty = 0 if items else empty + 1
            if empty == _MOST_EMPTY_PAGES:
                break
            page, before = following, items
        raise self._does_not_fit(resource, "list.next", "the pages do not end")

    def _next(
        self,
        resource: str,
        listing: Listing,
        page: PagePosition,
        answer: Any,  # noqa: ANN401
        *,
        is_empty: bool,
    ) -> PagePosition | None:
        try:
            return next_page(listing, page, answer, self.session.base_url, is_empty=is_empty)
        except ExpressionError as failure:
            raise self._does_not_fit(resource, "list.next", str(failure)) from failure

    def list(
        self,
        resource: str,
        *,
        modified_since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        place: Mapping[str, str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """List canonical records.

        Whatever the granularity of AvidXchange's filter, nothing older than `modified_since` is given.

        Raises:
            SettingError: As `shown`; or a record holds a word that the profile does not translate.
        """
        for shown in self.shown(resource, modified_since=modified_since, filters=filters, place=place):
            record = self.read(resource, shown, place=place)
            modified = record.get("modified_at")
            if modified_since is None or modified is None or instant(modified) >= modified_since:
                yield record

    def everything(
        self, resource: str, *, place: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """List canonical records, those too that were entered in AvidXchange itself.

        Args:
            resource: `vendor`, `gl_account` or `dimension_value`.
            place: As for `shown`.

        Raises:
            SettingError: As `list`.
        """
        for items in self._pages(resource, None, {}, place or {}):
            for item in items:
                yield self.read(resource, Shown(_ENTERED, item), place=place)

    def read(self, resource: str, shown: Shown, *, place: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the canonical record of what AvidXchange shows.

        Raises:
            SettingError: The profile does not translate a word in it.
        """
        try:
            record = {**(place or {}), **self._resource(resource).listing.read(shown.item)}
        except UnknownWordError as unknown:
            raise SettingError(
                "APB-AX-031",
                resource=words(resource),
                external_id=shown.external_id,
                field=unknown.field,
                word=unknown.word,
                profile=self.profile.name,
                where=f"resources.{resource}.list.read.{unknown.field}.values",
            ) from unknown
        except ExpressionError as failure:
            raise self._does_not_fit(resource, "list.read", str(failure)) from failure
        self.unknown_words.tell(resource, record)
        return record

    def _parameters(
        self,
        listing: Listing,
        modified_since: datetime | None,
        filters: Mapping[str, str],
        place: Mapping[str, str],
    ) -> dict[str, str | int]:
        place = {**place, "group": self.profile.groups.of(place)}
        parameters = {
            name: value.format_map(place) if isinstance(value, str) else value
            for name, value in listing.parameters.items()
        }
        parameters |= {listing.filters[name]: value for name, value in filters.items()}
        since = listing.modified_since
        if since is not None and modified_since is not None:
            parameters[since.parameter] = since.shown(modified_since)
        return parameters

    def _get(
        self,
        operation: str,
        path: str,
        parameters: Mapping[str, str | int],
        purpose: str,
        *,
        is_post: bool = False,
    ) -> Any:  # noqa: ANN401
        # A link to the next page may already say what every call has to say.
        there = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
        query = {name: value for name, value in self._in_every_query.items() if name not in there}
        call = (
            Call("POST", path, purpose, params=query, json=dict(parameters))
            if is_post
            else Call("GET", path, purpose, params={**query, **parameters})
        )
        try:
            return self.session.ask(replace(call, operation=operation))
        except RefusedError as refused:
            # Reading is refused where the address or the contract is wrong, not where a record is.
            raise SettingError(
                "APB-AX-030",
                purpose=purpose,
                status=refused.status,
                says=refused.facts["says"],
                profile=self.profile.name,
            ) from refused

    def _path(self, resource: str, where: str, template: str, values: Mapping[str, Any]) -> str:
        safe = {
            name: quote(str(values[name]), safe="")
            for name in ("external_id", "remote_id", "dimension")
            if values.get(name) is not None
        }
        safe["group"] = quote(self.profile.groups.of(values), safe="")
        try:
            return template.format_map(safe)
        except KeyError as missing:
            problem = f"{missing.args[0]} is not known here"
            raise self._does_not_fit(resource, where, problem) from missing

    def _fit(
        self,
        resource: str,
        where: str,
        expression: Callable[[Any], _Filled] | None,
        value: Any,  # noqa: ANN401
    ) -> _Filled | None:
        """Fill a template, or evaluate an expression; None where the profile has none."""
        try:
            return expression(value) if expression else None
        except (ExpressionError, UnknownWordError) as failure:
            raise self._does_not_fit(resource, where, str(failure)) from failure

    def _resource(self, name: str) -> Resource:
        return self.profile.resources[name]

    def _does_not_fit(self, resource: str, where: str, problem: str) -> SettingError:
        return SettingError(
            "APB-AX-032", profile=self.profile.name, where=f"resources.{resource}.{where}", problem=problem
        )
