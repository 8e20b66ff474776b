"""What `apbridge vendors` and `apbridge codes` have in common: propose pairs, link, unlink, list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge.errors import SettingError, UnavailableError
from apbridge.files import FOLDER, locked, replace
from apbridge.ledger.run import user_name
from apbridge.links import Links
from apbridge.mapping import Coding
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, print_json, say, table
from apbridge_operator.console.templating import alone, render
from apbridge_operator.matching import sheet
from apbridge_operator.matching.linking import Linking, UndoneLink
from apbridge_operator.matching.pairing import Grade, MatchParty, ProposedPair, propose
from apbridge_operator.matching.reading import LinkedStream, read

_MOST_SHOWN = 40
_FIELDS = ("id", "name", "code", "tax_shown", "address_shown")

Who = Annotated[str | None, typer.Option(help="Who decided; the user of this machine unless told.")]


def commands(command: str, streams: Sequence[LinkedStream], what: str) -> typer.Typer:
    """Make the commands.

    Args:
        command: Their name.
        streams: What they link.
        what: The same, in words.
    """
    app = typer.Typer(
        help=f"{what[:1].upper()}{what[1:]} that AvidXchange had before us.", no_args_is_help=True
    )

    @app.command(help=f"Propose which {what} are which; write a CSV to decide in, and a page. Links nothing.")
    def match(
        *,
        output: Annotated[
            Path | None, typer.Option(help="The CSV to write; …-to-link.csv unless told.", dir_okay=False)
        ] = None,
        page: Annotated[
            Path | None, typer.Option(help="The page to write; …-to-link.html unless told.", dir_okay=False)
        ] = None,
        company: One = None,
        as_json: Json = False,
    ) -> None:
        with only(company) as name:
            usual = f"{name}-{command}-to-link" if name else f"{command}-to-link"
            files = (output or Path(f"{usual}.csv"), page or Path(f"{usual}.html"))
            _match(command, streams, what, *files, as_json=as_json)

    @app.command(help="Carry out what the CSV says: link, or let be created. What is done stays as it is.")
    def apply(
        file: Annotated[Path, typer.Argument(help="The CSV that `match` wrote.", dir_okay=False)],
        *,
        who: Who = None,
        company: One = None,
        as_json: Json = False,
    ) -> None:
        rows = sheet.decided(file, command)
        with only(company), ExitStack() as stack:
            account = str(context.config(context.TAP_NETSUITE)["account_id"])
            done = _linking(stack, command, streams, who).apply(rows, file, account)
        if as_json:
            print_json(done._asdict())
            return
        say(f"{done.there} linked in AvidXchange, {done.here} in the links file alone.")
        say(f"{done.new} may be created.")
        if done.known:
            say(f"{done.known} were decided so already.")
        say("Keep the links file under version control: it is the truth about what was decided.")

    @app.command(help="Take decisions back, one by one; what refers to these records waits then.")
    def unlink(
        external_ids: Annotated[list[str], typer.Argument(help="External ids, as `links` shows them.")],
        *,
        who: Who = None,
        company: One = None,
        as_json: Json = False,
    ) -> None:
        with only(company), ExitStack() as stack:
            linking = _linking(stack, command, streams, who)
            undone = [linking.unlink(name) for name in external_ids]
        if as_json:
            sent = {one.link.external_id: one.sent for one in undone}
            print_json({"unlinked": [*sent], "sent": sent})
            return
        for one in undone:
            _say_what_stays(one)
        say(f"{len(undone)} taken back. Decide anew, then run once with --full-refresh.")

    @app.command(help="List what was decided. Exit code 1 where nothing was.")
    def links(*, company: One = None, as_json: Json = False) -> None:
        with only(company):
            _show_links(streams, as_json=as_json)

    return app


def _match(
    command: str, streams: Sequence[LinkedStream], what: str, output: Path, page: Path, *, as_json: bool
) -> None:
    pairs, left, linked = _proposed(streams)
    told = {
        "title": f"Which {what} are which",
        "command": command,
        "sheet": str(output),
        "pairs": [pair for _, pair in pairs],
        "left": left,
        "linked": linked,
        "at": datetime.now(timezone.utc),
        "here": "",
        **alone(),
    }
    _write(output, sheet.written(pairs))
    _write(page, render("matches.html", told))
    counts = Counter(pair.grade for _, pair in pairs)
    if as_json:
        print_json(
            {
                "linked": linked,
                "pairs": [_as_fields(stream, pair) for stream, pair in pairs],
                "only_in_avidxchange": [_party(one) for one in left],
                "files": [str(output), str(page)],
            }
        )
        return
    _show(pairs)
    graded = ", ".join(f"{counts[grade]} {grade.value}" for grade in Grade if grade is not Grade.NONE)
    say(f"{linked} linked already; {graded}; {counts[Grade.NONE]} that nothing there looks like.")
    say(f"{len(left)} in AvidXchange alone. Decide in {output} (see {page}), then:")
    say(f"apbridge {command} apply {output}")


def _say_what_stays(undone: UndoneLink) -> None:
    link, sent = undone
    if link.remote_id:
        say(f"AvidXchange's record {link.remote_id} stays as runs have changed it since it was linked.")
        say(f"It was called {link.remote_name} then.")
    if sent:
        shown = ", ".join(sent[:_MOST_SHOWN]) + (", …" if len(sent) > _MOST_SHOWN else "")
        say(f"Sent for {link.external_id} before: {len(sent)} bills and credits ({shown}).")
        say(f"AvidXchange may still pay these to its record {link.remote_id}: stop those there.")


def _show_links(streams: Sequence[LinkedStream], *, as_json: bool) -> None:
    names = {one.name for one in streams}
    found = [one for one in _links() if one.stream in names]
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        shown = table("external id", "NetSuite", "AvidXchange", "its id", "kept", "by", "at")
        for one in found:
            shown.add_row(
                one.external_id,
                one.name,
                one.remote_name,
                one.remote_id,
                one.kept.value,
                one.decided_by,
                one.decided_at,
            )
        display(shown)
    if not found:
        raise typer.Exit(FOUND)


def _links() -> Links:
    return Links.from_config(context.config(context.TARGET_AVIDXCHANGE))


def _linking(stack: ExitStack, command: str, streams: Sequence[LinkedStream], who: str | None) -> Linking:
    # Two people at once would each leave out what the other has decided meanwhile.
    stack.enter_context(locked(Path(FOLDER, "links")))
    ledger = stack.enter_context(context.ledger())
    avidxchange = stack.enter_context(context.avidxchange())
    by = who or user_name()
    return Linking(streams, command, avidxchange, ledger, _links(), by, version("apbridge"))


def _proposed(
    streams: Sequence[LinkedStream],
) -> tuple[list[tuple[str, ProposedPair]], list[MatchParty], int]:
    """Return pairs with their streams, what is left in AvidXchange, and how many are linked."""
    links, coding = _links(), Coding.from_config(context.config(context.TARGET_AVIDXCHANGE))
    pairs: list[tuple[str, ProposedPair]] = []
    left: list[MatchParty] = []
    linked = 0
    with context.netsuite(context.TAP_NETSUITE) as netsuite, context.avidxchange() as avidxchange:
        for stream in streams:
            found = read(stream, netsuite, avidxchange, links, coding)
            proposed = propose(found.here, found.there, found.shared_taxes)
            taken = {pair.there.id for pair in proposed if pair.there}
            pairs += [(stream.name, pair) for pair in proposed]
            left += [one for one in found.there if one.id not in taken]
            linked += found.linked
    return pairs, left, linked


def _show(pairs: Sequence[tuple[str, ProposedPair]]) -> None:
    shown = table("grade", "NetSuite", "AvidXchange", "because")
    told = [pair for _, pair in pairs if pair.there]
    for pair in told[:_MOST_SHOWN]:
        there = pair.there.name if pair.there else ""
        shown.add_row(pair.grade.value, pair.here.name, there, "; ".join(pair.because))
    if told:
        display(shown)
    if len(told) > _MOST_SHOWN:
        say(f"… and {len(told) - _MOST_SHOWN} more.")


def _as_fields(stream: str, pair: ProposedPair) -> dict[str, Any]:
    return {
        "stream": stream,
        "grade": pair.grade.value,
        "netsuite": _party(pair.here),
        "avidxchange": _party(pair.there) if pair.there else None,
        "because": list(pair.because),
    }


def _party(one: MatchParty) -> dict[str, str]:
    return {name: getattr(one, name) for name in _FIELDS}


def _write(file: Path, text: str) -> None:
    problem: object = "there is no such folder"
    if file.parent.is_dir():
        try:
            return replace(file, text.encode())
        except UnavailableError as failure:
            problem = failure.facts["problem"]
    raise SettingError("APB-VND-024", file=file, problem=problem)
