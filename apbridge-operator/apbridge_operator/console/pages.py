"""The pages: all are rendered here on the server, and need no JavaScript."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from apbridge.errors import APBridgeError
from apbridge.ledger import OPEN, Status
from apbridge_operator.console.guard import Forms, Guard
from apbridge_operator.console.overview import overview
from apbridge_operator.console.probes import Probes
from apbridge_operator.console.sign_in import Session, SignIn
from apbridge_operator.console.templating import render, style
from apbridge_operator.exception_rows import as_fields, csv_head, csv_line
from apbridge_operator.exceptions import Case, Exceptions, Which
from apbridge_operator.merged_exceptions import MergedExceptions
from apbridge_operator.monitoring import Loop
from apbridge_operator.record_history import RecordHistories

_SIZE = 25
_LONGEST_FORM = 20_000
_NOTES = {
    "retry": "The next run tries it first.",
    "dismiss": "Dismissed until it changes; it is on the audit trail.",
    "nothing": "It was delivered or has changed since you saw it: nothing was done. Look at it once more.",
}


def application(
    loops: Sequence[Loop],
    sign_in: SignIn,
    *,
    metrics_token: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Make the application. Of several companies it has a page over all, and the pages of each in a folder.

    Args:
        loops: What it shows.
        sign_in: Knows who is let in.
        metrics_token: Lets Prometheus read `/metrics`; None where that is not served.
        clock: Returns seconds that only grow.

    Raises:
        SettingError: That token is too short.
    """
    if len(loops) == 1:
        routes: list[BaseRoute] = [*_routes(_Console(loops[0]))]
    else:
        every = _EveryCompany(loops)
        routes = [
            Route("/", every.home),
            Route("/exceptions", every.exceptions),
            Route("/style.css", _style),
            *(Mount(f"/{loop.company}", routes=_routes(_Console(loop))) for loop in loops),
        ]
    probes = Probes(loops, metrics_token, clock)
    guard = Middleware(Guard, sign_in=sign_in, probes=probes)
    return Starlette(routes=routes, middleware=[guard], exception_handlers={APBridgeError: _failed})


def _routes(console: _Console) -> list[Route]:
    return [
        Route("/", console.home),
        Route("/balance", console.balance),
        Route("/balance/day", console.balance_of_a_day),
        Route("/exceptions", console.exceptions),
        Route("/exceptions.csv", console.download),
        Route("/exceptions/{system}/{stream}/{external_id}", console.exception),
        Route("/decide", console.decide, methods=["POST"]),
        Route("/history", console.history),
        Route("/style.css", _style),
    ]


def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css")


