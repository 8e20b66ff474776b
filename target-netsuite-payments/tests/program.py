"""The target under test, run in this process."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from apbridge.json import loads
from apbridge.ledger import Ledger, Row, Status
from apbridge_sandbox.testing import Running
from target_netsuite_payments.target import TargetNetSuitePayments
from tests import forked

from .records import messages

BANKS = [
    {"account": "102"},
    {"account": 103, "currency": "CAD"},
    {"account": "107", "currency": "CAD", "subsidiary": 2},
    {"account": "106", "method": "virtual_card", "currency": "USD"},
]


@dataclass(frozen=True)
class TargetRan:
    """What a run said."""

    counts: Mapping[str, int]
    states: list[Any]
    log: str


class Target:
    """The target under test with a ledger of its own, run as often as the test likes."""

    def __init__(self, sandbox: Running, folder: Path) -> None:
        found = sandbox.credentials
        self.folder = folder
        self.ledger_url = f"sqlite:///{folder / 'ledger.db'}"
        self.config: dict[str, Any] = {
            "account_id": found["NETSUITE_ACCOUNT_ID"],
            "client_id": found["NETSUITE_CLIENT_ID"],
            "certificate_id": found["NETSUITE_CERTIFICATE_ID"],
            "private_key_path": found["NETSUITE_PRIVATE_KEY_PATH"],
            "base_url": found["NETSUITE_BASE_URL"],
            "restlet_script": found["NETSUITE_RESTLET_SCRIPT"],
            "restlet_deploy": found["NETSUITE_RESTLET_DEPLOY"],
            "bank_accounts": BANKS,
            "ledger_url": self.ledger_url,
        }

    def run(
        self,
        *records: Mapping[str, Any],
        stream: str = "payments",
        raw: Mapping[str, str] | None = None,
        **settings: object,
    ) -> TargetRan:
        """Run once, from SCHEMA to the end of the input.

        Args:
            *records: What the tap tells.
            stream: Of which stream.
            raw: What JSON has in the place of a text.
            **settings: Of this run alone.
        """
        given = messages(records, stream)
        for text, told in (raw or {}).items():
            given = given.replace(text.encode(), told.encode())
        target = TargetNetSuitePayments(config={**self.config, **settings})
        out = io.StringIO()
        said: list[str] = []
        ear = _Ear(said)
        root = logging.getLogger()
        level = root.level
        root.addHandler(ear)
        root.setLevel(logging.INFO)
        try:
            with contextlib.redirect_stdout(out):
                # The SDK reads bytes, whatever it says.
                target.listen(io.BytesIO(given))  # type: ignore[arg-type]
        finally:
            root.setLevel(level)
            root.removeHandler(ear)
        counts = target.tally.as_counts().get(stream, {})
        return TargetRan(counts, [loads(line) for line in out.getvalue().splitlines()], "\n".join(said))

    def run_half_an_hour_later(self, *records: Mapping[str, Any], **settings: Any) -> TargetRan:  # noqa: ANN401
        """Run once nothing that was sent until now can be on the wire any more."""
        with sqlite3.connect(self.ledger_url.removeprefix("sqlite:///")) as connection:
            connection.execute(
                "UPDATE apbridge_records SET look_again_at = last_seen WHERE look_again_at IS NOT NULL"
            )
        connection.close()
        return self.run(*records, in_doubt_minutes=0, **settings)

    def lose_the_ledger(self) -> None:
        """Begin with an empty ledger at the next run."""
        for file in self.folder.glob("ledger.db*"):
            file.unlink()

    def let_days_pass(self, days: int) -> None:
        """Let what is under way be so for that many days."""
        since = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()
        with sqlite3.connect(self.ledger_url.removeprefix("sqlite:///")) as connection:
            connection.execute(
                "UPDATE apbridge_records SET facts = json_replace(facts, '$.under_way_since', ?)", (since,)
            )
        connection.close()

    def rows(self, stream: str = "payments") -> dict[str, Row]:
        with Ledger(self.ledger_url) as ledger:
            return {row.external_id: row for row in ledger.all_rows("netsuite", stream)}

    def trail(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the audit trail of one payment."""
        with sqlite3.connect(self.ledger_url.removeprefix("sqlite:///")) as connection:
            connection.row_factory = sqlite3.Row
            query = "SELECT * FROM apbridge_audit WHERE external_id = ? ORDER BY seq"
            found = [dict(row) for row in connection.execute(query, (record["external_id"],))]
        connection.close()
        return found

    def row(self, record: Mapping[str, Any]) -> Row:
        return self.rows()[record["external_id"]]

    def rejected(self, record: Mapping[str, Any], **settings: Any) -> tuple[str | None, str]:  # noqa: ANN401
        """Run with a payment, and return code and reason of its rejection."""
        self.run(record, **settings)
        row = self.row(record)
        assert row.status is Status.REJECTED
        return row.code, row.reason or ""


def start(target: Target, config: Path, given: bytes | None = None) -> forked.Program:
    """Start the target as a process of its own, and write to it what a tap would write."""
    config.write_text(json.dumps(target.config))
    process = forked.Program(
        "target-netsuite-payments",
        "--config",
        config,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if given is not None:
        assert process.stdin
        process.stdin.write(given.decode())
        process.stdin.close()
    return process


class _Ear(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())
