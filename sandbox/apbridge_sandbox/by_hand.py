"""Commands for what people do in a running sandbox, by its control API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import click

_PATIENCE = 300
"""Seconds until the sandbox is taken to be gone: a busy machine is slow and not wrong."""

_control = click.option(
    "--control",
    default="http://127.0.0.1:8401",
    show_default=True,
    help="Of the running sandbox: `control=` of its line `ready`.",
)
_numbers = click.argument("external_ids", nargs=-1)
_all = click.option("--all", "everything", is_flag=True, help="All that can be.")


@click.command()
@_control
@_numbers
@_all
def approve(*, control: str, external_ids: tuple[str, ...], everything: bool) -> None:
    """Approve invoices in AvidXchange, by external id."""
    _some(external_ids, everything=everything)
    named = "all" if everything else list(external_ids)
    done = _ask(control, "/control/invoices/approve", {"external_ids": named})["external_ids"]
    _told(done, "no invoice waits for approval in AvidXchange")
    click.echo(f"approved {len(done)} of AvidXchange's invoices: pay them with `apbridge-sandbox pay`")


@click.command()
@_control
@_numbers
@_all
@click.option(
    "--method",
    type=click.Choice(["check", "ach", "virtual_card"]),
    help="As the vendor is paid, unless said.",
)
def pay(*, control: str, external_ids: tuple[str, ...], everything: bool, method: str | None) -> None:
    """Pay approved invoices in AvidXchange, by external id; the payments are settled at once."""
    _some(external_ids, everything=everything)
    invoices = [{"external_id": name} for name in external_ids]
    which: dict[str, Any] = {"all": True} if everything else {"invoices": invoices}
    ids = _ask(control, "/control/payments/pay", {**which, "method": method})["ids"]
    _told(ids, "no approved invoice is unpaid in AvidXchange")
    for step in ("issue", "settle"):
        _ask(control, f"/control/payments/{step}", {"ids": ids})
    click.echo(f"paid in AvidXchange, and settled: {', '.join(ids)}. `meltano run inbound` brings them back")


@click.command()
@_control
@click.option("--vendor", required=True, help="Internal id of NetSuite's vendor.")
@click.option("--number", required=True, help="The vendor's number of it.")
@click.option("--account", required=True, help="Number of the expense account.")
@click.option("--amount", required=True, help="In the vendor's currency, such as 120.50.")
def bill(*, control: str, vendor: str, number: str, account: str, amount: str) -> None:
    """Enter an approved bill of one line in NetSuite, with an image."""
    new = {
        "vendor": vendor,
        "tranid": number,
        "lines": [{"account": account, "amount": amount}],
        "image": number,
    }
    (entered,) = _ask(control, "/control/netsuite/bills", {"bills": [new]})["ids"]
    click.echo(f"entered bill {entered} in NetSuite: `meltano run outbound` submits it")


@click.command()
@_control
@click.argument("bill_id")
@click.option("--memo", required=True, help="What its memo is to be.")
def edit(*, control: str, bill_id: str, memo: str) -> None:
    """Change a bill's memo in NetSuite, by the bill's internal id."""
    books = _ask(control, "/control/books", method="GET")
    if bill_id not in {one["id"] for one in books["netsuite"]["bills"]}:
        message = f"there is no bill {bill_id} in NetSuite"
        raise click.ClickException(message)
    _ask(control, "/control/netsuite/edit", {"table": "transaction", "id": bill_id, "set": {"memo": memo}})
    click.echo(f"changed bill {bill_id} in NetSuite")


COMMANDS = (approve, pay, bill, edit)


def _some(external_ids: tuple[str, ...], *, everything: bool) -> None:
    if everything == bool(external_ids):
        message = "say which invoices, or --all"
        raise click.UsageError(message)


def _told(done: list[str], nothing: str) -> None:
    if not done:
        raise click.ClickException(nothing)


def _ask(control: str, path: str, order: Mapping[str, Any] | None = None, *, method: str = "POST") -> Any:  # noqa: ANN401
    request = Request(  # noqa: S310
        control.rstrip("/") + path,
        data=json.dumps(order or {}).encode(),
        method=method,
        headers={"content-type": "application/json"},
    )
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_PATIENCE) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise click.ClickException(_reason(error, control)) from error
    except (URLError, ValueError) as error:
        message = f"no sandbox answers at {control}: start it with `apbridge-sandbox serve`, or say --control"
        raise click.ClickException(message) from error


def _reason(error: HTTPError, control: str) -> str:
    try:
        return str(json.load(error)["message"])
    except (ValueError, TypeError, KeyError):
        return f"what answers at {control} is no sandbox's control API: HTTP {error.code}"
