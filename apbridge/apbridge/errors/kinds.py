"""Kinds of error: they differ in who acts on them, not in what they say."""

from __future__ import annotations

import traceback
from string import Formatter
from typing import Any

from typing_extensions import override

from apbridge.errors.catalogue import entry
from apbridge.printable import printable


class _Sentences(Formatter):
    """Puts facts into sentences; what somebody else wrote stays in its place in the line."""

    @override
    def format_field(self, value: Any, format_spec: str) -> Any:
        return printable(super().format_field(value, format_spec))


_SENTENCES = _Sentences()


class APBridgeError(Exception):
    """An error said in one sentence or two, with a stable code.

    Args:
        code: Its code in the catalogue, such as `APB-NS-001`.
        facts: What the sentences name: the setting, the record, the figures. Never a secret.
    """

    def __init__(self, code: str, **facts: Any) -> None:  # noqa: ANN401
        self.code = code
        self.facts = facts
        found = entry(code)
        self.says = _SENTENCES.vformat(found.says, (), facts)
        self.do = _SENTENCES.vformat(found.do, (), facts)
        super().__init__(f"{self.says} {self.do} [{code}]")


class SettingError(APBridgeError):
    """A setting or a credential is wrong. The run ends before it does harm."""


class UnavailableError(APBridgeError):
    """The other side was not there, after every retry. The run fails and the bookmark stays."""


class RefusedError(APBridgeError):
    """The other system understood one request and refused it.

    Args:
        code: Its code in the catalogue.
        status: HTTP status of the refusal.
        reason: The other system's machine-readable code, such as `INVALID_CONTENT`; empty when it gave none.
        facts: What the sentences name.
    """

    def __init__(self, code: str, *, status: int, reason: str = "", **facts: Any) -> None:  # noqa: ANN401
        self.status = status
        self.reason = reason
        super().__init__(code, status=status, reason=reason, **facts)


class OutcomeUnknownError(APBridgeError):
    """A write was sent and no answer came. Look it up before it is sent again."""


class RejectedError(APBridgeError):
    """One record cannot be delivered as it is. It is kept in the ledger with this reason; the run goes on."""


class UnderWayError(APBridgeError):
    """The other side has one record, and has not decided about it. It is looked at again at every run."""


class HeldError(APBridgeError):
    """One change is held until its stream is read to its end, or until a person lets it through.

    Args:
        code: Its code in the catalogue, such as `APB-BRK-001`.
        because: Why the change is made.
        facts: What else the sentences name.
    """

    key = ""
    """What this very change is known by: see `apbridge.ledger.rows.ChangeKind`."""

    def __init__(self, code: str, *, because: str, **facts: Any) -> None:  # noqa: ANN401
        self.because = because
        super().__init__(code, because=because, **facts)


class OvertakenError(RejectedError):
    """Another run has dealt with newer content of the record. There is nothing left to do for this one."""


def where(found: BaseException) -> str:
    """Return where an exception was raised, as `module:line`."""
    frame, line = list(traceback.walk_tb(found.__traceback__))[-1]
    return f"{frame.f_globals.get('__name__', '?')}:{line}"
