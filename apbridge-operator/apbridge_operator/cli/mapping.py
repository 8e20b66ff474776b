"""`apbridge mapping`: are the accounts and dimensions of open bills codes that AvidXchange has?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from importlib import resources
from typing import Any

import typer

from apbridge.avidxchange import AvidXchange
from apbridge.errors import RefusedError, SettingError
from apbridge.mapping import SEGMENT, Coding
from apbridge.netsuite import NetSuite
from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, print_json, say, table

app = typer.Typer(help="GL accounts and dimensions, and AvidXchange's codes for them.", no_args_is_help=True)

_ACCOUNT = "account"
_OPTIONAL = re.compile(r"(.*)  -- if (\w+)$")


@dataclass(frozen=True)
class Invalid:
    """What open bills are coded to, and AvidXchange takes no line on.

    Args:
        of: `account` or a dimension.
        id: Internal id in NetSuite.
        number: Of an account.
        subsidiary: Internal id of the bills' subsidiary.
        code: What it is mapped to.
        problem: What is wrong with that code.
        bills: How many open bills use it.
        table: Where to map it.
    """

    of: str
    id: str
    number: str | None
    subsidiary: str | None
    code: str
    problem: str
    bills: int
    table: str


@app.callback()
def group() -> None:
    """Keep `check` a word of its own."""


@app.command()
def check(*, company: One = None, as_json: Json = False) -> None:
    """List each account and dimension value of open bills that AvidXchange takes no line on; send nothing.

    Exit code 1 where there is one. Codes come to AvidXchange by a run of target-avidxchange: before the first
    one, all are listed.
    """
    with only(company):
        coding = Coding.from_config(context.config(context.TARGET_AVIDXCHANGE))
        asked_for = context.config(context.TAP_NETSUITE).get("custom_fields") or ()
        segments = [name for name in asked_for if name.startswith(SEGMENT)]
        with context.netsuite(context.TAP_NETSUITE) as netsuite, context.avidxchange() as avidxchange:
            found = list(invalid(netsuite, avidxchange, coding, segments))
    if as_json:
        print_json({"ok": not found, "invalid": [asdict(one) for one in found]})
    elif found:
        shown = table("of", "in NetSuite", "subsidiary", "code", "what is wrong", "open bills", "map it in")
        for one in found:
            name = one.number or f"id {one.id}"
            cells = (one.of, name, one.subsidiary or "", one.code, one.problem, str(one.bills), one.table)
            shown.add_row(*cells)
        display(shown)
    else:
        say("Every account and dimension value of open bills has a code that AvidXchange takes.")
    if found:
        raise typer.Exit(FOUND)


def invalid(
    netsuite: NetSuite, avidxchange: AvidXchange, coding: Coding, segments: Iterable[str] = ()
) -> Iterator[Invalid]:
    """Compare what open bills are coded to with what AvidXchange lists; what most bills use comes first.

    Raises:
        APBridgeError: One of the systems could not be asked.
    """
    for of in (_ACCOUNT, *DIMENSIONS, *segments):
        used = _used(netsuite, of)
        problems = _problems(avidxchange, of) if used else {}
        for row in used:
            value, number, subsidiary = row["value_"], row.get("account_number"), row.get("subsidiary")
            if of == _ACCOUNT:
                code, mapped_in = coding.gl_code(value, number, subsidiary), coding.accounts.name
            else:
                code, mapped_in = coding.dimension_code(of, value, subsidiary), coding.dimensions.name
            problem = problems.get(str(code), "AvidXchange does not have it")
            if problem:
                number = number if of == _ACCOUNT else None
                yield Invalid(of, value, number, subsidiary, str(code), problem, int(row["bills"]), mapped_in)


def _problems(avidxchange: AvidXchange, of: str) -> Mapping[str, str]:
    """Return each code that AvidXchange lists with what keeps lines off it; nothing where it may be used."""
    if of == _ACCOUNT:
        return {one["number"]: _problem(one) for one in avidxchange.everything("gl_account")}
    try:
        listed = list(avidxchange.everything("dimension_value", place={"dimension": of}))
    except SettingError as refused:
        if refused.facts.get("status") == HTTPStatus.NOT_FOUND:
            return {}  # it has no such dimension
        raise
    return {one["code"]: _problem(one) for one in listed}


def _problem(listed: Mapping[str, Any]) -> str:
    if not listed["is_active"]:
        return "it is not active"
    return "" if listed.get("is_postable", True) else "nothing can be posted to it"


def _used(netsuite: NetSuite, of: str) -> list[dict[str, str]]:
    """Ask what open bills are coded to, without what this account does not have."""
    text = (resources.files("apbridge_operator.cli") / "open_bills.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    column = "COALESCE(a.account, l.expenseaccount)" if of == _ACCOUNT else f"l.{of}"
    while True:
        query = "\n".join(_OPTIONAL.sub(r"\1", line) for line in lines).replace("$of", column)
        try:
            rows = netsuite.suiteql_all(query, purpose=f"see which {of} open bills use")
            return sorted(rows, key=lambda row: -int(row["bills"]))
        except RefusedError as refused:
            if of != _ACCOUNT and _names(refused, of):
                return []  # the account has no such dimension
            kept = [line for line in lines if not _is_refused(line, refused)]
            if kept == lines:
                raise
            lines = kept


def _is_refused(line: str, refused: RefusedError) -> bool:
    optional = _OPTIONAL.fullmatch(line)
    return optional is not None and _names(refused, optional[2])


def _names(refused: RefusedError, word: str) -> bool:
    return re.search(rf"\b{word}\b", str(refused.facts["says"]), re.IGNORECASE) is not None
