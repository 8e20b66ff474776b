"""How a run ends when somebody or something ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import pytest

from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from tests import forked
from tests.singer.messages import SCHEMAS, bill, bill_name, state, vendor, vendor_name
from tests.singer.toy import Toy
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


class ToyProcess:
    """The toy target as a process."""

    def __init__(self, program: list[str], environment: dict[str, str], folder: Path, **more: str) -> None:
        self.folder = folder
        self.told: list[Any] = []
        self.stderr = TemporaryFile("w+")  # noqa: SIM115, closed by end()
        self.process = forked.Program(
            *program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env={**environment, **more},
        )

    def feed(self, *messages: dict[str, Any]) -> None:
        stdin = self._pipe(self.process.stdin)
        for message in messages:
            stdin.write(json.dumps(message, default=float) + "\n")
        stdin.flush()

    def arrived(self) -> list[str]:
        """Return the external ids that the other system took, in order."""
        books = self.folder / "books"
        lines = books.read_text().splitlines() if books.exists() else []
        return [json.loads(line)[1] for line in lines]

    def until_arrived(self, count: int) -> None:
        until(lambda: len(self.arrived()) >= count or self.process.poll() is not None)
        assert self.process.poll() is None

    def until_read(self, states: int) -> None:
        """Wait until so many STATE messages were read, and what came before them."""
        file = self.folder / "states"
        until(lambda: file.exists() and len(file.read_text().splitlines()) >= states)

    def until_told(self) -> None:
        self.told.append(self._bookmarks(self._pipe(self.process.stdout).readline()))

    def end(self) -> tuple[int, list[Any], str]:
        """Return exit code, STATE told, and what it said."""
        if not self._pipe(self.process.stdin).closed:
            self._pipe(self.process.stdin).close()
        self.told += map(self._bookmarks, self._pipe(self.process.stdout))
        self._pipe(self.process.stdout).close()
        code = self.process.wait(PATIENCE)
        self.stderr.seek(0)
        said = self.stderr.read()
        self.stderr.close()
        return code, self.told, said

    @staticmethod
    def _bookmarks(line: str) -> Any:  # noqa: ANN401
        """Return a STATE that was told, without the note beside the bookmarks."""
        found = json.loads(line)
        del found["apbridge"]
        return found

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe
        return pipe


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_drain_finishes_the_calls_in_flight(
    context: ToyContext, program: list[str], environment: dict[str, str], number: signal.Signals
) -> None:
    running = ToyProcess(program, environment, context.folder, TOY_HOLDS_AFTER="48", TOY_BATCH="40")
    first = [vendor(n) for n in range(40)]
    second = [vendor(n) for n in range(40, 80)]
    running.feed(*SCHEMAS, *first, state("t1"), *second[:-1], state("t2"), second[-1])
    running.until_arrived(48)
    running.process.send_signal(number)
    code, told, said = running.end()
    assert code == 128 + number
    # The second drain was broken off, so the STATE before its end is not told.
    assert told == [state("t1")["value"]]
    arrived = running.arrived()
    assert 48 <= len(arrived) < 80
    assert len(arrived) == len(set(arrived))
    with Ledger(context.url) as ledger:
        # Every call in flight was finished, and what came of it is known.
        assert RunHistory(ledger).counts() == [("toy", "vendors", "delivered", len(arrived))]
        assert ledger.verify().rows == 2 * len(arrived)
    assert f"vendors {len(arrived)} delivered, {80 - len(arrived)} failed" in said
    assert "Traceback" not in said
    assert runs(context) == ["stopped"]

    rest = context.run([*SCHEMAS, *first, *second, state("t2")])
    assert len(rest.books.calls) == 80 - len(arrived)
    assert context.states == [state("t2")["value"]]


def test_a_signal_while_waiting_for_input_ends_at_once(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    running = ToyProcess(program, environment, context.folder, TOY_BATCH="2")
    running.feed(*SCHEMAS, vendor(1), vendor(2), state("t1"), vendor(3), state("t2"))
    running.until_told()
    running.until_read(2)
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(PATIENCE)  # its input is still open: it would wait for ever
    code, told, said = running.end()
    assert code == 128 + signal.SIGTERM
    # Nothing before t1 is open, but vendor 3 before t2 is.
    assert told == [state("t1")["value"]]
    assert "vendors 2 delivered, 1 failed" in said


def test_a_signal_after_everything_is_drained_still_tells_the_state(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    running = ToyProcess(program, environment, context.folder, TOY_BATCH="2")
    running.feed(*SCHEMAS, vendor(1), vendor(2), state("t1"))
    running.until_told()
    running.process.send_signal(signal.SIGINT)
    assert running.end()[:2] == (128 + signal.SIGINT, [state("t1")["value"]])


def test_killed_at_once_and_run_again(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    messages = [*SCHEMAS, *(vendor(n) for n in range(200)), bill(1), state("t1")]
    running = ToyProcess(program, environment, context.folder, TOY_HOLDS_AFTER="120")
    running.feed(*messages)
    assert running.process.stdin
    running.process.stdin.close()
    running.until_arrived(120)
    running.process.kill()
    assert running.end()[:2] == (-signal.SIGKILL, [])
    arrived = set(running.arrived())
    with Ledger(context.url) as ledger:
        counts = {
            (system, stream, status): count for system, stream, status, count in RunHistory(ledger).counts()
        }
        known = counts["toy", "vendors", "delivered"]
        # The trail is whole, and shows each call that was under way.
        assert ledger.verify().broken_at is None
    assert 50 <= known <= len(arrived)

    again = context.run(messages)
    assert set(again.books.delivered) | arrived == {
        *(vendor_name(n) for n in range(200)),
        bill_name(1),
    }
    assert again.books.delivered[-1] == bill_name(1)
    assert context.states == [state("t1")["value"]]
    assert runs(context) == ["running", "finished"]


def test_two_at_once_share_a_ledger(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    messages = [*SCHEMAS, *(vendor(n) for n in range(100)), *(bill(n, n) for n in range(100)), state("t1")]
    both = [ToyProcess(program, environment, context.folder, TOY_BATCH="20") for _ in range(2)]
    for running in both:
        running.feed(*messages)
    for running in both:
        code, told, said = running.end()
        assert (code, told[-1]) == (0, state("t1")["value"]), said
    with Ledger(context.url) as ledger:
        assert RunHistory(ledger).counts() == [
            ("toy", "bills", "delivered", 100),
            ("toy", "vendors", "delivered", 100),
        ]
        assert ledger.verify().broken_at is None
        assert ledger.verify().rows == 2 * len(both[0].arrived())
    # Which of two runs sent a record last is not known: it may be in doubt, and is sent once more at most.
    context.run(messages)
    assert context.run(messages).books.calls == []


def test_a_signal_between_two_messages_is_not_lost(context: ToyContext) -> None:
    def prepare(target: Toy) -> None:
        target.batch = 2
        deliver = target.books.put

        def signalled(stream: str, record: dict[str, Any]) -> str:
            if record["id"] == "2":
                os.kill(os.getpid(), signal.SIGTERM)
            return deliver(stream, record)

        target.books.put = signalled  # type: ignore[method-assign]

    messages = [*SCHEMAS, vendor(1), state("t1"), vendor(2), vendor(3), state("t2")]
    with pytest.raises(SystemExit) as ended:
        context.run(messages, prepare, concurrency=2)
    assert ended.value.code == 128 + signal.SIGTERM
    assert context.states == [state("t1")["value"]]
    assert context.has_row("vendors", vendor_name(2))
    assert not context.has_row("vendors", vendor_name(3))


def test_a_ledger_that_fails_ends_the_run_without_state(context: ToyContext) -> None:
    def prepare(target: Toy) -> None:
        def drop(stream: str, record: dict[str, Any]) -> str:  # noqa: ARG001
            with Ledger(context.url) as ledger, ledger._database.writing() as connection:
                connection.exec_driver_sql("ALTER TABLE apbridge_records RENAME TO elsewhere")
            return "toy-1"

        target.books.put = drop  # type: ignore[method-assign]

    from apbridge.errors import UnavailableError  # noqa: PLC0415

    with pytest.raises(UnavailableError, match="ledger"):
        context.run([*SCHEMAS, vendor(1), state("t1")], prepare)
    assert context.states == []


def runs(context: ToyContext) -> list[str]:
    with Ledger(context.url) as ledger, ledger._database.reading() as connection:
        found = connection.exec_driver_sql("SELECT status FROM apbridge_runs ORDER BY id")
        return list(found.scalars())
