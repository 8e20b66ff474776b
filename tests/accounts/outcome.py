"""The whole loop under one account, until nothing new comes of it, and how it ended."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from apbridge.http import retry
from apbridge_sandbox.switches import listed
from tests.accounts.accounts import Account
from tests.accounts.agreement import Evidence, Part, disagreements, losses, read_open
from tests.accounts.firm import Ended, Firm, firm
from tests.in_process import impatient

_UNWORKABLE = Path(__file__).parent / "unworkable.yaml"
_MOST_ROUNDS = 6
_NO_USE = 3.0
"""Seconds until a call is given up that cannot succeed."""
_TURNED_AWAY = ("too_many_requests", "CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED")
"""Codes of calls over the concurrency limit."""
_APPROVALS = {"pending": "1", "approved": "2", "rejected": "3", "open": "11"}


class Unworkable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What an account cannot work with: a run has to end with this code."""

    switches: dict[str, bool | int | str]
    code: str
    because: str
    differs: frozenset[Part] = frozenset()

    def holds(self, account: Account) -> bool:
        """Return whether this account is so; of a list, one part is enough."""
        return all(
            name in account.switches
            and (
                set(listed(value)) <= set(listed(str(account.switches[name])))
                if isinstance(value, str)
                else account.switches[name] == value
            )
            for name, value in self.switches.items()
        )


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    Attributes:
        account: Under which account.
        wrong: What must not be, in words.
        open: Codes of the exceptions that are open, and how many of each.
        seconds: Of processor time.
        evidence: What is left.
        left_out: What did not happen, for the account has no room for it.
    """

    account: Account
    wrong: list[str]
    open: Counter[str]
    seconds: float
    evidence: Evidence
    left_out: list[str]


@cache
def unworkable() -> list[Unworkable]:
    """Return what no account can work with."""
    return msgspec.yaml.decode(_UNWORKABLE.read_bytes(), type=list[Unworkable])


def outcome(account: Account) -> Outcome:
    """Run the loop under an account, both ways, day by day, and once more than anything comes of it."""
    began = process_time()
    reasons = [reason for reason in unworkable() if reason.holds(account)]
    differs = frozenset[Part]().union(*(reason.differs for reason in reasons))
    patience = _NO_USE if differs else retry.GIVE_UP_AFTER
    with (
        tempfile.TemporaryDirectory() as folder,
        impatient(give_up_after=patience),
        firm(account, Path(folder)) as one,
    ):
        one.live()
        wrong = [*_quiet(one, may_write=Part.REST in differs)]
        evidence = _evidence(one)
        wrong += disagreements(evidence, differs)
        if account.switches:
            wrong += losses(evidence, _usual(account))
        wrong += _errors(one.ended, {reason.code for reason in reasons})
        wrong += _secrets(one, Path(folder))
        codes = Counter(str(row.code) for row in evidence.open)
        if account.firm:
            wrong += _others(account, codes)
        return Outcome(account, wrong, codes, process_time() - began, evidence, one.left_out)


@cache
def usual(contract: str) -> Outcome:
    """Return how it ends in the account that stands by default."""
    return outcome(Account(f"usual, {contract}", "", contract, {}, {}, ""))


def _usual(account: Account) -> Evidence:
    return usual(account.contract).evidence


def _others(account: Account, codes: Counter[str]) -> Iterator[str]:
    """Describe that the account brings other exceptions than it is said to."""
    brought = sorted((codes - usual(account.contract).open).elements())
    if brought != sorted(account.open):
        yield f"it brings the exceptions {brought}, where {sorted(account.open)} are due"


def _quiet(one: Firm, *, may_write: bool) -> Iterator[str]:
    """Run until nothing comes of it; what is still written then is offered anew, and refused.

    Args:
        one: The firm.
        may_write: Whether what is refused may be no exception: it ends the run.
    """
    before = _books(one)
    for _ in range(_MOST_ROUNDS):
        one.control("/control/calls", method="DELETE")
        one.play("outbound")
        one.play("inbound")
        calls = one.sandbox.calls()
        after = _books(one)
        if after == before:
            break
        before = after
    else:
        yield f"it does not come to rest in {_MOST_ROUNDS} rounds"
        return
    if may_write:
        return
    open_rows = Counter(row.system for row in read_open(_ledger(one)))
    for system in ("netsuite", "avidxchange"):
        # What is turned away because too much comes at once is written when it comes again.
        turned_away = sum(calls[system]["refusals"].get(code, 0) for code in _TURNED_AWAY)
        writes = calls[system]["writes"] - turned_away
        if writes > open_rows[system] * retry.UNNAMED_LOOK_UPS:
            yield (
                f"a run with nothing new writes {writes} times to {system}, where"
                f" {open_rows[system]} exceptions are open: {calls[system]['writes_in_order']}"
            )


def _books(one: Firm) -> Any:  # noqa: ANN401
    one.forget()
    return one.sandbox.books()


def _ledger(one: Firm) -> Path:
    return Path(one.ledger_url.removeprefix("sqlite:///"))


def _evidence(one: Firm) -> Evidence:
    switches: Mapping[str, Any] = one.control("/control/switches", method="GET")
    reads = one.account.settings.get("tap-netsuite-ap", {})
    approvals = reads.get("approval_statuses", ["approved", "open"])
    return Evidence(
        account=one.sandbox.credentials["NETSUITE_ACCOUNT_ID"],
        books=one.sandbox.books(),
        open=read_open(_ledger(one)),
        said=one.said,
        is_hidden=bool(switches["netsuite.role_subsidiaries"]),
        approvals=frozenset(_APPROVALS[name] for name in approvals),
    )


def _errors(ended: list[Ended], due: set[str]) -> Iterator[str]:
    """Describe a run that fails at the end, when nothing new is there: nobody can work with that.

    Args:
        ended: How the runs ended.
        due: Codes that it has to end with, one at least.
    """
    told = [f"{run.half}: {run.tap} {run.target}" for run in ended[-2:] if not run.is_good]
    if due and not any(f"[{code}]" in one for code in due for one in told):
        yield f"it cannot work, and no run ends with any of {', '.join(sorted(due))}: {told}"
    for one in told:
        if not any(f"[{code}]" in one for code in due):
            yield f"every run ends with an error, {one}"


def _secrets(one: Firm, folder: Path) -> Iterator[str]:
    key = (folder / "private_key.pem").read_text("utf-8").splitlines()[1]
    secrets = {
        value
        for name, value in one.sandbox.credentials.items()
        if name.endswith(("_TOKEN", "_SECRET", "_CERTIFICATE_ID"))
    }
    kept = [one.said, one.states, json.dumps([f"{run.tap} {run.target}" for run in one.ended])]
    kept += [file.read_bytes().decode("latin-1") for file in folder.glob("ledger*")]
    for secret in (key, "Bearer ", *secrets):
        if any(secret in text for text in kept):
            yield f"a secret is in what is logged or kept: {re.sub(r'(?<=.{4}).', '*', secret)}"
