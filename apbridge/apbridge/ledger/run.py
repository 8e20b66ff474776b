"""One run of one plugin: what it puts on the audit trail, and how it ended."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Update, bindparam, insert, update
from typing_extensions import Self

from apbridge import wire
from apbridge.errors import APBridgeError
from apbridge.json import dumps
from apbridge.ledger.audit import AuditTrail, Write, WriteAnswer
from apbridge.ledger.database import Database
from apbridge.ledger.rows import Content
from apbridge.ledger.tables import runs
from apbridge.printable import printable
from apbridge.redaction import redact_text

RUN_ID = "APBRIDGE_RUN_ID"
"""Variable in which an orchestrator says what it calls the run, such as `dag/run` of Airflow."""

_LONGEST = 250

# Built once: see `apbridge.ledger.reading`.
_BEGINS = insert(runs)
_THIS_RUN = update(runs).where(runs.c.id == bindparam("run"))
_TELLS_STATE = _THIS_RUN.values(state_told_at=bindparam("now"))
_FINISHES = _THIS_RUN.values(
    status=bindparam("ended"),
    finished_at=bindparam("now"),
    counts=bindparam("tally"),
    code=bindparam("because"),
    error=bindparam("said"),
)


@dataclass(frozen=True)
class Run:
    """One run of one plugin."""

    database: Database
    audit: AuditTrail
    id: int
    actor: str
    began: datetime
    at_hand: dict[str, Content] = field(default_factory=dict)
    """Which content the run has at hand, by external id."""

    @classmethod
    def begin(cls, database: Database, audit: AuditTrail, plugin: str, version: str) -> Self:
        """Record that a run begins: see `Ledger.start_run`."""
        actor = f"{plugin} {version}, {user_name()}@{platform.node()}"
        if started_by := orchestrator_run():
            actor = f"{actor}, started by {started_by}"
        began = _now()
        with database.writing() as connection:
            values = {"plugin": plugin, "actor": actor, "started_at": began, "status": "running"}
            made = connection.execute(_BEGINS, {**values, "orchestrator_run": started_by})
            (run_id,) = made.inserted_primary_key or (None,)
        return cls(database, audit, int(str(run_id)), actor, began)

    def tells_state(self) -> None:
        """Record that a STATE is about to be told: from now on a bookmark may be of this ledger."""
        self._note(_TELLS_STATE, now=_now())

    def finish(
        self,
        status: str,
        counts: Mapping[str, Mapping[str, int]],
        error: str | None = None,
        code: str | None = None,
    ) -> None:
        """Record how the run ended.

        Args:
            status: `finished`, `incomplete` (the tap did not come to its end), `failed` or `stopped`.
            counts: Records by stream and outcome.
            error: The sentence it ended with.
            code: Its code in the error catalogue.
        """
        said = redact_text(error) if error else None
        told = {"ended": status, "tally": dumps(counts).decode(), "because": code, "said": said}
        self._note(_FINISHES, now=_now(), **told)

    def _note(self, what: Update, **values: object) -> None:
        with self.database.writing() as connection:
            connection.execute(what, {"run": self.id, **values})

    @contextmanager
    def audited(
        self,
        *,
        system: str,
        operation: str,
        external_id: str,
        body: Any,  # noqa: ANN401
    ) -> Iterator[WriteAnswer]:
        """Put one write on the audit trail: before it is sent, and what was answered.

        Use it around the call that sends, and fill in the `WriteAnswer` it gives. What the call raises
        is recorded and raised on.

        Args:
            system: Where to: `netsuite` or `avidxchange`.
            operation: What, in words, such as `upsert invoice`.
            external_id: About which record.
            body: What is sent; redacted before it is stored.

        Raises:
            OvertakenError: Another run has dealt with newer content of the record.
        """
        write = Write(self.id, self.actor, system, operation, external_id)
        seq = self.audit.sent(write, body, self.at_hand.get(external_id))
        answer = WriteAnswer(is_final=False)
        try:
            with wire.watched() as sending:
                yield answer
            answer.is_final = sending.is_clear
        except BaseException as found:
            # What is no error of ours may have broken in while the call was under way.
            answer.is_final = sending.is_clear and isinstance(found, APBridgeError)
            answer.status = answer.status or getattr(found, "status", None)
            answer.body = {
                "error": found.code if isinstance(found, APBridgeError) else type(found).__name__,
                "says": found.says if isinstance(found, APBridgeError) else "unexpected",
                "body": answer.body,
            }
            raise
        finally:
            self.audit.answered(write, seq, answer)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def user_name() -> str:
    """Return who runs this, as the machine knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown user"


def orchestrator_run() -> str | None:
    """Return what an orchestrator calls the run of which this process is part; None where there is none."""
    return printable(os.environ.get(RUN_ID, "").strip())[:_LONGEST] or None
