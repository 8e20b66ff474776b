"""A vendor's name, a bill's number or a system's answer holds what a terminal or a log would obey."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from apbridge import logs
from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge_operator.cli.app import run as main
from apbridge_operator.cli.output import display, line, say, table
from apbridge_operator.notices import due
from apbridge_operator.schedules import Silence

OBEYED = {
    "escape": "\x1b[2J\x1b[31m",
    "OSC 8": "\x1b]8;;http://evil.example\x1b\\bill\x1b]8;;\x1b\\",
    "OSC 52": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "C1": "\x9b31m\x9d52;c;YQ==\x9c",
    "right to left": "\u202e0001$\u202c",
    "isolate": "\u2066\u2069\u200f\u061c",
    "nobody sees it": "\u200b\ufeff\U000e0041",
    "half a character": "\ud800",
    "carriage return": "\rINV-2",
    "new line": "\nERROR | forged",
    "other new lines": "\x85a\u2028b\u2029c\vd\fe\x1cf",
    "backspace": "\b\b\b\x7f",
}
each_of_them = pytest.mark.parametrize("obeyed", OBEYED.values(), ids=OBEYED)


def is_obeyed(text: str) -> bool:
    """Return whether there is anything in a line of text that a terminal does more with than show it."""
    return not text.isprintable()


@pytest.fixture
def to_log() -> Iterator[io.StringIO]:
    """A log as the command sets it up."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s | %(message)s"))
    logger = logging.getLogger("tests.told")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logs.clean()
    yield written
    logger.removeHandler(handler)
    for one in logs.handlers():
        one.removeFilter(logs.cleaned)


@each_of_them
def test_a_sentence_quotes_without_obeying(obeyed: str):
    found = RejectedError(
        "APB-TAX-002", word="Bill", name=f"INV-{obeyed}1", external_id="netsuite-1-vendorbill-1"
    )
    for told in (found.says, found.do, str(found)):
        assert not is_obeyed(told)


@each_of_them
def test_a_log_has_one_line_for_a_record(to_log: io.StringIO, obeyed: str):
    logging.getLogger("tests.told").warning("Bill %s is late", f"INV-{obeyed}1")
    (one,) = to_log.getvalue().split("\n")[:-1]
    assert one.startswith("WARNING | Bill INV-")
    assert not is_obeyed(one)


@each_of_them
def test_a_trace_begins_no_line_as_a_record_does(to_log: io.StringIO, obeyed: str):
    try:
        raise ValueError(f"INV-{obeyed}1")  # noqa: EM102, TRY301 - as a library would
    except ValueError as found:
        logging.getLogger("tests.told").debug("Trace of an error", exc_info=found)
    first, *rest = to_log.getvalue().split("\n")[:-1]
    assert first == "DEBUG | Trace of an error"
    assert "ValueError: INV-" in "".join(rest)
    assert all(one.startswith("  ") for one in rest)
    assert not any(map(is_obeyed, rest))


@each_of_them
def test_the_command_prints_without_obeying(capsys: pytest.CaptureFixture[str], obeyed: str):
    name = f"[/bold]{obeyed}[red]:warning:"
    shown = table("name")
    shown.add_row(name)
    shown.add_row(line((name, "bold")))
    display(name, line((name, "bold")), shown)
    say(name)
    out = capsys.readouterr().out.split("\n")
    assert sum("[red]:warning:" in one for one in out) == 5
    assert not any(map(is_obeyed, out))


Apbridge = Callable[..., str]


@pytest.fixture
def apbridge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Apbridge]:
    """Run the command in a project's folder; the return value is what it prints."""
    before = Path.cwd()

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["apbridge", f"--project={tmp_path}", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert not ended.value.code, said.err
        return said.out

    yield run
    os.chdir(before)
    for one in logs.handlers():
        one.removeFilter(logs.cleaned)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """One rejected bill whose number and reason an older version kept as they came."""
    number = "INV-1[/bold]X" + "".join(one for name, one in OBEYED.items() if name != "half a character")
    with Ledger(f"sqlite:///{tmp_path}/.apbridge/ledger.db") as opened:
        run = opened.start_run("target-avidxchange", "1.0")
        body = {"number": number, "total": Decimal("10.10"), "currency": "USD"}
        bill = RowUpdate("bills", "netsuite-1-vendorbill-1", "1", "h", Status.REJECTED, payload=body)
        opened.write(run.id, "avidxchange", [replace(bill, code="APB-TAX-002", says=number, do=number)])
        asked = {"system": "avidxchange", "operation": "upsert invoice", "external_id": bill.external_id}
        with run.audited(**asked, body=body) as answer:
            answer.status, answer.body = 422, {"message": number}
        run.finish("failed", {}, error=number)
        yield opened


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("audit show netsuite-1-vendorbill-1", "[/bold]X"),
        ("audit show netsuite-1-vendorbill-1 --json", "[/bold]X"),
        ("audit show", "upsert invoice"),
        ("exceptions show netsuite-1-vendorbill-1", "[/bold]X"),
        ("exceptions list", "[/bold]X"),
        ("exceptions list --json", "[/bold]X"),
    ],
)
def test_a_bill_is_shown_whole_whatever_its_number(apbridge: Apbridge, command: str, shown: str):
    told = apbridge(*command.split())
    assert shown in told
    assert not any(map(is_obeyed, told.split("\n")))
    if "--json" in command:
        assert "\u202e" in json.dumps(json.loads(told), ensure_ascii=False), "JSON means what it meant"


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("of", ["audit", "exceptions"])
def test_an_export_holds_nothing_that_is_obeyed(apbridge: Apbridge, of: str):
    told = apbridge(of, "export")
    assert not any(map(is_obeyed, told.split("\n")))
    assert all(len(row) > 10 for row in csv.reader(io.StringIO(told)))


def test_a_notice_holds_nothing_that_is_obeyed(ledger: Ledger):
    told = due(ledger, None, Silence())
    assert any("[/bold]X" in one.says for one in told)
    for one in told:
        assert not is_obeyed(one.title)
        assert not any(map(is_obeyed, one.says.split("\n")))