class _EveryCompany:
    """The pages over all companies: who is not well, and all exceptions; each leads to its company's own."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._exceptions = MergedExceptions([(loop.company, Exceptions(loop.ledger)) for loop in loops])

    async def home(self, request: Request) -> Response:
        values = await run_in_threadpool(self._overviews)
        return HTMLResponse(await run_in_threadpool(render, "companies.html", {**_frame(request), **values}))

    async def exceptions(self, request: Request) -> Response:
        values = await run_in_threadpool(self._listed, request)
        page = {**_frame(request), **values}
        return HTMLResponse(await run_in_threadpool(render, "all_exceptions.html", page))

    def _overviews(self) -> dict[str, Any]:
        found = [
            (loop.company, overview(loop.ledger, loop.certificate, loop.silence)) for loop in self._loops
        ]
        return {"here": "home", "is_over_all": True, "companies": found}

    def _listed(self, request: Request) -> dict[str, Any]:
        total = self._exceptions.count()
        pages = max(-(-total // _SIZE), 1)
        page = min(_number(request.query_params.get("page")), pages)
        cases = self._exceptions.page(limit=_SIZE, offset=(page - 1) * _SIZE)
        about = {"here": "exceptions", "is_over_all": True}
        return {**about, "cases": cases, "total": total, "page": page, "pages": pages}


class _Console:
    def __init__(self, loop: Loop) -> None:
        self._company = loop.company
        self._ledger = loop.ledger
        self._certificate = loop.certificate
        self._silence = loop.silence
        self._exceptions = Exceptions(loop.ledger)
        self._histories = RecordHistories(loop.ledger)
        self._forms = Forms()

    async def home(self, request: Request) -> Response:
        return await self._page(request, "home.html", "home", self._overview)

    async def balance(self, request: Request) -> Response:
        return await self._page(request, "balance.html", "balance", self._overview)

    async def balance_of_a_day(self, request: Request) -> Response:
        return await self._page(request, "balance_of_a_day.html", "balance", self._overview)

    async def exceptions(self, request: Request) -> Response:
        return await self._page(request, "exceptions.html", "exceptions", partial(self._listed, request))

    async def download(self, request: Request) -> Response:
        """Answer with all that the list shows, over all its pages, as CSV."""
        cases = self._exceptions.every(_which(request))
        lines = chain([csv_head()], (csv_line(as_fields(one)) for one in cases))
        headers = {"Content-Disposition": 'attachment; filename="exceptions.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    async def exception(self, request: Request) -> Response:
        return await self._page(request, "exception.html", "exceptions", partial(self._shown, request))

    async def history(self, request: Request) -> Response:
        return await self._page(request, "record_history.html", "history", partial(self._told, request))

    async def decide(self, request: Request) -> Response:
        form = await _form(request)
        if form is None or not self._forms.is_ours(request, form):
            return PlainTextResponse(
                "This form was not sent from a page of the console, or that page is old: load it again.", 403
            )
        note = await run_in_threadpool(self._decided, form, request.state.session)
        if note is None:
            return await self._missing(request)
        back = {name: form[name] for name in ("status", "code", "page") if form.get(name)}
        return RedirectResponse(f"{_root(request)}/exceptions?{urlencode({**back, 'note': note})}", 303)

    # What the pages hold

    def _overview(self) -> dict[str, Any]:
        return {"overview": overview(self._ledger, self._certificate, self._silence)}

    def _listed(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        which = _which(request)
        total = self._exceptions.count(which)
        pages = max(-(-total // _SIZE), 1)
        page = min(_number(query.get("page")), pages)
        return {
            "cases": self._exceptions.page(which, limit=_SIZE, offset=(page - 1) * _SIZE),
            "reasons": self._exceptions.reasons(),
            "status": "open" if which.statuses == OPEN else "dismissed",
            "code": which.code,
            "total": total,
            "page": page,
            "pages": pages,
            "note": _NOTES.get(query.get("note", "")),
        }

    def _shown(self, request: Request) -> dict[str, Any] | None:
        found = self._found(request.path_params)
        if found is None:
            return None
        exchanges = self._histories.exchanges([found.external_id])
        return {"case": found, "record": self._exceptions.record(found), "exchanges": exchanges}

    def _told(self, request: Request) -> dict[str, Any]:
        number = request.query_params.get("number", "").strip()
        return {"number": number, "history": self._histories.tell(number) if number else None}

    def _decided(self, form: Mapping[str, str], session: Session) -> str | None:
        found = self._found(form)
        if found is None:
            return None
        if form.get("version") != found.version:
            return "nothing"
        if form.get("decision") == "dismiss":
            why, who = form.get("why", "").strip(), form.get("who", "").strip() or session.user
            if not why:
                return None
            done = self._exceptions.dismiss(
                [found], because=why, by=who, signed_in=str(session), version=version("apbridge")
            )
            return "dismiss" if done else "nothing"
        return "retry" if self._exceptions.ask_again([found]) else "nothing"

    def _found(self, names: Mapping[str, str]) -> Case | None:
        for one in self._exceptions.find(names.get("external_id", "")):
            if (one.system, one.stream) == (names.get("system"), names.get("stream")):
                return one
        return None

    async def _page(
        self, request: Request, template: str, here: str, hold: Callable[[], dict[str, Any] | None]
    ) -> Response:
        values = await run_in_threadpool(hold)
        if values is None:
            return await self._missing(request)
        token = self._forms.token(request.state.session)
        common = {"here": here, "token": token, **_frame(request, self._company)}
        return HTMLResponse(await run_in_threadpool(render, template, {**common, **values}))

    async def _missing(self, request: Request) -> Response:
        values = {"here": "", **_frame(request, self._company), "title": "It is not here"}
        says = "No such record waits, is rejected or was dismissed; it may have been delivered since."
        return HTMLResponse(render("message.html", {**values, "says": says}), 404)


async def _form(request: Request) -> dict[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return None
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return None


def _failed(request: Request, found: Exception) -> Response:
    values = {"here": "", **_frame(request), "title": "The ledger cannot be read"}
    return HTMLResponse(render("message.html", {**values, "says": str(found)}), 503)


def _root(request: Request) -> str:
    return str(request.scope["root_path"])


def _frame(request: Request, company: str | None = None) -> dict[str, Any]:
    root = _root(request)
    above = root.removesuffix(f"/{company}") if company else ""
    return {"root": root, "is_report": False, "style": "", "company": company, "above": above}


def _which(request: Request) -> Which:
    """Return which exceptions a page is about."""
    query = request.query_params
    statuses = frozenset({Status.DISMISSED}) if query.get("status") == "dismissed" else OPEN
    return Which(statuses=statuses, code=query.get("code") or None)


def _number(text: str | None) -> int:
    return max(int(text), 1) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 1  # noqa: PLR2004
