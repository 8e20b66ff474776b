"""Both halves in this process: the real tap into the real target, with a ledger and a STATE between runs."""

from __future__ import annotations

import io
import logging
import signal
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apbridge.avidxchange import AvidXchange
from apbridge.errors import APBridgeError
from apbridge.http import retry
from apbridge.json import loads
from apbridge.ledger import Ledger, Row, Status
from apbridge.singer import AcknowledgingTarget
from apbridge_sandbox.testing import Running
from tap_avidxchange.tap import TapAvidXchange
from tap_netsuite_ap.tap import TapNetSuiteAP
from target_avidxchange.target import TargetAvidXchange
from target_netsuite_payments.target import TargetNetSuitePayments

BANKS = [
    {"account": "102"},
    {"account": "103", "currency": "CAD"},
    {"account": "107", "currency": "CAD", "subsidiary": "2"},
    {"account": "106", "method": "virtual_card", "currency": "USD"},
]


class _Half:
    """A tap, a target, and what is kept between their runs."""

    state: Any
    said: str
    tap_ended: APBridgeError | None

    @contextmanager
    def _reading(self) -> Iterator[io.StringIO]:
        """Catch what a tap writes inside, and what ends it: its target finds that in the last STATE."""
        self.tap_ended = None
        with listening() as heard, usual_signals(), redirect_stdout(io.StringIO()) as written:
            try:
                yield written
            except APBridgeError as failure:
                self.tap_ended = failure
        self._hear(heard, self.tap_ended)

    def _hear(self, heard: Collection[str], ended: APBridgeError | None) -> None:
        # As a program of its own, it would log what ended it too.
        self.said += "".join(f"{line}\n" for line in (*heard, *([ended] if ended else ())))

    def _listen(
        self, target: type[AcknowledgingTarget], config: Mapping[str, Any], messages: str
    ) -> APBridgeError | None:
        """Pass what the tap wrote to the target; return what ended it, if something did."""
        ended: APBridgeError | None = None
        with listening() as heard, usual_signals(), redirect_stdout(io.StringIO()) as out:
            try:
                lines = io.BytesIO(messages.encode())
                target(config=config).listen(lines)  # type: ignore[arg-type]  # the SDK reads bytes
            except APBridgeError as failure:
                ended = failure
        self._hear(heard, ended)
        if told := out.getvalue().splitlines():
            self.state = loads(told[-1])
        return ended


@dataclass
class InboundHalf(_Half):
    """tap-avidxchange and target-netsuite-payments, run as often as the test likes.

    Args:
        sandbox: Both systems.
        folder: For the ledgers.
        client: What the tap asks AvidXchange by, made once: reading a profile takes longer than a run.
        profile: Which contract with AvidXchange.
        start_date: What the tap reads from while there is no STATE.
        reads: Settings of the tap beside the usual ones.
        state: What the target acknowledged last.
        said: What was logged.
        tap_ended: What ended the tap's last run, if something did.
    """

    sandbox: Running
    folder: Path
    client: AvidXchange
    profile: str
    start_date: str | None = None
    reads: Mapping[str, Any] = field(default_factory=dict)
    state: Any = field(default_factory=dict)
    said: str = ""
    tap_ended: APBridgeError | None = None
    _ledgers: int = 0

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.folder / f'ledger-{self._ledgers}.db'}"

    def lose_everything(self) -> None:
        """Go on with neither ledger nor STATE."""
        self._ledgers += 1
        self.state = {}

    def run(self, *, streams: tuple[str, ...] = ("payments",), **settings: object) -> APBridgeError | None:
        """Run once; return what ended it, if something did."""
        messages = self._read(streams)
        config = {
            **netsuite_config(self.sandbox),
            "bank_accounts": BANKS,
            "ledger_url": self.ledger_url,
            **settings,
        }
        return self._listen(TargetNetSuitePayments, config, messages)

    def rejected(self, stream: str = "payments") -> dict[str, Row]:
        """Return what the ledger has as rejected, by AvidXchange's id."""
        with Ledger(self.ledger_url) as ledger:
            return {
                str(row.source_id): row for row in ledger.all_rows("netsuite", stream, (Status.REJECTED,))
            }

    def _read(self, streams: tuple[str, ...]) -> str:
        config = {
            **self.sandbox.avidxchange_settings(self.profile),
            **({"start_date": self.start_date} if self.start_date else {}),
            **self.reads,
        }
        with self._reading() as written:
            tap = TapAvidXchange(config=config, state=deepcopy(self.state))
            vars(tap)["client"] = self.client
            for name, stream in tap.streams.items():
                stream.selected = name in streams
            tap.sync_all()
        return written.getvalue()


@dataclass
class OutboundHalf(_Half):
    """tap-netsuite-ap and target-avidxchange, with the ledger of the inbound half.

    Args:
        sandbox: Both systems.
        ledger_url: The ledger.
        spool: Where images go.
        profile: Which contract with AvidXchange.
        state: What the target acknowledged last.
        streams: What is read.
        reads: Settings of the tap beside the usual ones.
        writes: Settings of the target beside the usual ones.
        said: What was logged.
        tap_ended: What ended the tap's last run, if something did.
    """

    sandbox: Running
    ledger_url: str
    spool: Path
    profile: str
    state: Any = field(default_factory=dict)
    streams: Collection[str] = ("vendors", "gl_accounts", "bills")
    reads: Mapping[str, Any] = field(default_factory=dict)
    writes: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    tap_ended: APBridgeError | None = None

    def run(self) -> APBridgeError | None:
        """Run once; return what ended it, if something did."""
        return self.write(self.read(self.streams))

    def read(self, streams: Collection[str]) -> str:
        """Return what the tap writes of these streams."""
        config = {**netsuite_config(self.sandbox), "spool_url": str(self.spool), **self.reads}
        with self._reading() as written:
            # A tap changes what it is given: a program reads it from a file of its own.
            tap = TapNetSuiteAP(config=config, state=deepcopy(self.state))
            for name, stream in tap.streams.items():
                stream.selected = name in streams
            try:
                tap.sync_all()
            finally:
                tap.connection.netsuite.close()
        return written.getvalue()

    def write(self, messages: str) -> APBridgeError | None:
        """Send that; return what ended it, if something did."""
        own = {"ledger_url": self.ledger_url, "spool_url": str(self.spool)}
        config = {**self.sandbox.avidxchange_settings(self.profile), **own, **self.writes}
        return self._listen(TargetAvidXchange, config, messages)


def netsuite_config(sandbox: Running) -> dict[str, str]:
    """Return the settings that both NetSuite plugins share."""
    return {
        name.removeprefix("NETSUITE_").lower(): value
        for name, value in sandbox.credentials.items()
        if name.startswith("NETSUITE_")
    }


@contextmanager
def impatient(give_up_after: float = retry.GIVE_UP_AFTER) -> Iterator[None]:
    """Let the target wait a moment for a late commit, and not fifteen seconds."""
    before = retry.PAUSES, retry.GIVE_UP_AFTER
    retry.PAUSES, retry.GIVE_UP_AFTER = (0.0, 0.05, 0.1), give_up_after
    try:
        yield
    finally:
        retry.PAUSES, retry.GIVE_UP_AFTER = before


@contextmanager
def listening() -> Iterator[list[str]]:
    heard: list[str] = []
    ear = logging.Handler(logging.INFO)
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(ear)


@contextmanager
def usual_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
