"""What was asked of each system: the counts that tests judge by."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

PARTNER_PREFIX = "/partner"
PARTNER_SIGN_IN_PATH = f"{PARTNER_PREFIX}/oauth2/token"
AVIDSUITE_PREFIX = "/avidsuite"
AVIDSUITE_SIGN_IN_PATH = f"{AVIDSUITE_PREFIX}/v1/authorizations"
SIGN_IN_PATHS = frozenset(
    {"/services/rest/auth/oauth2/v1/token", PARTNER_SIGN_IN_PATH, AVIDSUITE_SIGN_IN_PATH}
)
_RECORDS = "/services/rest/record/"
_AVIDXCHANGE = ("/avidconnect/", f"{PARTNER_PREFIX}/", f"{AVIDSUITE_PREFIX}/")
_MOST_IN_ORDER = 1000
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class System(Enum):
    """The two systems that the sandbox stands in for."""

    NETSUITE = "netsuite"
    AVIDXCHANGE = "avidxchange"


def system_of(path: str) -> System:
    """Return which system a path of the shared port belongs to."""
    return System.AVIDXCHANGE if path.startswith(_AVIDXCHANGE) else System.NETSUITE


def is_write(method: str, path: str) -> bool:
    """Return whether a call changes a record. A query or a sign-in is a POST and changes nothing."""
    if method in _READS or path in SIGN_IN_PATHS:
        return False
    return path.startswith((*_AVIDXCHANGE, _RECORDS))


@dataclass
class CallCounts:
    """One system's counts since the last reset."""

    total: int = 0
    writes: int = 0
    written: int = 0
    sign_ins: int = 0
    peak_concurrency: int = 0
    in_flight: int = 0
    admitted: int = 0
    by_operation: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    writes_in_order: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_IN_ORDER))

    def write(self, operation: str) -> None:
        """Count a write; of several of one kind in a row the order has one."""
        self.writes += 1
        self.written += 1
        if not self.writes_in_order or self.writes_in_order[-1] != operation:
            self.writes_in_order.append(operation)

    def enter(self, limit: float) -> bool:
        """Count a call in and tell whether it is within the limit; one that is not takes no place of it."""
        self.in_flight += 1
        self.peak_concurrency = max(self.peak_concurrency, self.in_flight)
        is_admitted = self.admitted < limit
        self.admitted += is_admitted
        return is_admitted

    def leave(self, *, admitted: bool) -> None:
        """Count it out."""
        self.in_flight -= 1
        self.admitted -= admitted


class Calls:
    """The counts of both systems. Used on the event loop only."""

    def __init__(self) -> None:
        self._tallies = {system: CallCounts() for system in System}

    def of(self, system: System) -> CallCounts:
        """Return one system's counts."""
        return self._tallies[system]

    def reset(self) -> None:
        """Start counting anew; calls that are in flight stay in flight."""
        self._tallies = {
            system: CallCounts(
                in_flight=tally.in_flight, admitted=tally.admitted, peak_concurrency=tally.in_flight
            )
            for system, tally in self._tallies.items()
        }

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the counts as the control API shows them."""
        return {
            system.value: {
                "total": tally.total,
                "writes": tally.writes,
                "written": tally.written,
                "sign_ins": tally.sign_ins,
                "by_operation": dict(tally.by_operation),
                "refusals": dict(tally.refusals),
                "writes_in_order": list(tally.writes_in_order),
                "peak_concurrency": tally.peak_concurrency,
            }
            for system, tally in self._tallies.items()
        }


def refusal_codes(status: int, body: bytes) -> list[str]:
    """Read the codes out of either system's error body; `http_<status>` where it has none.

    AvidXchange: `errors[].code`; of `partner` `Errors[].Code`, where `UnknownVendor` is `unknown_vendor`;
    of `avidsuite` `exception.reason`; NetSuite: `o:errorDetails[].o:errorCode`, `error` or `error.code`.
    """
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        return [f"http_{status}"]
    error = answer.get("error")
    codes = [item.get("code") for item in answer.get("errors", [])]
    codes += [_snake(item["Code"]) for item in answer.get("Errors", [])]
    codes += [item.get("o:errorCode") for item in answer.get("o:errorDetails", [])]
    codes.append(answer.get("exception", {}).get("reason"))
    codes.append(error.get("code") if isinstance(error, dict) else error)
    return [str(code) for code in codes if code] or [f"http_{status}"]


def _snake(code: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", code).lower()
